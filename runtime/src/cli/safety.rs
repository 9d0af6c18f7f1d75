//! What destroys something asks first.

use serde_json::Value;

use crate::call::Call;
use crate::cli::command::is_set;
use crate::cli::exit::Stop;
use crate::cli::terminal;
use crate::client::Client;
use crate::method::Effect;
use crate::table::Command;

/// The variable that stands for `--yes`.
const YES: &str = "B24_YES";

/// Whether everything is agreed to beforehand.
pub(crate) fn is_agreed(matches: &clap::ArgMatches) -> bool {
    is_set(matches, "yes") || crate::cli::is_on(YES)
}

/// Lets pass what is agreed to, asks where somebody can be asked, and refuses otherwise. `question` says what would be
/// done, without a question mark.
///
/// # Errors
/// Exit code 2 when it is not to be done; nothing has been sent then.
pub(crate) fn confirm(question: &str, is_agreed: bool) -> Result<(), Stop> {
    if is_agreed {
        return Ok(());
    }
    if !terminal::can_ask() {
        return Err(Stop::usage(format!(
            "{question}: nobody can be asked without a terminal; nothing was sent\nhelp: --yes agrees to it, {YES}=1 in the environment too"
        )));
    }
    match terminal::ask(&format!("{question}?"))? {
        true => Ok(()),
        false => Err(Stop::usage("not confirmed; nothing was sent")),
    }
}

/// What a call that deletes would do, as in `Delete deal 7 at b24.example.org`; none for all other calls.
pub(crate) fn question(command: Option<&Command<'static>>, call: &Call, client: &Client) -> Option<String> {
    let deletes = match command {
        Some(command) => command.effect == Effect::Delete.as_str(),
        // What nobody knows may tell by its name.
        None => {
            let name = call.method().name.to_lowercase();
            name.rsplit(['.', '_']).next().is_some_and(|last| last.starts_with("delete") || last == "remove")
        }
    };
    if !deletes {
        return None;
    }
    let what = command.map_or_else(|| format!("Call {}", call.method().name), |command| phrase(command, call));
    let place = client.request(call).ok().and_then(|request| {
        let request = request.dry_run();
        let url = request.pointer("/http/url")?.as_str()?;
        Some(format!(" at {}", url.split_once("://")?.1.split('/').next()?))
    });
    Some(format!("{what}{}", place.unwrap_or_default()))
}

/// The title of a command with what it is about.
fn phrase(command: &Command<'static>, call: &Call) -> String {
    let given: Vec<(String, String)> = command
        .params
        .iter()
        .filter(|param| param.required)
        .filter_map(|param| {
            let path = param.path()?;
            let (first, rest) = path.split_first()?;
            let value = rest.iter().try_fold(call.params().get(first)?, |value, key| value.get(key))?;
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Array(items) if items.len() > 3 => format!("{} of them", items.len()),
                Value::Array(_) => value.to_string(),
                _ => return None,
            };
            Some((param.option.as_deref().unwrap_or(&param.name).to_owned(), text))
        })
        .collect();
    let is_plain = ![" of ", " from ", " by ", " in "].iter().any(|word| command.title.contains(word));
    match given.as_slice() {
        [] => command.title.to_string(),
        [(_, value)] if is_plain => format!("{} {value}", command.title),
        given => {
            let given: Vec<String> = given.iter().map(|(option, value)| format!("{option} {value}")).collect();
            format!("{} ({})", command.title, given.join(", "))
        }
    }
}
