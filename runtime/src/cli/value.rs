//! From the text of an option to the value that it stands for.

use std::cell::{Cell, RefCell};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::cli::suggest::nearest;
use crate::cli::{json, stdin};
use crate::number;
use crate::table::{Param, alternatives, below_keys, is_object, is_one_of, item_of};
use crate::value::{File, FileForm};

/// A value as it goes into the body, with the files in it.
#[derive(Clone)]
pub(crate) struct Converted {
    pub(crate) value: Value,
    /// Files and where they stand inside the value.
    pub(crate) files: Vec<(Vec<String>, File)>,
}

impl From<Value> for Converted {
    fn from(value: Value) -> Self {
        Self { value, files: Vec::new() }
    }
}

/// Where values come from besides the command line.
pub(crate) struct Inputs {
    /// What people should know without being stopped.
    pub(crate) notes: RefCell<Vec<String>>,
    /// Whether what is read now is a body as the portal takes it, so that only files are converted in it.
    body: Cell<bool>,
    /// Whether texts are cells of a table: they are taken as they are, and name no other place to read from.
    is_table: bool,
}

impl Inputs {
    pub(crate) fn new() -> Self {
        Self { notes: RefCell::new(Vec::new()), body: Cell::new(false), is_table: false }
    }

    /// For the cells of a table, which may come from strangers: structured values are JSON, never another file's, and a
    /// backslash is one. Only a file's own parameter reads a file.
    pub(crate) fn table() -> Self {
        Self { is_table: true, ..Self::new() }
    }

    /// Whether texts are cells of a table.
    pub(crate) fn is_table(&self) -> bool {
        self.is_table
    }

    /// Says when a key of a parameter is none of the known ones, but nearly one.
    pub(crate) fn note_key(&self, param: &Param<'_>, key: &str) {
        note_misspelt(param, key, self);
    }

    fn is_body(&self) -> bool {
        self.body.get()
    }

    /// Converts a part of a whole body: paths of files become files, all else stays as it is given.
    pub(crate) fn body_part(&self, param: &Param<'_>, value: Value) -> Result<Converted, String> {
        self.body.set(true);
        let converted = json_value(param, value, self);
        self.body.set(false);
        converted
    }

    /// Whether a text, which may be plain as well, stands for JSON.
    fn is_json(&self, trimmed: &str) -> bool {
        trimmed.starts_with(['{', '[']) || !self.is_table && (trimmed == "-" || trimmed.starts_with('@'))
    }

    /// A plain text with its escapes resolved.
    fn text(&self, text: &str) -> String {
        if self.is_table { text.to_owned() } else { unescape(text) }
    }

    /// JSON given inline, as `@file`, as the path of a file, or as `-`.
    pub(crate) fn json(&self, text: &str) -> Result<Value, String> {
        let trimmed = text.trim();
        if self.is_table {
            return json::read(trimmed);
        }
        if trimmed == "-" {
            return json::read(&stdin::text("another option")?).map_err(|fault| format!("standard input: {fault}"));
        }
        if let Some(path) = trimmed.strip_prefix('@') {
            return file_json(path);
        }
        if trimmed.starts_with(['{', '[']) {
            return json::read(trimmed);
        }
        if is_there(trimmed) {
            return file_json(trimmed);
        }
        Err(format!("`{}` is neither JSON nor a file", shorten(trimmed)))
    }
}

/// Whether there is something to read under a path: a file, a pipe or a device.
fn is_there(path: &str) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_dir())
}

fn file_json(path: &str) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read the file `{path}`: {error}"))?;
    json::read(text.trim_start_matches('\u{FEFF}')).map_err(|fault| format!("the file `{path}`: {fault}"))
}

/// A text short enough to be quoted in a message.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        text.to_owned()
    } else {
        text.chars().take(LONGEST).chain("…".chars()).collect()
    }
}

