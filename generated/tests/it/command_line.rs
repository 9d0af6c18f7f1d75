//! `oint` from outside: the built command against a portal over real HTTP.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;

use bitrix24::table::Param;
use bitrix24::{TABLES, Value, json};

use crate::support::{oint, portal, run, told};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("not JSON ({error}): {text}"))
}

fn dry(arguments: &[&str]) -> Value {
    let (code, stdout, stderr) = run(&[&["bitrix24"], arguments, &["--dry-run"]].concat());
    assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
    parsed(&stdout)
}

#[test]
fn the_documented_command_changes_the_account() {
    let portal = portal();
    let fields = "{'EMAIL':'cfbf2f89@example.org','NAME':'Oleg','LAST_NAME':'Lama','UF_DEPARTMENT':7}";
    let (address, token) = (portal.address(), portal.token().to_owned());
    let connection = ["--url", &address, "--token", &token];
    let update = ["bitrix24", "UpdateUser", "--userid", "2150", "--fields", fields];
    let (code, stdout, stderr) = run(&[&update[..], &connection].concat());
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert_eq!(stdout, "true\n");
    let (_, stdout, _) = run(&[&update[..], &connection, &["--raw"]].concat());
    assert_eq!(parsed(&stdout)["result"], true);
    assert!(parsed(&stdout)["time"]["start"].is_number());
    let (_, stdout, _) = run(&[&["bitrix24", "user.get", "--userid", "2150"], &connection[..]].concat());
    let user = &parsed(&stdout)[0];
    assert_eq!((&user["NAME"], &user["UF_DEPARTMENT"]), (&json!("Oleg"), &json!([7])));
}

#[test]
fn every_spelling_of_every_command_works() {
    let commands: Vec<_> = TABLES.commands().collect();
    assert!(commands.len() >= 13);
    for command in commands {
        let kebab: String = bitrix_words(&command.function).join("-");
        let mut names =
            vec![command.function.to_string(), command.function.to_uppercase(), command.function.to_lowercase(), kebab];
        names.extend(command.aliases.iter().map(ToString::to_string));
        names.extend(
            command
                .method
                .as_deref()
                .map(str::to_owned)
                .filter(|_| command.constants.is_empty() && command.examples.len() < 9),
        );
        for name in names {
            let found = TABLES.command(&name, Some(command.rest)).unwrap_or_else(|| panic!("{name} is unknown"));
            if name.contains('.') {
                assert_eq!(found.method.as_deref(), Some(name.as_str()));
            } else {
                assert_eq!(found.function, command.function, "{name}");
            }
        }
        for all in [false, true] {
            let help = bitrix24::cli::help(&TABLES, &command.function, all).expect("help");
            assert!(help.contains("Usage: oint bitrix24") && (all || help.lines().count() <= 40), "{help}");
        }
    }
}

/// The words of a function's name, worked out apart from the generator: a capital begins one, unless it goes on a run
/// of capitals such as `ID`.
fn bitrix_words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let is_small = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|char| !char.is_uppercase());
    let mut words: Vec<String> = Vec::new();
    for (at, char) in chars.iter().enumerate() {
        // A run of capitals is one word; its last capital belongs to the small letters behind it.
        if words.is_empty() || char.is_uppercase() && (is_small(at.checked_sub(1)) || is_small(Some(at + 1))) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(char.to_lowercase());
        }
    }
    words
}

