//! The address of a portal, as people write it, and the addresses of methods made of it.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::error::{Error, Result};
use crate::method::Rest;
use crate::secret::{MASK, Secret};

/// A portal's address: a webhook, which authorises by itself, or a domain, which needs a token.
#[derive(Clone, Debug)]
pub struct Address {
    /// Scheme and host with port: `https://b24.example.org:8443`.
    origin: String,
    host: String,
    is_https: bool,
    is_loopback: bool,
    webhook: Option<Webhook>,
}

#[derive(Clone, Debug)]
struct Webhook {
    user: String,
    code: Secret,
}

impl Address {
    /// Reads an address: a webhook's (`https://host/rest/1/code/`) or a domain, with or without scheme and `/rest/`.
    /// Without a scheme it is https.
    ///
    /// # Errors
    /// When it cannot be an address. The message never shows a webhook's code.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::usage("the portal's address is empty"));
        }
        // What stands before the path may be shown; behind it may be a secret.
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        let shown = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
        let shown = shown.rsplit('@').next().unwrap_or_default();
        let fault = |reason: &str| Error::usage(format!("the portal's address at `{shown}` cannot be used: {reason}"));
        if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
            return Err(fault("it must begin with https://"));
        }
        let url = Url::parse(&format!("{scheme}://{rest}")).map_err(|error| fault(&error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(fault("it holds a user name; a webhook's code belongs into the path, a token is given apart"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(fault("it must end with the path; remove `?` or `#` and what follows"));
        }
        let host = url.host().ok_or_else(|| fault("it has no host"))?;
        let is_loopback = is_loopback(&host);
        let host = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        Ok(Self {
            origin: format!("{}://{host}", url.scheme()),
            is_https: url.scheme() == "https",
            host,
            is_loopback,
            webhook: webhook(url.path()).map_err(fault)?,
        })
    }

    /// Host and port, which may be shown.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Scheme, host and port: `https://b24.example.org:8443`.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The same address at another origin; none when it is not one.
    pub(crate) fn moved_to(&self, origin: &str) -> Option<Self> {
        let there = Self::parse(origin).ok()?;
        Some(Self { webhook: self.webhook.clone(), ..there })
    }

    /// Whether the address authorises by itself.
    pub fn is_webhook(&self) -> bool {
        self.webhook.is_some()
    }

    /// The number of a webhook's user.
    #[cfg(feature = "cli")]
    pub(crate) fn webhook_user(&self) -> Option<&str> {
        self.webhook.as_ref().map(|webhook| webhook.user.as_str())
    }

    /// Whether the portal is this machine.
    #[cfg(feature = "cli")]
    pub(crate) fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Whether what is sent there is encrypted, or does not leave the machine.
    pub(crate) fn is_safe(&self) -> bool {
        self.is_https || self.is_loopback
    }

    /// The address of a method; `code` is written in place of the webhook's.
    fn address(&self, method: &str, rest: Rest, code: impl Fn(&Secret) -> String) -> String {
        let root = match rest {
            Rest::V2 => "rest",
            Rest::V3 => "rest/api",
        };
        let method = percent_encoding::utf8_percent_encode(method, PATH);
        match &self.webhook {
            Some(webhook) => format!("{}/{root}/{}/{}/{method}", self.origin, webhook.user, code(&webhook.code)),
            None => format!("{}/{root}/{method}", self.origin),
        }
    }

    /// The address of a method, secret included.
    pub(crate) fn of_method(&self, method: &str, rest: Rest) -> String {
        self.address(method, rest, |code| code.expose().to_owned())
    }

    /// The address of a method, to be shown.
    pub(crate) fn of_method_masked(&self, method: &str, rest: Rest) -> String {
        self.address(method, rest, |_| MASK.to_owned())
    }

    /// Masks the webhook's code in a text.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.webhook.as_ref().map_or_else(|| text.to_owned(), |webhook| webhook.code.redact(text))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.webhook {
            Some(webhook) => write!(f, "{}/rest/{}/{MASK}/", self.origin, webhook.user),
            None => write!(f, "{}/rest/", self.origin),
        }
    }
}

/// Whether a host is this machine itself.
pub(crate) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => IpAddr::V4(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).is_loopback(),
    }
}

