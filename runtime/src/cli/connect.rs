//! The connection: from options, environment and profiles to a client. Options win over the environment, the environment
//! over the profile that is in use. Only what is used is read: no profile where an address is given, and no secret
//! before a request is made.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;

use crate::address::Address;
use crate::cli::command::{given, is_set, seconds};
use crate::cli::exit::Stop;
use crate::cli::logging::hide;
use crate::cli::profile::{Home, PROFILE, Profile};
use crate::cli::{exposed, stdin};
use crate::client::{Client, ClientBuilder, Limits, RetryPolicy};
use crate::error::Error;
use crate::secret::{MASK, Secret};

/// The variables for an address and a token.
pub(crate) const URL: &str = "B24_URL";
pub(crate) const TOKEN: &str = "B24_TOKEN";
/// The variable that tells the portal's rate limit.
const LIMITS: &str = "B24_LIMITS";
/// How long a command waits for the portal's limits: long enough for a queue of commands, too short for a method's run
/// time, which takes up to ten minutes to be free again.
const PATIENCE: Duration = Duration::from_secs(120);
/// What stands for the portal in a dry run without an address.
const NO_PORTAL: &str = "portal.invalid";
const PORTAL_PLACEHOLDER: &str = "<portal>";
/// The largest token that is read from a file.
const LARGEST_TOKEN: u64 = 64 << 10;

/// What is given of the connection.
pub(crate) struct Connection {
    target: Option<Target>,
    token: Option<Token>,
}

