//! `oint auth login`: a webhook, an application or a token becomes a profile.

use std::io::{BufRead as _, Write as _};

use clap::{Arg, ArgAction, ArgMatches, Command as Clap};

use crate::address::Address;
use crate::auth::{MemoryStore, Tokens, random_state};
use crate::cli::auth::{loopback, say, who};
use crate::cli::command::{given, is_set};
use crate::cli::connect::{self, one_line};
use crate::cli::exit::{Exit, Stop};
use crate::cli::logging::hide;
use crate::cli::method::interruptible;
use crate::cli::profile::{
    ACCESS_TOKEN, CLIENT_SECRET, Home, Keeper, Kind, Profile, SERVER, WEBHOOK, application, check_name,
};
use crate::cli::terminal::Stream;
use crate::cli::{exposed, note, terminal};
use crate::client::{Client, ClientBuilder};
use crate::secret::Secret;
use crate::value::Object;

/// The environment variable for an application's secret.
const CLIENT_SECRET_VARIABLE: &str = "B24_CLIENT_SECRET";
/// The value of `--webhook` that stands for typing it.
const TYPED: &str = "?";

pub(super) fn clap() -> Clap {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    Clap::new("login")
        .about("Keep the way to a portal as a profile, and use it from now on")
        .after_help(
            "Without --webhook, --client-id or --token-file it asks. Secrets are typed unseen.\n\n\
             Examples:\n  oint auth login\n  oint auth login --webhook - < webhook.txt\n  \
             oint auth login --client-id app.573ad8a0346747.09223434 --portal b24-ar17wx.bitrix24.by",
        )
        .arg(
            option("name", "PROFILE", "Name of the profile; made of the portal's address if not given")
                .visible_alias("profile"),
        )
        .arg(
            option("webhook", "-|ADDRESS", "A webhook: `-` reads its address from standard input, alone it asks")
                .num_args(0..=1)
                .default_missing_value(TYPED),
        )
        .arg(option("portal", "ADDRESS", "The portal's domain, for an application or a token"))
        .arg(option("client-id", "ID", "An OAuth application, by its client_id"))
        .arg(option(
            "client-secret-file",
            "-|FILE",
            "Where to read the application's client_secret; else B24_CLIENT_SECRET, else it asks",
        ))
        .arg(
            option("port", "PORT", "Port of this machine that the browser is sent back to; 0 takes a free one")
                .value_parser(clap::value_parser!(u16))
                .default_value("8025"),
        )
        .arg(
            Arg::new("paste")
                .long("paste")
                .action(ArgAction::SetTrue)
                .help("Ask for the code, or the whole address that the browser was sent to, instead of listening"),
        )
        .arg(option("token-file", "-|FILE", "An access token that somebody else renews"))
        .arg(
            option(
                "store",
                "WHERE",
                "Where the secret is kept: `keyring`, `file`, or `auto` for a keyring where there is one",
            )
            .value_parser(["auto", "keyring", "file"])
            .default_value("auto"),
        )
        .arg(
            Arg::new("offline")
                .long("offline")
                .action(ArgAction::SetTrue)
                .help("Do not ask the portal whether it works"),
        )
        .arg(
            Arg::new("allow-http")
                .long("allow-http")
                .action(ArgAction::SetTrue)
                .help("Allow plain http to other machines; anybody on the way can read the secrets"),
        )
}

/// A profile in the making.
struct Login {
    address: Address,
    kind: Kind,
    secrets: Object,
    /// What proves that it works.
    client: ClientBuilder,
}

pub(super) fn run(matches: &ArgMatches) -> Result<Exit, Stop> {
    if let Some(name) = given(matches, "name") {
        check_name(name)?;
    }
    let home = Home::find()?;
    // What cannot be read is found out before anybody types a secret.
    home.list()?;
    let login = match ways(matches)? {
        Way::Webhook => webhook(matches)?,
        Way::Pasted(address) => by_webhook(&address)?,
        Way::Application => by_application(matches)?,
        Way::Token => token(matches)?,
    };
    let allow_http = is_set(matches, "allow-http");
    let client = connect::finish(login.client, allow_http, matches)?;
    let user = match is_set(matches, "offline") {
        true => None,
        false => Some(interruptible("profile", true, async { Ok(who(&client).await?) })?),
    };
    let name = given(matches, "name").map_or_else(|| name_of(&login.address), str::to_owned);
    let keeper = keep(&home, &name, &login.secrets, given(matches, "store").unwrap_or_default())?;
    let profile = Profile { portal: login.address.origin().to_owned(), kind: login.kind, secret: keeper, allow_http };
    let before = home.change(|list| {
        list.current = Some(name.clone());
        Ok(list.profiles.insert(name.clone(), profile))
    })?;
    if let Some(before) = before.filter(|before| before.secret != keeper) {
        // Nobody would look there any more.
        if let Err(reason) = home.vault(&name, before.secret).forget() {
            note(&format!("the secret that the profile had before is still in {}: {reason}", before.secret.word()));
        }
    }
    match user {
        Some(user) => say(&format!("Logged in to {} as {}.", login.address.host(), user.words())),
        None => say(&format!("Kept for {}; the portal was not asked.", login.address.host())),
    }
    say(&format!("The profile `{name}` is in use from now on; its secret is in {}.", home.vault(&name, keeper)));
    Ok(Exit::Done)
}

