//! Random rules, and bytes that tend to match them. Everything follows from one
//! seed.

use std::time::{SystemTime, UNIX_EPOCH};

/// SplitMix64.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len() as u64) as usize]
    }
}

/// The seed of this run: `MEWS_SEED`, else the clock.
pub fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    number("MEWS_SEED").unwrap_or(now)
}

/// A number from the environment.
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A file with some of these strings in it, whole or nearly so, and noise of
/// their bytes.
pub fn near(rng: &mut Rng, from: &[&[u8]]) -> Vec<u8> {
    let letters: Vec<u8> = from.concat();
    let mut out = Vec::new();
    for _ in 0..rng.below(4) {
        if rng.chance(60) {
            out.extend((0..rng.below(24)).map(|_| any_byte(rng, &letters)));
        }
        if from.is_empty() {
            continue;
        }
        let mut part = rng.pick(from).to_vec();
        if rng.chance(50) && !part.is_empty() {
            spoil(rng, &mut part);
        }
        out.extend(part);
    }
    out
}

fn any_byte(rng: &mut Rng, letters: &[u8]) -> u8 {
    if letters.is_empty() || rng.chance(20) { rng.next() as u8 } else { *rng.pick(letters) }
}

/// Changes, drops, doubles or cuts off bytes.
pub fn spoil(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let at = rng.below(bytes.len() as u64) as usize;
    match rng.below(7) {
        0 | 1 => bytes[at] = rng.next() as u8,
        2 => bytes[at] ^= 1 << rng.below(8),
        3 => drop(bytes.remove(at)),
        4 => bytes.insert(at, bytes[at]),
        5 => bytes.truncate(at),
        _ => drop(bytes.drain(..at)),
    }
}

/// A pattern definition and bytes that hold one hit of it, most of the time.
pub struct Sample {
    pub definition: String,
    pub witness: Vec<u8>,
}

const LETTERS: &[u8] = b"abAB1 <>.=/";

pub fn pattern(rng: &mut Rng) -> Sample {
    match rng.below(3) {
        0 => text(rng),
        1 => hex(rng),
        _ => regex(rng),
    }
}

fn some_text(rng: &mut Rng, min: u64) -> Vec<u8> {
    let most = if rng.chance(5) { 120 } else { 9 };
    let n = min + rng.below(most);
    (0..n).map(|_| if rng.chance(8) { rng.below(256) as u8 } else { *rng.pick(LETTERS) }).collect()
}

fn quoted(bytes: &[u8]) -> String {
    let body: String = bytes
        .iter()
        .map(|b| match b {
            b'"' | b'\\' => format!("\\{}", *b as char),
            0x20..0x7f => (*b as char).to_string(),
            _ => format!("\\x{b:02x}"),
        })
        .collect();
    format!("\"{body}\"")
}

fn widen(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|b| [*b, 0]).collect()
}

fn mix_case(rng: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .map(|b| if rng.chance(50) { b.to_ascii_uppercase() } else { b.to_ascii_lowercase() })
        .collect()
}

fn text(rng: &mut Rng) -> Sample {
    let encoded = rng.chance(30);
    let bytes = some_text(rng, if encoded { 3 } else { 1 });
    let (ascii, wide) = (rng.chance(30), rng.chance(40));
    let mut mods = String::new();
    if ascii {
        mods += " ascii";
    }
    if wide {
        mods += " wide";
    }
    let base = if wide && (!ascii || rng.chance(50)) { widen(&bytes) } else { bytes.clone() };
    let witness = if encoded {
        let before = rng.below(3) as usize;
        let padded = [vec![b'x'; before], base, vec![b'y'; rng.below(3) as usize]].concat();
        let both = rng.chance(30);
        let wide_form = both || rng.chance(50);
        let (table, named) = match rng.chance(20) {
            true => (OTHER_TABLE, format!("(\"{}\")", String::from_utf8_lossy(OTHER_TABLE))),
            false => (TABLE, String::new()),
        };
        if both || !wide_form {
            mods += &format!(" base64{named}");
        }
        if wide_form {
            mods += &format!(" base64wide{named}");
        }
        let mut plain = base64(&padded, table);
        if rng.chance(20) {
            plain.insert(rng.below(plain.len() as u64) as usize, b'=');
        }
        if wide_form && rng.chance(70) { widen(&plain) } else { plain }
    } else if rng.chance(25) {
        let (a, b) = (rng.below(256) as u8, rng.below(256) as u8);
        let (a, b) = (a.min(b), a.max(b));
        mods += &format!(" xor({a}-{b})");
        let key = a + rng.below(u64::from(b - a) + 1) as u8;
        base.iter().map(|c| c ^ key).collect()
    } else if rng.chance(40) {
        mods += " nocase";
        mix_case(rng, &base)
    } else {
        base
    };
    if rng.chance(10) && !encoded {
        mods += " fullword";
    }
    if rng.chance(10) {
        mods += " private";
    }
    Sample { definition: quoted(&bytes) + &mods, witness }
}

