//! `oint doctor`: looks at everything between this machine and the portal's methods, and says what to mend.

mod portal;
mod way;

use std::pin::pin;
use std::time::Duration;

use clap::{ArgMatches, Command as Clap};
use futures_util::future::{Either, select};
use serde_json::{Value, json};

use crate::address::Address;
use crate::cli::command::{connection_options, given, output_options, seconds};
use crate::cli::connect::{Connection, Target};
use crate::cli::exit::{Exit, Stop};
use crate::cli::exposed;
use crate::cli::method::interruptible;
use crate::cli::output::Output;
use crate::cli::sub::{self, color};
use crate::cli::terminal::{self, Stream};
use crate::table::Tables;

use portal::Answers;

/// How long each check may take where `--timeout` says nothing else: the name, then all others side by side.
const PATIENCE: Duration = Duration::from_secs(10);
/// The difference between the clocks that is worth a word: certificates and tokens live by them.
const SKEW: Duration = Duration::from_secs(60);

pub(crate) fn clap() -> Clap {
    sub::clap("doctor", "Check the way to the portal and what may be called there, and say what to mend")
        .after_help(
            "Checks the chosen connection, the address, the network, TLS, the clock, the authorisation, the scopes and methods. \
             The exit code is that of the first fault: 2 for the settings, 3 for the authorisation, 4 for the network; a warning is no fault. \
             Each check may take 10 s, or what --timeout says.",
        )
        .args(connection_options())
        .args(output_options())
        .arg(color())
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warn,
    Fail(Exit),
    /// It does not apply, or what it needs failed.
    Skip,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail(_) => "fail",
            Self::Skip => "skip",
        }
    }

    /// The word in its colour.
    fn painted(self) -> String {
        let code = match self {
            Self::Ok => 32,
            Self::Warn => 33,
            Self::Fail(_) => 31,
            Self::Skip => 90,
        };
        let word = format!("{:<4}", self.word());
        if terminal::has_colour(Stream::Out) { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word }
    }
}

/// A check and its outcome.
struct Finding {
    check: &'static str,
    verdict: Verdict,
    text: String,
    help: Option<String>,
}

/// The findings, in order.
#[derive(Default)]
struct Report(Vec<Finding>);

impl Report {
    fn add(&mut self, check: &'static str, verdict: Verdict, text: impl Into<String>) {
        self.0.push(Finding { check, verdict, text: text.into(), help: None });
    }

    fn mend(&mut self, check: &'static str, verdict: Verdict, text: impl Into<String>, help: impl Into<String>) {
        self.0.push(Finding { check, verdict, text: text.into(), help: Some(help.into()) });
    }

    fn exit(&self) -> Exit {
        let exits = self.0.iter().filter_map(|finding| match finding.verdict {
            Verdict::Fail(exit) => Some(exit),
            _ => None,
        });
        // The first fault is the cause of those behind it.
        exits.into_iter().next().unwrap_or(Exit::Done)
    }

    fn text(&self) -> String {
        let width = self.0.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
        let mut text = String::new();
        for Finding { check, verdict, text: words, help } in &self.0 {
            text.push_str(&format!("{}  {check:<width$}  {words}\n", verdict.painted()));
            for line in help.iter().flat_map(|help| help.lines()) {
                text.push_str(&format!("{:>indent$}→ {line}\n", "", indent = width + 8));
            }
        }
        text
    }

    fn json(&self) -> Value {
        let rows = self.0.iter().map(|finding| {
            json!({
                "check": finding.check, "verdict": finding.verdict.word(), "text": finding.text, "help": finding.help,
            })
        });
        rows.collect()
    }
}

/// `oint doctor`
pub(crate) fn run(tables: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    let Some(matches) = sub::parse(clap(), arguments)? else { return Ok(Exit::Done) };
    let output = Output::new(&matches)?;
    let mut report = Report::default();
    examine(tables, &matches, &mut report)?;
    let printed =
        if sub::is_for_programs(&matches) { output.print(report.json()) } else { super::print(&report.text()) }?;
    Ok(if printed == Exit::Done { report.exit() } else { printed })
}

