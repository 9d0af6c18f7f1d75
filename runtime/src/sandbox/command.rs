//! `oint sandbox`.

use std::ffi::OsString;
use std::io::Write as _;

use clap::{Arg, ArgAction, Command};
use serde_json::json;

use crate::sandbox::{LoggedRequest, Sandbox, Seed};
use crate::table::Tables;

/// The port if none is named; some port has to be the usual one.
const PORT: &str = "8024";

fn clap() -> Command {
    let option = |name: &'static str, value: &'static str| Arg::new(name).long(name).value_name(value);
    Command::new("oint sandbox")
        .about("Run a simulated portal on this machine, until Ctrl-C. Nothing it holds is kept.")
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
                .value_parser(["empty", "small", "large"])
                .help("What is in it at the start"),
        )
        .arg(option("code", "CODE").default_value("sandboxcode00000").help("Code of the webhook"))
        .arg(option("token", "TOKEN").default_value("sandboxtoken0000").help("Access token"))
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print the addresses as one JSON object"))
        .arg(Arg::new("quiet").long("quiet").short('q').action(ArgAction::SetTrue).help("Do not log requests"))
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
            return Err(error.render().to_string().trim_start_matches("error: ").trim_end().to_owned());
        }
    };
    let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let port = matches.get_one::<u16>("port").copied().unwrap_or(0);
    let seed = match text("seed").as_str() {
        "empty" => Seed::Empty,
        "large" => Seed::Large,
        _ => Seed::Small,
    };
    let mut sandbox = Sandbox::new(tables).seed(seed).port(port).webhook_code(text("code")).token(text("token"));
    if !matches.get_flag("quiet") {
        sandbox = sandbox.watch(log);
    }
    let portal = sandbox
        .start()
        .map_err(|error| format!("cannot listen on 127.0.0.1:{port}: {error}\nhelp: `--port 0` takes a free port"))?;
    let mut stdout = std::io::stdout().lock();
    let (webhook, address, token) = (portal.webhook(), portal.address(), portal.token());
    let told = if matches.get_flag("json") {
        writeln!(stdout, "{}", json!({ "webhook": webhook, "address": address, "token": token }))
    } else {
        writeln!(
            stdout,
            "A simulated portal is running; Ctrl-C ends it.\n\n  webhook  {webhook}\n  address  {address}\n  token    {token}\n\n\
             Try: oint bitrix24 GetUser --url {webhook} --userid 2150"
        )
    };
    // Whoever started it may not read what it says.
    let _ = told.and_then(|()| stdout.flush());
    drop(stdout);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(stopped()).map_err(|error| format!("cannot wait for Ctrl-C: {error}"))
}

#[cfg(unix)]
async fn stopped() -> std::io::Result<()> {
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn stopped() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

fn log(request: &LoggedRequest) {
    let user = request.user.map(|user| format!(" as {user}")).unwrap_or_default();
    let method = if request.method.is_empty() { "(no method)" } else { &request.method };
    let outcome = match &request.error {
        Some(code) if code.is_empty() => format!("{} (no code)", request.status),
        Some(code) => format!("{} {code}", request.status),
        None => format!("{}{}", request.status, if request.canned { " canned" } else { "" }),
    };
    let _ = writeln!(std::io::stderr(), "{} {method} by {}{user} → {outcome}", request.verb, request.auth);
}
