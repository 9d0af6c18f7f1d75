//! `oint auth`: logging in and out, and which profile is in use. Secrets are typed unseen, read from files or standard
//! input, and never shown.

mod login;
mod loopback;

use std::io::Write as _;

use clap::{Arg, ArgAction, ArgMatches, Command as Clap};
use serde_json::{Value, json};

use crate::call::Call;
use crate::cli::command::{connection_options, given, is_set, output_options};
use crate::cli::connect::{Connection, Target};
use crate::cli::exit::{Exit, Stop};
use crate::cli::method::interruptible;
use crate::cli::output::Output;
use crate::cli::profile::{Home, Keeper, Kind, Profile, Vault};
use crate::cli::sub::{self, color};
use crate::client::{CallOptions, Client};
use crate::error::Result as Answered;
use crate::method::{Effect, Method};
use crate::table::Tables;

/// The command with its sub-commands.
pub(crate) fn clap() -> Clap {
    let name = |help: &'static str| Arg::new("profile-name").value_name("PROFILE").help(help);
    sub::clap("auth", "Log in to portals, and choose which of them commands talk to")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(login::clap())
        .subcommand(
            Clap::new("status")
                .about("Show the connection that commands use, and ask the portal who that is")
                .arg(Arg::new("offline").long("offline").action(ArgAction::SetTrue).help("Ask nobody"))
                .args(connection_options())
                .args(output_options()),
        )
        .subcommand(
            Clap::new("list").about("List the profiles; `*` marks the one in use").args(output_options()).arg(color()),
        )
        .subcommand(
            Clap::new("use")
                .about("Choose the profile that commands use when none is named")
                .arg(name("The profile").required(true)),
        )
        .subcommand(
            Clap::new("logout")
                .about("Forget a profile and its secret")
                .arg(name("The profile; the one in use if none is named"))
                .arg(Arg::new("every").long("all-profiles").action(ArgAction::SetTrue).help("Forget all profiles")),
        )
}

/// `oint auth …`
pub(crate) fn run(_: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    let Some(matches) = sub::parse(clap(), arguments)? else { return Ok(Exit::Done) };
    match matches.subcommand() {
        Some(("login", matches)) => login::run(matches),
        Some(("status", matches)) => status(matches),
        Some(("list", matches)) => list(matches),
        Some(("use", matches)) => choose(matches),
        Some(("logout", matches)) => logout(matches),
        _ => Err(Stop::usage("name a command: login, status, list, use or logout")),
    }
}

/// Says on standard error what was done: standard output carries data only.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Who calls are made for, as the portal tells it.
pub(super) struct User {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) is_admin: bool,
}

impl User {
    fn of(answer: &Value) -> Self {
        let text = |key: &str| match &answer[key] {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        Self {
            id: text("ID"),
            name: format!("{} {}", text("NAME"), text("LAST_NAME")).trim().to_owned(),
            is_admin: matches!(&answer["ADMIN"], Value::Bool(true)),
        }
    }

    /// `Oleg Lama (user 1, administrator)`
    pub(super) fn words(&self) -> String {
        let admin = if self.is_admin { ", administrator" } else { "" };
        format!("{} (user {}{admin})", if self.name.is_empty() { "nameless" } else { &self.name }, self.id)
    }
}

/// Calls a method that only reads and takes no parameters.
async fn ask(client: &Client, name: &'static str) -> Answered<Value> {
    ask_with(client, name, &CallOptions::new()).await
}

/// The same with settings of its own.
pub(super) async fn ask_with(client: &Client, name: &'static str, options: &CallOptions) -> Answered<Value> {
    let method = Method { effect: Effect::Read, ..Method::unknown(name) };
    Ok(client.execute_with(Call::new(method), options).await?.result)
}

/// Asks the portal who calls are made for.
async fn who(client: &Client) -> Answered<User> {
    who_with(client, &CallOptions::new()).await
}

/// The same with settings of its own.
pub(super) async fn who_with(client: &Client, options: &CallOptions) -> Answered<User> {
    Ok(User::of(&ask_with(client, "profile", options).await?))
}

fn status(matches: &ArgMatches) -> Result<Exit, Stop> {
    let output = Output::new(matches)?;
    let connection = Connection::new(matches)?;
    let Some(target) = connection.target() else {
        return Err(Stop {
            exit: Exit::NotAuthorised,
            message: format!("there is no connection\nhelp: {}", how_to_connect()?),
        });
    };
    let way = target.way(connection.has_token());
    let address = connection.address()?.map(|address| address.to_string()).unwrap_or_default();
    let (name, by, secret, expires) = match target {
        Target::Address(_, by) => (None, *by, None, None),
        Target::Profile { home, name, profile, by } => {
            let vault = home.vault(name, profile.secret);
            (Some(name.clone()), *by, Some(vault.to_string()), expiry(&vault, profile)?)
        }
    };
    let (mut user, mut scopes) = (None, None);
    if !is_set(matches, "offline") {
        let client = connection.client(matches)?;
        let (asked, list) = interruptible("profile", true, async {
            Ok((who(&client).await?, ask(&client, "scope").await.unwrap_or_default()))
        })?;
        user = Some(asked);
        scopes =
            list.as_array().map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>());
    }
    if sub::is_for_programs(matches) {
        return output.print(json!({
            "profile": name, "chosen_by": by, "portal": address, "kind": way, "secret": secret, "expires_at": expires,
            "user": user.map(|user| json!({"id": user.id, "name": user.name, "admin": user.is_admin})), "scopes": scopes,
        }));
    }
    let mut text = String::new();
    let mut line = |label: &str, value: &str| text.push_str(&format!("{label:<9} {value}\n"));
    match &name {
        Some(name) if by == "profile" => line("profile", &format!("{name} (in use)")),
        Some(name) => line("profile", &format!("{name} (chosen by {by})")),
        None => line("profile", &format!("none, the address is that of {by}")),
    }
    line("portal", &address);
    line("by", way);
    if let Some(secret) = &secret {
        line("secret", &format!("in {secret}"));
    }
    if let Some(expires) = &expires {
        line("token", &format!("good until {expires}, then renewed"));
    }
    match &user {
        Some(user) => line("user", &user.words()),
        None => line("user", "not asked"),
    }
    if let Some(scopes) = &scopes {
        line("scopes", &scopes.join(", "));
    }
    super::print(&text)
}

