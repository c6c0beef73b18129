//! Fields and functions of the modules, as far as their truth shows in the
//! bytes of the file. Everything not named here is unknown.

use yara_x_parser::ast::{Expr, FuncCall};

use crate::describe::{self, Described};

use super::compare::Op;
use super::condition::Condition;
use super::node::{self, Node, all, and, folded, head, literal, or};
use super::scope::{Binding, Const, Scope};
use super::text::widen;

/// One step of a path like `pe.sections[0].name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step<'a> {
    Name(&'a str),
    Index,
}

/// The path of a field, loop variables replaced by what they run over.
fn path<'a>(e: &'a Expr<'a>, scope: &Scope<'a>, depth: usize, out: &mut Vec<Step<'a>>) -> bool {
    if depth > 16 {
        return false;
    }
    match e {
        Expr::FieldAccess(n) => {
            let mut operands = n.operands();
            let Some(first) = operands.next() else { return false };
            path(first, scope, depth + 1, out)
                && operands.all(|o| match o {
                    Expr::Ident(name) => {
                        out.push(Step::Name(name.name));
                        true
                    }
                    _ => false,
                })
        }
        Expr::Lookup(l) => {
            let known = path(&l.primary, scope, depth + 1, out);
            out.push(Step::Index);
            known
        }
        Expr::Ident(name) => match scope.get(name.name) {
            Some(Binding::Expr(bound, outer)) => path(bound, &outer, depth + 1, out),
            Some(Binding::Item(iterable, outer)) => {
                let known = path(iterable, &outer, depth + 1, out);
                out.push(Step::Index);
                known
            }
            Some(_) => false,
            None => {
                out.push(Step::Name(name.name));
                true
            }
        },
        _ => false,
    }
}

fn steps<'a>(e: &'a Expr<'a>, scope: &Scope<'a>) -> Vec<Step<'a>> {
    let mut out = Vec::new();
    if path(e, scope, 0, &mut out) { out } else { vec![] }
}

/// The name of the described field that an expression reads; without arguments
/// for a function.
fn name<'a>(e: &'a Expr<'a>, scope: &Scope<'a>) -> Option<String> {
    let mut path = match e {
        Expr::FuncCall(f) if f.args.is_empty() => {
            let mut path = steps(f.object.as_ref()?, scope);
            path.push(Step::Name(f.identifier.name));
            path
        }
        _ => steps(e, scope),
    };
    path.retain(|s| *s != Step::Index);
    let names: Vec<&str> = path.iter().map(|s| if let Step::Name(n) = s { n } else { "" }).collect();
    (names.len() > 1).then(|| names.join("."))
}

/// Files with this fact. A fact that files have which no module accepts is kept
/// nowhere, so it cannot be looked up.
fn fact(name: &str, value: &str) -> Node {
    let Some(field) = describe::field(name) else { return all() };
    let value = if field.folds() { value.to_ascii_lowercase() } else { value.to_string() };
    if !describe::fits(name, &value) || describe::is_common(name, &value) {
        return all();
    }
    let module = name.split('.').next().unwrap_or("");
    and(vec![starts(module), node::fact(name, value, field.broad)])
}

/// Files whose first bytes a module can accept.
fn starts(module: &str) -> Node {
    or(describe::starts(module).iter().map(|bytes| head(0, bytes.to_vec(), false)).collect())
}

/// Files that a module accepts. elf and macho say so only by their fields being
/// defined.
fn accepted(module: &str) -> Node {
    match module {
        "elf" | "macho" => starts(module),
        _ => fact(&format!("{module}.is_{module}"), "true"),
    }
}

/// Files on which a field can be defined. Fields of a module are undefined unless
/// it accepts the file, apart from the flag that says so and from constants,
/// which alone are spelled with capitals. Lists are defined, empty, for every
/// file, but are no operands.
pub fn need<'a>(_: &mut Condition<'a, '_>, e: &'a Expr<'a>, scope: &Scope<'a>) -> Node {
    let Some(name) = name(e, scope) else { return all() };
    let (module, field) = name.split_once('.').unwrap_or((&name, ""));
    let constant = field.split('.').any(|s| s.starts_with(|c: char| c.is_ascii_uppercase()));
    if constant || field == format!("is_{module}") || describe::starts(module).is_empty() {
        return all();
    }
    accepted(module)
}

/// Files on which a field or function can be equal to a number.
pub fn number<'a>(e: &'a Expr<'a>, k: i64, scope: &Scope<'a>) -> Node {
    match name(e, scope) {
        Some(name) if !describe::is_flag(&name) => fact(&name, &k.to_string()),
        _ => all(),
    }
}

/// Files on which a flag is up.
fn flag<'a>(e: &'a Expr<'a>, scope: &Scope<'a>) -> Node {
    name(e, scope).filter(|n| describe::is_flag(n)).map_or_else(all, |n| fact(&n, "true"))
}