/// Converts the text of an option by the parameter's type.
/// `name`: what to call a file instead of its own name.
pub(crate) fn convert(param: &Param<'_>, text: &str, inputs: &Inputs, name: Option<&str>) -> Result<Converted, String> {
    let mut converted = typed(&param.type_word, param, text, inputs)?;
    if let (Some(name), [(_, file)]) = (name, converted.files.as_mut_slice()) {
        *file = file.clone().named(name);
        converted.value = form(&param.type_word).encode(file);
    }
    note_unknown(param, &converted.value, inputs);
    Ok(converted)
}

/// Converts what stands below one of the free keys of a parameter that is a map.
pub(crate) fn below(param: &Param<'_>, text: &str, inputs: &Inputs) -> Result<Converted, String> {
    typed(below_keys(&param.type_word).unwrap_or("any"), param, text, inputs)
}

fn typed(ty: &str, param: &Param<'_>, text: &str, inputs: &Inputs) -> Result<Converted, String> {
    let value = match ty {
        "string" => inputs.text(text).into(),
        "integer" => text
            .trim()
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| format!("`{}` is no whole number", shorten(text)))?,
        "number" => number(text)?,
        "id" => id(text)?,
        "date" => date(text)?,
        "datetime" => datetime(text)?,
        "datetime<Z>" => crate::value::utc(datetime(text)?.as_str().unwrap_or_default()),
        word if is_object(word) => return object(word, param, text, inputs),
        word if is_one_of(word) => return one_of(word, param, text, inputs),
        "any" => any(text, inputs)?,
        _ if ty.starts_with("boolean") => boolean(ty, flag(text)?),
        _ if ty.starts_with("file") => return file(form(ty), text),
        _ => match item_of(ty) {
            Some(item) => return array(item, param, text, inputs),
            None => inputs.text(text).into(),
        },
    };
    Ok(value.into())
}

/// `\n`, `\r`, `\t`, `\v` and `\f` become what they stand for; a doubled backslash before one of these letters stays
/// one backslash. Text that looks like JSON is left alone.
fn unescape(text: &str) -> String {
    if text.starts_with(['{', '[']) || !text.contains('\\') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let control = |letter: Option<&char>| match letter {
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('v') => Some('\u{B}'),
            Some('f') => Some('\u{C}'),
            _ => None,
        };
        if char != '\\' {
            plain.push(char);
        } else if let Some(control) = control(chars.peek()) {
            chars.next();
            plain.push(control);
        } else {
            if chars.peek() == Some(&'\\') {
                chars.next();
            }
            plain.push('\\');
        }
    }
    plain
}

fn number(text: &str) -> Result<Value, String> {
    let text = text.trim();
    let whole = text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from));
    let number: Option<f64> = text.parse().ok().filter(|number: &f64| number.is_finite());
    match (whole, number) {
        (Ok(whole), _) => Ok(whole),
        (_, Some(_)) if !number::is_kept(text) => {
            Err(format!("the number {} has more digits than a number keeps", shorten(text)))
        }
        (_, Some(number)) => Ok(number.into()),
        _ => Err(format!("`{}` is no number", shorten(text))),
    }
}

/// An identifier is a number where it is written like one; `007` stays text.
fn id(text: &str) -> Result<Value, String> {
    let text = text.trim();
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => Ok(number.into()),
        _ if text.is_empty() => Err("an identifier cannot be empty".into()),
        _ => Ok(text.into()),
    }
}

pub(super) fn flag(text: &str) -> Result<bool, String> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "on" | "да" | "истина" => Ok(true),
        "false" | "no" | "n" | "0" | "off" | "нет" | "ложь" => Ok(false),
        _ => Err(format!("`{}` is neither true nor false", shorten(text))),
    }
}

/// A flag in the form of its type word.
fn boolean(ty: &str, flag: bool) -> Value {
    match ty {
        "boolean<Y/N>" => crate::value::yes_no(flag),
        "boolean<N/Y>" => crate::value::yes_no(!flag),
        "boolean<1/0>" => crate::value::one_zero(flag),
        _ => flag.into(),
    }
}

fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let fits = |part: &str, length: usize, most: u32| {
        part.len() == length
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && part.parse::<u32>().is_ok_and(|number| (1..=most).contains(&number))
    };
    matches!(parts.as_slice(), [year, month, day] if fits(year, 4, 9999) && fits(month, 2, 12) && fits(day, 2, 31))
}

fn date(text: &str) -> Result<Value, String> {
    let text = text.trim();
    // A time is cut off: the portal wants the day alone.
    match text.get(..10).filter(|day| is_day(day)) {
        Some(day) if text.len() == 10 || text[10..].starts_with(['T', ' ']) => Ok(day.into()),
        _ => Err(format!("`{}` is no date; write YYYY-MM-DD", shorten(text))),
    }
}

fn datetime(text: &str) -> Result<Value, String> {
    let text = text.trim();
    let clock = |rest: &str| {
        rest.starts_with(['T', ' ']) && rest[1..].chars().all(|char| char.is_ascii_digit() || ":.+-Z".contains(char))
    };
    match text.get(..10).filter(|day| is_day(day)) {
        Some(_) if text.len() == 10 || clock(&text[10..]) => Ok(whole_seconds(text).into()),
        _ => Err(format!("`{}` is no time; write YYYY-MM-DDThh:mm:ss+hh:mm", shorten(text))),
    }
}

/// A point in time without fractions of a second, which the portal does not take everywhere.
fn whole_seconds(text: &str) -> String {
    let Some((seconds, rest)) = text.split_once('.') else { return text.to_owned() };
    format!("{seconds}{}", rest.trim_start_matches(|char: char| char.is_ascii_digit()))
}

/// A value whose type nobody knows: a number, a list or a word of JSON where it is written like one, else text.
pub(crate) fn plain(text: &str) -> Value {
    word(text.trim()).unwrap_or_else(|| unescape(text).into())
}

fn any(text: &str, inputs: &Inputs) -> Result<Value, String> {
    match text.trim() {
        trimmed if inputs.is_json(trimmed) => inputs.json(trimmed),
        trimmed => Ok(word(trimmed).unwrap_or_else(|| inputs.text(text).into())),
    }
}

/// What is JSON; a number that would be another one after reading is rather text.
fn word(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(|_| number::first_changed(text).is_none())
}

/// A value of one of several types: JSON where it is written so and one of them takes what it holds, else the first
/// scalar type that can read the text, text itself being the last.
fn one_of(word: &str, param: &Param<'_>, text: &str, inputs: &Inputs) -> Result<Converted, String> {
    let trimmed = text.trim();
    let is_plain = |ty: &&str| !is_object(ty) && item_of(ty).is_none();
    let has_text = alternatives(word).any(|ty| ty == "string");
    let has_place = match trimmed.chars().next() {
        Some('{') => alternatives(word).any(is_object),
        Some('[') => alternatives(word).any(|ty| item_of(ty).is_some()),
        _ => alternatives(word).any(|ty| !is_plain(&ty)),
    };
    if inputs.is_json(trimmed) && (has_place || !has_text) {
        let value = inputs.json(trimmed)?;
        return match fitting(word, &value) {
            Some(ty) => wire(ty, param, value, inputs),
            None => Err(format!("it is {}, which {} cannot be", crate::value::kind(&value), param.name)),
        };
    }
    let mut plain: Vec<&str> = alternatives(word).filter(is_plain).collect();
    // Digits are a number before they are a flag, and everything is text in the end.
    plain.sort_by_key(|ty| match *ty {
        "integer" | "number" => 0,
        ty if ty.starts_with("boolean") => 1,
        "id" => 3,
        "string" => 4,
        _ => 2,
    });
    let mut faults = Vec::new();
    for ty in plain {
        match typed(ty, param, text, inputs) {
            Ok(converted) => return Ok(converted),
            Err(fault) => faults.push(fault),
        }
    }
    // A file's name, or what is none.
    inputs
        .json(trimmed)
        .and_then(|value| wire(word, param, value, inputs))
        .map_err(|fault| faults.into_iter().next().unwrap_or(fault))
}

