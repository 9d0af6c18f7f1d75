//! The tokens of a client: loaded when they are first needed, renewed once however many calls wait for it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::auth::background::{self, OnTheirWay};
use crate::auth::{AuthError, OAuthApp, StoreError, TokenStore, Tokens};
use crate::client::{Counter, Exchange};
use crate::secret::Secret;

/// For so long a failure answers those who come a little later as well: they would only ask the same again.
const REMEMBERED: Duration = Duration::from_secs(1);

type Outcome = Result<Arc<Tokens>, AuthError>;
/// A renewal under way, which tells its outcome in the end.
type Flight = watch::Sender<Option<Outcome>>;

/// The tokens and the way to new ones.
pub(crate) struct Flow {
    app: OAuthApp,
    store: Box<dyn TokenStore>,
    /// Its own: connections of the calls may end with the runtime of the calls.
    exchange: Exchange,
    state: Mutex<State>,
    /// Renewals made.
    pub(crate) refreshes: Counter,
}

#[derive(Default)]
struct State {
    tokens: Option<Arc<Tokens>>,
    /// The tokens in memory could not be saved: they are newer than what the store held then.
    unsaved: Option<Unsaved>,
    /// The renewal under way. It runs in the background, so that a call that is dropped does not take the new tokens with
    /// it.
    flight: Weak<Flight>,
    /// The access token that new ones were asked for last.
    rejected: Option<Secret>,
    /// The last failure: for which access token, and when.
    failure: Option<(Option<Secret>, Instant, AuthError)>,
    /// The access token whose renewal the server refused for good.
    refused: Option<(Secret, AuthError)>,
}

/// Which access token the store held when it could not save newer ones. Whatever else it holds later is newer still:
/// somebody has put it there since.
#[derive(Clone)]
struct Unsaved {
    held: Option<Secret>,
}

impl State {
    /// The newest tokens: those in memory, or what is found in the store.
    fn newest(&mut self, stored: Option<Tokens>) -> Option<Arc<Tokens>> {
        let held = stored.as_ref().map(|tokens| &tokens.access);
        match stored {
            Some(_) if self.unsaved.as_ref().is_some_and(|unsaved| unsaved.held.as_ref() == held) => {
                self.tokens.clone()
            }
            Some(stored) => {
                self.unsaved = None;
                Some(Arc::new(stored))
            }
            None => self.tokens.clone(),
        }
    }

    /// Whether calls can be made with tokens, as far as anybody knows.
    fn takes(&self, tokens: &Tokens) -> bool {
        self.rejected.as_ref() != Some(&tokens.access) && !tokens.has_expired()
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Flow").field(&self.app).finish()
    }
}

impl Flow {
    pub(crate) fn new(app: OAuthApp, store: Box<dyn TokenStore>, exchange: Exchange) -> Self {
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
        let tokens = self.state().tokens.clone();
        match tokens {
            Some(tokens) if tokens.has_expired() => self.renew(Some(&tokens.access)).await,
            Some(tokens) => {
                self.save_again();
                Ok(tokens)
            }
            None => self.renew(None).await,
        }
    }

    /// Tokens that are good as far as anybody knows, without waiting for anything.
    pub(crate) fn at_hand(&self) -> Option<Arc<Tokens>> {
        self.state().tokens.clone().filter(|tokens| !tokens.has_expired())
    }

    /// Other tokens than those that the portal does not take any more: the ones that came meanwhile, or new ones.
    pub(crate) async fn renew(self: &Arc<Self>, rejected: Option<&Secret>) -> Outcome {
        let tokens = self.board(rejected).await?;
        // A flight that had left already may only have loaded what was rejected since.
        if rejected == Some(&tokens.access) { self.board(rejected).await } else { Ok(tokens) }
    }

    /// Whether there are newer tokens than those that the portal does not know any more, here or in the store. Nobody is
    /// asked for new ones: unknown is not expired.
    pub(crate) async fn is_replaced(self: &Arc<Self>, rejected: &Secret) -> bool {
        // The renewal that revoked it may still be under way.
        let flight = self.state().flight.upgrade().map(|flight| flight.subscribe());
        if let Some(mut flight) = flight {
            let _ = flight.wait_for(Option::is_some).await;
        }
        let (flow, rejected) = (Arc::clone(self), rejected.clone());
        let looked = background::spawn(async move { flow.look_for_newer(&rejected).await });
        match looked {
            Ok(looked) => looked.await.unwrap_or(false),
            Err(_) => false,
        }
    }

