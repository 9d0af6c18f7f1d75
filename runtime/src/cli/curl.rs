//! `--curl`: the same call as a command of curl, for bug reports and other programs. Secrets are masked.

use serde_json::Value;

use crate::cli::shell::quoted;
use crate::secret::MASK;

/// The command for a request in the form of a dry run.
pub(crate) fn command(request: &Value) -> String {
    let text = |pointer: &str| request.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let url = text("/http/url");
    let mut body = request.get("body").cloned().unwrap_or_default();
    // A webhook authorises by its address; otherwise the token is the first key of the body.
    if !url.contains(&format!("/{MASK}/"))
        && let Value::Object(keys) = &mut body
        && !keys.contains_key("auth")
    {
        keys.shift_insert(0, "auth".to_owned(), MASK.into());
    }
    let mut words = vec!["curl".to_owned(), "-X".to_owned(), text("/http/verb").to_owned(), quoted(url)];
    for (name, value) in request.pointer("/http/headers").and_then(Value::as_object).into_iter().flatten() {
        // What curl sends by itself is not repeated.
        if !name.eq_ignore_ascii_case("user-agent") {
            words.extend(["\\\n  -H".to_owned(), quoted(&format!("{name}: {}", value.as_str().unwrap_or_default()))]);
        }
    }
    words.extend(["\\\n  -d".to_owned(), quoted(&body.to_string())]);
    words.join(" ") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_becomes_words_for_a_shell() {
        let request = json!({
            "http": {"verb": "POST", "url": "https://h/rest/user.update", "headers": {"Content-Type": "application/json", "User-Agent": "oint"}},
            "body": {"ID": 7, "NAME": "O'Neil"},
        });
        assert_eq!(
            command(&request),
            "curl -X POST 'https://h/rest/user.update' \\\n  -H 'Content-Type: application/json' \\\n  -d '{\"auth\":\"***\",\"ID\":7,\"NAME\":\"O'\\''Neil\"}'\n"
        );
    }
}