/// The one of several types that a JSON value is of, as far as its kind tells.
fn fitting<'w>(word: &'w str, value: &Value) -> Option<&'w str> {
    alternatives(word).find(|ty| match value {
        Value::Null => true,
        Value::Bool(_) => ty.starts_with("boolean"),
        Value::Number(_) => matches!(*ty, "integer" | "number" | "id") || *ty == "boolean<1/0>",
        Value::String(_) => !is_object(ty) && item_of(ty).is_none(),
        Value::Array(_) => item_of(ty).is_some(),
        Value::Object(_) => is_object(ty),
    })
}

fn object(ty: &str, param: &Param<'_>, text: &str, inputs: &Inputs) -> Result<Converted, String> {
    match inputs.json(text)? {
        object @ Value::Object(_) => wire(ty, param, object, inputs),
        other => Err(format!("an object is needed, found {}", crate::value::kind(&other))),
    }
}

fn array(item: &str, param: &Param<'_>, text: &str, inputs: &Inputs) -> Result<Converted, String> {
    let trimmed = text.trim();
    let is_json =
        inputs.is_json(trimmed) || (!inputs.is_table && trimmed.ends_with(".json") && Path::new(trimmed).is_file());
    if item.starts_with("file") {
        return files(form(item), is_json.then(|| inputs.json(text)).transpose()?, text);
    }
    let value = if is_json { inputs.json(text)? } else { Value::Array(vec![typed(item, param, text, inputs)?.value]) };
    // One value alone is a list of one.
    let items = match value {
        Value::Array(items) => items,
        single => vec![single],
    };
    list(item, param, items, inputs)
}

/// The items of a list in their wire forms; `item` is their type.
fn list(item: &str, param: &Param<'_>, values: Vec<Value>, inputs: &Inputs) -> Result<Converted, String> {
    let mut all = Converted::from(Value::Null);
    let mut list = Vec::new();
    for (at, value) in values.into_iter().enumerate() {
        let converted = wire(item, param, value, inputs)?;
        all.files.extend(converted.files.into_iter().map(|(path, file)| ([vec![at.to_string()], path].concat(), file)));
        list.push(converted.value);
    }
    all.value = Value::Array(list);
    Ok(all)
}

/// The known keys of an object in their wire forms; the others as they are, those that look misspelt with a note.
fn entries(param: &Param<'_>, keys: crate::value::Object, inputs: &Inputs) -> Result<Converted, String> {
    each_key(keys, |key, value| match param.entries.iter().find(|entry| entry.name == *key) {
        Some(entry) => json_value(entry, value, inputs),
        None => {
            note_misspelt(param, key, inputs);
            Ok(value.into())
        }
    })
}

/// An object whose values are converted one by one; faults name the key.
fn each_key(
    keys: crate::value::Object,
    convert: impl Fn(&str, Value) -> Result<Converted, String>,
) -> Result<Converted, String> {
    let mut all = Converted::from(Value::Null);
    let mut object = crate::value::Object::new();
    for (key, value) in keys {
        let converted = convert(&key, value).map_err(|fault| format!("`{key}`: {fault}"))?;
        all.files.extend(converted.files.into_iter().map(|(path, file)| ([vec![key.clone()], path].concat(), file)));
        object.insert(key, converted.value);
    }
    all.value = Value::Object(object);
    Ok(all)
}

/// Converts a JSON value by the parameter's type, as one that stands inside the JSON of an option.
pub(crate) fn convert_json(param: &Param<'_>, value: Value, inputs: &Inputs) -> Result<Converted, String> {
    json_value(param, value, inputs)
}

/// The value of a parameter, or of a known key, that is given inside JSON, in its wire form.
fn json_value(param: &Param<'_>, value: Value, inputs: &Inputs) -> Result<Converted, String> {
    let converted = match (item_of(&param.type_word), value) {
        // Names and paths of files.
        (Some(item), named @ Value::Object(_)) if item.starts_with("file") && !inputs.is_body() => {
            files(form(item), Some(named), "")?
        }
        (_, value) => wire(&param.type_word, param, value, inputs)?,
    };
    note_unknown(param, &converted.value, inputs);
    Ok(converted)
}

