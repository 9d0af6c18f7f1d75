//! Methods without a state of their own: caller and parameters are checked, then the documented example is the answer.

use serde_json::Value;

use crate::sandbox::answer::{Outcome, Refusal, Success};
use crate::sandbox::auth;
use crate::sandbox::dispatch::Call;
use crate::sandbox::examples::is_same;
use crate::table::Command;
use crate::value::Object;

/// Refuses a webhook where only an application may call, with the code that the method is documented to have for that.
///
/// # Errors
/// That refusal.
pub(super) fn context(command: &Command<'_>, call: &Call<'_>) -> Result<(), Refusal> {
    if !command.app_only || call.caller.by != auth::WEBHOOK {
        return Ok(());
    }
    let documented = |code: &str| command.errors.iter().any(|error| error.code == code);
    Err(match () {
        () if documented("WRONG_AUTH_TYPE") || !documented("ACCESS_DENIED") => no_context(),
        () => Refusal::new(403, "ACCESS_DENIED", "Access denied! Application context required"),
    })
}

/// The refusal of a webhook where an application has to call.
pub(super) fn no_context() -> Refusal {
    let text = "Current authorization type is denied for this method Application context required";
    Refusal::new(403, "WRONG_AUTH_TYPE", text)
}

/// The first parameter that the spec requires and the caller has not sent.
pub(super) fn absent(command: &Command<'_>, call: &Call<'_>) -> Option<String> {
    command.params.iter().filter(|param| param.required).filter_map(|param| param.path()).find_map(|path| {
        let mut keys = path.iter();
        let first = keys.next().and_then(|key| call.param(key));
        keys.fold(first, |value, key| value?.get(key)).is_none().then(|| path.join("."))
    })
}

/// Parameters that were sent by their positions, as some methods of tasks take them, under their names.
pub(super) fn by_name(command: &Command<'_>, params: &Object) -> Option<Object> {
    let takes_positions = command.method.as_deref().is_some_and(|method| method.starts_with("task."));
    (takes_positions && params.contains_key("0")).then(|| {
        let names = command.params.iter().filter(|param| !param.group).map(|param| param.name.to_string());
        names.enumerate().filter_map(|(at, name)| Some((name, params.get(&at.to_string())?.clone()))).collect()
    })
}

/// The documented answer to such a call: that of the very example, else of one with the same parameters, else the first.
fn example<'t>(command: &'t Command<'_>, params: &Object) -> Option<&'t Value> {
    let answers = || command.examples.iter().filter_map(|example| Some((&example.body, example.response.as_ref()?)));
    let given = Value::Object(params.clone());
    let is_alike = |body: &Value| {
        body.as_object()
            .is_some_and(|body| body.len() == params.len() && body.keys().all(|key| params.contains_key(key)))
    };
    let found =
        answers().find(|(body, _)| is_same(body, &given)).or_else(|| answers().find(|(body, _)| is_alike(body)));
    found.or_else(|| answers().next()).map(|(_, answer)| answer)
}

pub(super) fn answer(command: &Command<'_>, call: &Call<'_>) -> Outcome {
    if let Some(path) = absent(command, call) {
        return Err(Refusal::new(400, "100", format!("Could not find value for parameter {{{path}}}")));
    }
    let response = example(command, call.params);
    let Some(response) = response else {
        return Ok(Success { canned: true, ..Success::from(Value::Null) });
    };
    let number = |key: &str| response.get(key).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
    match (response.get("result"), response.get("error").and_then(Value::as_str)) {
        (Some(result), _) => {
            let result = result.clone();
            Ok(Success { result, total: number("total"), next: number("next"), canned: true, printed: None })
        }
        (None, code) => {
            let code = code.unwrap_or_default();
            let status =
                command.errors.iter().find(|error| error.code == code).and_then(|error| error.http).unwrap_or(400);
            Err(Refusal::new(
                status,
                code,
                response.get("error_description").and_then(Value::as_str).unwrap_or_default(),
            ))
        }
    }
}
