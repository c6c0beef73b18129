//! A rule source and its syntax tree, and the few questions asked of both.

use std::collections::{BTreeMap, BTreeSet};

use yara_x_parser::Parser;
use yara_x_parser::ast::{AST, Item, RuleFlags, WithSpan};

use crate::message::EXTERNALS;

/// The text and its tree. The tree may be broken; then the engine refuses the
/// text too.
pub struct Source<'s> {
    pub text: &'s str,
    pub ast: AST<'s>,
}

impl<'s> Source<'s> {
    pub fn new(text: &'s str) -> Self {
        Source { text, ast: AST::from(Parser::new(text.as_bytes())) }
    }

    /// Offsets of include statements.
    pub fn includes(&self) -> impl Iterator<Item = usize> + '_ {
        self.ast.items().filter_map(|item| match item {
            Item::Include(i) => Some(i.span().start()),
            _ => None,
        })
    }

    /// Offset and module of each import.
    pub fn imports(&self) -> impl Iterator<Item = (usize, &'s str)> + '_ {
        self.ast.items().filter_map(|item| match item {
            Item::Import(i) => Some((i.span().start(), i.module_name)),
            _ => None,
        })
    }

    /// Offset and name of the first use of each external variable in each rule.
    pub fn external_uses(&self) -> Vec<(usize, &'static str)> {
        let mut found = Vec::new();
        for rule in self.ast.rules() {
            let span = rule.condition.span();
            let Some(text) = self.text.get(span.start()..span.end()) else { continue };
            for name in EXTERNALS {
                // After a point it is a member of a module: hash.md5, not md5. The
                // span of a condition may begin behind the point.
                let before = |at: usize| self.text[..span.start() + at].trim_end();
                let own = |at: usize| !before(at).ends_with('.');
                if let Some((offset, _)) = words(text).find(|(at, w)| *w == name && own(*at)) {
                    found.push((span.start() + offset, name));
                }
            }
        }
        found
    }
}

/// For each rule: itself, the rules its condition names, theirs, and the global
/// rules. Words are compared, so the answer may hold too many rules, never too
/// few.
pub fn dependencies(source: &Source<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut globals = BTreeSet::new();
    for rule in source.ast.rules() {
        let name = rule.identifier.name.to_string();
        let span = rule.condition.span();
        let text = source.text.get(span.start()..span.end()).unwrap_or(source.text);
        let mut needs: BTreeSet<String> =
            words(text).filter_map(|(_, w)| known.get(w)).flatten().cloned().collect();
        needs.insert(name.clone());
        if rule.flags.contains(RuleFlags::Global) {
            globals.extend(needs.iter().cloned());
        }
        known.insert(name, needs);
    }
    for needs in known.values_mut() {
        needs.extend(globals.iter().cloned());
    }
    known
}

/// The words of a text with their offsets: runs of letters, digits and `_`.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|w| !w.is_empty())
        .map(|w| (w.as_ptr() as usize - text.as_ptr() as usize, w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_transitive_and_hold_globals() {
        let text = "rule a { condition: true } rule b { condition: a } global rule g { condition: true } \
                    rule c { condition: any of (b, 1) }";
        let found = dependencies(&Source::new(text));
        let of = |n: &str| found[n].iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        assert_eq!(of("c"), "a b c g");
        assert_eq!(of("a"), "a g");
    }

    #[test]
    fn a_member_of_a_module_is_no_external() {
        let text = "rule a { condition: hash.md5(0, 1) == \"x\" and hash . md5(0, 2) == \"y\" }";
        assert_eq!(Source::new(text).external_uses(), vec![]);
        let text = "rule a { condition: hash.md5(0, 1) == md5 }";
        assert_eq!(Source::new(text).external_uses(), vec![(38, "md5")]);
    }

    #[test]
    fn externals_are_found_once_per_rule() {
        let text = "rule a { condition: filename == \"x\" or filename == \"y\" }";
        assert_eq!(Source::new(text).external_uses(), vec![(20, "filename")]);
    }
}
