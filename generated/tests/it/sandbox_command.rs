//! `oint sandbox` as it is started in a terminal: what it says of itself is enough to use it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use crate::support::{oint, told};

/// A portal in a process of its own, which ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts one in a folder: the process, and what it says up to its last line.
fn start(arguments: &[&str], folder: &std::path::Path) -> (Running, String) {
    let mut command = oint(&[&["sandbox", "--port", "0", "--quiet"], arguments].concat());
    let mut child = command.current_dir(folder).stdout(Stdio::piped()).spawn().expect("oint runs");
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let running = Running(child);
    let mut text = String::new();
    while !text.contains("\nTry: ") {
        assert!(out.read_line(&mut text).expect("text") > 0, "{text}");
    }
    (running, text)
}

/// The word behind a name on a line of its own.
fn behind<'t>(text: &'t str, name: &str) -> &'t str {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name}: {text}")).trim()
}

#[test]
fn https_is_announced_with_the_way_to_trust_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_portal, text) = start(&["--tls", "my authority.pem"], folder.path());
    let webhook = behind(&text, "https ");
    assert!(webhook.starts_with("https://localhost:") && webhook.ends_with("/rest/1/sandboxcode00000/"), "{text}");
    let call = ["bitrix24", "GetCurrentUser", "--url", webhook];
    let (code, _, stderr) = told(&oint(&call).output().expect("oint runs"));
    assert_eq!(code, 4, "nobody trusts it by itself: {stderr}");
    // As it is printed, by a shell.
    let trust = behind(&text, "oint, Python ");
    let script = format!("{trust}; exec \"$0\" \"$@\"");
    let known = oint(&call);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).arg(known.get_program()).args(known.get_args());
    command.envs(known.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let (code, stdout, stderr) = told(&command.output().expect("sh runs"));
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
}

#[test]
fn without_https_nothing_is_said_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_portal, text) = start(&[], folder.path());
    assert!(!text.contains("https") && !text.contains("SSL_CERT_FILE"), "{text}");
    let (code, ..) =
        told(&oint(&["bitrix24", "GetCurrentUser", "--url", behind(&text, "webhook ")]).output().expect("oint runs"));
    assert_eq!(code, 0);
}