#[test]
fn every_example_makes_the_body_that_the_spec_promises() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut faults = Vec::new();
    // Procedures make more than one request, or none to the portal: they have tests of their own.
    for command in TABLES.commands().filter(|command| command.procedure.is_none()) {
        for example in command.examples.iter() {
            let mut arguments = vec!["bitrix24".to_owned(), command.function.to_string()];
            if !command.local {
                arguments.extend(["--url".to_owned(), "https://h/rest/1/code/".to_owned(), "--dry-run".to_owned()]);
            }
            for param in &command.params {
                let Some(value) = example.arguments.get(param.name.as_ref()) else {
                    continue;
                };
                // A file may be sent under another name than it has here.
                if let Some(name) = value.as_str().filter(|_| param.filename.is_some()) {
                    std::fs::write(folder.path().join(name), "content").expect("written");
                }
                arguments.push(format!("--{}", param.option.as_deref().unwrap_or_default()));
                arguments.push(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            }
            for param in &command.params {
                let value = example.arguments.get(param.name.as_ref());
                value.iter().for_each(|value| make_files(param, value, folder.path()));
            }
            let mut expected = example.body.clone();
            tell_sizes(&mut expected);
            // A process for each would take minutes; where files are read, the folder matters.
            let (code, is_quiet, request, words) = if expected.to_string().contains("\"file\"") {
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let (code, stdout, stderr) =
                    told(&oint(&arguments).current_dir(folder.path()).output().expect("oint runs"));
                let is_quiet = stderr.lines().all(|line| line.contains("deprecated"));
                (code, is_quiet, serde_json::from_str(&stdout).unwrap_or_default(), stderr)
            } else {
                match bitrix24::cli::dry_run(&TABLES, &arguments[1..]) {
                    Ok(run) => (0, run.notes.is_empty(), run.request, run.notes.join("\n")),
                    Err(message) => (2, false, Value::Null, message),
                }
            };
            let method = command.method.as_deref().unwrap_or_default();
            // What calls nothing prints the body itself.
            let body = if command.local { &request } else { &request["body"] };
            let is_method = command.local || request["method"] == method;
            if code != 0 || !is_quiet || *body != expected || !is_method {
                faults.push(format!("{arguments:?} → {code}\n{words}{body}\nexpected {expected:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{} of the examples:\n{}", faults.len(), faults.join("\n\n"));
}

/// Makes the files that an example names.
pub fn make_files(param: &Param<'_>, value: &Value, folder: &std::path::Path) {
    match value {
        Value::String(name) if param.type_word.contains("file") && !name.contains('/') => {
            std::fs::write(folder.join(name), "content").expect("written");
        }
        Value::Array(items) => items.iter().for_each(|item| make_files(param, item, folder)),
        Value::Object(keys) if param.type_word.contains("file") => {
            keys.values().for_each(|path| make_files(param, path, folder));
        }
        Value::Object(keys) => {
            for entry in &param.entries {
                keys.get(entry.name.as_ref()).iter().for_each(|value| make_files(entry, value, folder));
            }
        }
        _ => {}
    }
}

/// Adds the sizes of the files to what is expected.
fn tell_sizes(value: &mut Value) {
    match value {
        Value::Object(keys) if keys.len() == 1 && keys.get("file").is_some_and(Value::is_string) => {
            keys.insert("bytes".into(), 7.into());
        }
        Value::Object(keys) => keys.values_mut().for_each(tell_sizes),
        Value::Array(items) => items.iter_mut().for_each(tell_sizes),
        _ => {}
    }
}

#[test]
fn a_dry_run_shows_the_request_and_no_secret() {
    let request = dry(&[
        "UpdateUser",
        "--url",
        "https://h/rest/1/s3cretCode/",
        "--userid",
        "2150",
        "--fields",
        "{'NAME':'Oleg'}",
    ]);
    assert_eq!(
        request,
        json!({
            "method": "user.update",
            "rest": 2,
            "http": {
                "verb": "POST",
                "url": "https://h/rest/1/***/user.update",
                "headers": request["http"]["headers"],
            },
            "body": {"ID": 2150, "NAME": "Oleg"},
        })
    );
    let (_, stdout, _) = run(&["bitrix24", "GetUser", "--url", "h", "--token", "s3cretToken", "--dry-run"]);
    assert!(!stdout.contains("s3cret"), "{stdout}");
    assert_eq!(dry(&["GetUser", "--userid", "7"])["http"]["url"], "https://<portal>/rest/user.get");
}

#[test]
fn values_are_taken_in_every_form() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fields.json");
    std::fs::write(&path, "\u{FEFF}{\"NAME\": \"Oleg\"}").expect("written");
    let path = path.to_string_lossy().into_owned();
    let expected = json!({"ID": 2150, "NAME": "Oleg"});
    for fields in ["{'NAME':'Oleg'}", "{\"NAME\": \"Oleg\"}", &path, &format!("@{path}")] {
        assert_eq!(
            dry(&["UpdateUser", "--url", "h", "--userid", "2150", "--fields", fields])["body"],
            expected,
            "{fields}"
        );
    }
    let mut child = oint(&["bitrix24", "UpdateUser", "--userid", "2150", "--fields", "-", "--dry-run"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("oint runs");
    child.stdin.take().expect("piped").write_all(b"{'NAME': 'Oleg'}").expect("written");
    let (_, stdout, _) = told(&child.wait_with_output().expect("it ends"));
    assert_eq!(parsed(&stdout)["body"], expected);

    // The short options of the package that the functions come from; an empty object stays one; flags.
    assert_eq!(dry(&["UpdateUser", "-u", "h", "-s", "2150", "-f", "{'NAME':'Oleg'}", "-t", "x"])["body"], expected);
    assert_eq!(dry(&["UpdateUser", "--userid", "7", "--fields", "{}"])["body"], json!({"ID": 7}));
    assert_eq!(dry(&["ChangeUserStatus", "--userid", "7"])["body"], json!({"ID": 7, "ACTIVE": "N"}));
    assert_eq!(dry(&["ChangeUserStatus", "--userid", "7", "--fire", "false"])["body"], json!({"ID": 7, "ACTIVE": "Y"}));
    assert_eq!(dry(&["ChangeUserStatus", "--userid", "7", "--fire"])["body"], json!({"ID": 7, "ACTIVE": "N"}));
    // The parameter wins over an entry of the same key, as the package does it.
    assert_eq!(
        dry(&["UpdateUser", "--userid", "7", "--fields", "{'ID': 9, 'ACTIVE': true}"])["body"],
        json!({"ID": 7, "ACTIVE": "Y"})
    );
    assert_eq!(dry(&["user.get", "--select", "ID", "--start", "50"])["body"], json!({"select": ["ID"], "start": 50}));
    assert_eq!(dry(&["user.get", "--select=['ID','NAME']"])["body"], json!({"select": ["ID", "NAME"]}));
}

#[test]
fn params_take_the_whole_body_and_options_win() {
    let body = dry(&["UpdateUser", "--params", "{'ID': 1, 'NAME': 'A', 'UF_X': 1}", "--userid", "2"])["body"].clone();
    assert_eq!(body, json!({"ID": 2, "NAME": "A", "UF_X": 1}));
    let (code, stdout, stderr) = run(&["bitrix24", "UpdateUser", "--params", "{'ID': 1, 'NMAE': 'A'}", "--dry-run"]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(
        stderr.contains("no parameter `NMAE`")
            && stderr.contains("did you mean `NAME`")
            && stderr.contains("--allow-unknown"),
        "{stderr}"
    );
    assert_eq!(
        dry(&["UpdateUser", "--params", "{'ID': 1, 'NMAE': 'A'}", "--allow-unknown"])["body"],
        json!({"ID": 1, "NMAE": "A"})
    );
}

/// The portal reads the names of REST 2 in any letter case: they are known, and sent as they are given.
#[test]
fn names_of_parameters_may_have_another_letter_case() {
    let params = "{'ID': 27, 'Fields': {'RQ_INN': '190000001'}}";
    assert_eq!(
        dry(&["crm.requisite.update", "--params", params])["body"],
        json!({"ID": 27, "Fields": {"RQ_INN": "190000001"}}),
    );
    // An option wins, and takes over the given spelling.
    assert_eq!(dry(&["crm.requisite.get", "--params", "{'ID': 27}", "--id", "28"])["body"], json!({"ID": 28}));
    let (code, _, stderr) = run(&["bitrix24", "crm.requisite.get", "--params", "{'Id': 27, 'ID': 28}", "--dry-run"]);
    assert!(code == 2 && stderr.contains("no parameter `ID`"), "{stderr}");
}

#[test]
fn templates_print_and_send_nothing() {
    let (code, stdout, _) = run(&["bitrix24", "GetUserFilterStructure"]);
    assert_eq!(code, 0);
    assert!(parsed(&stdout)["USER_TYPE"].as_str().is_some_and(|hint| hint.contains("extranet")));
    let (_, stdout, _) = run(&["bitrix24", "GetUserFilterStructure", "--empty", "true"]);
    assert_eq!(parsed(&stdout)["NAME"], "");
}

#[test]
fn descriptions_keep_their_contract() {
    let (code, stdout, _) = run(&["bitrix24", "user.update", "--describe"]);
    assert_eq!(code, 0);
    let described = parsed(&stdout);
    let keys: Vec<&str> = described.as_object().expect("an object").keys().map(String::as_str).collect();
    let contract = [
        "method",
        "function",
        "aliases",
        "title",
        "summary",
        "scope",
        "rest",
        "effect",
        "access",
        "deprecated",
        "reference",
        "params",
        "returns",
        "errors",
    ];
    assert_eq!(keys[..contract.len()], contract);
    let param: Vec<&str> = described["params"][1].as_object().expect("an object").keys().map(String::as_str).collect();
    let contract = [
        "name",
        "argument",
        "option",
        "short",
        "type",
        "required",
        "default",
        "values",
        "wire",
        "description",
        "entries",
    ];
    assert_eq!(param[..contract.len()], contract);
    assert!(
        described["params"][1]["entries"]
            .as_array()
            .is_some_and(|entries| entries.iter().any(|entry| entry["name"] == "UF_DEPARTMENT"))
    );
    let (_, stdout, _) = run(&["bitrix24", "--describe"]);
    assert_eq!(parsed(&stdout).as_array().map(Vec::len), Some(TABLES.commands().count()));
}

/// Wrong usage: exit code 2, nothing on standard output, and a message that names the fault.
#[test]
fn wrong_usage_is_explained() {
    for (arguments, expected) in [
        (&["bitrix24", "UpdatUser"][..], &["no method `UpdatUser`", "did you mean `UpdateUser`"][..]),
        (&["bitrix24", "user.updat"], &["did you mean `user.update`"]),
        (&["bitrix24", "UpdateUser"], &["--url", "--userid", "--fields"]),
        (&["bitrix24", "UpdateUser", "--usreid", "1"], &["--usreid", "--userid"]),
        (
            &["bitrix24", "UpdateUser", "--url", "h", "--token", "t", "--userid", "1", "--fields", "{'NAME':Oleg}"],
            &["--fields", "text needs quotes", "^"],
        ),
        (
            &["bitrix24", "UpdateUser", "--url", "h", "--token", "t", "--userid", "1", "--fields", "missing.json"],
            &["missing.json", "neither JSON nor a file"],
        ),
        (
            &["bitrix24", "UpdateUser", "--url", "h", "--token", "t", "--userid", "1", "--fields", "@missing.json"],
            &["cannot read the file `missing.json`"],
        ),
        (
            &["bitrix24", "UpdateUser", "--url", "h", "--token", "t", "--userid", "1", "--fields", "['a']"],
            &["--fields", "an object is needed, found an array"],
        ),
        (&["bitrix24", "user.get", "--url", "h", "--token", "t", "--start", "many"], &["--start", "no whole number"]),
        (
            &["bitrix24", "ChangeUserStatus", "--url", "h", "--token", "t", "--userid", "1", "--fire", "perhaps"],
            &["--fire", "neither true nor false"],
        ),
        (
            &["bitrix24", "CreateUser", "--url", "h", "--token", "t", "--fields", "{'NAME':'x'}"],
            &["`EMAIL` in --fields"],
        ),
        (&["bitrix24", "GetUser", "--url", "h"], &["access token"]),
        (&["bitrix24", "GetUser", "--url", "https://h/rest/1/s3cretCode/", "--token", "t"], &["webhook", "no token"]),
        (&["bitrix24", "GetUser", "--url", "http://h", "--token", "t"], &["http", "--allow-http"]),
        (&["bitrix24", "GetUser", "--url", "ftp://h", "--token", "t"], &["https://"]),
        (&["bitrix24", "user.update", "--rest", "3", "--dry-run"], &["does not exist in REST 3"]),
        (&["bitrix24", "--dry-run"], &["name a method"]),
        (&["bitrx24"], &["did you mean `bitrix24`"]),
        (&["UpdateUser"], &["oint bitrix24 UpdateUser"]),
        (&["bitrix24", "GetUser", "--url", "h", "--token", "t", "--timeout", "soon"], &["--timeout"]),
        (&["call", "--params", "{}"], &["name a method"]),
        (&["call", "https://h/rest/1/s3cretCode/user.get"], &["no method name", "/rest/1/***/"]),
        (&["bitrix24", "GetUser", "https://h/rest/1/s3cretCode/"], &["unexpected argument", "/rest/1/***/"]),
        (&["bitrix24", "user.get", "--idd", "3"], &["there is no option `--idd`", "did you mean `--id`"]),
        (&["bitrix24", "user.get", "--nosuch"], &["`oint bitrix24 user.get --help` lists"]),
        (&["auth", "login", "--nosuch"], &["there is no option `--nosuch`", "`oint auth login --help`"]),
        (&["sandbox", "--prot", "1"], &["there is no option `--prot`", "did you mean `--port`"]),
        (&["bitrix24", "https://h/rest/1/s3cretCode/"], &["no method", "/rest/1/***/"]),
        (&["https://h/rest/1/s3cretCode/"], &["no command", "/rest/1/***/"]),
        (
            &[
                "bitrix24",
                "UpdateUser",
                "--url",
                "h",
                "--token",
                "t",
                "--userid",
                "1",
                "--fields",
                "{'PERSONAL_PHOTO':'missing.jpg'}",
            ],
            &["--fields: `PERSONAL_PHOTO`: there is no file `missing.jpg`"],
        ),
        (
            &[
                "bitrix24",
                "user.update",
                "--url",
                "h",
                "--token",
                "t",
                "--params",
                "{'ID':1,'PERSONAL_PHOTO':'missing.jpg'}",
            ],
            &["--params: `PERSONAL_PHOTO`: there is no file `missing.jpg`"],
        ),
        (&["sandbox", "--seed", "huge"], &["huge"]),
    ] {
        let (code, stdout, stderr) = run(arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        for part in expected {
            assert!(stderr.contains(part), "{arguments:?}: `{part}` is missing in\n{stderr}");
        }
        assert!(!stderr.contains("s3cret") && !stderr.contains("panicked"), "{stderr}");
    }
}

#[test]
fn an_unknown_value_is_sent_with_a_note() {
    let (code, stdout, stderr) = run(&["bitrix24", "user.get", "--order", "asce", "--dry-run"]);
    assert_eq!((code, &parsed(&stdout)["body"]), (0, &json!({"order": "asce"})));
    assert!(stderr.contains("`asce` is not a known value of order"), "{stderr}");
}

#[test]
fn a_misspelt_key_is_sent_with_a_note() {
    let fields = "{'NMAE':'x','UF_ANYTHING':'y','PERSONAL_PHOTO':''}";
    let (code, stdout, stderr) = run(&["bitrix24", "UpdateUser", "--userid", "1", "--fields", fields, "--dry-run"]);
    let body = json!({"ID": 1, "NMAE": "x", "UF_ANYTHING": "y", "PERSONAL_PHOTO": ""});
    assert_eq!((code, &parsed(&stdout)["body"]), (0, &body));
    assert_eq!(stderr.trim(), "note: `NMAE` is not a known key of fields; did you mean `NAME`?");
}

#[test]
fn a_whole_body_is_sent_as_it_is_given_with_its_files_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let photo = folder.path().join("portrait.jpg");
    std::fs::write(&photo, [0; 9]).expect("written");
    let params = json!({"ID": 1, "ACTIVE": false, "PERSONAL_PHOTO": photo, "UF_DEPARTMENT": [7]}).to_string();
    assert_eq!(
        dry(&["user.update", "--params", &params])["body"],
        json!({"ID": 1, "ACTIVE": false, "PERSONAL_PHOTO": {"file": "portrait.jpg", "bytes": 9}, "UF_DEPARTMENT": [7]})
    );
    // A file in its wire form stays.
    let params = json!({"ID": 1, "ACTIVE": "N", "PERSONAL_PHOTO": ["a.jpg", "AAAA"]}).to_string();
    assert_eq!(
        dry(&["user.update", "--params", &params])["body"],
        json!({"ID": 1, "ACTIVE": "N", "PERSONAL_PHOTO": ["a.jpg", "AAAA"]})
    );
}

/// A server that answers every connection with the same bytes.
fn server(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("known"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer);
        }
    });
    address
}

#[test]
fn what_the_portal_and_the_network_do_shows_in_the_exit_code() {
    let portal = portal();
    let (address, plain) = (portal.address(), portal.webhook_of(10));
    let html = server(
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>",
    );
    let silent = server(b"");
    let closed =
        TcpListener::bind("127.0.0.1:0").map(|listener| listener.local_addr().expect("known")).expect("a free port");
    let closed = format!("http://{closed}");
    let update = ["bitrix24", "UpdateUser", "--userid", "2150", "--fields", "{'NAME':'x'}", "--url"];
    let get = ["bitrix24", "GetUser", "--userid", "2150", "--url"];
    let token = ["--token", portal.token()];
    for (arguments, expected, part) in [
        ([&update[..], &[plain.as_str()]].concat(), 1, "ERROR_CORE: access_denied (HTTP 400)"),
        ([&get[..], &[address.as_str(), "--token", "wrong"]].concat(), 3, "NO_AUTH_FOUND"),
        ([&get[..], &[address.as_str(), "--token", "wrong"]].concat(), 3, "\nhelp: `oint doctor`"),
        ([&get[..], &[closed.as_str()], &token].concat(), 4, "cannot reach 127.0.0.1"),
        (
            [&get[..], &["http://no-such-host.invalid", "--allow-http"], &token].concat(),
            4,
            "cannot reach no-such-host.invalid",
        ),
        ([&get[..], &[html.as_str()], &token].concat(), 4, "expected JSON, got text/html (502 Bad Gateway)"),
        ([&get[..], &[silent.as_str()], &token].concat(), 4, "the connection to 127.0.0.1"),
        ([&update[..], &[html.as_str()], &token].concat(), 6, "outcome unknown"),
        ([&update[..], &[silent.as_str()], &token].concat(), 6, "before you repeat it"),
        ([&["call", "no.such.method", "--url"][..], &[address.as_str()], &token].concat(), 1, "ERROR_METHOD_NOT_FOUND"),
    ] {
        let (code, stdout, stderr) = run(&arguments);
        assert_eq!((code, stdout.as_str()), (expected, ""), "{arguments:?}: {stderr}");
        assert!(
            stderr.contains(part) && !stderr.contains(portal.token()) && !stderr.contains("sandboxcode"),
            "{stderr}"
        );
    }
    portal.expire_token();
    let (code, _, stderr) = run(&[&get[..], &[address.as_str()], &token].concat());
    assert_eq!(code, 3, "{stderr}");
}

/// As other command lines take it: `oint help <command>`, and a word on where options stand.
#[test]
fn help_is_found_in_front_of_a_command_as_well() {
    for (asked, same) in [
        (&["help", "auth", "login"][..], &["auth", "login", "--help"][..]),
        (&["help", "UpdateUser"], &["bitrix24", "UpdateUser", "--help"]),
        (&["help", "bitrix24", "user.update"], &["bitrix24", "UpdateUser", "--help"]),
        (&["help", "call"], &["call", "--help"]),
        (&["help", "sandbox"], &["sandbox", "--help"]),
        (&["help", "help"], &["help"]),
        (&["--help"], &["help"]),
    ] {
        let (code, stdout, stderr) = run(asked);
        assert_eq!((code, stderr.as_str(), &stdout), (0, "", &run(same).1), "{asked:?}");
        assert!(stdout.contains("Usage: "), "{stdout}");
    }
    let (code, _, stderr) = run(&["help", "serch"]);
    assert!(code == 2 && stderr.contains("did you mean `search`"), "{stderr}");
    let (code, _, stderr) = run(&["-v", "bitrix24", "GetCurrentUser"]);
    assert!(code == 2 && stderr.contains("options stand behind the command"), "{stderr}");
}

/// Who has the portal's documentation open writes its names as they stand there.
#[test]
fn a_parameter_is_found_by_its_name_on_the_wire() {
    let expected = dry(&["crm.item.get", "--entity-type-id", "2", "--id", "7"]);
    for spelling in ["--entityTypeId", "--entity-type-id"] {
        assert_eq!(dry(&["crm.item.get", spelling, "2", "--id", "7"]), expected, "{spelling}");
    }
    assert_eq!(dry(&["user.update", "--ID", "7", "--fields", "{}"])["body"]["ID"], 7);
}

#[test]
fn the_connection_can_come_from_the_environment() {
    let portal = portal();
    let output = oint(&["bitrix24", "GetCurrentUser"]).env("B24_URL", portal.webhook()).output().expect("oint runs");
    let (code, stdout, _) = told(&output);
    assert_eq!((code, &parsed(&stdout)["ID"]), (0, &json!("1")));
    let output = oint(&["bitrix24", "GetCurrentUser"])
        .env("B24_URL", portal.address())
        .env("B24_TOKEN", portal.token())
        .output()
        .expect("oint runs");
    assert_eq!(told(&output).0, 0);
    // An option wins over the environment.
    let output = oint(&["bitrix24", "GetCurrentUser", "--url", &portal.webhook()])
        .env("B24_URL", "http://127.0.0.1:1")
        .env("B24_TOKEN", "x")
        .output();
    assert_eq!(told(&output.expect("oint runs")).0, 0);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child =
        oint(&["bitrix24", "--describe"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("oint runs");
    drop(child.stdout.take());
    let (code, _, stderr) = told(&child.wait_with_output().expect("it ends"));
    assert_eq!((code, stderr.as_str()), (0, ""));
}

#[cfg(unix)]
#[test]
fn an_interrupt_tells_what_is_unknown() {
    // A server that takes the request and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("known"));
    for (arguments, unknown) in
        [(&["GetUser", "--userid", "7"][..], false), (&["UpdateUser", "--userid", "7", "--fields", "{}"], true)]
    {
        let child = oint(&["bitrix24"])
            .args(arguments)
            .args(["--url", &address, "--token", "t"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("oint runs");
        let (mut stream, _) = listener.accept().expect("connected");
        let _ = stream.read(&mut [0; 4096]);
        let status =
            std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
        assert!(status.success());
        let (code, stdout, stderr) = told(&child.wait_with_output().expect("it ends"));
        assert_eq!((code, stdout.as_str()), (130, ""), "{stderr}");
        assert_eq!(stderr.contains("unknown"), unknown, "{stderr}");
    }
}

#[cfg(unix)]
#[test]
fn the_sandbox_tells_its_address_and_ends_when_asked() {
    use std::io::{BufRead as _, BufReader};
    let mut child = oint(&["sandbox", "--port", "0", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("oint runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let told_addresses = parsed(&line);
    let (code, stdout, stderr) =
        run(&["bitrix24", "GetCurrentUser", "--url", told_addresses["webhook"].as_str().expect("text")]);
    assert_eq!((code, &parsed(&stdout)["NAME"]), (0, &json!("Anna")), "{stderr}");
    let status = std::process::Command::new("kill").arg(child.id().to_string()).status().expect("kill runs");
    assert!(status.success());
    let (code, _, log) = told(&child.wait_with_output().expect("it ends"));
    assert_eq!((code, log.trim()), (0, "POST user.current by webhook as 1 → 200"));
}