/// A JSON value of a type in its wire form. Whatever does not look like the type passes as it is: it may be the wire
/// form already.
fn wire(ty: &str, param: &Param<'_>, value: Value, inputs: &Inputs) -> Result<Converted, String> {
    let ty = if is_one_of(ty) { fitting(ty, &value).unwrap_or("any") } else { ty };
    match value {
        Value::Bool(flag) if ty.starts_with("boolean") && !inputs.is_body() => Ok(boolean(ty, flag).into()),
        // Content as the portal takes it, or nothing, which takes a file away.
        Value::String(text) if ty.starts_with("file") && !is_file_name(&text) => Ok(Value::String(text).into()),
        Value::String(text) if ty.starts_with("file") => file(form(ty), &text),
        Value::Object(keys) => match below_keys(ty) {
            Some(inner) => each_key(keys, |_, value| wire(inner, param, value, inputs)),
            None => entries(param, keys, inputs),
        },
        // A file in its wire form is a list too: name and content.
        Value::Array(values) if !ty.starts_with("file") => list(item_of(ty).unwrap_or("any"), param, values, inputs),
        value => Ok(value.into()),
    }
}

/// Whether a text names a file, there or not: content in base64 has no ending.
fn is_file_name(text: &str) -> bool {
    let ending = Path::new(text).extension().and_then(|ending| ending.to_str());
    Path::new(text).is_file()
        || ending.is_some_and(|ending| {
            (1..=5).contains(&ending.len()) && ending.chars().all(|char| char.is_ascii_alphanumeric())
        })
}

fn form(ty: &str) -> FileForm {
    match ty {
        "file<base64>" => FileForm::Base64,
        "file<fileData>" => FileForm::FileData,
        _ => FileForm::Pair,
    }
}

fn file(form: FileForm, text: &str) -> Result<Converted, String> {
    match text.trim().starts_with(['[', '{']).then(|| json::read(text).ok()).flatten() {
        Some(value) => given_file(form, &value),
        None => Ok(in_form(form, fetch(text)?)),
    }
}

/// Several files: a list of them, an object of names and files, or one. An object of numbers and `del` takes off what is attached.
fn files(form: FileForm, json: Option<Value>, text: &str) -> Result<Converted, String> {
    if let Some(Value::Object(marks)) = &json
        && !marks.is_empty()
        && marks.iter().all(|(id, mark)| mark == "del" && id.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Ok(json.unwrap_or_default().into());
    }
    let files: Vec<Converted> = match &json {
        None => vec![in_form(form, fetch(text)?)],
        Some(pair) if as_pair(pair).is_some_and(|(_, content)| !is_file_name(content)) => vec![given_file(form, pair)?],
        Some(Value::Array(items)) => items.iter().map(|item| given_file(form, item)).collect::<Result<_, _>>()?,
        Some(Value::Object(files)) if !files.contains_key(FILE_DATA) => {
            let named = |(name, item): (&String, &Value)| {
                let mut given = given_file(form, item)?;
                if let [(_, file)] = given.files.as_mut_slice() {
                    *file = file.clone().named(name);
                    given.value = form.encode(file);
                }
                Ok(given)
            };
            files.iter().map(named).collect::<Result<_, String>>()?
        }
        Some(other) => vec![given_file(form, other)?],
    };
    let mut all = Converted::from(Value::Null);
    let mut list = Vec::new();
    for (at, file) in files.into_iter().enumerate() {
        all.files.extend(file.files.into_iter().map(|(_, file)| (vec![at.to_string()], file)));
        list.push(file.value);
    }
    all.value = Value::Array(list);
    Ok(all)
}

/// The key of the form in which old methods of the CRM take a file.
const FILE_DATA: &str = "fileData";

fn in_form(form: FileForm, file: File) -> Converted {
    Converted { value: form.encode(&file), files: vec![(Vec::new(), file)] }
}

