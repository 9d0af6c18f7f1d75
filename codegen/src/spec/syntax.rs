//! Texts that are no YAML. The parser tells what it waited for; people want to know what to change, so the text around the
//! place is looked at.

use std::sync::Arc;

use crate::diag::{Diagnostic, Place, SourceText};

/// A fault of the syntax in our words.
pub(super) fn explain(text: &Arc<SourceText>, error: &serde_yaml::Error) -> Diagnostic {
    let full = error.to_string();
    if full.contains("more than one document") {
        let at = text.text.lines().enumerate().skip(1).filter(|(_, line)| line.trim_end() == "---");
        let line = at.map(|(at, _)| at + 1).next().unwrap_or(1);
        return Diagnostic::new(Place::at(text, line, 1), "a second document begins in the file")
            .help("remove the line `---`: a file holds one");
    }
    let found = error.location().map_or((1, 1), |at| (at.line(), at.column()));
    let place = Place::at(text, found.0, found.1);
    // What went wrong, then what the parser was in the middle of, each with its place behind it.
    let (problem, context) = full.split_once(", while ").unwrap_or((&full, ""));
    let problem = problem.rsplit_once(" at line ").map_or(problem, |(problem, _)| problem);
    let begun = context.rsplit_once(" at line ").and_then(|(_, place)| {
        let (line, column) = place.split_once(" column ")?;
        Some((line.parse().ok()?, column.parse().ok()?))
    });
    let begin = |(line, column)| Place::at(text, line, column);
    let diagnostic = |place: Place, message: &str, help: &str| {
        Diagnostic::new(place, format!("not valid YAML: {message}")).help(help)
    };
    match begun.filter(|begun| *begun != found) {
        Some(begun) if context.contains("simple key") => {
            let help = "write `key: value`, with a space behind the colon";
            return diagnostic(begin(begun), "a colon is missing behind the key", help);
        }
        Some(begun) if context.contains("quoted scalar") && problem.contains("unexpected") => {
            let help = "close it; inside of single quotes `''` is a quote, inside of double ones `\\\"`";
            return diagnostic(begin(begun), "the quote that opens here is not closed", help);
        }
        Some(begun) if context.contains("flow ") && !problem.contains("cannot start any token") => {
            let (kind, close) = if context.contains("sequence") { ("list", "]") } else { ("mapping", "}") };
            let message = format!("the {kind} that opens here is not closed before something else follows");
            let help = format!("close it with `{close}`, and put texts with commas, colons or brackets in quotes");
            return diagnostic(begin(begun), &message, &help).other(place, "here");
        }
        _ => {}
    }
    let help = hint(text, problem, found);
    Diagnostic::new(place, format!("not valid YAML: {problem}")).maybe_help(help)
}

/// What to change, as far as the text shows it.
fn hint(text: &Arc<SourceText>, problem: &str, (line, column): (usize, usize)) -> Option<String> {
    let lines: Vec<&str> = text.text.lines().collect();
    let shown = lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
    let here = shown.chars().nth(column.saturating_sub(1));
    let indent: String = shown.chars().take_while(|char| char.is_whitespace()).collect();
    if indent.contains('\t') || problem.contains("tab ") {
        return Some("indent with spaces, not with tabs".to_owned());
    }
    if problem.contains("cannot start any token") {
        return here.map(|char| format!("put a text that begins with `{char}` in quotes"));
    }
    if problem.contains("mapping values are not allowed") {
        return Some(match shown.matches(": ").count() {
            0 | 1 => "a key stands exactly below the others of its mapping".to_owned(),
            _ => "put a text with a colon in it in quotes".to_owned(),
        });
    }
    if let Some(at) = unclosed(&lines[..line.min(lines.len())]) {
        return Some(format!("does the quote in line {at} end where it should?"));
    }
    if problem.contains("expected '-' indicator") {
        return Some("the items of a list begin in one column, and the keys of an item in one column, too".to_owned());
    }
    if problem.contains("expected key") || problem.contains("expected <document start>") {
        let help = "a key stands exactly below the others of its mapping; a text with quotes in it stands in quotes as a whole";
        return Some(help.to_owned());
    }
    if problem.contains("escape") {
        return Some("in double quotes a backslash is written twice; in single quotes it stands for itself".to_owned());
    }
    let is_sign = |char: &char| matches!(char, '*' | '&' | '!' | '|' | '>');
    let sign = here
        .filter(is_sign)
        .or_else(|| shown.split_once(": ").and_then(|(_, value)| value.chars().next()).filter(is_sign));
    sign.map(|char| format!("put a text that begins with `{char}` in quotes"))
}

/// The last line with a value whose quote does not end in it.
fn unclosed(lines: &[&str]) -> Option<usize> {
    let opens = |line: &str| {
        let value = line.split_once(": ").map_or(line, |(_, value)| value).trim_start_matches(['-', ' ']);
        let quote = value.chars().next().filter(|char| matches!(char, '"' | '\''));
        quote.is_some_and(|quote| value.matches(quote).count() % 2 == 1)
    };
    lines.iter().rposition(|line| opens(line)).map(|at| at + 1)
}
