//! What the programs of a user know together of a portal's limits: how full its bucket is, and which methods have used up
//! their run time. The portal counts requests by the address that they come from and run time by application or webhook, never
//! by program. A file a portal holds it, locked while it is read and written, a few microseconds at a time.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::client::limiter::Bucket;
use crate::client::operating::{Rest, Rests, WINDOW};

/// How long a locked file is waited for, and how often it is looked at meanwhile. A lock is held for microseconds; one
/// that is held longer belongs to a process that was stopped.
const BUSY_FOR: Duration = Duration::from_secs(1);
const BUSY_PAUSE: Duration = Duration::from_millis(2);

/// Stands behind the last line: what follows is left of a longer state.
const END: &str = "end";

/// The state of one portal's limits.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    pub(super) bucket: Bucket,
    /// The methods that rest, of this caller.
    pub(super) rests: Rests,
    /// The same of others, as they stand in the file: when they end, and the line.
    others: Vec<(Duration, String)>,
}

/// The file that the state is in.
#[derive(Debug)]
pub(super) struct SharedState {
    path: PathBuf,
    /// It is of all who may write into its folder, not of this user alone.
    is_common: bool,
    /// Who calls, in short: run time is counted by application or webhook.
    caller: String,
    /// The file cannot be used; the client goes on by itself.
    is_broken: AtomicBool,
}

/// Why the state cannot be used.
#[derive(Debug)]
enum Trouble {
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

impl SharedState {
    /// The state of a portal in a folder. `is_common`: it is of all who may write into the folder. `caller` is whatever tells
    /// who calls; only a number made of it is written.
    pub(super) fn new(folder: &Path, is_common: bool, host: &str, caller: impl Hash) -> Self {
        let safe = |char: char| if char.is_ascii_alphanumeric() || matches!(char, '.' | '-') { char } else { '_' };
        let path = folder.join(format!("{}.limits", host.chars().map(safe).collect::<String>()));
        let mut hasher = DefaultHasher::new();
        caller.hash(&mut hasher);
        Self { path, is_common, caller: format!("{:016x}", hasher.finish()), is_broken: AtomicBool::new(false) }
    }

    /// How full the bucket is.
    #[cfg(test)]
    pub(super) fn level(&self) -> f64 {
        std::fs::read_to_string(&self.path).map(|text| self.parse(&text)).unwrap_or_default().bucket.level
    }

    /// Does something with the state, at a moment in the time since 1970; none when the file cannot be used.
    pub(super) async fn step<T>(&self, step: impl Fn(&mut State, Duration) -> T) -> Option<T> {
        if self.is_broken.load(Ordering::Relaxed) {
            return None;
        }
        let since = Instant::now();
        let reason = loop {
            match self.change(&step) {
                Ok(outcome) => return Some(outcome),
                Err(Trouble::Busy) if since.elapsed() < BUSY_FOR => tokio::time::sleep(BUSY_PAUSE).await,
                Err(Trouble::Busy) => break "another process keeps it locked".to_owned(),
                Err(Trouble::Broken(error)) => break error.to_string(),
            }
        };
        tracing::warn!(target: "bitrix24", file = %self.path.display(), %reason, "limits_not_shared");
        self.is_broken.store(true, Ordering::Relaxed);
        None
    }

    fn change<T>(&self, change: impl FnOnce(&mut State, Duration) -> T) -> Result<T, Trouble> {
        let mut file = self.open()?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Trouble::Busy),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut text = String::new();
        // What is no state is an empty one: the portal will say if it is not.
        let before = file.read_to_string(&mut text).ok().map(|_| self.parse(&text)).unwrap_or_default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut state = before.clone();
        state.rests.retain(|_, rest| !is_forgotten(rest.until, now));
        let outcome = change(&mut state, now);
        if state != before {
            let text = self.write(&state, now);
            file.seek(SeekFrom::Start(0))?;
            // Whoever dies behind this line leaves a whole state and some of the one before, which is not read.
            file.write_all(text.as_bytes())?;
            file.set_len(text.len() as u64)?;
        }
        Ok(outcome)
    }