enum Way {
    Webhook,
    /// The address of a webhook, given as an answer to another question.
    Pasted(Secret),
    Application,
    Token,
}

/// What the options ask for; else what the user chooses.
fn ways(matches: &ArgMatches) -> Result<Way, Stop> {
    let is_given = |name: &str| given(matches, name).is_some();
    match (is_given("webhook"), is_given("client-id"), is_given("token-file")) {
        (true, false, false) => Ok(Way::Webhook),
        (false, true, false) => Ok(Way::Application),
        (false, false, true) => Ok(Way::Token),
        (false, false, false) if terminal::can_ask() => {
            say(
                "How do you log in?\n  1  with an inbound webhook\n  2  with an OAuth application\n  3  with an access token",
            );
            let question = "1, 2 or 3 [1]: ";
            match typed_line(question)?.as_str() {
                "" | "1" => Ok(Way::Webhook),
                "2" => Ok(Way::Application),
                "3" => Ok(Way::Token),
                other if is_webhook(other) => {
                    unshow(question, other);
                    Ok(Way::Pasted(other.into()))
                }
                other => Err(Stop::usage(format!("`{other}` is none of 1, 2 and 3"))),
            }
        }
        (false, false, false) => Err(Stop::usage(
            "there is no terminal to ask on\nhelp: `oint auth login --webhook - < FILE` reads a webhook's address; see `oint auth login --help`",
        )),
        _ => Err(Stop::usage("--webhook, --client-id and --token-file are three ways to log in: choose one")),
    }
}

fn webhook(matches: &ArgMatches) -> Result<Login, Stop> {
    let text = match given(matches, "webhook") {
        Some("-") => Secret::new(input_line()?),
        None | Some(TYPED) => typed_unseen("Address of the webhook (not shown): ", "--webhook -")?,
        Some(text) => text.into(),
    };
    by_webhook(&text)
}

fn by_webhook(text: &Secret) -> Result<Login, Stop> {
    let address = Address::parse(text.expose())?;
    let Some(user) = address.webhook_user().map(str::to_owned) else {
        return Err(Stop::usage(format!(
            "{} is not a webhook's address (https://<portal>/rest/<user>/<code>/)\nhelp: an application logs in with --client-id, a token with --token-file",
            address.host()
        )));
    };
    // A method behind it, as the portal shows the address, is left out.
    let secrets = object([(WEBHOOK, text.expose().trim())]);
    Ok(Login { address, kind: Kind::Webhook { user }, secrets, client: Client::builder(text.expose()) })
}

fn token(matches: &ArgMatches) -> Result<Login, Stop> {
    let address = match portal(matches)? {
        Place::Portal(address) => address,
        Place::Webhook(address) => return by_webhook(&address),
    };
    let token = match given(matches, "token-file") {
        Some("-") => Secret::new(input_line()?),
        Some(path) => file(path, "--token-file")?,
        None => typed_unseen("Access token (not shown): ", "--token-file -")?,
    };
    if token.expose().is_empty() {
        return Err(Stop::usage("the token is empty"));
    }
    let secrets = object([(ACCESS_TOKEN, token.expose())]);
    let client = Client::builder(address.origin()).token(token);
    Ok(Login { address, kind: Kind::Token, secrets, client })
}

