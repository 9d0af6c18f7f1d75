//! Walking lists: all records of a list method, page by page behind the scenes.

mod fetch;
mod keyset;
mod page;
mod place;
mod start;
mod steps;
mod text;
mod walker;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde_json::Value;

use crate::call::Call;
use crate::client::{CallOptions, Client};
use crate::error::{Error, Result};
use crate::output::{FromValue, Page};
use crate::value::Object;

use walker::Walker;

pub(crate) use text::{Layout, TextPages, read as read_pages};

/// How many requests of a walk are on their way at once, where the portal is slow.
const PARALLEL: usize = 6;

/// How a list is walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// By number where the method and the call allow it, by place otherwise.
    #[default]
    Auto,
    /// By number: each page is "the records behind number N". Neither loses nor repeats a record while others come and go,
    /// and nothing is counted. An error where the list cannot be walked so.
    Keyset,
    /// By place: the records from the N-th on.
    Start,
}

/// How far a walk has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Records handed out, those of the page at hand included.
    pub records: u64,
    /// Records in all, where the portal has counted them.
    pub total: Option<u64>,
    /// Requests answered so far.
    pub requests: u64,
}

struct Settings {
    strategy: Strategy,
    parallel: usize,
    counted: bool,
    options: CallOptions,
    hook: Option<Hook>,
}

/// What is called with each page.
type Hook = Box<dyn FnMut(&Progress) + Send>;

/// The records of a list, one after the other: a stream. Requests are made while it is read, one ahead at most; dropping it
/// ends them.
///
/// An error ends the stream. A list that ends without one is whole.
///
/// ```
/// # #[cfg(feature = "sandbox")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use bitrix24_runtime::{sandbox::Sandbox, table::Tables};
/// # let portal = Sandbox::new(&Tables::EMPTY).start()?;
/// # portal.fill("crm.deal", 2_600);
/// use bitrix24_runtime::{Call, Client, Effect, Keyset, Method, Paging, Rest, filter};
///
/// // The generated calls know this of their methods.
/// const DEALS: Method =
///     Method::new("crm.deal.list", Rest::V2, Effect::List, Paging::Start).with_keyset(Keyset::new("ID"));
///
/// let client = Client::webhook(&portal.webhook())?;
/// let mut deals = Call::new(DEALS)
///     .param("select", ["ID", "TITLE"])
///     .param("filter", filter! { ">ID": 100 })
///     .stream(&client)
///     .progress(|progress| eprintln!("{} deals", progress.records));
/// let mut seen = 0;
/// while let Some(deal) = deals.next().await {
///     let deal = deal?;
///     assert!(deal["TITLE"].is_string());
///     seen += 1;
/// }
/// # assert_eq!(seen, 2_600 - 91);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sandbox"))]
/// # fn main() {}
/// ```
#[must_use = "a stream does nothing until it is read"]
pub struct Records<T> {
    pages: Pages<T>,
    current: std::vec::IntoIter<T>,
}

/// The pages of a list, one after the other: a stream.
#[must_use = "a stream does nothing until it is read"]
pub struct Pages<T> {
    state: State,
    record: std::marker::PhantomData<fn() -> T>,
}

enum State {
    Waiting(Box<Option<(Client, Call, Settings)>>),
    Walking(Box<Walker>),
    Done,
}

impl<T> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Records")
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages")
    }
}

/// The options of a walk, the same for records and pages.
macro_rules! options {
    ($change:ident) => {
        /// How the list is walked; [`Strategy::Auto`] if not set.
        pub fn strategy(self, strategy: Strategy) -> Self {
            self.$change(|settings| settings.strategy = strategy)
        }

        /// How many requests may be on their way at once; 6 if not set. More than one is only when the portal takes half a
        /// second or longer over a request.
        pub fn parallel(self, requests: usize) -> Self {
            self.$change(|settings| settings.parallel = requests.max(1))
        }

        /// Lets the portal count the records first, so that progress knows the total. Counting may take long: on millions of
        /// records longer than a request may last.
        pub fn counted(self) -> Self {
            self.$change(|settings| settings.counted = true)
        }

        /// Called with each page, before its records are handed out.
        pub fn progress(self, hook: impl FnMut(&Progress) + Send + 'static) -> Self {
            self.$change(|settings| settings.hook = Some(Box::new(hook)))
        }

        /// Options of every request.
        pub fn options(self, options: CallOptions) -> Self {
            self.$change(|settings| settings.options = options)
        }
    };
}

impl<T: FromValue> Pages<T> {
    fn new(client: &Client, call: Call) -> Self {
        let settings = Settings {
            strategy: Strategy::Auto,
            parallel: PARALLEL,
            counted: false,
            options: CallOptions::default(),
            hook: None,
        };
        Self {
            state: State::Waiting(Box::new(Some((client.clone(), call, settings)))),
            record: std::marker::PhantomData,
        }
    }

    fn change(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        if let State::Waiting(waiting) = &mut self.state
            && let Some((_, _, settings)) = waiting.as_mut()
        {
            change(settings);
        }
        self
    }

