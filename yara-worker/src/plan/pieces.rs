//! From a sequence of pieces - fixed strings, small sets of strings, gaps - to
//! the literals that a match must hold. Hex patterns and regular expressions
//! both end here.
//!
//! Adjacent sets are multiplied out while that stays small. Strings of one run
//! stand side by side in the file, so a run is Or over its strings; runs are
//! ANDed, because nothing is known about what lies between them.

use super::node::{Node, all, and, folded, literal, or};
use super::text::widen;

/// Strings of one run after multiplying out.
const MAX_PRODUCT: usize = 64;
/// Alternatives of one leaf.
const MAX_ALTERNATIVES: usize = 4_096;
/// Longest string worth building; the index sees 65 bytes at a time.
const MAX_STRING: usize = 1_024;
/// Sets of more members than this are not expanded beside a long fixed string.
const CHEAP_SET: usize = 4;
/// A fixed string of this many bytes filters well enough alone.
const STRONG: usize = 5;

/// One byte of a string; with `fold` an ASCII letter of either case, kept in
/// lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sym {
    pub byte: u8,
    pub fold: bool,
}

/// A string of a set.
pub type Str = Vec<Sym>;

/// One step of a sequence.
#[derive(Clone, Debug)]
pub enum Piece {
    /// One of these strings, all of them known. Never empty.
    Set(Vec<Str>),
    /// Anything of any length.
    Gap,
    /// Anything whose presence implies this plan.
    Sub(Node),
}

/// A fixed string.
pub fn fixed(bytes: &[u8]) -> Piece {
    Piece::Set(vec![bytes.iter().map(|b| Sym { byte: *b, fold: false }).collect()])
}

/// One piece for a choice between sequences: a set if it is small and all its
/// strings are known, otherwise the Or of the sequences' plans.
pub fn choice(branches: Vec<Vec<Piece>>, wide: bool) -> Piece {
    let mut strings = Vec::new();
    for branch in &branches {
        match finite(branch) {
            Some(set) if strings.len() + set.len() <= MAX_PRODUCT => strings.extend(set),
            _ => {
                strings.clear();
                break;
            }
        }
    }
    if !strings.is_empty() {
        return Piece::Set(strings);
    }
    if branches.is_empty() || branches.len() > MAX_ALTERNATIVES {
        return Piece::Gap;
    }
    let plan = or(branches.iter().map(|b| self::plan(b, wide)).collect());
    if plan.cost().literals as usize > MAX_ALTERNATIVES { Piece::Gap } else { Piece::Sub(plan) }
}

/// All strings of a sequence, if they are known and few.
pub fn finite(pieces: &[Piece]) -> Option<Vec<Str>> {
    pieces.iter().try_fold(vec![Str::new()], |run, piece| match piece {
        Piece::Set(set) => product(&run, set),
        _ => None,
    })
}

fn product(run: &[Str], set: &[Str]) -> Option<Vec<Str>> {
    if run.len() * set.len() > MAX_PRODUCT {
        return None;
    }
    let out: Vec<Str> = run.iter().flat_map(|a| set.iter().map(|b| [a.as_slice(), b].concat())).collect();
    out.iter().all(|s| s.len() <= MAX_STRING).then_some(out)
}

/// The plan of a sequence; with `wide` every byte is followed by a zero byte.
pub fn plan(pieces: &[Piece], wide: bool) -> Node {
    let mut parts = Vec::new();
    for run in pieces.split(|p| !matches!(p, Piece::Set(_))) {
        let sets: Vec<&Vec<Str>> =
            run.iter().filter_map(|p| if let Piece::Set(s) = p { Some(s) } else { None }).collect();
        run_parts(&sets, wide, &mut parts);
    }
    for piece in pieces {
        if let Piece::Sub(node) = piece {
            parts.push(node.clone());
        }
    }
    let node = and(parts);
    if node.cost().literals as usize > MAX_ALTERNATIVES { all() } else { node }
}

fn run_parts(sets: &[&Vec<Str>], wide: bool, parts: &mut Vec<Node>) {
    let sets = join_fixed(sets);
    let strong = |i: Option<usize>| {
        i.and_then(|i| sets.get(i))
            .is_some_and(|s| s.len() == 1 && s[0].len() * (1 + usize::from(wide)) >= STRONG)
    };
    let mut run: Vec<Str> = vec![Str::new()];
    for (i, set) in sets.iter().enumerate() {
        if set.len() > CHEAP_SET && (strong(i.checked_sub(1)) || strong(Some(i + 1))) {
            parts.push(strings(&run, wide));
            parts.push(strings(set, wide));
            run = vec![Str::new()];
            continue;
        }
        run = match product(&run, set) {
            Some(longer) => longer,
            None => {
                parts.push(strings(&run, wide));
                // The fixed string before a set stands beside it as well.
                let before = i.checked_sub(1).map(|b| &sets[b]).filter(|b| b.len() == 1);
                before.and_then(|b| product(b, set)).unwrap_or_else(|| set.clone())
            }
        };
    }
    parts.push(strings(&run, wide));
}

/// Joins neighbouring sets of one string.
fn join_fixed(sets: &[&Vec<Str>]) -> Vec<Vec<Str>> {
    let mut out: Vec<Vec<Str>> = Vec::new();
    for set in sets {
        match (out.last_mut(), set.as_slice()) {
            (Some(last), [only]) if last.len() == 1 && last[0].len() + only.len() <= MAX_STRING => {
                last[0].extend(only);
            }
            _ => out.push((*set).clone()),
        }
    }
    out
}

/// Or over strings; `All` as soon as one of them is too short to look for.
fn strings(set: &[Str], wide: bool) -> Node {
    or(set.iter().map(|s| string(s, wide)).collect())
}

fn string(syms: &[Sym], wide: bool) -> Node {
    let bytes: Vec<u8> = syms.iter().map(|s| s.byte).collect();
    let bytes = if wide { widen(&bytes) } else { bytes };
    if !syms.iter().any(|s| s.fold) {
        return literal(&bytes);
    }
    folded(&bytes)
}
