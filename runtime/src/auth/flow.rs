//! The tokens of a client: loaded when they are first needed, renewed once however many calls wait for it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::auth::{AuthError, OAuthApp, TokenStore, Tokens};
use crate::client::{Counter, Exchange};
use crate::secret::Secret;

/// For so long a failure answers those who come a little later as well: they would only ask the same again.
const REMEMBERED: Duration = Duration::from_secs(1);

type Outcome = Result<Arc<Tokens>, AuthError>;

/// The tokens and the way to new ones.
pub(crate) struct Flow {
    app: OAuthApp,
    store: Box<dyn TokenStore>,
    exchange: Arc<Exchange>,
    state: Mutex<State>,
    /// Renewals made.
    pub(crate) refreshes: Counter,
}

#[derive(Default)]
struct State {
    tokens: Option<Arc<Tokens>>,
    /// The tokens in memory are newer than those in the store.
    is_unsaved: bool,
    /// The renewal under way. It runs on a task of its own, so that a call that is dropped does not take the new
    /// tokens with it.
    flight: Option<watch::Receiver<Option<Outcome>>>,
    /// The last failure: for which access token, and when.
    failure: Option<(Option<Secret>, Instant, AuthError)>,
    /// The access token whose renewal the server refused for good.
    refused: Option<(Secret, AuthError)>,
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Flow").field(&self.app).finish()
    }
}

impl Flow {
    pub(crate) fn new(app: OAuthApp, store: Box<dyn TokenStore>, exchange: Arc<Exchange>) -> Self {
        Self { app, store, exchange, state: Mutex::default(), refreshes: Counter::default() }
    }

    /// The application's public name.
    pub(crate) fn client_id(&self) -> &str {
        self.app.client_id()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tokens for a call that is due.
    pub(crate) async fn current(self: &Arc<Self>) -> Outcome {
        let (tokens, is_unsaved) = {
            let state = self.state();
            (state.tokens.clone(), state.is_unsaved)
        };
        match tokens {
            Some(tokens) if tokens.has_expired() => self.renew(Some(&tokens.access)).await,
            Some(tokens) => {
                if is_unsaved {
                    self.save(&tokens).await;
                }
                Ok(tokens)
            }
            None => self.renew(None).await,
        }
    }

    /// Other tokens than those that the portal does not take any more: the ones that came meanwhile, or new ones.
    pub(crate) async fn renew(self: &Arc<Self>, rejected: Option<&Secret>) -> Outcome {
        let tokens = self.board(rejected).await?;
        // A flight that had left already may only have loaded what was rejected since.
        if rejected == Some(&tokens.access) { self.board(rejected).await } else { Ok(tokens) }
    }

    /// Whether there are newer tokens than those that the portal does not know any more, here or in the store. Nobody is
    /// asked for new ones: unknown is not expired.
    pub(crate) async fn is_replaced(&self, rejected: &Secret) -> bool {
        // The renewal that revoked it may still be under way.
        let flight = self.state().flight.clone();
        if let Some(mut flight) = flight {
            let _ = flight.wait_for(Option::is_some).await;
        }
        if self.state().tokens.as_ref().is_some_and(|tokens| tokens.access != *rejected) {
            return true;
        }
        // Another process may have had it revoked, and not have saved the new tokens yet.
        let Ok(_lock) = self.store.lock().await else { return false };
        let Ok(Some(stored)) = self.store.load().await else { return false };
        let mut state = self.state();
        let is_newer = stored.access != *rejected && !state.is_unsaved;
        if is_newer {
            state.tokens = Some(Arc::new(stored));
        }
        is_newer
    }

    /// Joins the renewal under way, or begins one.
    async fn board(self: &Arc<Self>, rejected: Option<&Secret>) -> Outcome {
        let mut flight = {
            let mut state = self.state();
            if let Some(tokens) = &state.tokens
                && rejected.is_none_or(|rejected| tokens.access != *rejected)
            {
                return Ok(Arc::clone(tokens));
            }
            if let Some((access, at, error)) = &state.failure
                && access.as_ref() == rejected
                && at.elapsed() < REMEMBERED
            {
                return Err(error.clone());
            }
            // One whose task was dropped with its runtime does not count.
            let under_way = state.flight.clone().filter(|flight| flight.has_changed().is_ok());
            under_way.unwrap_or_else(|| {
                let (done, flight) = watch::channel(None);
                state.flight = Some(flight.clone());
                tokio::spawn(Arc::clone(self).fly(rejected.cloned(), done));
                flight
            })
        };
        let outcome = flight.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or_else(|| Err(AuthError::Store { reason: "the renewal was cut short".to_owned() }))
    }

    /// A renewal from beginning to end.
    async fn fly(self: Arc<Self>, rejected: Option<Secret>, done: watch::Sender<Option<Outcome>>) {
        let outcome = self.fetch(rejected.as_ref()).await;
        let mut state = self.state();
        state.flight = None;
        match &outcome {
            Ok(tokens) => {
                state.tokens = Some(Arc::clone(tokens));
                state.failure = None;
            }
            Err(error) => state.failure = Some((rejected, Instant::now(), error.clone())),
        }
        drop(state);
        let _ = done.send(Some(outcome));
    }

    /// Loads the tokens, and renews them when they are those that were rejected, or when their time has passed.
    async fn fetch(&self, rejected: Option<&Secret>) -> Outcome {
        let fault = |error: crate::auth::StoreError| AuthError::Store { reason: error.to_string() };
        // Only a renewal needs the lock, and only under it what is loaded is what will be renewed.
        let is_usable = |tokens: &Tokens| rejected != Some(&tokens.access) && !tokens.has_expired();
        if rejected.is_none()
            && let Some(tokens) = self.store.load().await.map_err(fault)?
            && is_usable(&tokens)
        {
            return Ok(Arc::new(tokens));
        }
        let _lock = self.store.lock().await.map_err(fault)?;
        let stored = self.store.load().await.map_err(fault)?;
        let (ours, is_unsaved) = {
            let state = self.state();
            (state.tokens.clone(), state.is_unsaved)
        };
        let old = match (stored, ours) {
            // What could not be saved is newer than what is stored.
            (_, Some(ours)) if is_unsaved => ours,
            (Some(stored), _) => Arc::new(stored),
            (None, Some(ours)) => ours,
            (None, None) => return Err(AuthError::NoTokens),
        };
        if is_usable(&old) {
            return Ok(old);
        }
        // The server has said no to these tokens; it is not asked twice.
        if let Some((access, error)) = &self.state().refused
            && *access == old.access
        {
            return Err(error.clone());
        }
        self.refreshes.one();
        let renewed = self.app.renew(&self.exchange, &old).await.inspect_err(|error| {
            tracing::warn!(target: "bitrix24", %error, "refresh_failed");
            if error.is_final() {
                self.state().refused = Some((old.access.clone(), error.clone()));
            }
        })?;
        tracing::info!(target: "bitrix24", member_id = renewed.member_id.as_deref(), "refreshed");
        let renewed = Arc::new(renewed);
        self.save(&renewed).await;
        Ok(renewed)
    }

    async fn save(&self, tokens: &Tokens) {
        let saved = self.store.save(tokens).await;
        if let Err(error) = &saved {
            tracing::error!(target: "bitrix24", %error, "tokens_not_saved");
        }
        self.state().is_unsaved = saved.is_err();
    }
}
