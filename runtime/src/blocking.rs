//! The client for programs without async: scripts, tests, small tools. It is the same client, driven by a thread of its
//! own, so that limits, retries and renewals work just as well.
//!
//! ```
//! # #[cfg(feature = "sandbox")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use bitrix24_runtime::{sandbox::Sandbox, table::Tables};
//! # let portal = Sandbox::new(&Tables::EMPTY).start()?;
//! # let address = portal.webhook();
//! use bitrix24_runtime::{blocking, json};
//!
//! let client = blocking::Client::webhook(&address)?;
//! let profile = client.call("profile", json!({}))?;
//! assert_eq!(profile["ID"], "1");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sandbox"))]
//! # fn main() {}
//! ```

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use serde_json::Value;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::call::{Call, Request};
use crate::client::{CallOptions, Metrics};
use crate::error::{Error, Result};
use crate::output::FromValue;
use crate::paging::Records;
use crate::response::Response;

/// A connection to a portal whose calls wait for their answers. Cloning is cheap, and the clones share everything.
///
/// Async code must not wait like that: in a task, every function ends in [`Error::Usage`]. Blocking code of an async program
/// belongs into `tokio::task::spawn_blocking`, and there they all work.
#[derive(Clone, Debug)]
pub struct Client {
    client: crate::Client,
    driver: Arc<Driver>,
}

/// The runtime, which may be dropped anywhere.
#[derive(Debug)]
struct Driver(Option<Runtime>);

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Client {
    /// A client of a webhook: `https://<portal>/rest/<user>/<code>/`.
    ///
    /// # Errors
    /// [`Error::Usage`] when the address is not a webhook's.
    pub fn webhook(address: &str) -> Result<Self> {
        Self::new(crate::Client::webhook(address)?)
    }

    /// A client of a portal's domain with an access token.
    ///
    /// # Errors
    /// [`Error::Usage`] when the address cannot be used, or is a webhook's.
    pub fn with_token(address: &str, token: &str) -> Result<Self> {
        Self::new(crate::Client::with_token(address, token)?)
    }

    /// Drives a client with settings of its own.
    ///
    /// # Errors
    /// [`Error::Usage`] when no thread can be started.
    pub fn new(client: crate::Client) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("bitrix24").enable_all().build();
        let runtime =
            runtime.map_err(|error| Error::usage(format!("cannot start a thread for the client: {error}")))?;
        Ok(Self { client, driver: Arc::new(Driver(Some(runtime))) })
    }

    /// The client beneath.
    pub fn asynchronous(&self) -> &crate::Client {
        &self.client
    }

    /// Calls any method by its REST name; see [`Client::call`](crate::Client::call).
    ///
    /// # Errors
    /// See [`Error`].
    pub fn call(&self, method: impl Into<String>, params: impl Into<Value>) -> Result<Value> {
        self.wait(self.client.call(method, params))
    }

    /// Sends a call and brings its typed answer: `client.send(user::get())`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn send<R: Request>(&self, request: R) -> Result<R::Output> {
        self.wait(request.into_call().send_as(&self.client))
    }

    /// Sends a call and brings the whole answer.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn execute(&self, call: Call) -> Result<Response> {
        self.wait(self.client.execute(call))
    }

    /// [`Client::execute`] with options for this call alone.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn execute_with(&self, call: Call, options: &CallOptions) -> Result<Response> {
        self.wait(self.client.execute_with(call, options))
    }

    /// Goes through a list, all pages of it: `client.iter(user::get().stream(client.asynchronous()))`. An error ends it; a
    /// list that ends without one is whole.
    pub fn iter<T: FromValue>(&self, records: Records<T>) -> Iter<'_, T> {
        Iter { client: self, records: Some(records) }
    }

    /// What the client has done so far.
    pub fn metrics(&self) -> Metrics {
        self.client.metrics()
    }

    /// Waits for anything that the client beneath does, such as a call with options:
    /// `client.wait(user::get().send(client.asynchronous()).with_timeout(limit))`.
    ///
    /// # Errors
    /// Those of the future, and [`Error::Usage`] in a task.
    pub fn wait<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        if is_in_task() {
            return Err(Error::usage(
                "the blocking client cannot be used in async code: await the client beneath it, or call it in \
                 `tokio::task::spawn_blocking`",
            ));
        }
        match &self.driver.0 {
            Some(runtime) => block_on(runtime, future),
            None => Err(Error::usage("the client's thread has ended")),
        }
    }
}

/// More steps than a task may take before it must let others run.
const TOO_MANY_STEPS: usize = 1_024;

/// Whether this thread is about to run a task. Tokio does not tell: it knows a current runtime in `spawn_blocking` as well. But it
/// counts the steps of a task, so that one by one they come to an end, and never those of blocking code.
fn is_in_task() -> bool {
    let mut context = Context::from_waker(Waker::noop());
    let mut is_stopped = || pin!(tokio::task::consume_budget()).poll(&mut context).is_pending();
    Handle::try_current().is_ok() && (0..TOO_MANY_STEPS).any(|_| is_stopped())
}

/// Wakes a thread that waits for a future.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Drives a future to its end; the runtime's own thread does the rest. The runtime's function of this name would panic where
/// [`is_in_task`] is mistaken.
fn block_on<T>(runtime: &Runtime, future: impl Future<Output = T>) -> T {
    let _runtime = runtime.enter();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => thread::park(),
        }
    }
}

/// The records of a list, one after the other; see [`Client::iter`].
#[derive(Debug)]
#[must_use = "nothing is asked for until it is read"]
pub struct Iter<'c, T> {
    client: &'c Client,
    /// None after an error.
    records: Option<Records<T>>,
}

impl<T: FromValue> Iterator for Iter<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        let records = self.records.as_mut()?;
        match self.client.wait(async { records.next().await.transpose() }) {
            Ok(record) => record.map(Ok),
            Err(error) => {
                self.records = None;
                Some(Err(error))
            }
        }
    }
}
