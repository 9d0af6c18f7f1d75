//! The whole run: specs of a project in, files of the project out.

use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;

use crate::diag::Diagnostics;
use crate::emit::{self, OutFile, client, docs, manifest, openapi};
use crate::ir::Api;
use crate::scope;
use crate::spec::{self, Source};
use crate::sync::Plan;

/// The folders in which every file is the generator's.
pub const OWNED: &[&str] = &[client::FOLDER, docs::FOLDER, docs::TRANSLATED[0], openapi::FOLDER];

/// Why there are no files to write.
#[derive(Debug)]
pub enum Failure {
    /// The specs have problems.
    Specs(Box<Diagnostics>),
    /// Something else: a folder that cannot be read, a manifest without its markers, an unknown scope.
    Other(String),
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Specs(Box::new(diagnostics))
    }
}

impl From<crate::sync::SyncError> for Failure {
    fn from(error: crate::sync::SyncError) -> Self {
        Self::Other(error.to_string())
    }
}

/// Reads and checks the specs of the project at `root`.
///
/// # Errors
/// Every problem of every spec, or why the folder cannot be read.
pub fn read(root: &Path) -> Result<Api, Failure> {
    let sources = sources(root)?;
    Ok(crate::read(&sources)?)
}

/// The spec files of the project at `root`.
///
/// # Errors
/// Why the folder cannot be read.
pub fn sources(root: &Path) -> Result<Vec<Source>, Failure> {
    spec::files(root).map_err(|error| Failure::Other(format!("cannot read the specs: {error}")))
}

/// Every file that the specs make, whatever is on disk.
///
/// # Errors
/// When `generated/Cargo.toml` cannot take the features.
pub fn files(root: &Path, api: &Api) -> Result<impl Iterator<Item = OutFile>, Failure> {
    let manifest_path = root.join(manifest::PATH);
    let current = fs::read_to_string(&manifest_path)
        .map_err(|error| Failure::Other(format!("cannot read {}: {error}", manifest_path.display())))?;
    let manifest = manifest::manifest(api, &current).map_err(Failure::Other)?;
    Ok(emit::all(api).chain([manifest]))
}

/// Compares the project at `root` with its specs; `scope` narrows the comparison to the files of one top-level module
/// (and those common to all).
///
/// # Errors
/// Every problem of every spec, an unknown scope, or a file that cannot be read.
pub fn plan(root: &Path, scope: Option<&str>) -> Result<Plan, Failure> {
    let api = read(root)?;
    let plan = Plan::new(root, files(root, &api)?, OWNED)?;
    match scope {
        Some(scope) => scope::narrow(plan, &api, scope).map_err(Failure::Other),
        None => Ok(plan),
    }
}

/// What a run leaves behind so that the next one can tell whether there is anything to do: a digest of everything that
/// goes in (specs, manifest, generator) and of everything that came out.
const STAMP: &str = "generated/.stamp";

/// Whether neither the specs, the generator nor any generated file have changed since [`remember`] was called. Says no
/// whenever it cannot be sure.
pub fn is_unchanged(root: &Path) -> bool {
    fs::read_to_string(root.join(STAMP)).is_ok_and(|stamp| digest(root).is_some_and(|digest| digest == stamp))
}

/// Remembers that the project is up to date. A stamp that cannot be written costs time, nothing else.
pub fn remember(root: &Path) {
    if let Some(digest) = digest(root) {
        let _ = fs::write(root.join(STAMP), digest);
    }
}

fn digest(root: &Path) -> Option<String> {
    let mut hasher = std::hash::DefaultHasher::new();
    let generator = std::env::current_exe().and_then(fs::metadata).ok()?;
    (generator.len(), generator.modified().ok()?).hash(&mut hasher);
    for source in spec::files(root).ok()? {
        (source.path, source.bytes).hash(&mut hasher);
    }
    let mut paths = crate::sync::files(root, OWNED).ok()?;
    paths.sort();
    paths.extend([manifest::PATH, openapi::WHOLE].map(str::to_owned));
    paths.extend(crate::emit::schema::schema().into_iter().map(|schema| schema.path));
    for path in paths {
        let content = fs::read(root.join(&path)).ok()?;
        (path, content).hash(&mut hasher);
    }
    Some(format!("{:016x}\n", hasher.finish()))
}
