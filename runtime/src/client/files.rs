//! Files that are too large for base64 in a parameter: uploads in two steps, and downloads that go on where they broke off.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use url::Url;

use crate::call::Call;
use crate::client::exchange;
use crate::client::options::CallOptions;
use crate::client::{Client, attempt, pipeline};
use crate::error::{Error, Result};
use crate::method::Effect;
use crate::response::Response;

/// Bytes read at once.
const PIECE: usize = 64 << 10;
/// A line slower than this, in bytes a second, is taken for a dead one.
const SLOWEST: u64 = 32 << 10;
/// How long an upload may take whose size is not known.
const LONGEST: Duration = Duration::from_secs(3_600);
/// How often a download goes on after it broke off without having come any further.
const MOST_TRIES: u32 = 5;
/// The methods that make nothing but a place for a file, when they are not told what is in it.
const PLACES: [&str; 4] = [
    "disk.folder.uploadfile",
    "disk.storage.uploadfile",
    "disk.file.uploadversion",
    "telephony.externalcall.attachrecord",
];
/// The parameters that tell them.
const CONTENTS: [&str; 3] = ["fileContent", "FILE_CONTENT", "RECORD_URL"];

/// A file to upload with [`Client::upload`]: it is read while it is sent, and never held as a whole.
pub struct Upload {
    name: String,
    content: Content,
}

enum Content {
    Bytes(Bytes),
    Path(PathBuf),
    Reader { reader: Pin<Box<dyn AsyncRead + Send>>, length: Option<u64> },
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload({:?})", self.name)
    }
}

impl Upload {
    /// A file from memory.
    pub fn bytes(name: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), content: Content::Bytes(content.into().into()) }
    }

    /// A file on disk; its name is the last part of the path.
    pub fn path(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self { name, content: Content::Path(path.to_owned()) }
    }

    /// A file out of a stream. With `length`, in bytes, the portal is told how much comes.
    pub fn reader(name: impl Into<String>, reader: impl AsyncRead + Send + 'static, length: Option<u64>) -> Self {
        Self { name: name.into(), content: Content::Reader { reader: Box::pin(reader), length } }
    }

    /// The same file under another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Opens what is to be read.
    async fn open(self) -> std::io::Result<(Pin<Box<dyn AsyncRead + Send>>, Option<u64>)> {
        Ok(match self.content {
            Content::Bytes(bytes) => {
                let length = bytes.len() as u64;
                (Box::pin(std::io::Cursor::new(bytes)), Some(length))
            }
            Content::Path(path) => {
                let file = tokio::fs::File::open(path).await?;
                let length = file.metadata().await?.len();
                (Box::pin(file), Some(length))
            }
            Content::Reader { reader, length } => (reader, length),
        })
    }
}

/// What a download brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded {
    /// Bytes written by this call.
    pub written: u64,
    /// How often the line broke and the download went on.
    pub resumed: u32,
}

