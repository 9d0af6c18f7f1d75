//! A string that must not be shown.

use std::fmt;

/// What stands in place of a secret wherever one would be printed.
pub const MASK: &str = "***";

/// A webhook code, a token or a client secret. Neither `Debug` nor `Display` shows it; [`Secret::expose`] does.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Replaces each occurrence of the secret in a text that may quote it, such as the message of a library's error. A short
    /// one is replaced only where it stands by itself: inside other words it is no secret.
    pub fn redact(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        if self.0.chars().count() >= SHORT {
            return text.replace(&self.0, MASK);
        }
        let mut masked = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(&self.0) {
            let (before, found) = rest.split_at(at);
            let behind = &found[self.0.len()..];
            let is_inside = before
                .chars()
                .next_back()
                .or(masked.chars().next_back().filter(|_| before.is_empty()))
                .is_some_and(char::is_alphanumeric)
                || behind.starts_with(char::is_alphanumeric);
            masked.push_str(before);
            masked.push_str(if is_inside { &self.0 } else { MASK });
            rest = behind;
        }
        masked + rest
    }
}

/// A shorter secret may be a part of any word.
const SHORT: usize = 8;

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_never_shown() {
        let secret = Secret::new("h0mMuchToLong");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.redact("GET /rest/1/h0mMuchToLong/profile"), "GET /rest/1/***/profile");
        assert_eq!(Secret::new("t").redact("token t, 't', that tt"), "token ***, '***', that tt");
    }
}
