//! Counts of patterns in comparisons: which patterns must have a hit.
//!
//! A comparison over counts asks for a pattern if it cannot be true while that
//! pattern has no hit, whatever the other counts are. The bounds of both sides
//! show that. Whatever is not understood may have any value.

use yara_x_parser::ast::{Expr, NAryExpr};

use super::compare::{Op, Side};
use super::condition::Condition;
use super::node::{Node, all, and, or};
use super::scope::{Binding, Const, Scope};

/// Counts of one comparison that are looked at.
const MAX_COUNTS: usize = 32;

/// Least and greatest value of an expression; `None` when unknown.
type Bounds = Option<(i128, i128)>;

/// Files on which the hits that a comparison asks for can exist.
pub fn needed<'a>(c: &Condition<'a, '_>, op: Op, sides: &[Side<'a>; 2]) -> Node {
    let mut counted = Vec::new();
    for (e, scope) in sides {
        collect(c, e, scope, &mut counted);
    }
    counted.sort_unstable();
    counted.dedup();
    if counted.is_empty() || counted.len() > MAX_COUNTS {
        return all();
    }
    let possible = |none: &[usize]| {
        let [left, right] = sides.each_ref().map(|(e, scope)| bounds(c, e, scope, none));
        can_hold(op, left, right)
    };
    let each: Vec<usize> = counted.iter().copied().filter(|p| !possible(&[*p])).collect();
    let plans = |which: &[usize]| which.iter().map(|i| c.patterns[*i].plan.clone()).collect();
    match each.is_empty() {
        false => and(plans(&each)),
        true if !possible(&counted) => or(plans(&counted)),
        true => all(),
    }
}

/// The patterns whose counts an expression adds up.
fn collect<'a>(c: &Condition<'a, '_>, e: &'a Expr<'a>, scope: &Scope<'a>, out: &mut Vec<usize>) {
    if !c.consts.step() || out.len() > MAX_COUNTS {
        return;
    }
    match e {
        Expr::PatternCount(p) => out.extend(c.index(p.identifier.name, scope)),
        Expr::Add(n) | Expr::Sub(n) | Expr::Mul(n) => n.operands().for_each(|o| collect(c, o, scope, out)),
        Expr::Ident(name) => {
            if let Some(Binding::Expr(bound, outer)) = scope.get(name.name) {
                collect(c, bound, &outer, out);
            }
        }
        _ => {}
    }
}

/// The bounds of an expression when the patterns in `none` have no hit.
fn bounds<'a>(c: &Condition<'a, '_>, e: &'a Expr<'a>, scope: &Scope<'a>, none: &[usize]) -> Bounds {
    const MOST: i128 = i64::MAX as i128;
    if let Some(value) = c.consts.fold(e, scope) {
        return if let Const::Int(i) = value { Some((i.into(), i.into())) } else { None };
    }
    let nary = |n: &'a NAryExpr<'a>, f: fn((i128, i128), (i128, i128)) -> Bounds| {
        let mut parts = n.operands().map(|o| bounds(c, o, scope, none));
        let first = parts.next()??;
        parts.try_fold(first, |a, b| f(a, b?)).filter(|(low, high)| *low >= i64::MIN.into() && *high <= MOST)
    };
    match e {
        Expr::PatternCount(p) => match c.index(p.identifier.name, scope) {
            Some(i) if none.contains(&i) => Some((0, 0)),
            // No file has more hits of one pattern than this.
            _ => Some((0, u32::MAX.into())),
        },
        Expr::Filesize { .. } => Some((0, 1 << 48)),
        Expr::Add(n) => nary(n, |a, b| Some((a.0 + b.0, a.1 + b.1))),
        Expr::Sub(n) => nary(n, |a, b| Some((a.0 - b.1, a.1 - b.0))),
        Expr::Mul(n) => nary(n, |a, b| {
            let corners = [a.0 * b.0, a.0 * b.1, a.1 * b.0, a.1 * b.1];
            Some((*corners.iter().min()?, *corners.iter().max()?))
        }),
        Expr::Ident(name) => match scope.get(name.name) {
            Some(Binding::Expr(bound, outer)) if c.consts.step() => bounds(c, bound, &outer, none),
            _ => None,
        },
        _ => None,
    }
}

fn can_hold(op: Op, left: Bounds, right: Bounds) -> bool {
    let (Some((low, high)), Some((least, most))) = (left, right) else { return true };
    match op {
        Op::Eq => low <= most && least <= high,
        Op::Ne => (low, high) != (least, most) || low != high,
        Op::Lt => low < most,
        Op::Le => low <= most,
        Op::Gt => high > least,
        Op::Ge => high >= least,
        _ => true,
    }
}
