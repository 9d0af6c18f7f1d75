//! A bucket in a file, for all processes of a user: the portal counts by the address that requests come from, not by
//! program. The file is locked while it is read and written, a few microseconds at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::client::limiter::bucket::{Bucket, Size};

/// The state of one portal's bucket.
#[derive(Debug)]
pub(super) struct SharedBucket {
    path: PathBuf,
}

/// Why the bucket cannot be used.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Another process holds it; it will not take long.
    Busy,
    /// The file cannot be used.
    Broken(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

impl SharedBucket {
    pub(super) fn new(folder: &Path, host: &str) -> Self {
        let safe = |char: char| if char.is_ascii_alphanumeric() || matches!(char, '.' | '-') { char } else { '_' };
        Self { path: folder.join(format!("{}.bucket", host.chars().map(safe).collect::<String>())) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How full it is.
    #[cfg(test)]
    pub(super) fn level(&self) -> f64 {
        std::fs::read_to_string(&self.path).ok().and_then(|text| parse(&text)).unwrap_or_default().level
    }

    /// Puts one request in, or says how long it must wait for its place.
    pub(super) fn take(&self, size: Size) -> Result<Result<(), Duration>, Trouble> {
        self.change(|bucket, now| bucket.take(size, now))
    }

    /// The portal says that it is full.
    pub(super) fn fill(&self, size: Size) -> Result<(), Trouble> {
        self.change(|bucket, now| bucket.fill(size, now))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Bucket, Duration) -> T) -> Result<T, Trouble> {
        let mut file = open(&self.path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Trouble::Busy),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut text = String::new();
        // What is no state of a bucket is an empty one: the portal will say if it is not.
        let mut bucket = file.read_to_string(&mut text).ok().and_then(|_| parse(&text)).unwrap_or_default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let outcome = change(&mut bucket, now);
        file.seek(SeekFrom::Start(0))?;
        // Always the same length, so that there is nothing to cut off: whoever dies here leaves a state behind.
        file.write_all(format!("{:>20.6} {:>20.6}\n", bucket.level, bucket.at.as_secs_f64()).as_bytes())?;
        Ok(outcome)
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).or_else(|error| {
        if error.kind() != io::ErrorKind::NotFound {
            return Err(error);
        }
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        options.open(path)
    })
}

fn parse(text: &str) -> Option<Bucket> {
    let mut numbers = text.split_whitespace().map(|word| word.parse().ok().filter(|number: &f64| number.is_finite()));
    let (level, at) = (numbers.next()??, numbers.next()??);
    Some(Bucket { level: level.max(0.0), at: Duration::try_from_secs_f64(at).ok()? })
}

/// Where the state of programs of this user belongs, if such a place is known.
pub(super) fn folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = variable("XDG_RUNTIME_DIR")
        .or_else(|| variable("XDG_CACHE_HOME"))
        .or_else(|| variable("LOCALAPPDATA"))
        .or_else(|| variable("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("bitrix24"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So slow that nothing drains during a test.
    const SIZE: Size = Size { drain: 0.001, burst: 31.0 };

    #[test]
    fn all_who_use_the_file_fill_one_bucket() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("made/when/needed");
        let takers: Vec<_> = (0..3)
            .map(|_| {
                let bucket = SharedBucket::new(&folder, "b24.example.org:8443");
                std::thread::spawn(move || {
                    let mut taken = 0;
                    while taken < 10 {
                        match bucket.take(SIZE) {
                            Ok(Ok(())) => taken += 1,
                            Err(Trouble::Busy) => std::thread::yield_now(),
                            other => panic!("{other:?}"),
                        }
                    }
                })
            })
            .collect();
        for taker in takers {
            taker.join().expect("took its places");
        }
        let bucket = SharedBucket::new(&folder, "b24.example.org:8443");
        assert!(matches!(bucket.take(SIZE), Ok(Err(_))), "30 of 30 places are taken");
        assert!(matches!(SharedBucket::new(&folder, "other").take(SIZE), Ok(Ok(()))));
    }

    #[test]
    fn garbage_and_old_states_are_empty_buckets() {
        let folder = tempfile::tempdir().expect("a folder");
        let bucket = SharedBucket::new(folder.path(), "h");
        for state in ["", "garbage", "12", "NaN 5", "49 -1", "\u{0}\u{0}", "31.0 5.0\n"] {
            std::fs::write(bucket.path(), state).expect("written");
            assert!(matches!(bucket.take(SIZE), Ok(Ok(()))), "{state:?}");
        }
        bucket.fill(SIZE).expect("filled");
        assert!(matches!(bucket.take(SIZE), Ok(Err(_))));
        let broken = SharedBucket::new(bucket.path(), "h");
        assert!(matches!(broken.take(SIZE), Err(Trouble::Broken(_))));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_the_users_own() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let bucket = SharedBucket::new(folder.path(), "../h");
        bucket.take(SIZE).expect("taken").expect("a place");
        assert_eq!(bucket.path().parent(), Some(folder.path()));
        assert_eq!(std::fs::metadata(bucket.path()).expect("there").permissions().mode() & 0o777, 0o600);
    }
}
