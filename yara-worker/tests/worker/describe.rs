//! Facts: what the engine says of files, said beforehand. Whatever a comparison
//! in a rule finds must be found among the facts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use mews_yara::describe::{self, COMMON, Describer, Fact};
use mews_yara::engine::{self, Compiled, Scan};
use mews_yara::frame::Kind;
use mews_yara::message::Limits;
use mews_yara::plan;
use mews_yara::plan::constants::CONSTANTS;
use mews_yara::source::Source;
use serde_json::{Value, json};
use yara_x::mods::reflect::{Struct, Type};

use crate::client::Worker;
use crate::eval::{eval, facts_of, show};
use crate::files::{accepted, mutated};
use crate::random::Rng;

const MODULES: [&str; 6] = ["pe", "elf", "macho", "dotnet", "dex", "lnk"];

type Scalars = BTreeMap<String, Type>;

/// Every field of the modules that is one value and no constant.
fn scalars() -> Scalars {
    fn walk(path: String, of: &Struct, out: &mut Scalars) {
        for f in of.fields() {
            let path = format!("{path}.{}", f.name());
            match f.ty() {
                Type::Struct(inner) => walk(path, &inner, out),
                Type::Array(_) | Type::Map(..) | Type::Func(_) | Type::Regexp => {}
                _ if f.is_const() => {}
                other => {
                    out.insert(path, other);
                }
            }
        }
    }
    let mut out = Scalars::new();
    for module in MODULES {
        walk(module.into(), &yara_x::mods::module_definition(module).unwrap(), &mut out);
    }
    out
}

/// One rule for each condition, `r0` on.
fn source(conditions: &[String]) -> String {
    let imports: String = MODULES.iter().map(|m| format!("import \"{m}\"\n")).collect();
    let rules = conditions.iter().enumerate().map(|(i, c)| format!("rule r{i} {{ condition: {c} }}\n"));
    imports + &rules.collect::<String>()
}

fn compile(text: &str) -> (Compiled, Vec<Value>) {
    let source = Source::new(text);
    let compiled = engine::compile(&source, &BTreeMap::new()).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
    let plans = plan::rules(&source, &BTreeMap::new()).iter().map(|p| p.plan.json()).collect();
    (compiled, plans)
}

/// Numbers of the rules that are true.
fn matching(scan: &mut Scan<'_>, data: &[u8]) -> Vec<usize> {
    let verdict = scan.file(0, data);
    assert_eq!(verdict.reason, "");
    verdict.rules.iter().map(|r| r.name[1..].parse().unwrap()).collect()
}

fn seeded() -> Rng {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = std::env::var("MEWS_SEED").ok().and_then(|v| v.parse().ok()).unwrap_or(now);
    println!("seed={seed}");
    Rng(seed)
}

fn quoted(text: &str) -> String {
    let escaped: String = text.bytes().map(|b| format!("\\x{b:02x}")).collect();
    format!("\"{escaped}\"")
}

/// A condition that is true where the fact is. The other form reaches lists by a
/// loop.
fn condition(scalars: &Scalars, (name, value): &Fact, other: bool) -> String {
    let call = ["imphash", "is_dll", "is_32bit", "is_64bit", "import_md5", "telfhash", "dylib_hash"];
    let call = call.iter().chain(&["entitlement_hash", "export_hash", "import_hash", "symhash"]);
    let last = name.rsplit('.').next().unwrap();
    let flag = last.starts_with("is_");
    let path = match name.strip_prefix("pe.version_info.") {
        Some(key) => format!("pe.version_info[{}]", quoted(key)),
        None if call.into_iter().any(|c| *c == last) => format!("{name}()"),
        None => name.clone(),
    };
    if flag {
        return path;
    }
    // The engine writes this digest in capitals, facts do not.
    let value = if last == "telfhash" { value.to_ascii_uppercase() } else { value.clone() };
    let number = scalars.get(name).is_some_and(|ty| *ty == Type::Integer);
    let right = if number { value.clone() } else { quoted(&value) };
    if let Some(member) = name.strip_prefix("pe.signatures.") {
        return match other {
            true => format!("for any s in pe.signatures : (s.{member} == {right})"),
            false => format!("pe.signatures[0].{member} == {right}"),
        };
    }
    match (name == "dotnet.guids", other) {
        (true, true) => format!("for any g in dotnet.guids : ({right} == g)"),
        (true, false) => format!("dotnet.guids[0] == {right}"),
        (_, true) => format!("with x = {path} : (x == {right})"),
        _ => format!("{path} == {right}"),
    }
}

