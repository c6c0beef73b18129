//! Regular expressions, parsed exactly as the engine parses them.
//!
//! The tree is walked by our own code: an extractor of prefixes and suffixes
//! would miss the literals between two gaps.

use regex_syntax::ast::{AssertionKind, Ast, Literal, LiteralKind, parse::ParserBuilder};
use regex_syntax::hir::translate::TranslatorBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};
use yara_x_parser::ast::{Regexp, RegexpPattern};

use super::node::{Node, all, or};
use super::pieces::{self, MAX_SPREAD, Piece};
use super::strings::{Str, Sym};

/// Bytes of a class that may be written out; of a larger one its common bits are
/// kept.
const MAX_CLASS: usize = 16;
/// Copies of a repeated string that are written out.
const MAX_COPIES: u32 = 16;
/// Pieces of one expression; beyond it the rest is a gap.
const MAX_PIECES: usize = 4_096;
/// A repeated sequence longer than this is written once.
const MAX_REPEATED: usize = 8;

/// The plan of one regular expression pattern, and the strings its matches begin
/// with.
pub fn plan(pattern: &RegexpPattern<'_>) -> (Node, Vec<Str>) {
    let mods = &pattern.modifiers;
    let fold = mods.nocase().is_some() || pattern.regexp.case_insensitive;
    let Some(hir) = parse(&pattern.regexp, fold) else { return (all(), vec![Str::new()]) };
    let (mut forms, mut starts) = (Vec::new(), Vec::new());
    let mut form = |wide| {
        let pieces = Walker { fold, wide }.pieces(&hir);
        forms.push(pieces::plan(&pieces, wide));
        starts.extend(pieces::starts(&pieces, wide));
    };
    if mods.wide().is_some() {
        form(true);
    }
    if mods.ascii().is_some() || mods.wide().is_none() {
        form(false);
    }
    (or(forms), starts)
}

/// The engine's parse: no unicode unless asked for, `{,n}` allowed, `\<` and
/// `\>` plain characters.
fn parse(regexp: &Regexp<'_>, fold: bool) -> Option<Hir> {
    let mut ast = ParserBuilder::new().empty_min_range(true).build().parse(regexp.src).ok()?;
    angles(&mut ast);
    TranslatorBuilder::new()
        .case_insensitive(fold)
        .dot_matches_new_line(regexp.dot_matches_new_line)
        .unicode(false)
        .utf8(false)
        .build()
        .translate(regexp.src, &ast)
        .ok()
}

fn angles(ast: &mut Ast) {
    match ast {
        Ast::Assertion(a) => {
            let c = match a.kind {
                AssertionKind::WordBoundaryStartAngle => '<',
                AssertionKind::WordBoundaryEndAngle => '>',
                _ => return,
            };
            *ast = Ast::literal(Literal { span: a.span, kind: LiteralKind::Verbatim, c });
        }
        Ast::Repetition(r) => angles(&mut r.ast),
        Ast::Group(g) => angles(&mut g.ast),
        Ast::Alternation(a) => a.asts.iter_mut().for_each(angles),
        Ast::Concat(c) => c.asts.iter_mut().for_each(angles),
        _ => {}
    }
}

struct Walker {
    /// The engine searches case-insensitively, whatever the expression's own
    /// flags say inside.
    fold: bool,
    wide: bool,
}

impl Walker {
    fn sequence(&self, hir: &Hir, out: &mut Vec<Piece>) {
        if out.len() >= MAX_PIECES {
            out.push(Piece::Gap);
            return;
        }
        match hir.kind() {
            // Assertions have no width: what stands around them is adjacent.
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(lit) => {
                out.push(Piece::Set(vec![lit.0.iter().map(|b| self.sym(*b, false)).collect()]));
            }
            HirKind::Class(class) => out.push(self.class(class)),
            HirKind::Capture(group) => self.sequence(&group.sub, out),
            HirKind::Concat(parts) => parts.iter().for_each(|p| self.sequence(p, out)),
            HirKind::Alternation(branches) => {
                let branches = branches.iter().map(|b| self.pieces(b)).collect();
                out.push(pieces::choice(branches, self.wide));
            }
            HirKind::Repetition(rep) => self.repetition(rep, out),
        }
    }