const TABLE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const OTHER_TABLE: &[u8; 64] = b"ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba9876543210-_";

fn base64(bytes: &[u8], table: &[u8; 64]) -> Vec<u8> {
    let bit = |i: usize| bytes.get(i / 8).map_or(0, |b| (b >> (7 - i % 8)) & 1);
    let chars = (bytes.len() * 8).div_ceil(6);
    (0..chars).map(|c| table[usize::from((c * 6..c * 6 + 6).fold(0, |v, i| v << 1 | bit(i)))]).collect()
}

fn hex(rng: &mut Rng) -> Sample {
    let (mut body, mut witness) = (String::new(), Vec::new());
    let n = 2 + rng.below(10);
    for i in 0..n {
        let inner = i > 0 && i + 1 < n;
        hex_token(rng, inner, &mut body, &mut witness, 2);
    }
    Sample { definition: format!("{{ {body}}}"), witness }
}

fn hex_token(rng: &mut Rng, inner: bool, body: &mut String, witness: &mut Vec<u8>, depth: u32) {
    let byte: u8 = *rng.pick(&[0x00, 0x01, 0x41, 0x61, 0xFF]);
    match rng.below(if inner { 14 } else { 9 }) {
        9 => {
            *body += "?? ";
            witness.push(rng.next() as u8);
        }
        10 => {
            let (low, more) = (rng.below(4), 1 + rng.below(4));
            let (text, count) = match rng.below(6) {
                0 => (format!("[{}] ", low + 1), low + 1),
                4 => (format!("[0x{low:x}-0o{:o}] ", low + 30), low + rng.below(31)),
                5 => (format!("[{}] ", 60 + low), 60 + low),
                1 => (format!("[{low}-{}] ", low + more), low + rng.below(more + 1)),
                2 => (format!("[{low}-] "), low + rng.below(9)),
                _ => ("[-] ".into(), rng.below(9)),
            };
            *body += &text;
            witness.extend((0..count).map(|_| rng.next() as u8));
        }
        11 => {
            *body += &format!("~{byte:02X} ");
            witness.push(byte.wrapping_add(1));
        }
        12 if depth > 0 => {
            *body += "( ";
            let branches = 1 + rng.below(4);
            let chosen = rng.below(branches);
            for b in 0..branches {
                if b > 0 {
                    *body += "| ";
                }
                let mut own = Vec::new();
                for i in 0..1 + rng.below(3) {
                    hex_token(rng, i > 0 && depth > 1, body, &mut own, depth - 1);
                }
                // A branch must not end in a jump.
                *body += &format!("{byte:02X} ");
                own.push(byte);
                if b == chosen {
                    witness.extend(own);
                }
            }
            *body += ") ";
        }
        7 => {
            *body += &format!("{:X}? ", byte >> 4);
            witness.push((byte & 0xF0) | rng.below(16) as u8);
        }
        8 => {
            *body += &format!("?{:X} ", byte & 15);
            witness.push((byte & 0x0F) | (rng.below(16) as u8) << 4);
        }
        _ => {
            *body += &format!("{byte:02X} ");
            witness.push(byte);
        }
    }
}

