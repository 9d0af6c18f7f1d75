//! From the given options to the call.

use clap::ArgMatches;
use serde_json::Value;

use crate::call::Call;
use crate::cli::command::{given, given_all, is_set, key};
use crate::cli::exit::Stop;
use crate::cli::suggest::hint;
use crate::cli::terms;
use crate::cli::value::{Converted, Inputs};
use crate::table::{Command, Param, split_path};
use crate::value::{File, Object};

/// Files and where they stand in the body.
type Files = Vec<(Vec<String>, File)>;

/// Makes the call of a command. `missing` are the connection's options that are not given: they are named together
/// with the parameters.
pub(crate) fn call(
    command: &Command<'static>,
    matches: &ArgMatches,
    inputs: &Inputs,
    missing: Vec<String>,
) -> Result<Call, Stop> {
    Given::read(command, matches, inputs)?.call(command, missing)
}

/// What is given of a command's parameters, before it has to be enough for a call: rows of a file may bring the rest.
#[derive(Clone)]
pub(crate) struct Given {
    /// The body that `--params` gives, and the files in it.
    base: Object,
    uploads: Files,
    /// Whether `--params` gives it; then nothing is sent that is not given.
    is_whole: bool,
    /// The keys that `--params` spells differently from the spec.
    spellings: Vec<(String, String)>,
    /// A value a parameter, in the parameters' order.
    pub(crate) values: Vec<Option<Converted>>,
}

impl Given {
    /// Reads the options of a command line.
    pub(crate) fn read(command: &Command<'static>, matches: &ArgMatches, inputs: &Inputs) -> Result<Self, Stop> {
        let mut spellings = Vec::new();
        let whole = given(matches, "params");
        let (base, uploads) = match whole {
            Some(text) => params(command, text, is_set(matches, "allow-unknown"), inputs, &mut spellings)?,
            None => (Object::new(), Vec::new()),
        };
        let mut values = Vec::new();
        let mut faults = Vec::new();
        for (at, param) in command.params.iter().enumerate() {
            let texts = given_all(matches, &key(at));
            let value = (!texts.is_empty())
                .then(|| terms::read(param, &texts, inputs, file_name(command, matches, param)))
                .transpose();
            values.push(value.unwrap_or_else(|fault| {
                faults.push(format!("--{}: {fault}", option(param)));
                None
            }));
        }
        if !faults.is_empty() {
            return Err(Stop::usage(faults.join("\n")));
        }
        Ok(Self { base, uploads, is_whole: whole.is_some(), spellings, values })
    }

    /// A whole body, as `--params` gives it.
    pub(crate) fn whole(
        command: &Command<'static>,
        body: Object,
        allow_unknown: bool,
        inputs: &Inputs,
    ) -> Result<Self, Stop> {
        let mut spellings = Vec::new();
        let (base, uploads) = whole(command, body, "", allow_unknown, Some(inputs), &mut spellings)?;
        Ok(Self { base, uploads, is_whole: true, spellings, values: command.params.iter().map(|_| None).collect() })
    }

    /// A whole body that stays as it is: no text in it names a file to read.
    #[cfg(feature = "mcp")]
    pub(crate) fn verbatim(command: &Command<'static>, body: Object) -> Result<Self, Stop> {
        let mut spellings = Vec::new();
        let (base, uploads) = whole(command, body, "", false, None, &mut spellings)?;
        Ok(Self { base, uploads, is_whole: true, spellings, values: command.params.iter().map(|_| None).collect() })
    }

    /// Puts a value at a path inside the object, or the list, of a parameter.
    pub(crate) fn place(&mut self, at: usize, path: &[String], value: Converted) -> Result<(), String> {
        let slot = self.values[at].get_or_insert_with(|| Converted::from(Value::Null));
        set_in(&mut slot.value, path, value.value)?;
        slot.files.extend(value.files.into_iter().map(|(inner, file)| ([path.to_vec(), inner].concat(), file)));
        Ok(())
    }

    /// Puts a value at a path of the body that no parameter is known for.
    pub(crate) fn place_free(&mut self, path: &[String], value: Value) -> Result<(), String> {
        let Some((first, rest)) = path.split_first() else { return Ok(()) };
        set_in(self.base.entry(first.as_str()).or_insert(Value::Null), rest, value)
    }

    /// All that is given, as a text that differs where it does.
    pub(crate) fn fingerprint(&self) -> String {
        let values: Vec<Option<&Value>> =
            self.values.iter().map(|value| value.as_ref().map(|value| &value.value)).collect();
        serde_json::json!([self.base, self.is_whole, self.spellings, values]).to_string()
    }