fn by_application(matches: &ArgMatches) -> Result<Login, Stop> {
    let address = match portal(matches)? {
        Place::Portal(address) => address,
        Place::Webhook(address) => return by_webhook(&address),
    };
    let id = match given(matches, "client-id") {
        Some(id) => id.to_owned(),
        None => typed_line("client_id of the application: ")?,
    };
    let secret = match given(matches, "client-secret-file") {
        Some("-") => Secret::new(input_line()?),
        Some(path) => file(path, "--client-secret-file")?,
        None => match std::env::var(CLIENT_SECRET_VARIABLE).ok().filter(|secret| !secret.is_empty()) {
            Some(secret) => secret.into(),
            None => typed_unseen("client_secret of the application (not shown): ", "--client-secret-file -")?,
        },
    };
    if id.is_empty() || secret.expose().is_empty() {
        return Err(Stop::usage("an application has a client_id and a client_secret, and one of them is empty"));
    }
    hide(&secret);
    let server = std::env::var(SERVER).ok().filter(|server| !server.is_empty());
    let app = application(&id, secret.clone(), server.as_deref());
    let state = random_state()?;
    let link = app.authorize_url(address.origin(), &state)?;
    let code = match is_set(matches, "paste") {
        true => {
            say(&format!("Open this address in a browser, and let the application in:\n\n  {link}\n"));
            pasted(&typed_line("The code, or the address that the browser was sent to: ")?, &state)?
        }
        false => {
            let port = matches.get_one::<u16>("port").copied().unwrap_or_default();
            interruptible("oauth", false, loopback::code(port, &link, &state))?
        }
    };
    hide(&code);
    let tokens: Tokens = interruptible("oauth", false, async { Ok(app.exchange(code.expose()).await?) })?;
    let mut secrets = object([(CLIENT_SECRET, secret.expose())]);
    secrets.extend(tokens.expose_json().as_object().cloned().unwrap_or_default());
    let client = Client::builder(address.origin()).oauth(app, MemoryStore::new(tokens));
    Ok(Login { address, kind: Kind::Application { client_id: id, server }, secrets, client })
}

/// The answer to the question where the portal is.
enum Place {
    Portal(Address),
    /// A webhook's address says everything.
    Webhook(Secret),
}

/// The portal of an application or of a token.
fn portal(matches: &ArgMatches) -> Result<Place, Stop> {
    let text = match given(matches, "portal") {
        Some(text) => text.to_owned(),
        None if terminal::can_ask() => {
            let question = "Domain of the portal: ";
            let text = typed_line(question)?;
            // Whoever chose the way in the menu may still think better of it.
            let is_open = given(matches, "client-id").or(given(matches, "token-file")).is_none();
            if is_webhook(&text) {
                unshow(question, &text);
                if is_open {
                    return Ok(Place::Webhook(text.into()));
                }
            }
            text
        }
        None => return Err(Stop::usage("name the portal: --portal b24-ar17wx.bitrix24.by")),
    };
    let address = Address::parse(&text)?;
    if address.is_webhook() {
        return Err(Stop::usage(format!(
            "{address} is a webhook's address, which needs nothing else: give it to --webhook"
        )));
    }
    if !is_set(matches, "allow-http") && !address.is_safe() {
        return Err(Stop::usage(format!(
            "plain http to {} would show the secrets to anybody on the way; use https, or allow it with --allow-http",
            address.host()
        )));
    }
    Ok(Place::Portal(address))
}

fn is_webhook(text: &str) -> bool {
    Address::parse(text).is_ok_and(|address| address.is_webhook())
}

/// Takes a secret off the screen that was typed as the answer to a question which shows what is typed.
fn unshow(question: &str, typed: &str) {
    if !terminal::is_terminal(Stream::Err) {
        return;
    }
    let Some((columns, _)) = terminal_size::terminal_size_of(std::io::stderr()) else { return };
    let shown = question.chars().count() + typed.chars().count();
    let lines = shown.div_ceil(usize::from(columns.0).max(1)).max(1);
    // Up to the question, and everything below it away.
    let _ = writeln!(std::io::stderr(), "\u{1b}[{lines}A\r\u{1b}[J{question}*** (a webhook's address, not shown)");
}

/// The code in what was pasted: it alone, or the address that the browser was sent to, whose `state` must be ours.
fn pasted(text: &str, state: &str) -> Result<Secret, Stop> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Stop::usage("there is no code"));
    }
    let Some((_, query)) = text.split_once('?') else {
        return Ok(text.strip_prefix("code=").unwrap_or(text).into());
    };
    loopback::code_in(query, state).map_err(|reason| Stop { exit: Exit::NotAuthorised, message: reason })
}

