//! A simulated portal for chores that let other programs talk to one.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::run::{cargo, quietly, target};

/// Builds `oint`.
pub(crate) fn build() -> Result<PathBuf, String> {
    let build = ["build", "--package", "bitrix24", "--features", "full,cli", "--bin", "oint"];
    quietly("build oint", cargo().args(build))?;
    Ok(target().join("debug").join(format!("oint{}", std::env::consts::EXE_SUFFIX)))
}

/// A running `oint sandbox` that speaks https as well; it ends with this value.
pub(crate) struct Portal {
    oint: PathBuf,
    process: Child,
    told: Value,
    certificate: PathBuf,
}

impl Portal {
    /// Builds `oint` and starts its portal.
    pub(crate) fn start() -> Result<Self, String> {
        Self::of(build()?)
    }

    /// Starts the portal of an `oint` that is built.
    pub(crate) fn of(oint: PathBuf) -> Result<Self, String> {
        let certificate = target().join("authority.pem");
        let mut command = Command::new(&oint);
        command.args(["sandbox", "--port", "0", "--json", "--quiet", "--tls"]).arg(&certificate).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(|error| format!("error: cannot start the sandbox: {error}"))?;
        let mut line = String::new();
        let read = process.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut line));
        let told = read.and_then(Result::ok).and_then(|_| serde_json::from_str(&line).ok());
        match told {
            Some(told) => Ok(Self { oint, process, told, certificate }),
            None => {
                let _ = process.kill();
                let _ = process.wait();
                Err("error: the sandbox did not tell its address".into())
            }
        }
    }

    /// What it said of itself when it started: `webhook`, `token`, `address`, …
    pub(crate) fn told(&self, key: &str) -> String {
        self.told[key].as_str().unwrap_or_default().to_owned()
    }

    /// The `oint` that runs it.
    pub(crate) fn oint(&self) -> &Path {
        &self.oint
    }

    /// The file of the certificate to trust.
    pub(crate) fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The records of a collection.
    pub(crate) fn collection(&self, name: &str) -> Result<Vec<Value>, String> {
        let records = self.control("GET", &format!("data/{name}"), &json!({}))?;
        Ok(records.as_array().cloned().unwrap_or_default())
    }

    /// Asks the control endpoint.
    pub(crate) fn control(&self, verb: &str, path: &str, body: &Value) -> Result<Value, String> {
        let address = self.told("address");
        let host = address.trim_start_matches("http://");
        let body = body.to_string();
        let request = format!(
            "{verb} /_sandbox/{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut answer = String::new();
        let read = TcpStream::connect(host).and_then(|mut stream| {
            stream.write_all(request.as_bytes())?;
            stream.read_to_string(&mut answer)
        });
        read.map_err(|error| format!("error: cannot ask the sandbox: {error}"))?;
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        serde_json::from_str(body).map_err(|error| format!("error: {path} answered no JSON: {error}"))
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
