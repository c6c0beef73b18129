//! A small, slow and obvious evaluator of plans over bytes, and a short way to
//! print them.

use std::cell::RefCell;

use mews_yara::describe::{Describer, Fact};
use serde_json::Value;
use sha2::Digest;

/// Whether a file with these bytes satisfies the plan.
pub fn eval(plan: &Value, data: &[u8]) -> bool {
    if let Some(word) = plan.as_str() {
        return word == "all";
    }
    let (key, value) = entry(plan);
    match key {
        "lit" => {
            let (bytes, fold) = (unhex(value), plan["fold"].as_bool().unwrap());
            data.windows(bytes.len()).any(|w| if fold { w.eq_ignore_ascii_case(&bytes) } else { w == bytes })
        }
        "masked" => {
            let (bytes, mask) = (unhex(&value["bytes"]), unhex(&value["mask"]));
            assert!(bytes.len() == mask.len() && (1..=1024).contains(&bytes.len()), "{plan}");
            assert!(mask[0] != 0 && mask[mask.len() - 1] != 0, "{plan}");
            assert!(bytes.iter().zip(&mask).all(|(b, m)| b & !m == 0), "{plan}");
            data.windows(bytes.len()).any(|w| (0..w.len()).all(|i| w[i] & mask[i] == bytes[i]))
        }
        "size" => (value[0].as_u64().unwrap()..=value[1].as_u64().unwrap()).contains(&(data.len() as u64)),
        "head" => {
            let at = value["at"].as_u64().unwrap() as usize;
            let bytes = unhex(&value["hex"]);
            (data.get(at..at + bytes.len()) == Some(&bytes)) != value["not"].as_bool().unwrap()
        }
        "hash" => {
            assert_eq!(value["algo"], "sha256");
            sha2::Sha256::digest(data).to_vec() == unhex(&value["hex"])
        }
        "fact" => {
            let fact: Fact =
                (value["name"].as_str().unwrap().into(), value["value"].as_str().unwrap().into());
            facts_of(data, |facts| facts.contains(&fact))
        }
        "and" => value.as_array().unwrap().iter().all(|k| eval(k, data)),
        "or" => value.as_array().unwrap().iter().any(|k| eval(k, data)),
        "min" => {
            let kids = plan["of"].as_array().unwrap();
            kids.iter().filter(|k| eval(k, data)).count() as u64 >= value.as_u64().unwrap()
        }
        other => panic!("unknown node {other}"),
    }
}

/// Facts of the file asked about last, and what makes them.
struct Known {
    describer: Describer,
    data: Vec<u8>,
    facts: std::collections::BTreeSet<Fact>,
}

thread_local!(static KNOWN: RefCell<Option<Known>> = const { RefCell::new(None) });

/// What the describer says of a file.
pub fn facts_of<T>(data: &[u8], ask: impl FnOnce(&std::collections::BTreeSet<Fact>) -> T) -> T {
    KNOWN.with_borrow_mut(|known| {
        let known = known.get_or_insert_with(|| Known {
            describer: Describer::new(10).unwrap(),
            data: vec![],
            facts: Default::default(),
        });
        if known.data != data {
            known.facts = known.describer.facts(data).unwrap();
            known.data = data.to_vec();
        }
        ask(&known.facts)
    })
}

/// The member that names the node.
fn entry(plan: &Value) -> (&str, &Value) {
    let object = plan.as_object().unwrap();
    let keys = ["lit", "masked", "size", "head", "hash", "fact", "and", "or", "min"];
    let key = keys.into_iter().find(|k| object.contains_key(*k));
    let key = key.unwrap_or_else(|| panic!("unknown node {plan}"));
    (key, &plan[key])
}

fn unhex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// `*` all, `0` none, `'text'` or hex, `~` folded, `<...>` masked with `?` for a
/// half byte of any value and `byte/mask` for other masks, `[min..max]` size, `@at=hex`
/// and `@at!hex` head, `(a & b)`, `(a | b)`, `2{a, b, c}`.
pub fn show(plan: &Value) -> String {
    if let Some(word) = plan.as_str() {
        return if word == "all" { "*".into() } else { "0".into() };
    }
    let list = |v: &Value, sep: &str| v.as_array().unwrap().iter().map(show).collect::<Vec<_>>().join(sep);
    let (key, value) = entry(plan);
    match key {
        "lit" => {
            let bytes = unhex(value);
            let fold = if plan["fold"].as_bool().unwrap() { "~" } else { "" };
            let printable = bytes.iter().all(|b| (0x20..0x7f).contains(b));
            match printable {
                true => format!("{fold}'{}'", String::from_utf8(bytes).unwrap()),
                false => format!("{fold}{}", value.as_str().unwrap()),
            }
        }
        "masked" => {
            let pairs = unhex(&value["bytes"]).into_iter().zip(unhex(&value["mask"]));
            format!("<{}>", pairs.map(|(b, m)| show_masked(b, m)).collect::<Vec<_>>().join(" "))
        }
        "size" if value[1].as_u64() == Some(u64::MAX) => format!("[{}..]", value[0]),
        "size" => format!("[{}..{}]", value[0], value[1]),
        "head" => {
            let sign = if value["not"].as_bool().unwrap() { '!' } else { '=' };
            format!("@{}{sign}{}", value["at"], value["hex"].as_str().unwrap())
        }
        "hash" => format!("{}={}", value["algo"].as_str().unwrap(), value["hex"].as_str().unwrap()),
        "fact" => format!("{}={}", value["name"].as_str().unwrap(), value["value"]),
        "and" => format!("({})", list(value, " & ")),
        "or" => format!("({})", list(value, " | ")),
        _ => format!("{value}{{{}}}", list(&plan["of"], ", ")),
    }
}

fn show_masked(byte: u8, mask: u8) -> String {
    match mask {
        0xff => format!("{byte:02x}"),
        0xf0 => format!("{:x}?", byte >> 4),
        0x0f => format!("?{byte:x}"),
        0x00 => "??".into(),
        0xdf if byte.is_ascii_uppercase() => format!("~{}", byte.to_ascii_lowercase() as char),
        _ => format!("{byte:02x}/{mask:02x}"),
    }
}