impl Client {
    /// Uploads a file in two steps, without base64: the call asks for a place (`disk.folder.uploadfile`,
    /// `disk.storage.uploadfile`, `disk.file.uploadversion`, `telephony.externalCall.attachRecord`), and the file is sent there.
    /// Brings the answer to the second step. A content that the call holds is left out: that of `file` is sent in its place.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use bitrix24_runtime::{sandbox::{Sandbox, Seed}, table::Tables};
    /// # let portal = Sandbox::new(&Tables::EMPTY).seed(Seed::Small).start()?;
    /// # let client = bitrix24_runtime::Client::webhook(&portal.webhook())?;
    /// # let storages = client.call("disk.storage.getlist", bitrix24_runtime::json!({})).await?;
    /// # let storage = storages[0]["ID"].clone();
    /// use bitrix24_runtime::{Call, Upload, json};
    ///
    /// let place = Call::named("disk.storage.uploadfile").param("id", storage).param("data", json!({"NAME": "film.mp4"}));
    /// // Upload::path("/films/film.mp4") reads a file while it is sent.
    /// let stored = client.upload(place, Upload::bytes("film.mp4", vec![7; 5_000])).await?.result;
    ///
    /// let address = stored["DOWNLOAD_URL"].as_str().ok_or("no address")?;
    /// let mut film = Vec::new();
    /// client.download(address, &mut film).await?;
    /// assert_eq!(film.len(), 5_000);
    ///
    /// // The first 4,000 bytes are there already.
    /// let mut rest = Vec::new();
    /// client.download_from(address, 4_000, &mut rest).await?;
    /// assert_eq!(rest.len(), 1_000);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sandbox"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. When the answer to the second step is lost, the file may be there: [`Error::OutcomeUnknown`]. A method that
    /// gives no place has done what it does: [`Error::Unreadable`].
    pub async fn upload(&self, call: impl Into<Call>, file: Upload) -> Result<Response> {
        let mut call = call.into();
        call.take_out(&CONTENTS);
        let method = call.method().name.to_string();
        let mut options = CallOptions::new();
        // A place may be asked for again. What another method does may not be done twice.
        if PLACES.iter().any(|place| method.eq_ignore_ascii_case(place)) {
            options = options.effect(Effect::Read);
        }
        let place = self.execute_with(call.clone(), &options).await?;
        let text = |names: [&str; 2]| -> Option<&str> {
            let (_, value) = place
                .result
                .as_object()?
                .iter()
                .find(|(key, _)| names.iter().any(|name| key.eq_ignore_ascii_case(name)))?;
            value.as_str()
        };
        let fault = |reason: String| Error::Decode { method: method.clone(), status: None, reason };
        let (Some(address), Some(field)) = (text(["uploadUrl", "upload_url"]), text(["field", "fieldName"])) else {
            let reason = "its answer names no place for the file: the method takes no file in two steps".to_owned();
            return Err(Error::Unreadable { method, reason, answer: Box::new(place) });
        };
        let url = self.there(address).map_err(fault)?;
        let field = field.to_owned();
        let name = file.name.clone();
        let (reader, length) = file
            .open()
            .await
            .map_err(|error| Error::usage(format!("{method}: the file `{name}` cannot be read: {error}")))?;
        let inner = &self.0;
        inner.limiter.acquire().await;
        let boundary = boundary();
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n",
            quoted(&field),
            quoted(&name)
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        let whole = length.map(|length| length.saturating_add((head.len() + tail.len()) as u64));
        let mut headers = vec![
            ("Content-Type", format!("multipart/form-data; boundary={boundary}")),
            ("Accept", "application/json".to_owned()),
            ("User-Agent", inner.settings.user_agent.clone()),
        ];
        headers.extend(whole.map(|whole| ("Content-Length", whole.to_string())));
        let sending = length.map_or(LONGEST, |length| Duration::from_secs(length / SLOWEST));
        let timeout = inner.settings.timeout.saturating_add(sending);
        let body = reqwest::Body::wrap_stream(pieces(head, reader, tail));
        inner.counters.requests.one();
        inner.counters.bytes_sent.add(whole.unwrap_or_default());
        let outcome = inner.exchange.post_stream(&url, &headers, body, timeout, inner.settings.largest_answer).await;
        let unknown =
            |reason: String| Error::OutcomeUnknown { call: Box::new(call.clone()), reason, idempotency_key: None };
        pipeline::outcome(&method, &url, outcome)
            .map_err(|(error, is_lost)| if is_lost { unknown(attempt::loss(&error)) } else { error })
    }

    /// Downloads a file from an address that the portal has given, such as `DOWNLOAD_URL`, into a writer. When the line
    /// breaks, the download goes on where it was.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use bitrix24_runtime::{Call, Client, Upload, json, sandbox::{Sandbox, Seed}, table::Tables};
    /// # let portal = Sandbox::new(&Tables::EMPTY).seed(Seed::Small).start()?;
    /// # let client = Client::webhook(&portal.webhook())?;
    /// # let storages = client.call("disk.storage.getlist", json!({})).await?;
    /// # let place = Call::named("disk.storage.uploadfile").param("id", storages[0]["ID"].clone());
    /// # let place = place.param("data", json!({"NAME": "film.mp4"}));
    /// # let id = client.upload(place, Upload::bytes("film.mp4", vec![7; 5_000])).await?.result["ID"].clone();
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("film.mp4");
    /// let film = client.call("disk.file.get", json!({"id": id})).await?;
    /// let address = film["DOWNLOAD_URL"].as_str().ok_or("no address")?;
    ///
    /// let mut file = tokio::fs::File::create(&path).await?;
    /// let done = client.download(address, &mut file).await?;
    /// assert_eq!((done.written, file.metadata().await?.len()), (5_000, 5_000));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sandbox"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    /// [`Error::Decode`] for an answer that is no file, or a file that changed in between; [`Error::Interrupted`] and
    /// [`Error::Timeout`] when the line breaks again and again; [`Error::Usage`] when the writer fails.
    pub async fn download(&self, address: &str, writer: &mut (impl AsyncWrite + Unpin)) -> Result<Downloaded> {
        self.download_from(address, 0, writer).await
    }

