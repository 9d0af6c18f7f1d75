//! `oint doctor`: looks at everything between this machine and the portal's methods, and says what to mend.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use clap::{ArgMatches, Command as Clap};
use serde_json::{Value, json};

use crate::address::Address;
use crate::auth::AuthError;
use crate::cli::auth::{ask, who};
use crate::cli::command::{connection_options, output_options};
use crate::cli::connect::{Connection, Target};
use crate::cli::exit::{Exit, Stop};
use crate::cli::method::interruptible;
use crate::cli::output::Output;
use crate::cli::sub::{self, color};
use crate::cli::terminal::{self, Stream};
use crate::client::Client;
use crate::error::Error;
use crate::table::Tables;

/// How long each step towards the portal may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The difference between the clocks that is worth a word: certificates and tokens live by them.
const SKEW: Duration = Duration::from_secs(60);

pub(crate) fn clap() -> Clap {
    sub::clap("doctor", "Check the way to the portal and what may be called there, and say what to mend")
        .after_help(
            "Checks the chosen connection, the address, the network, TLS, the clock, the authorisation, the scopes and methods. \
             The exit code is that of the first fault: 2 for the settings, 3 for the authorisation, 4 for the network; a warning is no fault.",
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
    let is_reached = interruptible("doctor", true, async { Ok(network(&address, report).await) })?;
    if !is_reached {
        report.add("authorised", Verdict::Skip, "the portal was not reached");
        return Ok(());
    }
    let client = match connection.client(matches) {
        Ok(client) => client,
        Err(stop) => {
            let (text, help) = split(&stop.message);
            report.0.push(Finding { check: "authorised", verdict: Verdict::Fail(stop.exit), text, help });
            return Ok(());
        }
    };
    let is_application = connection.target().is_some_and(|target| target.way(connection.has_token()) != "webhook");
    interruptible("doctor", true, async {
        methods(tables, &client, is_application, report).await;
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
            if vault.is_open_to_others() {
                report.mend(
                    "secret",
                    Verdict::Warn,
                    format!("other users of this machine can read {vault}"),
                    format!("chmod 600 {vault}"),
                );
            }
        }
        Some(Target::Address(_, by)) => {
            report.add("connection", Verdict::Ok, format!("{address} by {way}, named by {by}"))
        }
        None => {}
    }
    Some((connection, address))
}

/// Name, connection, TLS and clock; whether the portal was reached.
async fn network(address: &Address, report: &mut Report) -> bool {
    let is_https = address.origin().starts_with("https:");
    match proxy(is_https) {
        Some(proxy) => {
            report.add("network", Verdict::Skip, format!("{proxy} names a proxy, which finds the portal itself"))
        }
        None => {
            let Some(found) = resolve(address, is_https, report).await else { return false };
            if !connect(&found, report).await {
                return false;
            }
        }
    }
    let since = SystemTime::now();
    let asked = head(address.origin()).await;
    match (&asked, is_https) {
        (Ok(_), true) => report.add("tls", Verdict::Ok, "the certificate is trusted"),
        (Ok(_), false) if address.is_loopback() => {
            report.add("tls", Verdict::Skip, "plain http, which does not leave this machine");
        }
        (Ok(_), false) => report.mend(
            "tls",
            Verdict::Warn,
            "plain http: anybody on the way can read the secrets",
            "use the portal's https address",
        ),
        (Err(reason), true) => {
            report.mend(
                "tls",
                Verdict::Fail(Exit::Network),
                format!("no encrypted connection: {reason}"),
                "a certificate that is not trusted: a proxy of your company may be in between, name its authority in SSL_CERT_FILE; \
                 one that has run out or is not valid yet: check this machine's clock",
            );
            return false;
        }
        (Err(reason), false) => {
            report.mend(
                "http",
                Verdict::Fail(Exit::Network),
                format!("no answer over http: {reason}"),
                "is it a web server that listens there, and does it want https?",
            );
            return false;
        }
    }
    clock(asked.ok().flatten(), since, report);
    true
}

/// The variable that names a proxy for the portal. Plain http goes straight to its server.
fn proxy(is_https: bool) -> Option<&'static str> {
    let is_set = |name: &&str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].into_iter().find(|name| is_https && is_set(name))
}

