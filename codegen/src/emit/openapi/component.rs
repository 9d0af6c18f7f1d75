//! What the documents say once and refer to: the shared types in the forms that they are met in, and what all answers
//! have in common.

use std::collections::BTreeMap;

use super::json::Json;
use super::schema::{self, Side};
use crate::ir::{Api, Entity};

/// A schema below `components`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Component<'a> {
    /// A shared type as it is answered.
    Answer(&'a str),
    /// A shared type as it is sent: without what comes in answers only.
    Input(&'a str),
    /// A shared type as the keys of conditions: all of them, each with a value or a list of values.
    Keys(&'a str),
    /// What is the same for every portal; its text stands here.
    Fixed(Fixed),
}

/// A component that no spec makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fixed {
    Error,
    ErrorV3,
    File,
    Time,
    Token,
}

impl Fixed {
    pub(super) const ALL: [Self; 5] = [Self::Error, Self::ErrorV3, Self::File, Self::Time, Self::Token];

    fn name(self) -> &'static str {
        match self {
            Self::Error => "PortalError",
            Self::ErrorV3 => "PortalErrorV3",
            Self::File => "PortalFile",
            Self::Time => "PortalTime",
            Self::Token => "PortalToken",
        }
    }

    fn schema(self) -> &'static str {
        match self {
            Self::Error => {
                r#"{"description":"A refusal.","type":"object","required":["error"],"properties":{"error":{"description":"The code; may be empty.","type":["string","integer"]},"error_description":{"description":"What is wrong, in words.","type":"string"}},"additionalProperties":true}"#
            }
            Self::ErrorV3 => {
                r#"{"description":"A refusal of REST 3.0.","type":"object","required":["error"],"properties":{"error":{"type":"object","required":["code"],"properties":{"code":{"description":"The code.","type":"string"},"message":{"description":"What is wrong, in words.","type":"string"},"validation":{"description":"The parameters that are wrong, each with the reason.","type":"array","items":{"type":"object","properties":{"field":{"type":"string"},"message":{"type":"string"}},"additionalProperties":true}}},"additionalProperties":true}},"additionalProperties":true}"#
            }
            Self::File => {
                r#"{"description":"A file: its name and its content in Base64.","type":"array","prefixItems":[{"type":"string"},{"type":"string","contentEncoding":"base64"}],"minItems":2,"maxItems":2}"#
            }
            Self::Time => {
                r#"{"description":"How long the call took.","type":"object","properties":{"start":{"description":"When it began, in Unix seconds.","type":"number"},"finish":{"description":"When it ended, in Unix seconds.","type":"number"},"duration":{"description":"Seconds from the beginning to the end.","type":"number"},"processing":{"description":"Seconds of work.","type":"number"},"date_start":{"description":"When it began, ISO 8601.","type":"string"},"date_finish":{"description":"When it ended, ISO 8601.","type":"string"},"operating":{"description":"Seconds of work of this method within ten minutes; the portal refuses it from 480 on.","type":"number"},"operating_reset_at":{"description":"When a part of them is forgotten, in Unix seconds.","type":"number"}},"additionalProperties":true}"#
            }
            Self::Token => {
                r#"{"description":"The access token; not needed where the address is a webhook's.","type":"string"}"#
            }
        }
    }
}

impl Component<'_> {
    /// The component's key.
    pub(super) fn name(self) -> String {
        match self {
            Self::Answer(ident) => ident.to_owned(),
            Self::Input(ident) => format!("{ident}Input"),
            Self::Keys(ident) => format!("{ident}Keys"),
            Self::Fixed(fixed) => fixed.name().to_owned(),
        }
    }
}

/// Every component that may be referred to, written.
pub(super) fn components(api: &Api) -> BTreeMap<Component<'_>, Json<'_>> {
    let mut all = BTreeMap::new();
    for entity in &api.types {
        let ident = entity.ident.as_str();
        for (component, side) in [
            (Component::Answer(ident), Side::Answer),
            (Component::Input(ident), Side::Input),
            (Component::Keys(ident), Side::Keys),
        ] {
            all.insert(component, shared(entity, side));
        }
    }
    for fixed in Fixed::ALL {
        all.insert(Component::Fixed(fixed), Json { text: fixed.schema().to_owned(), ..Json::default() });
    }
    all
}

fn shared(entity: &Entity, side: Side) -> Json<'_> {
    let mut json = Json::default();
    json.object(|object| {
        object.string("description", &entity.description);
        // What a field of a shared type needs depends on the call, and an answer may hold a part only.
        object.string("type", "object");
        schema::keys(object, entity.fields.iter(), false, side);
    });
    json
}
