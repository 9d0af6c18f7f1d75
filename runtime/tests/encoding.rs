//! The encoding of batches against decoders that know nothing of it: the simulated portal's, and PHP's own `parse_str` where
//! there is a PHP (Debian: `apt install php-cli`).

#![cfg(feature = "sandbox")]

use std::cell::{Cell, RefCell};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};

use bitrix24_runtime::sandbox::{Sandbox, Seed};
use bitrix24_runtime::table::Tables;
use bitrix24_runtime::{Batch, Call, Client, Effect, Limits, Method, Object, Paging, Rest, Value, encoding, json};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const TABLES: Tables = Tables::EMPTY;

/// Any JSON, odd texts and keys among it.
fn values() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        8 => ".{0,12}",
        4 => Just("a=b&c[d]=e+f%20g".to_owned()),
        4 => Just("Ёж \u{1F600}\0\r\n".to_owned()),
        4 => Just(String::new()),
        1 => Just("$result[c0][ID]".to_owned()),
    ];
    // What a query has no form for is rare, so that most of what is made can be compared.
    let leaf = prop_oneof![
        1 => prop_oneof![Just(Value::Null), Just(json!([])), Just(json!({}))],
        8 => any::<bool>().prop_map(Value::from),
        8 => any::<i64>().prop_map(Value::from),
        8 => (-1e9..1e9_f64).prop_map(Value::from),
        8 => (-1000..1000_i32).prop_map(|number| Value::from(f64::from(number))),
        16 => text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let key = prop_oneof![
            16 => "[A-Za-z_][A-Za-z0-9_]{0,8}",
            16 => "[!<>=@%]{1,2}[A-Z_]{1,6}",
            8 => "[1-9][0-9]{0,2}",
            1 => ".{0,4}",
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Value::from),
            proptest::collection::vec((key, inner), 1..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn params() -> impl Strategy<Value = Object> {
    proptest::collection::vec(("[A-Za-z_]{1,8}", values()), 0..4).prop_map(|entries| entries.into_iter().collect())
}

/// What PHP holds after decoding: only texts and arrays. The same function describes what a JSON body means to it, so that
/// equality is equality of meaning.
fn meaning(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => if *flag { "1" } else { "0" }.into(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 => format!("{float:.0}").into(),
            _ => number.to_string().into(),
        },
        Value::Array(items) => {
            Value::Object(items.iter().enumerate().map(|(at, item)| (at.to_string(), meaning(item))).collect())
        }
        Value::Object(entries) => {
            Value::Object(entries.iter().map(|(key, item)| (key.clone(), meaning(item))).collect())
        }
        other => other.clone(),
    }
}

/// The keys of PHP's arrays as text, in their order.
fn flat(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match meaning(value) {
        Value::Object(entries) => {
            for (key, item) in &entries {
                flat(item, &format!("{path}\u{1f}{key}"), found);
            }
        }
        Value::String(text) => found.push((path.to_owned(), text)),
        other => found.push((path.to_owned(), other.to_string())),
    }
}

fn flattened(params: &Object) -> Vec<(String, String)> {
    let mut found = Vec::new();
    flat(&Value::Object(params.clone()), "", &mut found);
    found
}

/// A PHP that decodes queries, a line each, and prints every value with its path.
struct Php {
    child: Child,
    input: ChildStdin,
    output: BufReader<std::process::ChildStdout>,
}

impl Php {
    fn start() -> Option<Self> {
        const PROGRAM: &str = r#"
            function walk($value, $path) {
                if (is_array($value)) { $all = []; foreach ($value as $key => $item) { $all = array_merge($all, walk($item, $path . "\x1f" . $key)); } return $all; }
                return [[bin2hex($path), bin2hex($value)]];
            }
            while (($line = fgets(STDIN)) !== false) { parse_str(rtrim($line, "\n"), $all); echo json_encode(walk($all, "")), "\n"; }
        "#;
        let mut child = Command::new("php")
            .args(["-r", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let (input, output) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        Some(Self { child, input, output })
    }

    fn decode(&mut self, query: &str) -> Vec<(String, String)> {
        writeln!(self.input, "{query}").and_then(|()| self.input.flush()).expect("PHP reads");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("PHP answers");
        let pairs: Vec<(String, String)> = serde_json::from_str(&line).unwrap_or_else(|_| panic!("PHP said {line:?}"));
        let text = |hex: &str| {
            let bytes =
                (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal"));
            String::from_utf8(bytes.collect()).expect("text")
        };
        pairs.iter().map(|(path, value)| (text(path), text(value))).collect()
    }
}

impl Drop for Php {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn php_reads_what_was_meant() {
    let Some(php) = Php::start().map(RefCell::new) else {
        eprintln!("skipped: there is no `php` here");
        return;
    };
    let mut runner = TestRunner::new(Config { cases: 512, failure_persistence: None, ..Config::default() });
    let written = Cell::new(0);
    let outcome = runner.run(&params(), |params| {
        // What cannot be written is sent alone, as JSON: nothing to compare.
        let Ok(query) = encoding::query(&params) else { return Ok(()) };
        prop_assert!(!query.contains('\n'), "one line");
        if !query.is_empty() {
            written.set(written.get() + 1);
            prop_assert_eq!(php.borrow_mut().decode(&query), flattened(&params), "{}", query);
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    // Each kind of value that the table has.
    for params in [
        json!({"a": {"b": ["x", {"c": true}], "0": 5, "d": -2.5}, "e": false, "f": "", "g": "2026-01-31T10:00:00+03:00"}),
        json!({"filter": {"><DATE": ["2026-01-01", "2026-02-01"], "0": {"logic": "OR", "0": {"!ID": 1}, "1": {"%N": "a+b"}}}}),
        json!({"0": 123, "1": {"POST_MESSAGE": "test"}}),
    ] {
        let params = params.as_object().expect("an object");
        assert_eq!(php.borrow_mut().decode(&encoding::query(params).expect("written")), flattened(params));
    }
    assert!(written.get() > 200, "{} of 512 could be compared", written.get());
}

#[test]
fn the_simulated_portal_reads_what_was_meant() {
    let portal = Sandbox::new(&TABLES).seed(Seed::Small).start().expect("a free port");
    let client = Client::builder(&portal.webhook()).limits(Limits::off()).build().expect("a good address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let text = proptest::string::string_regex("[^\u{0}-\u{8}]{0,20}").expect("a pattern");
    let fields = (text, any::<bool>(), -1_000_000..1_000_000_i64, proptest::collection::vec(1..99_u32, 1..4));
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&fields, |(title, opened, probability, contacts)| {
        let fields = json!({"TITLE": title, "OPENED": opened, "PROBABILITY": probability, "CONTACT_IDS": contacts, "COMMENTS": ""});
        let add = || {
            Call::new(Method::new("crm.deal.add", Rest::V2, Effect::Create, Paging::None)).param("fields", fields.clone())
        };
        let get = |id: Value| {
            Call::new(Method::new("crm.deal.get", Rest::V2, Effect::Read, Paging::None)).param("id", id)
        };
        let (alone, together) = runtime.block_on(async {
            let alone = client.execute(add()).await.expect("made").result;
            let mut batch = Batch::new();
            let made = batch.call(add());
            let found = batch.call(get(made.result().into()));
            batch.call(get(alone.clone()));
            let mut replies = client.batch(batch).await.expect("sent");
            let together: Value = replies.take(found).expect("found");
            (client.execute(get(alone)).await.expect("found").result, together)
        });
        for key in ["TITLE", "OPENED", "PROBABILITY", "COMMENTS"] {
            prop_assert_eq!(meaning(&alone[key]), meaning(&together[key]), "{}", key);
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
