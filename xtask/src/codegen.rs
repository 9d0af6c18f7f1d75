//! `cargo xtask codegen`.

use std::io::IsTerminal;

use bitrix24_codegen::project::{self, Failure};

use crate::run::{Done, root};

/// The most lines of a difference that `--check` shows.
const MOST_DIFF_LINES: usize = 80;

#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Write nothing; fail and show the difference when anything is not up to date.
    #[arg(long, conflicts_with = "dry_run")]
    check: bool,
    /// Write nothing; list what would be written.
    #[arg(long)]
    dry_run: bool,
    /// Only the files of this scope (the first word of its methods' names) and those common to all.
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
}

impl Arguments {
    /// As `--check`.
    pub(crate) fn check() -> Self {
        Self { check: true, ..Self::default() }
    }
}

pub(crate) fn codegen(arguments: &Arguments) -> Done {
    let root = root();
    let writes = !arguments.check && !arguments.dry_run && arguments.scope.is_none();
    // A check looks for itself; only a run that would write may rely on what the last one left.
    if writes && project::is_unchanged(&root) {
        println!("up to date (nothing has changed since the last run)");
        return Ok(());
    }
    let plan = project::plan(&root, arguments.scope.as_deref()).map_err(|failure| words(&failure))?;
    if plan.is_clean() {
        // Nothing to do, but for what a killed run may have left.
        if !arguments.check && !arguments.dry_run {
            plan.apply(&root).map_err(|error| format!("error: {error}"))?;
        }
        if writes {
            project::remember(&root);
        }
        println!("up to date ({} files)", plan.same);
        return Ok(());
    }
    let summary = format!("{} to write, {} to remove, {} up to date", plan.writes.len(), plan.orphans.len(), plan.same);
    if arguments.check {
        eprint!("{}", plan.diff(MOST_DIFF_LINES));
        return Err(format!("error: generated files are not up to date ({summary})\nhelp: run `cargo xtask codegen`"));
    }
    for write in &plan.writes {
        println!("{} {}", if write.old.is_some() { "change" } else { "create" }, write.path);
    }
    for orphan in &plan.orphans {
        println!("remove {orphan}");
    }
    if arguments.dry_run {
        println!("{summary}; nothing was written (dry run)");
        return Ok(());
    }
    plan.apply(&root).map_err(|error| format!("error: {error}"))?;
    if writes {
        project::remember(&root);
    }
    println!("wrote {} files, removed {}, {} were up to date", plan.writes.len(), plan.orphans.len(), plan.same);
    Ok(())
}

pub(crate) fn words(failure: &Failure) -> String {
    match failure {
        Failure::Specs(diagnostics) => diagnostics.render(colours()),
        Failure::Other(message) => format!("error: {message}"),
    }
}

/// Whether problems are shown in colours.
pub(crate) fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
