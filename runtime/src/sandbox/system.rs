//! Methods about the portal and the caller.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal, iso};
use crate::sandbox::dispatch::{Call, all_scopes, stateful};

pub(super) fn server_time(call: &mut Call<'_>) -> Outcome {
    Ok(Value::from(iso(call.now)).into())
}

pub(super) fn profile(call: &mut Call<'_>) -> Outcome {
    let user = call.store().get("user", call.user).ok_or_else(|| Refusal::core("access_denied"))?;
    let text = |key: &str| user.get(key).cloned().unwrap_or_else(|| "".into());
    Ok(json!({
        "ID": text("ID"),
        "ADMIN": call.user == 1,
        "NAME": text("NAME"),
        "LAST_NAME": text("LAST_NAME"),
        "PERSONAL_GENDER": text("PERSONAL_GENDER"),
        "TIME_ZONE": text("TIME_ZONE"),
    })
    .into())
}

pub(super) fn scope(call: &mut Call<'_>) -> Outcome {
    let is_full = call
        .param("full")
        .is_some_and(|full| *full == true || full.as_str().is_some_and(|full| full == "1" || full == "true"));
    let scopes = match &call.caller.scopes {
        Some(scopes) if !is_full => scopes.clone(),
        _ => {
            let mut scopes = all_scopes();
            scopes.extend(call.tables.commands().map(|command| command.scope.into_owned()));
            scopes.sort();
            scopes.dedup();
            scopes
        }
    };
    Ok(Value::from(scopes).into())
}

pub(super) fn methods(call: &mut Call<'_>) -> Outcome {
    let scope = call.text("scope");
    let fits = |of: &str| match &scope {
        Some(scope) => of.eq_ignore_ascii_case(scope),
        None => call.caller.covers(of),
    };
    let mut names: Vec<String> = stateful().filter(|(_, scope)| fits(scope)).map(|(name, _)| name.to_owned()).collect();
    let documented = call.tables.commands().filter(|command| command.rest == 2 && fits(&command.scope));
    names.extend(documented.filter_map(|command| command.method.map(|name| name.into_owned())));
    names.sort();
    names.dedup();
    Ok(Value::from(names).into())
}

pub(super) fn method_get(call: &mut Call<'_>) -> Outcome {
    let name = call.text("name").unwrap_or_default().to_lowercase();
    let scope = stateful().find(|(known, _)| *known == name).map(|(_, scope)| scope.to_owned()).or_else(|| {
        let command = call.tables.command(&name, Some(2))?;
        command
            .method
            .as_deref()
            .is_some_and(|method| method.eq_ignore_ascii_case(&name))
            .then(|| command.scope.into_owned())
    });
    let available = scope.as_deref().is_some_and(|scope| call.caller.covers(scope));
    Ok(json!({ "isExisting": scope.is_some(), "isAvailable": available }).into())
}