fn regex(rng: &mut Rng) -> Sample {
    let lazy = if rng.chance(30) { "?" } else { "" };
    // The first byte is fixed: the engine refuses expressions that begin
    // with anything at all.
    let mut body = "a".to_string();
    let mut witness = b"a".to_vec();
    regex_part(rng, 3, lazy, &mut body, &mut witness);
    regex_part(rng, 3, lazy, &mut body, &mut witness);
    let fold = rng.chance(30);
    let mut definition = format!("/{body}/{}", if fold { "i" } else { "" });
    if rng.chance(20) {
        definition += "s";
    }
    let (ascii, wide) = (rng.chance(20), rng.chance(30));
    if ascii {
        definition += " ascii";
    }
    if wide {
        definition += " wide";
    }
    let nocase = !fold && rng.chance(10);
    if nocase {
        definition += " nocase";
    }
    if fold || nocase {
        witness = mix_case(rng, &witness);
    }
    if wide && (!ascii || rng.chance(50)) {
        witness = widen(&witness);
    }
    Sample { definition, witness }
}

fn regex_part(rng: &mut Rng, depth: u32, lazy: &str, body: &mut String, witness: &mut Vec<u8>) {
    match rng.below(if depth == 0 { 5 } else { 11 }) {
        0 | 1 => {
            for _ in 0..1 + rng.below(6) {
                let b = *rng.pick(b"abAB1");
                body.push(b as char);
                witness.push(b);
            }
        }
        2 => {
            let (text, bytes) = *rng.pick(&[
                (r"\<", &b"<"[..]),
                (r"\>", b">"),
                (r"\.", b"."),
                (r"\x00", b"\0"),
                (r"\/", b"/"),
                (r"\xfe", b"\xfe"),
                (r"\b", b""),
                (r"\n", b"\n"),
                (r"\t", b"\t"),
                (r"\\", b"\\"),
                (r"\x41\{", b"A{"),
                ("(?-i:aB)", b"aB"),
                ("(?i:aB)", b"Ab"),
            ]);
            *body += text;
            witness.extend(bytes);
        }
        3 => {
            let (text, byte) = *rng.pick(&[
                ("[ab]", b'b'),
                ("[Aa]", b'A'),
                ("[^a]", b'1'),
                ("[0-9]", b'7'),
                ("[^a-z]", b'B'),
                (r"[\x00-\x1f]", 3),
                ("[a-c1-3]", b'2'),
                (r"\s", b' '),
                (r"\W", b'-'),
                (r"\w", b'_'),
                (r"\d", b'3'),
            ]);
            *body += text;
            witness.push(byte);
        }
        4 => {
            let (text, n) =
                *rng.pick(&[(".", 1), (".", 1), (".{3}", 3), (".{0,2}", 1), (".{1,4}", 2), (".{9,}", 12)]);
            *body += text;
            witness.extend((0..n).map(|_| *rng.pick(b"ab1")));
        }
        5 | 6 => {
            body.push('(');
            let branches = 1 + rng.below(3);
            let chosen = rng.below(branches);
            for b in 0..branches {
                if b > 0 {
                    body.push('|');
                }
                let mut own = Vec::new();
                regex_part(rng, depth - 1, lazy, body, &mut own);
                if b == chosen {
                    witness.extend(own);
                }
            }
            body.push(')');
        }
        7 | 8 => {
            let (mut inner, mut once) = (String::new(), Vec::new());
            regex_part(rng, depth - 1, lazy, &mut inner, &mut once);
            let (op, times) = *rng.pick(&[
                ("*", 0),
                ("+", 2),
                ("?", 1),
                ("?", 0),
                ("{2}", 2),
                ("{1,3}", 3),
                ("{2,}", 3),
                ("{,2}", 1),
                ("{0,1}", 0),
            ]);
            *body += &format!("({inner}){op}{lazy}");
            for _ in 0..times {
                witness.extend(&once);
            }
        }
        _ => {
            for _ in 0..2 + rng.below(2) {
                regex_part(rng, depth - 1, lazy, body, witness);
            }
        }
    }
}

