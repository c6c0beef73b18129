//! The plan tree: a conservative form of a rule. Whatever file the rule is true
//! on satisfies the tree.
//!
//! Trees are shared (`Rc`) and built only through the constructors below, which
//! simplify and keep every tree within its budgets: what would be larger becomes
//! `All`. That weakens the plan and is always right.

use std::collections::HashSet;
use std::rc::Rc;

use serde_json::{Value, json};

/// Bounds of one tree.
const MAX_LITERALS: u32 = 65_536;
const MAX_NODES: u32 = 100_000;
const MAX_DEPTH: u32 = 200;
/// Largest JSON form of one tree; a READY holds several within 8 MiB.
const MAX_JSON: u32 = 6 << 20;
/// Longest literal of a tree, the overlap of two index columns plus one.
pub const WINDOW: usize = 65;
/// Windows kept of a longer literal. More would cost and filter nothing new.
const MAX_WINDOWS: usize = 16;
/// Longest masked leaf.
pub const MASKED: usize = 1_024;
/// How many leading bytes of a file the index keeps.
pub const HEAD: u64 = 16;

/// One shared, immutable tree.
#[derive(Clone, Debug)]
pub struct Node(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    shape: Shape,
    cost: Cost,
}

/// What a tree costs, counted as a tree even where parts are shared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub literals: u32,
    pub nodes: u32,
    pub json: u32,
    pub depth: u32,
}

/// The forms of a node; the JSON forms are those of docs/format/worker.md.
#[derive(Debug)]
pub enum Shape {
    All,
    None,
    Lit { bytes: Vec<u8>, fold: bool },
    Masked { bytes: Vec<u8>, mask: Vec<u8> },
    Size(u64, u64),
    Head { at: u64, bytes: Vec<u8>, not: bool },
    Hash { algo: &'static str, hex: String },
    Fact { name: String, value: String, broad: bool },
    And(Vec<Node>),
    Or(Vec<Node>),
    MinOf(usize, Vec<Node>),
}

impl Node {
    pub fn shape(&self) -> &Shape {
        &self.0.shape
    }

    pub fn cost(&self) -> Cost {
        self.0.cost
    }

    pub fn is_all(&self) -> bool {
        matches!(self.0.shape, Shape::All)
    }

    fn leaf(shape: Shape) -> Node {
        let (literals, json) = match &shape {
            Shape::Lit { bytes, .. } => (1, 30 + 2 * bytes.len() as u32),
            Shape::Masked { bytes, .. } => (1, 40 + 4 * bytes.len() as u32),
            Shape::Hash { .. } => (0, 110),
            // An escaped byte takes up to six characters.
            Shape::Fact { name, value, .. } => (0, 60 + name.len() as u32 + 6 * value.len() as u32),
            _ => (0, 60),
        };
        Node(Rc::new(Inner { shape, cost: Cost { literals, nodes: 1, json, depth: 1 } }))
    }

    fn branch(shape: Shape) -> Node {
        let mut cost = Cost { literals: 0, nodes: 1, json: 20, depth: 0 };
        let (Shape::And(kids) | Shape::Or(kids) | Shape::MinOf(_, kids)) = &shape else { return all() };
        for kid in kids {
            cost.literals = cost.literals.saturating_add(kid.0.cost.literals);
            cost.nodes = cost.nodes.saturating_add(kid.0.cost.nodes);
            cost.json = cost.json.saturating_add(kid.0.cost.json + 1);
            cost.depth = cost.depth.max(kid.0.cost.depth);
        }
        cost.depth += 1;
        let over = cost.literals > MAX_LITERALS
            || cost.nodes > MAX_NODES
            || cost.json > MAX_JSON
            || cost.depth > MAX_DEPTH;
        if over { all() } else { Node(Rc::new(Inner { shape, cost })) }
    }

    /// Length of the run of bytes that a matching file surely holds and the index
    /// can look up; 0 when none is required. Metadata counts as nothing.
    pub fn strength(&self) -> usize {
        match self.shape() {
            Shape::Lit { bytes, .. } => bytes.len(),
            Shape::Masked { bytes, mask } => longest_run(bytes, mask),
            Shape::And(kids) => kids.iter().map(Node::strength).max().unwrap_or(0),
            Shape::Or(kids) | Shape::MinOf(_, kids) => kids.iter().map(Node::strength).min().unwrap_or(0),
            Shape::None => usize::MAX,
            _ => 0,
        }
    }

