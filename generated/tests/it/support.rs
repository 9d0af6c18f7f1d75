//! A portal and the built command, for the tests of this folder.

use std::process::{Command, Output};

use bitrix24::TABLES;
use bitrix24::sandbox::{Portal, Sandbox};

/// A fresh portal.
pub fn portal() -> Portal {
    Sandbox::new(&TABLES).start().expect("a free port")
}

/// `oint` with these arguments and nothing of a connection in its environment.
pub fn oint(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oint"));
    command.args(arguments).env_remove("B24_URL").env_remove("B24_TOKEN");
    command
}

/// Runs it: exit code, standard output, standard error.
pub fn run(arguments: &[&str]) -> (i32, String, String) {
    told(&oint(arguments).output().expect("oint runs"))
}

/// What a process told.
pub fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}