/// A condition over the patterns `$p0..` of the rule.
pub fn condition(rng: &mut Rng, patterns: usize, depth: u32, head: &[u8]) -> String {
    let p = rng.below(patterns as u64);
    let k = rng.below(patterns as u64 + 1);
    if depth > 0 && rng.chance(45) {
        let mut sub = || condition(rng, patterns, depth - 1, head);
        let (a, b) = (sub(), sub());
        return match rng.below(8) {
            0..=2 => format!("({a}) and ({b})"),
            3 | 4 => format!("({a}) or ({b})"),
            5 => format!("not ({a})"),
            6 => format!("1 of (({a}), ({b}), other)"),
            _ => format!("for any v in (1..2) : (({a}) and v > 0)"),
        };
    }
    let word = u16::from_le_bytes([head.first().copied().unwrap_or(0), head.get(1).copied().unwrap_or(0)]);
    match rng.below(44) {
        26 => format!("#p{p} + #p0 > {}", rng.below(3)),
        27 => format!("#p{p} {} #p0", rng.pick(&[">", ">=", "==", "!=", "<"])),
        28 => format!("2 * #p{p} - #p0 >= {}", rng.below(3)),
        29 => format!("$p{p} at {}", rng.below(3)),
        30 => format!("{} of them at {}", rng.pick(&["any", "all", "1"]), rng.below(3)),
        31 => format!("{} of them in ({}..200)", rng.pick(&["any", "all", "2"]), rng.below(9)),
        32 => format!("for any of them : ($ at {} or # > 3)", rng.below(3)),
        33 => format!(
            "for {} i in ({}..#p{p}) : (@p{p}[i] {} {})",
            rng.pick(&["all", "none", "any", "1", "60%"]),
            rng.below(3),
            rng.pick(&["<", ">="]),
            rng.below(90)
        ),
        34 => format!("@p{p}{} == {}", rng.pick(&["", "[1]", "[2]"]), rng.below(4)),
        35 => format!("{}defined {}p{p}", rng.pick(&["", "not "]), rng.pick(&["@", "!"])),
        36 => format!("1 of ($p{p}, filesize < {}, #p0 > 1)", rng.below(90)).replace("$p", "#p"),
        37 => format!("with n = #p{p}, m = n + 1 : (m {} {})", rng.pick(&[">", "<", "=="]), rng.below(4)),
        38 => format!("for any s in (\"\", \"y\") : (s == extension and $p{p})"),
        39 => format!("with k = {} : ($p{p} in (k..@p0 + 40))", rng.below(4)),
        40 => format!("#p{p} in (@p0..filesize) > 0"),
        41 => format!("!p{p} == {} and 9 \\ 2 == 4", 1 + rng.below(9)),
        42 => format!("any of (other, #p{p} > {})", rng.below(2)),
        43 => format!("for all of them : (# > 0 and {}$)", rng.pick(&["", "not "])),
        0..=4 => format!("$p{p}"),
        5 => format!("#p{p} > {}", rng.below(3)),
        6 => format!("#p{p} {} {}", rng.pick(&["==", "!=", "<", "<=", ">="]), rng.below(3)),
        7 => format!("@p{p} {} {}", rng.pick(&["<", ">", "!="]), rng.below(300)),
        8 => format!("!p{p}[1] >= {}", rng.below(6)),
        9 => format!("$p{p} in (0..{})", rng.below(400)),
        10 => format!("$p{p} at {}", rng.below(40)),
        11 => format!("{k} of them"),
        12 => format!("{}% of them", 1 + rng.below(100)),
        13 => format!("{} of ($p{p}, $p*)", rng.pick(&["any", "all", "none"])),
        14 => format!("for {} of them : ($)", rng.pick(&["any", "all", "none", "1", "2"])),
        15 => format!("for any of ($p{p}) : (# > 1 or @ < 50)"),
        16 => format!("filesize {} {}", rng.pick(&["<", ">", "<=", ">=", "==", "!="]), rng.below(600)),
        17 => format!("uint16(0) {} {word}", rng.pick(&["==", "==", "!="])),
        18 => format!(
            "uint32be({}) == {}",
            rng.below(30),
            u32::from_be_bytes([0, 0, 0, head.first().copied().unwrap_or(0)])
        ),
        19 => format!("not (uint16({}) == {word} or false)", rng.below(600)),
        20 => format!("with c = #p{p}, d = $p{p} : (c > 0 or d)"),
        21 => format!("for any i in (1..#p{p}) : (@p{p}[i] > {})", rng.below(100)),
        22 => "for any s in (\"\", \"x\") : (filename == s)".into(),
        23 => "other".into(),
        24 => format!("#p{p} in (0..100) == {}", rng.below(2)),
        _ => format!("for all i in (0..1) : (uint8(i) == {})", head.first().copied().unwrap_or(0)),
    }
}
