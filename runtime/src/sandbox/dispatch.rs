//! From a request to the handler of its method: address, authorisation, limits, faults, parameters.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::sandbox::answer::{Outcome, Refusal, envelope, print};
use crate::sandbox::auth::{self, Caller, Hooks};
use crate::sandbox::documentation;
use crate::sandbox::entity::{Entity, ROWS};
use crate::sandbox::examples::Examples;
use crate::sandbox::limits::Charge;
use crate::sandbox::log::LoggedRequest;
use crate::sandbox::options::FaultKind;
use crate::sandbox::reply::{Ending, Reply};
use crate::sandbox::request::Inquiry;
use crate::sandbox::state::State;
use crate::sandbox::store::Store;
use crate::sandbox::v3::{self, Idempotency};
use crate::sandbox::{
    Shared, batch, bindings, canned, catalog, chats, currencies, disk, duplicates, items, list_fields, lists, mutate,
    pipelines, product_rows, records, system, tasks, todos, user_fields, users,
};
use crate::table::{Command, Tables};
use crate::value::Object;

/// What a handler may use.
pub(super) struct Call<'c> {
    pub(super) state: &'c mut State,
    pub(super) tables: &'c Tables,
    /// The number of the user that the call is made for.
    pub(super) user: u64,
    pub(super) caller: &'c Caller,
    /// The method, in lower case.
    pub(super) method: &'c str,
    pub(super) params: &'c Object,
    pub(super) now: SystemTime,
    /// The portal's address as the caller wrote it.
    pub(super) base: &'c str,
    /// The result is sent as it is, in JSON: it may be printed without a detour.
    pub(super) is_plain: bool,
}

impl Call<'_> {
    /// A parameter; the portal does not care for the letter case of its name.
    pub(super) fn param(&self, name: &str) -> Option<&Value> {
        find(self.params, name)
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

    /// The data.
    pub(super) fn store(&self) -> &Store {
        &self.state.store
    }

    /// The data, to change them.
    pub(super) fn store_mut(&mut self) -> &mut Store {
        &mut self.state.store
    }

    /// Refuses callers who are no administrators.
    pub(super) fn administrator(&self) -> Result<(), Refusal> {
        if self.user == ADMINISTRATOR { Ok(()) } else { Err(Refusal::core("access_denied")) }
    }
}

