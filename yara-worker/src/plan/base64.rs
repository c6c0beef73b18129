//! `base64` and `base64wide`: the encoded forms that a text leaves in whatever
//! was encoded around it.

use yara_x_parser::ast::LiteralString;

use super::node::{Node, all, literal, or};
use super::text::widen;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Or over the three alignments, each without the characters that depend on the
/// neighbours of the text. The plain text itself is not searched.
pub fn plan(text: &[u8], alphabet: Option<&LiteralString<'_>>, wide: bool) -> Node {
    let table: &[u8] = alphabet.map_or(STANDARD, |a| a.value.as_ref());
    if table.len() != 64 {
        return all();
    }
    or((0..3).map(|before| alignment(text, before, table, wide)).collect())
}

fn alignment(text: &[u8], before: usize, table: &[u8], wide: bool) -> Node {
    let sure = sure_characters(text, before, table);
    if !wide {
        return literal(&sure);
    }
    // In the wide form the engine reads whole groups of four characters and
    // skips `=` wherever it stands, so a match may have as many `=` inside as
    // the last group has characters to spare: one of the pieces is unbroken.
    let needed = (before + text.len()) * 8;
    let spare = (4 - needed.div_ceil(6) % 4) % 4;
    let piece = sure.len() / (spare + 1);
    if piece == 0 {
        return all();
    }
    let pieces = (0..=spare).map(|i| {
        let end = if i == spare { sure.len() } else { (i + 1) * piece };
        let mut bytes = widen(&sure[i * piece..end]);
        // A file may end before the zero byte of the last character.
        bytes.truncate(bytes.len() - usize::from(i == spare));
        literal(&bytes)
    });
    or(pieces.collect())
}

/// The characters whose six bits all come from the text, when `before` bytes of
/// the first group of three stand before it.
fn sure_characters(text: &[u8], before: usize, table: &[u8]) -> Vec<u8> {
    let bit = |i: usize| (text[i / 8] >> (7 - i % 8)) & 1;
    let first = (before * 8).div_ceil(6);
    let last = (before + text.len()) * 8 / 6;
    (first..last)
        .map(|c| {
            let start = c * 6 - before * 8;
            let value = (start..start + 6).fold(0, |v, i| v << 1 | bit(i));
            table[usize::from(value)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_alignments() {
        let sure = |before| String::from_utf8(sure_characters(b"ipsum", before, STANDARD)).unwrap();
        assert_eq!(sure(0), "aXBzdW");
        assert_eq!(sure(1), "lwc3Vt");
        assert_eq!(sure(2), "pcHN1b");
    }
}
