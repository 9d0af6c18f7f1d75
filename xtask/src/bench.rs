//! `cargo xtask bench`: what the generator and its output cost at full scale. Nothing here is a test; docs/benchmarks.md
//! holds results.

mod cli;
mod client;
mod docs;
mod synthetic;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use bitrix24_codegen::sync::Plan;
use bitrix24_codegen::{emit, lower, project, spec};
use clap::Subcommand;

use crate::codegen::words;
use crate::run::{Done, cargo, root};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Generate that many methods into a temporary folder, compile the result and start its `oint`.
    Codegen(Codegen),
    /// Put the client beside its peers on an independent simulated portal, faults included.
    Client(client::Client),
    /// Put `oint` beside other command lines and scripts: starting, and one call.
    Cli(cli::Cli),
    /// Build documentation sites of made-up methods: how time and memory grow with the pages.
    Docs(docs::Docs),
}

#[derive(clap::Args)]
struct Codegen {
    /// How many methods.
    #[arg(long, default_value_t = 1700)]
    methods: usize,
    /// Only the generator's own time: do not compile what it made.
    #[arg(long)]
    no_compile: bool,
    /// How often to start `oint`.
    #[arg(long, default_value_t = 400)]
    starts: u32,
    /// Keep the folder, to look into it.
    #[arg(long)]
    keep: bool,
}

pub(crate) fn bench(arguments: &Arguments) -> Done {
    let codegen = match &arguments.what {
        What::Codegen(codegen) => codegen,
        What::Client(arguments) => return client::client(arguments),
        What::Cli(arguments) => return cli::cli(arguments),
        What::Docs(arguments) => return docs::docs(arguments),
    };
    if cfg!(debug_assertions) {
        eprintln!("note: this is a debug build; measure with `cargo run --release --package xtask -- bench codegen`");
    }
    let folder = tempfile::tempdir().map_err(fault)?;
    let project = folder.path().to_path_buf();
    synthetic::write(&root(), &project, codegen.methods)?;
    generate(&project)?;
    if !codegen.no_compile {
        compile(&project, codegen.starts)?;
    }
    if codegen.keep {
        println!("kept: {}", folder.keep().display());
    }
    Ok(())
}

fn fault(error: impl std::fmt::Display) -> String {
    format!("error: {error}")
}

/// CPU seconds of this process, and of the children that it has waited for.
fn cpu() -> (f64, f64) {
    // Linux alone tells without unsafe code; elsewhere the columns stay zero. Ticks are hundredths of a second there.
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(4)
        .filter_map(|field| field.parse().ok())
        .collect();
    match fields.as_slice() {
        [user, system, child_user, child_system] => ((user + system) / 100.0, (child_user + child_system) / 100.0),
        _ => (0.0, 0.0),
    }
}

/// Prints what a step takes.
fn measured<T>(title: &str, step: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let (since, before) = (Instant::now(), cpu());
    let done = step()?;
    let after = cpu();
    let (own, children) = (after.0 - before.0, after.1 - before.1);
    println!("{title:<46} {:>8.2} s CPU {:>8.2} s wall", own + children, since.elapsed().as_secs_f64());
    Ok(done)
}

fn generate(project: &Path) -> Done {
    let sources = measured("read the files", || project::sources(project).map_err(|failure| words(&failure)))?;
    println!(
        "{:<46} {:>8} files {:>6} kB",
        "",
        sources.len(),
        sources.iter().map(|source| source.bytes.len()).sum::<usize>() / 1000
    );
    let mut problems = bitrix24_codegen::diag::Diagnostics::default();
    let specs = measured("load (YAML)", || Ok(spec::load(&sources, &mut problems)))?;
    let api = measured("lower (resolve and check)", || Ok(lower::lower(&specs, &mut problems)))?;
    if !problems.is_empty() {
        return Err(problems.render(false));
    }
    measured("emit: client", || Ok(emit::client::client(&api)))?;
    measured("emit: tables", || Ok(emit::tables::tables(&api)))?;
    measured("emit: pages", || Ok(emit::docs::docs(&api)))?;
    let run = |title: &str| -> Result<Plan, String> {
        measured(title, || {
            let plan = project::plan(project, None).map_err(|failure| words(&failure))?;
            plan.apply(project).map_err(fault)?;
            Ok(plan)
        })
    };
    let plan = run("whole run, everything new")?;
    let lines: usize =
        plan.writes.iter().filter(|write| write.path.ends_with(".rs")).map(|write| write.new.lines().count()).sum();
    println!("{:<46} {:>8} files {:>6} lines of Rust", "", plan.writes.len(), lines);
    let plan = run("whole run, nothing to change, without the stamp")?;
    if !plan.is_clean() {
        return Err("error: the second run changed something".into());
    }
    project::remember(project);
    let unchanged = measured("whole run, nothing changed since the last", || Ok(project::is_unchanged(project)))?;
    if unchanged { Ok(()) } else { Err("error: the stamp does not hold".into()) }
}

