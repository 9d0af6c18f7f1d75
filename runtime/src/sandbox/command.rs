//! `oint sandbox`.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Color, Style};
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::json;

use crate::cli::{Interrupt, misread_stop, word};
use crate::sandbox::page;
use crate::sandbox::{Bucket, Fault, FaultKind, LoggedRequest, Operating, Options, Portal, Sandbox, Seed};
use crate::table::Tables;

/// The port if none is named; some port has to be the usual one.
const PORT: &str = "8024";

/// The options of `oint sandbox`.
pub(crate) fn clap() -> Command {
    let option = |name: &'static str, value: &'static str| Arg::new(name).long(name).value_name(value);
    Command::new("oint sandbox")
        .about("Run a simulated portal on this machine, until Ctrl-C.")
        .no_binary_name(true)
        .arg(
            option("port", "PORT")
                .default_value(PORT)
                .value_parser(clap::value_parser!(u16))
                .help("Port on 127.0.0.1; 0 takes a free one"),
        )
        .arg(
            option("seed", "SET")
                .default_value("small")
                .help("What is in it at the start: `empty`, `small`, `large`, or a JSON or YAML file of records"),
        )
        .args(database())
        .arg(option("code", "CODE").default_value("sandboxcode00000").help("Code of the webhook"))
        .arg(option("token", "TOKEN").default_value("sandboxtoken0000").help("Access token"))
        .args([
            option("latency", "MS").value_parser(clap::value_parser!(u64)).help("How long each answer takes"),
            option("jitter", "MS")
                .value_parser(clap::value_parser!(u64))
                .help("How much longer it may take, at random"),
            option("limit", "RATE/BURST")
                .num_args(0..=1)
                .default_missing_value("2/50")
                .value_parser(bucket)
                .help("Refuse requests above a leaky bucket; 2/50, the portal's own, if no value is given"),
            option("operating-limit", "S")
                .value_parser(clap::value_parser!(f64))
                .help("Run time of a method in 10 minutes"),
            option("operating-cost", "S")
                .value_parser(clap::value_parser!(f64))
                .help("Run time that each call is charged with"),
            option("token-life", "S").value_parser(clap::value_parser!(u64)).help("How long access tokens live"),
            option("error-rate", "SHARE")
                .value_parser(clap::value_parser!(f64))
                .help("Answer this share of requests with INTERNAL_SERVER_ERROR, 0 to 1"),
            option("fault", "KIND[:KEY=VALUE,…]")
                .action(ArgAction::Append)
                .value_parser(|text: &str| text.parse::<Fault>())
                .help(
                    "Let something go wrong, such as `reset:method=crm.deal.add,at=2,committed=true`; may be repeated",
                ),
            option("random-seed", "N")
                .value_parser(clap::value_parser!(u64))
                .help("Where chance comes from; 0 if not given"),
        ])
        .arg(option("tls", "FILE").help("Speak https as well, and write the certificate to trust to this file"))
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print the addresses as one JSON object"))
        .arg(Arg::new("quiet").long("quiet").short('q').action(ArgAction::SetTrue).help("Do not log requests"))
}

fn bucket(text: &str) -> Result<Bucket, String> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    let bucket = text
        .split_once('/')
        .and_then(|(rate, burst)| Some(Bucket { rate: number(rate)?, burst: number(burst)?, level: 0.0 }));
    bucket.ok_or_else(|| format!("`{text}` is no rate and burst; write `2/50`: 2 a second, 50 at once"))
}

fn options(matches: &ArgMatches) -> Options {
    let number = |name: &str| matches.get_one::<u64>(name).copied();
    let share = |name: &str| matches.get_one::<f64>(name).copied();
    let mut faults: Vec<Fault> = matches.get_many::<Fault>("fault").unwrap_or_default().cloned().collect();
    faults.extend(
        share("error-rate")
            .map(|rate| Fault::new(FaultKind::Error { status: 500, code: "INTERNAL_SERVER_ERROR".into() }).rate(rate)),
    );
    Options {
        seed: number("random-seed").unwrap_or(0),
        latency: Duration::from_millis(number("latency").unwrap_or(0)),
        jitter: Duration::from_millis(number("jitter").unwrap_or(0)),
        bucket: matches.get_one::<Bucket>("limit").copied(),
        operating: Operating {
            limit: share("operating-limit"),
            cost: share("operating-cost").unwrap_or(0.0),
            ..Operating::default()
        },
        token_life: number("token-life").map(Duration::from_secs),
        faults,
        ..Options::default()
    }
}

/// The option for the file that keeps the data, where this build has it.
fn database() -> Option<Arg> {
    let about = "Keep the data in this SQLite file; what it holds goes before the seed";
    cfg!(feature = "sandbox-db").then(|| Arg::new("db").long("db").value_name("FILE").help(about))
}