/// A file in the portal's own form, `[name, base64]`: its two texts.
fn as_pair(value: &Value) -> Option<(&str, &str)> {
    match value.as_array()?.as_slice() {
        [Value::String(name), Value::String(content)] => Some((name, content)),
        _ => None,
    }
}

/// A file named by text, or given in one of the portal's own forms. Content that is no base64 is handed on: whether it
/// will do is the portal's to say.
fn given_file(form: FileForm, value: &Value) -> Result<Converted, String> {
    match (value, as_pair(value)) {
        (Value::String(path), _) => Ok(in_form(form, fetch(path)?)),
        (Value::Object(keys), _) if keys.contains_key(FILE_DATA) => given_file(form, &keys[FILE_DATA]),
        (_, Some((name, content))) => Ok(match STANDARD.decode(content.trim()) {
            Ok(content) => in_form(form, File::new(name, content)),
            Err(_) => match form {
                FileForm::Pair => value.clone().into(),
                FileForm::Base64 => Value::from(content).into(),
                FileForm::FileData => serde_json::json!({ FILE_DATA: value }).into(),
            },
        }),
        (value, None) => Err(format!(
            "a file is named by text or given as [\"name\", \"base64\"], found {}",
            crate::value::kind(value)
        )),
    }
}

/// A file by its path, its http(s) address or its content in base64.
fn fetch(text: &str) -> Result<File, String> {
    let path = text.trim().trim_start_matches('@');
    if path == "-" {
        return Ok(File::new("stdin", stdin::bytes("a file's option")?));
    }
    if is_there(path) {
        return File::read(path).map_err(|error| format!("cannot read the file `{path}`: {error}"));
    }
    if ["http://", "https://"].iter().any(|scheme| path.starts_with(scheme)) {
        return crate::cli::download::file(path);
    }
    // A short text may be a name that is misspelt, unless it ends as base64 alone does.
    let looks_like_a_path = path.contains(['.', '\\']) || path.len() < 16 && !path.ends_with('=');
    match STANDARD.decode(path) {
        Ok(content) if !looks_like_a_path => Ok(File::new("file", content)),
        _ => Err(format!("there is no file `{}`", shorten(path))),
    }
}

/// Says when a key is none of the known ones, but nearly one. It is sent all the same.
fn note_misspelt(param: &Param<'_>, key: &str, inputs: &Inputs) {
    // Keys of filters have an operator before them.
    let bare = key.trim_start_matches(['!', '=', '<', '>', '%', '@', '?', '+', '~', '*']);
    let known = || param.entries.iter().map(|entry| entry.name.as_ref());
    if super::body::is_custom(bare) || known().any(|name| name == bare) {
        return;
    }
    if let Some(near) = nearest(bare, known(), 1).first() {
        inputs.notes.borrow_mut().push(format!(
            "`{}` is not a known key of {}; did you mean `{near}`?",
            shorten(key),
            param.name
        ));
    }
}

