//! The walk by `start` or by the number of the page, for lists that cannot be walked by number: the first page tells how
//! many there are, the others are asked for by their places, fifty in a request. Where nothing is told, the walk goes on
//! until a page is empty, not full or one that came before.
//!
//! Places shift while records come and go. When fewer records are counted than before, some may have slipped in front of
//! the place that was reached: the walk goes back by as many, and leaves out what it has handed out already.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;

use serde_json::Value;

use crate::batch::MOST;
use crate::call::Call;
use crate::error::{Error, Result};
use crate::method::{Method, Paging};
use crate::paging::fetch::{Answered, Chunk, Source, Wanted, hole};
use crate::paging::page::RawPage;
use crate::paging::place;
use crate::paging::walker::Flight;

/// What is known of a page besides its records.
pub(super) struct Mark {
    start: u64,
    records: usize,
    total: Option<u64>,
    next: Option<u64>,
    more: Option<bool>,
    /// What the page holds, in short, where pages are told apart by that.
    print: Option<u64>,
}

pub(super) struct StartWalk {
    source: Arc<Source>,
    /// The place of the next page; none at the end.
    place: Option<u64>,
    /// Records on a full page, once the portal has told.
    step: Option<u64>,
    total: Option<u64>,
    /// The first page is asked for without a place: the method may not know any.
    is_bare: bool,
    /// The place of the first page, what it held, and what the last one held.
    begin: u64,
    first: Option<u64>,
    last: Option<u64>,
}

impl StartWalk {
    /// A walk from a place on.
    pub(super) fn new(mut source: Source, begin: u64) -> Self {
        let step = (source.method().paging == Paging::Page).then(|| place::size(&mut source.call));
        Self {
            source: Arc::new(source),
            place: Some(begin),
            step,
            total: None,
            is_bare: false,
            begin,
            first: None,
            last: None,
        }
    }

    /// A walk from where the call says.
    pub(super) fn as_given(mut source: Source) -> Self {
        let given = place::number(source.call.params(), source.method().place);
        match source.method().paging {
            Paging::Page => {
                let size = place::size(&mut source.call);
                Self::new(source, given.unwrap_or(1).saturating_sub(1).saturating_mul(size))
            }
            _ => Self::new(source, given.unwrap_or(0)),
        }
    }

