//! The simulated portal over bare HTTP. No tables are needed: what has state works without specs.

#![cfg(feature = "sandbox")]

mod oauth;
mod protocol;
mod support;
mod v3;