/// Masks what looks like a webhook's code in a text that quotes what somebody typed: an address in the wrong place of a
/// command line is a secret all the same.
#[cfg(any(test, feature = "cli"))]
pub(crate) fn without_codes(text: &str) -> String {
    enum Seen {
        Nothing,
        Rest,
        User,
    }
    let mut masked = String::with_capacity(text.len());
    let mut seen = Seen::Nothing;
    for piece in text.split_inclusive(['/', '\\']) {
        let word = piece.trim_end_matches(['/', '\\']);
        let code = word.find(|char: char| !char.is_alphanumeric()).unwrap_or(word.len());
        if matches!(seen, Seen::User) && code > 0 {
            masked.push_str(MASK);
            masked.push_str(&piece[code..]);
        } else {
            masked.push_str(piece);
        }
        seen = match seen {
            _ if word == "rest" && word.len() < piece.len() => Seen::Rest,
            Seen::Rest if word == "api" || word.is_empty() => Seen::Rest,
            Seen::Rest if word.bytes().all(|byte| byte.is_ascii_digit()) && word.len() < piece.len() => Seen::User,
            _ => Seen::Nothing,
        };
    }
    masked
}

const PATH: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'-');

/// Reads the path of an address: nothing, `rest`, or `rest/<user>/<code>` with a method behind it or not.
fn webhook(path: &str) -> Result<Option<Webhook>, &'static str> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let segments = match segments.as_slice() {
        [] | ["rest"] | ["rest", "api"] => return Ok(None),
        ["rest", "api", rest @ ..] | ["rest", rest @ ..] => rest,
        _ => return Err("its path is neither that of a webhook (`/rest/1/<code>/`) nor empty"),
    };
    match segments {
        [user, code] | [user, code, _] if !user.is_empty() && user.chars().all(|char| char.is_ascii_digit()) => {
            Ok(Some(Webhook { user: (*user).to_owned(), code: Secret::new(*code) }))
        }
        [user, _] | [user, _, _] if !user.chars().all(|char| char.is_ascii_digit()) => {
            Err("behind `/rest/` a webhook has the number of its user, then its code")
        }
        _ => Err("a webhook's address is `https://<portal>/rest/<user>/<code>/`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, expected) in [
            ("b24.example.org", "https://b24.example.org/rest/m"),
            ("https://b24.example.org/", "https://b24.example.org/rest/m"),
            ("http://127.0.0.1:8024/rest", "http://127.0.0.1:8024/rest/m"),
            ("b24.example.org:8443/rest/", "https://b24.example.org:8443/rest/m"),
            ("https://b24.example.org/rest/1/h0m", "https://b24.example.org/rest/1/h0m/m"),
            (" https://B24.example.org/rest/1/h0m/ ", "https://b24.example.org/rest/1/h0m/m"),
            ("https://b24.example.org/rest/1/h0m/profile.json", "https://b24.example.org/rest/1/h0m/m"),
            ("https://портал.рф", "https://xn--80au5a3b.xn--p1ai/rest/m"),
        ] {
            match Address::parse(text) {
                Ok(address) if text.contains("портал") => {
                    assert!(address.of_method("m", Rest::V2).starts_with("https://xn--"))
                }
                Ok(address) => assert_eq!(address.of_method("m", Rest::V2), expected, "{text}"),
                Err(error) => panic!("{text}: {error}"),
            }
        }
    }

    #[test]
    fn rest_3_has_its_own_root() {
        let address = Address::parse("https://h/rest/1/code/").expect("good");
        assert_eq!(address.of_method("tasks.task.get", Rest::V3), "https://h/rest/api/1/code/tasks.task.get");
        assert_eq!(address.of_method("../../admin?x", Rest::V2), "https://h/rest/1/code/..%2F..%2Fadmin%3Fx");
    }

    #[test]
    fn codes_are_masked_wherever_they_are_quoted() {
        for (text, expected) in [
            ("unexpected 'https://h/rest/1/s3cretCode/' found", "unexpected 'https://h/rest/1/***/' found"),
            ("`https://h/rest/api/12/s3cretCode`", "`https://h/rest/api/12/***`"),
            ("https:\\\\h\\rest\\1\\s3cretCode\\x", "https:\\\\h\\rest\\1\\***\\x"),
            ("h/rest//1/s3cretCode/user.get and /rest/2/other", "h/rest//1/***/user.get and /rest/2/***"),
            ("the rest/of 1/2 of it, and/or rest/1/", "the rest/of 1/2 of it, and/or rest/1/"),
        ] {
            assert_eq!(without_codes(text), expected);
        }
    }

    #[test]
    fn the_code_is_never_shown() {
        for text in [
            "https://h/rest/1/s3cretCode/",
            "https://h/rest/one/s3cretCode/",
            "https://h/rest/1/s3cretCode/a/b",
            "https://h/rest/1/s3cretCode/?x",
            "ftp://h/rest/1/s3cretCode/",
            "https://u:s3cretCode@h/rest/",
            "https://h:99999/rest/1/s3cretCode/",
            "https:///rest/1/s3cretCode/",
            "https:\\\\h\\rest\\1\\s3cretCode",
        ] {
            let shown = match Address::parse(text) {
                Ok(address) => format!("{address} {address:?} {}", address.of_method_masked("m", Rest::V2)),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.contains("s3cret"), "{text}: {shown}");
        }
    }
}
