//! test/rules/modules holds a rule for every field, constant and function of the
//! engine's modules. It is made from what the engine says of itself, so a new
//! version of the engine that knows more makes this test fail until the rules are
//! made again: MEWS_REWRITE=1 cargo test modules.

use std::fmt::Write as _;
use std::path::Path;

use mews_yara::message::MODULES;
use yara_x::mods::reflect::{Field, Struct, Type};

/// Words of the language, which no rule can name as a field.
const WORDS: [&str; 2] = ["filesize", "strings"];

/// Constants that one rule compares.
const CONSTANTS: usize = 60;

#[test]
fn every_field_of_every_module_has_a_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test/rules/modules");
    let mut stale = vec![];
    for module in MODULES {
        let definition = yara_x::mods::module_definition(module).expect("a listed module");
        let text = Writer::new(module).write(&definition);
        let file = folder.join(format!("{module}.yar"));
        if std::env::var_os("MEWS_REWRITE").is_some() {
            std::fs::write(&file, &text).expect("write the rules");
        } else if std::fs::read_to_string(&file).unwrap_or_default() != text {
            stale.push(file);
        }
    }
    assert!(stale.is_empty(), "stale: {stale:?}; MEWS_REWRITE=1 makes them again");
}

/// Writes the rules of one module.
struct Writer {
    module: &'static str,
    out: String,
}

/// The way to a value: an expression with one hole, the loops around it, and a
/// name for the rule.
#[derive(Clone)]
struct Way {
    expr: String,
    open: String,
    close: String,
    name: String,
    loops: usize,
}

impl Way {
    fn field(&self, name: &str) -> Self {
        Self { expr: format!("{}.{name}", self.expr), name: format!("{}_{name}", self.name), ..self.clone() }
    }

    /// The elements of an array, or the values of a map when keys are named too.
    fn each(&self, keys: Option<&str>) -> Self {
        let x = format!("x{}", self.loops);
        let vars = keys.map_or(x.clone(), |k| format!("{k}, {x}"));
        Self {
            open: format!("{}for any {vars} in {} : ( ", self.open, self.expr),
            close: format!(" ){}", self.close),
            expr: x,
            name: self.name.clone(),
            loops: self.loops + 1,
        }
    }

    fn named(&self, suffix: &str) -> Self {
        Self { name: format!("{}_{suffix}", self.name), ..self.clone() }
    }
}

impl Writer {
    fn new(module: &'static str) -> Self {
        let mut out = format!("// Every field, constant and function of the module {module}. Made by\n");
        out.push_str("// yara-worker/tests/worker/modules.rs from what the engine says of itself.\n");
        writeln!(out, "import \"{module}\"").expect("a string");
        Self { module, out }
    }

    fn write(mut self, definition: &Struct) -> String {
        let root = Way {
            expr: self.module.into(),
            open: String::new(),
            close: String::new(),
            name: self.module.into(),
            loops: 0,
        };
        self.fields(&root, definition);
        self.out
    }

    fn fields(&mut self, way: &Way, of: &Struct) {
        let (constants, fields): (Vec<Field<'_>>, Vec<_>) = of
            .fields()
            .filter(|f| !WORDS.contains(&f.name()))
            .partition(|f| f.is_const() && !matches!(f.ty(), Type::Struct(_) | Type::Func(_)));
        let integers: Vec<_> =
            constants.iter().filter(|f| f.ty() == Type::Integer).map(|f| way.field(f.name()).expr).collect();
        for (no, chunk) in integers.chunks(CONSTANTS).enumerate() {
            let all =
                Way { expr: format!("({})", chunk.join(", ")), ..way.named(&format!("_constants_{no}")) };
            let each = all.each(None);
            self.rule(&each, &format!("{} == filesize", each.expr));
        }
        for field in fields {
            self.value(&way.field(field.name()), &field.ty());
        }
    }

    fn value(&mut self, way: &Way, ty: &Type) {
        match ty {
            Type::Integer => self.rule(way, &format!("{} == 7", way.expr)),
            Type::Float => self.rule(way, &format!("{} > 0.5", way.expr)),
            Type::Bool => self.rule(way, &way.expr),
            Type::String => {
                self.rule(way, &format!("{} == \"mews\"", way.expr));
                self.rule(&way.named("_contains"), &format!("{} icontains \"mews is here\"", way.expr));
            }
            Type::Regexp => {}
            Type::Struct(fields) => self.fields(way, fields),
            Type::Array(item) => {
                self.rule(&way.named("_len"), &format!("{}.len() == 7", way.expr));
                self.value(&way.each(None), item);
            }
            Type::Map(key, item) => {
                let k = format!("k{}", way.loops);
                let each = way.each(Some(&k));
                let key = if **key == Type::String { "\"mews\"" } else { "7" };
                self.rule(&each.named("_key"), &format!("{k} == {key}"));
                self.value(&each, item);
            }
            Type::Func(function) => {
                for (no, signature) in function.signatures.iter().enumerate() {
                    // A method of an element names the element first; rules do not.
                    let own = usize::from(way.loops > 0);
                    let args: Vec<_> = signature.args().skip(own).map(|(_, ty)| argument(ty)).collect();
                    let call = Way {
                        expr: format!("{}({})", way.expr, args.join(", ")),
                        ..way.named(&format!("_{no}"))
                    };
                    self.value(&call, signature.ret_type());
                }
            }
        }
    }

    fn rule(&mut self, way: &Way, condition: &str) {
        writeln!(
            self.out,
            "\nrule {} {{\n  condition:\n    {}{condition}{}\n}}",
            way.name, way.open, way.close
        )
        .expect("a string");
    }
}

fn argument(ty: &Type) -> &'static str {
    match ty {
        Type::Integer => "7",
        Type::Float => "0.5",
        Type::Bool => "true",
        Type::Regexp => "/mews is here/",
        _ => "\"mews\"",
    }
}
