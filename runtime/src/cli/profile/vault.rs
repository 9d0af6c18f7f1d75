//! Where the secret of a profile lies: in the system's keyring, or in a file that only its owner may read.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::auth::{lock_file, replace_private};
use crate::cli::profile::keyring;
use crate::secret::Secret;
use crate::value::Object;

/// The environment variable that keeps the keyring out of it when it says `off`.
const SWITCH: &str = "B24_KEYRING";

/// Who keeps a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Keeper {
    /// The system's keyring.
    Keyring,
    /// A file beside the list of profiles.
    File,
}

impl Keeper {
    /// Whether the environment lets the keyring be asked.
    pub(crate) fn is_keyring_wanted() -> bool {
        !std::env::var(SWITCH).is_ok_and(|value| value == "off")
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::File => "file",
        }
    }
}

/// The place of one profile's secret.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    keeper: Keeper,
    /// The file; its name names the secret in the keyring as well, and the lock between processes is beside it.
    path: PathBuf,
}

impl Vault {
    pub(super) fn new(home: &Path, name: &str, keeper: Keeper) -> Self {
        Self { keeper, path: home.join("secrets").join(format!("{name}.json")) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the secret in the keyring: folders of profiles do not get in each other's way.
    fn account(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        match self.keeper {
            Keeper::Keyring => "the keyring".to_owned(),
            Keeper::File => self.path.display().to_string(),
        }
    }

    /// The file with the secret, unless the keyring has it.
    pub(crate) fn file(&self) -> Option<&Path> {
        (self.keeper == Keeper::File).then_some(&self.path)
    }

    /// The secret; none when there is none.
    pub(crate) fn read(&self) -> Result<Option<Object>, String> {
        let text = match self.keeper {
            Keeper::Keyring => keyring::get(&self.account())?,
            Keeper::File => match std::fs::read_to_string(&self.path) {
                Ok(text) => Some(Secret::new(text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(format!("{}: {error}", self.path.display())),
            },
        };
        let Some(text) = text else { return Ok(None) };
        // What serde says could quote the secret.
        match serde_json::from_str(text.expose()) {
            Ok(Value::Object(object)) => Ok(Some(object)),
            _ => Err(format!("{} holds something else", self.place())),
        }
    }

    /// Waits until no process renews the tokens in it, and keeps others from it until the lock is dropped.
    pub(crate) fn lock(&self) -> Result<File, String> {
        let lock = lock_file(&self.path).and_then(|lock| lock.lock().map(|()| lock));
        lock.map_err(|error| format!("{}: {error}", self.path.display()))
    }

    /// Keeps the secret in place of what was there.
    pub(crate) fn write(&self, secret: &Object) -> Result<(), String> {
        let text = Secret::new(Value::from(secret.clone()).to_string());
        match self.keeper {
            Keeper::Keyring => keyring::set(&self.account(), &text),
            Keeper::File => replace_private(&self.path, &format!("{}\n", text.expose()))
                .map_err(|error| format!("{}: {error}", self.path.display())),
        }
    }

    /// Forgets the secret, if there is one.
    pub(crate) fn forget(&self) -> Result<(), String> {
        match self.keeper {
            Keeper::Keyring => keyring::forget(&self.account()),
            Keeper::File => match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(format!("{}: {error}", self.path.display()))
                }
                _ => Ok(()),
            },
        }?;
        let mut lock = self.path.clone().into_os_string();
        lock.push(".lock");
        let _ = std::fs::remove_file(lock);
        Ok(())
    }
}

impl fmt::Display for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_a_secret_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let vault = Vault::new(folder.path(), "work", Keeper::File);
        assert_eq!(vault.read().expect("readable"), None);
        let secret = serde_json::json!({"webhook": "s3cret"});
        vault.write(secret.as_object().expect("an object")).expect("kept");
        assert_eq!(vault.read().expect("readable").map(Value::from), Some(secret));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(vault.path()).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(vault.path(), "{\"webhook\": s3cret").expect("written");
        let fault = vault.read().expect_err("not JSON");
        assert!(fault.contains("work.json holds something else") && !fault.contains("s3cret"), "{fault}");
        vault.forget().expect("forgotten");
        vault.forget().expect("nothing is there to forget");
        assert_eq!(vault.read().expect("readable"), None);
    }
}
