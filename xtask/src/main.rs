//! The project's chores. `cargo xtask --help` lists them.

mod apt;
mod bench;
mod codegen;
mod demo;
mod docs;
mod drift;
mod lint;
mod new;
mod openapi;
mod peers;
mod portal;
mod run;
mod test;

use std::process::ExitCode;

/// Most of what the generator does is to make small values and drop them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use clap::{Parser, Subcommand};

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Write the Rust client, the command line tables, the pages and the schemas from specs/.
    Codegen(codegen::Arguments),
    /// Write the spec of a new method, to start from, after its nearest sibling.
    New(new::Arguments),
    /// Compare the specs with a file of facts or with a portal; ends with 1 when they differ, with 2 when it cannot tell.
    Drift(drift::Arguments),
    /// Check the specs, and whether translations follow the English texts as they are; writes nothing but which ones they do.
    Lint(lint::Arguments),
    /// Build `oint`, start the sandbox and change an account in it.
    Demo(demo::Arguments),
    /// Run everything that CI runs; `--fast` for the inner loop.
    Test(test::Arguments),
    /// Let other people's clients work against the simulated portal, and compare what they report with what it holds.
    Peers(peers::Arguments),
    /// Check the OpenAPI documents with tools of others: a validator, and a client in TypeScript made of two scopes.
    Openapi(openapi::Arguments),
    /// Build, serve or test the documentation site.
    Docs(docs::Arguments),
    /// Measure; docs/benchmarks.md holds results.
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.verb {
        Verb::Codegen(arguments) => codegen::codegen(&arguments),
        Verb::New(arguments) => new::new(&arguments),
        Verb::Drift(arguments) => return drift::drift(&arguments),
        Verb::Lint(arguments) => lint::lint(&arguments),
        Verb::Demo(arguments) => demo::demo(&arguments),
        Verb::Test(arguments) => test::test(&arguments),
        Verb::Peers(arguments) => peers::peers(&arguments),
        Verb::Openapi(arguments) => openapi::openapi(&arguments),
        Verb::Docs(arguments) => docs::docs(&arguments),
        Verb::Bench(arguments) => bench::bench(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{}", message.trim_end());
            ExitCode::FAILURE
        }
    }
}
