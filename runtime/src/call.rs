//! A call that has not been sent yet: a method and its parameters.

use std::fmt;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::method::{Effect, Method, Position};
use crate::output::FromResult;
use crate::secret::MASK;
use crate::value::{File, FileForm, Object};
use crate::{Client, Sending, TypedCall};

/// A longer text without any space is no word of anybody when a call is printed: it is what is left of a file.
const LONGEST_SHOWN: usize = 256;

/// A method with its parameters: a value that can be kept, cloned, changed, printed and sent.
///
/// Printing shows names and sizes of files, never their contents, and no token. The generated types, such as `user::Update`,
/// are thin wrappers of it.
#[derive(Clone)]
pub struct Call {
    method: Method,
    params: Object,
    /// The files among the parameters, so that showing a call does not show their contents.
    uploads: Vec<Upload>,
    /// The first parameter that could not be taken; reported when the call is sent.
    fault: Option<String>,
}

/// A file among the parameters.
#[derive(Clone, Debug)]
struct Upload {
    path: Vec<String>,
    name: String,
    bytes: usize,
}

impl Call {
    /// A call without parameters.
    pub fn new(method: Method) -> Self {
        Self { method, params: Object::new(), uploads: Vec::new(), fault: None }
    }

    /// A call of a method by its REST name, whether a spec describes it or not. It counts as a write.
    pub fn named(method: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self::new(Method::unknown(method))
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The parameters set so far: the body that will be sent.
    pub fn params(&self) -> &Object {
        &self.params
    }

    /// Sets a parameter, the documented ones and any other.
    pub fn param(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.set(key.into(), value.into());
        self
    }

    /// [`Call::param`] without conversions. The generated setters call it, which keeps them cheap to compile.
    pub fn put(mut self, key: &str, value: Value) -> Self {
        self.set(key.to_owned(), value);
        self
    }

    /// Sets the parameter at a path, making the objects on the way: `["filter", "ID"]`.
    pub fn nested(mut self, path: &[&str], value: impl Into<Value>) -> Self {
        self.set_path(path, value.into());
        self
    }

    /// Sets each entry of an object as a parameter of its own. A value that is no object is reported by `send`.
    pub fn merge(mut self, argument: &str, entries: impl Into<Value>) -> Self {
        match entries.into() {
            Value::Object(entries) => {
                self.params.extend(entries);
                self.arrange();
            }
            other => self.fail(format!("`{argument}` must be an object, found {}", crate::value::kind(&other))),
        }
        self
    }

    /// Sets a file at a path.
    pub fn file(mut self, path: &[&str], form: FileForm, file: File) -> Self {
        self.set_file(path, form, &file);
        self
    }

    /// Sets a list of files at a path.
    pub fn files<F: Into<File>>(mut self, path: &[&str], form: FileForm, files: impl IntoIterator<Item = F>) -> Self {
        let files: Vec<File> = files.into_iter().map(Into::into).collect();
        self.set_path(path, Value::Array(files.iter().map(|file| form.encode(file)).collect()));
        for (at, file) in files.iter().enumerate() {
            self.note_upload(path.iter().map(|key| (*key).to_owned()).chain([at.to_string()]).collect(), file);
        }
        self
    }

    /// [`Call::file`] in place.
    pub fn set_file(&mut self, path: &[&str], form: FileForm, file: &File) {
        self.set_path(path, form.encode(file));
        self.note_upload(path.iter().map(|key| (*key).to_owned()).collect(), file);
    }

    /// Remembers that a file stands at a path (keys and list positions) of the parameters.
    pub fn note_upload(&mut self, path: Vec<String>, file: &File) {
        self.uploads.push(Upload { path, name: file.name().to_owned(), bytes: file.len() });
    }

    /// The parameters to be shown: with `{"file": name, "bytes": n}` in place of each file, and without a token of the caller's own.
    pub fn shown_params(&self) -> Object {
        let mut shown = Value::Object(self.params.clone());
        for upload in &self.uploads {
            let slot = upload.path.iter().try_fold(&mut shown, |value, key| match value {
                Value::Object(object) => object.get_mut(key),
                Value::Array(items) => key.parse().ok().and_then(|at: usize| items.get_mut(at)),
                _ => None,
            });
            if let Some(slot) = slot {
                *slot = serde_json::json!({ "file": upload.name, "bytes": upload.bytes });
            }
        }
        let Value::Object(mut shown) = shown else { return Object::new() };
        if let Some(auth) = shown.get_mut("auth") {
            *auth = MASK.into();
        }
        shown
    }

    /// Takes parameters out again, whatever the case of their keys.
    pub(crate) fn take_out(&mut self, keys: &[&str]) {
        let is_kept = |key: &str| !keys.iter().any(|other| key.eq_ignore_ascii_case(other));
        self.params.retain(|key, _| is_kept(key));
        self.uploads.retain(|upload| upload.path.first().is_none_or(|key| is_kept(key)));
        self.arrange();
    }

    /// [`Call::param`] in place.
    pub fn set(&mut self, key: String, value: Value) {
        self.params.insert(key, value);
        self.arrange();
    }

    /// Gives a parameter another name; it keeps its place.
    #[cfg(feature = "cli")]
    pub(crate) fn rename(&mut self, key: &str, other: String) {
        let renamed = |name: String| if name == key { other.clone() } else { name };
        self.params =
            std::mem::take(&mut self.params).into_iter().map(|(name, value)| (renamed(name), value)).collect();
        for upload in &mut self.uploads {
            if let Some(first) = upload.path.first_mut().filter(|first| *first == key) {
                *first = other.clone();
            }
        }
    }

    /// Where the portal reads the parameters by their order, puts them into it; those that it does not know follow. An empty list
    /// keeps the place of an object or a list that is left out before others, as the portal wants it. A plain value that is left
    /// out has no place: the portal sees that what stands there is none.
    fn arrange(&mut self) {
        let order = &self.method.order;
        let Some(last) = order.iter().rposition(|position| self.params.contains_key(position.key())) else { return };
        let mut rest = std::mem::take(&mut self.params);
        for position in &order[..=last] {
            match (rest.remove_entry(position.key()), position) {
                (Some((key, value)), _) => {
                    self.params.insert(key, value);
                }
                (None, Position::Container(key)) => {
                    self.params.insert((*key).to_owned(), Value::Array(Vec::new()));
                }
                (None, Position::Plain(_)) => {}
            }
        }
        self.params.extend(rest);
    }

    /// The parameters alone, for an object that is a part of another call.
    pub fn into_value(self) -> Value {
        Value::Object(self.params)
    }

    /// [`Call::nested`] in place.
    pub fn set_path(&mut self, path: &[&str], value: Value) {
        let Some((last, parents)) = path.split_last() else {
            return;
        };
        let mut object = &mut self.params;
        for key in parents {
            let slot = object.entry(*key).or_insert_with(|| Value::Object(Object::new()));
            if !slot.is_object() {
                *slot = Value::Object(Object::new());
            }
            let Value::Object(inner) = slot else { return };
            object = inner;
        }
        object.insert((*last).to_owned(), value);
        self.arrange();
    }

    fn fail(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }

    pub(crate) fn params_mut(&mut self) -> &mut Object {
        &mut self.params
    }

    /// What makes the call impossible to send, if anything does.
    pub(crate) fn check(&self) -> Result<()> {
        self.check_itself()?;
        if self.params.values().any(crate::batch::is_in) {
            let name = &self.method.name;
            return Err(Error::usage(format!(
                "{name}: a reference to another command's result works in its batch only"
            )));
        }
        Ok(())
    }

    /// [`Call::check`] for a command of a batch, which may refer to earlier ones.
    pub(crate) fn check_itself(&self) -> Result<()> {
        let fault = self.fault.clone().or_else(|| self.filter_fault());
        fault.map_or(Ok(()), |fault| Err(Error::usage(format!("{}: {fault}", self.method.name))))
    }

    /// What is wrong with the filter of a list: the portal passes over one that is a text, and answers with all records.
    fn filter_fault(&self) -> Option<String> {
        if self.method.effect != Effect::List {
            return None;
        }
        let (key, value) = self.params.iter().find(|(key, _)| key.eq_ignore_ascii_case("filter"))?;
        let is_plain = matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_));
        let is_fault = is_plain && *value != "" && !crate::batch::is_in(value);
        is_fault.then(|| format!("`{key}` must be an object, found {}", crate::value::kind(value)))
    }

    /// The same call, whose `result` is read as `T`.
    pub fn typed<T>(self) -> TypedCall<T> {
        TypedCall::new(self)
    }

    /// Sends the call and brings the answer's `result` as it is.
    pub fn send(self, client: &Client) -> Sending<'_, Value> {
        self.send_as(client)
    }

    /// Sends the call and reads the answer's `result` as `T`.
    pub fn send_as<T: FromResult>(self, client: &Client) -> Sending<'_, T> {
        Sending::new(client, self)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut params = Value::Object(self.shown_params());
        shorten(&mut params);
        let mut shown = f.debug_struct("Call");
        shown.field("method", &self.method.name).field("params", &format_args!("{params}"));
        if let Some(fault) = &self.fault {
            shown.field("fault", fault);
        }
        shown.finish()
    }
}

