//! `oint man`: manual pages of the command, of its sub-commands and, on demand, of any method. They are made of the same
//! tables and clap commands as help is.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::{Command as Process, Stdio};

use clap::{Arg, Command as Clap};
use roff::{Roff, bold, italic, roman};

use crate::cli::command::{COMMON, Group, given, placeholder};
use crate::cli::dispatch::{self, COMMANDS};
use crate::cli::exit::{Exit, Stop};
use crate::cli::{help, method, sub};
use crate::table::{Command, Param, Tables};

pub(crate) fn clap() -> Clap {
    sub::clap("man", "Show or write manual pages")
        .after_help(
            "On a terminal a page is shown by `man`; elsewhere its source is printed.\n\n\
             Examples:\n  oint man\n  oint man UpdateUser\n  oint man auth\n  oint man --out /usr/local/share/man/man1",
        )
        .arg(
            Arg::new("method").value_name("METHOD").help("A method or a command of oint; oint itself if none is named"),
        )
        .arg(
            Arg::new("out")
                .long("out")
                .value_name("DIR")
                .help("Write the page, or those of oint and all its commands, into a folder"),
        )
}

/// `oint man`
pub(crate) fn run(tables: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    let Some(matches) = sub::parse(clap(), arguments)? else { return Ok(Exit::Done) };
    let pages = match given(&matches, "method") {
        None => {
            let mut pages = vec![("oint".to_owned(), top())];
            if given(&matches, "out").is_some() {
                for command in COMMANDS {
                    pages.extend(command.clap.map(|clap| sub_pages(clap())).into_iter().flatten());
                }
            }
            pages
        }
        Some(name) => match tables.command(name, None) {
            Some(command) => vec![(format!("oint-{}", command.key), of_method(&command))],
            None => match dispatch::find(name).and_then(|command| command.clap) {
                Some(clap) => sub_pages(clap()),
                None => return Err(method::unknown_method(tables, name, None)),
            },
        },
    };
    match given(&matches, "out") {
        Some(folder) => write(Path::new(folder), &pages),
        None => {
            let text: String = pages.into_iter().take(1).map(|(_, page)| page).collect();
            if shown(&text) { Ok(Exit::Done) } else { super::print(&text) }
        }
    }
}

fn write(folder: &Path, pages: &[(String, String)]) -> Result<Exit, Stop> {
    let failed = |path: &Path, error: std::io::Error| Stop::usage(format!("cannot write {}: {error}", path.display()));
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for (name, page) in pages {
        let path = folder.join(format!("{name}.1"));
        std::fs::write(&path, page).map_err(|error| failed(&path, error))?;
    }
    let count = pages.len();
    let _ = writeln!(std::io::stderr(), "{count} page{} in {}", if count == 1 { "" } else { "s" }, folder.display());
    Ok(Exit::Done)
}

/// Shows a page by `man`, where somebody reads and `man` is there.
fn shown(page: &str) -> bool {
    if !std::io::stdout().is_terminal() {
        return false;
    }
    let Ok(mut man) = Process::new("man").args(["-l", "-"]).stdin(Stdio::piped()).spawn() else { return false };
    // Whoever leaves early has read enough.
    let _ = man.stdin.take().map(|mut stdin| stdin.write_all(page.as_bytes()));
    man.wait().is_ok_and(|status| status.success())
}

/// A page that begins with its title and its name.
fn page(name: &str, about: &str) -> Roff {
    let mut page = Roff::new();
    page.control("TH", [name.to_uppercase().as_str(), "1", "", concat!("oint ", env!("CARGO_PKG_VERSION")), ""]);
    page.control("SH", ["NAME"]).text([roman(format!("{name} - {about}"))]);
    page
}

fn entry(page: &mut Roff, term: Vec<roff::Inline>, text: &str) {
    page.control("TP", []).text(term);
    for (at, paragraph) in text.split('\n').filter(|line| !line.is_empty()).enumerate() {
        if at > 0 {
            page.control("br", []);
        }
        page.text([roman(paragraph)]);
    }
}

/// oint(1)
fn top() -> String {
    let mut page = page("oint", "Bitrix24 from the command line");
    page.control("SH", ["SYNOPSIS"]).text([bold("oint"), roman(" "), italic("command"), roman(" [options]")]);
    page.control("SH", ["COMMANDS"]);
    for command in COMMANDS.iter().filter(|command| !command.usage.is_empty()) {
        entry(&mut page, vec![bold(format!("oint {}", command.usage))], command.about);
    }
    page.control("SH", ["OPTIONS OF EVERY METHOD"]);
    for (group, title) in Group::ALL {
        page.control("SS", [title]);
        for option in COMMON.iter().filter(|option| option.group == group) {
            let value = option.value.map(|value| italic(format!(" {value}")));
            let short = option.short.map(|short| bold(format!("-{short}, ")));
            let term = short.into_iter().chain([bold(format!("--{}", option.long))]).chain(value).collect();
            entry(&mut page, term, option.help);
        }
    }
    page.control("SH", ["ENVIRONMENT"]);
    for (name, about) in help::ENVIRONMENT {
        entry(&mut page, vec![bold(*name)], about);
    }
    page.control("SH", ["EXIT STATUS"]);
    for line in Exit::table().lines() {
        let (code, about) = line.trim().split_once("  ").unwrap_or((line.trim(), ""));
        entry(&mut page, vec![bold(code)], about);
    }
    let pages =
        COMMANDS.iter().filter(|command| command.clap.is_some()).map(|command| format!("oint-{}(1)", command.name));
    page.control("SH", ["SEE ALSO"]).text([roman(pages.collect::<Vec<_>>().join(", "))]);
    page.render()
}

