//! Secrets that are typed: nothing of them is shown, whichever question they answer.

use bitrix24::sandbox::Portal;

use super::{End, Terminal};
use crate::support::portal;

fn code(portal: &Portal) -> String {
    let webhook = portal.webhook();
    webhook.trim_end_matches('/').rsplit('/').next().expect("a code").to_owned()
}

/// `oint auth login` into a fresh home.
struct Login(Terminal, tempfile::TempDir);

impl Login {
    fn start(arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let place = home.path().to_string_lossy().into_owned();
        let arguments = [&["auth", "login"], arguments].concat();
        Self(Terminal::start(&arguments, home.path(), &[("B24_CONFIG_DIR", &place), ("NO_COLOR", "1")]), home)
    }

    fn end(self) -> (End, tempfile::TempDir) {
        (self.0.end(), self.1)
    }
}

fn kept(home: &tempfile::TempDir) -> String {
    std::fs::read_to_string(home.path().join("secrets/local.json")).expect("a secret")
}

#[test]
fn a_webhook_is_typed_unseen() {
    let portal = portal();
    for first in [Some("1"), Some(""), None] {
        let mut login = Login::start(if first.is_some() { &[] } else { &["--webhook"] });
        if let Some(first) = first {
            login.0.expect("How do you log in\\?");
            login.0.expect("1, 2 or 3 \\[1\\]: ");
            login.0.say(first);
        }
        login.0.expect("Address of the webhook \\(not shown\\): ");
        login.0.wait_until_blind();
        login.0.say(&portal.webhook());
        let (end, home) = login.end();
        assert!(end.code == 0 && end.screen.contains("Logged in to 127.0.0.1"), "{}", end.shown);
        assert!(!end.shown.contains(&code(&portal)), "{}", end.shown);
        assert!(kept(&home).contains(&code(&portal)));
    }
}

/// Where a question shows what is typed, a webhook's address is taken as what it is, and off the screen again.
#[test]
fn a_webhook_pasted_at_another_question_is_taken() {
    let portal = portal();
    for questions in [&[][..], &["2"], &["3"]] {
        let mut login = Login::start(&[]);
        for answer in questions {
            login.0.expect("1, 2 or 3 \\[1\\]: ");
            login.0.say(answer);
        }
        login.0.expect(if questions.is_empty() { "1, 2 or 3 \\[1\\]: " } else { "Domain of the portal: " });
        login.0.say(&portal.webhook());
        let (end, home) = login.end();
        assert!(end.code == 0 && end.screen.contains("Logged in to 127.0.0.1"), "{}", end.shown);
        assert!(end.screen.contains("*** (a webhook's address, not shown)"), "{}", end.screen);
        assert!(!end.screen.contains(&code(&portal)), "{}", end.screen);
        assert!(kept(&home).contains(&code(&portal)));
    }
    // Who asks for an application by option means it; a secret is no part of the message.
    let mut login = Login::start(&["--client-id", "app.1"]);
    login.0.expect("Domain of the portal: ");
    login.0.say(&portal.webhook());
    let (end, _) = login.end();
    assert!(end.code == 2 && end.screen.contains("is a webhook's address"), "{}", end.shown);
    assert!(!end.screen.contains(&code(&portal)), "{}", end.screen);
}

#[test]
fn a_token_and_a_client_secret_are_typed_unseen() {
    let portal = portal();
    let mut login = Login::start(&[]);
    login.0.expect("1, 2 or 3 \\[1\\]: ");
    login.0.say("3");
    login.0.expect("Domain of the portal: ");
    login.0.say(&portal.address());
    login.0.expect("Access token \\(not shown\\): ");
    login.0.wait_until_blind();
    login.0.say(portal.token());
    let (end, _) = login.end();
    assert!(end.code == 0 && !end.shown.contains(portal.token()), "{}", end.shown);

    let mut login = Login::start(&["--portal", &portal.address(), "--client-id", "app.1", "--paste"]);
    login.0.expect("client_secret of the application \\(not shown\\): ");
    login.0.wait_until_blind();
    login.0.say("very-s3cret");
    login.0.expect("The code, or the address that the browser was sent to: ");
    login.0.interrupt();
    let shown = login.0.session.exp_eof().expect("it ends");
    assert!(!login.0.bytes.contains("very-s3cret") && !shown.contains("very-s3cret"), "{shown}");
}

/// Ctrl-C at a hidden question leaves a terminal that shows what is typed.
#[test]
fn an_interrupted_login_leaves_the_terminal_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().to_string_lossy().into_owned();
    let script = "trap : INT; \"$0\" \"$@\"; echo; stty -a | grep -o -e '-\\?echo\\b' | head -1";
    let variables = [("B24_CONFIG_DIR", place.as_str())];
    let mut login = Login(Terminal::run(script, &["auth", "login", "--webhook"], folder.path(), &variables), folder);
    login.0.expect("\\(not shown\\): ");
    login.0.wait_until_blind();
    login.0.interrupt();
    login.0.expect("(?m)^echo\\r$");
}
