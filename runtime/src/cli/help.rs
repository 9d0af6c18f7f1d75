//! Help that fits a screen: what is needed first, then what is common, then how to see the rest.

use serde_json::Value;

use crate::cli::command::{COMMON, Common, EMPTY, Group, can_be_empty, free_short, placeholder};
use crate::cli::dispatch::COMMANDS;
use crate::cli::exit::Exit;
use crate::cli::shell;
use crate::cli::terminal::{self, Stream};
use crate::table::{CategoryRow, Command, Outline, Param, Tables};

/// Without `--all` no more optional parameters than these are shown.
const MOST_OPTIONS: usize = 10;
/// The screen that help must fit where nobody tells its size, and the largest one that it fills.
const SCREEN: (usize, usize) = (100, 40);
/// The longest example that is preferred to shorter ones.
const LONG_EXAMPLE: usize = 300;
/// Without `--all` no more keys of an object than these are named.
const MOST_KEYS: usize = 6;
/// The widest text, in columns.
const WIDEST: usize = 110;

/// The variables of the environment.
pub(crate) const ENVIRONMENT: &[(&str, &str)] = &[
    ("B24_URL", "Webhook's address, or the portal's domain"),
    ("B24_TOKEN", "Access token, with a domain"),
    ("B24_PROFILE", "Profile to use where there is no address"),
    ("B24_CONFIG_DIR", "Folder of the profiles, in place of the platform's"),
    ("B24_KEYRING", "off keeps secrets out of the system's keyring"),
    ("B24_CLIENT_SECRET", "Secret of the application that logs in"),
    ("B24_LIMITS", "The portal's rate limit, such as 5/250"),
    ("B24_YES", "1 answers questions with yes, as --yes does"),
    ("B24_RAW", "1 prints whole answers, as --raw does"),
    ("NO_COLOR", "Anything means no colours"),
];

/// Columns and lines.
fn screen() -> (usize, usize) {
    let (columns, lines) = terminal_size::terminal_size()
        .map_or(SCREEN, |(columns, lines)| (usize::from(columns.0), usize::from(lines.0).saturating_sub(1)));
    (columns.max(50), lines.clamp(23, SCREEN.1))
}

fn width() -> usize {
    screen().0.min(WIDEST)
}

/// The start page.
pub(crate) fn top() -> String {
    let rows: Vec<_> = COMMANDS.iter().filter(|command| !command.usage.is_empty()).collect();
    let widest = rows.iter().map(|command| command.usage.len()).max().unwrap_or(0);
    let commands: String =
        rows.iter().map(|command| format!("  {:<widest$}  {}\n", command.usage, command.about)).collect();
    let widest = ENVIRONMENT.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let environment: String = ENVIRONMENT.iter().map(|(name, about)| format!("  {name:<widest$}  {about}\n")).collect();
    format!(
        "oint – Bitrix24 from the command line\n\n\
         Usage: oint <command> [options]\n\n\
         Commands:\n{commands}\n\
         Try `oint bitrix24 UpdateUser --help`.\n\n\
         Environment:\n{environment}\n\
         Exit codes:\n{}",
        Exit::table()
    )
}

