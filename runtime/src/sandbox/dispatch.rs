//! From a request to the handler of its method: address, authorisation, parameters.

use serde_json::Value;

use crate::sandbox::answer::{Outcome, Refusal, Success};
use crate::sandbox::state::State;
use crate::sandbox::{LoggedRequest, Shared, canned, decode, user_fields, users};
use crate::table::Tables;
use crate::value::Object;

/// A request as it came.
pub(super) struct Inquiry {
    pub(super) verb: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) content_type: String,
    pub(super) authorization: String,
    pub(super) body: Vec<u8>,
}

/// What a handler may use.
pub(super) struct Call<'c> {
    pub(super) state: &'c mut State,
    pub(super) tables: &'c Tables,
    /// The number of the user that the call is made for.
    pub(super) user: u64,
    pub(super) params: &'c Object,
}

impl Call<'_> {
    /// A parameter; the portal does not care for the letter case of its name.
    pub(super) fn param(&self, name: &str) -> Option<&Value> {
        self.params
            .get(name)
            .or_else(|| self.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    }

    /// A parameter as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.param(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// A parameter as a number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.trim().parse().ok()
    }

    /// Refuses callers who are no administrators.
    pub(super) fn administrator(&self) -> Result<(), Refusal> {
        if self.user == 1 { Ok(()) } else { Err(Refusal::core("access_denied")) }
    }
}

type Handler = fn(&mut Call<'_>) -> Outcome;

/// The methods that work on the state. The others answer with their documented example.
const HANDLERS: &[(&str, Handler)] = &[
    ("user.add", users::add),
    ("user.current", users::current),
    ("user.fields", users::fields),
    ("user.get", users::get),
    ("user.search", users::search),
    ("user.update", users::update),
    ("user.userfield.add", user_fields::add),
    ("user.userfield.delete", user_fields::delete),
    ("user.userfield.list", user_fields::list),
    ("user.userfield.update", user_fields::update),
];

/// Answers a request and logs it; the number is the REST version.
pub(super) fn answer(shared: &Shared, inquiry: Inquiry) -> (Outcome, u8) {
    let mut log = LoggedRequest {
        verb: inquiry.verb.clone(),
        method: String::new(),
        rest: 2,
        auth: "none",
        user: None,
        params: Object::new(),
        status: 200,
        error: None,
        canned: false,
    };
    let outcome = handle(shared, &inquiry, &mut log);
    match &outcome {
        Ok(success) => log.canned = success.canned,
        Err(refusal) => {
            log.status = refusal.status;
            log.error = Some(refusal.code.clone());
        }
    }
    let rest = log.rest;
    shared.log(log);
    (outcome, rest)
}

/// The parts of an address.
struct Route {
    rest: u8,
    webhook: Option<(u64, String)>,
    method: String,
}

fn route(path: &str) -> Option<Route> {
    let decode = |segment: &str| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let segments: Vec<String> = path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (rest, segments) = match segments.as_slice() {
        ["rest", "api", rest @ ..] => (3, rest),
        ["rest", rest @ ..] => (2, rest),
        _ => return None,
    };
    let name = |method: &str| {
        method.strip_suffix(".json").or_else(|| method.strip_suffix(".xml")).unwrap_or(method).to_owned()
    };
    match segments {
        [method] => Some(Route { rest, webhook: None, method: name(method) }),
        [user, code, method] => {
            Some(Route { rest, webhook: Some((user.parse().ok()?, (*code).to_owned())), method: name(method) })
        }
        _ => None,
    }
}

fn handle(shared: &Shared, inquiry: &Inquiry, log: &mut LoggedRequest) -> Outcome {
    if !matches!(inquiry.verb.as_str(), "GET" | "POST") {
        return Err(Refusal::new(405, "INVALID_REQUEST", "Only GET and POST are served"));
    }
    let route = route(&inquiry.path).ok_or_else(|| Refusal::new(404, "ERROR_METHOD_NOT_FOUND", "Method not found!"))?;
    log.rest = route.rest;
    log.method.clone_from(&route.method);
    let mut params = params(inquiry)?;
    let token = token(inquiry, &mut params);
    log.params.clone_from(&params);
    let mut state = shared.state();
    let user = match (&route.webhook, token) {
        (Some((user, code)), _) => {
            log.auth = "webhook";
            if *code != shared.code || !state.users.contains_key(user) {
                return Err(Refusal::new(401, "NO_AUTH_FOUND", "Wrong authorization data"));
            }
            *user
        }
        (None, Some(token)) => {
            log.auth = "token";
            if token != shared.token {
                return Err(Refusal::new(401, "NO_AUTH_FOUND", "Wrong authorization data"));
            }
            if state.token_expired {
                return Err(Refusal::new(401, "expired_token", "The access token provided has expired."));
            }
            1
        }
        (None, None) => {
            return Err(Refusal::new(401, "NO_AUTH_FOUND", "Wrong authorization data"));
        }
    };
    log.user = Some(user);
    let method = route.method.to_lowercase();
    let command = shared
        .tables
        .command(&method, Some(route.rest))
        .filter(|command| command.method.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&method)));
    let command = command.ok_or_else(|| Refusal::new(404, "ERROR_METHOD_NOT_FOUND", "Method not found!"))?;
    if shared.scopes.as_ref().is_some_and(|scopes| !scopes.iter().any(|scope| *scope == command.scope)) {
        return Err(Refusal::new(
            403,
            "insufficient_scope",
            "The request requires higher privileges than provided by the webhook token",
        ));
    }
    let mut call = Call { state: &mut state, tables: &shared.tables, user, params: &params };
    match HANDLERS.iter().find(|(name, _)| *name == method && route.rest == 2) {
        Some((_, handler)) => handler(&mut call),
        None => canned::answer(&command, &call),
    }
}

/// The parameters of query and body; the body wins.
fn params(inquiry: &Inquiry) -> Result<Object, Refusal> {
    let invalid = |reason: String| Refusal::new(400, "INVALID_REQUEST", reason);
    let mut params = decode::form(&inquiry.query).map_err(invalid)?;
    let kind = inquiry.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if inquiry.body.trim_ascii().is_empty() {
        return Ok(params);
    }
    if kind.ends_with("json") || inquiry.body.trim_ascii_start().starts_with(b"{") {
        match serde_json::from_slice(&inquiry.body) {
            Ok(Value::Object(body)) => params.extend(body),
            Ok(Value::Array(items)) if items.is_empty() => {}
            Ok(_) => return Err(invalid("The body must be a JSON object".into())),
            Err(error) => return Err(invalid(format!("The body is not valid JSON: {error}"))),
        }
    } else if kind.is_empty() || kind == "application/x-www-form-urlencoded" {
        params.extend(decode::form(&String::from_utf8_lossy(&inquiry.body)).map_err(invalid)?);
    } else {
        return Err(invalid(format!("Bodies of the type {kind} are not served")));
    }
    Ok(params)
}

/// Takes the token out of the parameters or the headers.
fn token(inquiry: &Inquiry, params: &mut Object) -> Option<String> {
    let from_params = params.shift_remove("auth").or_else(|| params.shift_remove("access_token"));
    let from_header = || inquiry.authorization.strip_prefix("Bearer ").map(str::to_owned);
    from_params.and_then(|token| token.as_str().map(str::to_owned)).or_else(from_header)
}

impl From<Object> for Success {
    fn from(result: Object) -> Self {
        Value::Object(result).into()
    }
}
