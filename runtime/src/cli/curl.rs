//! `--curl`: the same call as a command of curl, for bug reports and other programs. Secrets are masked.

use serde_json::Value;

use crate::Object;
use crate::cli::shell::quoted;
use crate::secret::MASK;

/// The longest body that stands on the command line: Linux takes 128 KiB for one argument, with its end.
const LONGEST: usize = 100_000;

/// The command for a request in the form of a dry run. What it sends are `params`: a dry run only names the files in them.
pub(crate) fn command(request: &Value, params: &Object) -> String {
    let text = |pointer: &str| request.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let url = text("/http/url");
    let mut body = params.clone();
    if let Some(auth) = body.get_mut("auth") {
        *auth = MASK.into();
    } else if !url.contains(&format!("/{MASK}/")) {
        // A webhook authorises by its address; otherwise the token is the first key of the body.
        body.shift_insert(0, "auth".to_owned(), MASK.into());
    }
    let body = Value::Object(body).to_string();
    let mut words = vec!["curl".to_owned(), "-X".to_owned(), text("/http/verb").to_owned(), quoted(url)];
    for (name, value) in request.pointer("/http/headers").and_then(Value::as_object).into_iter().flatten() {
        // What curl sends by itself is not repeated.
        if !name.eq_ignore_ascii_case("user-agent") {
            words.extend(["\\\n  -H".to_owned(), quoted(&format!("{name}: {}", value.as_str().unwrap_or_default()))]);
        }
    }
    if body.len() > LONGEST {
        return format!("{} \\\n  -d @- <<'JSON'\n{body}\nJSON\n", words.join(" "));
    }
    words.extend(["\\\n  -d".to_owned(), quoted(&body)]);
    words.join(" ") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn files_are_in_it_as_the_portal_takes_them_and_secrets_are_not() {
        let url = "https://h/rest/1/***/disk.storage.uploadfile";
        let shown = json!({"http": {"verb": "POST", "url": url, "headers": {}}, "body": {"fileContent": {"file": "P.jpg", "bytes": 5}}});
        let params = object(json!({"fileContent": ["P.jpg", "aGVsbG8="], "auth": "secret"}));
        let written = command(&shown, &params);
        assert_eq!(
            written,
            format!("curl -X POST '{url}' \\\n  -d '{{\"fileContent\":[\"P.jpg\",\"aGVsbG8=\"],\"auth\":\"***\"}}'\n")
        );
        // What no argument can hold goes in by standard input.
        let params = object(json!({"fileContent": ["P.jpg", "A".repeat(200_000)]}));
        let written = command(&shown, &params);
        let lines: Vec<&str> = written.lines().collect();
        assert_eq!(lines[1], "  -d @- <<'JSON'");
        assert_eq!(serde_json::from_str::<Object>(lines[2]).ok().as_ref(), Some(&params));
        assert_eq!(lines[3..], ["JSON"]);
    }

    #[test]
    fn a_request_becomes_words_for_a_shell() {
        let request = json!({
            "http": {"verb": "POST", "url": "https://h/rest/user.update", "headers": {"Content-Type": "application/json", "User-Agent": "oint"}},
            "body": {"ID": 7, "NAME": "O'Neil"},
        });
        assert_eq!(
            command(&request, &object(json!({"ID": 7, "NAME": "O'Neil"}))),
            "curl -X POST 'https://h/rest/user.update' \\\n  -H 'Content-Type: application/json' \\\n  -d '{\"auth\":\"***\",\"ID\":7,\"NAME\":\"O'\\''Neil\"}'\n"
        );
    }
}
