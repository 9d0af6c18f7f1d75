//! Standard input, of which one thing alone can read: what is meant for one reader, such as a token, must not become the
//! text of another, which shows it when it cannot be understood.

use std::io::{self, Read as _, StdinLock};
use std::sync::Mutex;

/// Who reads it, once that is known.
static READER: Mutex<Option<&str>> = Mutex::new(None);

/// Notes a reader; the same one may say so again. Whoever reads later has to say so before anybody reads.
///
/// # Errors
/// When there is another one.
pub(crate) fn claim(reader: &'static str) -> Result<(), String> {
    let mut known = READER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match *known {
        Some(other) if other != reader => Err(told(other)),
        _ => {
            *known = Some(reader);
            Ok(())
        }
    }
}

/// Standard input for one reader, which gets it once.
///
/// # Errors
/// When somebody reads it already.
pub(crate) fn take(reader: &'static str) -> Result<StdinLock<'static>, String> {
    let mut known = READER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(other) = *known {
        return Err(told(other));
    }
    *known = Some(reader);
    Ok(io::stdin().lock())
}

/// All of it.
///
/// # Errors
/// When somebody reads it already, when it cannot be read, and when it is empty.
pub(crate) fn bytes(reader: &'static str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    take(reader)?.read_to_end(&mut bytes).map_err(|error| format!("cannot read standard input: {error}"))?;
    if bytes.iter().all(u8::is_ascii_whitespace) { Err("standard input is empty".into()) } else { Ok(bytes) }
}

/// All of it as text.
///
/// # Errors
/// As [`bytes`], and when it is not UTF-8.
pub(crate) fn text(reader: &'static str) -> Result<String, String> {
    String::from_utf8(bytes(reader)?).map_err(|_| "standard input is not UTF-8".to_owned())
}

fn told(reader: &str) -> String {
    format!("standard input (`-`) can be read by one option only, and {reader} reads it")
}
