//! Walks that go one page after the other: by the number of records to skip, by a cursor that each answer names, by the
//! last record's number; and lists of which only a first part can be had.
//!
//! Where records are skipped, a page begins with the last record of the one before. If another one is in its place, records
//! have come or gone meanwhile: the list is read again from the beginning, and what was handed out is left out.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::method::Paging;
use crate::paging::fetch::{Chunk, Single, Source};
use crate::paging::page::{self, RawPage};
use crate::paging::place;
use crate::paging::start::hash;
use crate::paging::walker::Flight;

/// How many times a list is read again because it has changed.
const MOST_ROUNDS: u8 = 5;

/// Where a page begins.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    /// Where the call says.
    Begin,
    /// Behind so many records; and whether it is to begin with the last one of these.
    Skip(u64, bool),
    Cursor(Value),
    /// Behind the record with this number.
    Behind(i64),
    End,
}

pub(super) struct StepWalk {
    source: Arc<Source>,
    place: Place,
    /// Records skipped by the caller.
    begin: u64,
    /// Records asked for a page, where that is known.
    limit: Option<u64>,
    /// The last record.
    last: Option<Value>,
    /// The cursors that were followed.
    cursors: HashSet<u64>,
    rounds: u8,
}

/// What an answer says of the pages behind it.
#[derive(Default)]
pub(super) struct Behind {
    total: Option<u64>,
    next: Option<u64>,
    more: Option<bool>,
    cursor: Option<Value>,
}

