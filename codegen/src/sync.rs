//! Brings the files on disk in line with what the emitters made. Writing, `--check` and `--dry-run` are one path: all
//! of them compare first, and only the last step differs.
//!
//! Nothing is written before everything is known: the new files are staged beside the old ones' tree, then renamed
//! into place one by one, then orphans go. Whatever moment a run is killed in, each file is either the old or the new
//! one, and the next run finishes the work.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::emit::OutFile;

/// Where new files wait. On the same file system as their places, so that a rename is atomic.
const STAGING: &str = "generated/.staging";

/// What differs between the disk and the emitters' files.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Files to write: path, what is there now (none: nothing), what should be.
    pub writes: Vec<Write>,
    /// Files that no emitter makes any more.
    pub orphans: Vec<String>,
    /// How many files are as they should be.
    pub same: usize,
}

/// A file to write.
#[derive(Debug, PartialEq, Eq)]
pub struct Write {
    /// The path from the root.
    pub path: String,
    /// What is there now; none where there is no such file, or it is not text.
    pub old: Option<String>,
    /// What should be there.
    pub new: String,
}

/// Why the files could not be brought in line.
#[derive(Debug)]
pub struct SyncError {
    path: PathBuf,
    doing: &'static str,
    source: io::Error,
}

impl std::fmt::Display for SyncError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot {} {}: {}", self.doing, self.path.display(), self.source)
    }
}

impl std::error::Error for SyncError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

fn failed<T>(doing: &'static str, path: &Path, result: io::Result<T>) -> Result<T, SyncError> {
    result.map_err(|source| SyncError { path: path.to_owned(), doing, source })
}

impl Plan {
    /// Compares the disk with the files, and keeps only those that differ. `owned` names the folders in which nothing
    /// else may be.
    ///
    /// # Errors
    /// When a file or folder cannot be read, or two files have one path.
    pub fn new(root: &Path, files: impl IntoIterator<Item = OutFile>, owned: &[&str]) -> Result<Self, SyncError> {
        let mut plan = Self::default();
        let mut wanted = BTreeSet::new();
        let mut old = Vec::new();
        for OutFile { path, content } in files {
            let place = root.join(&path);
            old.clear();
            match fs::File::open(&place).and_then(|mut file| file.read_to_end(&mut old)) {
                Ok(_) if old == content.as_bytes() => plan.same += 1,
                Ok(_) => plan.writes.push(Write {
                    path: path.clone(),
                    old: String::from_utf8(std::mem::take(&mut old)).ok(),
                    new: content,
                }),
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
                    ) =>
                {
                    plan.writes.push(Write { path: path.clone(), old: None, new: content });
                }
                Err(error) => return failed("read", &place, Err(error)),
            }
            if let Some(twice) = wanted.replace(path) {
                let error = io::Error::other("it is made twice, which is a fault of the generator");
                return failed("write", &root.join(twice), Err(error));
            }
        }
        plan.writes.sort_by(|one, other| one.path.cmp(&other.path));
        plan.orphans = self::files(root, owned)?.into_iter().filter(|path| !wanted.contains(path)).collect();
        plan.orphans.sort();
        Ok(plan)
    }

    /// Whether the disk is as it should be.
    pub fn is_clean(&self) -> bool {
        self.writes.is_empty() && self.orphans.is_empty()
    }

    /// Carries the plan out.
    ///
    /// # Errors
    /// When a file cannot be written. Until all new files are staged the tree is untouched; a failure after that leaves
    /// whole files only.
    pub fn apply(&self, root: &Path) -> Result<(), SyncError> {
        let staging = root.join(STAGING);
        if self.is_clean() && !staging.exists() {
            return Ok(());
        }
        let lock = Lock::take(root)?;
        // What a killed run left behind.
        remove_folder(&staging)?;
        failed("make", &staging, fs::create_dir_all(&staging))?;
        let staged: Vec<(PathBuf, PathBuf)> = self
            .writes
            .iter()
            .enumerate()
            .map(|(at, write)| (staging.join(at.to_string()), root.join(&write.path)))
            .collect();
        for (write, (waiting, _)) in self.writes.iter().zip(&staged) {
            failed("write", waiting, fs::write(waiting, &write.new))?;
        }
        // A folder in a file's place, or a file in a folder's: both are orphans' remains.
        for orphan in &self.orphans {
            let path = root.join(orphan);
            failed("remove", &path, ignore_missing(fs::remove_file(&path)))?;
        }
        for (waiting, place) in &staged {
            let folder = place.parent().unwrap_or(root);
            failed("make", folder, fs::create_dir_all(folder))?;
            if place.is_dir() {
                failed("remove", place, fs::remove_dir_all(place))?;
            }
            failed("write", place, fs::rename(waiting, place).map_err(half_way))?;
        }
        let folders: BTreeSet<&Path> = self.orphans.iter().filter_map(|orphan| Path::new(orphan).parent()).collect();
        for folder in folders {
            // Fails on the first folder that is not empty, which is where to stop.
            folder
                .ancestors()
                .map(|folder| root.join(folder))
                .take_while(|folder| fs::remove_dir(folder).is_ok())
                .for_each(drop);
        }
        remove_folder(&staging)?;
        drop(lock);
        Ok(())
    }

    /// The differences as a unified diff, at most `most_lines` lines of it.
    pub fn diff(&self, most_lines: usize) -> String {
        let mut text = String::new();
        for write in &self.writes {
            let old = write.old.as_deref().unwrap_or_default();
            let diff = similar::TextDiff::from_lines(old, &write.new);
            text.push_str(&diff.unified_diff().context_radius(2).header(&write.path, &write.path).to_string());
        }
        for orphan in &self.orphans {
            text.push_str(&format!("--- {orphan}\n+++ /dev/null\n"));
        }
        let lines: Vec<&str> = text.lines().collect();
        match lines.len().checked_sub(most_lines) {
            Some(more) if more > 0 => format!("{}\n… and {more} more lines\n", lines[..most_lines].join("\n")),
            _ => text,
        }
    }
}

