//! Names and constants of a condition: what a name stands for, and what an
//! expression is worth when that can be said without a file.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use yara_x_parser::ast::{BinaryExpr, Expr, NAryExpr};

use super::constants;

/// Expressions looked at per source; beyond it everything is unknown.
const MAX_WORK: u32 = 1_000_000;

/// What an expression is worth for every file alike.
#[derive(Clone, Debug, PartialEq)]
pub enum Const {
    Bool(bool),
    Int(i64),
    Text(Vec<u8>),
}

impl Const {
    /// How the engine casts it where a condition is expected.
    pub fn truthy(&self) -> bool {
        match self {
            Const::Bool(b) => *b,
            Const::Int(i) => *i != 0,
            Const::Text(t) => !t.is_empty(),
        }
    }
}

/// The constant of a module that a path names.
fn constant(path: &NAryExpr<'_>, scope: &Scope<'_>) -> Option<Const> {
    let names: Option<Vec<&str>> = path
        .operands()
        .map(|o| match o {
            Expr::Ident(name) => Some(name.name),
            _ => None,
        })
        .collect();
    let names = names?;
    if scope.get(names.first()?).is_some() {
        return None;
    }
    constants::constant(&names.join(".")).map(Const::Int)
}

/// What a name bound by `with` or a loop stands for.
#[derive(Clone)]
pub enum Binding<'a> {
    /// The value of this expression in the scope where it was bound.
    Expr(&'a Expr<'a>, Scope<'a>),
    Value(Const),
    /// Some member of what this expression yields.
    Item(&'a Expr<'a>, Scope<'a>),
    /// Nothing is known.
    Opaque,
}

/// The names in force at one place, innermost first, and the pattern that `$`,
/// `#`, `@` and `!` stand for inside `for .. of`.
#[derive(Clone, Default)]
pub struct Scope<'a> {
    vars: Option<Rc<Var<'a>>>,
    pub member: Option<usize>,
}

struct Var<'a> {
    name: &'a str,
    binding: Binding<'a>,
    outer: Option<Rc<Var<'a>>>,
}

impl<'a> Scope<'a> {
    pub fn bind(&self, name: &'a str, binding: Binding<'a>) -> Scope<'a> {
        let var = Var { name, binding, outer: self.vars.clone() };
        Scope { vars: Some(Rc::new(var)), member: self.member }
    }

    pub fn with_member(&self, member: usize) -> Scope<'a> {
        Scope { vars: self.vars.clone(), member: Some(member) }
    }

    pub fn get(&self, name: &str) -> Option<Binding<'a>> {
        let mut at = self.vars.as_ref();
        while let Some(var) = at {
            if var.name == name {
                return Some(var.binding.clone());
            }
            at = var.outer.as_ref();
        }
        None
    }
}

/// The constants of one source and the work spent on it.
pub struct Consts<'e> {
    pub externals: &'e BTreeMap<String, String>,
    work: Cell<u32>,
}

impl<'e> Consts<'e> {
    pub fn new(externals: &'e BTreeMap<String, String>) -> Self {
        Consts { externals, work: Cell::new(0) }
    }

    /// Counts one step; false when the source has used up its steps.
    pub fn step(&self) -> bool {
        self.work.set(self.work.get().saturating_add(1));
        self.work.get() <= MAX_WORK
    }

