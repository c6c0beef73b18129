//! Hex patterns.

use yara_x_parser::ast::{HexPattern, HexSubPattern, HexToken};

use super::node::Node;
use super::pieces::{self, Piece};
use super::strings::{ANY, Str, Sym};

/// The plan of one hex pattern, and the strings its matches begin with.
pub fn plan(pattern: &HexPattern<'_>) -> (Node, Vec<Str>) {
    let pieces = sequence(&pattern.sub_patterns);
    (pieces::plan(&pieces, false), pieces::starts(&pieces, false))
}

fn sequence(tokens: &HexSubPattern) -> Vec<Piece> {
    let mut out = Vec::with_capacity(tokens.len());
    for token in tokens.iter() {
        match token {
            HexToken::Byte(b) => out.push(byte(b.value, b.mask)),
            // Whatever byte it is not: a wildcard.
            HexToken::NotByte(_) => out.push(Piece::Set(vec![vec![ANY]])),
            HexToken::Jump(j) => out.extend(pieces::run(ANY, j.start.unwrap_or(0), j.end)),
            HexToken::Alternative(alt) => {
                out.push(pieces::choice(alt.alternatives.iter().map(sequence).collect(), false));
            }
        }
    }
    out
}

fn byte(value: u8, mask: u8) -> Piece {
    match mask {
        0x00 => Piece::Set(vec![vec![ANY]]),
        _ => Piece::Set((0..=255u8).filter(|b| b & mask == value & mask).map(|b| vec![Sym::of(b)]).collect()),
    }
}
