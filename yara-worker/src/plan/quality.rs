//! How well a plan filters, and if it does not, which part of the rule is to
//! blame.

use yara_x_parser::ast::{Expr, Iterable, OfItems, Pattern, PatternModifiers, Quantifier, Rule, WithSpan};

use super::compare;
use super::condition::{Condition, Planned};
use super::node::{Node, Shape};
use super::scope::{Binding, Const, Scope};
use super::strings::left_over;
use crate::message::{Problem, Weak};
use crate::report::{clean, place};
use crate::source::Source;

/// Literals below this length filter almost nothing.
const USEFUL: usize = 4;
/// Alternatives that leave more than this to verify filter almost nothing.
const TOO_MUCH: f64 = 0.5;
/// Steps from a condition to its culprit.
const MAX_STEPS: usize = 400;
/// Characters of the culprit that are quoted.
const MAX_QUOTE: usize = 60;

/// Whether the index has something to look up however the plan is satisfied. Any
/// other plan means reading everything.
pub fn searchable(plan: &Node) -> bool {
    match plan.shape() {
        Shape::None | Shape::Hash { .. } => true,
        Shape::Fact { broad, .. } => !broad,
        Shape::And(kids) => kids.iter().any(searchable),
        Shape::Or(kids) => kids.iter().all(searchable),
        Shape::MinOf(min, kids) => kids.iter().filter(|k| !searchable(k)).count() < *min,
        _ => plan.strength() >= USEFUL,
    }
}

/// Share of a corpus that a plan leaves to verify where nothing matches, about.
fn left(plan: &Node) -> f64 {
    match plan.shape() {
        Shape::None | Shape::Hash { .. } | Shape::Fact { broad: false, .. } => 0.0,
        Shape::And(kids) => kids.iter().map(left).fold(1.0, f64::min),
        Shape::Or(kids) => kids.iter().map(left).sum::<f64>().min(1.0),
        Shape::MinOf(min, kids) => (kids.iter().map(left).sum::<f64>() / *min as f64).min(1.0),
        _ => left_over(plan.strength()),
    }
}

/// The patterns of a rule that filter nothing or almost nothing.
pub fn weak<'a>(rule: &'a Rule<'a>, planned: &[Planned<'a>]) -> Vec<Weak> {
    let pairs = rule.patterns.iter().flatten().zip(planned);
    let named = |(p, planned): (&Pattern<'_>, &Planned<'_>)| {
        let why = weakness(p, planned)?;
        Some(Weak { pattern: planned.ident.name.to_string(), why })
    };
    pairs.filter_map(named).collect()
}

fn weakness(pattern: &Pattern<'_>, planned: &Planned<'_>) -> Option<String> {
    let plan = &planned.plan;
    if planned.left_out {
        return Some("too many alternatives".into());
    }
    let encoded = |m: &PatternModifiers<'_>| m.base64().is_some() || m.base64wide().is_some();
    if plan.strength() >= USEFUL {
        let (many, least) = (plan.cost().literals, plan.strength());
        return (left(plan) > TOO_MUCH).then(|| format!("{many} alternatives from {least} bytes on"));
    }
    let why = match pattern {
        Pattern::Text(p) if encoded(&p.modifiers) => "base64 remainder shorter than 4 bytes",
        Pattern::Text(_) => "shorter than 4 bytes",
        Pattern::Regexp(p) if p.regexp.src.contains("(?u") => "unicode regex",
        _ => "no fixed run of 4 bytes",
    };
    Some(why.into())
}

/// The part of a condition because of which its plan is not searchable.
pub struct Culprit {
    start: usize,
    end: usize,
    code: &'static str,
    why: String,
}

impl Culprit {
    fn new(e: &Expr<'_>, code: &'static str, why: impl Into<String>) -> Culprit {
        let span = e.span();
        Culprit { start: span.start(), end: span.end(), code, why: why.into() }
    }

