//! Standard input and output as a client of the protocol sees them: what is no request that the protocol knows is answered
//! here, since nobody behind would tell the client what was wrong with it.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader, DuplexStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How much may wait between the client and the server, in bytes.
const WAITING: usize = 64 * 1024;

/// The codes of JSON-RPC 2.0.
const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const INVALID_PARAMS: i32 = -32602;

/// The server's ends, and what has to be waited for behind the last answer.
pub(super) fn stdio() -> ((DuplexStream, DuplexStream), JoinHandle<()>) {
    let (lines, mut waiting) = mpsc::channel::<String>(16);
    let (requests, server_in) = tokio::io::duplex(WAITING);
    let (server_out, answers) = tokio::io::duplex(WAITING);
    tokio::spawn(hand_in(tokio::io::stdin(), requests, lines.clone()));
    tokio::spawn(async move {
        let mut answers = BufReader::new(answers).lines();
        while let Ok(Some(line)) = answers.next_line().await {
            if lines.send(line).await.is_err() {
                break;
            }
        }
    });
    let writer = tokio::spawn(async move {
        let mut stdout = tokio::io::stdout();
        while let Some(mut line) = waiting.recv().await {
            line.push('\n');
            let written = stdout.write_all(line.as_bytes()).await;
            if written.is_err() || stdout.flush().await.is_err() {
                break;
            }
        }
    });
    ((server_in, server_out), writer)
}

/// Hands requests on to the server, and answers what is none.
async fn hand_in(client: impl AsyncRead + Unpin, mut server: DuplexStream, answers: mpsc::Sender<String>) {
    let mut lines = BufReader::new(client);
    let mut line = Vec::new();
    loop {
        line.clear();
        match lines.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) if line.iter().all(u8::is_ascii_whitespace) => continue,
            Ok(_) => {}
        }
        let handed = match fault(&line) {
            Some(answer) => answers.send(answer.to_string()).await.is_ok(),
            None => {
                if !line.ends_with(b"\n") {
                    line.push(b'\n');
                }
                server.write_all(&line).await.is_ok()
            }
        };
        if !handed {
            return;
        }
    }
}

/// The answer to what the server would not answer; none for what it understands.
fn fault(line: &[u8]) -> Option<Value> {
    let answer = |id: &Value, code: i32, message: String| json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } });
    let message: Value = match serde_json::from_slice(line) {
        Ok(message) => message,
        Err(error) => return Some(answer(&Value::Null, PARSE_ERROR, format!("this is no JSON: {error}"))),
    };
    let id = message.get("id").filter(|id| id.is_string() || id.is_number()).unwrap_or(&Value::Null);
    let invalid = |words: &str| Some(answer(id, INVALID_REQUEST, words.to_owned()));
    if !message.is_object() {
        return invalid("a message is one object a line");
    }
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return invalid("`jsonrpc` has to be \"2.0\"");
    }
    let is_answer = message.get("result").is_some() || message.get("error").is_some();
    let Some(method) = message.get("method").and_then(Value::as_str) else {
        return if is_answer { None } else { invalid("`method` has to name what is asked for") };
    };
    if method != "tools/call" {
        return None;
    }
    let wrong = |words: &str| Some(answer(id, INVALID_PARAMS, words.to_owned()));
    let params = message.get("params").unwrap_or(&Value::Null);
    if !params.get("name").is_some_and(Value::is_string) {
        return wrong("`params` has to be an object with the `name` of a tool, as `tools/list` tells it");
    }
    if !params.get("arguments").is_none_or(|arguments| arguments.is_object() || arguments.is_null()) {
        return wrong("`arguments` has to be an object");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_request_is_answered() {
        let told = |line: &str| {
            let answer = fault(line.as_bytes())?;
            Some((answer["error"]["code"].as_i64()?, answer["id"].clone()))
        };
        for (line, code, id) in [
            ("{bad", -32700, Value::Null),
            ("[]", -32600, Value::Null),
            (r#"{"jsonrpc":"2.0","id":3}"#, -32600, json!(3)),
            (r#"{"id":"a","method":"ping"}"#, -32600, json!("a")),
            (r#"{"jsonrpc":"2.0","id":4,"method":"tools/call"}"#, -32602, json!(4)),
            (r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":5}}"#, -32602, json!(5)),
            (
                r#"{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"a","arguments":[1]}}"#,
                -32602,
                json!(6),
            ),
        ] {
            assert_eq!(told(line), Some((code, id)), "{line}");
        }
        for line in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search"}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"nosuch"}"#,
        ] {
            assert_eq!(told(line), None, "{line}");
        }
    }
}
