//! The simulated portal over bare HTTP. No tables are needed: what has state works without specs.

#![cfg(feature = "sandbox")]

mod entities;
mod hostile;
mod oauth;
mod protocol;
mod support;
mod v3;
mod workflows;
