//! Hex patterns.

use yara_x_parser::ast::{HexPattern, HexSubPattern, HexToken};

use super::node::Node;
use super::pieces::{self, Piece, Sym};

/// The plan of one hex pattern.
pub fn plan(pattern: &HexPattern<'_>) -> Node {
    pieces::plan(&sequence(&pattern.sub_patterns), false)
}

fn sequence(tokens: &HexSubPattern) -> Vec<Piece> {
    let mut out = Vec::with_capacity(tokens.len());
    for token in tokens.iter() {
        out.push(match token {
            HexToken::Byte(b) => byte(b.value, b.mask),
            // Whatever byte it is not: a wildcard.
            HexToken::NotByte(_) | HexToken::Jump(_) => Piece::Gap,
            HexToken::Alternative(alt) => {
                pieces::choice(alt.alternatives.iter().map(sequence).collect(), false)
            }
        });
    }
    out
}

fn byte(value: u8, mask: u8) -> Piece {
    match mask {
        0xff => pieces::fixed(&[value]),
        0x00 => Piece::Gap,
        _ => Piece::Set(
            (0..=255u8)
                .filter(|b| b & mask == value & mask)
                .map(|b| vec![Sym { byte: b, fold: false }])
                .collect(),
        ),
    }
}
