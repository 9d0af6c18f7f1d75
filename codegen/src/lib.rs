//! Turns the method specs of `specs/` into the Rust client, the command line tables and the reference pages.
//!
//! The data flows one way: `spec` (YAML) → `lower` (checks and resolves) → `ir` → `emit` (pure functions) → `sync`
//! (files). See `ARCHITECTURE.md`.

pub mod ir;
pub mod names;
