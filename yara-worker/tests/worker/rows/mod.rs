//! One named test per row of the construct table: the plan in its readable form,
//! and files that the rule matches or nearly matches, on which the engine must
//! never say yes where the plan says no.

mod conditions;
mod metadata;
mod patterns;
mod regexes;
mod shapes;

use std::collections::BTreeMap;

use mews_yara::engine::{self, Scan};
use mews_yara::message::Limits;
use mews_yara::plan;
use mews_yara::source::Source;

use crate::eval::{eval, show};
use crate::random::{Rng, near, seed};

/// Files made up for each row.
const FILES: usize = 300;

/// Rows of a table: `name: form text => plan, [matching file, ..];` and perhaps
/// `not [refuted file, ..]` before the semicolon. The form is a function of this
/// module that makes a rule of the text. A plan that ends in
/// `.. n` is given by its beginning and its number of alternatives.
macro_rules! rows {
    ($($name:ident: $form:ident $text:expr => $plan:expr, [$($hit:expr),* $(,)?]
        $(not [$($miss:expr),*])?;)*) => {
        $(#[test]
        fn $name() {
            $crate::rows::check(&$crate::rows::$form($text), $plan, &[$(&$hit[..]),*], &[$($(&$miss[..]),*)?]);
        })*
    };
}
pub(crate) use rows;

/// A rule with one pattern.
pub fn pattern(definition: &str) -> String {
    format!("rule r {{ strings: $a = {definition} condition: $a }}")
}

/// A rule with a few patterns that need not be used, and other rules.
pub fn condition(expression: &str) -> String {
    format!(
        "import \"hash\" import \"math\" import \"string\"\n\
         private rule other {{ strings: $o = \"other\" condition: $o }}\n\
         rule r {{ strings: $_a = \"aaaa\" $_b = \"bbbb\" $_c = \"cccc\" $_s = \"s\" $_mz = {{ 4D 5A }} \
         condition: {expression} }}"
    )
}

/// A whole source, whose last rule counts.
pub fn source(text: &str) -> String {
    text.into()
}

/// The text with a zero byte behind each byte.
pub fn widened(text: &str) -> Vec<u8> {
    text.bytes().flat_map(|b| [b, 0]).collect()
}

pub fn check(text: &str, want: &str, hits: &[&[u8]], misses: &[&[u8]]) {
    let source = Source::new(text);
    let compiled = engine::compile(&source, &BTreeMap::new()).unwrap_or_else(|r| panic!("{text}: {r:?}"));
    let last = plan::rules(&source, &BTreeMap::new()).pop().unwrap();
    let plan = last.plan.json();
    same_plan(&show(&plan), want);
    let mut scan = Scan::new(&compiled, Limits::default());
    let mut holds = |data: &[u8]| {
        let found = scan.file(0, data).rules.iter().any(|m| m.name == last.name);
        let possible = eval(&plan, data);
        assert!(possible || !found, "{text}\nplan {}\ndata {}", show(&plan), data.escape_ascii());
        (found, possible)
    };
    for hit in hits {
        assert!(holds(hit).0, "{text}: the engine does not match {}", hit.escape_ascii());
    }
    for miss in misses {
        assert!(!holds(miss).1, "{text}: the plan {want} allows {}", miss.escape_ascii());
    }
    let (seed, material) = (seed(), [hits, misses].concat());
    let mut rng = Rng(seed);
    let seen: Vec<_> = (0..FILES).map(|_| holds(&near(&mut rng, &material))).collect();
    let refuted = seen.iter().filter(|(_, possible)| !possible).count();
    assert!(
        want == "*" || refuted > 0 || !misses.is_empty(),
        "{text}: seed={seed}: the plan refutes nothing"
    );
}

fn same_plan(got: &str, want: &str) {
    let Some((begin, alternatives)) = want.split_once(".. ") else {
        assert_eq!(got, want);
        return;
    };
    assert!(got.starts_with(begin), "{got}\nwant {want}");
    assert_eq!(got.matches(" | ").count() + 1, alternatives.parse::<usize>().unwrap(), "{got}");
}
