//! Turns the method specs of `specs/` into the Rust client, the command line tables and the reference pages.
//!
//! The data flows one way: `spec` (YAML) → `lower` (checks and resolves) → `ir` → `emit` (pure functions) → `sync`
//! (files). See `ARCHITECTURE.md`.

pub mod cargo;
pub mod diag;
pub mod drift;
pub mod emit;
pub mod freshness;
pub mod ir;
pub mod lower;
pub mod names;
pub mod project;
mod scope;
pub mod spec;
pub mod suggest;
pub mod sync;
pub mod wire;

use diag::Diagnostics;
use spec::Source;

/// Reads and checks a set of spec files.
///
/// # Errors
/// Every problem of every file.
pub fn read(sources: &[Source]) -> Result<ir::Api, Diagnostics> {
    let mut problems = Diagnostics::default();
    let specs = spec::load(sources, &mut problems);
    let api = lower::lower(&specs, &mut problems);
    if problems.is_empty() { Ok(api) } else { Err(problems.sorted()) }
}
