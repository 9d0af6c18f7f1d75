//! What is told of the work: `-v`, `--log-file` and `RUST_LOG` write it down, and on a terminal waits for the portal's
//! limits are counted down. Secrets are masked in whatever is written, whoever wrote it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::str::FromStr as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt};

use crate::cli::exit::Stop;
use crate::cli::progress;
use crate::cli::terminal::{self, Stream};
use crate::secret::Secret;

/// What the client calls itself.
const CLIENT: &str = "bitrix24";

/// The secrets of this run that have no form of their own.
static SECRETS: Mutex<Vec<Secret>> = Mutex::new(Vec::new());

/// Lets no log show a secret.
pub(crate) fn hide(secret: &Secret) {
    SECRETS.lock().unwrap_or_else(PoisonError::into_inner).push(secret.clone());
}

/// A text without the secrets of this run.
pub(crate) fn masked(text: &str) -> String {
    let text = crate::address::without_codes(text);
    let secrets = SECRETS.lock().unwrap_or_else(PoisonError::into_inner);
    secrets.iter().fold(text, |text, secret| secret.redact(&text))
}

/// Begins to write down what happens: `verbose` counts `-v`, `file` is that of `--log-file`.
pub(crate) fn start(verbose: u8, file: Option<&str>) -> Result<(), Stop> {
    let asked = std::env::var("RUST_LOG").ok().filter(|text| !text.trim().is_empty());
    let is_told = verbose > 0 || file.is_some() || asked.is_some();
    let is_watched = terminal::is_terminal(Stream::Err);
    if !is_told && !is_watched {
        return Ok(());
    }
    let written = is_told.then(|| written(verbose, file, asked.as_deref())).transpose()?;
    let waits = is_watched.then(|| Waits.with_filter(Targets::new().with_target(CLIENT, Level::DEBUG)));
    // A program that runs `oint` within itself may have a subscriber of its own; that one stays.
    let _ = tracing_subscriber::registry().with(written).with(waits).try_init();
    Ok(())
}

/// The layer that writes lines.
fn written<S>(verbose: u8, file: Option<&str>, asked: Option<&str>) -> Result<impl Layer<S>, Stop>
where
    S: Subscriber + for<'s> tracing_subscriber::registry::LookupSpan<'s>,
{
    let targets = match (verbose, asked) {
        // What is said in so many words wins over the variable.
        (0, Some(text)) => Targets::from_str(text).map_err(|error| Stop::usage(format!("RUST_LOG: {error}")))?,
        (0 | 1, _) => Targets::new().with_target(CLIENT, Level::DEBUG),
        _ => Targets::new()
            .with_target(CLIENT, Level::TRACE)
            .with_target("reqwest", Level::DEBUG)
            .with_target("hyper_util", Level::DEBUG)
            .with_target("rustls", Level::DEBUG),
    };
    let place = match file {
        Some(path) => {
            let opened = OpenOptions::new().create(true).append(true).open(path);
            Place::File(Arc::new(
                opened.map_err(|error| Stop::usage(format!("--log-file: cannot write {path}: {error}")))?,
            ))
        }
        None => Place::Stderr,
    };
    let has_colour = file.is_none() && terminal::has_colour(Stream::Err);
    Ok(fmt::layer().with_ansi(has_colour).with_writer(Masked(place)).with_filter(targets))
}

#[derive(Clone)]
enum Place {
    Stderr,
    File(Arc<File>),
}

/// Writes lines with the secrets in them masked.
#[derive(Clone)]
struct Masked(Place);

impl Write for Masked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A line comes as a whole.
        let line = String::from_utf8_lossy(bytes);
        let line = masked(&line);
        match &self.0 {
            Place::Stderr => progress::aside(|| io::stderr().write_all(line.as_bytes()))?,
            Place::File(file) => (&**file).write_all(line.as_bytes())?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Masked {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// Shows waits for the portal's limits.
struct Waits;

/// The fields of an event that tell of a wait.
#[derive(Default)]
struct Wait {
    message: String,
    limit: String,
    limited: String,
    milliseconds: u64,
}

impl Visit for Wait {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "wait_ms" {
            self.milliseconds = value;
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "limit" {
            value.clone_into(&mut self.limit);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "limited" => self.limited = format!("{value:?}"),
            _ => {}
        }
    }
}

impl<S: Subscriber> Layer<S> for Waits {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut wait = Wait::default();
        event.record(&mut wait);
        let reason = match (wait.message.as_str(), wait.limit.as_str()) {
            ("waiting", _) => "portal limit".to_owned(),
            ("wait", "operating") => format!("run time of {} used up", wait.limited),
            _ => return,
        };
        progress::waiting(reason, Duration::from_millis(wait.milliseconds));
    }
}
