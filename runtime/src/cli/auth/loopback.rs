//! The address on this machine that a browser is sent back to with an authorisation code. It listens once, to this
//! machine only, and takes the answer to its own question only.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::cli::auth::say;
use crate::cli::exit::{Exit, Stop};
use crate::secret::Secret;

/// How long the user has to let the application in.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long a browser may take to say what it wants.
const SILENCE: Duration = Duration::from_secs(10);
/// The longest request head that is read, in bytes.
const LARGEST_HEAD: usize = 16 << 10;

/// Shows the address to open, and waits for the code.
pub(super) async fn code(port: u16, link: &str, state: &str) -> Result<Secret, Stop> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        Stop::usage(format!(
            "cannot listen on 127.0.0.1:{port}: {error}\nhelp: --port takes another port, which must be in the application's settings as well; --paste does without"
        ))
    })?;
    let here = listener.local_addr().map_err(|error| Stop::usage(error.to_string()))?;
    // Portals send the browser to the address of the application's settings; others heed what is asked for here.
    let back = percent_encoding::utf8_percent_encode(&format!("http://{here}/"), percent_encoding::NON_ALPHANUMERIC)
        .to_string();
    say(&format!(
        "Open this address in a browser, and let the application in:\n\n  {link}&redirect_uri={back}\n\n\
         Waiting for the browser at http://{here}/, which must be the handler's address in the application's settings; Ctrl-C gives up."
    ));
    let (found, mut codes) = mpsc::channel(1);
    let answered = async {
        loop {
            // A connection that fails is the browser's matter; the next one counts.
            let Ok((stream, _)) = listener.accept().await else { continue };
            let (found, state) = (found.clone(), state.to_owned());
            // Browsers open connections ahead and say nothing on them.
            tokio::spawn(async move {
                if let Some(outcome) = serve(stream, &state).await {
                    let _ = found.send(outcome).await;
                }
            });
        }
    };
    let failed = |reason: String| Stop { exit: Exit::NotAuthorised, message: reason };
    tokio::select! {
        () = answered => Err(failed("nobody came back".to_owned())),
        outcome = codes.recv() => outcome.unwrap_or_else(|| Err("nobody came back".to_owned())).map_err(failed),
        () = tokio::time::sleep(PATIENCE) => {
            Err(failed(format!("nobody came back within {} minutes; log in again", PATIENCE.as_secs() / 60)))
        }
    }
}

/// Answers one request; the outcome of the authorisation if it brought one.
async fn serve(mut stream: TcpStream, state: &str) -> Option<Result<Secret, String>> {
    let head = tokio::time::timeout(SILENCE, head(&mut stream)).await.ok().flatten()?;
    let mut words = head.split_whitespace();
    let (verb, target) = (words.next()?, words.next()?);
    let query = target.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let has_answer = query.split('&').any(|pair| pair.starts_with("code=") || pair.starts_with("error="));
    let (status, text, outcome) = match (verb, has_answer) {
        ("GET", true) => match code_in(query, state) {
            Ok(code) => ("200 OK", "You are logged in. This page can be closed.", Some(Ok(code))),
            // Somebody else's answer changes nothing: ours may still come.
            Err(reason) if reason.contains("state") => {
                ("400 Bad Request", "This is not the answer that oint waits for.", None)
            }
            Err(reason) => {
                ("200 OK", "The portal did not let the application in. See the terminal.", Some(Err(reason)))
            }
        },
        _ => ("404 Not Found", "There is nothing here.", None),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    outcome
}

/// The head of a request; none when it is not one.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 2048];
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        if bytes.len() > LARGEST_HEAD {
            return None;
        }
    }
    String::from_utf8(bytes).ok()
}

/// The code in a query whose `state` is ours.
pub(super) fn code_in(query: &str, state: &str) -> Result<Secret, String> {
    let query = query.split('#').next().unwrap_or_default();
    let value = |name: &str| {
        let found = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
    };
    if value("state").as_deref() != Some(state) {
        return Err("the answer has another `state` than the question: it may be somebody else's".to_owned());
    }
    if let Some(error) = value("error") {
        let words = value("error_description").map(|words| format!(": {words}")).unwrap_or_default();
        return Err(format!("the portal did not let the application in: {error}{words}"));
    }
    value("code").map(Secret::from).ok_or_else(|| "there is no code in the answer".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(target: &str) -> (String, Option<Result<String, String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let there = listener.local_addr().expect("an address");
        let mut browser = TcpStream::connect(there).await.expect("connected");
        let (stream, _) = listener.accept().await.expect("accepted");
        // In pieces, as networks deliver.
        browser.write_all(format!("GET {target} HTTP/1.1\r\nHost: x").as_bytes()).await.expect("sent");
        browser.write_all(b"\r\n\r\n").await.expect("sent");
        let outcome = serve(stream, "s1").await;
        let mut answer = String::new();
        browser.read_to_string(&mut answer).await.expect("answered");
        let outcome = outcome.map(|outcome| outcome.map(|code| code.expose().to_owned()));
        (answer.lines().next().unwrap_or_default().to_owned(), outcome)
    }

    #[tokio::test]
    async fn only_the_answer_to_the_own_question_counts() {
        assert_eq!(get("/?code=abc&state=s1&domain=x").await, ("HTTP/1.1 200 OK".into(), Some(Ok("abc".into()))));
        assert_eq!(get("/?code=abc&state=s2").await, ("HTTP/1.1 400 Bad Request".into(), None));
        assert_eq!(get("/?code=abc").await, ("HTTP/1.1 400 Bad Request".into(), None));
        assert_eq!(get("/favicon.ico").await, ("HTTP/1.1 404 Not Found".into(), None));
        let (_, outcome) = get("/?error=access_denied&state=s1").await;
        assert!(outcome.is_some_and(|outcome| outcome.is_err_and(|reason| reason.contains("access_denied"))));
    }
}
