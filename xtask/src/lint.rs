//! `cargo xtask lint`: the specs, and whether translations keep up with their originals.

use std::path::{Path, PathBuf};

use bitrix24_codegen::sync::Plan;
use bitrix24_codegen::{freshness, project};

use crate::codegen::{colours, words};
use crate::run::{Done, root};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The translations of this file or folder (theirs or the English one's) fit the English texts as they are now.
    #[arg(long, value_name = "PATH")]
    accept: Vec<PathBuf>,
}

pub(crate) fn lint(arguments: &Arguments) -> Done {
    let root = root();
    let api = project::read(&root).map_err(|failure| words(&failure))?;
    let accepted: Vec<String> = arguments.accept.iter().map(|path| from_root(&root, path)).collect::<Result<_, _>>()?;
    let checked = freshness::check(&root, &accepted).map_err(|failure| words(&failure))?;
    let noted = Plan::new(&root, checked.writes, &[]).and_then(|plan| plan.apply(&root).map(|()| plan.writes));
    for write in noted.map_err(|error| format!("error: {error}"))? {
        println!("wrote {}", write.path);
    }
    if !checked.problems.is_empty() {
        return Err(checked.problems.report(colours()));
    }
    let functions: usize = api.methods.iter().map(|method| method.functions.len()).sum();
    println!("{} methods, {functions} functions, {} shared types: no problems", api.methods.len(), api.types.len());
    Ok(())
}

/// The path of a file or folder from the project's root, with `/`.
fn from_root(root: &Path, path: &Path) -> Result<String, String> {
    let told = |error: std::io::Error| format!("error: cannot find {}: {error}", path.display());
    let whole = path.canonicalize().or_else(|_| root.join(path).canonicalize()).map_err(told)?;
    let root = root.canonicalize().map_err(told)?;
    let below = whole.strip_prefix(&root).map_err(|_| format!("error: {} is not in the project", path.display()))?;
    Ok(below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
}
