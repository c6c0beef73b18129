//! From a sequence of pieces - small sets of strings, short runs, gaps - to the
//! leaves that a match must satisfy. Hex patterns and regular expressions both
//! end here.
//!
//! What has a fixed place relative to its neighbours is one stretch and becomes
//! one string, known in part where it must be: the index then asks for all its
//! runs in one column, and the confirmer sees the pattern itself. Alternatives
//! are written out while that stays small. Stretches are ANDed, because nothing
//! is known about what lies between them.

use super::node::{HEAD, Node, all, and, head, or};
use super::strings::{ANY, Str, Sym, any_of, share_of};

/// Strings of one stretch after multiplying out.
const MAX_PRODUCT: usize = 64;
/// Alternatives of one leaf.
const MAX_ALTERNATIVES: usize = 4_096;
/// Longest stretch.
pub const MAX_STRING: usize = 1_024;
/// Strings by which a pattern may begin that are worth comparing with the head
/// of a file.
const MAX_STARTS: usize = 16;
/// A run that varies by more than this in length is a gap.
pub const MAX_SPREAD: u32 = 3;
/// Where a stretch leaves less than this to verify, it needs no help.
const ENOUGH: f64 = 0.01;
/// A string that leaves less than this is in hardly any file by chance.
const RARE: f64 = 0.000_1;
/// Lengths of one stretch that are written out.
const MAX_LENGTHS: usize = 16;
/// Sets of single bytes that are tried one by one, of one stretch.
const MAX_TRIED: usize = 8;

/// One step of a sequence.
#[derive(Clone, Debug)]
pub enum Piece {
    /// One of these strings, all of them known. Never empty.
    Set(Vec<Str>),
    /// Between none and so many copies, at most `MAX_SPREAD`.
    UpTo(Sym, u32),
    /// Anything of any length.
    Gap,
    /// Anything whose presence implies this plan.
    Sub(Node),
}

/// Between `min` and `max` bytes of this kind.
pub fn run(sym: Sym, min: u32, max: Option<u32>) -> Vec<Piece> {
    let copies = (min as usize).min(MAX_STRING);
    let same = || Piece::Set(vec![vec![sym; copies]]);
    match max.and_then(|m| m.checked_sub(min)) {
        Some(0) if copies as u32 == min => vec![same()],
        Some(spread @ 1..=MAX_SPREAD) if copies as u32 == min => vec![same(), Piece::UpTo(sym, spread)],
        _ if sym == ANY => vec![Piece::Gap],
        _ => vec![same(), Piece::Gap, same()],
    }
}

/// One piece for a choice between sequences: a set if it is small and all its
/// strings are known, otherwise the Or of the sequences' plans.
pub fn choice(branches: Vec<Vec<Piece>>, wide: bool) -> Piece {
    let mut strings = Some(Vec::new());
    for branch in &branches {
        strings = strings.zip(finite(branch)).map(|(all, more)| [all, more].concat());
        strings = strings.filter(|s| s.len() <= MAX_PRODUCT);
    }
    if let Some(strings) = strings.filter(|s| !s.is_empty()) {
        return Piece::Set(strings);
    }
    if branches.is_empty() || branches.len() > MAX_ALTERNATIVES {
        return Piece::Gap;
    }
    let plan = or(branches.iter().map(|b| self::plan(b, wide)).collect());
    if plan.cost().literals as usize > MAX_ALTERNATIVES { Piece::Gap } else { Piece::Sub(plan) }
}

/// All strings of a sequence, if they are known and few; else, of sets of single
/// bytes, what is common to them.
pub fn finite(pieces: &[Piece]) -> Option<Vec<Str>> {
    let all = |covered: bool| {
        pieces.iter().try_fold(vec![Str::new()], |run, piece| match piece {
            Piece::Set(set) if covered && of_bytes(set) => product(&run, &cover(set)),
            Piece::Set(set) => product(&run, set),
            Piece::UpTo(sym, most) => product(&run, &lengths(*sym, *most)),
            _ => None,
        })
    };
    all(false).or_else(|| all(true))
}

fn lengths(sym: Sym, most: u32) -> Vec<Str> {
    (0..=most as usize).map(|n| vec![sym; n]).collect()
}

