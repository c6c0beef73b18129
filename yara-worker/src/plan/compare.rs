//! Comparisons whose truth the index can see: file size, pattern counts, bytes
//! at an offset, digests.

use yara_x_parser::ast::Expr;

use super::condition::Condition;
use super::module;
use super::node::{HEAD, Node, all, hash, head, literal, none, or, size};
use super::scope::{Const, Scope};

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Contains,
    IContains,
    StartsWith,
    IStartsWith,
    EndsWith,
    IEndsWith,
    IEquals,
    Matches,
}

impl Op {
    /// The operator with its sides exchanged; `None` where sides have roles.
    fn flip(self) -> Option<Op> {
        Some(match self {
            Op::Eq | Op::Ne | Op::IEquals => self,
            Op::Lt => Op::Gt,
            Op::Le => Op::Ge,
            Op::Gt => Op::Lt,
            Op::Ge => Op::Le,
            _ => return None,
        })
    }

    fn holds(self, a: i64, b: i64) -> Option<bool> {
        Some(match self {
            Op::Eq => a == b,
            Op::Ne => a != b,
            Op::Lt => a < b,
            Op::Le => a <= b,
            Op::Gt => a > b,
            Op::Ge => a >= b,
            _ => return None,
        })
    }

    fn negated(self) -> Option<Op> {
        Some(match self {
            Op::Eq => Op::Ne,
            Op::Ne => Op::Eq,
            Op::Lt => Op::Ge,
            Op::Le => Op::Gt,
            Op::Gt => Op::Le,
            Op::Ge => Op::Lt,
            _ => return None,
        })
    }
}

/// The operator and sides of a comparison.
pub fn of<'a>(e: &'a Expr<'a>) -> Option<(Op, &'a Expr<'a>, &'a Expr<'a>)> {
    let (op, b) = match e {
        Expr::Eq(b) => (Op::Eq, b),
        Expr::Ne(b) => (Op::Ne, b),
        Expr::Lt(b) => (Op::Lt, b),
        Expr::Le(b) => (Op::Le, b),
        Expr::Gt(b) => (Op::Gt, b),
        Expr::Ge(b) => (Op::Ge, b),
        Expr::Contains(b) => (Op::Contains, b),
        Expr::IContains(b) => (Op::IContains, b),
        Expr::StartsWith(b) => (Op::StartsWith, b),
        Expr::IStartsWith(b) => (Op::IStartsWith, b),
        Expr::EndsWith(b) => (Op::EndsWith, b),
        Expr::IEndsWith(b) => (Op::IEndsWith, b),
        Expr::IEquals(b) => (Op::IEquals, b),
        Expr::Matches(b) => (Op::Matches, b),
        _ => return None,
    };
    Some((op, &b.lhs, &b.rhs))
}

/// What a built-in function reads: width in bytes, big endian, signed.
pub fn reader(name: &str) -> Option<(usize, bool, bool)> {
    Some(match name {
        "uint8" | "uint8be" => (1, false, false),
        "int8" | "int8be" => (1, false, true),
        "uint16" => (2, false, false),
        "uint16be" => (2, true, false),
        "int16" => (2, false, true),
        "int16be" => (2, true, true),
        "uint32" => (4, false, false),
        "uint32be" => (4, true, false),
        "int32" => (4, false, true),
        "int32be" => (4, true, true),
        _ => return None,
    })
}

/// An expression and the scope of its names.
pub type Side<'a> = (&'a Expr<'a>, Scope<'a>);

/// The comparison with its constant on the right.
fn sided<'a>(c: &Condition<'a, '_>, op: Op, [lhs, rhs]: [Side<'a>; 2]) -> Option<(Op, Side<'a>, Const)> {
    match c.consts.fold(rhs.0, &rhs.1) {
        Some(value) => Some((op, lhs, value)),
        None => {
            let value = c.consts.fold(lhs.0, &lhs.1)?;
            Some((op.flip()?, rhs, value))
        }
    }
}

/// Files on which the comparison can be true.
pub fn yes<'a>(c: &mut Condition<'a, '_>, op: Op, sides: [Side<'a>; 2]) -> Node {
    let Some((op, (side, scope), value)) = sided(c, op, sides) else { return all() };
    let scope = &scope;
    match (side, &value) {
        (Expr::Filesize { .. }, Const::Int(k)) => filesize(op, *k),
        (Expr::PatternOffset(p), Const::Int(k)) if op == Op::Eq => {
            c.index(p.identifier.name, scope).map_or_else(all, |i| c.starts_at(i, *k))
        }
        (Expr::FuncCall(f), Const::Int(k)) if f.object.is_none() => {
            match (reader(f.identifier.name), f.args.as_slice()) {
                (Some(read), [offset]) => bytes(c, op, read, offset, *k, scope),
                _ => all(),
            }
        }
        (Expr::FuncCall(f), Const::Text(text)) => match digest(c, f, scope) {
            Some(algo) if op == Op::Eq || op == Op::IEquals => digest_of(algo, text),
            Some(_) => all(),
            None => module::text(c, op, side, text, scope),
        },
        (_, Const::Text(text)) => module::text(c, op, side, text, scope),
        (_, Const::Int(k)) if op == Op::Eq => module::number(side, *k, scope),
        _ => all(),
    }
}

