//! What is wrong with a scenario file: every problem with its place, its reason and a way out, in two languages.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

use super::text::{Lang, Text};

/// Bytes of the source text, from 0.
pub type Span = Range<usize>;

/// Most problems that are rendered; a file with more is wrong from the ground up.
const MOST_SHOWN: usize = 100;

/// A text in both languages; takes the format strings' arguments from the scope.
macro_rules! say {
    ($en:literal, $ja:literal) => {
        $crate::scenario::Text { en: format!($en), ja: Some(format!($ja)) }
    };
}
pub(super) use say;

/// One thing that is wrong in a scenario file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, as a fragment.
    pub title: Text,
    /// Where; `None` when it is the file as a whole.
    pub span: Option<Span>,
    /// What stands under the caret.
    pub label: Option<Text>,
    /// What to write instead, or why.
    pub help: Option<Text>,
    /// Another place that belongs to the problem, such as the first of two definitions.
    pub second: Option<(Span, Text)>,
}

impl Problem {
    /// A problem with the file as a whole.
    pub fn whole(title: Text) -> Self {
        Problem { title, span: None, label: None, help: None, second: None }
    }

    /// A problem at `span`.
    pub fn at(span: &Span, title: Text) -> Self {
        Problem { span: Some(span.clone()), ..Problem::whole(title) }
    }

    /// Adds what stands under the caret.
    pub fn label(self, label: Text) -> Self {
        Problem { label: Some(label), ..self }
    }

    /// Adds a way out.
    pub fn help(self, help: Text) -> Self {
        Problem { help: Some(help), ..self }
    }

    /// Adds a second place.
    pub fn second(self, span: &Span, label: Text) -> Self {
        Problem { second: Some((span.clone(), label)), ..self }
    }

    fn render(&self, file: &str, source: &str, lang: Lang, renderer: &Renderer) -> String {
        let (error, help) = match lang {
            Lang::En => ("error", "help"),
            Lang::Ja => ("エラー", "ヒント"),
        };
        let title = Level::ERROR.with_name(error).primary_title(self.title.get(lang));
        let mut group: Group<'_> = match &self.span {
            None => title.element(Origin::path(file)),
            Some(span) => title.element(self.snippet(span, file, source, lang)),
        };
        if let Some(text) = &self.help {
            group = group.element(Level::HELP.with_name(help).message(normalize_untrusted_str(text.get(lang))));
        }
        renderer.render(&[group])
    }

    fn snippet<'a>(
        &'a self,
        span: &Span,
        file: &'a str,
        source: &'a str,
        lang: Lang,
    ) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        // Only the lines between the two places are handed over: cost must not grow with the file for each problem.
        let second = self.second.as_ref().map_or(span, |(second, _)| second);
        let from = source[..floor(source, span.start.min(second.start))].rfind('\n').map_or(0, |at| at + 1);
        let to = floor(source, span.end.max(second.end));
        let to = source[to..].find('\n').map_or(source.len(), |at| to + at);
        let within = |span: &Span| {
            let start = floor(source, span.start);
            start - from..floor(source, span.end).max(start) - from
        };
        let mut primary = AnnotationKind::Primary.span(within(span));
        if let Some(label) = &self.label {
            primary = primary.label(normalize_untrusted_str(label.get(lang)));
        }
        let mut snippet =
            Snippet::source(&source[from..to]).path(file).line_start(line_at(source, from)).annotation(primary);
        if let Some((span, label)) = &self.second {
            let label = normalize_untrusted_str(label.get(lang));
            snippet = snippet.annotation(AnnotationKind::Context.span(within(span)).label(label));
        }
        snippet
    }
}

/// All problems of one scenario file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The file, as it is shown.
    pub file: String,
    /// Its text; empty when it could not be read as text.
    pub source: String,
    /// What is wrong, at least one.
    pub problems: Vec<Problem>,
}

impl Problems {
    /// The problems of `file`, sorted by their places.
    pub fn new(file: &str, source: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.span.as_ref().map(|span| span.start));
        problems.dedup();
        Problems { file: file.to_owned(), source: source.to_owned(), problems }
    }

    /// All problems as text for a terminal: `file:line:column`, the line, a caret and a way out for each. Text from the
    /// file is cleaned of control characters. Ends with a line feed.
    pub fn render(&self, lang: Lang, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        // C1 controls (U+009B starts an escape sequence on some terminals) pass annotate-snippets; the stand-in has
        // the same length, so spans stay true.
        let c1 = |c: char| ('\u{80}'..='\u{9f}').contains(&c);
        let (file, source) = (escaped(self.file.chars()), self.source.replace(c1, "·"));
        let mut out = String::new();
        for problem in self.problems.iter().take(MOST_SHOWN) {
            out.push_str(&problem.render(&file, &source, lang, &renderer));
            out.push_str("\n\n");
        }
        match self.problems.len().checked_sub(MOST_SHOWN) {
            Some(more) if more > 0 => out.push_str(say!("… and {more} more\n", "… ほか{more}件\n").get(lang)),
            _ => _ = out.pop(),
        }
        out
    }
}

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.render(Lang::En, false).trim_end())
    }
}

impl std::error::Error for Problems {}

/// Line of byte `at`, from 1.
pub(super) fn line_at(source: &str, at: usize) -> usize {
    source[..floor(source, at)].matches('\n').count() + 1
}

/// Text from a file, fit for one line of a message: control characters escaped, at most 60 characters.
pub(super) fn printable(text: &str) -> String {
    let mut out = escaped(text.chars().take(60));
    if text.chars().nth(60).is_some() {
        out.push('…');
    }
    out
}

/// Control characters escaped: text from outside must not steer a terminal.
fn escaped(text: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    for c in text {
        match c.is_control() {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    out
}

/// The next character boundary at or below `at`.
fn floor(source: &str, at: usize) -> usize {
    source.floor_char_boundary(at.min(source.len()))
}