#[test]
fn facts_hold_for_every_match() {
    let mut rng = seeded();
    let files = accepted();
    let mut pool: BTreeSet<Fact> = COMMON.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    for data in &files {
        facts_of(data, |facts| pool.extend(facts.iter().cloned()));
    }
    let names: BTreeSet<&str> = pool.iter().map(|f| f.0.as_str()).collect();
    println!("{} files, {} facts of {} fields: {names:?}", files.len(), pool.len(), names.len());
    assert!(names.len() > 20, "too few fields are tried");
    let mut conditions: Vec<String> = vec![];
    let scalars = scalars();
    for (name, ty) in &scalars {
        conditions.push(match ty {
            Type::Integer => format!("{name} + 1 > 0"),
            Type::Bool => name.clone(),
            Type::String => format!("{name} contains \"\""),
            _ => format!("{name} >= 0.0"),
        });
    }
    conditions.push("pe.machine == pe.MACHINE_AMD64 and pe.is_dll()".into());
    conditions.push("elf.machine == elf.EM_X86_64 or macho.cputype == macho.CPU_TYPE_X86_64".into());
    conditions.push("for all s in pe.signatures : (s.thumbprint == \"aa\")".into());
    conditions.push("for all g in dotnet.guids : (g == \"aa\")".into());
    conditions.push("not pe.is_pe and not (elf.type == elf.ET_DYN)".into());
    conditions
        .extend(pool.iter().flat_map(|f| [condition(&scalars, f, false), condition(&scalars, f, true)]));
    let mut matches = 0;
    for part in conditions.chunks(900) {
        let (compiled, plans) = compile(&source(part));
        let mut scan = Scan::new(&compiled, Limits::default());
        for data in &files {
            for round in 0..6 {
                let data = if round == 0 { data.clone() } else { mutated(&mut rng, data) };
                for i in matching(&mut scan, &data) {
                    matches += 1;
                    assert!(eval(&plans[i], &data), "{}\nplan {}", part[i], show(&plans[i]));
                }
            }
        }
    }
    println!("{matches} matches of {} conditions", conditions.len());
    assert!(matches > 5_000);
}

#[test]
fn every_fact_can_be_asked_for() {
    let scalars = scalars();
    for data in accepted() {
        let facts = facts_of(&data, |facts| facts.iter().cloned().collect::<Vec<_>>());
        let conditions: Vec<String> = facts.iter().map(|f| condition(&scalars, f, true)).collect();
        let (compiled, plans) = compile(&source(&conditions));
        let found = matching(&mut Scan::new(&compiled, Limits::default()), &data);
        for (i, (name, value)) in facts.iter().enumerate() {
            assert!(found.contains(&i) || value.contains('\u{fffd}'), "{} is not true", conditions[i]);
            assert!(show(&plans[i]).contains(&format!("{name}=")), "{name}={value}: {}", show(&plans[i]));
        }
    }
}

#[test]
fn foreign_files_have_the_common_facts() {
    let mut rng = seeded();
    let mut conditions: Vec<String> =
        COMMON.iter().map(|(n, v)| condition(&scalars(), &(n.to_string(), v.to_string()), false)).collect();
    let flags: Vec<String> = MODULES.iter().map(|m| format!("{m}.is_{m}")).collect();
    conditions.extend(scalars().keys().filter(|s| !flags.contains(s)).map(|s| format!("defined {s}")));
    let (compiled, _) = compile(&source(&conditions));
    let mut scan = Scan::new(&compiled, Limits::default());
    let mut describer = Describer::new(10).unwrap();
    let starts: Vec<&[u8]> = MODULES.iter().flat_map(|m| describe::starts(m).iter().copied()).collect();
    let mut files: Vec<Vec<u8>> = starts.iter().flat_map(|s| (0..s.len()).map(|n| s[..n].to_vec())).collect();
    files.extend((0..2_000).map(|i| (0..i % 300).map(|_| rng.next() as u8).collect()));
    for data in accepted() {
        for _ in 0..8 {
            let mut data = data.clone();
            data[rng.below(4) as usize] ^= 1 << rng.below(8);
            files.push(data);
        }
    }
    files.retain(|f| !starts.iter().any(|s| f.starts_with(s)));
    for data in &files {
        assert_eq!(describer.facts(data).unwrap(), BTreeSet::new(), "{:?}", data.escape_ascii());
        let found = matching(&mut scan, data);
        assert_eq!(found, (0..COMMON.len()).collect::<Vec<_>>(), "{:?}", data.escape_ascii());
    }
    println!("{} files", files.len());
}

