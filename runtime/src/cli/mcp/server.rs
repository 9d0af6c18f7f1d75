//! The server: answers a client's requests for tools. What goes wrong with a call is the tool's result, so that the model
//! reads it; only a tool that does not exist is an error of the protocol.

use std::borrow::Cow;

use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde::Deserialize;
use serde_json::{Value, json};

use super::fit::fit;
use super::tools::{self, Policy};
use crate::call::Call;
use crate::cli::body::Given;
use crate::cli::exit::Stop;
use crate::cli::method::unknown_method;
use crate::cli::{logging, search};
use crate::client::Client;
use crate::method::{Method, Rest};
use crate::table::Tables;
use crate::value::Object;

const INSTRUCTIONS: &str = "Bitrix24 portal by its REST API. Find a method with search_methods, read its parameters with \
    describe_method, then use call_method. Filters take operators before the field, as in {\">=DATE_CREATE\": \
    \"2026-01-01\"}; name the fields that you need in `select`.";

/// How many methods a search brings if nobody says.
const FOUND: usize = 20;

/// The server of one session.
#[derive(Clone)]
pub(super) struct Server {
    tables: Tables,
    client: Option<Client>,
    policy: Policy,
    most: usize,
}

/// Arguments of the tools.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    query: String,
    category: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Describe {
    method: String,
    rest: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Calling {
    method: String,
    params: Option<Object>,
    rest: Option<u8>,
}

impl Server {
    pub(super) fn new(tables: Tables, client: Option<Client>, policy: Policy, most: usize) -> Self {
        Self { tables, client, policy, most }
    }

    fn categories(&self) -> Value {
        let mut counts = std::collections::BTreeMap::new();
        for command in self.tables.commands() {
            *counts.entry(command.category).or_insert(0) += 1;
        }
        let row = |row: crate::table::CategoryRow<'static>| {
            json!({
                "category": row.folder, "title": row.title, "summary": row.summary,
                "methods": counts.get(&row.folder).copied().unwrap_or(0),
            })
        };
        self.tables.categories().map(row).collect()
    }

    fn search(&self, search: &Search) -> Value {
        // A category has those below it.
        let is_in = |category: &str| {
            search.category.as_deref().is_none_or(|wanted| {
                let behind = category.strip_prefix(wanted.trim_end_matches('/'));
                behind.is_some_and(|behind| behind.is_empty() || behind.starts_with('/'))
            })
        };
        let found = search::find(self.tables.outlines(), &search.query).outlines.into_iter();
        let found = found.filter(|outline| outline.method.is_some() && is_in(&outline.category));
        let shown = found.take(search.limit.unwrap_or(FOUND).clamp(1, 100)).map(|outline| {
            json!({
                "method": outline.method, "function": outline.function, "rest": outline.rest, "title": outline.title,
                "summary": outline.summary, "effect": outline.effect, "category": outline.category,
                "deprecated": outline.deprecated.is_some(),
            })
        });
        Value::Array(shown.collect())
    }

    fn describe(&self, wanted: &Describe) -> Result<Value, String> {
        let command = self.tables.command(&wanted.method, wanted.rest);
        let command = command.ok_or_else(|| unknown_method(&self.tables, &wanted.method, wanted.rest).message)?;
        let is_allowed = self.policy.allows(&command.as_method());
        let mut described = serde_json::to_value(&command).map_err(|error| error.to_string())?;
        without_nothing(&mut described);
        if let Some(described) = described.as_object_mut() {
            // The examples of a shell are not this client's.
            described.insert("allowed".to_owned(), is_allowed.into());
        }
        Ok(described)
    }

    async fn call(&self, calling: Calling) -> Result<Value, String> {
        let params = calling.params.unwrap_or_default();
        let (call, is_known) = match self.tables.command(&calling.method, calling.rest) {
            Some(command) if command.method.is_none() || command.local || command.procedure.is_some() => {
                return Err(format!("{} is not one call of a method", command.function));
            }
            Some(command) => {
                let refusal = self.policy.refusal(&command.as_method(), true);
                refusal.map_or(Ok(()), Err)?;
                let told = |stop: Stop| stop.message;
                // Nothing is read from the user's disk, whatever the parameters look like.
                (Given::verbatim(&command, params).map_err(told)?.call(&command, Vec::new()).map_err(told)?, true)
            }
            None => {
                let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
                if !calling.method.chars().all(fits) || !calling.method.contains(|char: char| char.is_alphanumeric()) {
                    return Err(format!("`{}` is no method name", calling.method));
                }
                let mut method = Method::unknown(calling.method.clone());
                method.rest = if calling.rest == Some(3) { Rest::V3 } else { Rest::V2 };
                (params.into_iter().fold(Call::new(method), |call, (key, value)| call.param(key, value)), false)
            }
        };
        if !is_known && let Some(refusal) = self.policy.refusal(call.method(), false) {
            let unknown = unknown_method(&self.tables, &calling.method, calling.rest).message;
            return Err(format!("{unknown}\n{refusal}"));
        }
        let client = self.client.as_ref().ok_or("there is no portal: the user has to start `oint mcp` with one")?;
        let response = client.execute(call).await.map_err(|error| Stop::from(error).message)?;
        let mut answer = json!({ "result": response.result });
        if let Some(answer) = answer.as_object_mut() {
            for (key, number) in [("next", response.next), ("total", response.total)] {
                answer.extend(number.map(|number| (key.to_owned(), Value::from(number))));
            }
        }
        Ok(answer)
    }
}

/// Leaves out what says nothing, which is most of a description.
fn without_nothing(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries.values_mut().for_each(without_nothing);
            entries.retain(|_, value| match value {
                Value::Null | Value::Bool(false) => false,
                Value::Array(items) => !items.is_empty(),
                Value::Object(entries) => !entries.is_empty(),
                Value::String(text) => !text.is_empty(),
                _ => true,
            });
        }
        Value::Array(items) => items.iter_mut().for_each(without_nothing),
        _ => {}
    }
}

/// Reads a tool's arguments.
fn arguments<T: serde::de::DeserializeOwned>(given: Option<Object>) -> Result<T, String> {
    serde_json::from_value(Value::Object(given.unwrap_or_default())).map_err(|error| format!("arguments: {error}"))
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("oint", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::all(self.policy)))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let given = request.arguments;
        let outcome = match request.name.as_ref() {
            "list_categories" => Ok(self.categories()),
            "search_methods" => arguments(given).map(|search| self.search(&search)),
            "describe_method" => arguments(given).and_then(|wanted| self.describe(&wanted)),
            "call_method" => match arguments(given) {
                Ok(calling) => self.call(calling).await,
                Err(fault) => Err(fault),
            },
            other => {
                let message: Cow<'static, str> = format!("there is no tool `{other}`").into();
                return Err(ErrorData::invalid_params(message, None));
            }
        };
        Ok(match outcome {
            Ok(value) => CallToolResult::success(vec![ContentBlock::text(logging::masked(&fit(value, self.most)))]),
            Err(fault) => CallToolResult::error(vec![ContentBlock::text(logging::masked(&fault))]),
        }
        .into())
    }
}
