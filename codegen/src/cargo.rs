//! Cargo, started by a program that cargo itself started.

use std::process::Command;

/// Cargo as it runs this program. What it tells this program about itself would reach the build scripts of dependencies, and some
/// build anew when it changes: everything would be built twice, once by hand and once from here.
pub fn command() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let is_own = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_own)) {
        command.env_remove(name);
    }
    command
}
