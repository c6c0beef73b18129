//! Strings of bytes that may be known in part, what each is worth to the index,
//! and the leaf that looks for it.

use super::node::{MASKED, Node, all, and, folded, literal, masked, or};
use super::text::widen;

/// An ASCII letter of either case.
const ANY_CASE: u8 = 0xdf;
/// A byte at the end of a string is kept if this many of its bits are known.
const TELLING_BITS: u32 = 4;
/// Shortest run of known bytes that is worth a look-up, and shortest of which
/// only the case is open.
const USEFUL: usize = 4;
const FOLDED: usize = 6;
/// Longest run with open bits that is compared with its fixed parts.
const TRIED: usize = 10;
/// Fewer known bits than these are in almost every file.
const MIN_BITS: u32 = 24;

/// One byte of a string: the bits of `mask` are known to be those of `byte`,
/// which has no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sym {
    byte: u8,
    mask: u8,
}

/// A byte of any value.
pub const ANY: Sym = Sym { byte: 0, mask: 0 };

impl Sym {
    pub fn of(byte: u8) -> Sym {
        Sym { byte, mask: 0xff }
    }

    /// A letter in both cases; any other byte itself.
    pub fn any_case(byte: u8) -> Sym {
        if byte.is_ascii_alphabetic() { Sym { byte: byte & ANY_CASE, mask: ANY_CASE } } else { Sym::of(byte) }
    }

    /// The most that is true of both.
    pub fn cover(self, other: Sym) -> Sym {
        let mask = self.mask & other.mask & !(self.byte ^ other.byte);
        Sym { byte: self.byte & mask, mask }
    }

    /// The byte, if no bit of it is open.
    pub fn known(self) -> Option<u8> {
        (self.mask == 0xff).then_some(self.byte)
    }

    /// How many of its bits are not known.
    fn open(self) -> u32 {
        self.mask.count_zeros()
    }

    /// The byte in lower case, if nothing but its case is open.
    fn lower(self) -> Option<u8> {
        let letter = self.mask == ANY_CASE && self.byte.is_ascii_uppercase();
        if letter { Some(self.byte | 0x20) } else { self.known() }
    }
}

/// A string of a set.
pub type Str = Vec<Sym>;

/// Share of the columns of an index that seem to hold `len` known bytes that
/// they do not hold, about: what one lookup leaves to verify.
pub fn left_over(len: usize) -> f64 {
    const LEFT: [f64; 8] = [1.0, 1.0, 1.0, 0.35, 0.05, 0.014, 0.004, 0.002];
    LEFT.get(len).copied().unwrap_or(0.0015 * 0.4_f64.powi(len.min(20) as i32 - 8))
}

/// What a string leaves to verify. All its runs must be in one column, and the
/// index tries the values of bytes of which few bits are open.
pub fn share(syms: &[Sym], wide: bool) -> f64 {
    let zero = Sym::of(0);
    let open: Vec<u32> =
        syms.iter().flat_map(|s| [*s, zero].into_iter().take(1 + usize::from(wide))).map(Sym::open).collect();
    if !open.split(|o| *o > 0).any(|run| run.len() >= USEFUL) && !open.windows(FOLDED).any(few_open) {
        return folded_share(syms, wide);
    }
    let runs: f64 = open.split(|o| *o > 0).map(|run| left_over(run.len())).product();
    let tried = (FOLDED..=TRIED).flat_map(|n| open.windows(n));
    let tried =
        tried.filter(|w| few_open(w)).map(|w| left_over(w.len()) * f64::from(1 << w.iter().sum::<u32>()));
    tried.fold(runs, f64::min).min(folded_share(syms, wide))
}

/// Whether no more than half a byte is open.
fn few_open(open: &[u32]) -> bool {
    open.iter().sum::<u32>() <= 4
}

/// What the best run leaves of which nothing but the case is open.
fn folded_share(syms: &[Sym], wide: bool) -> f64 {
    let runs = syms.split(|s| s.lower().is_none()).map(|run| {
        let open = run.iter().filter(|s| s.known().is_none()).count();
        match run.len() * (1 + usize::from(wide)) {
            _ if open == 0 => 1.0,
            n @ FOLDED.. => left_over(n),
            n => left_over(n) * (1 << open) as f64,
        }
    });
    runs.fold(1.0, f64::min)
}

/// What a set of alternatives leaves to verify.
pub fn share_of(set: &[Str], wide: bool) -> f64 {
    set.iter().map(|s| share(s, wide)).sum::<f64>().min(1.0)
}