fn examine(tables: &Tables, matches: &ArgMatches, report: &mut Report) -> Result<(), Stop> {
    let Some((connection, address)) = settings(matches, report) else { return Ok(()) };
    let client = connection.unwarned_client(matches);
    let is_application = connection.target().is_some_and(|target| target.way(connection.has_token()) != "webhook");
    let patience = given(matches, "timeout").map_or(Ok(PATIENCE), seconds).map_err(Stop::usage)?;
    interruptible("doctor", true, async {
        let Ok(found) = way::addresses(&address, patience, report).await else {
            report.add("authorised", Verdict::Skip, "the portal was not reached");
            return Ok(());
        };
        let way = pin!(way::look(&address, found.as_deref(), patience));
        let answers = pin!(async {
            match &client {
                Ok(client) => Some(Answers::ask(client, is_application, patience).await),
                Err(_) => None,
            }
        });
        // Side by side; where there is no way, there are no answers worth waiting for.
        let (way, answers) = match select(way, answers).await {
            Either::Left((way, answers)) if way.is_open => (way, answers.await),
            Either::Left((way, _)) => (way, None),
            Either::Right((answers, way)) => (way.await, answers),
        };
        report.0.extend(way.report.0);
        match (way.is_open, answers) {
            (false, _) => report.add("authorised", Verdict::Skip, "the portal was not reached"),
            (true, Some(answers)) => answers.tell(tables, report),
            (true, None) => {}
        }
        if let (true, Err(stop)) = (way.is_open, &client) {
            let (text, help) = split(&stop.message);
            report.0.push(Finding { check: "authorised", verdict: Verdict::Fail(stop.exit), text, help });
        }
        Ok(())
    })
}

/// A message and what it says of mending.
fn split(message: &str) -> (String, Option<String>) {
    match message.split_once("\nhelp: ") {
        Some((text, help)) => (text.to_owned(), Some(help.to_owned())),
        None => (message.to_owned(), None),
    }
}

/// Which connection it is, and whether it can be one.
fn settings(matches: &ArgMatches, report: &mut Report) -> Option<(Connection, Address)> {
    let known = Connection::new(matches).and_then(|connection| Ok((connection.address()?, connection)));
    let (address, connection) = match known {
        Ok((Some(address), connection)) => (address, connection),
        Ok((None, _)) => {
            report.mend(
                "connection",
                Verdict::Fail(Exit::Usage),
                "no portal is named",
                "log in with `oint auth login`, set B24_URL, or give --url",
            );
            return None;
        }
        Err(stop) => {
            let (text, help) = split(&stop.message);
            report.0.push(Finding { check: "connection", verdict: Verdict::Fail(stop.exit), text, help });
            return None;
        }
    };
    let way = connection.target().map(|target| target.way(connection.has_token())).unwrap_or_default();
    match connection.target() {
        Some(Target::Profile { home, name, profile, by }) => {
            let vault = home.vault(name, profile.secret);
            let by = if *by == "profile" { "in use" } else { by };
            report.add(
                "connection",
                Verdict::Ok,
                format!("{address} by {way}, profile `{name}` ({by}), secret in {vault}"),
            );
        }
        Some(Target::Address(_, by)) => {
            report.add("connection", Verdict::Ok, format!("{address} by {way}, named by {by}"))
        }
        None => {}
    }
    if let Some(file) = connection.exposed_secret() {
        report.mend("secret", Verdict::Warn, exposed::fault(&file), exposed::remedy(&file));
    }
    Some((connection, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fault_decides_and_warnings_do_not() {
        let mut report = Report::default();
        report.add("name", Verdict::Ok, "b24.example.org is 192.0.2.1");
        report.mend("clock", Verdict::Warn, "late", "set it");
        assert_eq!(report.exit(), Exit::Done);
        report.add("authorised", Verdict::Fail(Exit::NotAuthorised), "no");
        report.add("x", Verdict::Fail(Exit::Usage), "no");
        assert_eq!(report.exit(), Exit::NotAuthorised);
        assert!(report.text().contains("warn  clock       late\n                  → set it\n"), "{}", report.text());
        assert_eq!(report.json()[1]["help"], "set it");
    }
}
