//! The walk by `limit` and `offset`, and by REST 3.0's `pagination` with offset or cursor: one page after the other.

use std::sync::Arc;

use serde_json::Value;

use crate::method::Paging;
use crate::paging::fetch::{Chunk, Source};
use crate::paging::page::{self, RawPage};
use crate::paging::walker::Flight;

/// Where the next page begins.
#[derive(Clone)]
enum Place {
    Offset(u64),
    Cursor(Value),
    End,
}

pub(super) struct OffsetWalk {
    source: Arc<Source>,
    place: Place,
    /// Records asked for a page, where the caller or the documentation says how many.
    limit: Option<u64>,
}

/// What an answer says of the page behind it.
pub(super) struct Behind {
    records: u64,
    more: Option<bool>,
    cursor: Option<Value>,
}

impl OffsetWalk {
    pub(super) fn new(mut source: Source) -> Self {
        let params = source.call.params();
        let given = |name: &str| page_number(params, name);
        let (limit, offset) = match source.method().paging {
            Paging::Pagination => {
                let pagination = params.get("pagination").cloned().unwrap_or_default();
                let limit = page::number(&pagination, "limit").and_then(|limit| u64::try_from(limit).ok());
                let offset = page::number(&pagination, "offset").and_then(|offset| u64::try_from(offset).ok());
                let page = page::number(&pagination, "page").and_then(|page| u64::try_from(page).ok());
                let limit = limit.filter(|limit| *limit > 0).unwrap_or_else(|| u64::from(source.method().page));
                let offset = offset.unwrap_or(0) + page.unwrap_or(1).saturating_sub(1) * limit;
                source.call.set_path(&["pagination", "limit"], limit.into());
                if let Some(Value::Object(pagination)) = source.call.params_mut().get_mut("pagination") {
                    pagination.shift_remove("page");
                }
                (Some(limit), offset)
            }
            _ => (given("limit"), given("offset").unwrap_or(0)),
        };
        Self { source: Arc::new(source), place: Place::Offset(offset), limit }
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    pub(super) fn launch(&mut self, on_their_way: usize) -> Option<Flight> {
        if on_their_way > 0 {
            return None;
        }
        let source = Arc::clone(&self.source);
        let mut call = source.call.clone();
        let is_pagination = source.method().paging == Paging::Pagination;
        match (self.place.clone(), is_pagination) {
            (Place::End, _) => return None,
            // A portal that pages by cursor knows no offset.
            (Place::Offset(0), true) => {}
            (Place::Offset(offset), true) => call.set_path(&["pagination", "offset"], offset.into()),
            (Place::Cursor(cursor), _) => call.set_path(&["pagination", "afterCursor"], cursor),
            (Place::Offset(offset), false) => {
                let name =
                    if source.method().start.eq_ignore_ascii_case("offset") { source.method().start } else { "offset" };
                call.set(name.to_owned(), offset.into());
            }
        }
        Some(Flight::offset(async move {
            let mut chunk = Chunk { requests: 1, ..Chunk::default() };
            match source.single(call).await {
                Ok(single) => {
                    let records = single.values.len() as u64;
                    chunk.total = single.total;
                    chunk.pages.push(RawPage::Values(single.values));
                    (chunk, Behind { records, more: single.more, cursor: single.cursor })
                }
                Err(error) => {
                    chunk.failed = Some(error);
                    (chunk, Behind { records: 0, more: Some(false), cursor: None })
                }
            }
        }))
    }

    pub(super) fn land(&mut self, chunk: &mut Chunk, behind: Behind) {
        let is_short = self.limit.is_some_and(|limit| behind.records < limit);
        self.place = match (behind.more, behind.cursor, &self.place) {
            (Some(false), _, _) => Place::End,
            (_, Some(cursor), _) => Place::Cursor(cursor),
            // The cursor is gone: that was the last page.
            (_, None, Place::Cursor(_)) => Place::End,
            (None, None, _) if behind.records == 0 || is_short => Place::End,
            (Some(true), None, _) if behind.records == 0 => Place::End,
            (_, None, Place::Offset(offset)) => Place::Offset(offset + behind.records),
            (_, None, Place::End) => Place::End,
        };
        chunk.ended = matches!(self.place, Place::End);
    }
}

/// A number among the parameters, whatever the letter case of its name.
fn page_number(params: &crate::value::Object, name: &str) -> Option<u64> {
    let (_, value) = params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