/// Puts the size in place of each text that is none: a file that came in with a record or as plain JSON.
fn shorten(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > LONGEST_SHOWN && !text.contains(char::is_whitespace) => {
            *text = format!("<{} characters>", text.chars().count());
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(entries) => entries.values_mut().for_each(shorten),
        _ => {}
    }
}

/// A typed call: what the generated types have in common.
pub trait Request: Sized {
    /// What the answer's `result` is read as.
    type Output: FromResult;

    /// The call beneath.
    fn into_call(self) -> Call;
}

impl<R: Request> From<R> for Call {
    fn from(request: R) -> Self {
        request.into_call()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::{Paging, Rest};
    use serde_json::json;

    #[test]
    fn paths_make_their_objects() {
        let call = Call::named("x.list").nested(&["filter", "ID"], 7).nested(&["filter", ">=DATE"], "2026-01-01");
        assert_eq!(Value::Object(call.params().clone()), json!({"filter": {"ID": 7, ">=DATE": "2026-01-01"}}));
    }

    #[test]
    fn printing_shows_neither_contents_nor_tokens() {
        let file = || File::new("a.bin", vec![7; 3_000]);
        let content = file().base64();
        let call = Call::named("x.add")
            .file(&["fields", "photo"], FileForm::Pair, file())
            .files(&["files"], FileForm::FileData, [file(), file()])
            .param("record", json!({"logo": file().file_data(), "raw": content}))
            .param("comment", "All that is said here. ".repeat(20))
            .param("auth", "s3cretToken");
        let unknown = Error::OutcomeUnknown { call: Box::new(call.clone()), reason: "x".into(), idempotency_key: None };
        let batch: crate::Batch = [call.clone()].into_iter().collect();
        for shown in [
            format!("{call:?}"),
            format!("{call:#?}"),
            format!("{unknown:?}"),
            format!("{batch:?}"),
            format!("{:?}", call.clone().typed::<Value>()),
        ] {
            assert!(!shown.contains("BwcHBwcH") && !shown.contains("s3cret"), "{shown}");
            let files = shown.matches(r#"{"file":"a.bin","bytes":3000}"#).count();
            let others = shown.matches("<4000 characters>").count();
            assert_eq!((files, others, shown.contains("said here. All")), (3, 2, true), "{shown}");
        }
    }

    #[test]
    fn parameters_read_by_position_keep_their_order() {
        let method = Method::new("task.commentitem.add", Rest::V2, Effect::Create, Paging::None);
        let call = Call::new(method.with_order(&[Position::Plain("TASKID"), Position::Container("FIELDS")]))
            .param("OTHER", 1)
            .nested(&["FIELDS", "POST_MESSAGE"], "x")
            .param("TASKID", 7);
        assert_eq!(call.params().keys().collect::<Vec<_>>(), ["TASKID", "FIELDS", "OTHER"]);
    }

    #[test]
    fn what_is_left_out_before_others_keeps_its_place() {
        const ORDER: &[Position] = &[
            Position::Plain("TASKID"),
            Position::Container("ORDER"),
            Position::Container("FILTER"),
            Position::Container("SELECT"),
        ];
        let method = Method::new("task.elapseditem.getlist", Rest::V2, Effect::List, Paging::None).with_order(ORDER);
        let shown = |call: &Call| Value::Object(call.params().clone()).to_string();
        let call = Call::new(method).nested(&["FILTER", "ID"], 7);
        assert_eq!(shown(&call), r#"{"ORDER":[],"FILTER":{"ID":7}}"#);
        let call = call.merge("params", json!({"TASKID": 8, "ORDER": {}}));
        assert_eq!(shown(&call), r#"{"TASKID":8,"ORDER":{},"FILTER":{"ID":7}}"#);
        let call = call.nested(&["ORDER", "ID"], "asc").param("SELECT", json!(["ID"]));
        assert_eq!(shown(&call), r#"{"TASKID":8,"ORDER":{"ID":"asc"},"FILTER":{"ID":7},"SELECT":["ID"]}"#);
    }

    #[test]
    fn a_filter_that_the_portal_would_pass_over_is_reported_when_sent() {
        let list =
            |value| Call::new(Method::new("user.get", Rest::V2, Effect::List, Paging::None)).param("filter", value);
        let error = list(json!("ID=1")).check().unwrap_err();
        assert_eq!(error.to_string(), "user.get: `filter` must be an object, found a string");
        assert!(matches!(list(json!(5)).check_itself(), Err(Error::Usage(_))));
        for value in [json!({"ID": 1}), json!([["id", 1]]), json!(null), json!("")] {
            assert!(list(value.clone()).check().is_ok(), "{value}");
        }
        assert!(Call::named("my.own.list").param("filter", "ID=1").check().is_ok(), "nobody knows what that is");
    }

    #[test]
    fn merging_something_else_is_reported_when_sent() {
        let call = Call::named("user.update").merge("fields", json!([1]));
        assert_eq!(call.check().unwrap_err().to_string(), "user.update: `fields` must be an object, found an array");
    }
}
