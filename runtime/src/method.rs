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

    /// The effect that a word stands for; [`Effect::Action`], treated as a write, for any other.
    pub fn of_word(word: &str) -> Self {
        [Self::Read, Self::List, Self::Create, Self::Update, Self::Delete]
            .into_iter()
            .find(|effect| effect.as_str() == word)
            .unwrap_or_default()
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
    /// How many records to skip, and how many to answer: `offset` and `limit`.
    Offset,
    /// The number of the page, from 1.
    Page,
    /// Each answer says where the next one begins: `nextCursor` or `afterCursor`.
    Cursor,
    /// The number behind which the answer begins, records sorted by number.
    After,
    /// The answer is a first part, and there is no way to the others.
    First,
}

impl Paging {
    /// The word that specs and descriptors use; none where the answer is whole.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Start => Some("start"),
            Self::Pagination => Some("pagination"),
            Self::Offset => Some("offset"),
            Self::Page => Some("page"),
            Self::Cursor => Some("cursor"),
            Self::After => Some("after"),
            Self::First => Some("first"),
        }
    }

    /// The style that a word stands for.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Start, Self::Pagination, Self::Offset, Self::Page, Self::Cursor, Self::After, Self::First]
            .into_iter()
            .find(|style| style.as_str() == Some(word))
    }
}

/// A parameter that the portal reads by its place among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Position {
    /// A plain value. Left out, it has no place.
    Plain(&'static str),
    /// An object or a list. Left out before others, an empty list keeps its place.
    Container(&'static str),
}

impl Position {
    /// The key of the parameter.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Plain(key) | Self::Container(key) => key,
        }
    }
}

/// How a list can be walked by its records' numbers: sorted by them, each page asked for as "those behind the last one
/// seen". Unlike `start`, such a walk neither loses nor repeats a record while others come and go, and nothing is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Keyset {
    /// The parameter that holds the conditions: `filter`.
    pub filter: &'static str,
    /// The parameters that sort.
    pub order: Order,
    /// The number's name among conditions and sort keys: `ID`.
    pub key: &'static str,
    /// The number's name in the records: `ID`, or `id` where requests and answers differ.
    pub field: &'static str,
    /// The parameter that names the fields to answer; empty where the method has none.
    pub select: &'static str,
}

/// The parameters by which a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// One object of keys with their directions: `{"ID": "ASC"}`.
    Object(&'static str),
    /// A key and, in a parameter of its own, its direction.
    Pair {
        /// The parameter of the key: `sort`.
        key: &'static str,
        /// The parameter of the direction: `order`.
        direction: &'static str,
    },
}

impl Keyset {
    /// The usual one: `filter`, `order` and `select`, the number called `name` in requests and records.
    pub const fn new(name: &'static str) -> Self {
        Self { filter: "filter", order: Order::Object("order"), key: name, field: name, select: "select" }
    }
}

/// Records on a page, where a method does not have another size.
const PAGE: u16 = 50;

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
    pub order: Cow<'static, [Position]>,
    /// How the list can be walked by number, where it can.
    pub keyset: Option<Keyset>,
    /// The parameter that says where a page begins, with dots between nested keys: `start`, `params.offset`; empty where there is
    /// none.
    pub place: &'static str,
    /// The parameter that says how many records a page holds, with dots between nested keys; empty where there is none.
    pub size: &'static str,
    /// Records on a full page where the call does not say how many.
    pub page: u16,
    /// Whether a call may stand in a batch.
    pub batchable: bool,
}

impl Method {
    /// A method known at compile time.
    pub const fn new(name: &'static str, rest: Rest, effect: Effect, paging: Paging) -> Self {
        Self::of(Cow::Borrowed(name), rest, effect, paging)
    }

    const fn of(name: Cow<'static, str>, rest: Rest, effect: Effect, paging: Paging) -> Self {
        Self {
            name,
            rest,
            effect,
            paging,
            records: "",
            keyset: None,
            place: "start",
            size: "",
            page: PAGE,
            batchable: true,
            order: Cow::Borrowed(&[]),
        }
    }

    /// The same method with its records below a key of `result`.
    pub const fn with_records(mut self, key: &'static str) -> Self {
        self.records = key;
        self
    }

    /// The same method with parameters that the portal reads by their order.
    pub fn with_order(mut self, keys: &'static [Position]) -> Self {
        self.order = Cow::Borrowed(keys);
        self
    }

    /// The same method, walked by number.
    pub const fn with_keyset(mut self, keyset: Keyset) -> Self {
        self.keyset = Some(keyset);
        self
    }

    /// The same method with the parameters that say where a page begins and how many records it holds. All styles but
    /// [`Paging::Start`] need them; see [`Method::place`].
    pub const fn with_place(mut self, place: &'static str, size: &'static str) -> Self {
        self.place = place;
        self.size = size;
        self
    }

    /// The same method with another number of records on a full page.
    pub const fn with_page(mut self, records: u16) -> Self {
        self.page = records;
        self
    }

    /// The same method, never put into a batch.
    pub const fn alone(mut self) -> Self {
        self.batchable = false;
        self
    }

    /// A REST 2 method that no spec describes: treated as a write.
    pub fn unknown(name: impl Into<Cow<'static, str>>) -> Self {
        Self::of(name.into(), Rest::V2, Effect::Action, Paging::None)
    }
}
