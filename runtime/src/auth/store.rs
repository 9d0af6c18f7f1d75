//! Where an application keeps its tokens.

use std::any::Any;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::future::Future;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::auth::{AuthError, Tokens};

/// What a store fails with. Its words are shown, so they must not hold a secret.
#[derive(Debug)]
pub struct StoreError(Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// A failure with its cause: an error or a text.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl From<StoreError> for crate::error::Error {
    fn from(error: StoreError) -> Self {
        Self::Auth(AuthError::Store { reason: error.to_string() })
    }
}

/// What a store's functions return.
pub type StoreFuture<'s, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 's>>;

/// Keeps the tokens of one application at one portal: in memory, in a file, in a database of one's own.
///
/// A renewal goes lock → load → ask the authorisation server → save → unlock. Whoever finds newer tokens in the store
/// than those that ran out uses them and asks nobody. A store that several processes use must lock, since a refresh
/// token is good for one renewal only.
///
/// Clients use a store on a thread of their own, whose Tokio runtime lives as long as the process; see
/// [`renewals_finished`](crate::auth::renewals_finished). Work that blocks belongs into
/// [`spawn_blocking`](tokio::task::spawn_blocking), or it keeps other clients' renewals waiting.
///
/// ```
/// use std::sync::Mutex;
/// use bitrix24_runtime::auth::{StoreFuture, TokenStore, Tokens};
///
/// /// Stands for a table of a database.
/// #[derive(Default)]
/// struct Table(Mutex<Option<Tokens>>);
///
/// impl TokenStore for Table {
///     fn load(&self) -> StoreFuture<'_, Option<Tokens>> {
///         Box::pin(async { Ok(self.0.lock().unwrap().clone()) })
///     }
///
///     fn save<'s>(&'s self, tokens: &'s Tokens) -> StoreFuture<'s, ()> {
///         Box::pin(async {
///             *self.0.lock().unwrap() = Some(tokens.clone());
///             Ok(())
///         })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let table = Table::default();
/// table.save(&Tokens::new("access", "refresh")).await?;
/// assert!(table.load().await?.is_some());
/// # Ok(())
/// # }
/// ```
pub trait TokenStore: Send + Sync + 'static {
    /// The tokens kept last, if there are any.
    fn load(&self) -> StoreFuture<'_, Option<Tokens>>;

    /// Keeps tokens in place of the old ones, whole or not at all. When it fails, calls go on with the tokens in
    /// memory, the event `tokens_not_saved` tells why, and with the next call they are saved again, unless the store holds
    /// others by then.
    fn save<'s>(&'s self, tokens: &'s Tokens) -> StoreFuture<'s, ()>;

    /// Keeps other processes from renewing until the lock is dropped. Without one there is nothing to keep out.
    fn lock(&self) -> StoreFuture<'_, StoreLock> {
        Box::pin(async { Ok(StoreLock::none()) })
    }
}

/// A lock of a store, held until it is dropped.
pub struct StoreLock(Option<Box<dyn Any + Send>>);

impl StoreLock {
    /// No lock.
    pub fn none() -> Self {
        Self(None)
    }

    /// A lock that is held as long as a guard lives.
    pub fn holding(guard: impl Any + Send) -> Self {
        Self(Some(Box::new(guard)))
    }
}

impl fmt::Debug for StoreLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "StoreLock(held)" } else { "StoreLock(none)" })
    }
}

/// Tokens in memory: gone when the process ends.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Option<Tokens>>);

impl MemoryStore {
    /// A store that holds tokens already.
    pub fn new(tokens: Tokens) -> Self {
        Self(Mutex::new(Some(tokens)))
    }
}

impl TokenStore for MemoryStore {
    fn load(&self) -> StoreFuture<'_, Option<Tokens>> {
        Box::pin(async { Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()) })
    }

    fn save<'s>(&'s self, tokens: &'s Tokens) -> StoreFuture<'s, ()> {
        Box::pin(async {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokens.clone());
            Ok(())
        })
    }
}

/// How long a lock is waited for: as long as a renewal with its retries may take.
const LOCKED_FOR: Duration = Duration::from_secs(120);
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Tokens in a JSON file that only its owner may read (mode 0600 where there are modes). It is replaced as a whole,
/// and safe between processes by a second file with the ending `.lock`. A file that others may read, such as a copy, is
/// told of once, by the event `tokens_exposed`, and is private again when tokens are saved.
#[derive(Clone, Debug)]
pub struct FileStore {
    path: PathBuf,
    /// Whether it was told that others may read the file.
    is_told: Arc<AtomicBool>,
}

impl FileStore {
    /// A store at a path. Its folder is made when tokens are saved.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), is_told: Arc::default() }
    }

    fn fault(&self, error: &io::Error) -> StoreError {
        StoreError::new(format!("{}: {error}", self.path.display()))
    }

    fn read(&self) -> Result<Option<Tokens>, StoreError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.fault(&error)),
        };
        if fs::metadata(&self.path).is_ok_and(|file| is_open_to_others(&file))
            && !self.is_told.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(target: "bitrix24", file = %self.path.display(), "tokens_exposed");
        }
        // What serde says could quote the file.
        let tokens = serde_json::from_str(&text).ok().and_then(|value| match value {
            Value::Object(object) => Tokens::from_answer(&object),
            _ => None,
        });
        tokens.map(Some).ok_or_else(|| StoreError::new(format!("{} holds no tokens as JSON", self.path.display())))
    }
}

