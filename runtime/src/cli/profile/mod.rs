//! Named profiles: which portal, how to authorise there, and where the secret lies. The file that lists them holds no
//! secret; reading it is all that a command needs to know where it will go.

mod keyring;
mod tokens;
mod vault;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::auth::{OAuthApp, lock_file, replace_private};
use crate::cli::exit::{Exit, Stop};
use crate::cli::logging::hide;
use crate::cli::suggest::hint;
use crate::client::{Client, ClientBuilder};
use crate::secret::{MASK, Secret};
use crate::value::Object;

use tokens::ProfileTokens;
pub(crate) use vault::{Keeper, Vault};

/// The environment variable that names the folder of profiles, in place of the platform's.
pub(crate) const FOLDER: &str = "B24_CONFIG_DIR";
/// The environment variable that names the profile.
pub(crate) const PROFILE: &str = "B24_PROFILE";
/// The environment variable that names another authorisation server than the platform's.
pub(crate) const SERVER: &str = "B24_OAUTH_SERVER";

/// The keys of a profile's secret, an object.
pub(crate) const WEBHOOK: &str = "webhook";
pub(crate) const ACCESS_TOKEN: &str = "access_token";
pub(crate) const CLIENT_SECRET: &str = "client_secret";

/// A way to a portal, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// Scheme and host of the portal.
    pub(crate) portal: String,
    #[serde(flatten)]
    pub(crate) kind: Kind,
    /// Where the secret lies.
    pub(crate) secret: Keeper,
    /// Whether plain http to another machine was allowed when it was made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) allow_http: bool,
}

/// How calls are authorised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// By an address with a code in it.
    Webhook {
        /// The number of the user that calls are made for.
        user: String,
    },
    /// By an access token that somebody else renews.
    Token,
    /// By an application that renews its tokens.
    Application {
        client_id: String,
        /// Another authorisation server than the platform's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        server: Option<String>,
    },
}

impl Kind {
    /// What people call it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Token => "token",
            Self::Application { .. } => "application",
        }
    }
}

impl Profile {
    /// The address as it may be shown: a webhook's with its code masked.
    pub(crate) fn shown(&self) -> String {
        match &self.kind {
            Kind::Webhook { user } => format!("{}/rest/{user}/{MASK}/", self.portal),
            _ => self.portal.clone(),
        }
    }
}

/// All profiles, and the one that is used when none is named.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct List {
    #[serde(default)]
    pub(crate) current: Option<String>,
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

impl List {
    /// A profile by its name.
    pub(crate) fn named(&self, name: &str) -> Result<&Profile, Stop> {
        self.profiles.get(name).ok_or_else(|| {
            let help = match self.profiles.is_empty() {
                true => "\nhelp: there are no profiles yet; `oint auth login` makes one".to_owned(),
                false => match hint(name, self.profiles.keys().map(String::as_str)) {
                    hint if hint.is_empty() => "\nhelp: `oint auth list` lists the profiles".to_owned(),
                    hint => hint,
                },
            };
            Stop::usage(format!("there is no profile `{name}`{help}"))
        })
    }
}

/// The folder where profiles are kept.
#[derive(Clone, Debug)]
pub(crate) struct Home(PathBuf);

impl Home {
    /// The folder that the environment names, or the platform's.
    pub(crate) fn find() -> Result<Self, Stop> {
        if let Some(folder) = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()) {
            return Ok(Self(folder.into()));
        }
        let strategy = etcetera::choose_base_strategy().map_err(|error| {
            Stop::usage(format!(
                "there is no home folder to keep profiles in: {error}\nhelp: name a folder in {FOLDER}"
            ))
        })?;
        Ok(Self(strategy.config_dir().join("oint")))
    }

    /// The file that lists the profiles.
    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("profiles.json")
    }

    /// The profiles; none when there is no file.
    pub(crate) fn list(&self) -> Result<List, Stop> {
        let path = self.file();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(List::default()),
            Err(error) => return Err(cannot("read", &path, &error)),
        };
        serde_json::from_str(&text).map_err(|error| {
            Stop::usage(format!(
                "{} is no list of profiles: {error}\nhelp: mend it, or remove it and log in again with `oint auth login`",
                path.display()
            ))
        })
    }

    /// Changes the list of profiles. Processes that change it at once take turns.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut List) -> Result<T, Stop>) -> Result<T, Stop> {
        let path = self.file();
        let lock = lock_file(&path).map_err(|error| cannot("write", &path, &error))?;
        lock.lock().map_err(|error| cannot("lock", &path, &error))?;
        let mut list = self.list()?;
        let done = change(&mut list)?;
        let text = serde_json::to_string_pretty(&list).map_err(|error| Stop::usage(error.to_string()))?;
        replace_private(&path, &(text + "\n")).map_err(|error| cannot("write", &path, &error))?;
        Ok(done)
    }

    /// Where the secret of a profile lies, or will lie.
    pub(crate) fn vault(&self, name: &str, keeper: Keeper) -> Vault {
        Vault::new(&self.0, name, keeper)
    }

    /// Begins a client of a profile; `token` goes before the profile's own way to authorise.
    pub(crate) fn client(&self, name: &str, profile: &Profile, token: Option<Secret>) -> Result<ClientBuilder, Stop> {
        if let Some(token) = token {
            return Ok(Client::builder(&profile.portal).allow_http(profile.allow_http).token(token));
        }
        let vault = self.vault(name, profile.secret);
        let secrets = vault.read().map_err(|reason| gone(name, &reason))?;
        let secret = |key: &str| -> Result<Secret, Stop> {
            let text = secrets.as_ref().and_then(|secrets: &Object| secrets.get(key)?.as_str());
            text.map(Secret::from)
                .inspect(hide)
                .ok_or_else(|| gone(name, &format!("{} does not hold it", vault.place())))
        };
        let builder = match &profile.kind {
            Kind::Webhook { .. } => {
                let address = secret(WEBHOOK)?;
                // What is sent must go where the list says.
                if Address::parse(address.expose()).ok().is_none_or(|address| address.origin() != profile.portal) {
                    return Err(gone(name, &format!("what {} holds belongs to another portal", vault.place())));
                }
                Client::builder(address.expose())
            }
            Kind::Token => Client::builder(&profile.portal).token(secret(ACCESS_TOKEN)?),
            Kind::Application { client_id, server } => {
                let app = application(client_id, secret(CLIENT_SECRET)?, server.as_deref());
                Client::builder(&profile.portal).oauth(app, ProfileTokens::new(vault))
            }
        };
        Ok(builder.allow_http(profile.allow_http))
    }
}