/// The pages of a sub-command and of those below it.
fn sub_pages(clap: Clap) -> Vec<(String, String)> {
    fn add(clap: &Clap, name: &str, pages: &mut Vec<(String, String)>) {
        let mut text = Vec::new();
        let man = clap_mangen::Man::new(clap.clone().name(name.to_owned()))
            .source(concat!("oint ", env!("CARGO_PKG_VERSION")));
        // Writing to memory does not fail.
        if man.title(name.to_uppercase()).render(&mut text).is_ok() {
            pages.push((name.to_owned(), String::from_utf8_lossy(&text).into_owned()));
        }
        for inner in clap.get_subcommands() {
            add(inner, &format!("{name}-{}", inner.get_name()), pages);
        }
    }
    let mut pages = Vec::new();
    let name = clap.get_name().trim_start_matches("oint ").to_owned();
    add(&clap.disable_help_subcommand(true), &format!("oint-{name}"), &mut pages);
    pages
}

/// The page of a method.
fn of_method(command: &Command<'static>) -> String {
    let mut page = page(&format!("oint-{}", command.key), &command.title);
    page.control("SH", ["SYNOPSIS"]);
    let mut line = vec![bold("oint bitrix24 "), bold(command.function.as_ref())];
    for param in command.params.iter().filter(|param| param.required) {
        line.extend([bold(format!(" --{}", long(param))), italic(format!(" {}", placeholder(param)))]);
    }
    line.push(roman(" [options]"));
    page.text(line);
    page.control("SH", ["DESCRIPTION"]).text([roman(command.summary.as_ref())]);
    let names: Vec<&str> =
        command.method.as_deref().into_iter().chain(command.aliases.iter().map(AsRef::as_ref)).collect();
    if !names.is_empty() {
        page.control("PP", []).text([roman(format!("Other names: {}.", names.join(", ")))]);
    }
    if let Some(gone) = &command.deprecated {
        let instead = gone.replacement.as_deref().map(|name| format!(" Use {name} instead.")).unwrap_or_default();
        page.control("PP", [])
            .text([roman(format!("Deprecated.{instead} {}", gone.note.as_deref().unwrap_or_default()))]);
    }
    if !command.params.is_empty() {
        page.control("SH", ["OPTIONS"]);
    }
    for param in &command.params {
        let short = param.short.map(|short| bold(format!("-{short}, ")));
        let flag = [bold(format!("--{}", long(param))), italic(format!(" {}", placeholder(param)))];
        entry(&mut page, short.into_iter().chain(flag).collect(), &meaning(param));
        if !param.entries.is_empty() {
            page.control("RS", []);
            for key in &param.entries {
                entry(&mut page, vec![bold(key.name.as_ref())], &meaning(key));
            }
            page.control("RE", []);
        }
    }
    page.text([roman("The options of every method are in "), bold("oint"), roman("(1).")]);
    if let Some(returns) = command.returns.as_ref().filter(|returns| !returns.description.is_empty()) {
        page.control("SH", ["RESULT"]).text([roman(returns.description.as_ref())]);
        for form in &returns.or {
            page.control("PP", []).text([roman(form.description.as_ref())]);
        }
    }
    if !command.errors.is_empty() {
        page.control("SH", ["ERRORS"]);
        for error in command.errors.iter() {
            let code = if error.code.is_empty() { "(no code)" } else { error.code.as_ref() };
            entry(&mut page, vec![bold(code)], &error.description);
        }
    }
    if let Some(example) = help::example(command) {
        page.control("SH", ["EXAMPLE"]).control("nf", []).text([roman(example)]).control("fi", []);
    }
    let mut facts = vec![format!("Scope: {}.", command.scope)];
    facts.extend(command.access.as_deref().map(|access| format!("May be called by: {access}.")));
    facts.extend(command.reference.as_deref().map(|page| format!("Documentation: {page}")));
    page.control("SH", ["NOTES"]);
    for fact in facts {
        page.text([roman(fact)]).control("br", []);
    }
    page.render()
}

fn long<'p>(param: &'p Param<'_>) -> &'p str {
    param.option.as_deref().unwrap_or(&param.name)
}

/// What a parameter means, with its values and its default.
fn meaning(param: &Param<'_>) -> String {
    let mut text = param.description.to_string();
    if param.required {
        text.push_str(" Required.");
    }
    if let Some(default) = &param.default {
        text.push_str(&format!(" Default: {default}."));
    }
    if !param.values.is_empty() {
        let plain = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let words = param.values.iter().map(|value| {
            let word = plain(value);
            match param.meanings.as_ref().and_then(|meanings| meanings.get(&word)).and_then(serde_json::Value::as_str) {
                Some(meaning) => format!("{word} ({})", meaning.trim_end_matches('.')),
                None => word,
            }
        });
        text.push_str(&format!("\nValues: {}.", words.collect::<Vec<_>>().join(", ")));
    }
    text
}
