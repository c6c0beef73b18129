//! Conditions: which files can make an expression true.
//!
//! Three questions, each answered with a superset:
//! `yes(e)`: e is true. `no(e)`: e is not known to be true, that is false or
//! undefined. `need(e)`: e is defined. An undefined operand makes no comparison
//! true, so a comparison needs all that its operands need. `not e` is true only
//! where e is false, so it is planned by `no(e)`; a plain complement would lose
//! the files on which e is undefined.

use std::collections::HashMap;

use yara_x_parser::ast::{
    Expr, ForIn, ForOf, Ident, Iterable, MatchAnchor, Of, OfItems, PatternSet, Quantifier, With,
};

use super::compare::{self, Op, Side};
use super::counts;
use super::module;
use super::node::{Node, all, and, min_of, none, or};
use super::pieces;
use super::scope::{Binding, Const, Consts, Scope};
use super::strings::Str;

/// Items of a loop that are planned one by one.
const MAX_ITEMS: usize = 64;
/// Nesting that is followed; deeper is unknown.
const MAX_DEPTH: usize = 400;

/// A pattern of the rule: its identifier with `$`, its plan, and the strings with
/// which each of its hits begins.
pub struct Planned<'a> {
    pub ident: &'a Ident<'a>,
    pub plan: Node,
    pub starts: Vec<Str>,
    /// The patterns before it have used up what a source may be planned into.
    pub left_out: bool,
}

/// Plans the condition of one rule.
pub struct Condition<'a, 'c> {
    pub patterns: &'c [Planned<'a>],
    /// Plans of the rules before this one.
    pub rules: &'c HashMap<&'a str, Node>,
    pub consts: &'c Consts<'c>,
    pub depth: usize,
}