/// Writes a file that only its owner may read, whole or not at all. Its folder is made if need be.
pub(crate) fn replace_private(path: &Path, content: &str) -> io::Result<()> {
    make_folder(path)?;
    // Each writer has a file of its own: there may be several in a process, and the numbers of processes are the same in
    // every container.
    let staged = beside(path, &format!(".{:016x}.tmp", getrandom::u64().map_err(io::Error::other)?));
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(&staged)?;
    let mut write = || {
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        fs::rename(&staged, path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&staged);
    })?;
    sync_folder(path);
    Ok(())
}

/// Lets a new name in a folder outlast a power cut. The file has it already, so it is no failure where the system cannot.
fn sync_folder(path: &Path) {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let _ = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// The file that processes lock before they replace another: beside it, with the ending `.lock`.
pub(crate) fn lock_file(path: &Path) -> io::Result<File> {
    let path = beside(path, ".lock");
    make_folder(&path)?;
    private(OpenOptions::new().write(true).create(true).truncate(false)).open(&path)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn make_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::create_dir_all(folder),
        _ => Ok(()),
    }
}

/// Whether users other than its owner may do something with a file. Where there are no modes nobody can tell.
#[cfg(unix)]
pub(crate) fn is_open_to_others(file: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o077 != 0
}

#[cfg(not(unix))]
pub(crate) fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

/// A file that only its owner may read.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

impl TokenStore for FileStore {
    fn load(&self) -> StoreFuture<'_, Option<Tokens>> {
        Box::pin(async { self.read() })
    }

    fn save<'s>(&'s self, tokens: &'s Tokens) -> StoreFuture<'s, ()> {
        Box::pin(async {
            let content = format!("{:#}\n", tokens.expose_json());
            replace_private(&self.path, &content).map_err(|error| self.fault(&error))
        })
    }

    fn lock(&self) -> StoreFuture<'_, StoreLock> {
        Box::pin(async {
            let file = lock_file(&self.path).map_err(|error| self.fault(&error))?;
            let since = Instant::now();
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(StoreLock::holding(file)),
                    Err(TryLockError::Error(error)) => return Err(self.fault(&error)),
                    Err(TryLockError::WouldBlock) if since.elapsed() < LOCKED_FOR => {
                        tokio::time::sleep(LOCK_PAUSE).await;
                    }
                    Err(TryLockError::WouldBlock) => {
                        let reason = format!("another process keeps {}.lock locked", self.path.display());
                        return Err(StoreError::new(reason));
                    }
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_keeps_tokens_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("made/tokens.json");
        let store = FileStore::new(&path);
        assert_eq!(store.load().await.expect("readable"), None);
        for access in ["one", "two"] {
            store.save(&Tokens::new(access, "r")).await.expect("kept");
            let tokens = store.load().await.expect("readable").expect("there");
            assert_eq!(tokens.access.expose(), access);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        }
        let names: Vec<_> = fs::read_dir(path.parent().expect("a folder")).expect("there").flatten().collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }

    /// Saves side by side: none fails, and what is read is always one of them as a whole.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn those_who_save_at_once_do_not_get_in_each_others_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens.json");
        FileStore::new(&path).save(&Tokens::new("x", "r")).await.expect("kept");
        let savers = [20, 60_000, 30, 40_000].map(|length| {
            let store = FileStore::new(&path);
            tokio::spawn(async move {
                for _ in 0..50 {
                    store.save(&Tokens::new("x".repeat(length), "r")).await.expect("kept");
                    assert!(store.load().await.expect("whole").is_some());
                }
            })
        });
        for saver in savers {
            saver.await.expect("no save failed");
        }
        let names: Vec<_> = fs::read_dir(folder.path()).expect("there").flatten().collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }

    #[tokio::test]
    async fn what_is_no_tokens_is_said_and_not_quoted() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), "{\"access_token\": \"s3cret").expect("written");
        let error = FileStore::new(file.path()).load().await.expect_err("garbage").to_string();
        assert!(error.contains("holds no tokens") && !error.contains("s3cret"), "{error}");
        let error = FileStore::new(file.path().join("x")).save(&Tokens::new("a", "b")).await.expect_err("no folder");
        assert!(error.to_string().contains("/x: "), "{error}");
    }

    #[tokio::test]
    async fn one_holds_the_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, two) = (FileStore::new(folder.path().join("t")), FileStore::new(folder.path().join("t")));
        let held = one.lock().await.expect("locked");
        assert!(tokio::time::timeout(Duration::from_millis(60), two.lock()).await.is_err());
        drop(held);
        two.lock().await.expect("free");
    }
}
