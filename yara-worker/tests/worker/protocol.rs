//! The conversation with the real program.

use mews_yara::frame::Kind;
use mews_yara::message::File;
use serde_json::json;

use crate::client::Worker;

#[test]
fn hello_comes_first_and_all_walls_are_listed() {
    let mut worker = Worker::start();
    let hello = worker.hello.clone();
    assert_eq!((&hello["protocol"], &hello["engine"]), (&json!(2), &json!("yara-x 1.22.1")));
    let names: Vec<_> = hello["walls"].as_array().unwrap().iter().map(|w| w["name"].clone()).collect();
    assert_eq!(json!(names), json!(["rlimits", "landlock", "no_new_privs", "seccomp"]));
    let (status, said) = worker.close();
    assert!(status.success() && said.is_empty(), "{status} {said}");
}

#[test]
fn one_conversation() {
    let mut worker = Worker::start();
    let source = "private rule p { strings: $p = \"pppp\" private condition: $p } \
                  rule a : t u { strings: $a = \"aaaa\" condition: $a } global rule g { condition: true } \
                  rule c { condition: filename == \"x\" or #d == 2 }";
    let source = source.replace("rule c { ", "rule c { strings: $d = \"dd\" ");
    let (kind, ready) = worker.rules(json!({"source": source, "externals": {"owner": "me"}}));
    assert_eq!(kind, Kind::Ready, "{ready}");
    assert_eq!(ready["patterns"], 3);
    let resident = ready["rss_bytes"].as_u64().unwrap();
    assert!((1 << 20..1 << 30).contains(&resident), "{resident}");
    let rules = ready["rules"].as_array().unwrap();
    let names: Vec<_> = rules.iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["p", "a", "g", "c"]);
    assert_eq!((&rules[0]["private"], &rules[2]["global"]), (&json!(true), &json!(true)));
    assert_eq!((&rules[1]["tags"], &rules[1]["patterns"]), (&json!(["t", "u"]), &json!(1)));
    assert_eq!(rules[1]["plan"], json!({"lit": "61616161", "fold": false}));
    let warnings = ready["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|w| w["code"] == "external_variable" && w["line"] == 1), "{warnings:?}");
    let reply = worker.scan(b"xaaaapppp dd dd");
    assert_eq!(reply["outcome"], "match");
    let names: Vec<_> = reply["rules"].as_array().unwrap().iter().map(|r| r["name"].clone()).collect();
    assert_eq!(json!(names), json!(["a", "g", "c"]));
    assert_eq!(reply["rules"][0]["patterns"][0]["matches"], json!([[1, 4]]));
    // A pattern that is counted shows every hit.
    assert_eq!(reply["rules"][2]["patterns"][0]["matches"], json!([[10, 2], [13, 2]]));
    assert!(!reply.to_string().contains("$p"));
    assert_eq!(worker.scan(b"")["outcome"], "match");
    worker.send(Kind::Bye, b"");
    assert!(worker.close().0.success());
}

#[test]
fn files_are_independent_and_may_be_sent_ahead() {
    let mut worker = Worker::ready("rule a { strings: $a = \"needle\" condition: $a }");
    let big = vec![0u8; 3 << 20];
    for (id, data) in [(1u64, &b"needle"[..]), (2, b""), (3, &big), (4, b"xneedlex")] {
        worker.send_file(id, data);
    }
    let outcomes: Vec<_> = (0..4)
        .map(|_| worker.receive().unwrap().1)
        .map(|r| (r["id"].clone(), r["outcome"].clone()))
        .collect();
    assert_eq!(json!(outcomes), json!([[1, "match"], [2, "no_match"], [3, "no_match"], [4, "match"]]));
}

#[test]
fn the_triple_is_the_same_without_a_plan() {
    let source = "rule a { strings: $a = \"needle\" condition: $a }";
    let with = Worker::start().rules(json!({"source": source})).1;
    let without = Worker::start().rules(json!({"source": source, "plan": false})).1;
    for key in ["hash", "engine", "plan"] {
        assert_eq!(with[key], without[key]);
    }
    assert_eq!(with["hash"].as_str().unwrap().len(), 64);
    assert!(without["rules"][0].get("plan").is_none());
}

