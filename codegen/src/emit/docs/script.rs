//! The call of an example in the language of 1C:Enterprise and OneScript, for functions of the Open Integration Package.

use serde_json::Value;

use crate::ir::{Example, FileForm, Function, Kind, Param, Procedure, Ty};
use crate::spec::Furniture;
use crate::wire::wire_form;

use super::page::one_line;

/// The calls with a webhook, unless only applications may call, and with a token; none where the package does not have the function, or not with these
/// arguments.
pub(super) fn call(function: &Function, example: &Example, app_only: bool, words: &Furniture) -> Option<String> {
    let names = function.opi.as_ref()?;
    if example.arguments.keys().any(|given| !names.contains(given)) {
        return None;
    }
    let has_connection = function.has_connection();
    let mut lines = Vec::new();
    let mut arguments = Vec::new();
    let by_token = || {
        [
            format!("// {}", one_line(&words.by_token)),
            "URL = \"b24-ar17wx.bitrix24.by\";".to_owned(),
            "Token = \"11ae5d68006e9f06006b12e400000001000...\";".to_owned(),
        ]
    };
    if has_connection {
        if app_only {
            lines.extend(by_token());
        } else {
            lines.push(format!("// {}", one_line(&words.by_webhook)));
            lines.push("URL = \"https://b24-ar17wx.bitrix24.by/rest/1/h0m...\";".to_owned());
        }
        arguments.push("URL".to_owned());
    }
    // Whether the values are to be empty.
    if function.kind == Kind::Procedure(Procedure::FilterStructure) {
        arguments.push(String::new());
    }
    let mut token_at = None;
    for name in names {
        let Some(param) = function.params.iter().find(|param: &&Param| param.name == *name) else {
            token_at = Some(arguments.len());
            arguments.push(String::new());
            continue;
        };
        match example.arguments.get(&param.name) {
            Some(value) => {
                lines.extend(assignment(param.argument.as_str(), &param.ty, known(param), value, words));
                arguments.push(param.argument.to_string());
            }
            // Left out: the function's own default.
            None => arguments.push(String::new()),
        }
    }
    let result = |arguments: &[String]| format!("Result = OPI_Bitrix24.{}({});", function.name, arguments.join(", "));
    lines.push(String::new());
    let webhook: Vec<String> = match arguments.iter().rposition(|argument| !argument.is_empty()) {
        Some(last) => arguments[..=last].to_vec(),
        None => arguments.clone(),
    };
    if !has_connection {
        lines.push(result(&webhook));
        return Some(lines.join("\n"));
    }
    if !app_only {
        lines.push(result(&webhook));
        lines.push(String::new());
        lines.extend(by_token());
        lines.push(String::new());
    }
    match token_at {
        Some(at) => arguments[at] = "Token".to_owned(),
        None => arguments.push("Token".to_owned()),
    }
    lines.push(result(&arguments));
    Some(lines.join("\n"))
}

/// The known keys of an object.
fn known(param: &Param) -> &[Param] {
    param.entries.as_ref().map_or(&[], |entries| &entries.all)
}

fn assignment(name: &str, ty: &Ty, known: &[Param], value: &Value, words: &Furniture) -> Vec<String> {
    match (ty, value) {
        (Ty::File(_), Value::String(path)) => {
            vec![format!("{name} = \"{}\"; // {}", escaped(path), one_line(&words.file_forms))]
        }
        (_, Value::Object(entries)) => object(name, known, entries, words),
        (_, Value::Array(items)) => {
            let mut lines = vec![String::new(), format!("{name} = New Array;")];
            for (at, item) in items.iter().enumerate() {
                match item {
                    Value::Object(entries) => {
                        let inner = format!("{name}Item{}", at + 1);
                        lines.extend(object(&inner, known, entries, words));
                        lines.push(format!("{name}.Add({inner});"));
                    }
                    item => lines.push(format!("{name}.Add({});", literal(item))),
                }
            }
            lines
        }
        (_, value) => vec![format!("{name} = {};", literal(value))],
    }
}

/// A structure goes to the portal as it is, so its values have their form on the wire already.
fn object(name: &str, known: &[Param], entries: &serde_json::Map<String, Value>, words: &Furniture) -> Vec<String> {
    // A structure's keys are identifiers; a map takes any.
    let is_key = |key: &String| {
        key.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && key.chars().all(|char| char.is_alphanumeric() || char == '_')
    };
    let kind = if entries.keys().all(is_key) { "Structure" } else { "Map" };
    let mut lines = vec![String::new(), format!("{name} = New {kind};")];
    for (key, value) in entries {
        let entry = known.iter().find(|entry| entry.name == *key);
        let inner = format!("{name}{}", crate::names::ArgumentName::derived(key));
        let expression = match (entry, value) {
            (Some(Param { ty: Ty::File(form), .. }), Value::String(path)) => {
                let (before, expression) = file(&inner, *form, path);
                lines.extend(before);
                expression
            }
            (entry, Value::Object(_) | Value::Array(_)) => {
                let below = entry.map_or(&[][..], self::known);
                lines.extend(assignment(&inner, &Ty::Any, below, value, words));
                inner
            }
            (Some(entry), value) => literal(&wire_form(entry, value)),
            (None, value) => literal(value),
        };
        lines.push(format!("{name}.Insert(\"{}\", {expression});", escaped(key)));
    }
    lines
}

/// The content of a file inside a structure: the lines before, and the expression.
fn file(name: &str, form: FileForm, path: &str) -> (Vec<String>, String) {
    let content = format!("Base64String(New BinaryData(\"{}\"))", escaped(path));
    let file_name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let pair = |name: &str| {
        let mut lines = vec![String::new(), format!("{name} = New Array;")];
        lines.push(format!("{name}.Add(\"{}\");", escaped(file_name)));
        lines.push(format!("{name}.Add({content});"));
        lines
    };
    match form {
        FileForm::Base64 => (Vec::new(), content),
        FileForm::Pair => (pair(name), name.to_owned()),
        FileForm::FileData => {
            let inner = format!("{name}Data");
            let mut lines = pair(&inner);
            lines.push(format!("{name} = New Structure(\"fileData\", {inner});"));
            (lines, name.to_owned())
        }
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "Undefined".to_owned(),
        Value::Bool(flag) => if *flag { "True" } else { "False" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("\"{}\"", escaped(text)),
        nested => format!("\"{}\"", escaped(&nested.to_string())),
    }
}

/// A quote is doubled; a text goes on in the next line behind `|`.
fn escaped(text: &str) -> String {
    text.replace('"', "\"\"").replace('\n', "\n|")
}