/// Files that hold one of the strings; `All` as soon as one of them is too short
/// to look for.
pub fn any_of(set: &[Str], wide: bool) -> Node {
    or(set.iter().map(|s| find(s, wide)).collect())
}

/// Files that hold the string; with `wide` each byte is followed by a zero byte.
fn find(syms: &[Sym], wide: bool) -> Node {
    let telling = |s: &Sym| s.mask.count_ones() >= TELLING_BITS;
    let Some(first) = syms.iter().position(telling) else { return all() };
    let last = syms.iter().rposition(telling).unwrap_or(first);
    let syms = &syms[first..=last];
    let spread = |bytes: Vec<u8>| if wide { widen(&bytes) } else { bytes };
    if let Some(known) = syms.iter().map(|s| s.known()).collect::<Option<Vec<u8>>>() {
        return literal(&spread(known));
    }
    let only_cases = syms.iter().all(|s| s.lower().is_some());
    if only_cases && syms.iter().all(|s| s.known().is_none_or(|b| !b.is_ascii_alphabetic())) {
        return folded(&spread(syms.iter().filter_map(|s| s.lower()).collect()));
    }
    if only_cases && spread(vec![0; syms.len()]).len() < FOLDED {
        return cases(syms, wide);
    }
    let bytes = spread(syms.iter().map(|s| s.byte).collect());
    let mut mask: Vec<u8> = syms.iter().map(|s| s.mask).collect();
    if wide {
        mask = mask.iter().flat_map(|m| [*m, 0xff]).collect();
    }
    let known = |m: &[u8]| m.iter().map(|m| m.count_ones()).sum::<u32>() >= MIN_BITS;
    let cuts = bytes.chunks(MASKED).zip(mask.chunks(MASKED));
    let cuts = cuts.filter(|(_, m)| known(m)).map(|(b, m)| masked(b, m));
    and(cuts.chain([short_folded(syms, wide)]).collect())
}

/// A run that only its case keeps from being known and that is too short for the
/// folded grams: its variants, where nothing else can be looked up.
fn short_folded(syms: &[Sym], wide: bool) -> Node {
    let bytes = |run: &[Sym]| run.len() * (1 + usize::from(wide));
    let mut runs = syms.split(|s| s.lower().is_none());
    let enough = syms.split(|s| s.known().is_none()).any(|run| bytes(run) >= USEFUL)
        || runs.clone().any(|run| bytes(run) >= FOLDED);
    let run = runs.find(|run| bytes(run) >= USEFUL).filter(|_| !enough);
    run.map_or_else(all, |run| cases(run, wide))
}

/// Files that hold the run in any of its cases.
fn cases(run: &[Sym], wide: bool) -> Node {
    let mut variants = vec![Vec::new()];
    for sym in run {
        let upper = sym.known().is_none().then_some(sym.byte);
        let both =
            |v: &Vec<u8>| sym.lower().into_iter().chain(upper).map(|b| [v, &[b][..]].concat()).collect();
        variants = variants.iter().flat_map(|v| -> Vec<_> { both(v) }).collect();
    }
    or(variants.iter().map(|v| literal(&if wide { widen(v) } else { v.clone() })).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covering_keeps_what_is_common() {
        assert_eq!(Sym::of(b'a').cover(Sym::of(b'A')), Sym::any_case(b'a'));
        assert_eq!(Sym::of(0x41).cover(Sym::of(0x4f)), Sym { byte: 0x41, mask: 0xf1 });
        let digits = (b'0'..=b'9').map(Sym::of).reduce(Sym::cover).unwrap();
        assert_eq!(digits, Sym { byte: 0x30, mask: 0xf0 });
        assert_eq!((0..=255).map(Sym::of).reduce(Sym::cover).unwrap(), ANY);
        for (a, b) in (0..=255u8).flat_map(|a| (0..=255u8).map(move |b| (a, b))) {
            let both = Sym::of(a).cover(Sym::of(b));
            assert!(a & both.mask == both.byte && b & both.mask == both.byte, "{a} {b} {both:?}");
        }
    }

    #[test]
    fn longer_and_more_known_leaves_less() {
        let text = |t: &str| -> Str { t.bytes().map(|b| if b == b'?' { ANY } else { Sym::of(b) }).collect() };
        let shares: Vec<f64> = ["abc", "abcd", "abcd?efg", "abcd?efgh", "abcdefghijkl"]
            .iter()
            .map(|t| share(&text(t), false))
            .collect();
        assert!(shares.windows(2).all(|w| w[0] > w[1]), "{shares:?}");
        assert!(share(&text("ab"), true) < share(&text("ab"), false));
    }
}
