//! The engine's errors and warnings as problems: a code, a place, one text.

use serde::Serialize;
use serde_json::Value;

use crate::message::Problem;

const MAX_MESSAGE: usize = 1_000;

/// Converts an error or warning of the engine, whose fields are visible only in
/// its serialized form.
pub fn problem(report: &impl Serialize, code: Option<&str>) -> Problem {
    let report = serde_json::to_value(report).unwrap_or(Value::Null);
    let text = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).unwrap_or("").to_string();
    let number = |v: &Value, key: &str| v.get(key).and_then(Value::as_u64).unwrap_or(0) as usize;
    let list = |key: &str| report.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let labels = list("labels");
    // The report's own place is that of its main label.
    let place = if report.get("line").is_some() { &report } else { labels.first().unwrap_or(&Value::Null) };
    let mut parts = vec![text(&report, "title")];
    parts.extend(labels.iter().map(|l| text(l, "text")));
    parts.extend(list("footers").iter().map(|f| text(f, "text")));
    parts.retain(|p| !p.is_empty());
    parts.dedup();
    Problem {
        code: code.map_or_else(|| text(&report, "code"), str::to_string),
        line: number(place, "line"),
        column: number(place, "column"),
        message: clean(&parts.join(": ")),
    }
}

/// A text without control characters and of bounded length.
pub fn clean(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if out.len() + c.len_utf8() > MAX_MESSAGE {
            break;
        }
        out.push(c);
    }
    out
}

/// Line and column, from 1, of a byte offset; columns count characters.
pub fn place(source: &str, offset: usize) -> (usize, usize) {
    let before = source.get(..offset.min(source.len())).unwrap_or("");
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_texts() {
        assert_eq!(place("ab\ncé d", 6), (2, 3));
        assert_eq!(place("", 0), (1, 1));
        assert_eq!(clean("a\u{1b}[31m\nb"), "a [31m b");
        assert_eq!(clean(&"é".repeat(800)).len(), 1000);
    }
}