impl<'a> Condition<'a, '_> {
    /// Files on which the expression can be true.
    pub fn yes(&mut self, e: &'a Expr<'a>, scope: &Scope<'a>) -> Node {
        self.deeper(|c| c.yes_inner(e, scope))
    }

    fn deeper(&mut self, f: impl FnOnce(&mut Self) -> Node) -> Node {
        if self.depth >= MAX_DEPTH || !self.consts.step() {
            return all();
        }
        self.depth += 1;
        let node = f(self);
        self.depth -= 1;
        node
    }

    fn yes_inner(&mut self, e: &'a Expr<'a>, scope: &Scope<'a>) -> Node {
        if let Some(value) = self.consts.fold(e, scope) {
            return if value.truthy() { all() } else { none() };
        }
        match e {
            Expr::And(n) => and(n.operands().map(|o| self.yes(o, scope)).collect()),
            Expr::Or(n) => or(n.operands().map(|o| self.yes(o, scope)).collect()),
            Expr::Not(u) => self.no(&u.operand, scope),
            Expr::PatternMatch(p) => match self.index(p.identifier.name, scope) {
                Some(i) => self.anchored(i, p.anchor.as_ref(), scope),
                None => all(),
            },
            // A count is true when it is not zero.
            Expr::PatternCount(p) => self.pattern(p.identifier.name, scope),
            Expr::Of(of) => self.of(of, scope),
            Expr::ForOf(f) => self.for_of(f, scope),
            Expr::ForIn(f) => self.for_in(f, scope),
            Expr::With(w) => {
                let inner = self.with_scope(w, scope);
                self.yes(&w.body, &inner)
            }
            Expr::Ident(name) => self.name(name, scope),
            Expr::Defined(u) => self.need(&u.operand, scope),
            _ => match compare::of(e) {
                Some((op, lhs, rhs)) => self.comparison(op, self.sides(lhs, rhs, scope)),
                None => and(vec![self.need(e, scope), module::truth(self, e, scope)]),
            },
        }
    }

    fn name(&mut self, name: &Ident<'a>, scope: &Scope<'a>) -> Node {
        match scope.get(name.name) {
            Some(Binding::Expr(bound, outer)) => self.yes(bound, &outer),
            Some(_) => all(),
            None => self.rules.get(name.name).cloned().unwrap_or_else(all),
        }
    }

    /// The expression that a name bound by `with` or a loop stands for, in the
    /// scope where it was bound; any other expression itself.
    fn resolve(&self, e: &'a Expr<'a>, scope: &Scope<'a>) -> Side<'a> {
        let mut found = (e, scope.clone());
        while let Expr::Ident(name) = found.0
            && let Some(Binding::Expr(bound, outer)) = found.1.get(name.name)
            && self.consts.step()
        {
            found = (bound, outer);
        }
        found
    }

    fn sides(&self, lhs: &'a Expr<'a>, rhs: &'a Expr<'a>, scope: &Scope<'a>) -> [Side<'a>; 2] {
        [self.resolve(lhs, scope), self.resolve(rhs, scope)]
    }

    fn comparison(&mut self, op: Op, sides: [Side<'a>; 2]) -> Node {
        let defined = sides.iter().map(|(e, scope)| self.need(e, scope)).collect();
        let counts = counts::needed(self, op, &sides);
        let exact = compare::yes(self, op, sides);
        and(vec![and(defined), counts, exact])
    }

    /// Files on which the expression can be false or undefined.
    pub fn no(&mut self, e: &'a Expr<'a>, scope: &Scope<'a>) -> Node {
        self.deeper(|c| c.no_inner(e, scope))
    }

    fn no_inner(&mut self, e: &'a Expr<'a>, scope: &Scope<'a>) -> Node {
        if let Some(value) = self.consts.fold(e, scope) {
            return if value.truthy() { none() } else { all() };
        }
        match e {
            Expr::And(n) => or(n.operands().map(|o| self.no(o, scope)).collect()),
            Expr::Or(n) => and(n.operands().map(|o| self.no(o, scope)).collect()),
            Expr::Not(u) if self.total(&u.operand, scope) => self.yes(&u.operand, scope),
            Expr::With(w) => {
                let inner = self.with_scope(w, scope);
                self.no(&w.body, &inner)
            }
            Expr::Ident(name) => match scope.get(name.name) {
                Some(Binding::Expr(bound, outer)) => self.no(bound, &outer),
                _ => all(),
            },
            _ => match compare::of(e) {
                Some((op, lhs, rhs)) => compare::no(self, op, self.sides(lhs, rhs, scope)),
                None => all(),
            },
        }
    }

    /// Whether the expression is defined for every file.
    fn total(&self, e: &'a Expr<'a>, scope: &Scope<'a>) -> bool {
        self.consts.step()
            && match e {
                // Both catch undefined operands.
                Expr::And(_) | Expr::Or(_) => true,
                Expr::Not(u) => self.total(&u.operand, scope),
                Expr::PatternMatch(p) => p.anchor.is_none(),
                _ => {
                    self.consts.fold(e, scope).is_some()
                        || compare::of(e).is_some_and(|(_, l, r)| {
                            let known = |e| {
                                matches!(e, &Expr::Filesize { .. }) || self.consts.fold(e, scope).is_some()
                            };
                            known(l) && known(r)
                        })
                }
            }
    }

    /// Files on which the expression can be defined.
    pub fn need(&mut self, e: &'a Expr<'a>, scope: &Scope<'a>) -> Node {
        self.deeper(|c| c.need_inner(e, scope))
    }

    fn need_inner(&mut self, e: &'a Expr<'a>, scope: &Scope<'a>) -> Node {
        match e {
            Expr::PatternOffset(p) | Expr::PatternLength(p) => {
                let index = p.index.as_ref().map_or_else(all, |i| self.need(i, scope));
                and(vec![self.pattern(p.identifier.name, scope), index])
            }
            Expr::Minus(u) | Expr::BitwiseNot(u) => self.need(&u.operand, scope),
            Expr::Add(n) | Expr::Sub(n) | Expr::Mul(n) | Expr::Div(n) | Expr::Mod(n) => {
                and(n.operands().map(|o| self.need(o, scope)).collect())
            }
            Expr::Shl(b) | Expr::Shr(b) | Expr::BitwiseAnd(b) | Expr::BitwiseOr(b) | Expr::BitwiseXor(b) => {
                and(vec![self.need(&b.lhs, scope), self.need(&b.rhs, scope)])
            }
            Expr::Ident(name) => match scope.get(name.name) {
                Some(Binding::Expr(bound, outer)) => self.need(bound, &outer),
                _ => all(),
            },
            Expr::FuncCall(f) if f.object.is_none() && compare::reader(f.identifier.name).is_some() => {
                and(f.args.iter().map(|a| self.need(a, scope)).collect())
            }
            Expr::FieldAccess(_) | Expr::Lookup(_) => module::need(self, e, scope),
            _ => all(),
        }
    }

    /// The plan of a pattern named `$a`, `#a`, `@a` or `!a`, or of the member
    /// that `$` alone stands for.
    pub fn pattern(&self, name: &str, scope: &Scope<'a>) -> Node {
        self.index(name, scope).map_or_else(all, |i| self.patterns[i].plan.clone())
    }

    /// The number of the pattern so named.
    pub fn index(&self, name: &str, scope: &Scope<'a>) -> Option<usize> {
        match name.get(1..).unwrap_or("") {
            "" => scope.member.filter(|i| *i < self.patterns.len()),
            name => self.patterns.iter().position(|p| p.ident.name.get(1..) == Some(name)),
        }
    }

    /// Files with a hit of a pattern at a place. Only places in the head of the
    /// file are known to the index.
    fn anchored(&mut self, i: usize, anchor: Option<&'a MatchAnchor<'a>>, scope: &Scope<'a>) -> Node {
        let place = match anchor {
            Some(MatchAnchor::At(at)) => match self.consts.fold(&at.expr, scope) {
                Some(Const::Int(offset)) => self.starts_at(i, offset),
                _ => self.need(&at.expr, scope),
            },
            Some(MatchAnchor::In(within)) => and(vec![
                self.need(&within.range.lower_bound, scope),
                self.need(&within.range.upper_bound, scope),
            ]),
            None => all(),
        };
        and(vec![self.patterns[i].plan.clone(), place])
    }

    /// Files whose head allows a hit of this pattern to begin at the offset.
    pub fn starts_at(&self, i: usize, offset: i64) -> Node {
        u64::try_from(offset).map_or_else(|_| all(), |at| pieces::at(&self.patterns[i].starts, at))
    }

    /// Indexes of the patterns of a set; one that several items name counts once,
    /// as in the engine.
    pub fn members(&self, set: &PatternSet<'a>) -> Vec<usize> {
        let in_set = |p: &Planned<'_>| match set {
            PatternSet::Them { .. } => true,
            PatternSet::Set(items) => items.iter().any(|i| i.matches(p.ident)),
        };
        (0..self.patterns.len()).filter(|i| in_set(&self.patterns[*i])).collect()
    }

    /// How many of `n` must hold; `None` when holding does not help.
    pub fn quantity(&self, q: &'a Quantifier<'a>, n: usize, scope: &Scope<'a>) -> Option<usize> {
        let number = |e| match self.consts.fold(e, scope) {
            Some(Const::Int(i)) => usize::try_from(i).ok(),
            _ => None,
        };
        let k = match q {
            Quantifier::None { .. } => None,
            Quantifier::Any { .. } => Some(1),
            Quantifier::All { .. } => Some(n),
            Quantifier::Expr(e) => number(e),
            Quantifier::Percentage(e) => number(e).and_then(|p| n.checked_mul(p)).map(|np| np.div_ceil(100)),
        };
        k.filter(|k| *k > 0)
    }

    fn of(&mut self, of: &'a Of<'a>, scope: &Scope<'a>) -> Node {
        let kids: Vec<Node> = match &of.items {
            OfItems::PatternSet(set) => {
                self.members(set).into_iter().map(|i| self.anchored(i, of.anchor.as_ref(), scope)).collect()
            }
            OfItems::BoolExprTuple(items) => items.iter().map(|e| self.yes(e, scope)).collect(),
        };
        match self.quantity(&of.quantifier, kids.len(), scope) {
            Some(k) => min_of(k, kids),
            None => all(),
        }
    }

    fn for_of(&mut self, f: &'a ForOf<'a>, scope: &Scope<'a>) -> Node {
        let members = self.members(&f.pattern_set);
        let Some(k) = self.quantity(&f.quantifier, members.len(), scope) else { return all() };
        let kids = members.into_iter().map(|i| self.yes(&f.body, &scope.with_member(i))).collect();
        min_of(k, kids)
    }

    fn for_in(&mut self, f: &'a ForIn<'a>, scope: &Scope<'a>) -> Node {
        if let (Iterable::ExprTuple(items), [var]) = (&f.iterable, f.variables.as_slice())
            && items.len() <= MAX_ITEMS
        {
            let Some(k) = self.quantity(&f.quantifier, items.len(), scope) else { return all() };
            let bind = |item| scope.bind(var.name, Binding::Expr(item, scope.clone()));
            let kids = items.iter().map(|item| self.yes(&f.body, &bind(item))).collect();
            return min_of(k, kids);
        }
        if let (Some(values), [var]) = (self.few(&f.iterable, scope), f.variables.as_slice()) {
            let count = values.clone().count();
            let Some(k) = self.quantity(&f.quantifier, count, scope) else { return all() };
            let bind = |v| scope.bind(var.name, Binding::Value(Const::Int(v)));
            let kids = values.map(|v| self.yes(&f.body, &bind(v))).collect();
            return min_of(k, kids);
        }
        let runs = match &f.iterable {
            // The engine makes a loop over an empty range false, whatever the
            // quantifier.
            Iterable::Range(range) => {
                self.comparison(Op::Le, self.sides(&range.lower_bound, &range.upper_bound, scope))
            }
            _ => all(),
        };
        if !self.once(&f.quantifier, scope) {
            return runs;
        }
        let mut inner = scope.clone();
        for var in &f.variables {
            let binding = match &f.iterable {
                Iterable::Expr(e) if f.variables.len() == 1 => Binding::Item(e, scope.clone()),
                _ => Binding::Opaque,
            };
            inner = inner.bind(var.name, binding);
        }
        and(vec![self.yes(&f.body, &inner), runs])
    }

    /// The values of a short range with constant bounds.
    fn few(&self, iterable: &'a Iterable<'a>, scope: &Scope<'a>) -> Option<std::ops::Range<i64>> {
        let Iterable::Range(range) = iterable else { return None };
        let (Const::Int(low), Const::Int(high)) =
            (self.consts.fold(&range.lower_bound, scope)?, self.consts.fold(&range.upper_bound, scope)?)
        else {
            return None;
        };
        let count = usize::try_from(high.checked_sub(low)?).ok()?.checked_add(1)?;
        (count <= MAX_ITEMS).then(|| low..high + 1)
    }

    /// Whether the quantifier asks for at least one true pass, however many
    /// passes there are: a loop without passes is false.
    pub fn once(&self, q: &'a Quantifier<'a>, scope: &Scope<'a>) -> bool {
        match q {
            Quantifier::Any { .. } | Quantifier::All { .. } => true,
            Quantifier::Expr(e) | Quantifier::Percentage(e) => {
                matches!(self.consts.fold(e, scope), Some(Const::Int(k)) if k > 0)
            }
            Quantifier::None { .. } => false,
        }
    }

    pub fn with_scope(&self, w: &'a With<'a>, scope: &Scope<'a>) -> Scope<'a> {
        w.declarations.iter().fold(scope.clone(), |inner, d| {
            let bound = Binding::Expr(&d.expression, inner.clone());
            inner.bind(d.identifier.name, bound)
        })
    }
}