    fn pieces(&self, hir: &Hir) -> Vec<Piece> {
        let mut out = Vec::new();
        self.sequence(hir, &mut out);
        out
    }

    fn repetition(&self, rep: &Repetition, out: &mut Vec<Piece>) {
        let mut once = self.pieces(&rep.sub);
        // One string, known in part perhaps, can be written out like a literal.
        if let Some(one) = pieces::finite(&once).filter(|s| s.len() == 1) {
            once = vec![Piece::Set(one)];
        }
        if let Some(sym) = single(&once)
            && (rep.min > MAX_COPIES || rep.max.is_some_and(|m| m - rep.min <= MAX_SPREAD))
        {
            return out.extend(pieces::run(sym, rep.min, rep.max));
        }
        if rep.min == 0 {
            out.push(if rep.max == Some(1) { self.optional(once) } else { Piece::Gap });
            return;
        }
        let exact = rep.max == Some(rep.min);
        if once.len() > MAX_REPEATED {
            out.extend(once);
            if !(exact && rep.min == 1) {
                out.push(Piece::Gap);
            }
            return;
        }
        let simple = matches!(once.as_slice(), [Piece::Set(_)]);
        let copies = if simple { rep.min.min(MAX_COPIES) } else { 1 };
        let written = || (0..copies).flat_map(|_| once.iter().cloned());
        out.extend(written());
        if !(exact && copies == rep.min) {
            // The last copies stand beside what follows, as the first ones
            // stand beside what came before.
            out.push(Piece::Gap);
            out.extend(written());
        }
    }

    /// `x?` is a choice between x and nothing if x is a small set.
    fn optional(&self, once: Vec<Piece>) -> Piece {
        match pieces::choice(vec![once, vec![]], self.wide) {
            set @ Piece::Set(_) => set,
            _ => Piece::Gap,
        }
    }

    fn class(&self, class: &Class) -> Piece {
        let mut bytes = Vec::new();
        match class {
            Class::Bytes(ranges) => {
                for r in ranges.iter() {
                    bytes.extend(r.start()..=r.end());
                }
            }
            Class::Unicode(ranges) => {
                for r in ranges.iter() {
                    if r.end() > '\x7f' {
                        return Piece::Gap;
                    }
                    bytes.extend(r.start() as u8..=r.end() as u8);
                }
            }
        }
        self.set(&bytes)
    }

    fn set(&self, bytes: &[u8]) -> Piece {
        let mut strings: Vec<Str> = Vec::new();
        for b in bytes {
            let other = if b.is_ascii_uppercase() { b.to_ascii_lowercase() } else { b.to_ascii_uppercase() };
            let both = other != *b && bytes.contains(&other);
            let sym = vec![self.sym(*b, both)];
            if !strings.contains(&sym) {
                strings.push(sym);
            }
        }
        match strings.iter().map(|s| s[0]).reduce(Sym::cover) {
            None => Piece::Gap,
            Some(common) if strings.len() > MAX_CLASS => Piece::Set(vec![vec![common]]),
            Some(_) => Piece::Set(strings),
        }
    }

    fn sym(&self, byte: u8, fold: bool) -> Sym {
        if fold || self.fold { Sym::any_case(byte) } else { Sym::of(byte) }
    }
}

/// What is common to a single byte of several values.
fn single(pieces: &[Piece]) -> Option<Sym> {
    match pieces {
        [Piece::Set(set)] if set.iter().all(|s| s.len() == 1) => set.iter().map(|s| s[0]).reduce(Sym::cover),
        _ => None,
    }
}
