//! Where the output goes: standard output, or a file that appears under its name when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::Flow;
use crate::cli::exit::Stop;

/// A place for text.
pub(super) enum Sink {
    Stdout(BufWriter<io::Stdout>),
    /// A file that is there already and no ordinary one, such as a pipe.
    Device(BufWriter<File>, PathBuf),
    /// A file beside the wanted one, which takes its name in the end.
    File {
        writer: BufWriter<File>,
        part: Part,
        path: PathBuf,
    },
}

/// The file beside the wanted one. It goes away with the value, unless it is to stay.
pub(super) struct Part {
    path: PathBuf,
    stays: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.stays {
            // What cannot be removed does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> Stop {
    Stop::unwritten(format!("cannot write the file {}: {error}", path.display()))
}

impl Sink {
    /// Standard output where there is no path.
    pub(super) fn new(path: Option<&Path>) -> Result<Self, Stop> {
        let Some(path) = path else { return Ok(Self::Stdout(BufWriter::new(io::stdout()))) };
        // What a link points to is replaced, not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let usage = |error: io::Error| Stop::usage(format!("--out: cannot write the file {}: {error}", path.display()));
        if fs::metadata(&path).is_ok_and(|known| !known.is_file()) {
            let file = File::options().write(true).open(&path).map_err(usage)?;
            return Ok(Self::Device(BufWriter::new(file), path));
        }
        let mut part = path.clone().into_os_string();
        part.push(format!(".{}.part", std::process::id()));
        let part = Part { path: PathBuf::from(part), stays: false };
        let file = File::create(&part.path).map_err(usage)?;
        Ok(Self::File { writer: BufWriter::new(file), part, path })
    }

    /// What became of a write: a reader that has gone away has seen enough.
    pub(super) fn outcome(&self, written: io::Result<()>) -> Result<Flow, Stop> {
        match (written, self) {
            (Ok(()), _) => Ok(Flow::Open),
            (Err(error), _) if error.kind() == ErrorKind::BrokenPipe => Ok(Flow::Closed),
            (Err(error), Self::Stdout(_)) => Err(Stop::unwritten(format!("cannot write to standard output: {error}"))),
            (Err(error), Self::Device(_, path) | Self::File { path, .. }) => Err(failed(path, &error)),
        }
    }

    /// Hands on what waits.
    pub(super) fn flush(&mut self) -> Result<Flow, Stop> {
        let flushed = Write::flush(self);
        self.outcome(flushed)
    }

    /// The output is whole.
    pub(super) fn finish(mut self) -> Result<(), Stop> {
        if self.flush()?.is_closed() {
            return Ok(());
        }
        if let Self::File { writer, part, path } = &mut self {
            let moved = writer.get_ref().sync_all().and_then(|()| fs::rename(&part.path, &*path));
            moved.map_err(|error| failed(path, &error))?;
            part.stays = true;
        }
        Ok(())
    }

    /// The output is not whole: a file stays beside the wanted one.
    pub(super) fn abandon(mut self) -> Result<(), Stop> {
        if self.flush()?.is_closed() {
            return Ok(());
        }
        if let Self::File { part, path, .. } = &mut self {
            part.stays = true;
            let (whole, part) = (path.display(), part.path.display());
            crate::cli::note(&format!("{whole} is not written; what came so far is in {part}"));
        }
        Ok(())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(writer) => writer.write(bytes),
            Self::Device(writer, _) | Self::File { writer, .. } => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(writer) => writer.flush(),
            Self::Device(writer, _) | Self::File { writer, .. } => writer.flush(),
        }
    }
}
