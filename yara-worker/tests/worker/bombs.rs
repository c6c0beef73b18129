//! Hostile rules and files: each ends within its limit, or the process is one
//! that its parent may kill, and none is reported as `no_match`.

use std::time::Instant;

use mews_yara::frame::Kind;
use serde_json::json;

use crate::client::Worker;

fn pattern(definition: &str) -> String {
    format!("rule r {{ strings: $a = {definition} condition: $a }}")
}

/// A worker with a file limit of one second.
fn armed(source: &str) -> Worker {
    let mut worker = Worker::start();
    let (kind, reply) = worker.rules(json!({"source": source, "limits": {"file_seconds": 1}}));
    assert_eq!(kind, Kind::Ready, "{reply}");
    worker
}

#[test]
fn slow_scans_time_out() {
    let a = vec![b'a'; 8 << 20];
    for source in [
        pattern("/(aa?){1,200}b/"),
        pattern("/a.*a.*a.*a.*b/s"),
        pattern("{ 61 [0-1000] 61 [0-1000] 61 [0-1000] 62 }"),
        "rule r { condition: for any i in (0..100000000) : (for any j in (0..100000000) : (i + j == -1)) }".into(),
        "import \"hash\" rule r { condition: for any i in (0..100000000) : (hash.sha256(0, filesize - i) == \"x\") }".into(),
    ] {
        let mut worker = armed(&source);
        let started = Instant::now();
        let reply = worker.scan(&a);
        assert_eq!((&reply["outcome"], &reply["reason"]), (&json!("error"), &json!("timeout")), "{source}");
        assert!(started.elapsed().as_secs() < 6, "{source} took {:?}", started.elapsed());
        // The worker is still good for the next file.
        let next = if source.contains("for any") { "error" } else { "no_match" };
        assert_eq!(worker.scan(b"zzz")["outcome"], next, "{source}");
    }
}

#[test]
fn an_overrun_never_ends_as_no_match() {
    // The engine's own timeout may be overrun many times over; the parent kills.
    let mut worker = armed(&pattern("/((a{1,900}){1,900}){1,900}b/"));
    let started = Instant::now();
    worker.send_file(1, &vec![b'a'; 1 << 20]);
    if !worker.overruns(started, 4) {
        let reply = worker.receive();
        assert!(reply.is_none_or(|(_, r)| r["outcome"] == "error"));
    }
}

#[test]
fn the_match_cap_is_uncertain() {
    let a = vec![b'a'; 3_000_000];
    for condition in ["#a > 2000000", "#a == 999999", "#a == 3000000", "@a[2000000] == 7"] {
        let source = format!("rule r {{ strings: $a = \"a\" condition: {condition} }}");
        let reply = Worker::ready(&source).scan(&a);
        assert_eq!(
            (&reply["outcome"], &reply["reason"]),
            (&json!("uncertain"), &json!("match cap")),
            "{reply}"
        );
        assert_eq!(reply["capped"], json!(["r:$a"]));
    }
    // The engine says true; the verdict is still in doubt.
    let reply = Worker::ready("rule r { strings: $a = \"a\" condition: #a == 1000000 }").scan(&a);
    assert_eq!((&reply["outcome"], &reply["rules"][0]["capped"]), (&json!("uncertain"), &json!(true)));
}

#[test]
fn caps_of_private_patterns_and_other_rules_count() {
    let a = vec![b'a'; 1000];
    let scan = |source: &str| {
        let mut worker = Worker::start();
        worker.rules(json!({"source": source, "limits": {"match_cap": 100}}));
        worker.scan(&a)
    };
    let reply = scan("rule r { strings: $p = \"a\" private condition: #p == 500 }");
    assert_eq!((&reply["outcome"], &reply["capped"]), (&json!("uncertain"), &json!(["r:$p"])));
    let reply = scan("private rule p { strings: $a = \"a\" condition: #a == 100 } rule r { condition: p }");
    assert_eq!((&reply["outcome"], &reply["rules"][0]["capped"]), (&json!("uncertain"), &json!(true)));
    // A rule that does not rest on the capped one is a match all the same.
    let reply =
        scan("rule p { strings: $a = \"a\" condition: #a == 1000 } rule r { condition: filesize == 1000 }");
    assert_eq!((&reply["outcome"], &reply["capped"]), (&json!("match"), &json!(["p:$a"])));
    assert_eq!(reply["rules"][0]["capped"], json!(false));
}

#[test]
fn matching_everything_stays_in_memory_and_is_never_no_match() {
    let mut worker = armed("rule r { strings: $a = { ?? ?? ?? ?? } condition: @a[5000000] == 1 }");
    let reply = worker.try_scan(&vec![b'a'; 8 << 20]);
    if let Some(reply) = reply {
        assert!(["uncertain", "error"].contains(&reply["outcome"].as_str().unwrap()), "{reply}");
    }
}

#[test]
fn nesting_is_a_refusal_or_a_death() {
    let deep = |n: usize| format!("rule r {{ condition: {}true{} }}", "(".repeat(n), ")".repeat(n));
    let nots = |n: usize| format!("rule r {{ condition: {}true }}", "not ".repeat(n));
    for source in [deep(20_000), nots(200_000), deep(500_000)] {
        let mut worker = Worker::start();
        let started = Instant::now();
        worker.send_json(Kind::Rules, &json!({"source": source}));
        // Ready and rejected workers wait for the next frame, so close the pipe;
        // one that still compiles after the parent's limit is killed by it.
        worker.finish();
        if worker.overruns(started, 11) {
            continue;
        }
        match worker.receive() {
            Some((kind, _)) => assert!([Kind::Ready, Kind::Reject].contains(&kind)),
            None => assert!(!worker.close().0.success()),
        }
    }
    let ready = Worker::start().rules(json!({"source": deep(200)}));
    assert_eq!(ready.0, Kind::Ready);
}

#[test]
fn many_strings_compile_in_time() {
    let started = Instant::now();
    let xor: String = (0..100).map(|i| format!("$a{i} = \"secret{i:05}\" xor wide ascii ")).collect();
    let (kind, ready) = Worker::start()
        .rules(json!({"source": format!("rule r {{ strings: {xor} condition: any of them }}")}));
    assert_eq!(kind, Kind::Ready);
    assert_eq!(ready["rules"][0]["plan"]["or"].as_array().unwrap().len(), 100 * 2 * 256);
    let rules: String = (0..1000)
        .map(|i| {
            format!("rule r{i} {{ strings: $a = \"word{i:06}\" $b = /x{i}.*y/ condition: all of them }} ")
        })
        .collect();
    let (kind, ready) = Worker::start().rules(json!({"source": rules}));
    assert_eq!((kind, &ready["patterns"]), (Kind::Ready, &json!(2000)));
    let literal = format!("rule r {{ strings: $a = \"{}\" condition: $a }}", "ab".repeat(500_000));
    assert_eq!(Worker::start().rules(json!({"source": literal})).0, Kind::Ready);
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
    let (kind, reply) = Worker::start().rules(json!({"source": " ".repeat((1 << 20) + 1)}));
    assert_eq!((kind, &reply["reason"]), (Kind::Reject, &json!("limit")));
}