    /// [`Client::download`] for a file whose first `offset` bytes are there already; only those behind are written.
    ///
    /// # Errors
    /// As [`Client::download`].
    pub async fn download_from(
        &self,
        address: &str,
        offset: u64,
        writer: &mut (impl AsyncWrite + Unpin),
    ) -> Result<Downloaded> {
        let fault = |status, reason: String| Error::Decode { method: "download".to_owned(), status, reason };
        let url = self.there(address).map_err(|reason| fault(None, reason))?;
        let mut state = Part { at: offset, ..Part::default() };
        let (mut resumed, mut tries) = (0, 0);
        loop {
            let before = state.at;
            match self.part(&url, &mut state, writer).await {
                Ok(()) => {
                    writer.flush().await.map_err(|error| cannot_write(&error))?;
                    return Ok(Downloaded { written: state.at - offset, resumed });
                }
                Err(Broken::For(error)) => return Err(error),
                Err(Broken::Now(error)) => {
                    tries = if state.at > before { 0 } else { tries + 1 };
                    if tries >= MOST_TRIES {
                        return Err(error);
                    }
                    tracing::debug!(target: "bitrix24", at = state.at, %error, "download goes on");
                    resumed += 1;
                    tokio::time::sleep(self.0.settings.retry.pause(tries, 1.0)).await;
                }
            }
        }
    }

    /// Reads a file from where it is up to its end, or until the line breaks.
    async fn part(&self, url: &Url, state: &mut Part, writer: &mut (impl AsyncWrite + Unpin)) -> Result<(), Broken> {
        let inner = &self.0;
        let wait = inner.settings.timeout;
        let host = url.host_str().unwrap_or_default();
        let fault = |status: u16, reason: String| {
            Broken::For(Error::Decode { method: "download".to_owned(), status: Some(status), reason })
        };
        let lost = |failure| {
            let (error, _) = pipeline::failure("download", url, failure);
            match error {
                Error::Interrupted { .. } | Error::Timeout { .. } | Error::Connect { .. } => Broken::Now(error),
                error => Broken::For(error),
            }
        };
        let mut headers = vec![("Accept", "*/*".to_owned()), ("User-Agent", inner.settings.user_agent.clone())];
        // A compressed answer has other places than the file.
        headers.push(("Accept-Encoding", "identity".to_owned()));
        if state.at > 0 {
            headers.push(("Range", format!("bytes={}-", state.at)));
            headers.extend(state.version.condition().map(|version| ("If-Range", version.to_owned())));
        }
        inner.counters.requests.one();
        let mut response = inner.exchange.open(url, &headers, wait).await.map_err(lost)?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let range = header("content-range");
        let total = match status {
            200 => header("content-length").and_then(|length| length.parse::<u64>().ok()),
            _ => range.as_deref().and_then(total_of),
        };
        let version = Version { etag: header("etag"), modified: header("last-modified"), total };
        let changed = || fault(status, "the file changed while it was downloaded; begin anew".into());
        if matches!(status, 200 | 206 | 416)
            && (state.version.is_other(&version) || total.is_some_and(|total| total < state.at))
        {
            return Err(changed());
        }
        let mut skip = 0;
        match status {
            // The whole again: what is there already is passed over.
            200 => skip = state.at,
            206 if range.as_deref().and_then(begin_of) != Some(state.at) => {
                return Err(fault(status, "the server sent another part of the file than it was asked for".into()));
            }
            206 => {}
            // Nothing is behind what is there.
            416 if total == Some(state.at) => return Ok(()),
            500.. => {
                let reason = format!("the server answered {status}");
                return Err(Broken::Now(Error::Interrupted { method: "download".into(), host: host.into(), reason }));
            }
            _ => return Err(fault(status, format!("no file, but status {status}: the address may have run out"))),
        }
        state.version.learn(version);
        while let Some(chunk) = exchange::chunk(&mut response, wait).await.map_err(lost)? {
            inner.counters.bytes_received.add(chunk.len() as u64);
            let passed = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
            skip -= passed as u64;
            let new = &chunk[passed..];
            writer.write_all(new).await.map_err(|error| Broken::For(cannot_write(&error)))?;
            state.at = state.at.saturating_add(new.len() as u64);
        }
        let total = state.version.total;
        if total.is_some_and(|total| state.at > total) {
            return Err(changed());
        }
        if skip > 0 || total.is_some_and(|total| state.at < total) {
            let reason = format!("the file ended after {} bytes", state.at);
            return Err(Broken::Now(Error::Interrupted { method: "download".into(), host: host.into(), reason }));
        }
        Ok(())
    }

