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
mod quality;
mod regex;
mod scope;
mod strings;
mod text;

use std::collections::{BTreeMap, HashMap};

use yara_x_parser::ast::{Pattern, Rule, RuleFlags};

use crate::message::{Problem, Weak};
use crate::source::Source;
use condition::{Condition, Planned};
use node::{Node, all, and};
use quality::searchable;
use scope::{Consts, Scope};
use strings::Str;

/// Sum over all rules of one source.
const MAX_LITERALS: u32 = 65_536;
const MAX_NODES: u32 = 100_000;
/// Literals that the patterns of one source are planned into, used or not; what
/// comes after them is not planned, so that no source takes long.
const MAX_PATTERNS: u32 = 2 * MAX_LITERALS;
const MAX_JSON: u32 = 6 << 20;
/// Weak patterns listed per source.
const MAX_WEAK: usize = 10_000;
/// One rule's plan, the patterns that do not help it, and why it has nothing to
/// look up if it has not.
pub struct RulePlan {
    pub name: String,
    pub plan: Node,
    pub weak: Vec<Weak>,
    pub why: Option<Problem>,
}

/// Plans every rule of a source that the engine accepted.
pub fn rules(source: &Source<'_>, externals: &BTreeMap<String, String>) -> Vec<RulePlan> {
    let (consts, explaining) = (Consts::new(externals), Consts::new(externals));
    let mut known = HashMap::new();
    let mut globals = Vec::new();
    let mut out = Vec::new();
    let mut weak_left = MAX_WEAK;
    let mut patterns_left = MAX_PATTERNS;
    for rule in source.ast.rules() {
        let patterns = planned(rule, &mut patterns_left);
        let mut weak = quality::weak(rule, &patterns);
        weak.truncate(weak_left);
        weak_left -= weak.len();
        let mut condition = Condition { patterns: &patterns, rules: &known, consts: &consts, depth: 0 };
        let plan = condition.yes(&rule.condition, &Scope::default());
        let why = (!searchable(&plan)).then(|| {
            // Its own steps: an explanation never changes a plan.
            condition.consts = &explaining;
            quality::blame(&mut condition, &rule.condition, &Scope::default()).problem(source)
        });
        if rule.flags.contains(RuleFlags::Global) {
            globals.push(plan.clone());
        }
        known.insert(rule.identifier.name, plan.clone());
        out.push(RulePlan { name: rule.identifier.name.to_string(), plan, weak, why });
    }
    let globals = and(globals);
    let mut left = Left { literals: MAX_LITERALS, nodes: MAX_NODES, json: MAX_JSON };
    for rule in &mut out {
        rule.plan = and(vec![rule.plan.clone(), globals.clone()]);
        if left.spend(&rule.plan).is_none() {
            rule.plan = all();
            rule.weak.push(Weak { pattern: "*".into(), why: "too many alternatives".into() });
            let message = "the source has too many alternatives to plan this rule".into();
            rule.why = Some(Problem { code: "limit".into(), line: 0, column: 0, message });
        } else if searchable(&rule.plan) {
            rule.why = None;
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

/// Plans the patterns of a rule while some of the source's literals are left.
fn planned<'a>(rule: &'a Rule<'a>, left: &mut u32) -> Vec<Planned<'a>> {
    let patterns = rule.patterns.iter().flatten();
    let one = |p: &'a Pattern<'a>| {
        let left_out = *left == 0;
        let (plan, starts) = if left_out { (all(), vec![]) } else { pattern(p) };
        *left = left.saturating_sub(plan.cost().literals);
        Planned { ident: p.identifier(), plan, starts, left_out }
    };
    patterns.map(one).collect()
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
