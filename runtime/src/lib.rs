//! What the generated Bitrix24 client calls: transport, values, errors; with `cli` the interpreter behind `oint`, with
//! `sandbox` a simulated portal. Users meet it through the crate `bitrix24`.

mod call;
pub mod error;
mod method;
pub mod output;
mod response;
mod secret;
pub mod value;
pub mod view;

#[cfg(feature = "table")]
pub mod table;

pub use call::{Call, Request};
pub use error::{Error, PortalError, Result};
pub use method::{Effect, Method, Paging, Rest};
pub use output::Page;
pub use response::Response;
pub use secret::{MASK, Secret};
pub use serde_json::{Value, json};
pub use value::{File, Id, Object};
