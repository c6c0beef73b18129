//! Text patterns and their modifiers.

use yara_x_parser::ast::{PatternModifier, PatternModifiers, TextPattern};

use super::base64;
use super::node::{HEAD, Node, folded, literal, or};
use super::strings::{Str, Sym};

/// The plan of one text pattern, and the strings its matches begin with.
/// `fullword` and `private` change nothing.
pub fn plan(pattern: &TextPattern<'_>) -> (Node, Vec<Str>) {
    let text: &[u8] = pattern.text.value.as_ref();
    let mods = &pattern.modifiers;
    let bases = bases(text, mods.ascii().is_some(), mods.wide().is_some());
    let forms = bases.iter().map(|b| form(pattern, b)).collect();
    (or(forms), bases.iter().map(|b| start(mods, b)).collect())
}

/// The bytes that a match begins with, none if they may be of many kinds.
fn start(mods: &PatternModifiers<'_>, base: &[u8]) -> Str {
    if mods.xor().is_some() || mods.base64().is_some() || mods.base64wide().is_some() {
        return vec![];
    }
    let sym = if mods.nocase().is_some() { Sym::any_case } else { Sym::of };
    base.iter().take(HEAD as usize).map(|b| sym(*b)).collect()
}

/// The forms that `ascii` and `wide` ask for.
fn bases(text: &[u8], ascii: bool, wide: bool) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    if wide {
        out.push(widen(text));
    }
    if ascii || !wide {
        out.push(text.to_vec());
    }
    out
}

/// Each byte followed by a zero byte.
pub fn widen(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|b| [*b, 0]).collect()
}

fn form(pattern: &TextPattern<'_>, base: &[u8]) -> Node {
    let mods = &pattern.modifiers;
    if let Some(PatternModifier::Xor { start, end, .. }) = mods.xor() {
        let keyed = |key: u8| literal(&base.iter().map(|b| b ^ key).collect::<Vec<_>>());
        return or((*start..=*end).map(keyed).collect());
    }
    if mods.nocase().is_some() {
        return folded(base);
    }
    let mut encoded = Vec::new();
    if let Some(PatternModifier::Base64 { alphabet, .. }) = mods.base64() {
        encoded.push(base64::plan(base, alphabet.as_ref(), false));
    }
    if let Some(PatternModifier::Base64Wide { alphabet, .. }) = mods.base64wide() {
        encoded.push(base64::plan(base, alphabet.as_ref(), true));
    }
    if encoded.is_empty() { literal(base) } else { or(encoded) }
}
