//! Fields and functions of the modules, as far as their truth shows in the
//! bytes of the file. Everything not named here is unknown.

use yara_x_parser::ast::{Expr, FuncCall};

use super::compare::Op;
use super::condition::Condition;
use super::node::{Node, all, and, folded, head, literal};
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

/// The first bytes of every file that the engine's pe module accepts.
fn pe_file() -> Node {
    head(0, b"MZ".to_vec(), false)
}

/// Scalar fields of pe that stay undefined unless the file parsed as PE. Lists
/// are defined, empty, for every file; constants are defined always.
const PE_SCALARS: [&str; 30] = [
    "machine",
    "subsystem",
    "os_version",
    "subsystem_version",
    "image_version",
    "linker_version",
    "opthdr_magic",
    "characteristics",
    "dll_characteristics",
    "timestamp",
    "image_base",
    "checksum",
    "base_of_code",
    "base_of_data",
    "entry_point",
    "entry_point_raw",
    "dll_name",
    "export_timestamp",
    "section_alignment",
    "file_alignment",
    "loader_flags",
    "size_of_optional_header",
    "size_of_code",
    "size_of_initialized_data",
    "size_of_uninitialized_data",
    "size_of_image",
    "size_of_headers",
    "win32_version_value",
    "pointer_to_symbol_table",
    "pdb_path",
];

/// Files on which a field can be defined.
pub fn need<'a>(_: &mut Condition<'a, '_>, e: &'a Expr<'a>, scope: &Scope<'a>) -> Node {
    match steps(e, scope).as_slice() {
        [Step::Name("pe"), Step::Name(field), ..] if PE_SCALARS.contains(field) => pe_file(),
        // A member of a list or map exists only where the list is not empty.
        [
            Step::Name("pe"),
            Step::Name("sections" | "signatures" | "version_info" | "resources"),
            Step::Index,
            ..,
        ] => pe_file(),
        _ => all(),
    }
}

/// Files on which a comparison of a field with a text can be true.
pub fn text<'a>(_: &mut Condition<'a, '_>, op: Op, e: &'a Expr<'a>, value: &[u8], scope: &Scope<'a>) -> Node {
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
        Expr::FieldAccess(_) => match steps(e, scope).as_slice() {
            [Step::Name("pe"), Step::Name("is_pe")] => pe_file(),
            _ => all(),
        },
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
    let mut found = vec![pe_file()];
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
