//! Many calls in few requests: a batch of any length, cut into requests of fifty, with an outcome for every command.

mod batched;
mod plan;
mod reference;
mod send;

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use crate::call::{Call, Request};
use crate::client::{CallOptions, Client};
use crate::error::{Error, Result};
use crate::method::Method;
use crate::output::FromResult;
use crate::response::Response;

pub(crate) use batched::Batched;
pub(crate) use plan::MOST;
pub use reference::Reference;
pub(crate) use reference::{at, is_in};
pub(crate) use send::the_same;
#[cfg(feature = "cli")]
pub(crate) use send::{cut, is_refusal, preview};

/// Calls to be carried out in as few requests as possible.
///
/// ```
/// # #[cfg(feature = "sandbox")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use bitrix24_runtime::{sandbox::Sandbox, table::Tables};
/// # let portal = Sandbox::new(&Tables::EMPTY).start()?;
/// use bitrix24_runtime::{Batch, Call, Client, json};
///
/// let client = Client::webhook(&portal.webhook())?;
/// let mut batch = Batch::new();
/// let contact = batch.call(Call::named("crm.contact.add").param("fields", json!({"NAME": "Oleg"})));
/// // The new contact's number, before anybody knows it.
/// batch.call(Call::named("crm.deal.add").nested(&["fields", "CONTACT_ID"], contact.result()));
/// let mut replies = client.batch(batch).await?;
/// assert_eq!(replies.failures().count(), 0);
/// let number: i64 = replies.take_as(contact)?;
/// # assert!(number > 0 && portal.counts().requests == 1);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sandbox"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
#[must_use = "a batch does nothing until it is sent"]
pub struct Batch {
    /// Tells its references from those of other batches.
    number: u64,
    commands: Vec<Command>,
    halt: bool,
    once: bool,
    parallel: Option<usize>,
    options: CallOptions,
}

#[derive(Debug)]
struct Command {
    name: Option<String>,
    call: Call,
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

impl Batch {
    /// One without commands.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            commands: Vec::new(),
            halt: false,
            once: false,
            parallel: None,
            options: CallOptions::default(),
        }
    }

    /// Adds a typed call. The handle fetches its result afterwards, and refers to it in later commands.
    pub fn add<R: Request>(&mut self, request: R) -> Handle<R::Output> {
        self.push(None, request.into_call())
    }

    /// Adds any call.
    pub fn call(&mut self, call: impl Into<Call>) -> Handle<serde_json::Value> {
        self.push(None, call.into())
    }

    /// Adds a typed call under a name, by which [`Replies::named`] finds it, and errors of other commands call it.
    pub fn add_named<R: Request>(&mut self, name: impl Into<String>, request: R) -> Handle<R::Output> {
        self.push(Some(name.into()), request.into_call())
    }

    /// Adds any call under a name.
    pub fn call_named(&mut self, name: impl Into<String>, call: impl Into<Call>) -> Handle<serde_json::Value> {
        self.push(Some(name.into()), call.into())
    }

    fn push<T>(&mut self, name: Option<String>, call: Call) -> Handle<T> {
        self.commands.push(Command { name, call });
        Handle { batch: self.number, command: self.commands.len() - 1, output: PhantomData }
    }

    /// Stops at the first command that fails; those behind it are not run. Without it all are run, whatever fails.
    pub fn halt(mut self) -> Self {
        self.halt = true;
        self
    }

    /// Leaves it to the caller to send a command again that a limit refused within a request: it ends in the refusal.
    #[cfg(feature = "cli")]
    pub(crate) fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// How many requests may be on their way at once. If not set: four when all commands only read, and one, so that they
    /// are carried out in their order, when any does not.
    pub fn parallel(mut self, requests: usize) -> Self {
        self.parallel = Some(requests.max(1));
        self
    }

    /// Options of every request.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// How many commands it has.
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }
}

impl Extend<Call> for Batch {
    fn extend<I: IntoIterator<Item = Call>>(&mut self, calls: I) {
        self.commands.extend(calls.into_iter().map(|call| Command { name: None, call }));
    }
}

impl FromIterator<Call> for Batch {
    fn from_iter<I: IntoIterator<Item = Call>>(calls: I) -> Self {
        let mut batch = Self::new();
        batch.extend(calls);
        batch
    }
}

impl From<Vec<Call>> for Batch {
    fn from(calls: Vec<Call>) -> Self {
        calls.into_iter().collect()
    }
}

impl<const N: usize> From<[Call; N]> for Batch {
    fn from(calls: [Call; N]) -> Self {
        calls.into_iter().collect()
    }
}

/// A command of a batch.
pub struct Handle<T> {
    batch: u64,
    command: usize,
    output: PhantomData<fn() -> T>,
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<T> {}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.command)
    }
}

impl<T> Handle<T> {
    /// The command's result as [`Replies::take`] brings it, as a parameter of a later command of the same batch. Where the
    /// method keeps its record or records below a key of the answer (`item`, `items`), these are the result, and the key is not
    /// named. A method that is known by nothing but its name ([`Call::named`]) has no such key: see [`Handle::answer`].
    pub fn result(&self) -> Reference {
        Reference { batch: self.batch, command: self.command, is_whole: false, path: Vec::new() }
    }