/// The value of a key in any letter case.
pub(super) fn find<'p>(params: &'p Object, name: &str) -> Option<&'p Value> {
    params.get(name).or_else(|| params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// The number of the administrator's account.
const ADMINISTRATOR: u64 = 1;

/// The type of all answers in JSON.
const JSON: &str = "application/json; charset=utf-8";

type Handler = fn(&mut Call<'_>) -> Outcome;

/// The methods with a handler of their own, and their scopes. Entities of the table come next; methods that are in neither answer
/// with their documented example.
const HANDLERS: &[(&str, &str, Handler)] = &[
    ("catalog.product.list", "catalog", catalog::list),
    ("crm.activity.todo.add", "crm", todos::add),
    ("crm.activity.todo.update", "crm", todos::update),
    ("crm.activity.todo.updatecolor", "crm", todos::update_color),
    ("crm.activity.todo.updatedeadline", "crm", todos::update_deadline),
    ("crm.activity.todo.updatedescription", "crm", todos::update_description),
    ("crm.activity.todo.updateresponsibleuser", "crm", todos::update_responsible),
    ("crm.category.add", "crm", pipelines::add),
    ("crm.category.delete", "crm", pipelines::delete),
    ("crm.category.fields", "crm", pipelines::fields),
    ("crm.category.get", "crm", pipelines::get),
    ("crm.category.list", "crm", pipelines::list),
    ("crm.category.update", "crm", pipelines::update),
    ("crm.company.contact.add", "crm", bindings::add),
    ("crm.company.contact.delete", "crm", bindings::delete),
    ("crm.company.contact.fields", "crm", bindings::fields),
    ("crm.company.contact.items.delete", "crm", bindings::items_delete),
    ("crm.company.contact.items.get", "crm", bindings::items_get),
    ("crm.company.contact.items.set", "crm", bindings::items_set),
    ("crm.company.userfield.add", "crm", user_fields::add),
    ("crm.company.userfield.delete", "crm", user_fields::delete),
    ("crm.company.userfield.get", "crm", user_fields::get),
    ("crm.company.userfield.list", "crm", user_fields::list),
    ("crm.company.userfield.update", "crm", user_fields::update),
    ("crm.contact.company.add", "crm", bindings::add),
    ("crm.contact.company.delete", "crm", bindings::delete),
    ("crm.contact.company.fields", "crm", bindings::fields),
    ("crm.contact.company.items.delete", "crm", bindings::items_delete),
    ("crm.contact.company.items.get", "crm", bindings::items_get),
    ("crm.contact.company.items.set", "crm", bindings::items_set),
    ("crm.contact.userfield.add", "crm", user_fields::add),
    ("crm.contact.userfield.delete", "crm", user_fields::delete),
    ("crm.contact.userfield.get", "crm", user_fields::get),
    ("crm.contact.userfield.list", "crm", user_fields::list),
    ("crm.contact.userfield.update", "crm", user_fields::update),
    ("crm.currency.add", "crm", currencies::add),
    ("crm.currency.base.get", "crm", currencies::base_get),
    ("crm.currency.base.set", "crm", currencies::base_set),
    ("crm.currency.delete", "crm", currencies::delete),
    ("crm.currency.get", "crm", currencies::get),
    ("crm.currency.list", "crm", currencies::list),
    ("crm.currency.localizations.delete", "crm", currencies::languages_delete),
    ("crm.currency.localizations.get", "crm", currencies::languages_get),
    ("crm.currency.localizations.set", "crm", currencies::languages_set),
    ("crm.currency.update", "crm", currencies::update),
    ("crm.deal.contact.add", "crm", bindings::add),
    ("crm.deal.contact.delete", "crm", bindings::delete),
    ("crm.deal.contact.fields", "crm", bindings::fields),
    ("crm.deal.contact.items.delete", "crm", bindings::items_delete),
    ("crm.deal.contact.items.get", "crm", bindings::items_get),
    ("crm.deal.contact.items.set", "crm", bindings::items_set),
    ("crm.deal.productrows.get", "crm", product_rows::owner_get),
    ("crm.deal.productrows.set", "crm", product_rows::owner_set),
    ("crm.deal.userfield.add", "crm", user_fields::add),
    ("crm.deal.userfield.delete", "crm", user_fields::delete),
    ("crm.deal.userfield.get", "crm", user_fields::get),
    ("crm.deal.userfield.list", "crm", user_fields::list),
    ("crm.deal.userfield.update", "crm", user_fields::update),
    ("crm.duplicate.findbycomm", "crm", duplicates::find),
    ("crm.item.add", "crm", items::add),
    ("crm.item.delete", "crm", items::delete),
    ("crm.item.fields", "crm", items::fields),
    ("crm.item.get", "crm", items::get),
    ("crm.item.list", "crm", items::list),
    ("crm.item.productrow.add", "crm", product_rows::add),
    ("crm.item.productrow.delete", "crm", product_rows::delete),
    ("crm.item.productrow.fields", "crm", product_rows::fields),
    ("crm.item.productrow.get", "crm", product_rows::get),
    ("crm.item.productrow.list", "crm", product_rows::list),
    ("crm.item.productrow.set", "crm", product_rows::set),
    ("crm.item.productrow.update", "crm", product_rows::update),
    ("crm.item.update", "crm", items::update),
    ("crm.lead.contact.add", "crm", bindings::add),
    ("crm.lead.contact.delete", "crm", bindings::delete),
    ("crm.lead.contact.fields", "crm", bindings::fields),
    ("crm.lead.contact.items.delete", "crm", bindings::items_delete),
    ("crm.lead.contact.items.get", "crm", bindings::items_get),
    ("crm.lead.contact.items.set", "crm", bindings::items_set),
    ("crm.lead.productrows.get", "crm", product_rows::owner_get),
    ("crm.lead.productrows.set", "crm", product_rows::owner_set),
    ("crm.lead.userfield.add", "crm", user_fields::add),
    ("crm.lead.userfield.delete", "crm", user_fields::delete),
    ("crm.lead.userfield.get", "crm", user_fields::get),
    ("crm.lead.userfield.list", "crm", user_fields::list),
    ("crm.lead.userfield.update", "crm", user_fields::update),
    ("crm.productrow.fields", "crm", product_rows::old_fields),
    ("crm.productrow.list", "crm", product_rows::old_list),
    ("crm.quote.contact.add", "crm", bindings::add),
    ("crm.quote.contact.delete", "crm", bindings::delete),
    ("crm.quote.contact.fields", "crm", bindings::fields),
    ("crm.quote.contact.items.delete", "crm", bindings::items_delete),
    ("crm.quote.contact.items.get", "crm", bindings::items_get),
    ("crm.quote.contact.items.set", "crm", bindings::items_set),
    ("crm.quote.productrows.get", "crm", product_rows::owner_get),
    ("crm.quote.productrows.set", "crm", product_rows::owner_set),
    ("crm.quote.userfield.add", "crm", user_fields::add),
    ("crm.quote.userfield.delete", "crm", user_fields::delete),
    ("crm.quote.userfield.get", "crm", user_fields::get),
    ("crm.quote.userfield.list", "crm", user_fields::list),
    ("crm.quote.userfield.update", "crm", user_fields::update),
    ("crm.requisite.userfield.add", "crm", user_fields::add),
    ("crm.requisite.userfield.delete", "crm", user_fields::delete),
    ("crm.requisite.userfield.get", "crm", user_fields::get),
    ("crm.requisite.userfield.list", "crm", user_fields::list),
    ("crm.requisite.userfield.update", "crm", user_fields::update),
    ("crm.status.delete", "crm", pipelines::status_delete),
    ("crm.status.entity.items", "crm", pipelines::directory_items),
    ("crm.status.entity.types", "crm", pipelines::directories),
    ("crm.status.list", "crm", pipelines::status_list),
    ("crm.type.add", "crm", items::type_add),
    ("crm.type.delete", "crm", items::type_delete),
    ("crm.type.getbyentitytypeid", "crm", items::type_by_number),
    ("disk.file.copyto", "disk", disk::file_copy),
    ("disk.file.delete", "disk", disk::file_delete),
    ("disk.file.get", "disk", disk::file),
    ("disk.file.getversions", "disk", disk::versions),
    ("disk.file.markdeleted", "disk", disk::file_mark),
    ("disk.file.moveto", "disk", disk::file_move),
    ("disk.file.rename", "disk", disk::file_rename),
    ("disk.file.restore", "disk", disk::file_restore),
    ("disk.file.uploadversion", "disk", disk::new_version),
    ("disk.folder.addsubfolder", "disk", disk::subfolder),
    ("disk.folder.copyto", "disk", disk::folder_copy),
    ("disk.folder.deletetree", "disk", disk::folder_delete),
    ("disk.folder.get", "disk", disk::folder),
    ("disk.folder.getchildren", "disk", disk::children),
    ("disk.folder.markdeleted", "disk", disk::folder_mark),
    ("disk.folder.moveto", "disk", disk::folder_move),
    ("disk.folder.rename", "disk", disk::folder_rename),
    ("disk.folder.restore", "disk", disk::folder_restore),
    ("disk.folder.uploadfile", "disk", disk::folder_upload),
    ("disk.storage.addfolder", "disk", disk::storage_folder),
    ("disk.storage.get", "disk", disk::storage),
    ("disk.storage.getchildren", "disk", disk::storage_children),
    ("disk.storage.getforapp", "disk", disk::storage_for_app),
    ("disk.storage.getlist", "disk", disk::storages),
    ("disk.storage.uploadfile", "disk", disk::storage_upload),
    ("im.chat.add", "im", chats::chat_add),
    ("im.chat.get", "im", chats::chat_get),
    ("im.chat.leave", "im", chats::leave),
    ("im.chat.mute", "im", chats::mute),
    ("im.chat.setowner", "im", chats::set_owner),
    ("im.chat.updatecolor", "im", chats::chat_color),
    ("im.chat.updatetitle", "im", chats::chat_title),
    ("im.chat.user.add", "im", chats::user_add),
    ("im.chat.user.delete", "im", chats::user_delete),
    ("im.chat.user.list", "im", chats::user_list),
    ("im.dialog.get", "im", chats::dialog),
    ("im.dialog.messages.get", "im", chats::messages),
    ("im.dialog.read", "im", chats::read),
    ("im.dialog.unread", "im", chats::unread),
    ("im.message.add", "im", chats::message_add),
    ("im.message.delete", "im", chats::message_delete),
    ("im.message.like", "im", chats::like),
    ("im.message.update", "im", chats::message_update),
    ("im.recent.list", "im", chats::recent),
    ("im.user.get", "im", chats::user),
    ("lists.field.add", "lists", list_fields::add),
    ("lists.field.delete", "lists", list_fields::delete),
    ("lists.field.get", "lists", list_fields::get),
    ("lists.field.update", "lists", list_fields::update),
    ("method.get", "basic", system::method_get),
    ("methods", "basic", system::methods),
    ("profile", "basic", system::profile),
    ("scope", "basic", system::scope),
    ("server.time", "basic", system::server_time),
    ("task.checklistitem.complete", "task", tasks::point_complete),
    ("task.checklistitem.renew", "task", tasks::point_renew),
    ("task.elapseditem.get", "task", tasks::booking),
    ("tasks.task.add", "task", tasks::add),
    ("tasks.task.approve", "task", tasks::approve),
    ("tasks.task.complete", "task", tasks::complete),
    ("tasks.task.defer", "task", tasks::defer),
    ("tasks.task.delegate", "task", tasks::delegate),
    ("tasks.task.disapprove", "task", tasks::pause),
    ("tasks.task.get", "task", tasks::get),
    ("tasks.task.getfields", "task", tasks::fields),
    ("tasks.task.list", "task", tasks::list),
    ("tasks.task.pause", "task", tasks::pause),
    ("tasks.task.renew", "task", tasks::pause),
    ("tasks.task.start", "task", tasks::start),
    ("tasks.task.update", "task", tasks::update),
    ("user.add", "user", users::add),
    ("user.current", "user", users::current),
    ("user.fields", "user", users::fields),
    ("user.get", "user", users::get),
    ("user.search", "user", users::search),
    ("user.update", "user", users::update),
    ("user.userfield.add", "user.userfield", user_fields::add),
    ("user.userfield.delete", "user.userfield", user_fields::delete),
    ("user.userfield.list", "user.userfield", user_fields::list),
    ("user.userfield.update", "user.userfield", user_fields::update),
];

/// The methods with state.
pub(super) fn stateful() -> impl Iterator<Item = (&'static str, &'static str)> {
    let entities = ROWS.methods().map(|(name, entity)| (name, entity.scope.as_str()));
    HANDLERS.iter().map(|(name, scope, _)| (*name, *scope)).chain(entities).chain([("batch", "basic")])
}

/// Every scope that a method with state has.
pub(super) fn all_scopes() -> Vec<String> {
    let mut scopes: Vec<String> = stateful().map(|(_, scope)| scope.to_owned()).collect();
    scopes.sort();
    scopes.dedup();
    scopes
}

/// The parts of an address.
pub(super) struct Route {
    pub(super) rest: u8,
    pub(super) webhook: Option<(u64, String)>,
    pub(super) method: String,
    /// Whether the answer is wanted in XML.
    pub(super) is_xml: bool,
}

/// Reads the address of a REST call.
pub(super) fn route(path: &str) -> Option<Route> {
    let decode = |segment: &str| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let segments: Vec<String> = path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (rest, segments) = match segments.as_slice() {
        ["rest", "api", rest @ ..] => (3, rest),
        ["rest", rest @ ..] => (2, rest),
        _ => return None,
    };
    let (user, method) = match segments {
        [] => (None, ""),
        [method] => (None, *method),
        [user, code] => (Some((*user, *code)), ""),
        [user, code, method] => (Some((*user, *code)), *method),
        _ => return None,
    };
    let webhook = match user {
        Some((user, code)) => Some((user.parse().ok()?, code.to_owned())),
        None => None,
    };
    let bare = method.strip_suffix(".xml").filter(|_| rest == 2);
    let method = bare.unwrap_or_else(|| method.strip_suffix(".json").unwrap_or(method)).to_owned();
    Some(Route { rest, webhook, method, is_xml: bare.is_some() })
}

/// Answers a call and logs it.
pub(super) fn answer(shared: &Shared, inquiry: &Inquiry, since: SystemTime) -> Reply {
    let mut log = LoggedRequest {
        verb: inquiry.verb.clone(),
        method: String::new(),
        rest: 2,
        auth: "none",
        user: None,
        params: Object::new(),
        commands: Vec::new(),
        status: 200,
        error: None,
        canned: false,
        fault: None,
        replayed: false,
        source: inquiry.source,
        micros: 0,
    };
    let mut reply = handle(shared, inquiry, &mut log, since);
    log.status = reply.status;
    log.micros =
        SystemTime::now().duration_since(since).map_or(0, |took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    {
        let mut state = shared.state();
        let options = &state.options;
        let commands = u32::try_from(log.commands.len()).unwrap_or(u32::MAX);
        let wait = options.latency.saturating_add(options.command_latency.saturating_mul(commands));
        let jitter = u64::try_from(options.jitter.as_millis()).unwrap_or(u64::MAX);
        let jitter = Duration::from_millis(state.plan.jitter(jitter));
        reply.wait = reply.wait.saturating_add(wait).saturating_add(jitter);
    }
    shared.log(log);
    reply
}

/// What a fault does in place of the call, if it is not carried out.
fn instead(fault: &FaultKind) -> Option<Result<Reply, Refusal>> {
    let committed = match fault {
        FaultKind::Reset { committed } | FaultKind::Close { committed } | FaultKind::Html { committed, .. } => {
            *committed
        }
        _ => false,
    };
    if committed {
        return None;
    }
    match fault {
        FaultKind::QueryLimit => Some(Err(too_many())),
        FaultKind::OperationLimit => Some(Err(operation_limit())),
        FaultKind::ExpiredToken => {
            Some(Err(Refusal::new(401, "expired_token", "The access token provided has expired.")))
        }
        FaultKind::Error { status, code } => Some(Err(Refusal::new(*status, code, "A fault that was asked for"))),
        FaultKind::Html { status, .. } => Some(Ok(Reply::html_fault(*status))),
        FaultKind::Redirect { .. } => Some(Ok(Reply::empty(302))),
        FaultKind::Reset { .. } => Some(Ok(Reply { ending: Ending::Reset, ..Reply::empty(0) })),
        FaultKind::Close { .. } => Some(Ok(Reply { ending: Ending::Close, ..Reply::empty(0) })),
        _ => None,
    }
}

/// What a fault does to the answer of a call that has been carried out.
fn spoil(reply: Reply, fault: &FaultKind) -> Reply {
    match fault {
        FaultKind::Reset { .. } => Reply { ending: Ending::Reset, ..reply },
        FaultKind::Close { .. } => Reply { ending: Ending::Close, ..reply },
        FaultKind::Hang { ms } => Reply { ending: Ending::Hang(Duration::from_millis(*ms)), ..reply },
        FaultKind::Html { status, .. } => Reply::html_fault(*status),
        FaultKind::Truncated => Reply { ending: Ending::Truncated, ..reply },
        FaultKind::HalfJson => {
            let half = reply.body.len() / 2;
            Reply { body: reply.body.slice(..half), ..reply }
        }
        FaultKind::Drip { bytes, ms } => {
            Reply { ending: Ending::Drip { bytes: (*bytes).max(1), pause: Duration::from_millis(*ms) }, ..reply }
        }
        _ => reply,
    }
}

fn too_many() -> Refusal {
    Refusal::new(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
}

fn operation_limit() -> Refusal {
    Refusal::new(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.")
}

fn handle(shared: &Shared, inquiry: &Inquiry, log: &mut LoggedRequest, since: SystemTime) -> Reply {
    let route = route(&inquiry.path);
    let is_xml = route.as_ref().is_some_and(|route| route.is_xml);
    let written =
        |status, answer: &Value| if is_xml { Reply::xml(status, answer) } else { Reply::json(status, answer) };
    let refused = |log: &mut LoggedRequest, refusal: Refusal| {
        log.error = Some(refusal.code.clone());
        let status = refusal.status;
        written(status, &envelope(Err(refusal), log.rest, since, Charge::default()))
    };
    let Some(route) = route else {
        return refused(log, Refusal::no_method());
    };
    log.rest = route.rest;
    log.method.clone_from(&route.method);
    let method = route.method.to_lowercase();
    // A large body is read before the state is locked.
    let params = if route.rest == 3 { inquiry.params_v3() } else { inquiry.params() };
    let mut guard = shared.state();
    let state = &mut *guard;
    let now = state.now();
    if state.options.bucket.is_some_and(|bucket| !state.buckets.admit(&bucket, inquiry.source, now)) {
        return refused(log, too_many());
    }
    let fault = state.plan.fault(&state.options, &method);
    if let Some(fault) = &fault {
        log.fault = Some(fault.name());
        let replaced = instead(fault);
        if replaced.is_some() {
            // Not carried out, so that it does not count as a call that ran.
            log.error = Some(fault.name());
        }
        match (replaced, fault) {
            (Some(Ok(reply)), FaultKind::Redirect { location }) => {
                return reply.with("location", &format!("{}{}", location.trim_end_matches('/'), inquiry.path));
            }
            (Some(Ok(reply)), _) => return reply,
            (Some(Err(refusal)), _) => return refused(log, refusal),
            (None, _) => {}
        }
    }
    if !state.options.mutations.is_empty() {
        for mutation in state.plan.mutations(&state.options.clone(), &method) {
            let other = |id| shared.example(&mutation.collection, id);
            mutate::apply(&mut state.store, mutation, now, &other);
        }
    }
    let prepared = prepare(shared, state, inquiry, params, &route, log, now);
    let (caller, params) = match prepared {
        Ok(prepared) => prepared,
        Err(refusal) => return refused(log, refusal),
    };
    let base = inquiry.base();
    let scene = Scene { is_plain: !is_xml && method != "batch", shared, caller: &caller, now, base: &base };
    let key = (route.rest == 3).then(|| inquiry.headers.get("idempotency-key")).flatten();
    let key = key.map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
    let account = format!("{} {}", caller.account, caller.user);
    let place = (account.as_str(), method.as_str(), key.as_deref().unwrap_or_default());
    if let Some(key) = &key {
        let known = Idempotency::check(key).and_then(|()| state.idempotency.replay(place, &inquiry.body, now));
        match known {
            Ok(None) => {}
            Ok(Some(body)) => {
                log.params = params;
                log.replayed = true;
                let reply = Reply { content_type: JSON, body, ..Reply::empty(200) };
                return reply.with("idempotency-key", key).with("idempotent-replayed", "true");
            }
            Err(refusal) => {
                log.params = params;
                return refused(log, refusal);
            }
        }
    }
    let (outcome, charge) = if method == "batch" && route.rest == 3 {
        let mut ran = Vec::new();
        let outcome = v3::batch(&params, |method, params| {
            let (outcome, _) = run(&scene, state, 3, method, &params);
            if outcome.is_ok() {
                ran.push(method.to_owned());
            }
            outcome
        });
        log.commands = ran;
        (outcome, Charge::default())
    } else if method == "batch" {
        let chosen: &[usize] = match &fault {
            Some(FaultKind::Commands { commands, .. }) => commands,
            _ => &[],
        };
        let code = match &fault {
            Some(FaultKind::Commands { code, .. }) => code.as_str(),
            _ => "",
        };
        let mut ran = Vec::new();
        let outcome = batch::run(&params, |at, method, params| {
            if chosen.contains(&at) {
                return (Err(Refusal::new(429, code, "A fault that was asked for")), Charge::default());
            }
            let (outcome, charge) = run(&scene, state, 2, method, &params);
            if outcome.is_ok() {
                ran.push(method.to_owned());
            }
            (outcome, charge)
        });
        log.commands = ran;
        (outcome, Charge::default())
    } else {
        run(&scene, state, route.rest, &route.method, &params)
    };
    log.params = params;
    // What is not kept is not acknowledged.
    let outcome = match state.persist() {
        Ok(()) => outcome,
        Err(reason) => Err(Refusal::new(500, "INTERNAL_SERVER_ERROR", reason)),
    };
    let reply = match outcome {
        Ok(success) => {
            log.canned = success.canned;
            let canned = success.canned;
            let reply = if is_xml {
                Reply::xml(200, &envelope(Ok(success), route.rest, since, charge))
            } else {
                Reply { content_type: JSON, body: print(&success, since, charge).into(), ..Reply::empty(200) }
            };
            if key.is_some() {
                state.idempotency.keep(place, inquiry.body.clone(), reply.body.clone(), now);
            }
            if canned { reply.with("x-sandbox-canned", "true") } else { reply }
        }
        Err(refusal) => refused(log, refusal),
    };
    drop(guard);
    let reply = match &key {
        Some(key) => reply.with("idempotency-key", key),
        None => reply,
    };
    match &fault {
        Some(fault) => spoil(reply, fault),
        None => reply,
    }
}

/// Reads the parameters and finds out who calls.
fn prepare(
    shared: &Shared,
    state: &State,
    inquiry: &Inquiry,
    params: Result<Object, Refusal>,
    route: &Route,
    log: &mut LoggedRequest,
    now: SystemTime,
) -> Result<(Caller, Object), Refusal> {
    if !matches!(inquiry.verb.as_str(), "GET" | "POST") {
        return Err(Refusal::new(405, "INVALID_REQUEST", "Only GET and POST are served"));
    }
    let mut params = params?;
    let token = token(inquiry, &mut params);
    log.auth = match (&route.webhook, &token) {
        (Some(_), _) => "webhook",
        (None, Some(_)) => "token",
        (None, None) => "none",
    };
    let hooks = Hooks { code: &shared.code, scopes: shared.application.scopes.as_ref() };
    match auth::caller(route, token.as_deref(), &hooks, &state.store, now) {
        Ok(caller) => {
            log.user = Some(caller.user);
            Ok((caller, params))
        }
        Err(refusal) => {
            log.params = params;
            Err(refusal)
        }
    }
}

/// What all calls of one request share.
struct Scene<'s> {
    /// The answer is in JSON and nobody looks at it on the way.
    is_plain: bool,
    shared: &'s Shared,
    caller: &'s Caller,
    now: SystemTime,
    base: &'s str,
}

/// Carries out one call: alone, or as a command of a batch.
fn run(scene: &Scene<'_>, state: &mut State, rest: u8, method: &str, params: &Object) -> (Outcome, Charge) {
    let Scene { is_plain, shared, caller, now, base } = *scene;
    let method = method.to_lowercase();
    let method = method.strip_suffix(".json").or_else(|| method.strip_suffix(".xml")).unwrap_or(&method);
    if rest == 3 && documentation::NAMES.contains(&method) {
        return (Ok(documentation::document(&shared.tables, caller).into()), Charge::default());
    }
    let handler =
        HANDLERS.binary_search_by(|(name, ..)| (*name).cmp(method)).ok().map(|at| &HANDLERS[at]).filter(|_| rest == 2);
    let row = if rest == 2 { ROWS.method(method) } else { None };
    let twin = if rest == 3 { ROWS.twin(method) } else { None };
    let third = if rest == 3 { v3::handler(method) } else { None };
    let command = if handler.is_some() || row.is_some() || twin.is_some() || third.is_some() {
        None
    } else {
        shared.command(method, rest)
    };
    let scope = match (handler, row, &command) {
        _ if twin.is_some() => twin.map_or("", |(_, twin, _)| twin.scope.as_str()),
        _ if third.is_some() => third.map_or("", |(scope, _)| scope),
        (Some((_, scope, _)), ..) => scope,
        (_, Some((entity, _)), _) => entity.scope.as_str(),
        (.., Some(command)) => &*command.scope,
        _ => return (Err(Refusal::no_method()), Charge::default()),
    };
    if !caller.covers(scope) {
        let text = "The request requires higher privileges than provided by the webhook token";
        let refusal = match rest {
            3 => v3::refusal(403, "INSUFFICIENTSCOPEEXCEPTION", text),
            _ => Refusal::new(403, "insufficient_scope", text),
        };
        return (Err(refusal), Charge::default());
    }
    let Some(charge) = state.ledger.charge(&state.options.operating, &caller.account, method, now) else {
        return (Err(operation_limit()), Charge::default());
    };
    let mut call =
        Call { state, tables: &shared.tables, user: caller.user, caller, method, params, now, base, is_plain };
    let outcome = match (handler, row, command) {
        _ if twin.is_some() => match twin {
            Some((entity, twin, verb)) => v3::run(&mut call, entity, twin, verb),
            None => Err(Refusal::no_method()),
        },
        _ if third.is_some() => match (third, shared.command(method, 3)) {
            (Some((_, handler)), Some(command)) => v3::check(&command, params).and_then(|()| handler(&mut call)),
            (Some((_, handler)), None) => handler(&mut call),
            _ => Err(Refusal::no_method()),
        },
        (Some((name, _, handler)), ..) => {
            let entity = name.rsplit_once('.').and_then(|(entity, _)| ROWS.entity(entity));
            demanded(shared, entity, &call).and_then(|()| handler(&mut call))
        }
        (_, Some((entity, verb)), _) => {
            demanded(shared, Some(entity), &call).and_then(|()| records::run(&mut call, entity, verb))
        }
        (.., Some(command)) => {
            let named = canned::by_name(&command, params);
            let call = Call { params: named.as_ref().unwrap_or(params), ..call };
            canned::context(&command, &call)
                .and_then(|()| if rest == 3 { v3::check(&command, params) } else { Ok(()) })
                .and_then(|()| canned::answer(&command, &call))
                .map(|success| lists::cut(&command, &call, success))
        }
        _ => Err(Refusal::no_method()),
    };
    let outcome = match outcome {
        // An example of the documentation speaks of records that are not here.
        Err(refusal) if refusal.status == 400 && caller.user == ADMINISTRATOR => {
            shared.examples().answer(method, rest, params).ok_or(refusal)
        }
        outcome => outcome,
    };
    (outcome, charge)
}

/// Refuses a call without a parameter that its spec requires, where the entity has an error for that.
fn demanded(shared: &Shared, entity: Option<&Entity>, call: &Call<'_>) -> Result<(), Refusal> {
    let Some((entity, error)) = entity.and_then(|entity| Some((entity, entity.demands.as_ref()?))) else {
        return Ok(());
    };
    let Some(command) = shared.command(call.method, 2) else { return Ok(()) };
    match canned::absent(&command, call) {
        Some(path) if entity.by.iter().all(|name| *name != path) => {
            let text = error.text.replace("{method}", call.method).replace("{}", &path);
            Err(Refusal::new(error.status, &error.code, text))
        }
        _ => Ok(()),
    }
}

/// Takes the token out of the parameters or the headers.
fn token(inquiry: &Inquiry, params: &mut Object) -> Option<String> {
    let from_params = params.shift_remove("auth").or_else(|| params.shift_remove("access_token"));
    let from_header = || {
        let (kind, token) = inquiry.header("authorization").split_once(' ')?;
        kind.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    };
    from_params.and_then(|token| token.as_str().map(str::to_owned)).or_else(from_header)
}

impl Shared {
    /// The documented requests, collected when they are first needed.
    fn examples(&self) -> &Examples {
        self.examples.get_or_init(|| Examples::of(&self.tables))
    }

    /// A record like those of a method's documented answer, for a collection that is named after the method.
    pub(super) fn example(&self, method: &str, id: u64) -> Option<crate::value::Object> {
        let command = [2, 3].into_iter().find_map(|rest| self.command(&method.to_lowercase(), rest))?;
        lists::record(&command, id)
    }

    /// The row of a method, in lower case, kept once it was read.
    fn command(&self, method: &str, rest: u8) -> Option<std::sync::Arc<Command<'static>>> {
        let mut known = self.commands();
        if let Some(command) = known.get(&(method.to_owned(), rest)) {
            return Some(std::sync::Arc::clone(command));
        }
        let command = self.tables.command(method, Some(rest))?;
        // Functions and templates have names of their own that are no methods.
        if !command.method.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(method)) {
            return None;
        }
        let command = std::sync::Arc::new(command);
        known.insert((method.to_owned(), rest), std::sync::Arc::clone(&command));
        Some(command)
    }
}

impl FaultKind {
    /// The word of the kind, as in JSON.
    pub(super) fn name(&self) -> String {
        let json = serde_json::to_value(self).unwrap_or_default();
        json.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_are_in_order() {
        assert!(HANDLERS.is_sorted_by(|(a, ..), (b, ..)| a < b), "they are searched by halves");
        assert!(HANDLERS.iter().all(|(name, ..)| ROWS.method(name).is_none()), "a method has one way");
    }
}