/// Says when a value is none of the known ones. It is sent all the same: the portal may know more than the spec.
fn note_unknown(param: &Param<'_>, value: &Value, inputs: &Inputs) {
    if param.values.is_empty() || param.type_word.starts_with("boolean") {
        return;
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let known: Vec<String> = param.values.iter().map(text).collect();
    let items = match value {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    for item in items.iter().filter(|item| item.is_string() || item.is_number()).map(text) {
        if !known.contains(&item) {
            let near = nearest(&item, known.iter().map(String::as_str), 1);
            let hint = match near.first() {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known: {}", known.join(", ")),
            };
            inputs.notes.borrow_mut().push(format!(
                "`{}` is not a known value of {}; {hint}",
                shorten(&item),
                param.name
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_become_values() {
        assert_eq!(unescape("a\\nb\\\\nc\\d"), "a\nb\\nc\\d");
        assert_eq!(unescape("{'a':'\\n'}"), "{'a':'\\n'}");
        assert_eq!((id("2150"), id("007"), id("C1:NEW")), (Ok(json!(2150)), Ok(json!("007")), Ok(json!("C1:NEW"))));
        assert_eq!((number("1.5"), number("10")), (Ok(json!(1.5)), Ok(json!(10))));
        assert!(number("NaN").is_err() && number("1,5").is_err());
        assert_eq!(date("2026-01-31T10:00:00"), Ok(json!("2026-01-31")));
        assert!(date("31.01.2026").is_err() && date("2026-13-01").is_err() && date("2026-01-31x").is_err());
        assert_eq!(datetime("2026-01-31T10:00:00.5+03:00"), Ok(json!("2026-01-31T10:00:00+03:00")));
        assert!(datetime("2026-01-31T10:00:00Z").is_ok() && datetime("tomorrow").is_err());
    }

    #[test]
    fn one_of_several_types_is_read_as_the_one_that_it_is_written_as() {
        let read = |word: &str, text: &str| {
            let row = json!({
                "name": "title", "type": word, "required": false, "default": null, "values": [], "wire": "title",
                "description": "",
            });
            let row = row.to_string();
            let param: Param<'_> = serde_json::from_str(&row).map_err(|error| error.to_string())?;
            convert(&param, text, &Inputs::new(), None).map(|converted| converted.value)
        };
        let words = "string|map<string>";
        assert_eq!(read(words, "Plan"), Ok(json!("Plan")));
        assert_eq!(read(words, "[x] 12"), Ok(json!("[x] 12")));
        assert_eq!(read(words, "{'en':'Plan'}"), Ok(json!({ "en": "Plan" })));
        assert!(read(words, "{'en':'Plan'").is_err());
        assert_eq!(read("string|integer", "12"), Ok(json!(12)));
        assert_eq!(read("boolean<Y/N>|integer", "12"), Ok(json!(12)));
        assert_eq!(read("boolean<Y/N>|integer", "yes"), Ok(json!("Y")));
        assert_eq!(read("integer|array<id>", "[5,6]"), Ok(json!([5, 6])));
        assert_eq!(read("integer|array<id>", "x"), Err("`x` is no whole number".to_owned()));
        assert!(read("integer|array<id>", "{'a':1}").is_err_and(|fault| fault.contains("an object")));
        assert_eq!(read("object|array<boolean<Y/N>>", "[true,false]"), Ok(json!(["Y", "N"])));
        assert!(read("object|array<id>", "x").is_err_and(|fault| fault.contains("neither JSON nor a file")));
    }

    #[test]
    fn files_in_the_form_of_the_body_are_taken_as_they_are() {
        let pair = json!(["plan.pdf", "JVBERi0="]);
        assert_eq!(file(FileForm::Pair, &pair.to_string()).map(|converted| converted.value), Ok(pair.clone()));
        let wrapped = json!({ "fileData": pair });
        assert_eq!(file(FileForm::FileData, &wrapped.to_string()).map(|converted| converted.value), Ok(wrapped));
        let list = json!([pair]);
        assert_eq!(files(FileForm::Pair, Some(list.clone()), "").map(|converted| converted.value), Ok(list));
        assert!(files(FileForm::Pair, Some(json!(["no-such-file.pdf"])), "").is_err());
        let marks = json!({ "505": "del" });
        assert_eq!(files(FileForm::Pair, Some(marks.clone()), "").map(|converted| converted.value), Ok(marks));
        assert!(files(FileForm::Pair, Some(json!({ "plan.pdf": "del" })), "").is_err());
        assert!(file(FileForm::Pair, "[\"plan.pdf\"").is_err());
    }

    #[test]
    fn flags_are_taken_in_every_usual_form() {
        for (text, expected) in
            [("true", true), ("Y", true), ("1", true), ("Да", true), ("FALSE", false), ("n", false), ("ложь", false)]
        {
            assert_eq!(flag(text), Ok(expected), "{text}");
        }
        assert!(flag("maybe").is_err());
        assert_eq!((boolean("boolean<N/Y>", true), boolean("boolean<1/0>", true)), (json!("N"), json!(1)));
    }
}