/// Files on which the comparison can be false or undefined.
pub fn no<'a>(c: &mut Condition<'a, '_>, op: Op, sides: [Side<'a>; 2]) -> Node {
    let Some((op, (side, scope), Const::Int(k))) = sided(c, op, sides) else { return all() };
    match side {
        Expr::Filesize { .. } => op.negated().map_or_else(all, |op| filesize(op, k)),
        Expr::FuncCall(f) if op == Op::Eq && f.object.is_none() => {
            let Some((read, [offset])) = reader(f.identifier.name).map(|r| (r, f.args.as_slice())) else {
                return all();
            };
            match (at(c, offset, &scope), encode(read, k)) {
                (Some(at), Some(value)) => head(at, value, true),
                _ => all(),
            }
        }
        _ => all(),
    }
}

fn filesize(op: Op, k: i64) -> Node {
    let Ok(k) = u64::try_from(k) else {
        // No size is negative.
        return if op.holds(0, k) == Some(false) { none() } else { all() };
    };
    match op {
        Op::Eq => size(k, k),
        Op::Ne => or(vec![if k == 0 { none() } else { size(0, k - 1) }, size(k + 1, u64::MAX)]),
        Op::Lt if k == 0 => none(),
        Op::Lt => size(0, k - 1),
        Op::Le => size(0, k),
        Op::Gt => size(k + 1, u64::MAX),
        Op::Ge => size(k, u64::MAX),
        _ => all(),
    }
}

fn at<'a>(c: &Condition<'a, '_>, offset: &'a Expr<'a>, scope: &Scope<'a>) -> Option<u64> {
    match c.consts.fold(offset, scope)? {
        Const::Int(i) => u64::try_from(i).ok(),
        _ => None,
    }
}

/// The bytes in file order of a value; `None` when no such bytes exist.
fn encode((width, big, signed): (usize, bool, bool), k: i64) -> Option<Vec<u8>> {
    let bits = 8 * width as u32;
    let range = if signed { -(1i64 << (bits - 1))..1i64 << (bits - 1) } else { 0..1i64 << bits };
    if !range.contains(&k) {
        return None;
    }
    let mut bytes = k.to_le_bytes()[..width].to_vec();
    if big {
        bytes.reverse();
    }
    Some(bytes)
}

fn bytes<'a>(
    c: &Condition<'a, '_>,
    op: Op,
    read: (usize, bool, bool),
    offset: &'a Expr<'a>,
    k: i64,
    scope: &Scope<'a>,
) -> Node {
    let known = at(c, offset, scope);
    let in_head = |at: &u64| at.saturating_add(read.0 as u64) <= HEAD;
    match (op, encode(read, k)) {
        (Op::Eq, None) => none(),
        (Op::Eq, Some(value)) => match known.filter(in_head) {
            Some(at) => head(at, value, false),
            None => literal(&value),
        },
        (Op::Ne, Some(value)) => known.filter(in_head).map_or_else(all, |at| head(at, value, true)),
        _ => all(),
    }
}

/// The algorithm of `hash.md5(0, filesize)` and its sisters.
fn digest<'a>(
    c: &Condition<'a, '_>,
    f: &'a yara_x_parser::ast::FuncCall<'a>,
    scope: &Scope<'a>,
) -> Option<&'static str> {
    let Some(Expr::Ident(module)) = &f.object else { return None };
    if module.name != "hash" || scope.get("hash").is_some() {
        return None;
    }
    let algo = ["md5", "sha1", "sha256"].into_iter().find(|a| *a == f.identifier.name)?;
    match f.args.as_slice() {
        [from, Expr::Filesize { .. }] if at(c, from, scope) == Some(0) => Some(algo),
        _ => None,
    }
}

fn digest_of(algo: &'static str, text: &[u8]) -> Node {
    let length = match algo {
        "md5" => 32,
        "sha1" => 40,
        _ => 64,
    };
    let lower = text.to_ascii_lowercase();
    match String::from_utf8(lower) {
        Ok(hex) if hex.len() == length && hex.bytes().all(|b| b.is_ascii_hexdigit()) => hash(algo, hex),
        // Not a digest: nothing to look up. The engine decides.
        _ => all(),
    }
}
