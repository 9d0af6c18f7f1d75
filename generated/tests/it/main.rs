//! The whole chain from outside: the generated client, the built command, a crate that uses them, and the bare protocol, each against a
//! simulated portal over real HTTP.

mod auth;
mod batch_file;
mod bulk;
mod client;
mod command_line;
mod completion;
mod consumer;
mod forms;
mod guides;
mod guides_commands;
mod kept;
mod limits;
mod listing;
mod maps;
mod mcp;
mod nulls;
mod opi;
mod pages;
mod protocol;
mod samples;
mod sandbox_command;
mod screens;
mod streams;
mod support;
#[cfg(unix)]
mod terminal;
mod walks;
mod whole_program;
