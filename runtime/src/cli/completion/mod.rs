//! Completion in shells. `oint completion <shell>` prints a small script that calls back `oint __complete` whenever Tab is
//! pressed; what is offered comes from the tables and the clap commands, so that it cannot disagree with them.
//!
//! The answer's first line holds words for the script: `files` where paths fit as well, `open` where no space follows. Each
//! other line is a candidate, with a tab and its meaning behind it except for Bash.

mod line;
mod offer;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command as Clap};

use crate::cli::command::given;
use crate::cli::exit::{Exit, Stop};
use crate::cli::sub;
use crate::table::Tables;

use offer::Offer;

/// The shells, each with its script.
const SHELLS: [(&str, &str); 4] = [
    ("bash", include_str!("scripts/oint.bash")),
    ("zsh", include_str!("scripts/oint.zsh")),
    ("fish", include_str!("scripts/oint.fish")),
    ("powershell", include_str!("scripts/oint.ps1")),
];

pub(crate) fn clap() -> Clap {
    sub::clap("completion", "Print the script that lets a shell complete `oint`")
        .after_help(
            "Bash:        oint completion bash > ~/.local/share/bash-completion/completions/oint\n\
             zsh:         oint completion zsh > \"${fpath[1]}/_oint\"\n\
             fish:        oint completion fish > ~/.config/fish/completions/oint.fish\n\
             PowerShell:  oint completion powershell | Out-String | Invoke-Expression    (in $PROFILE)",
        )
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .required(true)
                .value_parser(PossibleValuesParser::new(SHELLS.map(|(shell, _)| shell)))
                .help("The shell"),
        )
}

/// `oint completion <shell>`
pub(crate) fn run(_: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    let Some(matches) = sub::parse(clap(), arguments)? else { return Ok(Exit::Done) };
    let shell = given(&matches, "shell").unwrap_or_default();
    let script = SHELLS.iter().find(|(known, _)| *known == shell).map(|(_, script)| *script).unwrap_or_default();
    super::print(script)
}

/// `oint __complete <shell> …`: whatever is wrong, a shell in the middle of a line gets no message.
pub(crate) fn answer(tables: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    super::print(&text(tables, arguments).unwrap_or_default())
}

fn text(tables: &Tables, arguments: &[String]) -> Option<String> {
    let (shell, rest) = arguments.split_first()?;
    if shell == "bash" {
        // Bash hands over the line up to the cursor, and the characters at which it cuts words itself.
        let (line, breaks) = (rest.first()?, rest.get(1).map(String::as_str).unwrap_or_default());
        let line = line::Line::read(line, breaks);
        let offer = offer::offer(tables, &line.words, &line.current);
        return Some(lines(&offer, |candidate| line.insertion(candidate)));
    }
    let (current, words) = rest.split_last()?;
    // PowerShell loses empty arguments, so that one always has a mark before it.
    let current = if shell == "powershell" { current.strip_prefix('=').unwrap_or(current) } else { current };
    let offer = offer::offer(tables, words, current);
    Some(lines(&offer, |candidate| Some(candidate.to_owned())))
}

/// The answer's lines; `insertion` is what a candidate is to the shell, and whether meanings follow.
fn lines(offer: &Offer, insertion: impl Fn(&str) -> Option<String>) -> String {
    let mut flags = Vec::new();
    if offer.files {
        flags.push("files");
    }
    if offer.candidates.iter().any(|candidate| candidate.is_open) {
        flags.push("open");
    }
    let mut text = flags.join(" ") + "\n";
    for candidate in &offer.candidates {
        let Some(word) = insertion(&candidate.text) else { continue };
        text.push_str(&word);
        if !candidate.meaning.is_empty() {
            text.push('\t');
            text.push_str(&candidate.meaning);
        }
        text.push('\n');
    }
    text
}