    /// The call, when nothing is missing. `missing` is named together with the parameters.
    pub(crate) fn call(self, command: &Command<'static>, missing: Vec<String>) -> Result<Call, Stop> {
        let Self { mut base, mut uploads, is_whole, spellings, values } = self;
        let mut explicit: Vec<(&Param<'static>, Option<Converted>)> = command.params.iter().zip(values).collect();
        // An object given as a whole is a part of the body that the options of its keys win over.
        for (param, value) in explicit.iter_mut().filter(|(param, _)| param.group) {
            if let Some(Converted { value: Value::Object(entries), files }) = value.take() {
                let slot = base.entry(param.name.as_ref()).or_insert_with(|| Value::Object(Object::new()));
                match slot {
                    Value::Object(object) => object.extend(entries),
                    other => *other = Value::Object(entries),
                }
                let name = param.name.to_string();
                uploads.extend(files.into_iter().map(|(path, file)| ([vec![name.clone()], path].concat(), file)));
            }
        }
        let given_value =
            |param: &Param<'_>| explicit.iter().any(|(other, value)| other.name == param.name && value.is_some());
        let lacking: Vec<String> = missing
            .into_iter()
            .chain(
                command
                    .params
                    .iter()
                    .filter(|param| param.required && !given_value(param) && !is_in(command, &base, param))
                    .map(describe),
            )
            .chain(explicit.iter().flat_map(|(param, value)| inner_lacking(command, param, value.as_ref(), &base)))
            .collect();
        if !lacking.is_empty() {
            let name = &command.function;
            return Err(Stop::usage(format!(
                "{name} needs more:\n{}\nhelp: `oint bitrix24 {name} --help`",
                lacking.join("\n")
            )));
        }
        let mut call = assemble(command, (base, is_whole), uploads, explicit);
        for (name, given) in spellings {
            call.rename(&name, given);
        }
        Ok(call)
    }
}

/// The name that another option gives the file of a parameter.
fn file_name<'m>(command: &Command<'static>, matches: &'m ArgMatches, param: &Param<'static>) -> Option<&'m str> {
    let other = param.filename.as_deref()?;
    let at = command.params.iter().position(|known| known.name == other)?;
    given(matches, &key(at))
}