#[test]
fn constants_are_the_engines() {
    let conditions: Vec<String> =
        CONSTANTS.iter().map(|(name, value)| format!("{name} == {value}")).collect();
    assert!(CONSTANTS.is_sorted());
    let imports: String = MODULES.iter().map(|m| format!("import \"{m}\"\n")).collect();
    let rules: String =
        conditions.iter().enumerate().map(|(i, c)| format!("rule r{i} {{ condition: {c} }}")).collect();
    let text = imports + &rules;
    let compiled = engine::compile(&Source::new(&text), &BTreeMap::new()).unwrap();
    let found = matching(&mut Scan::new(&compiled, Limits::default()), b"");
    assert_eq!(found.len(), conditions.len());
}

#[test]
fn plans_ask_for_facts() {
    for (condition, want) in [
        ("pe.imphash() == \"ABCD\"", "(@0=4d5a & pe.imphash=\"abcd\")"),
        ("\"x\" == pe.imphash()", "(@0=4d5a & pe.imphash=\"x\")"),
        ("pe.machine == pe.MACHINE_AMD64", "(@0=4d5a & pe.is_pe=\"true\" & pe.machine=\"34404\")"),
        ("pe.is_pe", "(@0=4d5a & pe.is_pe=\"true\")"),
        ("not pe.is_pe", "*"),
        ("pe.machine != pe.MACHINE_AMD64", "(@0=4d5a & pe.is_pe=\"true\")"),
        ("pe.is_dll()", "(@0=4d5a & pe.is_dll=\"true\")"),
        ("not pe.is_dll()", "*"),
        ("elf.type == elf.ET_EXEC", "(@0=7f454c46 & elf.type=\"2\")"),
        ("elf.import_md5() == \"d41d8cd98f00b204e9800998ecf8427e\"", "*"),
        ("dotnet.module_name == \"a\"", "(@0=4d5a & dotnet.is_dotnet=\"true\" & dotnet.module_name=\"a\")"),
        (
            "for any s in pe.signatures : (s.thumbprint == \"aa\")",
            "(@0=4d5a & pe.is_pe=\"true\" & pe.signatures.thumbprint=\"aa\")",
        ),
        (
            "for all s in pe.signatures : (s.thumbprint == \"aa\")",
            "(@0=4d5a & pe.is_pe=\"true\" & pe.signatures.thumbprint=\"aa\")",
        ),
        ("pe.MACHINE_AMD64 == 34404", "*"),
        ("with pe = elf : (pe.type == 2)", "(@0=7f454c46 & elf.type=\"2\")"),
    ] {
        let (_, plans) = compile(&source(&[condition.into()]));
        assert_eq!(show(&plans[0]), want, "{condition}");
    }
    let long = format!("pe.pdb_path == \"{}\"", "x".repeat(describe::MAX_VALUE + 1));
    assert!(!show(&compile(&source(&[long])).1[0]).contains("pdb_path"));
}

#[test]
fn describes_file_after_file() {
    let mut worker = Worker::start();
    let version = worker.hello["facts"].as_str().unwrap().to_string();
    assert_eq!(version, describe::version());
    worker.send_json(Kind::Describe, &json!({"limits": {"file_seconds": 5}}));
    for data in accepted().iter().take(8).chain([&vec![], &b"text".to_vec()]) {
        worker.send_file(9, data);
        let (kind, reply) = worker.receive().unwrap();
        assert_eq!((kind, &reply["id"], &reply["reason"]), (Kind::Facts, &json!(9), &json!("")));
        let got: BTreeSet<Fact> = serde_json::from_value(reply["facts"].clone()).unwrap();
        facts_of(data, |want| assert_eq!(&got, want));
    }
    worker.send(Kind::Bye, b"");
    assert_eq!(worker.close(), (std::os::unix::process::ExitStatusExt::from_raw(0), String::new()));
}

#[test]
fn refuses_a_broken_wish() {
    for wish in [json!({"limits": {"file_seconds": 0}}), json!({"rules": []})] {
        let mut worker = Worker::start();
        worker.send_json(Kind::Describe, &wish);
        assert!(worker.receive().is_none());
        assert_eq!(worker.close().0.code(), Some(2));
    }
}