    fn open(&self) -> io::Result<File> {
        // Not made by the way: systems refuse that for a file of another user in a folder of everybody.
        let open = || OpenOptions::new().read(true).write(true).open(&self.path);
        match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = self.make();
                // Another program may have been faster.
                open().map_err(|error| made.err().unwrap_or(error))
            }
            outcome => outcome,
        }
    }

    /// Makes the file, under another name at first: whoever finds it can use it.
    fn make(&self) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let new = self.path.with_extension(format!("{:08x}", getrandom::u32().unwrap_or(std::process::id())));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&new)?;
        let opened = if self.is_common { open_to_writers(&file, folder) } else { Ok(()) };
        let made = opened.and_then(|()| {
            // Renaming would replace what another program has just made; it is for file systems without links.
            std::fs::hard_link(&new, &self.path).or_else(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => Ok(()),
                _ => std::fs::rename(&new, &self.path),
            })
        });
        let _ = std::fs::remove_file(&new);
        made
    }

    /// The bucket in the first line, a method that rests in each further one.
    fn write(&self, state: &State, now: Duration) -> String {
        let mut text = format!("{:>20.6} {:>20.6}\n", state.bucket.level, state.bucket.at.as_secs_f64());
        for (_, line) in state.others.iter().filter(|(until, _)| !is_forgotten(*until, now)) {
            text.push_str(line);
            text.push('\n');
        }
        for (method, rest) in &state.rests {
            if !is_forgotten(rest.until, now) && !method.chars().any(char::is_control) {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{} {:.6} {} {method}", self.caller, rest.until.as_secs_f64(), rest.refusals);
            }
        }
        text.push_str(END);
        text.push('\n');
        text
    }

    fn parse(&self, text: &str) -> State {
        let mut lines = text.lines();
        let bucket = lines.next().and_then(bucket).unwrap_or_default();
        let mut state = State { bucket, ..State::default() };
        for line in lines.take_while(|line| *line != END) {
            let Some((caller, until, refusals, method)) = rest(line) else { continue };
            if caller == self.caller {
                state.rests.insert(method.to_owned(), Rest { until, refusals });
            } else {
                state.others.push((until, line.to_owned()));
            }
        }
        state
    }
}

/// Whether a rest says nothing any more: it is so long over that not even its refusals count, or it ends later than any can,
/// written when the clock was ahead.
fn is_forgotten(until: Duration, now: Duration) -> bool {
    now.abs_diff(until) > WINDOW
}

/// Lets those read and write the file who may write into the folder.
#[cfg(unix)]
fn open_to_writers(file: &File, folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let folder = folder.metadata()?;
    // Who does not belong to the folder's group cannot give the file to it.
    let _ = std::os::unix::fs::fchown(file, None, Some(folder.gid()));
    let of_group = if folder.mode() & 0o020 != 0 && file.metadata()?.gid() == folder.gid() { 0o060 } else { 0 };
    let of_others = if folder.mode() & 0o002 != 0 { 0o006 } else { 0 };
    file.set_permissions(std::fs::Permissions::from_mode(0o600 | of_group | of_others))
}

