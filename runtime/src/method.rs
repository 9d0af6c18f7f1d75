//! What the client must know of a method to call it well.

use std::borrow::Cow;

/// The version of the REST API that a method belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rest {
    /// The classic API under `/rest/`.
    #[default]
    V2,
    /// REST 3.0 under `/rest/api/`.
    V3,
}

impl Rest {
    /// The number people know the version by: 2 or 3.
    pub const fn number(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }
}

/// What a call does to the portal's data. It decides whether a failed call may be repeated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Reads one thing; safe to repeat.
    Read,
    /// Reads a list; safe to repeat.
    List,
    /// Makes something new; repeating it makes another.
    Create,
    /// Changes something that exists.
    Update,
    /// Removes something.
    Delete,
    /// Anything else; treated as a write. The default for methods that no spec describes.
    #[default]
    Action,
}

impl Effect {
    /// Whether the call leaves the portal's data as it was.
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Read | Self::List)
    }

    /// The word that specs and descriptors use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Action => "action",
        }
    }
}

/// How a list method hands out its pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Paging {
    /// The answer is whole.
    #[default]
    None,
    /// `start` in the request, `next` and `total` in the answer, 50 records a page.
    Start,
    /// REST 3.0's `pagination` object with `page`, `limit` and `offset`.
    Pagination,
    /// `limit` and `offset` at the top level.
    LimitOffset,
}

/// A method as the client sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Method {
    /// The REST name, such as `user.update`.
    pub name: Cow<'static, str>,
    /// The REST version.
    pub rest: Rest,
    /// What a call does.
    pub effect: Effect,
    /// How its answer is cut into pages.
    pub paging: Paging,
    /// The key of `result` that holds a list's records, with dots between nested keys; empty where `result` is the list.
    pub records: &'static str,
    /// The keys of the body in the order in which the portal reads them; empty where it reads them by name.
    pub order: &'static [&'static str],
}

impl Method {
    /// A method known at compile time.
    pub const fn new(name: &'static str, rest: Rest, effect: Effect, paging: Paging) -> Self {
        Self { name: Cow::Borrowed(name), rest, effect, paging, records: "", order: &[] }
    }

    /// The same method with its records below a key of `result`.
    pub const fn with_records(mut self, key: &'static str) -> Self {
        self.records = key;
        self
    }

    /// The same method with parameters that the portal reads by their order.
    pub const fn with_order(mut self, keys: &'static [&'static str]) -> Self {
        self.order = keys;
        self
    }

    /// A REST 2 method that no spec describes: treated as a write.
    pub fn unknown(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            rest: Rest::V2,
            effect: Effect::Action,
            paging: Paging::None,
            records: "",
            order: &[],
        }
    }
}