/// Keeps the secret where it is asked for, or in a file where there is no keyring.
fn keep(home: &Home, name: &str, secrets: &Object, store: &str) -> Result<Keeper, Stop> {
    let refused = |reason: String| {
        Stop::usage(format!("the secret cannot be kept: {reason}\nhelp: --store chooses another place"))
    };
    let write = |keeper: Keeper| {
        let vault = home.vault(name, keeper);
        // A renewal under way would put what comes of the old tokens in place of the new ones.
        let _turn = vault.lock().map_err(refused)?;
        vault.write(secrets).map(|()| keeper).map_err(refused)
    };
    match store {
        "keyring" => write(Keeper::Keyring),
        "file" => write(Keeper::File),
        _ if !Keeper::is_keyring_wanted() => write(Keeper::File),
        // On a machine without a keyring a file is what there is.
        _ => write(Keeper::Keyring).or_else(|_| write(Keeper::File)),
    }
}

/// A profile's name made of the portal's address.
fn name_of(address: &Address) -> String {
    let host = address.host().rsplit_once(':').map_or(address.host(), |(host, _)| host);
    if address.is_loopback() {
        return "local".to_owned();
    }
    // The first label tells portals of the cloud apart.
    let label = host.split('.').next().unwrap_or(host);
    if check_name(label).is_ok() && !label.bytes().all(|byte| byte.is_ascii_digit()) {
        label.to_owned()
    } else {
        "portal".to_owned()
    }
}

fn object<const N: usize>(entries: [(&str, &str); N]) -> Object {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect()
}

/// One line of standard input, without asking for it.
fn input_line() -> Result<String, Stop> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Stop::usage(format!("cannot read standard input: {error}")))?;
    let line = line.trim_start_matches('\u{FEFF}').trim();
    if line.is_empty() {
        return Err(Stop::usage("standard input is empty, and a secret was to be read from it"));
    }
    Ok(line.to_owned())
}

/// A line that somebody types, or that standard input holds.
fn typed_line(question: &str) -> Result<String, Stop> {
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "{question}").and_then(|()| stderr.flush());
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    let count = read.map_err(|error| Stop::usage(format!("cannot read standard input: {error}")))?;
    if count == 0 {
        let _ = writeln!(stderr);
    }
    Ok(line.trim().to_owned())
}

/// What somebody types on the terminal without seeing it; `instead` is the option that needs no terminal.
fn typed_unseen(question: &str, instead: &str) -> Result<Secret, Stop> {
    let typed = undisturbed(|| rpassword::prompt_password(question)).map_err(|error| {
        Stop::usage(format!("a secret cannot be typed here: {error}\nhelp: `{instead}` reads it from standard input"))
    })?;
    Ok(Secret::new(typed.trim()))
}

/// Does something with the terminal; Ctrl-C ends the program behind it, when the terminal shows again what is typed.
#[cfg(unix)]
fn undisturbed<T>(work: impl FnOnce() -> T) -> T {
    use nix::sys::signal::{SigSet, Signal};
    let interrupt = SigSet::from(Signal::SIGINT);
    let is_held = interrupt.thread_block().is_ok();
    let done = work();
    if is_held {
        // A signal that came meanwhile arrives here. What cannot be set free again was never held.
        let _ = interrupt.thread_unblock();
    }
    done
}

#[cfg(not(unix))]
fn undisturbed<T>(work: impl FnOnce() -> T) -> T {
    work()
}

fn file(path: &str, option: &str) -> Result<Secret, Stop> {
    let text = std::fs::File::open(path).and_then(one_line);
    let text = text.map_err(|error| Stop::usage(format!("{option}: cannot read {path}: {error}")))?;
    if exposed::is_exposed(path.as_ref()) {
        exposed::warn_of(path.as_ref());
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_named_after_portals() {
        let name = |text: &str| name_of(&Address::parse(text).expect("an address"));
        assert_eq!(name("b24-ar17wx.bitrix24.by"), "b24-ar17wx");
        assert_eq!(name("http://127.0.0.1:8024"), "local");
        assert_eq!(name("https://10.1.2.3"), "portal");
        assert_eq!(name("https://[2001:db8::1]:8443"), "portal");
    }

    #[test]
    fn a_code_is_taken_alone_or_out_of_an_address() {
        let code = |text: &str| pasted(text, "s1").map(|code| code.expose().to_owned()).map_err(|stop| stop.message);
        assert_eq!(code(" abc \n"), Ok("abc".to_owned()));
        assert_eq!(code("code=abc"), Ok("abc".to_owned()));
        assert_eq!(code("https://app.example.org/?code=a%2Bb&state=s1&domain=x"), Ok("a+b".to_owned()));
        assert!(code("https://app.example.org/?code=abc&state=other").is_err_and(|fault| fault.contains("state")));
        assert!(
            code("https://app.example.org/?error=access_denied&state=s1")
                .is_err_and(|fault| fault.contains("access_denied"))
        );
        assert!(code("").is_err());
    }
}