async fn resolve(address: &Address, is_https: bool, report: &mut Report) -> Option<Vec<SocketAddr>> {
    let host = address.host();
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let place = if has_port { host.to_owned() } else { format!("{host}:{}", if is_https { 443 } else { 80 }) };
    let found = tokio::time::timeout(PATIENCE, tokio::net::lookup_host(place)).await;
    let reason = match found {
        Ok(Ok(found)) => {
            let found: Vec<SocketAddr> = found.collect();
            if let Some(first) = found.first() {
                let more = if found.len() > 1 { format!(" and {} more", found.len() - 1) } else { String::new() };
                report.add("name", Verdict::Ok, format!("{host} is {}{more}", first.ip()));
                return Some(found);
            }
            "it has no address".to_owned()
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    report.mend(
        "name",
        Verdict::Fail(Exit::Network),
        format!("{host} is not found: {reason}"),
        "check the portal's address for typing errors, then this machine's network and DNS",
    );
    None
}

async fn connect(found: &[SocketAddr], report: &mut Report) -> bool {
    let since = Instant::now();
    let mut reason = String::new();
    for address in found {
        match tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                let ms = since.elapsed().as_millis();
                report.add("network", Verdict::Ok, format!("connected to {address} in {ms} ms"));
                return true;
            }
            Ok(Err(error)) => reason = format!("{address}: {error}"),
            Err(_) => reason = format!("{address}: no answer within {} s", PATIENCE.as_secs()),
        }
    }
    report.mend(
        "network",
        Verdict::Fail(Exit::Network),
        format!("no connection to {reason}"),
        "is the portal up, and does a firewall let this machine out? A proxy is named in HTTPS_PROXY",
    );
    false
}

