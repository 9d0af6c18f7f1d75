//! What goes back over the connection, and how.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::sandbox::xml;

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
    /// How long to wait before it is sent.
    pub(super) wait: Duration,
    pub(super) ending: Ending,
}

/// How the answer is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ending {
    /// As it should be.
    #[default]
    Whole,
    /// Half of it, then the connection breaks.
    Truncated,
    /// Nothing: the connection is reset.
    Reset,
    /// Nothing: the connection is closed.
    Close,
    /// Nothing for a while, then the connection is closed.
    Hang(Duration),
    /// In drops.
    Drip { bytes: usize, pause: Duration },
}

impl Reply {
    /// An answer without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            headers: Vec::new(),
            body: Bytes::new(),
            wait: Duration::ZERO,
            ending: Ending::Whole,
        }
    }

    /// An answer in JSON.
    pub(super) fn json(status: u16, body: &Value) -> Self {
        // Printing by way of `Display` takes twice as long.
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self { content_type: "application/json; charset=utf-8", body: body.into(), ..Self::empty(status) }
    }

    /// An answer in XML.
    pub(super) fn xml(status: u16, body: &Value) -> Self {
        Self { content_type: "text/xml; charset=utf-8", body: xml::document(body).into(), ..Self::empty(status) }
    }

    /// An answer in plain text.
    pub(super) fn text(text: &str) -> Self {
        Self { body: text.to_owned().into(), ..Self::empty(200) }
    }

    /// The page that a proxy sends in place of an answer.
    pub(super) fn html_fault(status: u16) -> Self {
        let title = match status {
            500 => "500 Internal Server Error",
            502 => "502 Bad Gateway",
            504 => "504 Gateway Time-out",
            _ => "Error",
        };
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
        );
        Self { content_type: "text/html", body: page.into(), ..Self::empty(status) }
    }

    /// With a header.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}