/// What to do where there is no connection.
fn how_to_connect() -> Result<&'static str, Stop> {
    let has_profiles = Home::find().and_then(|home| home.list()).is_ok_and(|list| !list.profiles.is_empty());
    Ok(match has_profiles {
        true => "`oint auth use` chooses one of the profiles that `oint auth list` shows",
        false => "log in with `oint auth login`, or set B24_URL",
    })
}

/// When the access token of an application runs out by this machine's clock, in UTC.
fn expiry(vault: &Vault, profile: &Profile) -> Result<Option<String>, Stop> {
    if !matches!(profile.kind, Kind::Application { .. }) {
        return Ok(None);
    }
    let secrets = vault.read().map_err(|message| Stop { exit: Exit::NotAuthorised, message })?;
    let at = secrets.and_then(|secrets| secrets.get("expires")?.as_i64());
    let at = at.and_then(|at| time::OffsetDateTime::from_unix_timestamp(at).ok());
    Ok(at.and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok()))
}

fn list(matches: &ArgMatches) -> Result<Exit, Stop> {
    let output = Output::new(matches)?;
    let list = Home::find()?.list()?;
    if list.profiles.is_empty() {
        super::note("there are no profiles yet; `oint auth login` makes one");
    }
    let rows = list.profiles.iter().map(|(name, profile)| {
        json!({
            "in_use": if list.current.as_deref() == Some(name) { "*" } else { "" },
            "profile": name,
            "portal": profile.portal,
            "kind": profile.kind.word(),
            "secret": profile.secret.word(),
        })
    });
    output.print(rows.collect())
}

fn choose(matches: &ArgMatches) -> Result<Exit, Stop> {
    let name = given(matches, "profile-name").unwrap_or_default();
    let portal = Home::find()?.change(|list| {
        let portal = list.named(name)?.portal.clone();
        list.current = Some(name.to_owned());
        Ok(portal)
    })?;
    say(&format!("Commands use the profile `{name}` from now on: {portal}"));
    Ok(Exit::Done)
}

fn logout(matches: &ArgMatches) -> Result<Exit, Stop> {
    let home = Home::find()?;
    let name = given(matches, "profile-name");
    if name.is_some() && is_set(matches, "every") {
        return Err(Stop::usage("name a profile, or give --all-profiles"));
    }
    let (gone, left) = home.change(|list| {
        let gone: Vec<(String, Keeper)> = if is_set(matches, "every") {
            list.profiles.iter().map(|(name, profile)| (name.clone(), profile.secret)).collect()
        } else {
            let name = name.map(str::to_owned).or_else(|| list.current.clone());
            let name = name.ok_or_else(|| Stop::usage("no profile is in use: name one of `oint auth list`"))?;
            vec![(name.clone(), list.named(&name)?.secret)]
        };
        // The secret goes first: a profile that is listed can be forgotten again.
        for (name, keeper) in &gone {
            let forgotten = home.vault(name, *keeper).forget();
            forgotten
                .map_err(|reason| Stop::usage(format!("the secret of `{name}` could not be removed: {reason}")))?;
            list.profiles.remove(name);
            if list.current.as_ref() == Some(name) {
                list.current = None;
            }
        }
        Ok((gone, list.clone()))
    })?;
    for (name, _) in &gone {
        say(&format!("Logged out: the profile `{name}` and its secret are forgotten on this machine."));
    }
    if left.current.is_none() && !left.profiles.is_empty() {
        say("No profile is in use now; `oint auth use` chooses one.");
    }
    Ok(Exit::Done)
}