impl StepWalk {
    /// # Errors
    /// When the call asks for an order in which the list cannot be walked.
    pub(super) fn new(mut source: Source) -> Result<Self> {
        let (paging, path) = (source.method().paging, source.method().place);
        let (mut begin, mut limit) = (0, None);
        match paging {
            Paging::Offset => {
                begin = place::number(source.call.params(), path).unwrap_or(0);
                limit = Some(place::size(&mut source.call));
            }
            Paging::Pagination => {
                let size = place::size(&mut source.call);
                let given = |key: &str| place::number(source.call.params(), key);
                begin = given("pagination.offset").unwrap_or(0);
                let page = given("pagination.page").unwrap_or(1);
                begin = begin.saturating_add(page.saturating_sub(1).saturating_mul(size));
                if let Some(Value::Object(pagination)) = source.call.params_mut().get_mut("pagination") {
                    pagination.shift_remove("page");
                }
                limit = Some(size);
            }
            Paging::First if !source.method().size.is_empty() => limit = Some(place::size(&mut source.call)),
            Paging::After => by_number(&mut source)?,
            _ => {}
        }
        let place = if begin > 0 { Place::Skip(begin, false) } else { Place::Begin };
        Ok(Self { source: Arc::new(source), place, begin, limit, last: None, cursors: HashSet::new(), rounds: 0 })
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    pub(super) fn launch(&mut self, on_their_way: usize) -> Option<Flight> {
        if on_their_way > 0 || self.place == Place::End {
            return None;
        }
        let source = Arc::clone(&self.source);
        let mut call = source.call.clone();
        let path = match source.method().paging {
            Paging::Pagination if matches!(self.place, Place::Skip(..)) => "pagination.offset",
            _ => source.method().place,
        };
        match &self.place {
            // A portal that pages by cursor knows no offset.
            Place::Begin | Place::End => {}
            Place::Skip(records, overlaps) => {
                place::set(&mut call, path, records.saturating_sub(u64::from(*overlaps)).into());
            }
            Place::Cursor(cursor) => place::set(&mut call, path, cursor.clone()),
            Place::Behind(number) => place::set(&mut call, path, (*number).into()),
        }
        Some(Flight::step(async move {
            let mut chunk = Chunk { requests: 1, ..Chunk::default() };
            match source.single(call).await {
                Ok(Single { values, total, next, more, cursor, .. }) => {
                    chunk.total = total;
                    chunk.pages.push(RawPage::Values(values));
                    (chunk, Behind { total, next, more, cursor })
                }
                Err(error) => {
                    chunk.failed = Some(error);
                    (chunk, Behind::default())
                }
            }
        }))
    }

    /// Takes what came, and decides where the next page begins.
    pub(super) fn land(&mut self, chunk: &mut Chunk, behind: Behind) {
        let next = match chunk.pages.first_mut() {
            Some(RawPage::Values(values)) => self.next(values, behind),
            _ => Ok(Some(Place::End)),
        };
        match next {
            Ok(Some(place)) => self.place = place,
            Ok(None) if self.rounds < MOST_ROUNDS => {
                tracing::debug!(target: "bitrix24", method = %self.source.method().name, "the list has changed");
                self.rounds += 1;
                self.last = None;
                self.place = if self.begin > 0 { Place::Skip(self.begin, false) } else { Place::Begin };
                chunk.pages.clear();
                chunk.changed = true;
            }
            Ok(None) => {
                chunk.pages.clear();
                chunk.failed =
                    Some(self.source.fault("the list changes faster than it can be read; read it again later"));
                self.place = Place::End;
            }
            Err(error) => {
                chunk.failed.get_or_insert(error);
                self.place = Place::End;
            }
        }
        chunk.ended = self.place == Place::End;
    }

    /// Where the page behind these records begins. None: the list has changed.
    fn next(&mut self, values: &mut Vec<Value>, behind: Behind) -> Result<Option<Place>> {
        let Behind { total, next, more, cursor } = behind;
        let came = values.len() as u64;
        let paging = self.source.method().paging;
        if paging == Paging::Cursor || cursor.is_some() || matches!(self.place, Place::Cursor(_)) {
            return match (more, cursor) {
                (Some(false), _) | (None, None) => Ok(Some(Place::End)),
                (_, Some(cursor)) if self.cursors.insert(hash(&cursor.to_string())) => Ok(Some(Place::Cursor(cursor))),
                (_, Some(_)) => Err(self.source.fault("its cursor leads to a page that came already")),
                (Some(true), None) => Err(self.source.fault("there are more records, but it does not say where")),
            };
        }
        match paging {
            Paging::First => {
                let is_full = self.limit.is_some_and(|limit| came >= limit);
                let is_part = more.unwrap_or(is_full) || total.is_some_and(|total| total > came);
                if is_part { Err(self.only(came)) } else { Ok(Some(Place::End)) }
            }
            Paging::After => {
                let mut last = if let Place::Behind(number) = self.place { Some(number) } else { None };
                for value in values.iter() {
                    let number = own_number(value);
                    if number.is_none() || number <= last {
                        return Err(self.source.fault("its records do not go upwards by number"));
                    }
                    last = number;
                }
                Ok(Some(last.filter(|_| came > 0).map_or(Place::End, Place::Behind)))
            }
            _ => {
                let mut behind = match self.place {
                    Place::Skip(records, overlaps) => {
                        if overlaps {
                            if !values.first().zip(self.last.as_ref()).is_some_and(|(first, last)| is_same(first, last))
                            {
                                return Ok(None);
                            }
                            values.remove(0);
                        }
                        records
                    }
                    _ => self.begin,
                };
                behind = behind.saturating_add(values.len() as u64);
                if let Some(last) = values.last() {
                    self.last = Some(last.clone());
                }
                // Only REST 3.0 promises full pages: elsewhere what the caller may not see is taken out of them.
                let is_short = paging == Paging::Pagination && self.limit.is_some_and(|limit| came < limit);
                let is_all = more == Some(false)
                    || values.is_empty()
                    || (more.is_none() && next.is_none() && (is_short || total.is_some_and(|total| behind >= total)));
                if values.is_empty() && more == Some(true) {
                    return Err(self.source.fault("there are more records, but the next page is empty"));
                }
                Ok(Some(if is_all { Place::End } else { Place::Skip(behind, true) }))
            }
        }
    }

    fn only(&self, came: u64) -> Error {
        let size = self.source.method().size;
        let more = if size.is_empty() { String::new() } else { format!(", or ask for more of them with `{size}`") };
        self.source.fault(format!(
            "it holds the first {came} records only, and the portal knows no way to the others; narrow the conditions{more}"
        ))
    }
}

/// The record's own number.
fn own_number(value: &Value) -> Option<i64> {
    page::number(value, "id").or_else(|| page::number(value, "ID"))
}

/// Whether two are the same record, though it may have been changed.
fn is_same(a: &Value, b: &Value) -> bool {
    a == b || own_number(a).is_some_and(|number| own_number(b) == Some(number))
}

/// Makes the call one of a walk upwards by number.
fn by_number(source: &mut Source) -> Result<()> {
    let method = source.method().clone();
    let params = source.call.params();
    let parent = method.place.rsplit_once('.').and_then(|(parent, _)| place::get(params, parent)?.as_object());
    let sizes = method.size.rsplit('.').next();
    let own = method.place.rsplit('.').next();
    for (key, value) in
        parent.into_iter().flatten().filter(|(key, _)| Some(key.as_str()) != own && Some(key.as_str()) != sizes)
    {
        if !value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("id") || text.eq_ignore_ascii_case("asc")) {
            return Err(Error::usage(format!(
                "{}: the list is walked upwards by number; leave out `{key}`",
                method.name
            )));
        }
    }
    if let Some(Value::Array(select)) = source.call.params_mut().get_mut("select")
        && !select.is_empty()
        && !select.iter().any(|field| field == "id" || field == "*")
    {
        select.insert(0, "id".into());
    }
    Ok(())
}
