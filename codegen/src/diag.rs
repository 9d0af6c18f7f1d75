//! Problems of specs, shown as rustc shows them: message, place, source line, caret, help.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// A file's path (from the project's root, with `/`) and text.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceText {
    /// The path.
    pub path: String,
    /// The text; what is no UTF-8 is replaced.
    pub text: String,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub source: Arc<SourceText>,
    /// Bytes of the text.
    pub span: Range<usize>,
}

impl Place {
    /// The place of a line and column (both from 1, columns in characters), as long as the YAML token that begins there.
    pub fn at(source: &Arc<SourceText>, line: usize, column: usize) -> Self {
        let text = &source.text;
        let start_of_line = match line {
            0 | 1 => 0,
            line => text.match_indices('\n').nth(line - 2).map_or(text.len(), |(at, _)| at + 1),
        };
        let rest = text[start_of_line..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let from = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
        let span = start_of_line + from..start_of_line + from + token(rest, from);
        Self { source: Arc::clone(source), span }
    }

    /// What the caret stands under. An empty span would draw none: at the end of a line it is the character before,
    /// elsewhere the one behind.
    fn shown(&self) -> Range<usize> {
        let (text, Range { start, end }) = (&self.source.text, self.span.clone());
        if start < end {
            return start..end;
        }
        match (text[start..].chars().next(), text[..start].chars().next_back()) {
            (None | Some('\n' | '\r'), Some(before)) if before != '\n' => start - before.len_utf8()..start,
            (Some(behind), _) => start..start + behind.len_utf8(),
            (None, _) => start..end,
        }
    }

    fn line(&self) -> usize {
        1 + self.source.text[..self.span.start].matches('\n').count()
    }
}

/// How long the YAML token at a place of a line is.
fn token(line: &str, from: usize) -> usize {
    let rest = &line[from..];
    let closing = |open: char, close: char| {
        let mut depth = 0_usize;
        rest.char_indices().find_map(|(at, char)| {
            depth = if char == open {
                depth + 1
            } else if char == close {
                depth.saturating_sub(1)
            } else {
                depth
            };
            (depth == 0).then_some(at + 1)
        })
    };
    let quoted = |quote: char| {
        let mut escaped = false;
        rest.char_indices().skip(1).find_map(|(at, char)| {
            let ends = char == quote && !escaped;
            escaped = quote == '"' && char == '\\' && !escaped;
            ends.then_some(at + 1)
        })
    };
    let whole = rest.trim_end().len();
    match rest.chars().next() {
        None => 0,
        Some('"') => quoted('"').unwrap_or(whole),
        Some('\'') => quoted('\'').unwrap_or(whole),
        Some('{') => closing('{', '}').unwrap_or(whole),
        Some('[') => closing('[', ']').unwrap_or(whole),
        Some(_) => {
            let flow = line[..from].matches(['{', '[']).count() > line[..from].matches(['}', ']']).count();
            let ends = |at: usize, char: char| {
                let next = rest[at + char.len_utf8()..].chars().next();
                match char {
                    ':' => next.is_none_or(char::is_whitespace),
                    ' ' | '\t' => next == Some('#'),
                    ',' | '}' | ']' => flow,
                    _ => false,
                }
            };
            let end = rest.char_indices().find(|(at, char)| ends(*at, *char)).map_or(whole, |(at, _)| at);
            rest[..end].trim_end().len().max(rest.chars().next().map_or(0, char::len_utf8))
        }
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    message: String,
    place: Place,
    label: Option<String>,
    other: Option<(Place, String)>,
    help: Vec<String>,
}

impl Diagnostic {
    /// A problem at a place.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { message: message.into(), place, label: None, other: None, help: Vec::new() }
    }

    /// Words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// A second place that belongs to the problem.
    #[must_use]
    pub fn other(mut self, place: Place, label: impl Into<String>) -> Self {
        self.other = Some((place, label.into()));
        self
    }

    /// How to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// The help where there is one.
    #[must_use]
    pub fn maybe_help(self, help: Option<String>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    fn render(&self, renderer: &Renderer) -> String {
        let annotation = |kind: AnnotationKind, place: &Place, label: Option<&str>| {
            let annotation = kind.span(place.shown());
            match label {
                Some(label) => annotation.label(label.to_owned()),
                None => annotation,
            }
        };
        let snippet =
            |place: &Place| Snippet::source(place.source.text.clone()).path(place.source.path.clone()).line_start(1);
        let primary = annotation(AnnotationKind::Primary, &self.place, self.label.as_deref());
        let mut group: Group<'_> =
            Level::ERROR.primary_title(self.message.clone()).elements([] as [annotate_snippets::Message<'_>; 0]);
        match &self.other {
            Some((place, label)) if place.source == self.place.source => {
                let second = annotation(AnnotationKind::Context, place, Some(label));
                group = group.element(snippet(&self.place).annotation(primary).annotation(second));
            }
            Some((place, label)) => {
                let second = annotation(AnnotationKind::Context, place, Some(label));
                group =
                    group.element(snippet(&self.place).annotation(primary)).element(snippet(place).annotation(second));
            }
            None => group = group.element(snippet(&self.place).annotation(primary)),
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(help.clone()));
        }
        renderer.render(&[group])
    }
}

/// All problems of all files, sorted by file and line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sorted by file, then line; one that is there twice stays once.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.0.sort_by(|a, b| {
            let key = |diagnostic: &Diagnostic| (diagnostic.place.source.path.clone(), diagnostic.place.span.start);
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
        self.0.dedup();
        self
    }

    /// The text for a terminal, with colours if asked.
    pub fn render(&self, colour: bool) -> String {
        format!("{}; nothing was written\n", self.report(colour))
    }

    /// The same without a word on what was written.
    pub fn report(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut text: String = self.0.iter().map(|diagnostic| diagnostic.render(&renderer) + "\n\n").collect();
        let files: BTreeSet<&str> = self.0.iter().map(|diagnostic| diagnostic.place.source.path.as_str()).collect();
        let count = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
        text.push_str(&format!("error: {} in {}", count(self.len(), "problem"), count(files.len(), "file")));
        text
    }

    /// Where the problems are, as `path:line`, for tests and tools.
    pub fn places(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|diagnostic| format!("{}:{}", diagnostic.place.source.path, diagnostic.place.line()))
            .collect()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;

    fn underlined(text: &str, line: usize, column: usize) -> String {
        let source = Arc::new(SourceText { path: "a.yaml".into(), text: text.into() });
        source.text[Place::at(&source, line, column).span].to_owned()
    }

    #[test]
    fn the_caret_is_as_long_as_the_token() {
        assert_eq!(underlined("a: b\r\ntype: strng # odd\r\n", 2, 7), "strng");
        assert_eq!(underlined("{a: x, b: y}", 1, 5), "x");
        assert_eq!(underlined("a: \"q \\\" # r\" # s", 1, 4), "\"q \\\" # r\"");
        assert_eq!(underlined("a: {b: {c: d}} ", 1, 4), "{b: {c: d}}");
        assert_eq!(underlined("имя: значение слово", 1, 6), "значение слово");
        assert_eq!(underlined("key: v", 1, 1), "key");
        assert_eq!(underlined("", 9, 9), "");
    }
}
