//! The program of the guide: it is what the example holds, and it works.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bitrix24::{Client, json};

use crate::support::portal;

#[test]
fn the_guide_shows_the_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: PathBuf| fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let example = read(root.join("examples/whole_program.rs"));
    let guide = read(root.join("../docs/guides/whole-program.md"));
    // Without the comment on top.
    let (_, program) = example.split_once("\n\nuse ").expect("a program");
    assert!(guide.contains(&format!("use {program}")), "copy generated/examples/whole_program.rs into the guide");
}

#[tokio::test]
async fn the_example_authorises_lists_and_changes() {
    let portal = portal();
    let client = Client::webhook(&portal.webhook()).expect("a good address");
    for id in [1, 2150] {
        let fields = json!({"ID": id, "WORK_POSITION": "Engineer"});
        client.call("user.update", fields).await.expect("an account");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let examples = Path::new(env!("CARGO_BIN_EXE_oint")).parent().expect("a folder").join("examples");
    let run = || {
        let mut command = Command::new(examples.join("whole_program"));
        command.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        command.env("PORTAL", portal.address()).env("OAUTH_SERVER", portal.authorization_server());
        command.env("CLIENT_ID", portal.client_id()).env("CLIENT_SECRET", portal.client_secret());
        command.spawn().expect("the example is built with the tests")
    };
    let mut first = run();
    let mut lines = BufReader::new(first.stdout.take().expect("piped")).lines().map(|line| line.expect("text"));
    let address = lines.find(|line| line.starts_with("http")).expect("an address to open");
    let code = browse(&address).rsplit_once("code=").map(|(_, code)| code.trim().to_owned()).expect("a code");
    writeln!(first.stdin.take().expect("piped"), "{code}").expect("entered");
    let engineers = lines.next().expect("an end");
    assert!(first.wait().expect("ended").success());
    assert!(engineers.ends_with(" changed") && !engineers.starts_with('0'), "{engineers}");
    let user = client.call("user.get", json!({"ID": 2150})).await.expect("an account");
    assert_eq!(user[0]["WORK_POSITION"], "Developer");

    // The second time it asks nobody, whatever became of the access token, and finds nothing to do.
    portal.expire_token();
    let second = run().wait_with_output().expect("ended");
    assert_eq!(String::from_utf8_lossy(&second.stdout), "0 changed\n");
}

/// What a browser is shown.
fn browse(url: &str) -> String {
    let (host, path) = url.trim_start_matches("http://").split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("connected");
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer
}