    /// The command's whole answer: all that the portal puts into `result`, the key of the records and what stands beside it
    /// included. `answer().field("items").at(0)` is the portal's own `$result[…][items][0]`, and `result().at(0)` the same.
    pub fn answer(&self) -> Reference {
        Reference { is_whole: true, ..self.result() }
    }

    /// The command's place in the batch, counted from 0.
    pub fn index(&self) -> usize {
        self.command
    }
}

/// What became of the commands of a batch, in their order: a result or an error for each. A write that nobody knows the
/// outcome of is [`Error::OutcomeUnknown`]; one that was not run because an earlier one failed is [`Error::Skipped`].
#[derive(Debug)]
#[must_use = "some commands may have failed"]
pub struct Replies {
    batch: u64,
    methods: Vec<Method>,
    names: Vec<Option<String>>,
    replies: Vec<Option<Result<Response>>>,
}

impl Replies {
    /// How many there are: one a command.
    pub fn len(&self) -> usize {
        self.replies.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty()
    }

    /// Those that have not been taken, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Result<Response>> {
        self.replies.iter().flatten()
    }

    /// The reply to a command by its place; none where there is no such command or its reply has been taken.
    pub fn get(&self, place: usize) -> Option<&Result<Response>> {
        self.replies.get(place)?.as_ref()
    }

    /// The reply to a command by its name.
    pub fn named(&self, name: &str) -> Option<&Result<Response>> {
        self.get(self.names.iter().position(|known| known.as_deref() == Some(name))?)
    }

    /// The commands that failed, with their places.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &Error)> {
        let failed = |(at, reply): (usize, &'_ Option<Result<Response>>)| -> Option<usize> {
            matches!(reply, Some(Err(_))).then_some(at)
        };
        self.replies.iter().enumerate().filter_map(failed).filter_map(|at| Some((at, self.get(at)?.as_ref().err()?)))
    }

    /// Takes the result of a command.
    ///
    /// # Errors
    /// What the command ended in; [`Error::Usage`] when the handle is of another batch, or the result was taken before.
    pub fn take<T: FromResult>(&mut self, handle: Handle<T>) -> Result<T> {
        self.take_as(handle)
    }

    /// Takes the result of a command as another type than its call's.
    ///
    /// # Errors
    /// As [`Replies::take`].
    pub fn take_as<T: FromResult, U>(&mut self, handle: Handle<U>) -> Result<T> {
        if handle.batch != self.batch {
            return Err(Error::usage("the handle belongs to another batch"));
        }
        let reply = self.replies.get_mut(handle.command).and_then(Option::take);
        let response = reply.ok_or_else(|| Error::usage(format!("reply {} was taken before", handle.command)))??;
        read(&self.methods[handle.command], response)
    }

    /// All responses, when every command was carried out.
    ///
    /// # Errors
    /// The first command's failure; [`Replies::failures`] tells of all.
    pub fn all(self) -> Result<Vec<Response>> {
        self.into_iter().collect()
    }
}

fn read<T: FromResult>(method: &Method, response: Response) -> Result<T> {
    let kept = (!method.effect.is_read()).then(|| response.clone());
    T::from_result(response).map_err(|mismatch| Error::misread(method, &mismatch, kept))
}

impl IntoIterator for Replies {
    type Item = Result<Response>;
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Option<Result<Response>>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.replies.into_iter().flatten()
    }
}

/// A batch on its way: a future of its replies.
#[must_use = "a batch is sent when it is awaited"]
pub struct SendingBatch<'c>(Pin<Box<dyn Future<Output = Result<Replies>> + Send + 'c>>);

impl Future for SendingBatch<'_> {
    type Output = Result<Replies>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for SendingBatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendingBatch")
    }
}

impl Client {
    /// Carries out many calls in as few requests as possible: up to fifty travel in one. Each has an outcome of its own, in
    /// the order of the calls, and means what it means when it is sent alone ([`crate::encoding`]).
    ///
    /// What may not or cannot stand in a batch is sent by itself. A command that a limit refused is sent again. When a
    /// request's answer is lost, its reads are repeated, and its writes end in [`Error::OutcomeUnknown`].
    ///
    /// The future fails as a whole only for a batch that cannot be sent as it is, before anything is sent.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> bitrix24_runtime::Result<()> {
    /// # use bitrix24_runtime::{Client, sandbox::Sandbox, table::Tables};
    /// # let portal = Sandbox::new(&Tables::EMPTY).start().expect("a free port");
    /// # // The numbers that 11 divides are left out.
    /// # portal.fill("crm.deal", 110);
    /// # let client = Client::webhook(&portal.webhook())?;
    /// use bitrix24_runtime::Call;
    ///
    /// let calls = (1..=120).map(|id| Call::named("crm.deal.get").param("id", id));
    /// let (mut found, mut missing) = (0, 0);
    /// for reply in client.batch(calls.collect::<Vec<_>>()).await? {
    ///     match reply {
    ///         Ok(deal) if deal.result["TITLE"].is_string() => found += 1,
    ///         Ok(other) => println!("{}", other.result),
    ///         Err(_) => missing += 1,
    ///     }
    /// }
    /// assert_eq!((found, missing, client.metrics().requests), (110, 10, 3));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sandbox"))]
    /// # fn main() {}
    /// ```
    pub fn batch(&self, batch: impl Into<Batch>) -> SendingBatch<'_> {
        let batch = batch.into();
        SendingBatch(Box::pin(send::run(self, batch)))
    }
}