    options!(change);

    /// The next page; none at the end.
    pub async fn next(&mut self) -> Option<Result<Page<T>>> {
        std::future::poll_fn(|context| self.poll_page(context)).await
    }

    /// All pages' records.
    ///
    /// # Errors
    /// The first error: a list that is not whole is none.
    pub async fn all(mut self) -> Result<Vec<T>> {
        let mut all = Vec::new();
        while let Some(page) = self.next().await {
            all.append(&mut page?.items);
        }
        Ok(all)
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Page<T>>>> {
        loop {
            match &mut self.state {
                State::Waiting(waiting) => {
                    let Some((client, call, settings)) = waiting.take() else { return Poll::Ready(None) };
                    match Walker::new(client, call, settings) {
                        Ok(walker) => self.state = State::Walking(Box::new(walker)),
                        Err(error) => return self.fail(error),
                    }
                }
                State::Walking(walker) => {
                    let page = match ready!(walker.poll_page(context)) {
                        Some(Ok(page)) => page,
                        Some(Err(error)) => return self.fail(error),
                        None => {
                            self.state = State::Done;
                            return Poll::Ready(None);
                        }
                    };
                    return match page.read() {
                        Ok(items) => {
                            let total = walker.total();
                            Poll::Ready(Some(Ok(Page { items, total, next: None, beside: Object::new() })))
                        }
                        Err(mismatch) => {
                            let error = walker.unreadable(&mismatch);
                            self.fail(error)
                        }
                    };
                }
                State::Done => return Poll::Ready(None),
            }
        }
    }

    fn fail(&mut self, error: Error) -> Poll<Option<Result<Page<T>>>> {
        self.state = State::Done;
        Poll::Ready(Some(Err(error)))
    }
}

impl<T: FromValue> Records<T> {
    fn new(client: &Client, call: Call) -> Self {
        Self { pages: Pages::new(client, call), current: Vec::new().into_iter() }
    }

    fn change(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        self.pages = self.pages.change(change);
        self
    }

    options!(change);

    /// The next record; none at the end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        std::future::poll_fn(|context| self.poll_record(context)).await
    }

    /// The same records, page by page.
    pub fn pages(self) -> Pages<T> {
        self.pages
    }

    /// All records.
    ///
    /// # Errors
    /// The first error: a list that is not whole is none.
    pub async fn all(self) -> Result<Vec<T>> {
        let mut all: Vec<T> = self.current.collect();
        all.append(&mut self.pages.all().await?);
        Ok(all)
    }

    fn poll_record(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        loop {
            if let Some(record) = self.current.next() {
                return Poll::Ready(Some(Ok(record)));
            }
            match ready!(self.pages.poll_page(context)) {
                Some(Ok(page)) => self.current = page.items.into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

// A record is never pinned where it waits.
impl<T> Unpin for Records<T> {}

impl<T: FromValue> Stream for Records<T> {
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_record(context)
    }
}

impl<T: FromValue> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_page(context)
    }
}

/// All records of a list on their way: a future.
#[must_use = "nothing is asked for until it is awaited"]
pub struct All<T>(Pin<Box<dyn std::future::Future<Output = Result<Vec<T>>> + Send>>);

impl<T> std::future::Future for All<T> {
    type Output = Result<Vec<T>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<T> fmt::Debug for All<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("All")
    }
}

impl Call {
    /// The records of a list, one after the other.
    pub fn stream(self, client: &Client) -> Records<Value> {
        self.stream_as(client)
    }

    /// The records of a list, each read as `T`: a scalar, an object, a view, or by serde in [`Json`](crate::output::Json).
    pub fn stream_as<T: FromValue>(self, client: &Client) -> Records<T> {
        Records::new(client, self)
    }

    /// The pages of a list, their records read as `T`.
    pub fn pages_as<T: FromValue>(self, client: &Client) -> Pages<T> {
        Pages::new(client, self)
    }

    /// All records of a list, each read as `T`.
    pub fn all_as<T: FromValue + Send>(self, client: &Client) -> All<T> {
        All(Box::pin(Pages::new(client, self).all()))
    }
}

/// The conditions of a filter: an object, each key with its operator before it.
///
/// ```
/// use bitrix24_runtime::{filter, json};
///
/// let stages = vec!["NEW", "WON"];
/// let conditions = filter! { ">OPPORTUNITY": 100, "@STAGE_ID": stages, "!CLOSED": true };
/// assert_eq!(conditions, json!({">OPPORTUNITY": 100, "@STAGE_ID": ["NEW", "WON"], "!CLOSED": true}));
/// ```
#[macro_export]
macro_rules! filter {
    ($($key:tt : $value:expr),* $(,)?) => {{
        #[allow(unused_mut)]
        let mut conditions = $crate::Object::new();
        $(conditions.insert(::std::string::String::from($key), $crate::Value::from($value));)*
        $crate::Value::Object(conditions)
    }};
}
