//! What destroys something asks first.

use serde_json::Value;

use crate::call::Call;
use crate::cli::command::is_set;
use crate::cli::exit::Stop;
use crate::cli::terminal;
use crate::client::Client;
use crate::method::Effect;
use crate::table::{Command, Tables};
use crate::value::Object;

/// The variable that stands for `--yes`.
const YES: &str = "B24_YES";
/// The methods that a question names before "…".
const MOST_NAMED: usize = 3;

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
pub(crate) fn question(
    tables: &Tables,
    command: Option<&Command<'static>>,
    call: &Call,
    client: &Client,
) -> Option<String> {
    let what = match command {
        Some(command) if command.effect == Effect::Delete.as_str() => phrase(command, call),
        Some(_) if !is_batch(&call.method().name) => return None,
        _ => match removals(tables, call).as_slice() {
            [] => return None,
            names if is_batch(&call.method().name) => format!("Run {}", of_batch(names)),
            _ => format!("Call {}", call.method().name),
        },
    };
    let place = client.request(call).ok().and_then(|request| {
        let request = request.dry_run();
        let url = request.pointer("/http/url")?.as_str()?;
        Some(format!(" at {}", url.split_once("://")?.1.split('/').next()?))
    });
    Some(format!("{what}{}", place.unwrap_or_default()))
}

/// The commands of a batch that remove something, by their methods, as in `1 command of the batch that removes something
/// (crm.deal.delete)`.
pub(crate) fn of_batch(names: &[String]) -> String {
    let mut methods: Vec<&str> = Vec::new();
    names.iter().for_each(|name| {
        if !methods.contains(&name.as_str()) {
            methods.push(name);
        }
    });
    let more = if methods.len() > MOST_NAMED { ", …" } else { "" };
    methods.truncate(MOST_NAMED);
    let count = match names.len() {
        1 => "1 command of the batch that removes".to_owned(),
        count => format!("{count} commands of the batch that remove"),
    };
    format!("{count} something ({}{more})", methods.join(", "))
}

/// The methods by which a call removes something: its own, or those of the commands that a `batch` holds.
pub(crate) fn removals(tables: &Tables, call: &Call) -> Vec<String> {
    let method = call.method();
    if is_batch(&method.name) {
        let wrapped = wrapped(call.params()).filter_map(plain).filter(|name| removes(tables, name, None));
        return wrapped.collect();
    }
    let removes = method.effect == Effect::Delete
        || plain(&method.name).is_some_and(|name| removes(tables, &name, Some(method.rest.number())));
    if removes { vec![method.name.to_string()] } else { Vec::new() }
}

/// Whether a method carries out others.
pub(crate) fn is_batch(name: &str) -> bool {
    plain(name).is_some_and(|name| name == "batch")
}

/// Whether a method removes something, by the tables; what these do not know may tell by its name.
fn removes(tables: &Tables, name: &str, rest: Option<u8>) -> bool {
    let is_it =
        |known: &Command<'static>| known.method.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name));
    match tables.command(name, rest).filter(is_it) {
        Some(command) => command.effect == Effect::Delete.as_str(),
        None => name.rsplit(['.', '_']).next().is_some_and(|last| last.starts_with("delete") || last == "remove"),
    }
}

/// The commands inside a `batch`: texts `method?query` below `cmd`, and objects with a `method`, as REST 3.0 takes them.
fn wrapped(params: &Object) -> impl Iterator<Item = &str> {
    params.iter().flat_map(|(key, value)| match value {
        Value::Array(items) if key.eq_ignore_ascii_case("cmd") => items.iter().filter_map(of_entry).collect(),
        Value::Object(entries) if key.eq_ignore_ascii_case("cmd") => entries.values().filter_map(of_entry).collect(),
        Value::Object(_) => of_entry(value).into_iter().collect::<Vec<_>>(),
        _ => Vec::new(),
    })
}

fn of_entry(entry: &Value) -> Option<&str> {
    match entry {
        Value::Object(entries) => {
            entries.iter().find(|(key, _)| key.eq_ignore_ascii_case("method")).and_then(|(_, value)| value.as_str())
        }
        other => other.as_str(),
    }
}

/// The name of a method as the portal reads it: without a query, what stands before it in an address, and the form of the
/// answer. None where nothing is left.
fn plain(command: &str) -> Option<String> {
    let path = command.split(['?', '#']).next().unwrap_or_default();
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().to_lowercase();
    let name = path.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default().trim();
    let name = [".json", ".xml"].iter().find_map(|form| name.strip_suffix(form)).unwrap_or(name);
    (!name.is_empty()).then(|| name.to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(method: &str, params: Value) -> Vec<String> {
        removals(&Tables::EMPTY, &Call::named(method.to_owned()).merge("params", params))
    }

    #[test]
    fn what_removes_is_found_however_it_is_written() {
        for name in [
            "x.delete",
            "X.DELETE",
            "x.deleteAll",
            "x.remove",
            "x_delete",
            "x.delete.json",
            "/x.delete/",
            "x.delete?id=1",
        ] {
            assert_eq!(found(name, json!({})), [name], "{name}");
        }
        for name in ["x.deleted.list", "x.undelete", "delete.x", "x.remover", "", "/", "batch"] {
            assert!(found(name, json!({"id": "x.delete"})).is_empty(), "{name}");
        }
    }

    #[test]
    fn what_a_batch_holds_counts() {
        let deletes = ["x.delete".to_owned()];
        for batch in ["batch", "BATCH", "batch.json"] {
            for params in [
                json!({"cmd": {"a": "x.delete?id=1", "b": "x.get?name=x.delete"}}),
                json!({"CMD": ["x.get", "/X.Delete?id=1"]}),
                json!({"halt": 1, "cmd": [" x%2Edelete ?id=1"]}),
                json!({"0": {"method": "x.delete", "query": {"id": 1}}, "1": {"method": "x.get", "query": {"q": "y.delete"}}}),
            ] {
                assert_eq!(found(batch, params.clone()), deletes, "{batch} {params}");
            }
            for params in
                [json!({}), json!({"cmd": 7}), json!({"cmd": {"a": null}}), json!({"cmd": ["x.get?y=x.delete", ""]})]
            {
                assert!(found(batch, params.clone()).is_empty(), "{batch} {params}");
            }
        }
    }

    #[test]
    fn a_question_names_the_methods_and_not_too_many() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(of_batch(&names(&["a.delete"])), "1 command of the batch that removes something (a.delete)");
        assert_eq!(
            of_batch(&names(&["a.delete", "a.delete", "b.delete", "c.delete", "d.delete"])),
            "5 commands of the batch that remove something (a.delete, b.delete, c.delete, …)"
        );
    }
}
