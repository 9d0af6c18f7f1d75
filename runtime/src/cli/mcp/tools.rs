//! The tools that a client is offered, and what they may do.

use std::sync::Arc;

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Value, json};

use crate::method::{Effect, Method};

/// What calls are allowed besides reading.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Policy {
    pub(super) writes: bool,
    pub(super) deletes: bool,
}

impl Policy {
    /// Why a method may not be called, if it may not. `is_known`: a spec says what it does.
    pub(super) fn refusal(self, method: &Method, is_known: bool) -> Option<String> {
        let name = &method.name;
        if name.eq_ignore_ascii_case("batch") {
            return Some("batch is not offered: call the methods one by one".to_owned());
        }
        let needs = match method.effect {
            _ if !is_known => match (self.writes, self.deletes) {
                (true, true) => return None,
                _ => "--allow-writes --allow-deletes, for nobody here knows what it does",
            },
            Effect::Read | Effect::List => return None,
            Effect::Delete if self.deletes => return None,
            Effect::Delete => "--allow-deletes, for it removes something",
            _ if self.writes => return None,
            _ => "--allow-writes, for it makes or changes something",
        };
        Some(format!("{name} is not allowed: the user has to start `oint mcp` with {needs}"))
    }

    /// Whether a command of the tables may be called.
    pub(super) fn allows(self, method: &Method) -> bool {
        self.refusal(method, true).is_none()
    }
}

/// The tools.
pub(super) fn all(policy: Policy) -> Vec<Tool> {
    let read = |title: &str| ToolAnnotations::with_title(title).read_only(true).open_world(false);
    let method = json!({
        "type": "string",
        "description": "REST name (crm.item.list), function name (GetItems) or its kebab form",
    });
    let rest = json!({
        "type": "integer",
        "enum": [2, 3],
        "description": "REST version, for methods that exist in both; 2 if left out",
    });
    let calls = match (policy.writes, policy.deletes) {
        (false, false) => "Only methods whose effect is read or list are allowed.",
        (true, false) => "Methods whose effect is delete are not allowed.",
        (false, true) => "Only methods whose effect is read, list or delete are allowed.",
        (true, true) => "All methods are allowed, those that change and remove things included.",
    };
    vec![
        tool(
            "list_categories",
            "Lists the categories of Bitrix24 REST methods with what is in them.",
            json!({}),
            &[],
            read("Categories of methods"),
        ),
        tool(
            "search_methods",
            "Finds Bitrix24 REST methods by words of their name, title, summary and parameters; best ones first.",
            json!({
                "query": {"type": "string", "description": "A few words, as in: deal list"},
                "category": {"type": "string", "description": "Only methods of this category and those below it, as list_categories names them"},
                "limit": {"type": "integer", "minimum": 1, "maximum": 100, "description": "How many; 20 if left out"},
            }),
            &["query"],
            read("Search for methods"),
        ),
        tool(
            "describe_method",
            "Describes a Bitrix24 REST method: its parameters with types, what it answers, errors and an example. Look \
             before you call a method for the first time.",
            json!({ "method": method, "rest": rest }),
            &["method"],
            read("Describe a method"),
        ),
        tool(
            "call_method",
            format!(
                "Calls a Bitrix24 REST method and brings its result. {calls} A list comes a page at a time: `next` in the \
                 answer is the `start` of the page behind it. Files are given as [name, content in base64]."
            ),
            json!({
                "method": method,
                "params": {
                    "type": "object",
                    "description": "The parameters by their names on the wire, as describe_method shows them",
                },
                "rest": rest,
            }),
            &["method"],
            ToolAnnotations::with_title("Call a method")
                .read_only(!policy.writes && !policy.deletes)
                .destructive(policy.writes || policy.deletes)
                .open_world(true),
        ),
    ]
}

fn tool(
    name: &'static str,
    description: impl Into<String>,
    properties: Value,
    required: &[&str],
    annotations: ToolAnnotations,
) -> Tool {
    let schema = json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    });
    let schema = schema.as_object().cloned().unwrap_or_default();
    let description: String = description.into();
    Tool::new_with_raw(name, Some(description.into()), Arc::new(schema)).with_annotations(annotations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::{Paging, Rest};

    #[test]
    fn what_is_not_allowed_names_the_option() {
        let method = |effect| Method::new("x.y", Rest::V2, effect, Paging::None);
        let nothing = Policy::default();
        let (writes, deletes) = (Policy { writes: true, ..nothing }, Policy { deletes: true, ..nothing });
        for (policy, allowed) in [
            (nothing, [true, true, false, false, false, false]),
            (writes, [true, true, true, true, true, false]),
            (deletes, [true, true, false, false, false, true]),
        ] {
            let effects = [Effect::Read, Effect::List, Effect::Create, Effect::Update, Effect::Action, Effect::Delete];
            assert_eq!(effects.map(|effect| policy.allows(&method(effect))), allowed, "{policy:?}");
        }
        let told = nothing.refusal(&method(Effect::Delete), true).unwrap_or_default();
        assert!(told.contains("--allow-deletes") && !told.contains("--allow-writes"), "{told}");
        // What a spec does not know may do anything.
        let all = Policy { writes: true, deletes: true };
        assert!(writes.refusal(&Method::unknown("x.delete"), false).is_some());
        assert!(all.refusal(&Method::unknown("x.delete"), false).is_none());
        assert!(all.refusal(&Method::unknown("Batch"), true).is_some());
    }
}
