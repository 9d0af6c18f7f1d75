//! `oint` before a person: questions, secrets, bars, tables, pages and Ctrl-C on a pseudo-terminal.

mod lists;
mod login;
mod looks;
mod rows;

use std::path::Path;
use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

use crate::support::oint;

/// Longer than anything here takes on a busy machine.
const PATIENCE: u64 = 60_000;
/// The size of the terminal.
const LINES: u16 = 30;
const COLUMNS: u16 = 60;

/// A terminal in which `oint` runs.
struct Terminal {
    session: PtySession,
    /// A file with the device's name.
    device: tempfile::NamedTempFile,
    /// All that was written to it so far, a letter a byte, as rexpect tells it.
    bytes: String,
}

/// How it ended.
struct End {
    code: i32,
    /// All that was written to the terminal.
    shown: String,
    /// What is left on its screen, without trailing spaces.
    screen: String,
}

impl Terminal {
    /// Starts `oint` on it.
    fn start(arguments: &[&str], folder: &Path, variables: &[(&str, &str)]) -> Self {
        Self::run("exec \"$0\" \"$@\"", arguments, folder, variables)
    }

    /// Starts `oint` with its standard output in a file of the folder.
    fn start_into(file: &str, arguments: &[&str], folder: &Path, variables: &[(&str, &str)]) -> Self {
        Self::run(&format!("exec \"$0\" \"$@\" > {file}"), arguments, folder, variables)
    }

    fn run(script: &str, arguments: &[&str], folder: &Path, variables: &[(&str, &str)]) -> Self {
        let known = oint(arguments);
        let device = tempfile::NamedTempFile::new().expect("a file");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("stty sane cols {COLUMNS} rows {LINES}; tty > \"$DEVICE\"; {script}")]);
        command.arg(known.get_program()).args(known.get_args());
        for (name, value) in known.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(folder).env("TERM", "xterm").env("DEVICE", device.path());
        command.envs(variables.iter().copied());
        Self { session: spawn_command(command, Some(PATIENCE)).expect("started"), device, bytes: String::new() }
    }

    /// Waits for something that fits; a pattern of ASCII.
    #[track_caller]
    fn expect(&mut self, pattern: &str) {
        match self.session.exp_regex(pattern) {
            Ok((before, found)) => self.bytes.push_str(&(before + &found)),
            Err(error) => panic!("no `{pattern}`: {error}\nbefore that: {}", self.shown()),
        }
    }

    /// All that was written to it so far.
    fn shown(&self) -> String {
        let bytes: Vec<u8> = self.bytes.chars().filter_map(|char| u8::try_from(char).ok()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Types a line.
    fn say(&mut self, line: &str) {
        self.session.send_line(line).expect("typed");
    }

    fn interrupt(&mut self) {
        self.session.send_control('c').expect("typed");
    }

    /// Waits until the terminal does not show what is typed.
    fn wait_until_blind(&self) {
        let device = std::fs::read_to_string(self.device.path()).expect("a name");
        let flag = if cfg!(target_os = "linux") { "-F" } else { "-f" };
        let is_blind = || {
            let told = Command::new("stty").args([flag, device.trim(), "-a"]).output().expect("stty runs");
            String::from_utf8_lossy(&told.stdout).split_whitespace().any(|word| word == "-echo")
        };
        while !is_blind() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Reads to the end.
    #[track_caller]
    fn end(mut self) -> End {
        let rest = self.session.exp_eof().expect("it ends");
        self.bytes.push_str(&rest);
        let shown = self.shown();
        let status = format!("{:?}", self.session.process().wait().expect("it ends"));
        // The type has no name outside of its crate: `Exited(Pid(7), 0)`.
        let code =
            status.strip_prefix("Exited(").and_then(|rest| rest.rsplit(", ").next()?.strip_suffix(')')?.parse().ok());
        let code = code.unwrap_or_else(|| panic!("{status}: {shown}"));
        let mut parser = vt100::Parser::new(LINES, COLUMNS, 0);
        parser.process(shown.as_bytes());
        End { code, screen: parser.screen().contents(), shown }
    }
}