/// A file has the permissions of its folder.
#[cfg(not(unix))]
fn open_to_writers(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

fn bucket(line: &str) -> Option<Bucket> {
    let mut numbers = line.split_whitespace().map(|word| word.parse().ok().filter(|number: &f64| number.is_finite()));
    let (level, at) = (numbers.next()??, numbers.next()??);
    Some(Bucket { level: level.max(0.0), at: Duration::try_from_secs_f64(at).ok()? })
}

fn rest(line: &str) -> Option<(&str, Duration, u32, &str)> {
    let mut words = line.splitn(4, ' ');
    let (caller, until, refusals) = (words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((caller, Duration::try_from_secs_f64(until).ok()?, refusals, words.next()?))
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
    use crate::client::limiter::Size;

    /// So slow that nothing drains during a test.
    const SIZE: Size = Size { drain: 0.001, burst: 31.0 };

    fn take(state: &SharedState) -> Result<Result<(), Duration>, Trouble> {
        state.change(|state, now| state.bucket.take(SIZE, now))
    }

    #[test]
    fn all_who_use_the_file_fill_one_bucket() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("made/when/needed");
        let takers: Vec<_> = (0..3)
            .map(|number| {
                let state = SharedState::new(&folder, false, "b24.example.org:8443", number);
                std::thread::spawn(move || {
                    let mut taken = 0;
                    while taken < 10 {
                        match take(&state) {
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
        assert!(
            matches!(take(&SharedState::new(&folder, false, "b24.example.org:8443", "")), Ok(Err(_))),
            "30 of 30 are taken"
        );
        assert!(matches!(take(&SharedState::new(&folder, false, "other", "")), Ok(Ok(()))));
    }

    #[test]
    fn rests_are_a_callers_own_and_forgotten_in_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let of = |caller: &str| SharedState::new(folder.path(), false, "h", caller);
        let rest = |state: &SharedState, method: &str, ago: Duration| {
            state
                .change(|state, now| {
                    state.rests.insert(method.to_owned(), Rest { until: now.saturating_sub(ago), refusals: 2 });
                })
                .expect("written");
        };
        let methods = |state: &SharedState| {
            state.change(|state, _| state.rests.keys().cloned().collect::<Vec<_>>()).expect("read")
        };
        rest(&of("webhook 1"), "crm.deal.list", Duration::ZERO);
        rest(&of("webhook 2"), "a name with spaces", WINDOW / 2);
        rest(&of("webhook 2"), "two\nlines", Duration::ZERO);
        assert_eq!(methods(&of("webhook 1")), ["crm.deal.list"]);
        assert_eq!(methods(&of("webhook 2")), ["a name with spaces"]);
        rest(&of("webhook 1"), "long.ago", WINDOW * 2);
        assert_eq!(methods(&of("webhook 1")), ["crm.deal.list"]);
        let text = std::fs::read_to_string(of("").path).expect("there");
        assert!(!text.contains("webhook 1"), "who calls is not told: {text}");
        take(&of("")).expect("taken").expect("a place");
        assert_eq!(methods(&of("webhook 2")), ["a name with spaces"]);
    }

    #[test]
    fn garbage_and_old_states_are_empty_ones() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = SharedState::new(folder.path(), false, "h", "");
        for text in ["", "garbage", "12", "NaN 5", "49 -1", "\u{0}\u{0}", "31.0 5.0\n", "0 5\nx y z\n1 2 3\na NaN 1 m"]
        {
            std::fs::write(&state.path, text).expect("written");
            assert!(matches!(take(&state), Ok(Ok(()))), "{text:?}");
            assert_eq!(state.change(|state, _| state.rests.len()).expect("read"), 0, "{text:?}");
        }
        state.change(|state, now| state.bucket.fill(SIZE, now)).expect("filled");
        assert!(matches!(take(&state), Ok(Err(_))));
        // What is left of a longer state does not count.
        let left = format!("0 5\n{END}\n{} 9999999999 1 crm.deal.list\n", state.caller);
        std::fs::write(&state.path, left).expect("written");
        assert_eq!(state.change(|state, _| state.rests.len()).expect("read"), 0);
        let broken = SharedState::new(&state.path, false, "h", "");
        assert!(matches!(take(&broken), Err(Trouble::Broken(_))));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_the_users_own() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let state = SharedState::new(folder.path(), false, "../h", "");
        take(&state).expect("taken").expect("a place");
        assert_eq!(state.path.parent(), Some(folder.path()));
        assert_eq!(std::fs::metadata(&state.path).expect("there").permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_common_file_is_of_all_who_may_write_into_its_folder() {
        use std::os::unix::fs::PermissionsExt as _;
        for (folder_mode, expected) in [(0o700, 0o600), (0o770, 0o660), (0o777, 0o666), (0o1777, 0o666), (0o755, 0o600)]
        {
            let folder = tempfile::tempdir().expect("a folder");
            let mode = std::fs::Permissions::from_mode(folder_mode);
            std::fs::set_permissions(folder.path(), mode).expect("set");
            let state = SharedState::new(folder.path(), true, "h", "");
            take(&state).expect("taken").expect("a place");
            let mode = std::fs::metadata(&state.path).expect("there").permissions().mode() & 0o777;
            assert_eq!(mode, expected, "{folder_mode:o}");
            let files = std::fs::read_dir(folder.path()).expect("a folder").count();
            assert_eq!(files, 1, "nothing else is left there");
        }
    }

    #[test]
    fn a_rest_of_a_clock_that_was_ahead_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = SharedState::new(folder.path(), false, "h", "");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
        for (until, rests) in [(now + 864_000.0, 0), (u64::MAX as f64 - 2_048.0, 0), (now + 500.0, 1), (now - 500.0, 1)]
        {
            let text = format!("0 5\n{} {until:.6} 0 crm.deal.list\nffff {until:.6} 0 other\n{END}\n", state.caller);
            std::fs::write(&state.path, text).expect("written");
            assert_eq!(state.change(|state, _| state.rests.len()).expect("read"), rests, "{until}");
            take(&state).expect("taken").expect("a place");
            let left = std::fs::read_to_string(&state.path).expect("there");
            assert_eq!(left.matches("other").count(), rests, "{left}");
        }
    }
}
