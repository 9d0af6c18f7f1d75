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
use std::sync::Arc;

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
/// Async code must not wait like that: there, every function ends in [`Error::Usage`].
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
    /// Those of the future, and [`Error::Usage`] in async code.
    pub fn wait<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        if Handle::try_current().is_ok() {
            return Err(Error::usage("the blocking client cannot be used in async code: await the client beneath it"));
        }
        match &self.driver.0 {
            Some(runtime) => runtime.block_on(future),
            None => Err(Error::usage("the client's thread has ended")),
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
