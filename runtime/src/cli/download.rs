//! Fetching a file that is named by its address.

use std::time::Duration;

use crate::value::File;

/// How long a download may take.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Downloads a file; its name is the last part of the address.
pub(crate) fn file(address: &str) -> Result<File, String> {
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
        let answer = answer.map_err(|error| failed(error.without_url().to_string()))?;
        let content = answer.bytes().await.map_err(|error| failed(error.without_url().to_string()))?;
        let name = shown.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("file");
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned();
        Ok(File::new(name, content.to_vec()))
    })
}