    /// The form of READY.
    pub fn problem(self, source: &Source<'_>) -> Problem {
        let (start, end) = whole(source.text, self.start, self.end);
        let (line, column) = place(source.text, start);
        let text = source.text.get(start..end).unwrap_or("");
        let mut quote: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((cut, _)) = quote.char_indices().nth(MAX_QUOTE) {
            quote.truncate(cut);
            quote += "..";
        }
        Problem { code: self.code.into(), line, column, message: clean(&format!("`{quote}` {}", self.why)) }
    }
}

/// The whole of an expression of which the parser gives a part: the path before
/// the last name of a module's field and the last parenthesis may be left out.
fn whole(source: &str, mut start: usize, mut end: usize) -> (usize, usize) {
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    while let Some(path) = source.get(..start).and_then(|before| before.strip_suffix('.')) {
        start = path.trim_end_matches(name).len();
    }
    let text = source.get(start..end).unwrap_or("");
    if text.matches('(').count() > text.matches(')').count()
        && let Some(rest) = source.get(end..)
        && rest.trim_start().starts_with(')')
    {
        end += rest.len() - rest.trim_start().len() + 1;
    }
    (start, end)
}

/// Why the plan of an expression, which is not searchable, is not.
pub fn blame<'a>(c: &mut Condition<'a, '_>, e: &'a Expr<'a>, scope: &Scope<'a>) -> Culprit {
    let (mut e, mut scope) = (e, scope.clone());
    for _ in 0..MAX_STEPS {
        match inside(c, e, &scope) {
            Some((inner, its_scope)) => (e, scope) = (inner, its_scope),
            None => return leaf(c, e, &scope),
        }
    }
    Culprit::new(e, "limit", "is nested too deep to be planned")
}

