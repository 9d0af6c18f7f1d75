//! Long texts page by page, where somebody reads them on a terminal.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::cli::terminal::{self, Stream};

/// Shows a text in the pager, when it is longer than the screen. False: it is to be printed as it is.
pub(crate) fn show(text: &str) -> bool {
    if !terminal::is_terminal(Stream::Out) || !terminal::is_terminal(Stream::Err) {
        return false;
    }
    let Some((columns, lines)) = terminal_size::terminal_size() else { return false };
    let rows: usize =
        text.lines().map(|line| line.chars().count().div_ceil(usize::from(columns.0).max(1)).max(1)).sum();
    // A terminal that does not tell its size has no pages.
    if lines.0 == 0 || rows < usize::from(lines.0) {
        return false;
    }
    let pager = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
    let mut words = pager.split_whitespace();
    let Some(program) = words.next().filter(|program| *program != "cat") else { return false };
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped());
    // Ends when all fits, keeps colours, leaves the text on the screen.
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        // Whoever has seen enough closes the pager.
        let _ = stdin.write_all(text.as_bytes());
    }
    child.wait().is_ok()
}
