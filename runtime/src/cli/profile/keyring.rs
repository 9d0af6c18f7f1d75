//! The system's keyring: the Secret Service on Linux (GNOME Keyring, KWallet, KeePassXC), the Keychain on macOS, the
//! Credential Manager on Windows.

/// What the secrets are listed under there.
const SERVICE: &str = "oint";

pub(super) use system::{forget, get, set};

#[cfg(all(unix, not(target_os = "macos")))]
mod system {
    use std::collections::HashMap;

    use secret_service::blocking::{Item, SecretService};
    use secret_service::{EncryptionType, Error};

    use super::SERVICE;
    use crate::secret::Secret;

    fn fault(error: Error) -> String {
        match error {
            Error::Unavailable => "there is no keyring: nothing offers the Secret Service on D-Bus".to_owned(),
            Error::Locked => "the keyring is locked".to_owned(),
            Error::Prompt => "the keyring was not unlocked".to_owned(),
            error => format!("the keyring failed: {error}"),
        }
    }

    fn attributes(account: &str) -> HashMap<&str, &str> {
        HashMap::from([("service", SERVICE), ("username", account)])
    }

    /// Does something with the items of an account, unlocked.
    fn with<T>(
        account: &str,
        work: impl FnOnce(&SecretService<'_>, Vec<Item<'_>>) -> Result<T, Error>,
    ) -> Result<T, String> {
        let run = || {
            let service = SecretService::connect(EncryptionType::Dh)?;
            let found = service.search_items(attributes(account))?;
            let mut items = found.unlocked;
            for item in found.locked {
                item.unlock()?;
                items.push(item);
            }
            work(&service, items)
        };
        run().map_err(fault)
    }

    /// The secret of an account.
    pub(in super::super) fn get(account: &str) -> Result<Option<Secret>, String> {
        let bytes = with(account, |_, items| items.first().map(Item::get_secret).transpose())?;
        let Some(bytes) = bytes else { return Ok(None) };
        let text = String::from_utf8(bytes).map_err(|_| "what the keyring holds is no text".to_owned())?;
        Ok(Some(Secret::new(text)))
    }

    /// Keeps a secret in place of the account's old one.
    pub(in super::super) fn set(account: &str, secret: &Secret) -> Result<(), String> {
        with(account, |service, items| {
            let secret = secret.expose().as_bytes();
            if let Some(item) = items.first() {
                return item.set_secret(secret, "application/json");
            }
            let collection = service.get_any_collection()?;
            if collection.is_locked()? {
                collection.unlock()?;
            }
            let label = format!("{SERVICE}: {account}");
            collection.create_item(&label, attributes(account), secret, true, "application/json").map(drop)
        })
    }

    /// Removes the secret of an account, if there is one.
    pub(in super::super) fn forget(account: &str) -> Result<(), String> {
        with(account, |_, items| items.iter().try_for_each(Item::delete))
    }
}

#[cfg(any(windows, target_os = "macos"))]
mod system {
    use std::sync::Arc;

    use keyring_core::api::CredentialStore;
    use keyring_core::{Entry, Error};

    use super::SERVICE;
    use crate::secret::Secret;

    fn entry(account: &str) -> Result<Entry, String> {
        #[cfg(target_os = "macos")]
        let store = apple_native_keyring_store::keychain::Store::new();
        #[cfg(windows)]
        let store = windows_native_keyring_store::Store::new();
        let store: Arc<CredentialStore> = store.map_err(fault)?;
        Entry::new_in_store(&store, SERVICE, account).map_err(fault)
    }

    // What the library says of bad encodings would hold the secret.
    fn fault(error: Error) -> String {
        match error {
            Error::BadEncoding(_) | Error::BadDataFormat(..) => "what the keyring holds is no text".to_owned(),
            error => format!("the keyring failed: {error}"),
        }
    }

    /// The secret of an account.
    pub(in super::super) fn get(account: &str) -> Result<Option<Secret>, String> {
        match entry(account)?.get_password() {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(fault(error)),
        }
    }

    /// Keeps a secret in place of the account's old one.
    pub(in super::super) fn set(account: &str, secret: &Secret) -> Result<(), String> {
        entry(account)?.set_password(secret.expose()).map_err(fault)
    }

    /// Removes the secret of an account, if there is one.
    pub(in super::super) fn forget(account: &str) -> Result<(), String> {
        match entry(account)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(fault(error)),
        }
    }
}
