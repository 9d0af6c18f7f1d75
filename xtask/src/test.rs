//! `cargo xtask test`: everything that CI runs, in the order in which faults are cheapest to find.

use std::time::Instant;

use crate::run::{Done, cargo, command, has, quietly, run};
use crate::{codegen, docs};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The inner loop: generated files, formatting, lints and the Rust tests; no documentation site, no licences.
    #[arg(long)]
    fast: bool,
}

pub(crate) fn test(arguments: &Arguments) -> Done {
    let since = Instant::now();
    codegen::codegen(&codegen::Arguments::check())?;
    quietly("formatting", cargo().args(["fmt", "--all", "--check"]))
        .map_err(|fault| format!("{fault}\nhelp: run `cargo fmt --all`"))?;
    quietly(
        "lints",
        cargo().args(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]),
    )?;
    if !arguments.fast {
        features()?;
        licences()?;
    }
    rust_tests()?;
    if !arguments.fast {
        run(cargo().args(["test", "--workspace", "--all-features", "--doc"]))?;
        quietly(
            "Rust documentation",
            cargo().args(["doc", "--workspace", "--all-features", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"),
        )?;
        docs::install()?;
        docs::build()?;
        docs::browse()?;
    }
    println!("everything passed in {:.0} s", since.elapsed().as_secs_f64());
    Ok(())
}

/// The crates must build with each set of features that users choose.
fn features() -> Done {
    let sets: &[&[&str]] =
        &[&["--no-default-features"], &["--features", "full"], &["--features", "sandbox"], &["--features", "cli"]];
    for set in sets {
        quietly(&format!("bitrix24 {}", set.join(" ")), cargo().args(["check", "--package", "bitrix24"]).args(*set))?;
    }
    Ok(())
}

/// cargo-deny, installed beside the other tools when it is missing. Its advisories need a network that not every
/// machine has, so they are left to whoever has it.
fn licences() -> Done {
    if !has("cargo-deny", "--version") {
        quietly("install cargo-deny", cargo().args(["install", "cargo-deny", "--locked"]))
            .map_err(|fault| format!("{fault}\nhelp: install cargo-deny by hand, or run `cargo xtask test --fast`"))?;
    }
    let arguments = ["deny", "--all-features", "check", "licenses", "bans", "sources"];
    quietly("licences and sources", cargo().args(arguments))
}

/// All Rust tests, by cargo-nextest where it is installed.
fn rust_tests() -> Done {
    if has("cargo-nextest", "--version") {
        return run(command(&["cargo", "nextest", "run", "--workspace", "--all-features", "--no-fail-fast"])
            .env("CARGO_TERM_PROGRESS_WHEN", "never"));
    }
    run(cargo().args(["test", "--workspace", "--all-features", "--no-fail-fast", "--lib", "--bins", "--tests"]))
}
