//! What the generated Bitrix24 client calls: transport, values, errors; with `cli` the interpreter behind `oint`, with
//! `sandbox` a simulated portal. Users meet it through the crate `bitrix24`.

mod address;
pub mod auth;
mod batch;
mod call;
mod client;
mod either;
pub mod encoding;
pub mod error;
mod items;
mod map;
mod method;
mod number;
pub mod output;
pub mod paging;
mod request;
mod response;
mod secret;
pub mod set;
mod typed;
pub mod value;
pub mod view;

#[cfg(feature = "blocking")]
pub mod blocking;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "sandbox")]
pub mod sandbox;
#[cfg(feature = "table")]
pub mod table;

pub use address::Address;
pub use batch::{Batch, Handle, Reference, Replies, SendingBatch};
pub use call::{Call, Request};
pub use client::{
    CallOptions, Client, ClientBuilder, Downloaded, Limits, Metrics, RetryPolicy, Sending, Transport, Upload,
};
pub use either::Either;
pub use error::{Error, PortalError, Result};
pub use map::Map;
pub use method::{Effect, Keyset, Method, Order, Paging, Position, Rest};
pub use output::Page;
pub use paging::{Pages, Progress, Records, Strategy};
pub use request::HttpRequest;
pub use response::Response;
pub use secret::{MASK, Secret};
pub use serde_json::{Value, json};
pub use typed::TypedCall;
pub use value::{File, Id, Object};
pub use view::View;
