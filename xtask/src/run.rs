//! Running commands, and where the project is.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// What a chore ends in: nothing, or words on what went wrong.
pub(crate) type Done = Result<(), String>;

/// The project's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Cargo as it runs this chore.
pub(crate) fn cargo() -> Command {
    let mut command = bitrix24_codegen::cargo::command();
    command.current_dir(root());
    command
}

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// A command by its words.
pub(crate) fn command(words: &[&str]) -> Command {
    let (program, arguments) = words.split_first().unwrap_or((&"true", &[]));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Whether a program can be run.
pub(crate) fn has(program: &str, argument: &str) -> bool {
    Command::new(program)
        .arg(argument)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Installs packages of npm's registry into a folder, unless just these are there already.
pub(crate) fn npm_install(home: &Path, packages: &[&str]) -> Done {
    let mark = home.join("installed");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let told = |error: std::io::Error| format!("error: cannot write {}: {error}", home.display());
    std::fs::create_dir_all(home).map_err(told)?;
    std::fs::write(home.join("package.json"), "{\"private\": true}\n").map_err(told)?;
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let mut command = Command::new(npm);
    command.args(["install", "--no-audit", "--no-fund", "--silent"]).args(packages).current_dir(home);
    quietly(&format!("install {}", packages.join(" ")), &mut command)?;
    std::fs::write(mark, wanted).map_err(told)
}

/// Runs a command with its output shown; an error when it fails.
pub(crate) fn run(command: &mut Command) -> Done {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("error: `{}` ended with {status}", words(command))),
        Err(error) => Err(format!("error: cannot run `{}`: {error}", words(command))),
    }
}

/// Runs a command behind a progress line; its output is shown when it fails.
pub(crate) fn quietly(title: &str, command: &mut Command) -> Done {
    let progress = Progress::new(title);
    let output = command.output().map_err(|error| format!("error: cannot run `{}`: {error}", words(command)))?;
    if output.status.success() {
        progress.done();
        return Ok(());
    }
    progress.abandon();
    let text = [output.stdout, output.stderr].concat();
    Err(format!(
        "{}\nerror: `{}` ended with {}",
        String::from_utf8_lossy(&text).trim_end(),
        words(command),
        output.status
    ))
}

fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The lines of all that goes on at once.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// A line on a terminal that shows what goes on and for how long; elsewhere one line at the end.
pub(crate) struct Progress {
    title: String,
    bar: Option<ProgressBar>,
    since: Instant,
}

impl Progress {
    pub(crate) fn new(title: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = BARS.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} [{elapsed}]") {
                bar.set_style(style);
            }
            bar.set_message(title.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { title: title.to_owned(), bar, since: Instant::now() }
    }

    pub(crate) fn done(self) {
        self.end("✔");
    }

    pub(crate) fn abandon(self) {
        self.end("✖");
    }

    fn end(self, sign: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let line = format!("{sign} {} ({:.1} s)", self.title, self.since.elapsed().as_secs_f64());
        BARS.suspend(|| eprintln!("{line}"));
    }
}