/// Where calls go.
pub(crate) enum Target {
    /// An address, and where it comes from: `--url` or a variable. It may hold a webhook's code.
    Address(Secret, &'static str),
    /// A profile with its name, and what chose it.
    Profile { home: Home, name: String, profile: Box<Profile>, by: &'static str },
}

/// A token, or where it is read from when it is needed.
enum Token {
    Text(Secret),
    File(String),
    StandardInput,
}

impl Token {
    /// `--token` and `--token-file`.
    fn of_options(matches: &ArgMatches) -> Result<Option<Self>, Stop> {
        Ok(match (given(matches, "token"), given(matches, "token-file")) {
            (Some(_), Some(_)) => {
                return Err(Stop::usage("--token and --token-file are two tokens: leave one of them out"));
            }
            (Some("-"), None) | (None, Some("-")) => {
                stdin::claim("--token").map_err(Stop::usage)?;
                Some(Self::StandardInput)
            }
            (Some(text), None) => Some(Self::Text(text.into())),
            (None, Some(path)) => Some(Self::File(path.to_owned())),
            (None, None) => None,
        })
    }

    fn read(&self) -> Result<Secret, Stop> {
        match self {
            Self::Text(secret) => Ok(secret.clone()),
            Self::File(path) => {
                let file = std::fs::File::open(path);
                let text =
                    file.and_then(one_line).map_err(|error| format!("--token-file: cannot read {path}: {error}"));
                checked(text, &format!("--token-file: {path}"))
            }
            Self::StandardInput => {
                let text = one_line(std::io::stdin().lock());
                checked(text.map_err(|error| format!("cannot read standard input: {error}")), "standard input")
            }
        }
    }
}

/// Reads a text that is one line, without its end.
pub(crate) fn one_line(source: impl std::io::Read) -> std::io::Result<String> {
    let mut text = String::new();
    source.take(LARGEST_TOKEN).read_to_string(&mut text)?;
    Ok(text.trim_start_matches('\u{FEFF}').trim().to_owned())
}

fn checked(text: Result<String, String>, place: &str) -> Result<Secret, Stop> {
    match text.map_err(Stop::usage)? {
        text if text.is_empty() => Err(Stop::usage(format!("{place} holds no token"))),
        text if text.contains(char::is_whitespace) => {
            Err(Stop::usage(format!("{place} holds more than a token: one line without spaces is expected")))
        }
        text => Ok(text.into()),
    }
}

/// A variable of the environment; an empty one counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Connection {
    /// What options, environment and profiles give.
    pub(crate) fn new(matches: &ArgMatches) -> Result<Self, Stop> {
        let mut connection = Self::without_profile(matches)?;
        let named = given(matches, "profile");
        if let (Some(_), Some(Target::Address(_, "--url"))) = (named, &connection.target) {
            return Err(Stop::usage("--url and --profile are two connections: leave one of them out"));
        }
        if named.is_some() || connection.target.is_none() {
            let from_environment = || Some((variable(PROFILE)?, PROFILE));
            let chosen = named.map(|name| (name.to_owned(), "--profile")).or_else(from_environment);
            // A token of the environment belongs to an address of the environment.
            connection = Self { target: profile(chosen)?, token: Token::of_options(matches)? };
        }
        Ok(connection)
    }

    /// What options and environment give of an address and a token.
    pub(crate) fn without_profile(matches: &ArgMatches) -> Result<Self, Stop> {
        let token = Token::of_options(matches)?;
        let target = match (given(matches, "url"), variable(URL)) {
            (Some(url), _) => Some(Target::Address(url.into(), "--url")),
            (None, Some(url)) => Some(Target::Address(url.into(), URL)),
            (None, None) => None,
        };
        // A webhook named by option and a token from the environment belong to different connections.
        let is_webhook =
            || given(matches, "url").and_then(|url| Address::parse(url).ok()).is_some_and(|url| url.is_webhook());
        let of_environment = || variable(TOKEN).filter(|_| !is_webhook()).map(|token| Token::Text(token.into()));
        let token = token.or_else(of_environment);
        Ok(Self { target, token })
    }

    /// Where calls go, if that is known.
    pub(crate) fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    /// Whether a token is given apart.
    pub(crate) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// What is not given and needed, in the form of the message on missing options.
    pub(crate) fn missing(&self) -> Vec<String> {
        let line = "  --url <ADDRESS>  The webhook's address, or the portal's domain with --token; B24_URL in the environment or a profile (`oint auth login`) will do too.";
        if self.target.is_none() { vec![line.to_owned()] } else { Vec::new() }
    }

    /// The client. A secret that comes from a file that others may read is warned of.
    pub(crate) fn client(&self, matches: &ArgMatches) -> Result<Client, Stop> {
        let client = self.unwarned_client(matches)?;
        if let Some(file) = self.exposed_secret() {
            exposed::warn_of(&file);
        }
        Ok(client)
    }

    /// The file that the secret is read from, if other users of the machine can read it as well.
    pub(crate) fn exposed_secret(&self) -> Option<PathBuf> {
        let file = match (&self.token, &self.target) {
            (Some(Token::File(path)), _) => path.into(),
            (None, Some(Target::Profile { home, name, profile, .. })) => {
                home.vault(name, profile.secret).file()?.to_owned()
            }
            _ => return None,
        };
        exposed::is_exposed(&file).then_some(file)
    }

    /// The client, without a warning.
    pub(crate) fn unwarned_client(&self, matches: &ArgMatches) -> Result<Client, Stop> {
        let token = self.token.as_ref().map(Token::read).transpose()?;
        token.iter().for_each(hide);
        let builder = match &self.target {
            Some(Target::Profile { home, name, profile, .. }) => home.client(name, profile, token)?,
            target => {
                let url = match target {
                    Some(Target::Address(url, _)) => url.expose(),
                    _ => "",
                };
                with_token(Client::builder(url), token)
            }
        };
        finish(builder, self.allows_http(matches), matches)
    }

    /// A client that only shows requests: what is missing of the connection does not matter, and no secret is read.
    pub(crate) fn shown(self, matches: &ArgMatches) -> Result<(Client, bool), Stop> {
        let allow_http = self.allows_http(matches);
        let url = match &self.target {
            Some(Target::Address(url, _)) => url.clone(),
            Some(Target::Profile { profile, .. }) if self.token.is_none() => profile.shown().into(),
            Some(Target::Profile { profile, .. }) => profile.portal.as_str().into(),
            None => NO_PORTAL.into(),
        };
        let is_webhook = Address::parse(url.expose()).map_err(Stop::from)?.is_webhook();
        let token = match &self.token {
            Some(Token::Text(text)) => Some(text.clone()),
            Some(_) => Some(MASK.into()),
            None if !is_webhook => Some(MASK.into()),
            None => None,
        };
        let client = finish(with_token(Client::builder(url.expose()), token), allow_http, matches)?;
        Ok((client, self.target.is_some()))
    }

    /// The portal's address; what may be shown of it is what its `Display` shows.
    pub(crate) fn address(&self) -> Result<Option<Address>, Stop> {
        match &self.target {
            Some(Target::Address(url, _)) => Ok(Some(Address::parse(url.expose())?)),
            Some(Target::Profile { profile, .. }) => Ok(Some(Address::parse(&profile.shown())?)),
            None => Ok(None),
        }
    }

    fn allows_http(&self, matches: &ArgMatches) -> bool {
        let of_profile = matches!(&self.target, Some(Target::Profile { profile, .. }) if profile.allow_http);
        is_set(matches, "allow-http") || of_profile
    }
}

/// The profile that was chosen, or the one in use.
fn profile(chosen: Option<(String, &'static str)>) -> Result<Option<Target>, Stop> {
    let home = match Home::find() {
        Ok(home) => home,
        // Without a home there are no profiles, which matters only to those who name one.
        Err(stop) => return if chosen.is_some() { Err(stop) } else { Ok(None) },
    };
    let list = home.list()?;
    let (name, by) = match (chosen, &list.current) {
        (Some(chosen), _) => chosen,
        (None, Some(current)) => (current.clone(), "profile"),
        (None, None) => return Ok(None),
    };
    let profile = list.named(&name).map_err(|stop| match by {
        "profile" => stop,
        by => Stop { message: format!("{by}: {}", stop.message), ..stop },
    })?;
    Ok(Some(Target::Profile { profile: Box::new(profile.clone()), home, name, by }))
}

fn with_token(builder: ClientBuilder, token: Option<Secret>) -> ClientBuilder {
    match token {
        Some(token) => builder.token(token),
        None => builder,
    }
}

/// Makes a client with the settings of commands.
pub(crate) fn finish(mut builder: ClientBuilder, allow_http: bool, matches: &ArgMatches) -> Result<Client, Stop> {
    builder = builder.allow_http(allow_http);
    if let Some(text) = given(matches, "timeout") {
        let timeout = seconds(text).map_err(Stop::usage)?;
        builder = builder.timeout(timeout).total_timeout(timeout);
    }
    // Commands follow each other quickly, in loops and side by side: they share one bucket.
    let limits = variable(LIMITS).map_or_else(|| Ok(Limits::standard()), |text| text.parse());
    let limits = limits.map_err(|error: Error| {
        let stop = Stop::from(error);
        Stop { message: format!("{LIMITS}: {}", stop.message), ..stop }
    })?;
    builder = builder.limits(limits.shared()).patience(PATIENCE);
    builder = builder.retry(RetryPolicy::default().retries(2).base(Duration::from_millis(300)));
    builder = builder.user_agent(concat!("oint/", env!("CARGO_PKG_VERSION")));
    builder.build().map_err(|error| {
        let mut stop = Stop::from(error);
        if stop.message.contains("plain http") {
            stop.message = stop.message.replace("or allow it expressly", "or allow it with --allow-http");
        }
        stop
    })
}

/// Shows a dry run's address with a placeholder where no portal is known.
pub(crate) fn without_portal(text: &str) -> String {
    text.replace(NO_PORTAL, PORTAL_PLACEHOLDER)
}

impl Target {
    /// How calls are authorised, as people call it; `has_token` tells whether a token is given apart.
    pub(crate) fn way(&self, has_token: bool) -> &'static str {
        match self {
            Self::Profile { profile, .. } if !has_token => profile.kind.word(),
            Self::Address(url, _) if Address::parse(url.expose()).is_ok_and(|url| url.is_webhook()) => "webhook",
            _ => "token",
        }
    }
}