#[test]
fn rejections_name_the_place() {
    let rows = [
        ("rule a { condition: }", "compile", "E001", 1, 21),
        ("\n  rule a { strings: $a = /a{/ condition: $a }", "compile", "E014", 2, 28),
        ("import \"cuckoo\" rule a { condition: true }", "module", "unknown_module", 1, 1),
        ("rule b { condition: true } import \"vt\"", "module", "unknown_module", 1, 28),
        ("rule a { condition: true }\ninclude \"/etc/hostname\"", "include", "include", 2, 1),
        ("rule a { condition: entrypoint == 1 }", "compile", "E017", 1, 21),
    ];
    for (source, reason, code, line, column) in rows {
        let mut worker = Worker::start();
        let (kind, reply) = worker.rules(json!({"source": source}));
        let first = &reply["errors"][0];
        assert_eq!(kind, Kind::Reject);
        assert_eq!((&reply["reason"], &first["code"]), (&json!(reason), &json!(code)), "{reply}");
        assert_eq!((&first["line"], &first["column"]), (&json!(line), &json!(column)), "{reply}");
        assert!(!first["message"].as_str().unwrap().contains("/etc"), "{reply}");
        assert!(worker.close().0.success());
    }
}

#[test]
fn all_errors_come_at_once() {
    let bad = "rule x { condition: nope } ".repeat(300);
    let (kind, reply) = Worker::start().rules(json!({"source": bad}));
    assert_eq!(kind, Kind::Reject);
    assert_eq!(reply["errors"].as_array().unwrap().len(), 100);
}

#[test]
fn a_broken_protocol_ends_with_exit_2() {
    type Break = fn(&mut Worker);
    let rows: [(&str, Break); 10] = [
        ("FILE before RULES", |w| w.send(Kind::File, &File { id: 1, size: 0 }.encode())),
        ("unknown frame", |w| w.send_raw(&[0, 0, 0, 0, 77])),
        ("cut frame", |w| w.send_raw(&[9, 0, 0, 0, 2, b'{'])),
        ("no JSON", |w| w.send(Kind::Rules, b"rule a")),
        ("unknown field", |w| w.send(Kind::Rules, b"{\"source\":\"\",\"extra\":1}")),
        ("unknown external", |w| w.send(Kind::Rules, b"{\"source\":\"\",\"externals\":{\"x\":\"\"}}")),
        ("limit", |w| w.send(Kind::Rules, b"{\"source\":\"\",\"limits\":{\"file_seconds\":0}}")),
        ("short FILE", |w| {
            w.send(Kind::Rules, b"{\"source\":\"\"}");
            w.send(Kind::File, b"{\"id\":1}");
        }),
        ("too much DATA", |w| {
            w.send(Kind::Rules, b"{\"source\":\"\"}");
            w.send(Kind::File, &File { id: 1, size: 1 }.encode());
            w.send(Kind::Data, b"ab");
        }),
        ("file too large", |w| {
            w.send(Kind::Rules, b"{\"source\":\"\",\"limits\":{\"file_bytes\":10}}");
            w.send(Kind::File, &File { id: 1, size: 11 }.encode());
        }),
    ];
    for (what, act) in rows {
        let mut worker = Worker::start();
        act(&mut worker);
        let (status, said) = worker.close();
        assert_eq!(status.code(), Some(2), "{what}: {said}");
        assert!(said.starts_with("mews-yara: protocol broken") && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn replies_stay_within_their_bounds() {
    let strings: String = (0..300).map(|i| format!("$a{i} = {{ 00 {:02x} }} ", i % 256)).collect();
    let rule = |i| format!("rule r{i} {{ strings: {strings} condition: for any of them : (# > 0) }} ");
    let source: String = (0..60).map(rule).collect();
    let mut worker = Worker::ready(&source);
    let data: Vec<u8> = (0..200_000u32).flat_map(|i| [0, i as u8]).collect();
    let reply = worker.scan(&data);
    assert_eq!((&reply["outcome"], &reply["truncated"]), (&json!("match"), &json!(true)));
    let rules = reply["rules"].as_array().unwrap();
    let offsets: usize = rules
        .iter()
        .flat_map(|r| r["patterns"].as_array().unwrap())
        .map(|p| p["matches"].as_array().unwrap().len())
        .inspect(|n| assert!(*n <= 100))
        .sum();
    assert!(offsets <= 1000 && !rules.is_empty() && reply.to_string().len() <= 1 << 20);
}

#[test]
fn a_panic_says_nothing_of_the_input() {
    // This expression makes the engine panic.
    let mut worker = Worker::start();
    worker
        .send_json(Kind::Rules, &json!({"source": "rule secret { strings: $a = /(?u)abc./ condition: $a }"}));
    assert!(worker.receive().is_none());
    let (status, said) = worker.close();
    assert_eq!((status.code(), said.as_str()), (Some(70), "mews-yara: internal failure\n"));
}
