//! The whole chain from outside: the generated client, the built command and a crate that uses them, each against a
//! simulated portal over real HTTP.

mod client;
mod command_line;
mod consumer;
mod support;