    /// A walk of a list that should be whole; should it not be, it goes on.
    pub(super) fn bare(source: Source) -> Self {
        Self { is_bare: true, ..Self::new(source, 0) }
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    pub(super) fn launch(&mut self, on_their_way: usize) -> Option<Flight> {
        if on_their_way > 0 {
            return None;
        }
        let place = self.place?;
        let source = Arc::clone(&self.source);
        let places: Vec<u64> = match (self.step, self.total) {
            (Some(step), Some(total)) if source.can_batch() => (0..MOST as u64)
                .map(|at| place.saturating_add(at.saturating_mul(step)))
                .take_while(|place| *place < total)
                .collect(),
            _ => vec![place],
        };
        let step = self.step;
        let first = match std::mem::take(&mut self.is_bare) {
            true => source.call.clone(),
            false => at(&source, word(&source, step, place).into()),
        };
        Some(Flight::start(async move {
            if places.len() > 1 { several(&source, places, step).await } else { one(&source, first, place).await }
        }))
    }

    /// How many records there should be from the first page on, where the portal has counted them.
    pub(super) fn expected(&self) -> Option<u64> {
        Some(self.total?.saturating_sub(self.begin))
    }

    pub(super) fn land(&mut self, chunk: &mut Chunk, marks: &[Mark]) {
        let mut kept = 0;
        self.place = None;
        for mark in marks {
            if let (Some(before), Some(now)) = (self.total, mark.total)
                && now < before
            {
                // Back by as many as are gone, to the beginning of a page.
                let step = self.step.unwrap_or(1).max(1);
                let back = (before - now).div_ceil(step).saturating_mul(step);
                tracing::debug!(target: "bitrix24", before, now, "records went away during the walk");
                self.total = mark.total;
                self.place = Some(mark.start.saturating_sub(back));
                break;
            }
            kept += 1;
            self.total = mark.total.or(self.total);
            let paging = self.source.method().paging;
            let behind = match (paging, self.step) {
                (Paging::Page, Some(step)) => mark.start.saturating_add(step),
                _ => mark.start.saturating_add(mark.records as u64),
            };
            if mark.print.is_some() {
                match self.repeats(mark) {
                    Some(Ok(())) => {
                        kept -= 1;
                        break;
                    }
                    Some(Err(error)) => {
                        chunk.failed = Some(error);
                        break;
                    }
                    None => self.last = mark.print,
                }
                self.first = self.first.or(mark.print);
            }
            self.place = match mark.next {
                Some(next) if next > mark.start && paging == Paging::Page => Some(behind),
                Some(next) if next > mark.start => {
                    self.step = Some(next - mark.start);
                    Some(next)
                }
                _ if mark.more == Some(true) && paging == Paging::None => {
                    chunk.failed = Some(self.source.fault("there are more records, and no way to them is known"));
                    None
                }
                _ if mark.more == Some(true) && mark.records > 0 => Some(behind),
                // Neither a count nor a hint.
                _ if paging == Paging::Page && self.total.is_none() && mark.more.is_none() && mark.records > 0 => {
                    Some(behind)
                }
                // There is no next page, but neither are all there that were counted.
                _ if mark.records > 0 && self.total.is_some_and(|total| behind < total) => {
                    self.step.get_or_insert(mark.records as u64);
                    Some(behind)
                }
                _ => None,
            };
            if self.place.is_none() {
                break;
            }
        }
        chunk.pages.truncate(kept);
        chunk.total = self.total;
        chunk.ended = self.place.is_none();
    }

    /// Some portals answer the last page or the first one where there is none any more. That is the end; but a page that is
    /// the same as the first one and full may also mean that the number is not heeded.
    fn repeats(&self, mark: &Mark) -> Option<Result<()>> {
        if mark.records == 0 || (mark.print != self.last && mark.print != self.first) {
            return None;
        }
        let step = self.step.unwrap_or(1);
        let is_told_apart =
            mark.start >= self.begin.saturating_add(step.saturating_mul(2)) || (mark.records as u64) < step;
        Some(if is_told_apart {
            Ok(())
        } else {
            Err(self.source.fault("it is the first page again, so that whether there are more cannot be told"))
        })
    }
}

/// A place in the words of the method.
fn word(source: &Source, step: Option<u64>, place: u64) -> u64 {
    match (source.method().paging, step) {
        (Paging::Page, Some(step)) => (place / step.max(1)).saturating_add(1),
        _ => place,
    }
}

fn at(source: &Source, value: Value) -> Call {
    let mut call = source.call.clone();
    place::set(&mut call, source.method().place, value);
    call
}

async fn one(source: &Source, call: Call, place: u64) -> (Chunk, Vec<Mark>) {
    let mut chunk = Chunk { requests: 1, ..Chunk::default() };
    match source.single(call).await {
        Ok(single) => {
            let (method, records) = (source.method(), single.values.len());
            // Some lists are not counted: there is no total, or one of 0. Then a full page says that there may be more.
            let is_counted = single.total.is_some_and(|total| total > 0 || records == 0) || single.next.is_some();
            let is_open = method.paging == Paging::Start && !is_counted;
            let is_told_apart = is_open || method.paging == Paging::Page && single.total.is_none();
            let mark = Mark {
                start: place,
                records,
                total: single.total.filter(|_| !is_open),
                next: single.next,
                more: single.more.or(is_open.then(|| records >= usize::from(method.page))),
                print: is_told_apart.then(|| hash(&Value::from(single.values.as_slice()).to_string())),
            };
            chunk.pages.push(RawPage::Values(single.values));
            (chunk, vec![mark])
        }
        Err(error) => {
            chunk.failed = Some(error);
            (chunk, Vec::new())
        }
    }
}

async fn several(source: &Source, places: Vec<u64>, step: Option<u64>) -> (Chunk, Vec<Mark>) {
    let call = at(source, hole());
    let fill = |at: usize| word(source, step, places[at]).to_string();
    let wanted = Wanted { page: &call, count: places.len(), first: None, halts: false, field: "" };
    let Some(answer) = source.several(wanted, fill).await else {
        return one(source, at(source, word(source, step, places[0]).into()), places[0]).await;
    };
    let mut chunk = Chunk { requests: 1, ..Chunk::default() };
    let mut marks = Vec::new();
    let answers = match answer {
        Ok(several) => several.pages,
        Err(error) => {
            chunk.failed = Some(error);
            return (chunk, marks);
        }
    };
    for (start, answer) in places.into_iter().zip(answers) {
        match answer {
            Answered::Page { page, total, next } => {
                marks.push(Mark { start, records: page.len(), total, next, more: None, print: None });
                chunk.pages.push(page);
            }
            // Those before it are good; it is asked for again by itself, and then the walk goes on behind it.
            Answered::Failed(error) => {
                tracing::debug!(target: "bitrix24", %error, start, "page asked for again");
                let (mut again, mark) = one(source, at(source, word(source, step, start).into()), start).await;
                chunk.requests += again.requests;
                chunk.pages.append(&mut again.pages);
                chunk.failed = again.failed;
                marks.extend(mark);
                break;
            }
        }
    }
    (chunk, marks)
}

/// What has been handed out: a record is known by its number, or by all it holds.
#[derive(Default)]
pub(super) struct Seen {
    numbers: HashSet<u64>,
    contents: HashSet<u64>,
    /// What each page held, in its order.
    pages: HashSet<u64>,
    total: Option<u64>,
    has_changed: bool,
    /// The records have no number of their own: any of them may stand there twice.
    is_nameless: bool,
    /// Whether something that had been handed out already was left out.
    has_left_out: bool,
    /// Whether a whole page came again, and how many records of such pages were handed out all the same.
    repeats: bool,
    again: u64,
}

impl Seen {
    /// Notes that records have come or gone.
    pub(super) fn changed(&mut self) {
        self.has_changed = true;
    }

