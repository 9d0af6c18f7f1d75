//! The tokens of a profile's application, beside its client secret. Processes that renew them take turns.

use crate::auth::{FileStore, StoreError, StoreFuture, StoreLock, TokenStore, Tokens};
use crate::cli::logging::hide;
use crate::cli::profile::vault::Vault;

/// Tokens in a profile's vault.
pub(super) struct ProfileTokens {
    vault: Vault,
    /// Only its lock is used, which is a file in any case.
    lock: FileStore,
}

impl ProfileTokens {
    pub(super) fn new(vault: Vault) -> Self {
        Self { lock: FileStore::new(vault.path()), vault }
    }

    /// A keyring may take its time, and ask the user first.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Vault) -> Result<T, String> + Send + 'static,
    ) -> Result<T, StoreError> {
        let vault = self.vault.clone();
        let done = tokio::task::spawn_blocking(move || work(&vault)).await;
        done.map_err(StoreError::new)?.map_err(StoreError::new)
    }
}

impl TokenStore for ProfileTokens {
    fn load(&self) -> StoreFuture<'_, Option<Tokens>> {
        Box::pin(async {
            let secrets = self.apart(Vault::read).await?;
            let tokens = secrets.and_then(|secrets| Tokens::from_answer(&secrets));
            // The authorisation server takes them in addresses, which libraries may log.
            tokens.iter().flat_map(|tokens| tokens.refresh.iter().chain([&tokens.access])).for_each(hide);
            Ok(tokens)
        })
    }

    fn save<'s>(&'s self, tokens: &'s Tokens) -> StoreFuture<'s, ()> {
        tokens.refresh.iter().chain([&tokens.access]).for_each(hide);
        let tokens = tokens.expose_json();
        Box::pin(self.apart(move |vault| {
            let mut secrets = vault.read()?.ok_or("the profile was logged out")?;
            // The client secret stays.
            secrets.extend(tokens.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
            vault.write(&secrets)
        }))
    }

    fn lock(&self) -> StoreFuture<'_, StoreLock> {
        self.lock.lock()
    }
}