/// Asks for the head of the portal's start page, without a secret; the server's time, if it tells it.
async fn head(origin: &str) -> Result<Option<SystemTime>, String> {
    let cause = |error: reqwest::Error| {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        cause.to_string()
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
    if origin.starts_with("http:") {
        client = client.no_proxy();
    }
    let client = client.build().map_err(cause)?;
    let answer = client.head(format!("{origin}/")).send().await.map_err(cause)?;
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
    Ok(date.and_then(|date| httpdate::parse_http_date(date).ok()))
}

/// Compares the clocks, as far as the time of the question allows.
fn clock(server: Option<SystemTime>, asked: SystemTime, report: &mut Report) {
    let Some(server) = server else {
        return report.add("clock", Verdict::Skip, "the portal does not tell its time");
    };
    let (skew, direction) = match server.duration_since(asked) {
        Ok(ahead) => (ahead, "behind"),
        Err(behind) => (behind.duration(), "ahead of"),
    };
    if skew < SKEW {
        return report.add("clock", Verdict::Ok, "right, by the portal's");
    }
    report.mend(
        "clock",
        Verdict::Warn,
        format!("this machine's clock is {} s {direction} the portal's", skew.as_secs()),
        "set the clock, best by NTP: certificates and tokens are judged by it",
    );
}

/// Who calls, and what may be called.
async fn methods(tables: &Tables, client: &Client, is_application: bool, report: &mut Report) {
    match who(client).await {
        Ok(user) => report.add("authorised", Verdict::Ok, user.words()),
        Err(error) => {
            let help = advice(&error, is_application);
            let stop = Stop::from(error);
            report.0.push(Finding { check: "authorised", verdict: Verdict::Fail(stop.exit), text: stop.message, help });
            return;
        }
    }
    match ask(client, "scope").await {
        Ok(scopes) => {
            let scopes: Vec<&str> = scopes.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let place =
                if is_application { "the application's settings" } else { "the webhook's settings in the portal" };
            match scopes.as_slice() {
                [] => report.mend(
                    "scopes",
                    Verdict::Warn,
                    "none: hardly anything may be called",
                    format!("choose scopes in {place}"),
                ),
                scopes => report.add("scopes", Verdict::Ok, scopes.join(", ")),
            }
        }
        Err(error) => unknown("scopes", error, report),
    }
    match ask(client, "methods").await {
        Ok(names) => offered(tables, &names, report),
        Err(error) => unknown("methods", error, report),
    }
    if !is_application {
        return report.add("application", Verdict::Skip, "a webhook belongs to no application");
    }
    match ask(client, "app.info").await {
        Ok(info) => {
            let text = |key: &str| info[key].as_str().map(str::to_owned).unwrap_or_else(|| info[key].to_string());
            let name = format!("{} version {}, status {}", text("CODE"), text("VERSION"), text("STATUS"));
            match &info["INSTALLED"] {
                Value::Bool(false) => report.mend(
                    "application",
                    Verdict::Warn,
                    format!("{name}: its installation is not finished, so that it gets no events"),
                    "open the application in the portal once, or let it call installFinish",
                ),
                _ => report.add("application", Verdict::Ok, name),
            }
        }
        Err(error) => unknown("application", error, report),
    }
}

/// What the portal offers of the methods known here.
fn offered(tables: &Tables, names: &Value, report: &mut Report) {
    let offered: BTreeSet<String> =
        names.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase).collect();
    let known: BTreeSet<String> = tables
        .commands()
        .filter(|command| command.rest == 2)
        .filter_map(|command| command.method.map(|method| method.to_lowercase()))
        .collect();
    let (both, new) = (known.intersection(&offered).count(), offered.difference(&known).count());
    let more = match new {
        0 => String::new(),
        new => format!("; {new} more that oint has no description of: `oint call` reaches them"),
    };
    let text = format!("{both} of {} known methods are open to these scopes{more}", known.len());
    report.add("methods", Verdict::Ok, text);
}

/// A question that was not answered is no fault of the connection.
fn unknown(check: &'static str, error: Error, report: &mut Report) {
    report.add(check, Verdict::Warn, Stop::from(error).message);
}

/// What to do about a refusal.
fn advice(error: &Error, is_application: bool) -> Option<String> {
    let words = match error {
        Error::Portal(error) => match error.code.to_ascii_lowercase().as_str() {
            "no_auth_found" | "invalid_token" if is_application => {
                "the token is wrong: log in again with `oint auth login`"
            }
            "no_auth_found" | "invalid_token" => {
                "the webhook is wrong or was deleted: copy its address from the portal once more"
            }
            "expired_token" => {
                "the access token has run out: get a new one, or log in as the application with `oint auth login --client-id`"
            }
            "invalid_credentials" | "user_access_error" => {
                "the user has left, or may not use the application: ask the portal's administrator"
            }
            "insufficient_scope" => "add the scope in the settings of the webhook or the application",
            "access_denied" => "REST needs a paid plan or its trial: ask the portal's administrator",
            _ => return None,
        },
        Error::Auth(AuthError::Refused { .. } | AuthError::NoTokens) => "log in again with `oint auth login`",
        Error::Auth(AuthError::Unreachable { .. }) => "the authorisation server must be reachable, besides the portal",
        Error::Limited { .. } => "other programs use the portal up; wait, or tell the portal's limit in B24_LIMITS",
        _ => return None,
    };
    Some(words.to_owned())
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

    #[test]
    fn clocks_are_compared() {
        let now = SystemTime::now();
        for (server, expected) in [
            (now, Verdict::Ok),
            (now + Duration::from_secs(3600), Verdict::Warn),
            (now - Duration::from_secs(3600), Verdict::Warn),
        ] {
            let mut report = Report::default();
            clock(Some(server), now, &mut report);
            assert_eq!(report.0[0].verdict, expected);
        }
    }
}
