//! `cargo xtask test`: everything that CI runs, in the order in which faults are cheapest to find.

use std::time::Instant;

use crate::run::{Done, cargo, command, has, quietly, root, run, target};
use crate::{apt, codegen, docs, drift, openapi, peers};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The inner loop: generated files, formatting, lints and the Rust tests; no documentation site, no licences.
    #[arg(long)]
    fast: bool,
}

pub(crate) fn test(arguments: &Arguments) -> Done {
    let since = Instant::now();
    codegen::codegen(&codegen::Arguments::check())?;
    // Other people's packages come over the network while crates are compiled.
    let packages = (!arguments.fast).then(|| std::thread::spawn(|| docs::install().inspect(|()| peers::fetch())));
    quietly("formatting", cargo().args(["fmt", "--all", "--check"]))
        .map_err(|fault| format!("{fault}\nhelp: run `cargo fmt --all`"))?;
    quietly(
        "lints",
        cargo().args(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]),
    )?;
    if !arguments.fast {
        features()?;
        licences()?;
        shells()?;
    }
    rust_tests()?;
    if !arguments.fast {
        run(cargo().args(["test", "--workspace", "--all-features", "--doc"]))?;
        quietly(
            "Rust documentation",
            cargo().args(["doc", "--workspace", "--all-features", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"),
        )?;
        if let Some(packages) = packages {
            packages.join().unwrap_or_else(|_| Err("error: the fetching of packages broke off".into()))?;
        }
        peers::peers(&peers::Arguments {})?;
        drift::sandbox()?;
        openapi::openapi(&openapi::Arguments {})?;
        docs::test()?;
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

/// cargo-deny, installed below the target folder when the machine has none. Its advisories need a network that not
/// every machine has, so they are left to whoever has it.
fn licences() -> Done {
    let tools = target().join("tools");
    let own = tools.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    let program = if has("cargo-deny", "--version") { "cargo-deny".into() } else { own.clone() };
    if program == own && !own.exists() {
        let mut install = cargo();
        // It runs for a second: a quick build serves better than a quick program.
        install.args(["install", "cargo-deny", "--locked", "--debug", "--root"]).arg(&tools);
        quietly("install cargo-deny", &mut install)
            .map_err(|fault| format!("{fault}\nhelp: install cargo-deny by hand, or run `cargo xtask test --fast`"))?;
    }
    let mut deny = std::process::Command::new(program);
    deny.current_dir(root()).args(["--all-features", "check", "licenses", "bans", "sources"]);
    quietly("licences and sources", &mut deny)
}

/// The shells whose completion is tested: installed where that is possible. Elsewhere the tests skip those that are missing.
fn shells() -> Done {
    let missing: Vec<&str> = ["zsh", "fish"].into_iter().filter(|shell| !has(shell, "--version")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !apt::can_install() {
        println!("note: {} not installed, so that its completion is not tested", missing.join(" and "));
        return Ok(());
    }
    apt::install("completion", &missing)
}

/// All Rust tests, by cargo-nextest where it is installed.
fn rust_tests() -> Done {
    if has("cargo-nextest", "--version") {
        return run(command(&["cargo", "nextest", "run", "--workspace", "--all-features", "--no-fail-fast"])
            .env("CARGO_TERM_PROGRESS_WHEN", "never"));
    }
    run(cargo().args(["test", "--workspace", "--all-features", "--no-fail-fast", "--lib", "--bins", "--tests"]))
}