/// Files on which a comparison of a field or function with a text can be true.
pub fn text<'a>(c: &mut Condition<'a, '_>, op: Op, e: &'a Expr<'a>, value: &[u8], scope: &Scope<'a>) -> Node {
    and(vec![bytes_of(op, e, value, scope), fact_of(c, op, e, value, scope)])
}

/// Files with the fact that the comparison asks for.
fn fact_of<'a>(c: &mut Condition<'a, '_>, op: Op, e: &'a Expr<'a>, value: &[u8], scope: &Scope<'a>) -> Node {
    let (Some(name), Ok(value)) = (name(e, scope), std::str::from_utf8(value)) else { return all() };
    match (op, e) {
        (Op::Eq, Expr::Lookup(l)) if name == "pe.version_info" => match c.consts.fold(&l.index, scope) {
            Some(Const::Text(key)) => fact(&format!("{name}.{}", String::from_utf8_lossy(&key)), value),
            _ => all(),
        },
        (Op::Eq, _) => fact(&name, value),
        (Op::IEquals, _) if describe::field(&name).is_some_and(Described::folds) => fact(&name, value),
        _ => all(),
    }
}

/// Files that hold the bytes of which the field is made.
fn bytes_of<'a>(op: Op, e: &'a Expr<'a>, value: &[u8], scope: &Scope<'a>) -> Node {
    let fold = matches!(op, Op::IContains | Op::IStartsWith | Op::IEndsWith | Op::IEquals);
    let holds_value = fold || matches!(op, Op::Eq | Op::Contains | Op::StartsWith | Op::EndsWith);
    if !holds_value || !value.is_ascii() {
        return all();
    }
    let find = |bytes: &[u8]| if fold { folded(bytes) } else { literal(bytes) };
    match steps(e, scope).as_slice() {
        [Step::Name("pe"), Step::Name("sections"), Step::Index, Step::Name("name")] => find(value),
        [Step::Name("pe"), Step::Name("pdb_path" | "dll_name")] => find(value),
        [Step::Name("pe"), Step::Name("version_info"), Step::Index] => find(&widen(value)),
        [Step::Name("pe"), Step::Name("signatures"), Step::Index, Step::Name("serial")] if op == Op::Eq => {
            serial(value).map_or_else(all, |bytes| literal(&bytes))
        }
        _ => all(),
    }
}

/// The bytes of a serial number `0a:bb:..` as they stand in the certificate;
/// leading zero bytes may or may not be written there.
fn serial(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let bytes: Option<Vec<u8>> =
        text.split(':').map(|b| if b.len() == 2 { u8::from_str_radix(b, 16).ok() } else { None }).collect();
    let bytes = bytes?;
    let zeroes = bytes.iter().take_while(|b| **b == 0).count();
    Some(bytes[zeroes..].to_vec())
}

/// Files on which a field or call that stands alone can be true.
pub fn truth<'a>(c: &mut Condition<'a, '_>, e: &'a Expr<'a>, scope: &Scope<'a>) -> Node {
    match e {
        Expr::FieldAccess(_) => flag(e, scope),
        Expr::FuncCall(f) if f.args.is_empty() => flag(e, scope),
        Expr::FuncCall(f) => call(c, f, scope),
        _ => all(),
    }
}

fn call<'a>(c: &mut Condition<'a, '_>, f: &'a FuncCall<'a>, scope: &Scope<'a>) -> Node {
    let of_pe = f.object.as_ref().is_some_and(|o| steps(o, scope) == [Step::Name("pe")]);
    if !of_pe {
        return all();
    }
    let args: Vec<Option<Const>> = f.args.iter().map(|a| c.consts.fold(a, scope)).collect();
    let names = match (f.identifier.name, args.as_slice()) {
        ("exports", [name]) => vec![name],
        ("imports", [dll]) => vec![dll],
        ("imports", [Some(Const::Text(_)), _]) => vec![&args[0], &args[1]],
        ("imports", [_, dll, function]) => vec![dll, function],
        ("imports", [_, dll]) => vec![dll],
        _ => return all(),
    };
    let dll = names.first().and_then(|n| text_of(n));
    let mut found = vec![accepted("pe")];
    for (i, name) in names.iter().enumerate() {
        match text_of(name) {
            Some(name) if !(i == 1 && synthesized(dll, name)) => found.push(folded(name)),
            _ => {}
        }
    }
    and(found)
}

fn text_of(value: &Option<Const>) -> Option<&[u8]> {
    match value {
        Some(Const::Text(t)) if t.is_ascii() => Some(t),
        _ => None,
    }
}

/// Whether the engine may have made up this name for an import by ordinal: the
/// file then does not hold it. An unknown library may be any.
fn synthesized(dll: Option<&[u8]>, function: &[u8]) -> bool {
    let by_ordinal = [&b"ws2_32.dll"[..], b"wsock32.dll", b"oleaut32.dll"];
    function.to_ascii_lowercase().starts_with(b"ord")
        || dll.is_none_or(|d| by_ordinal.iter().any(|b| d.eq_ignore_ascii_case(b)))
}