    /// An address that the portal has given; one without a host is the portal's own. Never one that gives away over an open
    /// line what came over a safe one.
    fn there(&self, address: &str) -> Result<Url, String> {
        let portal = Url::parse(self.0.settings.address.origin()).map_err(|error| error.to_string())?;
        let url = portal.join(address).map_err(|error| format!("the file's address cannot be used: {error}"))?;
        if exchange::is_as_safe(&portal, &url) {
            return Ok(url);
        }
        Err(format!("the file's address at {} is not encrypted", url.host_str().unwrap_or("an unknown host")))
    }
}

/// How far a download is.
#[derive(Default)]
struct Part {
    at: u64,
    version: Version,
}

/// What tells this state of a file from others, as far as the server says it.
#[derive(Default)]
struct Version {
    etag: Option<String>,
    modified: Option<String>,
    total: Option<u64>,
}

impl Version {
    /// Whether the other is surely another state of the file.
    fn is_other(&self, other: &Self) -> bool {
        fn differ<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
            a.zip(b).is_some_and(|(a, b)| a != b)
        }
        // A weak tag is the same for the same content in other words: bytes may differ, content may not.
        let opaque = |version: &Self| version.etag.as_deref().map(|tag| tag.trim_start_matches("W/").to_owned());
        differ(opaque(self), opaque(other))
            || differ(self.modified.as_deref(), other.modified.as_deref())
            || differ(self.total, other.total)
    }

    /// What a server can be held to: the part of this very state, or the whole.
    fn condition(&self) -> Option<&str> {
        self.etag.as_deref().filter(|tag| !tag.starts_with("W/")).or(self.modified.as_deref())
    }

    /// Takes over what the other says more.
    fn learn(&mut self, other: Self) {
        self.etag = other.etag.or(self.etag.take());
        self.modified = other.modified.or(self.modified.take());
        self.total = other.total.or(self.total);
    }
}

/// Why a download stopped: for now, or for good.
enum Broken {
    Now(Error),
    For(Error),
}

fn cannot_write(error: &std::io::Error) -> Error {
    Error::usage(format!("download: the file cannot be written: {error}"))
}

/// `bytes 5-9/10` → 5.
fn begin_of(text: &str) -> Option<u64> {
    text.trim().strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}

/// `bytes 5-9/10` or `bytes */10` → 10.
fn total_of(text: &str) -> Option<u64> {
    text.rsplit_once('/')?.1.trim().parse().ok()
}

/// A text within quotation marks of a form's head.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// A line that is in no file.
fn boundary() -> String {
    let mut bytes = [0_u8; 16];
    // Without randomness the time has to do.
    if getrandom::fill(&mut bytes).is_err() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        bytes = now.as_nanos().to_le_bytes();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

type Pieces = Pin<Box<dyn futures_core::Stream<Item = std::io::Result<Bytes>> + Send>>;

/// The body of the form, piece by piece.
fn pieces(head: String, reader: Pin<Box<dyn AsyncRead + Send>>, tail: String) -> Pieces {
    enum State {
        Head(String, Pin<Box<dyn AsyncRead + Send>>, String),
        Content(Pin<Box<dyn AsyncRead + Send>>, String),
        End,
    }
    Box::pin(futures_util::stream::try_unfold(State::Head(head, reader, tail), |state| async move {
        Ok(match state {
            State::Head(head, reader, tail) => Some((Bytes::from(head), State::Content(reader, tail))),
            State::Content(mut reader, tail) => {
                let mut piece = vec![0; PIECE];
                match reader.read(&mut piece).await? {
                    0 => Some((Bytes::from(tail), State::End)),
                    count => {
                        piece.truncate(count);
                        Some((Bytes::from(piece), State::Content(reader, tail)))
                    }
                }
            }
            State::End => None,
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_and_written() {
        assert_eq!((begin_of("bytes 5-9/10"), total_of("bytes 5-9/10")), (Some(5), Some(10)));
        assert_eq!((begin_of("bytes 5-9/*"), total_of("bytes 5-9/*")), (Some(5), None));
        assert_eq!((begin_of("items 1-2/3"), begin_of("bytes */10"), total_of("bytes */10")), (None, None, Some(10)));
        assert_eq!(quoted("a\"b\r\n"), "a%22b%0D%0A");
        assert_ne!(boundary(), boundary());
    }
}