/// A page with its headings in bold, where standard output gets colours.
pub(crate) fn painted(text: &str) -> String {
    if !terminal::has_colour(Stream::Out) {
        return text.to_owned();
    }
    let line = |line: &str| match line.split_once(": ") {
        _ if !line.starts_with(' ') && line.ends_with(':') => terminal::bold(Stream::Out, line),
        Some((heading @ ("Usage" | "Deprecated" | "Scope" | "May be called by" | "Documentation"), rest)) => {
            format!("{} {rest}", terminal::bold(Stream::Out, &format!("{heading}:")))
        }
        _ => line.to_owned(),
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

/// The categories at the top, each with the number of its methods.
pub(crate) fn categories(tables: &Tables) -> String {
    let outlines: Vec<Outline<'static>> = tables.outlines().collect();
    let tops: Vec<CategoryRow<'static>> = tables.categories().filter(|row| !row.folder.contains('/')).collect();
    let widest = tops.iter().map(|row| row.folder.chars().count()).max().unwrap_or(0);
    let mut text = format!("{} methods in {} categories:\n\n", outlines.len(), tops.len());
    for row in &tops {
        let count = outlines.iter().filter(|outline| is_within(&outline.category, &row.folder)).count();
        text.push_str(&entry(&row.folder, widest, &format!("{:>4}  {}", count, row.title)));
    }
    text.push_str(
        "\n`oint bitrix24 <category>` lists one, `oint search <word>…` finds methods, `oint bitrix24 <method> --help` shows how to\n\
         call one. `oint bitrix24 --all` lists every method, `oint bitrix24 --describe` prints all that is known as JSON.\n",
    );
    text
}

/// A category and what is within it: named by its folder (`crm/deals`), by the folders as words, or by the last of them
/// where no other ends so. None: there is no such category.
pub(crate) fn category(tables: &Tables, words: &[String]) -> Option<String> {
    let words: Vec<&str> = words.iter().map(String::as_str).take_while(|word| !word.starts_with('-')).collect();
    let name = words.join("/").to_lowercase();
    let rows: Vec<CategoryRow<'static>> = tables.categories().collect();
    let ending = format!("/{name}");
    let mut endings = rows.iter().filter(|row| row.folder.ends_with(&ending));
    let row =
        rows.iter().find(|row| row.folder == name).or_else(|| endings.next().filter(|_| endings.next().is_none()))?;
    let mut text = heading(row);
    let is_inner = |folder: &str| {
        let rest = folder.strip_prefix(row.folder.as_ref()).and_then(|rest| rest.strip_prefix('/'));
        rest.is_some_and(|rest| !rest.contains('/'))
    };
    let inner: Vec<&CategoryRow<'static>> = rows.iter().filter(|other| is_inner(&other.folder)).collect();
    let outlines: Vec<Outline<'static>> = tables.outlines().collect();
    let widest = inner.iter().map(|row| row.folder.chars().count()).max().unwrap_or(0);
    for row in &inner {
        let count = outlines.iter().filter(|outline| is_within(&outline.category, &row.folder)).count();
        text.push_str(&entry(&row.folder, widest, &format!("{:>4}  {}", count, row.title)));
    }
    if !inner.is_empty() {
        text.push('\n');
    }
    text.push_str(&lines(outlines.iter().filter(|outline| outline.category == row.folder)));
    text.push_str("\n`oint bitrix24 <method> --help` shows how to call one.\n");
    Some(text)
}

/// Every method, by categories.
pub(crate) fn everything(tables: &Tables) -> String {
    let outlines: Vec<Outline<'static>> = tables.outlines().collect();
    let mut text = String::new();
    for row in tables.categories() {
        text.push_str(&heading(&row));
        text.push_str(&lines(outlines.iter().filter(|outline| outline.category == row.folder)));
        text.push('\n');
    }
    text.push_str(
        "`oint bitrix24 <method> --help` shows one; `--describe` prints it as JSON, without a method all of them.\n",
    );
    text
}

fn heading(row: &CategoryRow<'_>) -> String {
    format!("{} ({}):\n{}\n\n", row.title, row.folder, fill(&row.summary, "", width()))
}

fn is_within(category: &str, folder: &str) -> bool {
    category.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn entry(name: &str, widest: usize, text: &str) -> String {
    format!("  {name:<widest$}  {text}\n")
}

/// A line a method: function, REST name and title, in columns that fit the screen.
pub(crate) fn lines<'o>(outlines: impl Iterator<Item = &'o Outline<'static>>) -> String {
    let rows: Vec<[String; 3]> = outlines
        .map(|outline| {
            let gone = if outline.deprecated.is_some() { " (deprecated)" } else { "" };
            let version = if outline.rest == 3 { " (REST 3.0)" } else { "" };
            let method = outline.method.as_deref().unwrap_or("–");
            [outline.function.to_string(), method.to_owned(), format!("{}{version}{gone}", outline.title)]
        })
        .collect();
    let widest = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let (a, b) = (widest(0), widest(1));
    rows.iter().map(|[function, method, title]| format!("  {function:<a$}  {method:<b$}  {title}\n")).collect()
}

/// Whether a command talks to a portal, so that the connection's options are of use.
fn has_connection(command: &Command<'_>) -> bool {
    command.method.is_some()
}

/// The help of one command: with `all` everything, otherwise as many optional parameters as a screen has room for.
pub(crate) fn command(command: &Command<'static>, all: bool) -> String {
    if all {
        return page(command, true, usize::MAX);
    }
    let (columns, lines) = screen();
    let rows = |text: &str| text.lines().map(|line| line.chars().count().div_ceil(columns).max(1)).sum::<usize>();
    (1..=MOST_OPTIONS)
        .rev()
        .map(|most| page(command, false, most))
        .find(|page| rows(page) <= lines)
        .unwrap_or_else(|| page(command, false, 0))
}

/// The help of one command with so many of its optional parameters at most.
fn page(command: &Command<'static>, all: bool, most_options: usize) -> String {
    let width = width();
    let mut text = format!("{}\n", command.title);
    let spellings: Vec<&str> = std::iter::once(command.function.as_ref()).chain(command.method.as_deref()).collect();
    text.push_str(&format!("{}\n\n{}\n", spellings.join(", "), fill(&command.summary, "", width)));
    if let Some(gone) = &command.deprecated {
        let instead = gone
            .replacement
            .as_deref()
            .map_or_else(|| "do not use it in new work".to_owned(), |name| format!("use {name} instead"));
        let note = gone.note.as_deref().map(|note| format!(" {note}")).unwrap_or_default();
        text.push_str(&format!("\n{}\n", fill(&format!("Deprecated: {instead}.{note}"), "", width)));
    }
    let required: Vec<&Param<'static>> = command.params.iter().filter(|param| param.required).collect();
    let optional: Vec<&Param<'static>> = command.params.iter().filter(|param| !param.required).collect();
    text.push('\n');
    let mut usage = format!("Usage: oint bitrix24 {}", command.function);
    if has_connection(command) {
        usage.push_str(" --url <ADDRESS>");
    }
    for param in &required {
        usage.push_str(&format!(" --{} <{}>", option(param), placeholder(param)));
    }
    text.push_str(&fill(&format!("{usage} [options]"), "    ", width));
    text.push('\n');
    section(&mut text, "Required", required.iter().map(|param| row(param, all)), width);
    let shown = optional.len().min(most_options);
    section(&mut text, "Options", optional[..shown].iter().map(|param| row(param, all)), width);
    if shown < optional.len() {
        text.push_str(&format!("  … and {} more: --help --all\n", optional.len() - shown));
    }
    if can_be_empty(command) {
        section(
            &mut text,
            "Options",
            [(format!("  -e, --{EMPTY} [<BOOLEAN>]"), "Make every value an empty text".to_owned())].into_iter(),
            width,
        );
    }
    if command.template.is_none() {
        if has_connection(command) {
            common(&mut text, command, all, width);
        }
        if let Some(example) = example(command) {
            text.push_str(&format!("\nExample:\n  {example}\n"));
        }
    }
    let mut facts = vec![format!("Scope: {}", command.scope)];
    facts.extend(command.access.as_deref().map(|access| format!("May be called by: {access}")));
    facts.extend(command.reference.as_deref().map(|page| format!("Documentation: {page}")));
    text.push_str(&format!("\n{}\n", facts.join("\n")));
    text
}

/// The options that every command has: all of them, or the main ones and the names of the others.
fn common(text: &mut String, command: &Command<'static>, all: bool, width: usize) {
    let line = |option: &Common| {
        let long = option.free(command)?;
        Some((flags(free_short(command, option.short), long, option.value), option.help.to_owned()))
    };
    let fitting = || COMMON.iter().filter(|option| option.is_for(command));
    if all {
        for (group, title) in Group::ALL {
            section(text, title, fitting().filter(|option| option.group == group).filter_map(line), width);
        }
        return;
    }
    section(text, "Common options", fitting().filter(|option| option.is_main_for(command)).filter_map(line), width);
    let others = fitting().filter(|option| !option.is_main_for(command)).filter_map(|option| option.free(command));
    let others: Vec<String> = others.map(|long| format!("--{long}")).collect();
    text.push_str(&format!("{}\n", fill(&format!("  and {} (--help --all)", others.join(", ")), "  ", width)));
}

fn option<'p>(param: &'p Param<'_>) -> &'p str {
    param.option.as_deref().unwrap_or(&param.name)
}

fn flags(short: Option<char>, long: &str, value: Option<&str>) -> String {
    let short = short.map_or_else(|| "    ".to_owned(), |short| format!("-{short}, "));
    let value = value.map(|value| format!(" <{value}>")).unwrap_or_default();
    format!("  {short}--{long}{value}")
}

fn row(param: &Param<'static>, all: bool) -> (String, String) {
    let mut help = if all { param.description.to_string() } else { first_sentence(&param.description).to_owned() };
    if !param.values.is_empty() {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let most = if all { usize::MAX } else { MOST_KEYS };
        let values: Vec<String> = param.values.iter().map(text).take(most).collect();
        let more = if param.values.len() > values.len() { ", …" } else { "" };
        help.push_str(&format!(" Values: {}{more}.", values.join(", ")));
    }
    if let Some(default) = &param.default {
        help.push_str(&format!(" Default: {default}."));
    }
    if !param.entries.is_empty() {
        let most = if all { usize::MAX } else { MOST_KEYS };
        let keys: Vec<&str> = param.entries.iter().map(|entry| entry.name.as_ref()).take(most).collect();
        let more = match param.entries.len() - keys.len() {
            0 => String::new(),
            more => format!(" … and {more} more (--help --all)"),
        };
        help.push_str(&format!(" Keys: {}{more}.", keys.join(", ")));
    }
    (flags(param.short, option(param), Some(placeholder(param))), help)
}

/// What a description begins with; the rest is for `--all`.
fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}

/// A section with its options in one column and their meaning in another.
fn section(text: &mut String, title: &str, rows: impl Iterator<Item = (String, String)>, width: usize) {
    let rows: Vec<(String, String)> = rows.collect();
    if rows.is_empty() {
        return;
    }
    const WIDEST_COLUMN: usize = 30;
    let column = rows
        .iter()
        .map(|(flags, _)| flags.chars().count() + 2)
        .filter(|column| *column <= WIDEST_COLUMN)
        .max()
        .unwrap_or(WIDEST_COLUMN);
    text.push_str(&format!("\n{title}:\n"));
    for (flags, help) in rows {
        let indent = " ".repeat(column);
        let first = if flags.chars().count() + 2 <= column {
            format!("{flags:<column$}")
        } else {
            format!("{flags}\n{indent}")
        };
        let options = textwrap::Options::new(width).initial_indent(&indent).subsequent_indent(&indent);
        let help = textwrap::fill(&help, options);
        text.push_str(&format!("{first}{}\n", help.trim_start()));
    }
}

fn fill(paragraph: &str, indent: &str, width: usize) -> String {
    textwrap::fill(paragraph, textwrap::Options::new(width).subsequent_indent(indent))
}

/// An example as a command: the first one, unless it is too long for a screen and another is not.
pub(crate) fn example(command: &Command<'static>) -> Option<String> {
    let mut all: Vec<String> = command.examples.iter().map(|example| example_of(command, &example.arguments)).collect();
    let short = all.iter().position(|example| example.chars().count() <= LONG_EXAMPLE);
    let at = short.or_else(|| (0..all.len()).min_by_key(|at| all[*at].len()))?;
    Some(all.swap_remove(at))
}

fn example_of(command: &Command<'static>, arguments: &crate::value::Object) -> String {
    let mut words = vec![format!("oint bitrix24 {}", command.function)];
    for param in &command.params {
        let Some(value) = arguments.get(param.name.as_ref()) else {
            continue;
        };
        let value = match value {
            // The command line reads `\n` as a line break.
            Value::String(text) if param.type_word == "string" => {
                quoted(&text.replace('\\', "\\\\").replace('\n', "\\n"))
            }
            Value::String(text) => quoted(text),
            Value::Object(_) | Value::Array(_) => shell::quoted(&value.to_string()),
            other => other.to_string(),
        };
        words.push(format!("--{} {value}", option(param)));
    }
    words.join(" ")
}

/// A word for Bash: in double quotes where they keep it as it is.
fn quoted(text: &str) -> String {
    if text.contains(['"', '$', '`', '\\', '!', '\n']) { shell::quoted(text) } else { format!("\"{text}\"") }
}