    /// The JSON form.
    pub fn json(&self) -> Value {
        let list = |kids: &[Node]| kids.iter().map(Node::json).collect::<Vec<_>>();
        match self.shape() {
            Shape::All => "all".into(),
            Shape::None => "none".into(),
            Shape::Lit { bytes, fold } => json!({"lit": hex(bytes), "fold": fold}),
            Shape::Masked { bytes, mask } => json!({"masked": {"bytes": hex(bytes), "mask": hex(mask)}}),
            Shape::Size(min, max) => json!({"size": [min, max]}),
            Shape::Head { at, bytes, not } => json!({"head": {"at": at, "hex": hex(bytes), "not": not}}),
            Shape::Hash { algo, hex } => json!({"hash": {"algo": algo, "hex": hex}}),
            Shape::Fact { name, value, broad } => {
                json!({"fact": {"name": name, "value": value, "broad": broad}})
            }
            Shape::And(kids) => json!({"and": list(kids)}),
            Shape::Or(kids) => json!({"or": list(kids)}),
            Shape::MinOf(min, kids) => json!({"min": min, "of": list(kids)}),
        }
    }
}

/// The longest run of known bytes. From 6 bytes on letters of either case count,
/// where the index compares folded grams, and half a byte may be open, whose
/// values the index tries.
fn longest_run(bytes: &[u8], mask: &[u8]) -> usize {
    const TRIED: usize = 6;
    let (mut best, mut known, mut folded) = (0, 0, 0);
    for (b, m) in bytes.iter().zip(mask) {
        known = if *m == 0xff { known + 1 } else { 0 };
        folded = if *m == 0xff || *m == 0xdf && b.is_ascii_uppercase() { folded + 1 } else { 0 };
        best = best.max(known).max(if folded >= TRIED { folded } else { 0 });
    }
    let tried = mask.windows(TRIED).any(|w| w.iter().map(|m| m.count_zeros()).sum::<u32>() <= 4);
    if tried { best.max(TRIED) } else { best }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Selects every file.
pub fn all() -> Node {
    Node::leaf(Shape::All)
}

/// Selects no file.
pub fn none() -> Node {
    Node::leaf(Shape::None)
}

/// Selects files of `min` to `max` bytes, both inclusive.
pub fn size(min: u64, max: u64) -> Node {
    match (min, max) {
        (min, max) if min > max => none(),
        (0, u64::MAX) => all(),
        _ => Node::leaf(Shape::Size(min, max)),
    }
}

/// Selects files with these bytes at this offset, or all others; `All` when the
/// index does not keep those bytes.
pub fn head(at: u64, bytes: Vec<u8>, not: bool) -> Node {
    if bytes.is_empty() || at.saturating_add(bytes.len() as u64) > HEAD {
        return all();
    }
    Node::leaf(Shape::Head { at, bytes, not })
}

/// Selects the file with this digest.
pub fn hash(algo: &'static str, hex: String) -> Node {
    Node::leaf(Shape::Hash { algo, hex })
}

/// Selects files of which the engine's modules say that the field has this
/// value; broad if that is true of many.
pub fn fact(name: &str, value: String, broad: bool) -> Node {
    Node::leaf(Shape::Fact { name: name.to_string(), value, broad })
}

/// Selects files that hold these bytes: `All` below 3 bytes, windows above 65.
pub fn literal(bytes: &[u8]) -> Node {
    windows(bytes, false)
}

/// Selects files that hold these bytes in any mix of case. From 6 bytes on the
/// index compares folded grams; a shorter literal becomes its case variants.
pub fn folded(bytes: &[u8]) -> Node {
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
    if letters == 0 {
        return literal(bytes);
    }
    if bytes.len() >= 6 {
        return windows(&bytes.to_ascii_lowercase(), true);
    }
    if bytes.len() < 3 {
        return all();
    }
    let mut variants = vec![Vec::new()];
    for b in bytes {
        let cases = [b.to_ascii_lowercase(), b.to_ascii_uppercase()];
        let cases = if cases[0] == cases[1] { &cases[..1] } else { &cases[..] };
        variants = variants
            .iter()
            .flat_map(|v: &Vec<u8>| cases.iter().map(|c| [v.as_slice(), &[*c]].concat()))
            .collect();
    }
    or(variants.iter().map(|v| literal(v)).collect())
}

/// Selects files in which, at some offset, the bits of the mask are those of the
/// bytes; one of each end that is open is cut off. At most `MASKED` bytes.
pub fn masked(bytes: &[u8], mask: &[u8]) -> Node {
    let Some(first) = mask.iter().position(|m| *m != 0) else { return all() };
    let last = mask.iter().rposition(|m| *m != 0).unwrap_or(first);
    let mask = &mask[first..=last];
    let Some(bytes) = bytes.get(first..=last).filter(|b| b.len() <= MASKED) else { return all() };
    if mask.iter().all(|m| *m == 0xff) {
        return literal(bytes);
    }
    let bytes = bytes.iter().zip(mask).map(|(b, m)| b & m).collect();
    Node::leaf(Shape::Masked { bytes, mask: mask.to_vec() })
}

fn windows(bytes: &[u8], fold: bool) -> Node {
    let leaf = |bytes: &[u8]| Node::leaf(Shape::Lit { bytes: bytes.to_vec(), fold });
    match bytes.len() {
        0..3 => all(),
        3..=WINDOW => leaf(bytes),
        n => {
            let mut cuts: Vec<Node> = bytes.chunks_exact(WINDOW).take(MAX_WINDOWS - 1).map(leaf).collect();
            cuts.push(leaf(&bytes[n - WINDOW..]));
            and(cuts)
        }
    }
}

/// Selects what every kid selects.
pub fn and(kids: Vec<Node>) -> Node {
    let mut flat = Vec::with_capacity(kids.len());
    for kid in kids {
        match kid.shape() {
            Shape::All => {}
            Shape::None => return none(),
            Shape::And(inner) => flat.extend(inner.iter().cloned()),
            _ => flat.push(kid),
        }
    }
    let mut flat = distinct(flat);
    match flat.len() {
        0 => all(),
        1 => flat.remove(0),
        _ => weaken_and(flat),
    }
}

/// An And over budget need not become All: it may drop kids from its end.
fn weaken_and(mut kids: Vec<Node>) -> Node {
    loop {
        let node = Node::branch(Shape::And(kids.clone()));
        if !node.is_all() {
            return node;
        }
        kids.truncate(kids.len() / 2);
        match kids.len() {
            0 => return all(),
            1 => return kids.remove(0),
            _ => {}
        }
    }
}

/// Selects what any kid selects.
pub fn or(kids: Vec<Node>) -> Node {
    let mut flat = Vec::with_capacity(kids.len());
    for kid in kids {
        match kid.shape() {
            Shape::All => return all(),
            Shape::None => {}
            Shape::Or(inner) => flat.extend(inner.iter().cloned()),
            _ => flat.push(kid),
        }
    }
    let mut flat = distinct(flat);
    match flat.len() {
        0 => none(),
        1 => flat.remove(0),
        _ => Node::branch(Shape::Or(flat)),
    }
}

/// Selects what at least `min` kids select, a kid counting as often as it is
/// listed.
pub fn min_of(min: usize, kids: Vec<Node>) -> Node {
    let free = kids.iter().filter(|k| k.is_all()).count();
    let Some(min) = min.checked_sub(free).filter(|m| *m > 0) else { return all() };
    let kids: Vec<Node> =
        kids.into_iter().filter(|k| !matches!(k.shape(), Shape::All | Shape::None)).collect();
    match kids.len() {
        n if min > n => none(),
        _ if min == 1 => or(kids),
        n if min == n => and(kids),
        _ => Node::branch(Shape::MinOf(min, kids)),
    }
}

/// Drops leaves and shared trees that stand in the list already.
fn distinct(kids: Vec<Node>) -> Vec<Node> {
    let mut literals: HashSet<(Vec<u8>, bool)> = HashSet::new();
    let mut leaves = HashSet::new();
    let mut shared = HashSet::new();
    kids.into_iter()
        .filter(|kid| match kid.shape() {
            Shape::Lit { bytes, fold } => literals.insert((bytes.clone(), *fold)),
            Shape::And(_) | Shape::Or(_) | Shape::MinOf(..) => shared.insert(Rc::as_ptr(&kid.0)),
            _ => leaves.insert(kid.json().to_string()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(n: Node) -> String {
        n.json().to_string()
    }

    #[test]
    fn and_or_simplify() {
        let a = || literal(b"aaaa");
        assert_eq!(show(and(vec![all(), a(), a()])), show(a()));
        assert_eq!(show(or(vec![all(), a()])), "\"all\"");
        assert_eq!(show(and(vec![none(), a()])), "\"none\"");
        assert_eq!(show(or(vec![])), "\"none\"");
        assert_eq!(show(and(vec![])), "\"all\"");
    }

    #[test]
    fn min_of_counts_free_members() {
        let (a, b, c) = (literal(b"aaaa"), literal(b"bbbb"), literal(b"cccc"));
        let of = |min, kids: &[&Node]| show(min_of(min, kids.iter().map(|k| (*k).clone()).collect()));
        assert_eq!(of(2, &[&all(), &a, &b]), show(or(vec![a.clone(), b.clone()])));
        assert_eq!(of(1, &[&all(), &a]), "\"all\"");
        assert_eq!(of(3, &[&a, &b]), "\"none\"");
        assert!(of(2, &[&a, &b, &c]).contains("\"min\":2"));
        // A member listed twice counts twice.
        assert_eq!(of(2, &[&a, &a]), show(a.clone()));
    }

    #[test]
    fn long_literals_become_windows() {
        let long: Vec<u8> = (0..200u8).collect();
        assert_eq!(literal(&long).cost().literals, 4);
        assert!(literal(&vec![7; 1 << 20]).cost().literals <= 16);
    }

    #[test]
    fn budgets_weaken() {
        let wide: Vec<Node> = (0..70_000u32).map(|i| literal(&i.to_le_bytes())).collect();
        assert!(or(wide.clone()).is_all());
        let narrowed = and(wide);
        assert!(!narrowed.is_all() && narrowed.cost().literals <= 65_536);
        let mut deep = literal(b"abcd");
        for i in 0..400u32 {
            let leaf = literal(&[b"xxxx".as_slice(), &i.to_le_bytes()].concat());
            deep = if i % 2 == 0 { or(vec![deep, leaf]) } else { and(vec![deep, leaf]) };
        }
        assert!(deep.cost().depth <= 200);
    }
}