fn product(run: &[Str], set: &[Str]) -> Option<Vec<Str>> {
    if run.len() * set.len() > MAX_PRODUCT {
        return None;
    }
    let out: Vec<Str> = run.iter().flat_map(|a| set.iter().map(|b| [a.as_slice(), b].concat())).collect();
    out.iter().all(|s| s.len() <= MAX_STRING).then_some(out)
}

/// Whether the set is one byte of several values.
fn of_bytes(set: &[Str]) -> bool {
    set.len() > 1 && set.iter().all(|s| s.len() == 1)
}

/// The one string that is common to strings of one length.
fn cover(set: &[Str]) -> Vec<Str> {
    let both = |a: Str, b: &Str| a.iter().zip(b).map(|(x, y)| x.cover(*y)).collect();
    set.iter().skip(1).fold(set.first().cloned(), |a, b| a.map(|a| both(a, b))).into_iter().collect()
}

/// The plan of a sequence; with `wide` every byte is followed by a zero byte.
pub fn plan(pieces: &[Piece], wide: bool) -> Node {
    let mut parts = Vec::new();
    for group in pieces.split(|p| matches!(p, Piece::Gap | Piece::Sub(_))) {
        for sets in stretches(group, wide) {
            stretch(&sets, wide, &mut parts);
        }
    }
    for piece in pieces {
        if let Piece::Sub(node) = piece {
            parts.push(node.clone());
        }
    }
    let node = and(parts);
    if node.cost().literals as usize > MAX_ALTERNATIVES { all() } else { node }
}

/// Cuts a group at its runs of open length, or writes the lengths out: as one
/// string the neighbours are asked for in one column, which is worth much unless
/// each of them is rare by itself.
fn stretches(group: &[Piece], wide: bool) -> Vec<Vec<Vec<Str>>> {
    let mut segments = group.split(|p| matches!(p, Piece::UpTo(..))).map(|segment| {
        let sets = segment.iter().filter_map(|p| if let Piece::Set(s) = p { Some(s) } else { None });
        join_fixed(sets)
    });
    let weak = |sets: &[Vec<Str>]| left_by(&build(sets, &[]), wide) > RARE;
    let runs = group.iter().filter_map(|p| if let Piece::UpTo(sym, n) = p { Some((*sym, *n)) } else { None });
    let mut last = segments.next().unwrap_or_default();
    let (mut last_weak, mut lengths_of_last) = (weak(&last), 1);
    let mut out = Vec::new();
    for ((sym, most), next) in runs.zip(segments) {
        let next_weak = weak(&next);
        lengths_of_last *= most as usize + 1;
        let few = lengths_of_last <= MAX_LENGTHS;
        if few && (last_weak || next_weak) && !last.is_empty() && !next.is_empty() {
            last.push(lengths(sym, most));
            last.extend(next);
        } else {
            out.push(std::mem::replace(&mut last, next));
            lengths_of_last = 1;
        }
        last_weak = next_weak;
    }
    out.push(last);
    out
}

/// Joins neighbouring sets of one string.
fn join_fixed<'s>(sets: impl Iterator<Item = &'s Vec<Str>>) -> Vec<Vec<Str>> {
    let mut out: Vec<Vec<Str>> = Vec::new();
    for set in sets {
        match (out.last_mut(), set.as_slice()) {
            (Some(last), [only]) if last.len() == 1 && last[0].len() + only.len() <= MAX_STRING => {
                last[0].extend(only);
            }
            _ => out.push(set.clone()),
        }
    }
    out
}

/// The plans of one stretch. Sets of single bytes are written out only as long
/// as that at least halves what is left to verify; the others always, if they
/// are few.
fn stretch(sets: &[Vec<Str>], wide: bool, parts: &mut Vec<Node>) {
    let mut tried: Vec<usize> = (0..sets.len()).filter(|i| of_bytes(&sets[*i])).take(MAX_TRIED).collect();
    let mut written = Vec::new();
    let mut best = build(sets, &written);
    let mut left = left_by(&best, wide);
    while left > ENOUGH {
        let most = best.iter().map(Vec::len).max().unwrap_or(1);
        let room = tried.iter().filter(|i| most * sets[**i].len() <= MAX_PRODUCT);
        let trials = room.map(|i| {
            let built = build(sets, &[written.as_slice(), &[*i]].concat());
            (left_by(&built, wide), *i, built)
        });
        let Some((least, i, built)) = trials.min_by(|a, b| a.0.total_cmp(&b.0)) else { break };
        if least > left / 2.0 {
            break;
        }
        (left, best) = (least, built);
        written.push(i);
        tried.retain(|t| *t != i);
    }
    parts.extend(best.iter().map(|set| any_of(set, wide)));
}

