//! `cargo xtask bench docs`.

use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use bitrix24_codegen::project;

use super::{fault, measured, synthetic};
use crate::codegen::words;
use crate::docs::{install, of_others};
use crate::run::{Done, root};

#[derive(clap::Args)]
pub(super) struct Docs {
    /// How many methods, each with a page in English and one in Russian; several sizes, with commas between them.
    #[arg(long, value_delimiter = ',', default_values_t = [200, 850, 1700])]
    methods: Vec<usize>,
}

/// The folder inside `docs` in which the sites are built.
const HOME: &str = ".bench";

pub(super) fn docs(arguments: &Docs) -> Done {
    install()?;
    for &methods in &arguments.methods {
        let project = tempfile::tempdir().map_err(fault)?;
        synthetic::write(&root(), project.path(), methods)?;
        let api = project::read(project.path()).map_err(|failure| words(&failure))?;
        let mut build = of_others(HOME, &api)?;
        let mut most = 0;
        measured(&format!("{methods} methods, two languages"), || {
            // What the site says of links that lead out of the made-up pages is of no interest here.
            let child = build.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(fault)?;
            most = peak(child)?;
            Ok(())
        })?;
        println!("{:<46} {most:>8} MB at most", "");
    }
    fs::remove_dir_all(root().join("docs").join(HOME)).map_err(fault)
}

/// Waits for a command; the most memory, in MB, that one of its processes had.
fn peak(mut child: Child) -> Result<u64, String> {
    let mut most = 0;
    loop {
        // The kernel keeps the highest mark of a process, so that a look now and then is enough.
        let family = family(child.id());
        most = family.into_iter().map(high_water).max().unwrap_or(0).max(most);
        match child.try_wait().map_err(fault)? {
            Some(status) if status.success() => return Ok(most),
            Some(status) => return Err(format!("error: the build of the site ended with {status}")),
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// A process and all that it started, as far as Linux tells.
fn family(process: u32) -> Vec<u32> {
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let all: Vec<_> = ids.filter_map(|id| Some((id, told(id, "PPid:")?))).collect();
    let mut known = vec![process];
    let mut at = 0;
    while let Some(&parent) = known.get(at) {
        known.extend(all.iter().filter(|(_, above)| *above == u64::from(parent)).map(|(id, _)| *id));
        at += 1;
    }
    known
}

/// The most memory that a process has had, in MB.
fn high_water(process: u32) -> u64 {
    told(process, "VmHWM:").unwrap_or(0) * 1024 / 1_000_000
}

/// A number of a process's state.
fn told(process: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}
