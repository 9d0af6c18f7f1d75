//! What a page shows, ready to print.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::emit::docs::command::{Command, Connection, bash, batch, gives_json, powershell};
use crate::emit::docs::objects::{Answer, Objects, Own};
use crate::emit::docs::{escape, script};
use crate::emit::tables::text;
use crate::emit::{banner, rust_example};
use crate::ir::{
    Api, Category, Effect, Example, Form, Function, Kind, Method, Param, Procedure, Rest, Shape, Style, Ty,
};
use crate::names::RustIdent;
use crate::spec::{Furniture, Types};

const WEBHOOK: Connection = Connection { url: "https://b24-ar17wx.bitrix24.by/rest/1/***/", token: None };
const TOKEN: Connection = Connection { url: "b24-ar17wx.bitrix24.by", token: Some("***") };

/// A page.
#[derive(Serialize)]
pub(super) struct Page {
    pub(super) slug: String,
    banner: String,
    category: String,
    source: String,
    position: usize,
    title: String,
    description: String,
    keywords: Vec<String>,
    summary: String,
    deprecated: Option<Deprecated>,
    /// How it is called: in the package's notation where the package has it, else on the command line.
    signature: String,
    params: Vec<Row>,
    has_connection: bool,
    /// Whether what it gives is the portal's answer.
    has_answer: bool,
    /// The place in that answer of what a call gives.
    place: String,
    /// Whether the call can be put together in a form: it is one request.
    can_try: bool,
    returns: String,
    returns_type: String,
    /// The forms of a result that has several.
    forms: Vec<FormRow>,
    /// What its fields are.
    answers: Vec<Answer>,
    /// The types of these that are listed on the page itself.
    listed: Vec<Own>,
    method: Option<String>,
    function: String,
    aliases: Vec<String>,
    scope: String,
    access: Option<String>,
    rest: &'static str,
    effect: String,
    app_only: bool,
    /// Empty where the answer is whole, `first` where only the first page can be had, `all` for any other list in pages.
    paging: &'static str,
    reference: Option<String>,
    nested: Vec<Nested>,
    examples: Vec<Shown>,
    errors: Vec<ErrorRow>,
    related: Vec<Link>,
}

#[derive(Serialize)]
struct Deprecated {
    replacement: Option<Replacement>,
    note: Option<String>,
}

/// What replaces a deprecated method, ready to stand in a sentence.
#[derive(Serialize)]
struct Replacement {
    link: String,
}

/// A form of a result.
#[derive(Serialize)]
struct FormRow {
    type_name: String,
    description: String,
}

#[derive(Serialize)]
struct Row {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    option: String,
    type_name: String,
    required: bool,
    description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    values: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    /// The link to the table of its keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<String>,
}