/// The part of an expression that bears the blame, if it is only a part.
fn inside<'a>(
    c: &mut Condition<'a, '_>,
    e: &'a Expr<'a>,
    scope: &Scope<'a>,
) -> Option<(&'a Expr<'a>, Scope<'a>)> {
    let same = |e| Some((e, scope.clone()));
    match e {
        // One of them would have been enough: name what is not metadata.
        Expr::And(n) => {
            let telling = n.operands().find(|o| !is_metadata(c, o, scope));
            same(telling.or(n.operands().next())?)
        }
        Expr::Or(n) => same(n.operands().find(|o| !searchable(&c.yes(o, scope)))?),
        Expr::Of(of) => match &of.items {
            OfItems::BoolExprTuple(items) if c.quantity(&of.quantifier, items.len(), scope).is_some() => {
                same(items.iter().find(|o| !searchable(&c.yes(o, scope)))?)
            }
            _ => None,
        },
        Expr::ForOf(f) => {
            let members = c.members(&f.pattern_set);
            c.quantity(&f.quantifier, members.len(), scope)?;
            let mut scopes = members.into_iter().map(|i| scope.with_member(i));
            Some((&f.body, scopes.find(|s| !searchable(&c.yes(&f.body, s)))?))
        }
        Expr::ForIn(f) if c.once(&f.quantifier, scope) => {
            let mut inner = scope.clone();
            for var in &f.variables {
                inner = inner.bind(var.name, Binding::Opaque);
            }
            Some((&f.body, inner))
        }
        Expr::With(w) => Some((&w.body, c.with_scope(w, scope))),
        Expr::Ident(name) => match scope.get(name.name) {
            Some(Binding::Expr(bound, outer)) => Some((bound, outer)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the expression asks for nothing but size, first bytes and facts.
fn is_metadata<'a>(c: &mut Condition<'a, '_>, e: &'a Expr<'a>, scope: &Scope<'a>) -> bool {
    let plan = c.yes(e, scope);
    !plan.is_all() && only_metadata(&plan)
}

fn only_metadata(plan: &Node) -> bool {
    match plan.shape() {
        Shape::Size(..) | Shape::Head { .. } | Shape::Fact { .. } => true,
        Shape::And(kids) | Shape::Or(kids) | Shape::MinOf(_, kids) => kids.iter().all(only_metadata),
        _ => false,
    }
}

fn leaf<'a>(c: &mut Condition<'a, '_>, e: &'a Expr<'a>, scope: &Scope<'a>) -> Culprit {
    let pattern = |i: Option<usize>| {
        let planned = i.and_then(|i| c.patterns.get(i));
        let name = planned.map_or("the pattern", |p| p.ident.name);
        let why = planned.map_or("", |p| if p.plan.is_all() { "has nothing" } else { "has too little" });
        Culprit::new(e, "pattern", format!("needs `{name}`, which {why} to look up"))
    };
    if let Some(value) = c.consts.fold(e, scope) {
        return Culprit::new(e, "constant", if value.truthy() { "is always true" } else { "is never true" });
    }
    let count = |e: &Expr<'_>| matches!(e, Expr::PatternCount(_));
    match e {
        Expr::PatternMatch(p) => pattern(c.index(p.identifier.name, scope)),
        Expr::PatternCount(p) => pattern(c.index(p.identifier.name, scope)),
        Expr::Of(of) => match &of.items {
            OfItems::PatternSet(set) if c.quantity(&of.quantifier, 2, scope).is_some() => {
                let weak = c.members(set).into_iter().find(|i| !searchable(&c.patterns[*i].plan));
                pattern(weak)
            }
            _ => quantifier(c, e, &of.quantifier, scope),
        },
        Expr::ForOf(f) => quantifier(c, e, &f.quantifier, scope),
        Expr::ForIn(f) => match &f.iterable {
            Iterable::ExprTuple(_) => Culprit::new(e, "loop", "is true for an item that needs no string"),
            _ => quantifier(c, e, &f.quantifier, scope),
        },
        Expr::Not(_) => Culprit::new(e, "negation", "is negated: files without the string satisfy it"),
        Expr::Defined(_) => Culprit::new(e, "defined", "is defined in files without a string too"),
        Expr::Ident(name) if scope.get(name.name).is_some() => {
            Culprit::new(e, "variable", "is known only while scanning")
        }
        Expr::Ident(_) => Culprit::new(e, "rule", "is a rule that needs no string to look up"),
        _ if is_metadata(c, e, scope) => {
            Culprit::new(e, "metadata", "filters by metadata only, not by a string to look up")
        }
        _ => match compare::of(e) {
            Some((_, l, r)) if count(l) || count(r) => Culprit::new(
                e,
                "count",
                "is also true without a hit, or its pattern has too little to look up",
            ),
            _ if names_module(e) => {
                Culprit::new(e, "module", "is computed from the file and not in the index")
            }
            _ => Culprit::new(e, "expression", "says nothing about strings to look up"),
        },
    }
}

fn quantifier<'a>(
    c: &Condition<'a, '_>,
    e: &'a Expr<'a>,
    q: &'a Quantifier<'a>,
    scope: &Scope<'a>,
) -> Culprit {
    let constant = |q| matches!(c.consts.fold(q, scope), Some(Const::Int(_)));
    let why = match q {
        Quantifier::None { .. } => "is true without any of them",
        Quantifier::Expr(q) | Quantifier::Percentage(q) if !constant(q) => {
            "asks for a number known only while scanning"
        }
        _ => "is true without a string to look up",
    };
    Culprit::new(e, "quantifier", why)
}

/// Whether a field or function of a module stands in the expression.
fn names_module(e: &Expr<'_>) -> bool {
    match e {
        Expr::FieldAccess(_) | Expr::Lookup(_) => true,
        Expr::FuncCall(f) => f.object.is_some(),
        _ => compare::of(e).is_some_and(|(_, l, r)| names_module(l) || names_module(r)),
    }
}
