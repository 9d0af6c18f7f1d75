//! What clap does not understand, in the words that all messages of `oint` have: what, and how to mend it.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::exit::Stop;

/// The message for arguments that a command does not take. `name` is the command as it is typed.
pub(crate) fn stop(error: &Error, name: &str) -> Stop {
    let word = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) if error.kind() == ErrorKind::UnknownArgument => word,
        _ => {
            let text = error.render().to_string();
            return Stop::usage(text.strip_prefix("error: ").unwrap_or(&text));
        }
    };
    let near = match error.get(ContextKind::SuggestedArg) {
        Some(ContextValue::String(near)) => Some(near.as_str()),
        Some(ContextValue::Strings(near)) => near.first().map(String::as_str),
        _ => None,
    };
    let message = match (word.starts_with('-'), near) {
        (true, Some(near)) => format!("there is no option `{word}`\nhelp: did you mean `{near}`?"),
        // A lone dash, or several letters behind one, may be a text.
        (true, None) if !word.starts_with("--") => format!(
            "there is no option `{word}`\nhelp: `{name} --help` lists the options; a value that begins with a dash stands behind `=`, as in `--text=-5`"
        ),
        (true, None) => format!("there is no option `{word}`\nhelp: `{name} --help` lists the options"),
        (false, _) => format!(
            "unexpected argument `{word}`\nhelp: a value stands behind its option; `{name} --help` lists the options"
        ),
    };
    Stop::usage(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, ArgAction, Command};

    fn told(arguments: &[&str]) -> String {
        let flag = Arg::new("id").long("id").action(ArgAction::Set);
        let command = Command::new("x").no_binary_name(true).arg(flag);
        stop(&command.try_get_matches_from(arguments).expect_err("wrong"), "oint x").message
    }

    #[test]
    fn what_is_not_known_is_named_with_what_is_near() {
        assert_eq!(told(&["--idd", "7"]), "there is no option `--idd`\nhelp: did you mean `--id`?");
        assert_eq!(told(&["--nosuch"]), "there is no option `--nosuch`\nhelp: `oint x --help` lists the options");
        assert!(told(&["seven"]).starts_with("unexpected argument `seven`\nhelp: "), "{}", told(&["seven"]));
        assert!(told(&["--id"]).contains("a value is required"), "{}", told(&["--id"]));
    }
}
