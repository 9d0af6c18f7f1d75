//! `cargo xtask docs`.

use std::path::{Path, PathBuf};
use std::process::Command;

use bitrix24_codegen::ir::Api;
use bitrix24_codegen::{emit, spec};
use clap::Subcommand;

use crate::apt;
use crate::portal;
use crate::run::{Done, has, quietly, root, run};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Copy, Subcommand)]
enum Verb {
    /// Build the site into docs/build.
    Build,
    /// Serve the site on this machine, with changes shown at once.
    Serve,
    /// Build the site and look at it in a real browser.
    Test,
}

pub(crate) fn docs(arguments: &Arguments) -> Done {
    install()?;
    match arguments.verb {
        Verb::Build => together([types, build]),
        Verb::Serve => run(npm().args(["run", "start"])),
        Verb::Test => test(),
    }
}

/// Builds the site and looks at it in a real browser.
pub(crate) fn test() -> Done {
    together([types, build, nasty])?;
    browse()
}

/// Runs chores side by side: a build leaves the second core idle for most of its time.
fn together<const N: usize>(chores: [fn() -> Done; N]) -> Done {
    std::thread::scope(|scope| {
        let running = chores.map(|chore| scope.spawn(chore));
        let ended = running.map(|chore| chore.join().unwrap_or_else(|_| Err("error: a chore broke off".into())));
        ended.into_iter().collect()
    })
}

fn folder() -> PathBuf {
    root().join("docs")
}

fn npm() -> Command {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.current_dir(folder()).env("NO_UPDATE_NOTIFIER", "1").env("DOCUSAURUS_NO_TELEMETRY", "1");
    command
}

/// Installs the locked packages, unless they are there already.
pub(crate) fn install() -> Done {
    let lock = std::fs::read(folder().join("package-lock.json"))
        .map_err(|error| format!("error: cannot read docs/package-lock.json: {error}"))?;
    let mark = folder().join("node_modules/.installed-lock");
    if std::fs::read(&mark).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    if !has("npm", "--version") {
        return Err("error: the documentation site needs Node 20.10 or newer, with npm".into());
    }
    quietly("docs: install packages", npm().args(["ci", "--no-audit", "--no-fund"]))?;
    std::fs::write(&mark, lock).map_err(|error| format!("error: cannot write {}: {error}", mark.display()))
}

fn types() -> Done {
    quietly("docs: check types", npm().args(["run", "--silent", "typecheck"]))
}

fn build() -> Done {
    quietly("docs: build the site", npm().args(["run", "--silent", "build"]))
}

/// Debian's browsers, of which the tests take the first that is there: one without a window needs less of everything.
const BROWSERS: [&str; 2] = ["chromium-headless-shell", "chromium"];

/// Runs the browser tests. Without a browser it installs Debian's, where that is possible.
fn browse() -> Done {
    let is_there = |browser: &&str| Path::new("/usr/bin").join(browser).exists();
    if std::env::var_os("CHROMIUM").is_none() && !BROWSERS.iter().any(is_there) {
        install_browser()?;
    }
    // The simulated portal has a page, too.
    let mut test = npm();
    test.args(["run", "--silent", "test"]).env("OINT", portal::build()?);
    run(&mut test)
}

/// Builds a second site from specs that are full of markup and quotes, for the test that all of it is shown as text.
fn nasty() -> Done {
    const SPECS: &str = "codegen/tests/good/nasty.specs";
    let text = std::fs::read(root().join(SPECS)).map_err(|error| format!("error: cannot read {SPECS}: {error}"))?;
    let api = bitrix24_codegen::read(&spec::bundle(&text)).map_err(|problems| problems.render(false))?;
    quietly("docs: build a site of nasty texts", &mut of_others(".nasty", &api)?)
}

/// Writes the reference of another API into a folder of its own inside `docs`, in place of what was there: the command
/// that builds a site of it there.
pub(crate) fn of_others(name: &str, api: &Api) -> Result<Command, String> {
    let home = folder().join(name);
    let told = |place: &Path| {
        let place = place.display().to_string();
        move |error: std::io::Error| format!("error: cannot write {place}: {error}")
    };
    if home.exists() {
        std::fs::remove_dir_all(&home).map_err(told(&home))?;
    }
    for file in emit::docs::docs(api).into_iter().chain(emit::tables::tables(api)) {
        let place = home.join(file.path.trim_start_matches("docs/").trim_start_matches("generated/src/"));
        let parent = place.parent().unwrap_or(&home);
        std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&place, file.content)).map_err(told(&place))?;
    }
    let mut build = npm();
    build
        .args(["run", "--silent", "build", "--", "--out-dir", &format!("{name}/build")])
        .env("DOCUSAURUS_GENERATED_FILES_DIR_NAME", format!("{name}/generated"))
        .env("DOCS_REFERENCE", format!("{name}/reference"))
        .env("DOCS_TABLES", home.join("tables/rows.ndjson"));
    Ok(build)
}

fn install_browser() -> Done {
    let hint = "error: the browser tests need Chromium: install it, or name one in the environment variable CHROMIUM";
    if !apt::can_install() {
        return Err(hint.into());
    }
    // Older systems have the second alone.
    let [first, second] = BROWSERS;
    apt::install("docs", &[first])
        .or_else(|_| apt::install("docs", &[second]))
        .map_err(|fault| format!("{fault}\n{hint}"))
}
