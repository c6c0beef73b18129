//! What is too large to plan is planned as less, never refused, and never slow.

use std::time::Duration;

use crate::eval::show;
use crate::planner::plans;

/// CPU time far above what any of these takes, below the time a compilation may
/// take.
const MOST: Duration = Duration::from_secs(5);

/// CPU time of this thread: what other tests do at the same time does not count.
fn spent() -> Duration {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) }, 0);
    Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
}

fn timed(text: &str) -> Vec<mews_yara::plan::RulePlan> {
    let source = mews_yara::source::Source::new(text);
    let before = spent();
    let plans = mews_yara::plan::rules(&source, &Default::default());
    let took = spent() - before;
    println!("{took:?}: {text:.80}");
    assert!(took < MOST, "{took:?}: {text:.80}");
    let (mut literals, mut nodes, mut json) = (0, 0, 0);
    for rule in &plans {
        let cost = rule.plan.cost();
        assert!(cost.depth <= 200, "{:.80}", text);
        (literals, nodes) = (literals + cost.literals, nodes + cost.nodes);
        let form = rule.plan.json().to_string();
        assert!(form.len() <= cost.json as usize, "{} {}", form.len(), cost.json);
        json += form.len();
    }
    assert!(literals <= 65_536 && nodes <= 100_000 && json <= 7 << 20, "{literals} {nodes} {json}");
    plans
}

fn rule(definition: &str) -> String {
    format!("rule r {{ strings: $a = {definition} condition: $a }}")
}

#[test]
fn alternatives_of_a_leaf() {
    let words = |n: usize| (0..n).map(|i| format!("{}word{i:05}", i % 7)).collect::<Vec<_>>().join("|");
    let planned = |n| timed(&rule(&format!("/({})/", words(n))))[0].plan.cost().literals;
    assert_eq!((planned(64), planned(65), planned(4_096), planned(4_097)), (64, 65, 4_096, 0));
    // The rest of the pattern is still asked for.
    let text = rule(&format!("/head(({}).*)tail/", words(4_097)));
    assert_eq!(show(&timed(&text)[0].plan.json()), "('head' & 'tail')");
}

#[test]
fn literals_of_a_source() {
    let strings = |n: usize| {
        let each: String = (0..n).map(|i| format!("$a{i} = \"secret{i:05}\" xor ")).collect();
        format!("rule r {{ strings: {each} condition: any of them }}")
    };
    assert_eq!(timed(&strings(256))[0].plan.cost().literals, 65_536);
    assert!(timed(&strings(257))[0].plan.is_all());
    // What does not fit beside the rules before it is weakened, and says so.
    let full = strings(256);
    let text = format!("{full} {}", full.replace("rule r", "rule s").replace("secret", "public"));
    let both = timed(&text);
    assert!(!both[0].plan.is_all() && both[1].plan.is_all());
    assert_eq!(both[1].why.as_ref().unwrap().code, "limit");
    assert_eq!(both[1].weak[0].why, "too many alternatives");
}

#[test]
fn a_conjunction_keeps_what_fits() {
    let each: String = (0..300).map(|i| format!("$a{i} = \"secret{i:05}\" xor ")).collect();
    let plan = &timed(&format!("rule r {{ strings: {each} condition: all of them }}"))[0].plan;
    assert!((1..=65_536).contains(&plan.cost().literals));
}

#[test]
fn depth() {
    let nested = |n: usize| {
        let mut body = "$a".to_string();
        for i in 0..n {
            body = format!("({body} {} #a{i} > 1)", if i % 2 == 0 { "or" } else { "and" });
        }
        let each: String = (0..n).map(|i| format!("$a{i} = \"secret{i:05}\" ")).collect();
        format!("rule r {{ strings: $a = \"aaaa\" {each} condition: {body} }}")
    };
    let cost = |n| timed(&nested(n))[0].plan.cost();
    assert_eq!((cost(190).depth, cost(190).literals), (191, 191));
    assert!((1..=200).contains(&cost(260).depth));
    let nots = format!("rule r {{ condition: {}true{} }}", "not (".repeat(180), ")".repeat(180));
    assert_eq!(show(&timed(&nots)[0].plan.json()), "*");
}

#[test]
fn nodes_after_substitution() {
    let doubling: String = (1..40)
        .map(|i| format!(" rule r{i} {{ condition: r{0} and filesize > {i} or r{0} }}", i - 1))
        .collect();
    timed(&format!("rule r0 {{ strings: $a = \"aaaa\" condition: $a }}{doubling}"));
    let with: String = (0..40).map(|i| format!("x{} = x{i} + x{i}, ", i + 1)).collect();
    let with = format!("with x0 = #a, {} : (x40 > 1)", with.trim_end_matches(", "));
    timed(&format!("rule r {{ strings: $a = \"aaaa\" condition: {with} }}"));
}

#[test]
fn hostile_patterns_are_planned_in_time() {
    let many = |n: usize, pattern: &dyn Fn(usize) -> String| {
        let each: String = (0..n).map(|i| format!("$a{i} = {} ", pattern(i))).collect();
        format!("rule r {{ strings: {each} condition: any of them }}")
    };
    timed(&many(9_000, &|i| format!("\"secret{i:05}\" xor wide ascii")));
    timed(&many(9_000, &|i| format!("\"secret{i:05}\" base64 base64wide wide ascii")));
    timed(&many(8_000, &|i| format!("/a[bc]d[ef]g[hi]j[kl]m[no]p[qr]s[tu]{i}.*/i")));
    timed(&many(4_000, &|i| format!("{{ {}{:02X} }}", "4? ?? (41 | 42 43) [0-2] ".repeat(6), i % 256)));
    timed(&many(10, &|i| format!("{{ 41 {} {i:02X} }}", "(41 | 42 43 | [1-9] 44) ".repeat(1_000))));
    timed(&rule(&format!("/{}/", vec!["abcdefgh"; 200].join("|"))));
    timed(&rule(&format!("/{}x/", "(a|bc)?[xyz]{1,3}".repeat(2_000))));
    timed(&rule("/((((((((ab.){2}){2}){2}){2}){2}){2}){2}){2}wxyz/"));
    timed(&rule("/(((((a{1,100}){1,100}){1,100}){1,100}){1,100})bcde/"));
    timed(&rule(&format!("/a{{1000}}{}b/", "[ab]{1000}".repeat(40))));
    timed(&rule(&format!("\"{}\"", "ab".repeat(500_000))));
    let loops = "for any i in (0..60) : (".repeat(9) + "uint8(i) == 1" + &")".repeat(9);
    timed(&format!("rule r {{ strings: $a = /a.{{3}}b/ condition: {loops} or $a }}"));
}

#[test]
fn a_weakened_plan_still_asks_for_the_rest() {
    let text = rule("/((((((((ab.){2}){2}){2}){2}){2}){2}){2}){2}wxyz/");
    assert!(
        show(&plans(&text)[0].plan.json()).contains("7 78 79 7a"),
        "{}",
        show(&plans(&text)[0].plan.json())
    );
}
