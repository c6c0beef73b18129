//! Text patterns and their modifiers.

use yara_x_parser::ast::{PatternModifier, TextPattern};

use super::base64;
use super::node::{Node, folded, literal, or};

/// The plan of one text pattern. `fullword` and `private` change nothing.
pub fn plan(pattern: &TextPattern<'_>) -> Node {
    let text: &[u8] = pattern.text.value.as_ref();
    let mods = &pattern.modifiers;
    let forms: Vec<Node> =
        bases(text, mods.ascii().is_some(), mods.wide().is_some()).iter().map(|b| form(pattern, b)).collect();
    or(forms)
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