    /// The constant value of an expression. Arithmetic that could overflow or
    /// trap is left unknown, so that the engine's rules for it do not matter.
    pub fn fold(&self, e: &Expr<'_>, scope: &Scope<'_>) -> Option<Const> {
        if !self.step() {
            return None;
        }
        let int = |n: &NAryExpr<'_>, f: fn(i64, i64) -> Option<i64>| self.reduce(n, scope, f);
        match e {
            Expr::True { .. } => Some(Const::Bool(true)),
            Expr::False { .. } => Some(Const::Bool(false)),
            Expr::LiteralInteger(i) if !i.is_unsigned => Some(Const::Int(i.value)),
            Expr::LiteralString(s) => Some(Const::Text(s.value.to_vec())),
            Expr::Ident(name) => match scope.get(name.name) {
                Some(Binding::Value(v)) => Some(v),
                Some(Binding::Expr(bound, outer)) => self.fold(bound, &outer),
                Some(_) => None,
                None => self.external(name.name),
            },
            Expr::FieldAccess(n) => constant(n, scope),
            Expr::Minus(u) => match self.fold(&u.operand, scope)? {
                Const::Int(i) => i.checked_neg().map(Const::Int),
                _ => None,
            },
            Expr::Add(n) => int(n, i64::checked_add),
            Expr::Sub(n) => int(n, i64::checked_sub),
            Expr::Mul(n) => int(n, i64::checked_mul),
            Expr::Div(n) => int(n, i64::checked_div),
            Expr::Mod(n) => int(n, i64::checked_rem),
            Expr::Shl(b) => {
                let (Const::Int(x), Const::Int(n)) = self.both(b, scope)? else { return None };
                let wide = (0..63).contains(&n).then(|| i128::from(x) << n)?;
                i64::try_from(wide).ok().filter(|v| *v >= 0).map(Const::Int)
            }
            Expr::BitwiseAnd(b) => self.bits(b, scope, |x, y| x & y),
            Expr::BitwiseOr(b) => self.bits(b, scope, |x, y| x | y),
            Expr::BitwiseXor(b) => self.bits(b, scope, |x, y| x ^ y),
            Expr::Eq(b) => self.compare(b, scope, |o| o.is_eq()),
            Expr::Ne(b) => self.compare(b, scope, |o| o.is_ne()),
            Expr::Lt(b) => self.compare(b, scope, |o| o.is_lt()),
            Expr::Le(b) => self.compare(b, scope, |o| o.is_le()),
            Expr::Gt(b) => self.compare(b, scope, |o| o.is_gt()),
            Expr::Ge(b) => self.compare(b, scope, |o| o.is_ge()),
            Expr::Contains(b) => {
                self.texts(b, scope, |x, y| y.is_empty() || x.windows(y.len()).any(|w| w == y))
            }
            Expr::StartsWith(b) => self.texts(b, scope, |x, y| x.starts_with(y)),
            Expr::EndsWith(b) => self.texts(b, scope, |x, y| x.ends_with(y)),
            Expr::IEquals(b) => self.texts(b, scope, |x, y| x.eq_ignore_ascii_case(y)),
            _ => None,
        }
    }

    /// An external variable, unless a rule hides it: rules may not have its name.
    fn external(&self, name: &str) -> Option<Const> {
        crate::message::EXTERNALS.contains(&name).then(|| {
            let value = self.externals.get(name).map_or("", String::as_str);
            Const::Text(value.as_bytes().to_vec())
        })
    }

    fn reduce(&self, n: &NAryExpr<'_>, scope: &Scope<'_>, f: fn(i64, i64) -> Option<i64>) -> Option<Const> {
        let mut values = n.operands().map(|o| match self.fold(o, scope) {
            Some(Const::Int(i)) => Some(i),
            _ => None,
        });
        let first = values.next()??;
        values.try_fold(first, |acc, v| f(acc, v?)).map(Const::Int)
    }

    fn both(&self, b: &BinaryExpr<'_>, scope: &Scope<'_>) -> Option<(Const, Const)> {
        Some((self.fold(&b.lhs, scope)?, self.fold(&b.rhs, scope)?))
    }

    fn bits(&self, b: &BinaryExpr<'_>, scope: &Scope<'_>, f: fn(i64, i64) -> i64) -> Option<Const> {
        match self.both(b, scope)? {
            (Const::Int(x), Const::Int(y)) => Some(Const::Int(f(x, y))),
            _ => None,
        }
    }

    fn compare(
        &self,
        b: &BinaryExpr<'_>,
        scope: &Scope<'_>,
        holds: fn(std::cmp::Ordering) -> bool,
    ) -> Option<Const> {
        match self.both(b, scope)? {
            (Const::Int(x), Const::Int(y)) => Some(Const::Bool(holds(x.cmp(&y)))),
            (Const::Text(x), Const::Text(y)) => Some(Const::Bool(holds(x.cmp(&y)))),
            _ => None,
        }
    }

    fn texts(&self, b: &BinaryExpr<'_>, scope: &Scope<'_>, f: fn(&[u8], &[u8]) -> bool) -> Option<Const> {
        match self.both(b, scope)? {
            (Const::Text(x), Const::Text(y)) => Some(Const::Bool(f(&x, &y))),
            _ => None,
        }
    }
}
