//! `oint auth` and `oint doctor` against a portal and its authorisation server over real HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bitrix24::sandbox::Portal;
use bitrix24::{Value, json};

use crate::support::{oint, portal, told};

/// A folder of profiles that is empty at first.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn oint(&self, arguments: &[&str]) -> Command {
        let mut command = oint(arguments);
        command.env("B24_CONFIG_DIR", self.0.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        told(&self.oint(arguments).output().expect("oint runs"))
    }

    /// Runs with something on standard input.
    fn fed(&self, arguments: &[&str], input: &str) -> (i32, String, String) {
        fed(self.oint(arguments), input)
    }

    fn secrets(&self, name: &str) -> PathBuf {
        self.0.path().join("secrets").join(format!("{name}.json"))
    }

    fn log_in(&self, portal: &Portal, name: &str) {
        let (code, _, stderr) = self.fed(&["auth", "login", "--webhook", "-", "--name", name], &portal.webhook());
        assert_eq!(code, 0, "{stderr}");
    }
}

fn fed(mut command: Command, input: &str) -> (i32, String, String) {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("oint starts");
    // It may have ended without reading.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    told(&child.wait_with_output().expect("oint ends"))
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("not JSON ({error}): {text}"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_webhook_becomes_a_profile_that_commands_use() {
    let (portal, home) = (portal(), Home::new());
    let webhook = portal.webhook();
    let secret = webhook.trim_end_matches('/').rsplit('/').next().expect("a code").to_owned();
    let (code, stdout, stderr) = home.fed(&["auth", "login", "--webhook", "-"], &format!("{webhook}\n"));
    assert_eq!((code, stdout.as_str()), (0, ""), "{stderr}");
    assert!(stderr.contains("Logged in to 127.0.0.1") && stderr.contains("`local`"), "{stderr}");
    assert!(!stderr.contains(&secret), "{stderr}");
    assert!(!read(&home.0.path().join("profiles.json")).contains(&secret));
    assert!(read(&home.secrets("local")).contains(&secret));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(home.secrets("local")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    let (code, stdout, stderr) = home.run(&["bitrix24", "GetCurrentUser"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.contains("\"ID\""), "{stdout}");
    // A dry run names the portal and reads no secret.
    std::fs::remove_file(home.secrets("local")).expect("removed");
    let (code, stdout, _) = home.run(&["bitrix24", "GetCurrentUser", "--dry-run"]);
    assert_eq!(code, 0);
    assert_eq!(parsed(&stdout)["http"]["url"], format!("{}/rest/1/***/user.current", portal.address()));
    let (code, _, stderr) = home.run(&["bitrix24", "GetCurrentUser"]);
    assert_eq!(code, 3);
    assert!(stderr.contains("oint auth login --name local"), "{stderr}");
}

#[test]
fn profiles_are_listed_chosen_and_forgotten() {
    let (one, two, home) = (portal(), portal(), Home::new());
    home.log_in(&one, "one");
    home.log_in(&two, "two");
    let (code, stdout, _) = home.run(&["auth", "list"]);
    assert_eq!(code, 0);
    let list = parsed(&stdout);
    assert_eq!(
        list[1],
        json!({"in_use": "*", "profile": "two", "portal": two.address(), "kind": "webhook", "secret": "file"})
    );
    assert_eq!(list[0]["in_use"], "");

    let calls = |portal: &Portal| portal.calls("user.current");
    let call = |arguments: &[&str], profile: Option<&str>| {
        let mut command = home.oint(&[&["bitrix24", "GetCurrentUser"], arguments].concat());
        command.envs(profile.map(|profile| ("B24_PROFILE", profile)));
        let (code, _, stderr) = told(&command.output().expect("oint runs"));
        assert_eq!(code, 0, "{stderr}");
    };
    call(&[], None);
    assert_eq!((calls(&one), calls(&two)), (0, 1));
    call(&["--profile", "one"], Some("two"));
    assert_eq!((calls(&one), calls(&two)), (1, 1));
    call(&[], Some("one"));
    assert_eq!((calls(&one), calls(&two)), (2, 1));
    // An address by option or environment goes before the profiles.
    call(&["--url", &one.webhook()], Some("two"));
    assert_eq!((calls(&one), calls(&two)), (3, 1));

    let (code, _, stderr) = home.run(&["auth", "use", "oen"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("did you mean `one`"), "{stderr}");
    assert_eq!(home.run(&["auth", "use", "one"]).0, 0);
    let (_, stdout, _) = home.run(&["auth", "status", "--output", "json"]);
    let status = parsed(&stdout);
    assert_eq!(
        (&status["profile"], &status["kind"], &status["user"]["id"]),
        (&json!("one"), &json!("webhook"), &json!("1"))
    );
    assert!(status["scopes"].as_array().is_some_and(|scopes| !scopes.is_empty()), "{status}");
    let (code, stdout, _) = home.run(&["auth", "status", "--offline", "--profile", "two"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("two (chosen by --profile)") && stdout.contains("/rest/1/***/"), "{stdout}");

    assert_eq!(home.run(&["auth", "logout"]).0, 0);
    assert!(!home.secrets("one").exists() && home.secrets("two").exists());
    let (code, _, stderr) = home.run(&["auth", "status"]);
    assert_eq!(code, 3);
    assert!(stderr.contains("oint auth use"), "{stderr}");
    assert_eq!(home.run(&["auth", "logout", "--all-profiles"]).0, 0);
    assert!(!home.secrets("two").exists());
}

#[test]
fn a_login_that_does_not_work_is_not_kept() {
    let (portal, home) = (portal(), Home::new());
    let wrong = format!("{}/rest/1/wrongcode/", portal.address());
    let (code, _, stderr) = home.fed(&["auth", "login", "--webhook", "-"], &wrong);
    assert_eq!(code, 3, "{stderr}");
    assert!(!stderr.contains("wrongcode") && !home.0.path().join("profiles.json").exists(), "{stderr}");
    for (arguments, input, said) in [
        (&["auth", "login"][..], "", "no terminal to ask on"),
        (&["auth", "login", "--webhook", "-"], "", "standard input is empty"),
        (&["auth", "login", "--webhook", "-"], "https://b24.example.org/", "not a webhook's address"),
        (&["auth", "login", "--webhook", "-", "--client-id", "a"], "x", "choose one"),
        (&["auth", "login", "--webhook", "-", "--name", "../x"], "x", "no name for a profile"),
        (&["auth", "login", "--token-file", "-"], "x", "name the portal"),
    ] {
        let (code, _, stderr) = home.fed(arguments, input);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
    std::fs::write(home.0.path().join("profiles.json"), "{").expect("written");
    let (code, _, stderr) = home.run(&["bitrix24", "GetCurrentUser"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("is no list of profiles"), "{stderr}");
    // What needs no portal does not look.
    assert_eq!(home.run(&["bitrix24", "GetCurrentUser", "--url", &portal.webhook()]).0, 0);
}

/// What a browser does: opens an address and goes where it is sent.
fn browse(address: &str) -> String {
    let mut address = address.to_owned();
    loop {
        let rest = address.strip_prefix("http://").expect("plain http");
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut stream = TcpStream::connect(host).expect("connected");
        let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let location = answer.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
        });
        match location {
            Some(there) => address = there,
            None => return answer,
        }
    }
}

fn log_in_as_application(home: &Home, portal: &Portal, server: &str) {
    let secret = home.0.path().join("client_secret");
    std::fs::write(&secret, portal.client_secret()).expect("written");
    let mut command = home.oint(&["auth", "login", "--portal", &portal.address(), "--client-id", portal.client_id()]);
    command.args(["--client-secret-file".as_ref(), secret.as_os_str()]).args(["--port", "0", "--name", "app"]);
    let mut child = command.env("B24_OAUTH_SERVER", server).stderr(Stdio::piped()).spawn().expect("oint starts");
    let mut said = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    let link = loop {
        line.clear();
        assert!(said.read_line(&mut line).expect("readable") > 0, "it ended without an address to open");
        if line.trim().starts_with("http") {
            break line.trim().to_owned();
        }
    };
    // An answer of somebody else's is not taken.
    let back = link.rsplit("redirect_uri=").next().expect("an address");
    let back = back.replace("%3A", ":").replace("%2F", "/").replace("%2E", ".");
    assert!(browse(&format!("{back}?code=forged&state=forged")).contains("400 Bad Request"));
    assert!(browse(&link).contains("You are logged in"));
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("readable");
    assert!(child.wait().expect("it ends").success(), "{rest}");
    assert!(rest.contains("The profile `app` is in use"), "{rest}");
}

#[test]
fn an_application_logs_in_by_browser_and_renews_its_tokens() {
    let (portal, home) = (portal(), Home::new());
    log_in_as_application(&home, &portal, &portal.authorization_server());
    let before = read(&home.secrets("app"));
    assert!(before.contains(portal.client_secret()));
    assert!(!read(&home.0.path().join("profiles.json")).contains(portal.client_secret()));

    portal.expire_token();
    let asked = portal.counts().token_requests;
    // Processes side by side renew once.
    let children: Vec<_> = (0..4)
        .map(|_| {
            let mut command = home.oint(&["bitrix24", "GetCurrentUser"]);
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("oint starts")
        })
        .collect();
    for child in children {
        let (code, _, stderr) = told(&child.wait_with_output().expect("oint ends"));
        assert_eq!((code, stderr.as_str()), (0, ""));
    }
    assert_eq!(portal.counts().token_requests - asked, 1);
    let after = read(&home.secrets("app"));
    assert!(after != before && after.contains(portal.client_secret()));

    let (code, stdout, _) = home.run(&["auth", "status"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("application") && stdout.contains("good until"), "{stdout}");
    let refresh = parsed(&after)["refresh_token"].as_str().expect("a token").to_owned();
    assert!(!stdout.contains(&refresh) && !stdout.contains(portal.client_secret()), "{stdout}");
}

/// The portal's authorisation server, which answers when the test lets it.
struct Gate {
    address: String,
    asked: Arc<AtomicUsize>,
    is_open: Arc<AtomicBool>,
}

impl Gate {
    fn before(portal: &Portal) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("known"));
        let (asked, is_open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(true)));
        let (counted, opened, behind) = (Arc::clone(&asked), Arc::clone(&is_open), portal.address());
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let head: Vec<String> = BufReader::new(&stream)
                    .lines()
                    .map(|line| line.expect("a request"))
                    .take_while(|line| !line.is_empty())
                    .collect();
                counted.fetch_add(1, Ordering::SeqCst);
                while !opened.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(2));
                }
                let path = head[0].split(' ').nth(1).expect("a path");
                let _ = stream.write_all(browse(&format!("{behind}{path}")).as_bytes());
            }
        });
        Self { address, asked, is_open }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A refresh token is good for once: a command that ends while the authorisation server works keeps what comes of it first.
#[cfg(unix)]
#[test]
fn new_tokens_are_kept_however_a_command_ends() {
    let (portal, home) = (portal(), Home::new());
    let gate = Gate::before(&portal);
    log_in_as_application(&home, &portal, &gate.address);
    let call = ["bitrix24", "GetCurrentUser"];
    for (more, is_interrupted, exit, said) in [
        (&["--timeout", "1"][..], false, 4, "no valid tokens within the time of the call"),
        (&[], true, 130, "interrupted"),
    ] {
        // The access token's time has passed.
        let mut secrets = parsed(&read(&home.secrets("app")));
        secrets["expires"] = json!(1);
        std::fs::write(home.secrets("app"), secrets.to_string()).expect("written");
        let asked = gate.asked();
        gate.is_open.store(false, Ordering::SeqCst);
        let mut command = home.oint(&[&call[..], more].concat());
        let mut child = command.stderr(Stdio::piped()).spawn().expect("oint starts");
        while gate.asked() == asked {
            std::thread::sleep(Duration::from_millis(2));
        }
        if is_interrupted {
            let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
            assert!(sent.success());
        }
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut shown = String::new();
        while !shown.contains("waiting until the new ones are kept") {
            assert!(stderr.read_line(&mut shown).expect("readable") > 0, "it did not wait: {shown}");
        }
        assert!(shown.contains(said), "{shown}");
        gate.is_open.store(true, Ordering::SeqCst);
        stderr.read_to_string(&mut shown).expect("readable");
        assert_eq!(child.wait().expect("it ends").code(), Some(exit), "{shown}");
        let (code, _, stderr) = home.run(&call);
        assert_eq!((code, stderr.as_str()), (0, ""));
        assert_eq!(gate.asked() - asked, 1, "it has the new tokens");
    }
}

/// A renewal under way, of another process, saves what comes of the tokens that a new login replaces.
#[test]
fn a_new_login_is_not_replaced_by_the_tokens_of_the_old_one() {
    let (portal, home) = (portal(), Home::new());
    let secrets = home.secrets("one");
    std::fs::create_dir_all(secrets.parent().expect("a folder")).expect("made");
    let renewal = std::fs::File::create(format!("{}.lock", secrets.display())).expect("made");
    renewal.lock().expect("nobody has it");
    let mut command = home.oint(&["auth", "login", "--webhook", "-", "--name", "one"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().expect("oint starts");
    child.stdin.take().expect("piped").write_all(portal.webhook().as_bytes()).expect("written");
    while portal.calls("profile") == 0 {
        std::thread::sleep(Duration::from_millis(2));
    }
    std::fs::write(&secrets, r#"{"access_token": "old"}"#).expect("written");
    drop(renewal);
    assert!(child.wait().expect("it ends").success());
    assert!(read(&secrets).contains("webhook"), "{}", read(&secrets));
}

#[test]
fn a_code_can_be_pasted() {
    let (portal, home) = (portal(), Home::new());
    let link = format!("{}/oauth/authorize/?client_id={}&state=x", portal.address(), portal.client_id());
    let shown = browse(&link);
    let code = shown.rsplit("code=").next().expect("a code").trim().to_owned();
    let arguments = [
        "auth",
        "login",
        "--portal",
        &portal.address(),
        "--client-id",
        portal.client_id(),
        "--client-secret-file",
        "-",
        "--paste",
    ];
    let mut command = home.oint(&arguments);
    command.env("B24_OAUTH_SERVER", portal.authorization_server());
    let (exit, _, stderr) = fed(command, &format!("{}\n{code}\n", portal.client_secret()));
    assert_eq!(exit, 0, "{stderr}");
    assert_eq!(home.run(&["bitrix24", "GetCurrentUser"]).0, 0);
    // It was good for once.
    let mut command = home.oint(&arguments);
    command.env("B24_OAUTH_SERVER", portal.authorization_server());
    let (exit, _, stderr) = fed(command, &format!("{}\n{code}\n", portal.client_secret()));
    assert_eq!(exit, 3, "{stderr}");
    assert!(stderr.contains("invalid_grant") && !stderr.contains(&code), "{stderr}");
}

#[test]
fn a_token_comes_from_a_file_or_from_standard_input() {
    let (portal, home) = (portal(), Home::new());
    let (address, file) = (portal.address(), home.0.path().join("token"));
    std::fs::write(&file, format!("{}\n", portal.token())).expect("written");
    let file = file.to_str().expect("UTF-8");
    let call = ["bitrix24", "GetCurrentUser", "--url", &address];
    let with = |more: &[&str], input: &str| {
        let (code, _, stderr) = home.fed(&[&call[..], more].concat(), input);
        (code, stderr)
    };
    assert_eq!(with(&["--token-file", file], "").0, 0);
    assert_eq!(with(&["--token", "-"], portal.token()).0, 0);
    assert_eq!(with(&["--token-file", "-"], portal.token()).0, 0);
    for (more, input, said) in [
        (&["--token", "-"][..], "", "standard input holds no token"),
        (&["--token-file", "/nowhere/token"], "", "cannot read /nowhere/token"),
        (&["--token-file", file, "--token", "x"], "", "two tokens"),
        (&["--token", "-"], "one two", "more than a token"),
    ] {
        let (code, stderr) = with(more, input);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains(said) && !stderr.contains(portal.token()), "{stderr}");
    }
    let login = ["auth", "login", "--portal", &address, "--token-file", "-", "--name", "t"];
    let (code, _, stderr) = home.fed(&login, portal.token());
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(home.run(&["bitrix24", "GetCurrentUser"]).0, 0);
}

/// A warning on standard error, once, with the command that mends it; nothing fails for it.
#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let chmod = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("changed");
    };
    let (portal, home) = (portal(), Home::new());
    let token = home.0.path().join("my token");
    std::fs::write(&token, portal.token()).expect("written");
    let (address, path) = (portal.address(), token.to_str().expect("UTF-8"));
    let call = ["bitrix24", "GetCurrentUser", "--url", &address, "--token-file", path];
    chmod(&token, 0o600);
    let (code, _, stderr) = home.run(&call);
    assert_eq!((code, stderr.as_str()), (0, ""));
    chmod(&token, 0o644);
    let warning = format!("warning: other users of this machine can read {path}, which holds a secret\n");
    let (code, stdout, stderr) = home.run(&call);
    assert_eq!((code, stderr), (0, format!("{warning}help: chmod 600 '{path}'\n")));
    assert!(parsed(&stdout)["ID"].is_string(), "{stdout}");
    // What is not read is not warned of, and what comes through a pipe has no readers but one.
    let (code, _, stderr) = home.run(&[&call[..], &["--dry-run"]].concat());
    assert_eq!((code, stderr.as_str()), (0, ""));
    let piped = ["bitrix24", "GetCurrentUser", "--url", &address, "--token-file", "/dev/stdin"];
    let (code, _, stderr) = home.fed(&piped, portal.token());
    assert_eq!((code, stderr.as_str()), (0, ""));
    // Logging in reads it as well; the profile's own file is another one.
    let login = ["auth", "login", "--portal", &address, "--token-file", path, "--name", "open"];
    let (code, _, stderr) = home.run(&login);
    assert!(code == 0 && stderr.contains(&warning), "{stderr}");
    let (code, _, stderr) = home.run(&["bitrix24", "GetCurrentUser"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    chmod(&home.secrets("open"), 0o640);
    let (code, _, stderr) = home.run(&["bitrix24", "GetCurrentUser"]);
    let secrets = home.secrets("open");
    assert!(code == 0 && stderr.ends_with(&format!("help: chmod 600 {}\n", secrets.display())), "{stderr}");
    assert_eq!(stderr.matches("warning: ").count(), 1, "{stderr}");
}

/// The doctor's findings by check: verdict and help.
fn findings(command: &mut Command) -> (i32, Vec<(String, String, String)>) {
    let (code, stdout, stderr) = told(&command.output().expect("oint runs"));
    assert_eq!(stderr, "");
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = parsed(&stdout).as_array().cloned().unwrap_or_default();
    (code, rows.iter().map(|row| (text(row, "check"), text(row, "verdict"), text(row, "help"))).collect())
}

fn verdict(findings: &[(String, String, String)], check: &str) -> (String, String) {
    let found = findings.iter().find(|(name, ..)| name == check);
    found
        .map(|(_, verdict, help)| (verdict.clone(), help.clone()))
        .unwrap_or_else(|| panic!("no {check}: {findings:?}"))
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    let (portal, home) = (portal(), Home::new());
    home.log_in(&portal, "work");
    let doctor = |arguments: &[&str]| {
        findings(&mut home.oint(&[&["doctor", "--output", "json", "--timeout", "60"], arguments].concat()))
    };
    let (code, found) = doctor(&[]);
    assert_eq!(code, 0, "{found:?}");
    for check in ["connection", "name", "network", "clock", "authorised", "scopes", "methods"] {
        assert_eq!(verdict(&found, check).0, "ok", "{check}: {found:?}");
    }
    let (code, stdout, _) = home.run(&["doctor"]);
    assert_eq!(code, 0);
    assert!(stdout.starts_with("ok    connection") && stdout.contains("profile `work`"), "{stdout}");

    let (code, found) = doctor(&["--url", &format!("{}/rest/1/wrong/", portal.address())]);
    assert_eq!((code, verdict(&found, "authorised").0.as_str()), (3, "fail"));
    assert!(verdict(&found, "authorised").1.contains("copy its address"), "{found:?}");

    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let (code, found) = doctor(&["--url", &format!("http://{closed}/rest/1/code/")]);
    assert_eq!((code, verdict(&found, "network").0.as_str()), (4, "fail"));
    assert_eq!(verdict(&found, "authorised").0, "skip");
    // Something that takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/rest/1/code/", silent.local_addr().expect("a port"));
    let (code, found) = findings(&mut home.oint(&["doctor", "--output", "json", "--timeout", "1", "--url", &url]));
    assert_eq!((code, verdict(&found, "network").0.as_str()), (4, "ok"));
    assert_eq!((verdict(&found, "http").0.as_str(), verdict(&found, "authorised").0.as_str()), ("fail", "skip"));
    let (code, found) = doctor(&["--url", "https://portal.invalid/rest/1/code/"]);
    assert_eq!((code, verdict(&found, "name").0.as_str()), (4, "fail"));
    let (code, found) =
        findings(oint(&["doctor", "--output", "json"]).env("B24_CONFIG_DIR", home.0.path().join("none")));
    assert_eq!((code, verdict(&found, "connection").0.as_str()), (2, "fail"));
    assert!(verdict(&found, "connection").1.contains("oint auth login"), "{found:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(home.secrets("work"), std::fs::Permissions::from_mode(0o644)).expect("changed");
        let (code, found) = doctor(&[]);
        assert_eq!((code, verdict(&found, "secret").0.as_str()), (0, "warn"));
    }
}

#[test]
fn the_doctor_looks_at_certificates_and_clocks() {
    let folder = tempfile::tempdir().expect("a folder");
    let portal = bitrix24::sandbox::Sandbox::new(&bitrix24::TABLES).tls().start().expect("a free port");
    let address = format!("{}/rest/1/sandboxcode00000/", portal.secure_address().expect("it speaks https"));
    let arguments = ["doctor", "--output", "json", "--timeout", "60", "--url", &address];
    let (code, found) = findings(&mut oint(&arguments));
    assert_eq!((code, verdict(&found, "tls").0.as_str()), (4, "fail"), "{found:?}");
    assert!(verdict(&found, "tls").1.contains("SSL_CERT_FILE"));
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, portal.certificate().expect("it has one")).expect("written");
    let (_, found) = findings(oint(&arguments).env("SSL_CERT_FILE", &authority));
    assert_eq!(verdict(&found, "tls").0, "ok", "{found:?}");
}

/// With the keyring of a desktop, where one can be started: `dbus-run-session` and `gnome-keyring-daemon`.
#[cfg(target_os = "linux")]
#[test]
fn a_keyring_keeps_the_secret_where_there_is_one() {
    let has = |program: &str| {
        std::env::var_os("PATH")
            .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).exists()))
    };
    if !has("dbus-run-session") || !has("gnome-keyring-daemon") {
        println!("skipped: dbus-run-session and gnome-keyring-daemon are not there");
        return;
    }
    let (portal, home) = (portal(), Home::new());
    let script = "echo -n secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1\n\
                  echo \"$WEBHOOK\" | \"$OINT\" auth login --webhook - --name desk --store keyring || exit 1\n\
                  \"$OINT\" bitrix24 GetCurrentUser || exit 2\n\
                  \"$OINT\" auth logout || exit 3\n\
                  echo \"$WEBHOOK\" | \"$OINT\" auth login --webhook - --name desk || exit 4\n\
                  \"$OINT\" auth list";
    let mut command = Command::new("dbus-run-session");
    command
        .args(["--", "sh", "-c", script])
        .env("OINT", env!("CARGO_BIN_EXE_oint"))
        .env("WEBHOOK", portal.webhook())
        .env("B24_CONFIG_DIR", home.0.path())
        .env("HOME", home.0.path())
        .env("XDG_RUNTIME_DIR", home.0.path())
        .env_remove("XDG_DATA_HOME")
        .env_remove("B24_URL");
    let (code, stdout, stderr) = told(&command.output().expect("it runs"));
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("\"secret\": \"keyring\""), "{stdout}{stderr}");
    assert!(!home.secrets("desk").exists());
}
