//! What is known of the terminal that `oint` may stand in: whether there is one, its size, whether it gets colours, and
//! questions to whoever sits before it.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicU8, Ordering};

use crate::cli::exit::{Exit, Stop};

/// When there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// On a terminal that takes them, unless `NO_COLOR` is set.
    Auto = 0,
    /// Always.
    Always = 1,
    /// Never.
    Never = 2,
}

/// A stream that people may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// The columns of a terminal that does not tell.
const USUAL_WIDTH: usize = 80;

/// What `--color` says; one for the process, as messages come from everywhere.
static COLOUR: AtomicU8 = AtomicU8::new(Colour::Auto as u8);

/// Reads the value of `--color`.
pub(crate) fn choose_colour(text: &str) -> Result<(), Stop> {
    let choice = match text {
        "auto" => Colour::Auto,
        "always" => Colour::Always,
        "never" => Colour::Never,
        other => return Err(Stop::usage(format!("--color takes auto, always or never, not `{other}`"))),
    };
    COLOUR.store(choice as u8, Ordering::Relaxed);
    Ok(())
}

/// Whether a stream is a terminal.
pub(crate) fn is_terminal(stream: Stream) -> bool {
    match stream {
        Stream::Out => std::io::stdout().is_terminal(),
        Stream::Err => std::io::stderr().is_terminal(),
    }
}

/// Whether a stream gets colours.
pub(crate) fn has_colour(stream: Stream) -> bool {
    let is = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match COLOUR.load(Ordering::Relaxed) {
        chosen if chosen == Colour::Always as u8 => true,
        chosen if chosen == Colour::Never as u8 => false,
        _ => is_terminal(stream) && !is("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    }
}

/// A text in bold where the stream gets colours.
pub(crate) fn bold(stream: Stream, text: &str) -> String {
    if has_colour(stream) { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// The columns of the terminal that standard output is; none where it is no terminal.
pub(crate) fn width() -> Option<usize> {
    if !is_terminal(Stream::Out) {
        return None;
    }
    let known = terminal_size::terminal_size_of(std::io::stdout()).map(|(columns, _)| usize::from(columns.0));
    Some(known.filter(|columns| *columns > 0).unwrap_or(USUAL_WIDTH))
}

/// The columns of the terminal that progress is shown on.
pub(crate) fn width_of_progress() -> usize {
    let known = terminal_size::terminal_size_of(std::io::stderr()).map(|(columns, _)| usize::from(columns.0));
    known.filter(|columns| *columns > 0).unwrap_or(USUAL_WIDTH)
}

/// Whether somebody can be asked: they see standard error and type into standard input.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && is_terminal(Stream::Err)
}

/// Asks a question that only `y` or `yes` answers with yes. Call it where [`can_ask`].
pub(crate) fn ask(question: &str) -> Result<bool, Stop> {
    let failed = |error: std::io::Error| Stop { exit: Exit::Usage, message: format!("cannot ask: {error}") };
    let mut stderr = std::io::stderr();
    write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush()).map_err(failed)?;
    let mut answer = String::new();
    if std::io::stdin().lock().read_line(&mut answer).map_err(failed)? == 0 {
        let _ = writeln!(stderr);
    }
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "д" | "да"))
}