    async fn look_for_newer(&self, rejected: &Secret) -> bool {
        let has_other = |state: &State| state.tokens.as_ref().is_some_and(|tokens| tokens.access != *rejected);
        if has_other(&self.state()) {
            return true;
        }
        // Another process may have had it revoked, and not have saved the new tokens yet.
        let Ok(_lock) = self.store.lock().await else { return false };
        let Ok(stored) = self.store.load().await else { return false };
        let mut state = self.state();
        // A renewal may have ended meanwhile: what was loaded may be older.
        if !has_other(&state) {
            state.tokens = state.newest(stored);
        }
        has_other(&state)
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
            self.take_off(&mut state, rejected)?
        };
        let outcome = flight.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or_else(|| Err(AuthError::Store { reason: "the renewal was cut short".to_owned() }))
    }

    /// Tries once more to save what could not be saved. No call waits for it: its tokens are good.
    fn save_again(self: &Arc<Self>) {
        let mut state = self.state();
        if state.unsaved.is_some() {
            // What cannot be begun now is begun with the next call.
            let _ = self.take_off(&mut state, None);
        }
    }

    /// The renewal under way, or a new one.
    fn take_off(
        self: &Arc<Self>,
        state: &mut State,
        rejected: Option<&Secret>,
    ) -> Result<watch::Receiver<Option<Outcome>>, AuthError> {
        if rejected.is_some() {
            state.rejected = rejected.cloned();
        }
        if let Some(flight) = state.flight.upgrade() {
            return Ok(flight.subscribe());
        }
        let (done, outcome) = watch::channel(None);
        let done = Arc::new(done);
        state.flight = Arc::downgrade(&done);
        let flow = Arc::clone(self);
        let unsaved = state.unsaved.as_ref().map(|_| OnTheirWay::new());
        let begun = background::spawn(async move {
            flow.fly(&done).await;
            drop(unsaved);
        });
        begun.map_err(|error| AuthError::Store { reason: format!("no thread can be started for it: {error}") })?;
        Ok(outcome)
    }

    /// A renewal from beginning to end.
    async fn fly(&self, done: &Flight) {
        let Some(outcome) = self.fetch(done).await.transpose() else { return };
        let is_unsaved = {
            let mut state = self.state();
            state.flight = Weak::new();
            match &outcome {
                Ok(tokens) => {
                    state.tokens = Some(Arc::clone(tokens));
                    state.failure = None;
                }
                Err(error) => state.failure = Some((state.rejected.clone(), Instant::now(), error.clone())),
            }
            state.unsaved.is_some()
        };
        if let (Err(error), true) = (&outcome, is_unsaved) {
            tracing::error!(target: "bitrix24", %error, "tokens_not_saved");
        }
        done.send_replace(Some(outcome));
    }

    /// Loads the tokens, and renews them when they are those that were rejected, or when their time has passed. None when
    /// nobody waits for new ones any more.
    async fn fetch(&self, done: &Flight) -> Result<Option<Arc<Tokens>>, AuthError> {
        let fault = |error: StoreError| AuthError::Store { reason: error.to_string() };
        let is_first = self.state().tokens.is_none();
        // Only a renewal needs the lock, and only under it what is loaded is what will be renewed.
        if is_first
            && let Some(tokens) = self.store.load().await.map_err(fault)?
            && self.state().takes(&tokens)
        {
            return Ok(Some(Arc::new(tokens)));
        }
        let _lock = self.store.lock().await.map_err(fault)?;
        let stored = self.store.load().await.map_err(fault)?;
        let held = stored.as_ref().map(|tokens| tokens.access.clone());
        let (old, is_good, is_unsaved) = {
            let mut state = self.state();
            let old = state.newest(stored).ok_or(AuthError::NoTokens)?;
            let is_good = state.takes(&old);
            // The server has said no to these tokens; it is not asked twice.
            if let Some((access, error)) = &state.refused
                && !is_good
                && *access == old.access
            {
                return Err(error.clone());
            }
            (old, is_good, state.unsaved.is_some())
        };
        if is_good {
            if is_unsaved {
                self.save(Arc::clone(&old), held).await;
            }
            return Ok(Some(old));
        }
        let _sent = OnTheirWay::new();
        {
            let mut state = self.state();
            // Nothing was sent yet, so nothing is lost. Whoever comes now begins anew.
            if done.is_closed() {
                state.flight = Weak::new();
                return Ok(None);
            }
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
        self.save(Arc::clone(&renewed), held).await;
        Ok(Some(renewed))
    }

    /// Keeps tokens under the store's lock, in place of those that it holds.
    async fn save(&self, tokens: Arc<Tokens>, held: Option<Secret>) {
        let saved = self.store.save(&tokens).await;
        if let Err(error) = &saved {
            tracing::error!(target: "bitrix24", %error, "tokens_not_saved");
        }
        let mut state = self.state();
        state.tokens = Some(tokens);
        state.unsaved = saved.is_err().then_some(Unsaved { held });
    }
}
