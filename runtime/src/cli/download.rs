//! Fetching a file that is named by its address.

use std::time::Duration;

use crate::value::File;

/// How long a download may take.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The largest file that is taken, in bytes: it is held in memory, and as base64 once more.
const LARGEST: usize = 256 << 20;

/// Downloads a file; its name is the last part of the address.
pub(crate) fn file(address: &str) -> Result<File, String> {
    fetch(address, LARGEST)
}

fn fetch(address: &str, largest: usize) -> Result<File, String> {
    let shown = address.split(['?', '#']).next().unwrap_or_default();
    let failed = |reason: String| format!("cannot download {shown}: {reason}");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(error.to_string()))?;
    runtime.block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(|error| failed(error.to_string()))?;
        let answer = client.get(address).send().await.and_then(reqwest::Response::error_for_status);
        let broken = |error: reqwest::Error| failed(error.without_url().to_string());
        let mut answer = answer.map_err(broken)?;
        let mut content = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(broken)? {
            if content.len() + piece.len() > largest {
                let most = largest >> 20;
                return Err(failed(format!(
                    "it is larger than {most} MiB, the most that a parameter takes from an address"
                )));
            }
            content.extend_from_slice(&piece);
        }
        let name = shown.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("file");
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned();
        Ok(File::new(name, content))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    #[test]
    fn an_answer_without_end_is_refused() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}/film.mp4?token=s3cret", listener.local_addr().expect("known"));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
                while stream.write_all(&[b'a'; 65_536]).is_ok() {}
            }
        });
        let error = fetch(&address, 3 << 20).expect_err("too large");
        assert!(error.contains("larger than 3 MiB") && !error.contains("s3cret"), "{error}");
    }
}
