//! `oint mcp` from outside: the protocol's messages over the pipes of the built command. The protocol's own client is put to
//! work by `cargo xtask peers`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use bitrix24::{Value, json};

use crate::support::{oint, portal, told};

/// A session with the server.
struct Session {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    number: u64,
}

impl Session {
    fn start(url: &str, options: &[&str]) -> Self {
        let mut command = oint(&[&["mcp"], options].concat());
        command.env("B24_URL", url).env("B24_LIMITS", "off").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("oint runs");
        let to = child.stdin.take().expect("piped");
        let from = BufReader::new(child.stdout.take().expect("piped"));
        let mut session = Self { child, to, from, number: 0 };
        let hello = session.ask(
            "initialize",
            json!({
                "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
            }),
        );
        assert_eq!(hello["result"]["serverInfo"]["name"], "oint", "{hello}");
        session.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        session
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.to, "{message}").and_then(|()| self.to.flush()).expect("written");
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.number += 1;
        let number = self.number;
        self.send(&json!({"jsonrpc": "2.0", "id": number, "method": method, "params": params}));
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).expect("read") > 0, "the server went away");
            let answer: Value = serde_json::from_str(&line).expect("JSON");
            if answer["id"] == number {
                return answer;
            }
        }
    }

    /// Calls a tool: whether it failed, and its text.
    fn call(&mut self, tool: &str, arguments: Value) -> (bool, String) {
        let answer = self.ask("tools/call", json!({"name": tool, "arguments": arguments}));
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        (result["isError"] == true, text)
    }

    fn end(self) -> Option<i32> {
        let Self { mut child, to, .. } = self;
        drop(to);
        child.wait().expect("ended").code()
    }
}

#[test]
fn reading_is_all_that_is_allowed_without_a_word() {
    let portal = portal();
    let deals = portal.records("crm.deal").len();
    let mut session = Session::start(&portal.webhook(), &[]);
    let tools = session.ask("tools/list", json!({}));
    let names: Vec<&str> =
        tools["result"]["tools"].as_array().expect("tools").iter().filter_map(|tool| tool["name"].as_str()).collect();
    assert_eq!(names, ["list_categories", "search_methods", "describe_method", "call_method"]);

    let (is_error, text) = session.call("call_method", json!({"method": "user.get", "params": {"ID": 2150}}));
    assert!(!is_error && text.starts_with("{\"result\":["), "{text}");
    for (method, option) in [
        ("crm.deal.add", "--allow-writes"),
        ("crm.deal.delete", "--allow-deletes"),
        ("some.new.method", "--allow-writes --allow-deletes"),
        ("batch", "one by one"),
    ] {
        let (is_error, text) = session.call("call_method", json!({"method": method, "params": {}}));
        assert!(is_error && text.contains(option), "{method}: {text}");
    }
    let (is_error, text) = session.call("call_method", json!({"method": "user.get", "params": {"IDD": 1}}));
    assert!(is_error && text.contains("no parameter `IDD`"), "{text}");
    assert!(text.contains("the description of the method") && !text.contains("--"), "no options here: {text}");
    let (is_error, text) = session.call("describe_method", json!({"method": "UpdateUser"}));
    assert!(!is_error && text.contains("\"method\":\"user.update\"") && !text.contains("\"allowed\":true"), "{text}");
    assert_eq!(portal.records("crm.deal").len(), deals);
    assert!(portal.requests().iter().all(|request| request.method == "user.get"));
    assert_eq!(session.end(), Some(0));
}

#[test]
fn a_connection_that_fails_tells_the_reason_and_no_secret() {
    let mut session = Session::start("http://127.0.0.1:9/rest/1/s3cretcode/", &["--timeout", "1"]);
    let (is_error, text) = session.call("call_method", json!({"method": "profile"}));
    assert!(is_error && text.contains("127.0.0.1:9") && !text.contains("s3cretcode"), "{text}");
    let (is_error, text) = session.call("search_methods", json!({"query": "profile", "limit": 3}));
    assert!(!is_error && text.contains("\"method\":\"profile\""), "{text}");
    assert_eq!(session.end(), Some(0));

    let (code, stdout, stderr) = told(&oint(&["mcp", "--max-result", "7"]).output().expect("oint runs"));
    assert!(code == 2 && stdout.is_empty() && stderr.contains("--max-result"), "{stderr}");
}

#[test]
fn what_is_no_request_gets_an_answer_with_its_number() {
    let portal = portal();
    let mut session = Session::start(&portal.webhook(), &[]);
    for (line, code, id) in [
        ("{bad", -32700, Value::Null),
        (r#"{"jsonrpc":"2.0","id":30}"#, -32600, json!(30)),
        (r#"{"jsonrpc":"2.0","id":31,"method":"tools/call"}"#, -32602, json!(31)),
        (
            r#"{"jsonrpc":"2.0","id":32,"method":"tools/call","params":{"name":"call_method","arguments":[1]}}"#,
            -32602,
            json!(32),
        ),
    ] {
        writeln!(session.to, "{line}").and_then(|()| session.to.flush()).expect("written");
        let mut answer = String::new();
        session.from.read_line(&mut answer).expect("read");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(code), &id), "{line}: {answer}");
    }
    // The session goes on.
    assert!(!session.call("search_methods", json!({"query": "user"})).0);
    assert_eq!(session.end(), Some(0));
}