#[derive(Serialize)]
struct Nested {
    /// What a folded table says of itself.
    title: String,
    path: String,
    anchor: String,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Shown {
    title: Option<String>,
    rust: Option<String>,
    script: Option<String>,
    bash: String,
    batch: String,
    powershell: String,
    curl: Option<String>,
    response: Option<String>,
}

#[derive(Serialize)]
struct ErrorRow {
    code: String,
    http: Option<u16>,
    description: String,
}

#[derive(Serialize)]
pub(super) struct Link {
    title: String,
    path: String,
}

impl Link {
    pub(super) fn new(title: String, path: String) -> Self {
        Self { title, path }
    }
}

pub(super) fn page(
    api: &Api,
    (neighbours, objects): (&Neighbours<'_>, &Objects<'_>),
    category: &Category,
    method: &Method,
    function: &Function,
) -> Page {
    let words = &api.furniture;
    let is_template = matches!(function.kind, Kind::Template { .. });
    let has_connection = function.has_connection();
    // Required ones first; the order is otherwise the signature's.
    let mut shown: Vec<&Param> = function.params.iter().collect();
    shown.sort_by_key(|param| !param.required);
    let mut params: Vec<Row> =
        shown.iter().map(|param| row("", param, Some(format!("--{}", param.option)), &words.types)).collect();
    let is_emptied = is_template || function.kind == Kind::Procedure(Procedure::FilterStructure);
    if is_emptied {
        params.push(Row {
            name: "Clear".into(),
            option: "--empty".into(),
            type_name: words.types.boolean.clone(),
            required: false,
            description: words.clear.clone(),
            values: String::new(),
            default: Some("false".into()),
            fields: None,
        });
    }
    if has_connection {
        let text = &words.types.string;
        let (url, token) = match method.app_only {
            true => (&words.portal, &words.application_token),
            false => (&words.url, &words.token),
        };
        params.insert(0, connection_row(("URL", "--url"), text, true, url));
        let token = connection_row(("Token", "--token"), text, method.app_only, token);
        params.insert(if method.app_only { 1 } else { params.len() }, token);
    }
    let mut nested = Vec::new();
    for param in shown.iter().filter(|param| !param.is_group) {
        nest(param.argument.as_str(), param, &mut nested, words);
    }
    let examples = match &function.kind {
        Kind::Template { object, .. } => vec![template_example(function, object)],
        _ => function.examples.iter().map(|example| call_example(method, function, example, words)).collect(),
    };
    let returns = method.answer_of(function);
    let mut answers = objects.answers(method, function);
    let listed = answers.iter_mut().filter_map(|answer| answer.own.take()).collect();
    let forms = if is_template { &[][..] } else { returns.shape.forms() };
    let form = |form: &Form| FormRow {
        type_name: result_type(&form.shape, &words.types),
        description: form.description.clone(),
    };
    Page {
        slug: function.kebab.to_string(),
        banner: banner(&method.source),
        category: category.key.clone(),
        source: method.source.clone(),
        position: function.position,
        title: function.title.clone(),
        description: Furniture::filled(
            if function.opi.is_some() { &words.page_description_script } else { &words.page_description },
            &[("title", &function.title)],
        ),
        keywords: keywords(category, method, function),
        summary: function.summary.clone(),
        deprecated: method.deprecated.as_ref().map(|gone| Deprecated {
            note: gone.note.clone(),
            replacement: gone.replacement.as_ref().map(|name| Replacement { link: neighbours.link_to(name) }),
        }),
        signature: match function.opi {
            Some(_) => signature(function, is_emptied),
            None => usage(method, function, is_emptied),
        },
        params,
        has_connection,
        has_answer: matches!(function.kind, Kind::Method | Kind::Preset { .. }),
        place: match &returns.records {
            Some(records) => escape::code(&format!("result.{records}")),
            None => escape::code("result"),
        },
        can_try: matches!(function.kind, Kind::Method | Kind::Preset { .. }),
        returns: if is_template { words.template_returns.clone() } else { returns.description.clone() },
        returns_type: if is_template { words.types.object.clone() } else { result_type(&returns.shape, &words.types) },
        forms: forms.iter().map(form).collect(),
        answers,
        listed,
        method: has_connection.then(|| method.name.clone()),
        function: function.name.to_string(),
        aliases: function.aliases.clone(),
        scope: method.scope.clone(),
        access: method.access.clone(),
        rest: version(method.rest),
        effect: effect(method.effect, words).to_owned(),
        app_only: method.app_only,
        paging: match method.paging.as_ref().map(|paging| paging.style) {
            None => "",
            Some(Style::First) => "first",
            Some(_) => "all",
        },
        reference: method.reference.clone(),
        nested,
        examples,
        errors: if !has_connection {
            Vec::new()
        } else {
            let row = |error: &crate::ir::ErrorCode| ErrorRow {
                code: error.code.clone(),
                http: error.http,
                description: error.description.clone(),
            };
            method.errors.iter().map(row).collect()
        },
        related: neighbours.related(method, function),
    }
}

fn effect(effect: Effect, words: &Furniture) -> &str {
    match effect {
        Effect::Read => &words.effects.read,
        Effect::List => &words.effects.list,
        Effect::Create => &words.effects.create,
        Effect::Update => &words.effects.update,
        Effect::Delete => &words.effects.delete,
        Effect::Action => &words.effects.action,
    }
}

fn connection_row((name, option): (&str, &str), type_name: &str, required: bool, description: &str) -> Row {
    Row {
        name: name.into(),
        option: option.into(),
        type_name: type_name.into(),
        required,
        description: description.into(),
        values: String::new(),
        default: None,
        fields: None,
    }
}

/// A row of a table; `path` is the object that the table is about, `option` none inside one.
fn row(path: &str, param: &Param, option: Option<String>, types: &Types) -> Row {
    Row {
        name: if option.is_some() { param.argument.to_string() } else { param.name.clone() },
        option: option.unwrap_or_default(),
        type_name: type_name(&param.ty, types),
        required: param.required,
        description: param.description.clone(),
        values: known_values(param),
        default: param.default.as_ref().map(|default| text(default).into_owned()),
        fields: (has_fields(param) && !param.is_group).then(|| match path {
            "" => format!("#{}", anchor(param.argument.as_str())),
            path => format!("#{}", anchor(&format!("{path}.{}", param.name))),
        }),
    }
}

/// The known values of a parameter with what they mean, ready for a cell. A meaning is a sentence; bare values have
/// semicolons between them.
pub(super) fn known_values(param: &Param) -> String {
    let mut shown = String::new();
    let mut is_open = false;
    for known in &param.values {
        if !shown.is_empty() {
            shown.push_str(if is_open { "; " } else { " " });
        }
        shown.push_str(&escape::code(&text(&known.value)));
        is_open = known.description.is_none();
        if let Some(meaning) = &known.description {
            shown.push_str(" – ");
            shown.push_str(&escape::cell(meaning));
        }
    }
    if is_open {
        shown.push('.');
    }
    shown
}

fn has_fields(param: &Param) -> bool {
    param.entries.as_ref().is_some_and(|entries| !entries.all.is_empty())
}

/// The anchor of the table of an object's keys. Two dashes part the names, because one may stand inside a name.
fn anchor(path: &str) -> String {
    let names: Vec<String> = path.split('.').map(|name| crate::names::joined(name, '-')).collect();
    format!("fields-of-{}", names.join("--"))
}

/// The tables of the keys inside a parameter, and inside its keys.
fn nest(path: &str, param: &Param, nested: &mut Vec<Nested>, words: &Furniture) {
    let Some(entries) = &param.entries else {
        return;
    };
    if entries.all.is_empty() {
        return;
    }
    let mut rows: Vec<&Param> = entries.all.iter().collect();
    rows.sort_by_key(|entry| !entry.required);
    nested.push(Nested {
        title: match rows.len() {
            1 => words.known_key.clone(),
            count => Furniture::filled(&words.known_keys, &[("count", &count.to_string())]),
        },
        path: path.to_owned(),
        anchor: anchor(path),
        rows: rows.iter().map(|entry| row(path, entry, None, &words.types)).collect(),
    });
    for entry in rows {
        nest(&format!("{path}.{}", entry.name), entry, nested, words);
    }
}

/// The name of a type for readers who come from 1C:Enterprise.
pub(super) fn type_name(ty: &Ty, types: &Types) -> String {
    match ty {
        Ty::String => types.string.clone(),
        Ty::Integer | Ty::Number => types.number.clone(),
        Ty::Boolean(_) => types.boolean.clone(),
        Ty::Id => types.id.clone(),
        Ty::Date | Ty::DateTime(_) => types.date.clone(),
        Ty::File(_) => types.file.clone(),
        Ty::Array(item) => {
            let name = type_name(item, types);
            let name = if matches!(**item, Ty::OneOf(_)) { format!("({name})") } else { name };
            Furniture::filled(&types.array, &[("item", &name)])
        }
        Ty::Map(value) if **value == Ty::Any => types.map.clone(),
        Ty::Map(value) => Furniture::filled(&types.map_of, &[("value", &type_name(value, types))]),
        Ty::Object => types.object.clone(),
        Ty::OneOf(alternatives) => names_of(alternatives.iter().map(|ty| type_name(ty, types))),
        Ty::Any => types.any.clone(),
    }
}

fn result_type(shape: &Shape, types: &Types) -> String {
    match shape {
        Shape::Value(ty) => type_name(ty, types),
        Shape::Record(_) => types.object.clone(),
        Shape::List(_) | Shape::Page(_) => types.records.clone(),
        Shape::Map(value) if **value == Shape::Value(Ty::Any) => types.map.clone(),
        Shape::Map(value) => Furniture::filled(&types.map_of, &[("value", &result_type(value, types))]),
        Shape::Nullable(value) => Furniture::filled(&types.or_null, &[("value", &result_type(value, types))]),
        Shape::Nothing => types.nothing.clone(),
        Shape::OneOf(forms) => names_of(forms.iter().map(|form| result_type(&form.shape, types))),
    }
}

/// Several types, each told once: what differs on the wire alone has one name for readers.
fn names_of(all: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = Vec::new();
    for name in all {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// A function of the Open Integration Package as the package writes it; `is_emptied`: it can give empty values.
fn signature(function: &Function, is_emptied: bool) -> String {
    let optional = |name: &str, default: &str| format!("Val {name} = {default}");
    let mut arguments = Vec::new();
    if function.has_connection() {
        arguments.push("Val URL".to_owned());
    }
    // An optional one before a required one is possible in a spec, but not in the language.
    let params: Vec<&Param> = function.plain_params().collect();
    let last_required = params.iter().rposition(|param| param.required);
    for (at, param) in params.into_iter().enumerate() {
        let name = param.argument.as_str();
        let must = param.required || last_required.is_some_and(|last| at < last);
        arguments.push(match &param.default {
            _ if must => format!("Val {name}"),
            Some(Value::Bool(flag)) => optional(name, if *flag { "True" } else { "False" }),
            Some(Value::String(text)) => optional(name, &format!("\"{}\"", text.replace('"', "\"\""))),
            Some(value) => optional(name, &value.to_string()),
            None => optional(name, "\"\""),
        });
    }
    if is_emptied {
        arguments.push("Val Clear = False".into());
    }
    if function.has_connection() {
        arguments.push("Val Token = \"\"".into());
    }
    format!("Function {}({}) Export", function.name, arguments.join(", "))
}

/// The function as the command line takes it, required options first: what stands for the signature where the package does not
/// have the function, so that nothing is promised to its users.
fn usage(method: &Method, function: &Function, is_emptied: bool) -> String {
    let mut params: Vec<&Param> = function.plain_params().collect();
    params.sort_by_key(|param| !param.required);
    let own = params.iter().map(|param| (param.option.to_string(), param.required));
    let url = function.has_connection().then(|| ("url".to_owned(), true));
    let token = function.has_connection().then(|| ("token".to_owned(), method.app_only));
    let (before, after) = if method.app_only { (token, None) } else { (None, token) };
    let mut words = vec![format!("oint bitrix24 {}", function.name)];
    words.extend(url.into_iter().chain(before).chain(own).chain(after).map(|(option, required)| match required {
        true => format!("--{option} …"),
        false => format!("[--{option} …]"),
    }));
    words.extend(is_emptied.then(|| "[--empty]".to_owned()));
    words.join(" ")
}

fn keywords(category: &Category, method: &Method, function: &Function) -> Vec<String> {
    let script = function.opi.iter().flat_map(|_| ["1C:Enterprise", "OneScript"]);
    let general = ["Bitrix24", "REST", "API", "Rust", "CLI"].into_iter().chain(script);
    let own = [function.name.to_string(), category.title.clone()];
    let name = function.has_connection().then(|| method.name.clone());
    name.into_iter().chain(own).chain(general.map(str::to_owned)).collect()
}

fn call_example(method: &Method, function: &Function, example: &Example, words: &Furniture) -> Shown {
    let note = |comment: &str| match gives_json(function, example) {
        true => format!("{comment} {}\n\n", one_line(&words.json_file)),
        false => String::new(),
    };
    if !function.has_connection() {
        let is_local = matches!(function.kind, Kind::Local { .. });
        return Shown {
            title: example.title.clone(),
            rust: is_local.then(|| rust(method, function, example)),
            script: script::call(function, example, method.app_only, words),
            bash: note("#") + &bash(function, Some(example)).alone(),
            batch: note("::") + &batch(function, Some(example)).alone(),
            powershell: note("#") + &powershell(function, Some(example)).alone(),
            curl: None,
            response: example.response.as_ref().map(|response| format!("{response:#}")),
        };
    }
    let both = |command: Command, comment: &str| {
        let token = command.with(&TOKEN);
        let (by_webhook, by_token) = (one_line(&words.by_webhook), one_line(&words.by_token));
        if method.app_only {
            return format!("{comment} {by_token}\n{}{token}", note(comment));
        }
        let webhook = command.with(&WEBHOOK);
        format!("{comment} {by_webhook}\n{}{webhook}\n\n{comment} {by_token}\n{token}", note(comment))
    };
    Shown {
        title: example.title.clone(),
        rust: (!matches!(function.kind, Kind::Procedure(_))).then(|| rust(method, function, example)),
        script: script::call(function, example, method.app_only, words),
        bash: both(bash(function, Some(example)), "#"),
        batch: both(batch(function, Some(example)), "::"),
        powershell: both(powershell(function, Some(example)), "#"),
        curl: (!matches!(function.kind, Kind::Procedure(_))).then(|| curl(method, function, example, words)),
        response: example.response.as_ref().map(response),
    }
}

/// A text as a comment in code, which a line break would end.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rust(method: &Method, function: &Function, example: &Example) -> String {
    let call = rust_example::call(method, function, example, "&client");
    let has_connection = function.has_connection();
    let mut names: Vec<String> = method.module.first().map(ToString::to_string).into_iter().collect();
    names.extend(has_connection.then(|| "Client".to_owned()));
    names.extend(call.contains("json!(").then(|| "json".to_owned()));
    names.extend(call.contains("File::").then(|| "File".to_owned()));
    names.extend(call.contains("Vec::<Id>").then(|| "Id".to_owned()));
    names.extend(call.contains("Vec::<Value>").then(|| "Value".to_owned()));
    names.sort_by_key(|name| (name.starts_with(char::is_lowercase), name.clone()));
    if !has_connection {
        let names = if names.len() == 1 { names.concat() } else { format!("{{{}}}", names.join(", ")) };
        return format!("use bitrix24::{names};\n\n{call}");
    }
    let by_token = "let client = Client::with_token(\"b24-ar17wx.bitrix24.by\", \"<token>\")?;";
    let client = match method.app_only {
        true => by_token.to_owned(),
        false => {
            format!(
                "let client = Client::webhook(\"https://b24-ar17wx.bitrix24.by/rest/1/<secret>/\")?;\n// or: {by_token}"
            )
        }
    };
    format!("use bitrix24::{{{}}};\n\n{client}\n\n{call}", names.join(", "))
}

fn curl(method: &Method, function: &Function, example: &Example, words: &Furniture) -> String {
    let root = match method.rest {
        Rest::V2 => "rest",
        Rest::V3 => "rest/api",
    };
    let file =
        |form, name: &str| crate::wire::file(form, name, &Furniture::filled(&words.file_content, &[("file", name)]));
    let mut body = crate::wire::with_files(&function.params, &example.body, &file);
    let caller = match method.app_only {
        true => {
            body.insert("auth".into(), "***".into());
            ""
        }
        false => "1/***/",
    };
    let body = Value::Object(body).to_string().replace('\'', "'\\''");
    format!(
        "curl -X POST \\\n    -H 'Content-Type: application/json' \\\n    -H 'Accept: application/json' \\\n    -d '{body}' \\\n    \
         'https://b24-ar17wx.bitrix24.by/{root}/{caller}{}'",
        method.name
    )
}

/// The portal's answer; an example that leaves the `time` block out gets one like the portal's.
fn response(response: &Value) -> String {
    let mut response = response.clone();
    if let Value::Object(keys) = &mut response
        && !keys.contains_key("time")
        && keys.contains_key("result")
    {
        keys.insert(
            "time".into(),
            json!({
                "start": 1_728_454_936.241_34,
                "finish": 1_728_454_936.556_34,
                "duration": 0.315,
                "processing": 0.287_67,
                "date_start": "2024-10-09T09:22:16+03:00",
                "date_finish": "2024-10-09T09:22:16+03:00",
                "operating_reset_at": 1_728_455_536,
                "operating": 0.287_65,
            }),
        );
    }
    format!("{response:#}")
}

fn template_example(function: &Function, object: &serde_json::Map<String, Value>) -> Shown {
    Shown {
        title: None,
        rust: None,
        script: function.opi.as_ref().map(|_| format!("Result = OPI_Bitrix24.{}();", function.name)),
        bash: bash(function, None).alone(),
        batch: batch(function, None).alone(),
        powershell: powershell(function, None).alone(),
        curl: None,
        response: Some(format!("{:#}", Value::Object(object.clone()))),
    }
}

/// Where the other methods are: what a page links to. Made once for all pages.
pub(super) struct Neighbours<'a> {
    by_name: BTreeMap<&'a str, Vec<&'a Method>>,
    /// By category and module.
    beside: BTreeMap<(&'a str, &'a [RustIdent]), Vec<&'a Method>>,
}

impl<'a> Neighbours<'a> {
    pub(super) fn of(api: &'a Api) -> Self {
        let (mut by_name, mut beside) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for method in &api.methods {
            by_name.entry(method.name.as_str()).or_default().push(method);
            beside.entry((method.category.as_str(), method.module.as_slice())).or_default().push(method);
        }
        Self { by_name, beside }
    }

