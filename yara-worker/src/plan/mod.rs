//! The planner: from a rule to a tree over the byte index.
//!
//! The law: every file on which the rule is true satisfies the tree. Whatever
//! the planner does not know is `All`; a budget that runs out weakens the tree
//! and never fails it.

mod base64;
mod compare;
mod condition;
pub mod constants;
mod counts;
mod hex;
mod module;
pub mod node;
mod pieces;
mod regex;
mod scope;
mod strings;
mod text;

use std::collections::{BTreeMap, HashMap};

use yara_x_parser::ast::{Pattern, PatternModifiers, Rule, RuleFlags};

use crate::message::Weak;
use crate::source::Source;
use condition::{Condition, Planned};
use node::{Node, all, and};
use scope::{Consts, Scope};
use strings::Str;

/// Sum over all rules of one source.
const MAX_LITERALS: u32 = 65_536;
const MAX_NODES: u32 = 100_000;
const MAX_JSON: u32 = 6 << 20;
/// Weak patterns listed per source.
const MAX_WEAK: usize = 10_000;
/// Literals below this length filter almost nothing.
const USEFUL: usize = 4;

/// One rule's plan and the patterns that do not help it.
pub struct RulePlan {
    pub name: String,
    pub plan: Node,
    pub weak: Vec<Weak>,
}

/// Plans every rule of a source that the engine accepted.
pub fn rules(source: &Source<'_>, externals: &BTreeMap<String, String>) -> Vec<RulePlan> {
    let consts = Consts::new(externals);
    let mut known = HashMap::new();
    let mut globals = Vec::new();
    let mut out = Vec::new();
    let mut weak_left = MAX_WEAK;
    for rule in source.ast.rules() {
        let patterns = planned(rule);
        let mut weak = weak(rule, &patterns);
        weak.truncate(weak_left);
        weak_left -= weak.len();
        let mut condition = Condition { patterns: &patterns, rules: &known, consts: &consts, depth: 0 };
        let plan = condition.yes(&rule.condition, &Scope::default());
        if rule.flags.contains(RuleFlags::Global) {
            globals.push(plan.clone());
        }
        known.insert(rule.identifier.name, plan.clone());
        out.push(RulePlan { name: rule.identifier.name.to_string(), plan, weak });
    }
    let globals = and(globals);
    let mut left = Left { literals: MAX_LITERALS, nodes: MAX_NODES, json: MAX_JSON };
    for rule in &mut out {
        rule.plan = and(vec![rule.plan.clone(), globals.clone()]);
        if left.spend(&rule.plan).is_none() {
            rule.plan = all();
            rule.weak.push(Weak { pattern: "*".into(), why: "too many alternatives".into() });
        }
    }
    out
}

/// What READY has room for.
struct Left {
    literals: u32,
    nodes: u32,
    json: u32,
}

impl Left {
    fn spend(&mut self, plan: &Node) -> Option<()> {
        let cost = plan.cost();
        let literals = self.literals.checked_sub(cost.literals)?;
        let nodes = self.nodes.checked_sub(cost.nodes)?;
        let json = self.json.checked_sub(cost.json)?;
        *self = Left { literals, nodes, json };
        Some(())
    }
}

fn planned<'a>(rule: &'a Rule<'a>) -> Vec<Planned<'a>> {
    let patterns = rule.patterns.iter().flatten();
    let planned = patterns.map(|p| (p.identifier(), pattern(p)));
    planned.map(|(ident, (plan, starts))| Planned { ident, plan, starts }).collect()
}

/// The plan of one pattern: where it is not satisfied the pattern has no hit.
/// And the strings with which every hit begins.
fn pattern(pattern: &Pattern<'_>) -> (Node, Vec<Str>) {
    match pattern {
        Pattern::Text(p) => text::plan(p),
        Pattern::Hex(p) => hex::plan(p),
        Pattern::Regexp(p) => regex::plan(p),
    }
}

fn weak<'a>(rule: &'a Rule<'a>, planned: &[Planned<'a>]) -> Vec<Weak> {
    let patterns = rule.patterns.iter().flatten();
    let pairs = patterns.zip(planned).filter(|(_, p)| p.plan.strength() < USEFUL);
    pairs.map(|(p, planned)| Weak { pattern: planned.ident.name.to_string(), why: why(p).into() }).collect()
}

fn why(pattern: &Pattern<'_>) -> &'static str {
    let encoded = |m: &PatternModifiers<'_>| m.base64().is_some() || m.base64wide().is_some();
    match pattern {
        Pattern::Text(p) if encoded(&p.modifiers) => "base64 remainder shorter than 4 bytes",
        Pattern::Text(_) => "shorter than 4 bytes",
        Pattern::Regexp(p) if p.regexp.src.contains("(?u") => "unicode regex",
        _ => "no fixed run of 4 bytes",
    }
}