/// An application at the platform's authorisation server, or at another one.
pub(crate) fn application(client_id: &str, secret: Secret, server: Option<&str>) -> OAuthApp {
    let app = OAuthApp::new(client_id, secret);
    match server {
        Some(server) => app.server(server),
        None => app,
    }
}

/// Whether a profile may have this name: it becomes a part of file names.
pub(crate) fn check_name(name: &str) -> Result<(), Stop> {
    let is_good = |char: char| char.is_alphanumeric() || matches!(char, '-' | '_' | '.');
    if !name.is_empty() && name.len() <= 64 && name.chars().all(is_good) && !name.starts_with(['.', '-']) {
        return Ok(());
    }
    Err(Stop::usage(format!(
        "`{name}` is no name for a profile: letters, digits, `-`, `_` and `.` are, 64 bytes at most, not beginning with `.` or `-`"
    )))
}

fn gone(name: &str, reason: &str) -> Stop {
    Stop {
        exit: Exit::NotAuthorised,
        message: format!(
            "the secret of the profile `{name}` cannot be used: {reason}\nhelp: log in again with `oint auth login --name {name}`"
        ),
    }
}

fn cannot(verb: &str, path: &Path, error: &io::Error) -> Stop {
    Stop::usage(format!("cannot {verb} {}: {error}\nhelp: {FOLDER} names another folder for profiles", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(portal: &str) -> Profile {
        Profile {
            portal: portal.to_owned(),
            kind: Kind::Webhook { user: "1".to_owned() },
            secret: Keeper::File,
            allow_http: false,
        }
    }

    #[test]
    fn the_list_is_kept_without_secrets_and_by_turns() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home(folder.path().join("made"));
        assert!(home.list().expect("nothing yet").profiles.is_empty());
        std::thread::scope(|scope| {
            for number in 0..8 {
                let home = &home;
                scope.spawn(move || {
                    home.change(|list| {
                        list.profiles.insert(format!("p{number}"), webhook("https://b24.example.org"));
                        Ok(())
                    })
                    .expect("changed");
                });
            }
        });
        let list = home.list().expect("readable");
        assert_eq!(list.profiles.len(), 8);
        assert_eq!(list.profiles["p3"].shown(), "https://b24.example.org/rest/1/***/");
        let near = list.named("p33").expect_err("none of this name").message;
        assert!(near.contains("did you mean"), "{near}");
    }

    #[test]
    fn a_secret_of_another_portal_is_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home(folder.path().to_owned());
        let profile = webhook("https://b24.example.org");
        let refused = |text: &str| {
            let object = serde_json::json!({ WEBHOOK: text });
            home.vault("work", Keeper::File).write(object.as_object().expect("an object")).expect("kept");
            home.client("work", &profile, None).err().map(|stop| (stop.exit, stop.message))
        };
        assert_eq!(refused("https://b24.example.org/rest/1/h0m/"), None);
        let (exit, message) = refused("https://other.example.org/rest/1/h0m/").expect("refused");
        assert_eq!(exit, Exit::NotAuthorised);
        assert!(message.contains("another portal") && !message.contains("h0m"), "{message}");
    }

    #[test]
    fn names_are_safe_for_files() {
        for good in ["work", "b24-ar17wx", "работа", "a.b_c"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "../x", "a/b", "-x", "a b", "a\\b", "a:b"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