    /// A method by name, as a link to its page where there is one.
    fn link_to(&self, name: &str) -> String {
        let found = self.by_name.get(name).and_then(|methods| methods.first());
        match found.and_then(|method| Some((method, method.functions.first()?))) {
            Some((method, function)) => format!("[{}]({})", escape::mdx(name), path_to(method, function)),
            None => escape::code(name),
        }
    }

    /// The other functions on the same method, its twin of the other REST version, then what else can be done with the
    /// same things: make, read, list, change, remove, and the rest.
    fn related(&self, method: &Method, function: &Function) -> Vec<Link> {
        const MOST: usize = 12;
        let link = |other: &Method, function: &Function| Link {
            title: if other.name == method.name && other.rest != method.rest {
                format!("{} ({})", function.title, version(other.rest))
            } else {
                function.title.clone()
            },
            path: path_to(other, function),
        };
        let same = method.functions.iter().filter(|other| other.name != function.name).map(|other| link(method, other));
        let twins = self.by_name.get(method.name.as_str()).into_iter().flatten();
        let twins = twins.filter(|other| other.rest != method.rest);
        let beside = self.beside.get(&(method.category.as_str(), method.module.as_slice())).into_iter().flatten();
        let mut beside: Vec<&Method> = beside.filter(|other| other.name != method.name).copied().collect();
        beside.sort_by_key(|other| order(other.effect));
        let others = twins.copied().chain(beside);
        same.chain(others.filter_map(|other| Some(link(other, other.functions.first()?)))).take(MOST).collect()
    }
}

/// The order in which people look for what they can do.
fn order(effect: Effect) -> usize {
    match effect {
        Effect::Create => 0,
        Effect::Read => 1,
        Effect::List => 2,
        Effect::Update => 3,
        Effect::Delete => 4,
        Effect::Action => 5,
    }
}

fn version(rest: Rest) -> &'static str {
    match rest {
        Rest::V2 => "REST 2",
        Rest::V3 => "REST 3.0",
    }
}

/// The file of a page, by its path from the pages' root: a page of another language may have no neighbours.
pub(super) fn path_to(method: &Method, function: &Function) -> String {
    format!("/{}/{}.mdx", method.category, function.kebab)
}