    /// How many of the records handed out count towards the list, where a page came twice although nothing has changed.
    pub(super) fn repeats(&self, records: u64) -> Option<u64> {
        (self.repeats && !self.has_changed).then(|| records.saturating_sub(self.again))
    }

    /// Notes how many records there are.
    pub(super) fn count(&mut self, total: Option<u64>) {
        self.has_changed |= matches!((self.total, total), (Some(before), Some(now)) if before != now);
        self.total = total.or(self.total);
    }

    /// Leaves out of a page what has been handed out with another one already. What stands on the same page twice is there
    /// twice.
    pub(super) fn sift(&mut self, values: &mut Vec<Value>, method: &Method) -> Result<()> {
        let field = method.keyset.map(|keyset| keyset.field);
        let marks: Vec<(Option<u64>, u64)> = values.iter().map(|value| self.mark(value, field)).collect();
        let mut names = HashSet::new();
        // A number that stands twice on a page is not the record's own.
        self.is_nameless |= marks.iter().any(|(name, _)| !name.is_some_and(|name| names.insert(name)));
        if self.is_nameless && (self.has_changed || self.has_left_out) {
            return Err(Error::Decode {
                method: method.name.to_string(),
                status: None,
                reason: "the list changed while it was read, and its records have no number by which to find the place again; \
                         read it again"
                    .to_owned(),
            });
        }
        let came = marks.len();
        let contents: Vec<u64> = marks.iter().map(|(_, content)| *content).collect();
        let is_again = came > 0 && !self.pages.insert(hash(&contents));
        self.repeats |= is_again;
        if self.is_nameless {
            self.again += if is_again { came as u64 } else { 0 };
        } else {
            let mut marks = marks.iter();
            // Only a list that changes can show a record twice, and that may have been changed meanwhile.
            values.retain(|_| {
                marks.next().is_some_and(|(name, content)| match (self.has_changed, name) {
                    (true, Some(name)) => !self.numbers.contains(name),
                    _ => !self.contents.contains(content),
                })
            });
            self.has_left_out |= values.len() < came;
        }
        for (name, content) in marks {
            self.numbers.extend(name);
            self.contents.insert(content);
        }
        Ok(())
    }

    /// A record's number and all that it holds, in short.
    fn mark(&self, value: &Value, field: Option<&str>) -> (Option<u64>, u64) {
        let content = hash(&value.to_string());
        if !value.is_object() && !value.is_array() {
            // A number or a text is all that there is of a record, unless it turns out to stand there twice.
            let is_twice = !self.has_changed && self.contents.contains(&content);
            return ((!is_twice).then_some(content), content);
        }
        let number = field.into_iter().chain(["ID", "id"]).find_map(|field| value.get(field));
        let name = number.filter(|number| !number.is_null());
        (name.map(|name| hash(&name.as_str().map_or_else(|| name.to_string(), str::to_owned))), content)
    }
}

pub(super) fn hash(what: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