fn assemble(
    command: &Command<'static>,
    (base, is_whole): (Object, bool),
    uploads: Files,
    explicit: Vec<(&Param<'static>, Option<Converted>)>,
) -> Call {
    let mut call = Call::new(command.as_method());
    for (key, value) in base.clone() {
        call.set(key, value);
    }
    for (path, file) in uploads {
        let is_replaced = |(param, value): &(&Param<'static>, Option<Converted>)| {
            value.is_some() && param.path().is_some_and(|own| path.starts_with(&own))
        };
        if !explicit.iter().any(is_replaced) {
            call.note_upload(path, &file);
        }
    }
    for (path, value) in &command.constants {
        let path = split_path(path);
        call.set_path(&path.iter().map(String::as_str).collect::<Vec<_>>(), value.clone());
    }
    // A parameter of its own wins over an entry of a merged object.
    let own: Vec<String> = explicit
        .iter()
        .filter(|(_, value)| value.is_some())
        .filter_map(|(param, _)| param.path()?.into_iter().next())
        .collect();
    let is_given: Vec<std::borrow::Cow<'static, str>> =
        explicit.iter().filter(|(_, value)| value.is_some()).map(|(param, _)| param.name.clone()).collect();
    for (param, value) in explicit {
        if param.unless.as_ref().is_some_and(|other| is_given.contains(other)) {
            continue;
        }
        let path = param.path();
        let (value, files) = match value {
            Some(Converted { value, files }) => (value, files),
            // A whole body gets no defaults.
            None => match &param.default {
                Some(default) if !is_whole => (default_value(param, default), Vec::new()),
                _ => continue,
            },
        };
        match (path, value) {
            (None, Value::Object(entries)) => {
                let kept: Object = entries.into_iter().filter(|(key, _)| !own.contains(key)).collect();
                for (path, file) in files {
                    if path.first().is_some_and(|key| kept.contains_key(key)) {
                        call.note_upload(path, &file);
                    }
                }
                for (key, value) in kept {
                    call.set(key, value);
                }
            }
            (None, _) => {}
            (Some(path), value) => {
                call.set_path(&path.iter().map(String::as_str).collect::<Vec<_>>(), value);
                for (inner, file) in files {
                    call.note_upload([path.clone(), inner].concat(), &file);
                }
            }
        }
    }
    call
}

fn default_value(param: &Param<'_>, default: &Value) -> Value {
    match (param.type_word.as_ref(), default) {
        ("boolean<Y/N>", Value::Bool(flag)) => crate::value::yes_no(*flag),
        ("boolean<N/Y>", Value::Bool(flag)) => crate::value::yes_no(!flag),
        ("boolean<1/0>", Value::Bool(flag)) => crate::value::one_zero(*flag),
        (_, default) => default.clone(),
    }
}

/// The whole body given as JSON, with its keys checked, and the files in it.
fn params(
    command: &Command<'static>,
    text: &str,
    allow_unknown: bool,
    inputs: &Inputs,
    spellings: &mut Vec<(String, String)>,
) -> Result<(Object, Files), Stop> {
    let place = "--params: ";
    let value = inputs.json(text).map_err(|fault| Stop::usage(format!("{place}{fault}")))?;
    match value {
        Value::Object(body) => whole(command, body, place, allow_unknown, Some(inputs), spellings),
        other => Err(Stop::usage(format!("{place}an object is needed, found {}", crate::value::kind(&other)))),
    }
}

/// A whole body with its keys checked, and the files in it. `place` stands before every fault. Without `inputs` nothing is
/// converted.
fn whole(
    command: &Command<'static>,
    body: Object,
    place: &str,
    allow_unknown: bool,
    inputs: Option<&Inputs>,
    spellings: &mut Vec<(String, String)>,
) -> Result<(Object, Files), Stop> {
    // A merged object without known keys may hold any.
    let is_open = command.params.iter().any(|param| param.wire == "merge" && param.entries.is_empty());
    let known: Vec<String> = known_keys(command);
    // The portal reads the names of REST 2 in any letter case, and its documentation makes use of it. Here they have the
    // spelling of the spec; the call gets the given one back.
    let mut spelt = Object::new();
    for (key, value) in body.clone() {
        let is_free = |name: &String| !body.contains_key(name) && !spelt.contains_key(name);
        let same = |name: &&String| command.rest == 2 && name.eq_ignore_ascii_case(&key) && is_free(name);
        match known.iter().find(same).filter(|_| !known.contains(&key)) {
            Some(name) => {
                spelt.insert(name.clone(), value);
                spellings.push((name.clone(), key));
            }
            None => {
                spelt.insert(key, value);
            }
        }
    }
    let body = spelt;
    if !allow_unknown && !is_open {
        let mut unknown: Vec<String> = Vec::new();
        for key in body.keys().filter(|key| !known.contains(key) && !is_custom(key)) {
            unknown.push(format!(
                "{place}{} has no parameter `{key}`{}",
                command.function,
                hint(key, known.iter().map(String::as_str))
            ));
        }
        if !unknown.is_empty() {
            let help = match inputs {
                Some(_) => "help: `--allow-unknown` passes such keys on",
                // Nobody types options who gives a body as it is to be sent.
                None => "help: the description of the method lists its parameters",
            };
            unknown.push(help.to_owned());
            return Err(Stop::usage(unknown.join("\n")));
        }
    }
    let (mut converted, mut files) = (Object::new(), Files::new());
    for (key, value) in body {
        let param = command.params.iter().find(|param| param.path().is_some_and(|path| path == [key.as_str()]));
        let merged = || command.params.iter().filter(|param| param.wire == "merge").flat_map(|param| &param.entries);
        let value = match param.or_else(|| merged().find(|entry| entry.name == key)).zip(inputs) {
            Some((param, inputs)) => {
                inputs.body_part(param, value).map_err(|fault| Stop::usage(format!("{place}`{key}`: {fault}")))?
            }
            None => value.into(),
        };
        files.extend(value.files.into_iter().map(|(path, file)| ([vec![key.clone()], path].concat(), file)));
        converted.insert(key, value.value);
    }
    Ok((converted, files))
}

fn known_keys(command: &Command<'static>) -> Vec<String> {
    let constants = command.constants.keys().filter_map(|path| split_path(path).into_iter().next());
    let params = command.params.iter().flat_map(|param| match param.path() {
        Some(path) => path.into_iter().take(1).collect::<Vec<_>>(),
        None => param.entries.iter().map(|entry| entry.name.to_string()).collect(),
    });
    params.chain(constants).collect()
}

/// Custom fields and links to smart processes (`PARENT_ID_128`), which no spec knows.
pub(crate) fn is_custom(key: &str) -> bool {
    let is_link = |prefix: &str| {
        key.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    };
    ["UF_", "PROPERTY_", "ufCrm", "property"].iter().any(|prefix| key.starts_with(prefix))
        || is_link("PARENT_ID_")
        || is_link("parentId")
}

/// Whether `--params` brings a parameter.
fn is_in(command: &Command<'static>, base: &Object, param: &Param<'_>) -> bool {
    match param.path() {
        Some(path) => at(base, &path).is_some(),
        // Whatever is no other parameter's belongs to the merged object.
        None => {
            let paths = || command.params.iter().filter_map(|other| other.path()?.into_iter().next());
            base.keys().any(|key| !paths().any(|other| other == *key))
        }
    }
}

/// What an object lacks of the keys that it requires.
fn inner_lacking(
    command: &Command<'static>,
    param: &Param<'static>,
    value: Option<&Converted>,
    base: &Object,
) -> Vec<String> {
    let there = |entry: &Param<'_>| {
        let inside = value.is_some_and(|converted| has(&converted.value, &entry.name));
        let merged = param.wire == "merge" && base.contains_key(entry.name.as_ref());
        let nested = param.path().is_some_and(|path| at(base, &path).is_some_and(|value| has(value, &entry.name)));
        inside || merged || nested
    };
    // A parameter that is missing as a whole is named itself.
    if value.is_none() && !is_in(command, base, param) {
        return Vec::new();
    }
    let lacking = param.entries.iter().filter(|entry| entry.required && !there(entry));
    lacking.map(|entry| format!("  `{}` in --{}  {}", entry.name, option(param), entry.description)).collect()
}