fn compile(project: &Path, starts: u32) -> Done {
    let target = project.join("target");
    let build = |arguments: &[&str]| {
        let mut command = cargo();
        command.current_dir(project).env("CARGO_TARGET_DIR", &target).arg("--quiet").args(arguments);
        // As cargo compiles what is depended on; a cache for the next time would be paid for as well.
        command.env("CARGO_INCREMENTAL", "0");
        move || {
            let output = command.output().map_err(fault)?;
            if output.status.success() {
                return Ok(());
            }
            let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
            let told = String::from_utf8_lossy(&output.stderr);
            Err(format!("{told}error: `cargo {}` failed in the generated project", words.join(" ")))
        }
    };
    // The dependencies first: they are not what is measured.
    for profile in [&["--profile", "dev"][..], &["--release"]] {
        let name = if profile.len() == 1 { "release" } else { "dev" };
        measured(
            &format!("dependencies, check ({name})"),
            build(&[&["check", "--package", "bitrix24-runtime"], profile].concat()),
        )?;
        measured(
            &format!("dependencies, build ({name})"),
            build(&[&["build", "--package", "bitrix24-runtime"], profile].concat()),
        )?;
    }
    let all = ["--package", "bitrix24", "--lib", "--features", "full"];
    let all_of = |command: &[&str]| build(&[command, &all[..]].concat());
    measured("generated crate: cargo check, all scopes", all_of(&["check"]))?;
    measured("generated crate: cargo build, all scopes", all_of(&["build"]))?;
    measured("generated crate: release, all scopes", all_of(&["build", "--release"]))?;
    measured(
        "oint, release, with its dependencies",
        build(&["build", "--release", "--package", "bitrix24", "--features", "full,cli", "--bin", "oint"]),
    )?;
    measured("a trivial clap program, release", build(&["build", "--release", "--package", "trivial"]))?;
    let oint = target.join("release/oint");
    let trivial = target.join("release/trivial");
    for program in [&oint, &trivial] {
        println!("{:<46} {:>8} kB", file_name(program), fs::metadata(program).map_err(fault)?.len() / 1000);
    }
    let request = [
        "bitrix24",
        "user.update",
        "--url",
        "https://h/rest/1/code/",
        "--userid",
        "2150",
        "--fields",
        "{'NAME':'Oleg'}",
        "--dry-run",
    ];
    let programs: [(_, &Path, &[&str]); 4] = [
        ("start: trivial clap program", &trivial, &["--name", "x"]),
        ("start: oint --version", &oint, &["--version"]),
        ("start: oint bitrix24 user.update --dry-run", &oint, &request),
        ("start: oint bitrix24 user.update --help", &oint, &["bitrix24", "user.update", "--help"]),
    ];
    let times = starts.div_ceil(ROUNDS);
    let mut sums = [(0.0, 0.0); 4];
    // In turn, so that a slow moment of the machine hits all of them.
    for _ in 0..ROUNDS {
        for ((_, program, arguments), (cpu, wall)) in programs.iter().zip(&mut sums) {
            let round = start(program, arguments, times)?;
            (*cpu, *wall) = (*cpu + round.0, *wall + round.1);
        }
    }
    let each = 1000.0 / f64::from(times * ROUNDS);
    for ((title, ..), (cpu, wall)) in programs.iter().zip(sums) {
        let (one, other) = (each * cpu, each * wall);
        println!("{title:<46} {one:>8.2} ms CPU {other:>8.2} ms wall {:>8.2} × the trivial program", cpu / sums[0].0);
    }
    Ok(())
}

/// The rounds in which programs are started: few, as the CPU of each is known to hundredths of a second only.
const ROUNDS: u32 = 10;

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Starts a program many times; the seconds that it takes, of CPU and of the clock.
fn start(program: &Path, arguments: &[&str], times: u32) -> Result<(f64, f64), String> {
    let once = || {
        let status = Command::new(program)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map_err(fault)?;
        if status.success() { Ok(()) } else { Err(format!("error: {} failed: {status}", program.display())) }
    };
    once()?;
    let (since, before) = (Instant::now(), cpu().1);
    for _ in 0..times {
        once()?;
    }
    Ok((cpu().1 - before, since.elapsed().as_secs_f64()))
}