/// Runs `oint sandbox` until it is interrupted. Addresses go to standard output, requests to standard error.
///
/// # Errors
/// What to tell the user when it cannot be started.
pub fn run(tables: &Tables, arguments: impl IntoIterator<Item = OsString>) -> Result<(), String> {
    let matches = match clap().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return Ok(());
        }
        Err(error) => {
            return Err(misread_stop(&error, "oint sandbox").message.trim_end().to_owned());
        }
    };
    let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let port = matches.get_one::<u16>("port").copied().unwrap_or(0);
    let (seed, data) = match text("seed").as_str() {
        "empty" => (Seed::Empty, None),
        "small" => (Seed::Small, None),
        "large" => (Seed::Large, None),
        path => {
            let read = std::fs::read_to_string(path);
            let help = "help: `--seed` takes empty, small, large or the path of a JSON or YAML file";
            (Seed::Empty, Some(read.map_err(|error| format!("cannot read the seed {path}: {error}\n{help}"))?))
        }
    };
    let mut sandbox = Sandbox::new(tables)
        .seed(seed)
        .port(port)
        .webhook_code(text("code"))
        .token(text("token"))
        .options(options(&matches));
    if let Some(data) = data {
        sandbox = sandbox.data(data);
    }
    #[cfg(feature = "sandbox-db")]
    if let Some(path) = matches.get_one::<String>("db") {
        sandbox = sandbox.db(path);
    }
    let certificate = matches.get_one::<String>("tls");
    if certificate.is_some() {
        sandbox = sandbox.tls();
    }
    if !matches.get_flag("quiet") {
        sandbox = sandbox.watch(log);
    }
    let portal = sandbox.start().map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => error.to_string(),
        _ => format!("cannot listen on 127.0.0.1:{port}: {error}\nhelp: `--port 0` takes a free port"),
    })?;
    if let (Some(path), Some(certificate)) = (certificate, portal.certificate()) {
        std::fs::write(path, certificate)
            .map_err(|error| format!("cannot write the certificate to {path}: {error}"))?;
    }
    let told = if matches.get_flag("json") {
        json!({
            "webhook": portal.webhook(), "address": portal.address(), "token": portal.token(),
            "refresh_token": portal.refresh_token(), "client_id": portal.client_id(),
            "client_secret": portal.client_secret(), "secure_webhook": portal.secure_webhook(),
            "secure_address": portal.secure_address(), "certificate": certificate,
        })
        .to_string()
    } else {
        welcome(&portal, certificate.map(String::as_str))
    };
    let mut stdout = std::io::stdout().lock();
    // Whoever started it may not read what it says.
    let _ = writeln!(stdout, "{told}").and_then(|()| stdout.flush());
    drop(stdout);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async { Interrupt::listen().next().await });
    Ok(())
}

/// Where it listens, and what to try first. `certificate` is the file with the certificate to trust.
fn welcome(portal: &Portal, certificate: Option<&str>) -> String {
    let (webhook, address, token) = (portal.webhook(), portal.address(), portal.token());
    let mut text = format!(
        "A simulated portal is running; Ctrl-C ends it.\n\n  webhook  {webhook}\n  address  {address}\n  token    {token}\n"
    );
    if let (Some(webhook), Some(file)) = (portal.secure_webhook(), certificate) {
        let place = std::path::absolute(file).map_or_else(|_| file.to_owned(), |path| path.display().to_string());
        let place = word(&place);
        text.push_str(&format!(
            "  https    {webhook}\n\n\
             Clients trust it by the certificate in that file:\n  \
             oint, Python   export SSL_CERT_FILE={place}\n  \
             requests       export REQUESTS_CA_BUNDLE={place}\n  \
             Node           export NODE_EXTRA_CA_CERTS={place}\n  \
             curl           --cacert {place}\n"
        ));
    }
    text.push_str(&format!(
        "\nIts data and last requests: {address}/\nTry: oint bitrix24 GetUser --url {webhook} --userid 2150"
    ));
    text
}

fn log(request: &LoggedRequest) {
    let user = request.user.map(|user| format!(" as {user}")).unwrap_or_default();
    let method = if request.method.is_empty() { "(no method)" } else { &request.method };
    let rest = if request.rest == 3 { " (REST 3.0)" } else { "" };
    let outcome = page::outcome(request);
    let mut stderr = std::io::stderr();
    let colour = match request.status {
        200 if request.fault.is_none() => AnsiColor::Green,
        429 | 503 => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    };
    let (method_style, style) = (Style::new().bold(), Style::new().fg_color(Some(Color::Ansi(colour))));
    let _ = if coloured() {
        writeln!(
            stderr,
            "{} {method_style}{method}{method_style:#}{rest} by {}{user} → {style}{outcome}{style:#}",
            request.verb, request.auth
        )
    } else {
        writeln!(stderr, "{} {method}{rest} by {}{user} → {outcome}", request.verb, request.auth)
    };
}

/// Whether people read the log, and want it in colour.
fn coloured() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_options() {
        clap().debug_assert();
        let parse = |arguments: &[&str]| clap().try_get_matches_from(arguments).map(|matches| options(&matches));
        let set = parse(&[
            "--latency",
            "80",
            "--limit",
            "--error-rate",
            "0.5",
            "--fault",
            "reset:at=2",
            "--token-life",
            "60",
        ]);
        let set = set.expect("they are right");
        assert_eq!((set.latency, set.bucket), (Duration::from_millis(80), Some(Bucket::STANDARD)));
        assert_eq!((set.faults.len(), set.token_life), (2, Some(Duration::from_secs(60))));
        assert_eq!(parse(&[]).expect("nothing is right"), Options::default());
        for wrong in [["--limit", "2"], ["--limit", "0/50"], ["--fault", "x"], ["--latency", "-1"]] {
            assert!(parse(&wrong).is_err(), "{wrong:?}");
        }
    }
}