/// Keeps two runs from writing at the same time; given back when dropped, also by a killed process.
struct Lock(#[allow(dead_code)] fs::File);

impl Lock {
    fn take(root: &Path) -> Result<Self, SyncError> {
        let path = root.join("generated/.lock");
        if let Some(folder) = path.parent() {
            failed("make", folder, fs::create_dir_all(folder))?;
        }
        let file = failed("open", &path, fs::File::create(&path))?;
        failed("lock", &path, file.lock())?;
        Ok(Self(file))
    }
}

/// A failure when some files may be in place already.
fn half_way(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{error}; others are new already: mend that, and run the command once more"))
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(()),
        other => other,
    }
}

fn remove_folder(path: &Path) -> Result<(), SyncError> {
    failed("remove", path, ignore_missing(fs::remove_dir_all(path)))
}

/// All files in some folders, as paths from the root.
///
/// # Errors
/// When a folder cannot be read.
pub fn files(root: &Path, folders: &[&str]) -> Result<Vec<String>, SyncError> {
    let mut found = Vec::new();
    for folder in folders {
        list(&root.join(folder), folder, &mut found)?;
    }
    Ok(found)
}

/// The files below a folder, as paths from the root with `/`. Symbolic links count as files and are never followed.
fn list(folder: &Path, name: &str, found: &mut Vec<String>) -> Result<(), SyncError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(());
        }
        entries => failed("read", folder, entries)?,
    };
    for entry in entries {
        let entry = failed("read", folder, entry)?;
        let path = format!("{name}/{}", entry.file_name().to_string_lossy());
        let kind = failed("read", &entry.path(), entry.file_type())?;
        if kind.is_dir() {
            list(&entry.path(), &path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNED: &[&str] = &["generated/src"];

    fn files() -> Vec<OutFile> {
        vec![OutFile::new("generated/src/lib.rs", "//! new\n"), OutFile::new("generated/src/user.rs", "//! user\n")]
    }

    #[test]
    fn writes_only_what_differs_and_removes_orphans() {
        let root = tempfile::tempdir().expect("a folder");
        let place = |path: &str| root.path().join(path);
        fs::create_dir_all(place("generated/src/old/deep")).expect("made");
        fs::write(place("generated/src/old/deep/gone.rs"), "x").expect("written");
        fs::write(place("generated/src/user.rs"), "//! user\n").expect("written");
        fs::write(place("generated/Cargo.toml"), "kept").expect("written");
        let before = fs::metadata(place("generated/src/user.rs")).and_then(|data| data.modified()).expect("known");

        let plan = Plan::new(root.path(), files(), OWNED).expect("compared");
        assert_eq!((plan.writes.len(), plan.orphans.len(), plan.same), (1, 1, 1));
        plan.apply(root.path()).expect("written");

        assert_eq!(fs::read_to_string(place("generated/src/lib.rs")).expect("there"), "//! new\n");
        assert!(!place("generated/src/old").exists(), "the empty folders go as well");
        assert!(place("generated/Cargo.toml").exists() && !place(STAGING).exists());
        assert_eq!(
            fs::metadata(place("generated/src/user.rs")).and_then(|data| data.modified()).expect("known"),
            before
        );
        assert!(Plan::new(root.path(), files(), OWNED).expect("compared").is_clean());
    }

    #[test]
    fn a_file_that_is_made_twice_is_noticed() {
        let root = tempfile::tempdir().expect("a folder");
        let twice = [files(), vec![OutFile::new("generated/src/lib.rs", "//! other\n")]].concat();
        let error = Plan::new(root.path(), twice, OWNED).expect_err("one of them would be lost");
        assert!(
            error.to_string().ends_with("src/lib.rs: it is made twice, which is a fault of the generator"),
            "{error}"
        );
    }

    #[test]
    fn a_folder_where_a_file_belongs_is_replaced() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(root.path().join("generated/src/lib.rs/inner")).expect("made");
        fs::write(root.path().join("generated/src/lib.rs/inner/x"), "x").expect("written");
        Plan::new(root.path(), files(), OWNED).expect("compared").apply(root.path()).expect("written");
        assert!(Plan::new(root.path(), files(), OWNED).expect("compared").is_clean());
    }

    #[test]
    fn the_remains_of_a_killed_run_go() {
        let root = tempfile::tempdir().expect("a folder");
        Plan::new(root.path(), files(), OWNED).expect("compared").apply(root.path()).expect("written");
        fs::create_dir_all(root.path().join(STAGING)).expect("made");
        fs::write(root.path().join(STAGING).join("0"), "half").expect("written");
        Plan::new(root.path(), files(), OWNED).expect("compared").apply(root.path()).expect("written");
        assert!(!root.path().join(STAGING).exists());
    }

    #[test]
    fn a_long_diff_is_cut() {
        let plan = Plan {
            writes: vec![Write { path: "a".into(), old: Some("1\n2\n3\n".into()), new: "x\ny\nz\n".into() }],
            ..Plan::default()
        };
        assert!(plan.diff(3).ends_with("… and 6 more lines\n"), "{}", plan.diff(3));
    }
}
