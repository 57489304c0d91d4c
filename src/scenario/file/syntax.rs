//! TOML syntax: text to spanned tables, or what is wrong with the TOML itself.

use toml::de::{DeTable, DeValue, Error};

use super::super::error::{Problem, Span, line_at, say};
use super::value::Node;

/// The message of the parser for a key or table that is there twice.
const DUPLICATE: &str = "duplicate key";

/// How the parser's message begins where a list or table goes on without a comma.
const NO_COMMA: &str = "missing comma";

/// Most mistakes that are looked at; each costs a walk through the text.
const MOST_ERRORS: usize = 200;

/// The root table of `text`. Keys that are there twice are reported and the rest is used; any other mistake leaves
/// nothing that could be judged.
pub(in crate::scenario) fn tables<'i>(text: &'i str, problems: &mut Vec<Problem>) -> Option<Node<'i>> {
    let (root, mut errors) = DeTable::parse_recoverable(text);
    errors.truncate(MOST_ERRORS);
    errors.sort_by_key(|error| error.span().map(|span| span.start));
    // The recovered rest of a broken line often breaks again.
    errors.dedup_by_key(|error| error.span().map(|span| line_at(text, span.start)));
    let usable = errors.iter().all(|error| error.message() == DUPLICATE);
    if usable {
        duplicates(text, &errors, problems);
    } else {
        // Behind a list that is not closed, every line lacks a comma.
        let first_open = errors.iter().position(|error| error.message().starts_with(NO_COMMA));
        errors.truncate(first_open.map_or(errors.len(), |at| at + 1));
        problems.extend(errors.iter().filter(|error| error.message() != DUPLICATE).map(broken));
        return None;
    }
    let root = root.into_inner();
    if root.is_empty() {
        problems.push(Problem::whole(say!("the scenario is empty", "シナリオが空です")).help(say!(
            "a scenario has at least a title, an endpoint, a probe and a check",
            "シナリオには少なくとも title、エンドポイント、プローブ、チェックが必要です"
        )));
        return None;
    }
    // What concerns the whole table is shown at the first line.
    Some(toml::Spanned::new(0..0, DeValue::Table(root)))
}

fn broken(error: &Error) -> Problem {
    let (message, span) = (error.message(), error.span());
    let ja = MESSAGES.iter().find(|(en, _)| message.starts_with(en)).map_or(message, |(_, ja)| ja);
    let problem = Problem { span, ..Problem::whole(say!("broken TOML: {message}", "TOMLの文法エラー: {ja}")) };
    match message.starts_with(NO_COMMA) {
        true => problem.help(say!("or is `]` or `}}` missing before it?", "その前の `]` や `}}` が抜けていませんか")),
        false => problem,
    }
}

/// How the parser's commoner messages begin, and the same in Japanese.
const MESSAGES: [(&str, &str); 14] = [
    ("string values must be quoted", "文字列は引用符で囲みます"),
    ("invalid basic string", "文字列が \" で閉じられていません"),
    ("invalid literal string", "文字列が ' で閉じられていません"),
    ("invalid multi-line", "複数行の文字列が閉じられていません"),
    ("unclosed table", "テーブル名が ] で閉じられていません"),
    ("unclosed array table", "テーブル名が ]] で閉じられていません"),
    ("unclosed inline table", "テーブルが } で閉じられていません"),
    ("unclosed array", "リストが ] で閉じられていません"),
    (NO_COMMA, "コンマがありません"),
    ("missing value", "値がありません"),
    ("key with no value", "キーに値がありません"),
    ("missing assignment", "= がありません"),
    ("invalid unquoted key", "引用符のないキーに使えない文字があります"),
    ("unexpected content", "余分な文字があります"),
];

/// Reports keys and tables that are there twice, with the first place. Keys inside of a doubled table are not worth a
/// word of their own.
fn duplicates(text: &str, errors: &[Error], problems: &mut Vec<Problem>) {
    let mut doubled_header = None;
    for span in errors.iter().filter_map(Error::span) {
        let header = text[..span.start].rfind("\n[").map_or(0, |at| at + 1);
        let on_header = !text[header..span.start].contains('\n') && text[header..].starts_with('[');
        if on_header {
            doubled_header = Some(header);
        } else if doubled_header == Some(header) {
            continue;
        }
        let name = &text[span.clone()];
        let problem = Problem::at(&span, say!("`{name}` is there twice", "`{name}` が2回あります"));
        problems.push(match first_place(text, &span, on_header) {
            Some(first) => problem.second(&first, say!("first defined here", "最初の定義")),
            None => problem,
        });
    }
}

/// Where the key or header at `span` stood first: a line above with the same beginning, within the same table for a
/// key.
fn first_place(text: &str, span: &Span, on_header: bool) -> Option<Span> {
    let key_of = |line: &str| line.split(['=', '#']).next().unwrap_or_default().trim().to_owned();
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let wanted = key_of(text[start..].lines().next()?);
    let mut end = start;
    while end > 0 {
        let begin = text[..end - 1].rfind('\n').map_or(0, |at| at + 1);
        let line = &text[begin..end];
        if key_of(line) == wanted {
            let indent = line.len() - line.trim_start().len();
            return Some(begin + indent..begin + indent + wanted.len());
        }
        if !on_header && line.starts_with('[') {
            return None;
        }
        end = begin;
    }
    None
}