/// Whether an object, or every object of a list, has a key.
fn has(value: &Value, key: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().all(|item| !item.is_object() || item.get(key).is_some()),
        value => value.get(key).is_some(),
    }
}

/// Puts a value at a path inside another one, making objects, and lists for places, on the way.
pub(crate) fn set_in(slot: &mut Value, path: &[String], value: Value) -> Result<(), String> {
    let Some((key, rest)) = path.split_first() else {
        *slot = value;
        return Ok(());
    };
    if slot.is_null() {
        *slot = if is_place(key) { Value::Array(Vec::new()) } else { Value::Object(Object::new()) };
    }
    match slot {
        Value::Object(object) => set_in(object.entry(key.as_str()).or_insert(Value::Null), rest, value),
        Value::Array(items) => {
            let place: Option<usize> = key.parse().ok().filter(|place| *place <= items.len());
            let Some(place) = place else {
                return Err(format!("there is no place {key} in a list of {}; places are counted from 0", items.len()));
            };
            if place == items.len() {
                items.push(Value::Null);
            }
            set_in(&mut items[place], rest, value)
        }
        other => Err(format!("`{key}` cannot be put into {}", crate::value::kind(other))),
    }
}

/// Whether a key of a path is a place in a list.
pub(crate) fn is_place(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}

/// What an object holds at a path.
fn at<'v>(object: &'v Object, path: &[String]) -> Option<&'v Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(object.get(first)?, |value, key| value.get(key))
}

fn option<'p>(param: &'p Param<'_>) -> &'p str {
    param.option.as_deref().unwrap_or(&param.name)
}

fn describe(param: &Param<'static>) -> String {
    format!("  --{} <{}>  {}", option(param), crate::cli::command::placeholder(param), param.description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_put_where_paths_lead() {
        let path = |text: &str| split_path(text);
        let mut value = Value::Null;
        for (at, item) in [("TITLE", json!("x")), ("PHONE.0.VALUE", json!("1")), ("PHONE.0.TYPE", json!("WORK"))] {
            set_in(&mut value, &path(at), item).expect("put");
        }
        set_in(&mut value, &path("PHONE.1.VALUE"), json!("2")).expect("put");
        assert_eq!(value, json!({"TITLE": "x", "PHONE": [{"VALUE": "1", "TYPE": "WORK"}, {"VALUE": "2"}]}));
        assert!(set_in(&mut value, &path("PHONE.7.VALUE"), json!(1)).is_err_and(|fault| fault.contains("place 7")));
        assert!(set_in(&mut value, &path("TITLE.X"), json!(1)).is_err_and(|fault| fault.contains("into a string")));
        // In an object a number is a key.
        let mut object = json!({});
        set_in(&mut object, &path("2.X"), json!(1)).expect("put");
        assert_eq!(object, json!({"2": {"X": 1}}));
    }
}