/// What the sets leave to verify, each asked for on its own.
fn left_by(sets: &[Vec<Str>], wide: bool) -> f64 {
    sets.iter().map(|s| share_of(s, wide)).product()
}

/// Multiplies the sets out, those of single bytes only if `written` names them.
/// Where that becomes too much, alternatives of one length are covered and asked
/// for on their own; others begin a new string.
fn build(sets: &[Vec<Str>], written: &[usize]) -> Vec<Vec<Str>> {
    let mut out = Vec::new();
    let mut run = vec![Str::new()];
    for (i, set) in sets.iter().enumerate() {
        let covered = if of_bytes(set) && !written.contains(&i) { cover(set) } else { vec![] };
        let set = if covered.is_empty() { set } else { &covered };
        if let Some(longer) = product(&run, set) {
            run = longer;
            continue;
        }
        let one_length = set.iter().all(|s| s.len() == set[0].len());
        if let Some(longer) = Some(cover(set)).filter(|_| one_length).and_then(|c| product(&run, &c)) {
            out.push(set.clone());
            run = longer;
            continue;
        }
        out.push(run);
        // The fixed string before a set stands beside it as well.
        let before = i.checked_sub(1).map(|b| &sets[b]).filter(|b| b.len() == 1);
        run = before.and_then(|b| product(b, set)).unwrap_or_else(|| set.clone());
    }
    out.push(run);
    out
}

/// The strings that a match begins with, as far as they are known and few; with
/// `wide` each byte is followed by a zero byte.
pub fn starts(pieces: &[Piece], wide: bool) -> Vec<Str> {
    let mut run = vec![Str::new()];
    for piece in pieces {
        let Piece::Set(set) = piece else { break };
        let all = product(&run, set).filter(|r| r.len() <= MAX_STARTS);
        let one = || Some(cover(set)).filter(|_| of_bytes(set)).and_then(|c| product(&run, &c));
        let Some(longer) = all.or_else(one) else { break };
        run = longer;
        if run.iter().all(|s| s.len() as u64 >= HEAD) {
            break;
        }
    }
    let zero = wide.then(|| Sym::of(0));
    run.into_iter()
        .map(|s| s.into_iter().take(HEAD as usize).flat_map(|c| [c].into_iter().chain(zero)).collect())
        .collect()
}

/// Files in which one of the strings stands at this offset, as far as the head
/// of the file shows.
pub fn at(starts: &[Str], offset: u64) -> Node {
    or(starts.iter().map(|s| start_at(s, offset)).collect())
}

fn start_at(syms: &[Sym], offset: u64) -> Node {
    let mut parts = Vec::new();
    let room = HEAD.saturating_sub(offset) as usize;
    let syms = &syms[..syms.len().min(room)];
    let mut from = 0;
    for run in syms.split(|s| s.known().is_none()) {
        let bytes: Vec<u8> = run.iter().filter_map(|s| s.known()).collect();
        parts.push(head(offset + from as u64, bytes, false));
        from += run.len() + 1;
    }
    and(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(bytes: &[u8]) -> Piece {
        Piece::Set(vec![bytes.iter().map(|b| Sym::of(*b)).collect()])
    }

    #[test]
    fn a_stretch_never_multiplies_beyond_its_bound() {
        let both = vec![vec![Sym::of(b'a')], vec![Sym::of(b'b'), Sym::of(b'c')]];
        let sets = vec![both; 40];
        let built = build(&sets, &[]);
        assert!(built.iter().all(|s| s.len() <= MAX_PRODUCT), "{}", built.len());
        let plan = plan(&sets.into_iter().map(Piece::Set).collect::<Vec<_>>(), false);
        assert!(plan.cost().literals as usize <= MAX_ALTERNATIVES);
    }

    #[test]
    fn starts_end_at_the_first_gap() {
        let pieces = [fixed(b"MZ"), Piece::UpTo(ANY, 1), fixed(b"x")];
        assert_eq!(starts(&pieces, false), [vec![Sym::of(b'M'), Sym::of(b'Z')]]);
        assert_eq!(starts(&[Piece::Gap], false), [Str::new()]);
        assert!(at(&[Str::new()], 0).is_all());
        assert!(at(&starts(&pieces, true), 14).json().to_string().contains("4d00"));
    }
}
