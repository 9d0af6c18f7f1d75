//! The walk by number: each page is asked for as "those behind the last one". Fifty such pages travel in one request, each
//! referring to the last record of the one before. Where the portal takes long over that, the numbers are cut into ranges,
//! and several are read at once.
//!
//! A page that is not full is not the last one for that: a portal may take out of it what the caller may not see. The end is
//! where nothing comes behind a record, where the record has the highest number of all (the first request of several pages
//! asks for it), or where the portal has counted no more.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::batch::MOST;
use crate::call::Call;
use crate::method::{Keyset, Order, Paging, Rest};
use crate::paging::fetch::{Answered, Chunk, Source, Wanted, hole, key};
use crate::paging::page::{self, RawPage};
use crate::paging::place;
use crate::paging::walker::Flight;
use crate::value::Object;

/// A request that takes the portal longer is worth another beside it.
const SLOW: Duration = Duration::from_millis(500);

/// How many times fifty pages a range is read for before the others are cut anew.
const MOST_ROUNDS: usize = 2;

/// How the pages are asked for.
pub(super) struct Path {
    pub(super) source: Source,
    pub(super) keyset: Keyset,
    pub(super) descending: bool,
    /// Whether the total is to be asked for.
    pub(super) counted: bool,
}

/// What is asked for next.
enum Stage {
    /// The page behind the last record, alone.
    Page,
    /// Fifty pages behind the last record.
    Chain,
    /// The ranges behind `low`, up to `high`.
    Ranges {
        low: i64,
        high: i64,
    },
    Ended,
}

/// What a flight was sent for.
pub(super) enum Errand {
    Page,
    Chain,
    Range { low: i64, high: i64 },
}

pub(super) struct KeysetWalk {
    path: Arc<Path>,
    stage: Stage,
    /// Records on a full page.
    size: usize,
    /// The number behind which the walk goes on.
    last: Option<i64>,
    /// The number of the last record of all, as it was when the portal was asked, and whether it was.
    end: Option<i64>,
    has_asked: bool,
    /// Records a number: 1 where no number is left out.
    density: f64,
    parallel: usize,
    /// Pages brought so far, and the records on the first one.
    pages: usize,
    begun: usize,
}

impl Path {
    /// The call for the page behind a number, up to another.
    fn page(&self, after: Option<Value>, until: Option<i64>) -> Call {
        let mut call = self.source.call.clone();
        let key = self.keyset.key;
        let (behind, before) = if self.descending { ("<", ">=") } else { (">", "<=") };
        let conditions = [(behind, after), (before, until.map(Value::from))];
        for (operator, value) in conditions.into_iter().filter_map(|(operator, value)| Some((operator, value?))) {
            match self.source.method().rest {
                Rest::V2 => call.set_path(&[self.keyset.filter, &format!("{operator}{key}")], value),
                Rest::V3 => {
                    let condition = Value::from(vec![Value::from(key), operator.into(), value]);
                    let filter =
                        call.params_mut().entry(self.keyset.filter).or_insert_with(|| Value::Array(Vec::new()));
                    if let Value::Array(filter) = filter {
                        filter.push(condition);
                    }
                }
            }
        }
        call
    }

    /// The call for the last records behind a number, the last one first.
    fn backwards(&self, after: Option<Value>, until: Option<i64>) -> Call {
        let mut call = self.page(after, until);
        sort(&mut call, self.keyset, if self.descending { "ASC" } else { "DESC" });
        if !self.keyset.select.is_empty() {
            call.set(self.keyset.select.to_owned(), vec![self.keyset.key].into());
        }
        if self.source.method().paging == Paging::Start {
            place::set(&mut call, self.source.method().place, (-1).into());
        }
        call
    }

    /// The number of the last record, as the answer to [`Path::backwards`] tells it. A portal that does not sort so tells
    /// nothing.
    fn end(&self, answer: Option<Answered>) -> Option<i64> {
        let Some(Answered::Page { page, .. }) = answer else { return None };
        let numbers = page.numbers(self.keyset.field);
        let is_sorted = numbers.windows(2).all(|pair| match pair {
            [Some(number), Some(before)] => self.is_behind(*number, *before),
            _ => false,
        });
        numbers.first().copied().flatten().filter(|_| is_sorted)
    }

    /// Adds a page that has been read to a chunk, when it goes on behind the last one. `total`: what the portal counts behind
    /// that one.
    fn add(&self, chunk: &mut Chunk, last: Option<i64>, page: RawPage, total: Option<u64>, size: usize) {
        let records = page.len();
        if records > 0 {
            let goes_on = last.is_some_and(|last| chunk.last.is_none_or(|before| self.is_behind(last, before)));
            if !goes_on {
                chunk.astray = true;
                return;
            }
            chunk.last = last;
        }
        chunk.records += records;
        chunk.pages.push(page);
        chunk.is_short = records < size;
        // Only REST 3.0 promises full pages.
        let is_promised = chunk.is_short && self.source.method().rest == Rest::V3;
        // A list that is not counted may tell of a total all the same, such as that of the page.
        let is_counted = self.counted || self.source.method().paging != Paging::Start;
        chunk.ended = records == 0 || is_promised || is_counted && total == Some(records as u64);
    }

    pub(super) fn is_behind(&self, number: i64, before: i64) -> bool {
        if self.descending { number < before } else { number > before }
    }

    /// The next page, alone.
    async fn one(&self, chunk: &mut Chunk, until: Option<i64>, size: usize) {
        chunk.requests += 1;
        match self.source.single(self.page(chunk.last.map(Value::from), until)).await {
            Ok(single) => {
                let numbers: Vec<_> =
                    single.values.iter().map(|value| page::number(value, self.keyset.field)).collect();
                let is_sorted = numbers.windows(2).all(|pair| match pair {
                    [Some(before), Some(number)] => self.is_behind(*number, *before),
                    _ => false,
                });
                chunk.total = single.total.filter(|_| self.counted);
                chunk.took += single.took;
                if !is_sorted {
                    chunk.astray = true;
                    return;
                }
                let last = numbers.last().copied().flatten();
                let is_first = chunk.last.is_none();
                self.add(chunk, last, RawPage::Values(single.values), single.total, size);
                // A portal that tells of a next page has one, however short this one is.
                let tells_more = single.more == Some(true) || (is_first && single.next.is_some());
                if tells_more && !numbers.is_empty() {
                    (chunk.ended, chunk.is_short) = (false, false);
                }
                chunk.ended |= single.more == Some(false) || (until.is_some() && chunk.last == until);
            }
            Err(error) => chunk.failed = Some(error),
        }
    }

    /// The next fifty pages. `asks`: one of them is given for the number of the last record.
    async fn fifty(&self, chunk: &mut Chunk, until: Option<i64>, asks: bool, size: usize) {
        let first = chunk.last.unwrap_or_default();
        let records = self.source.method().records.split('.').filter(|part| !part.is_empty());
        let inside: String = records.map(|part| format!("[{part}]")).collect();
        let (place, field) = (size.saturating_sub(1), self.keyset.field);
        let fill = |at: usize| match at.checked_sub(1) {
            None => first.to_string(),
            Some(before) => format!("$result[{}]{inside}[{place}][{field}]", key(before)),
        };
        let call = self.page(Some(hole()), until);
        let backwards = asks.then(|| self.backwards(Some(first.into()), until));
        // With `halt`, what follows a failed page is not run: it would begin at the beginning again.
        let wanted = Wanted { page: &call, count: MOST, first: backwards.as_ref(), halts: true, field };
        let Some(answer) = self.source.several(wanted, fill).await else {
            return self.one(chunk, until, size).await;
        };
        chunk.requests += 1;
        let several = match answer {
            Ok(several) => several,
            Err(error) => {
                chunk.failed = Some(error);
                return;
            }
        };
        chunk.took += several.took;
        chunk.end = self.end(several.first);
        chunk.is_short = false;
        for answer in several.pages {
            match answer {
                Answered::Page { page, total, .. } => {
                    let numbers = page.numbers(field);
                    let number = |number: Option<&Option<i64>>| number.copied().flatten();
                    let (first, last) = (number(numbers.first()), number(numbers.last()));
                    let goes_on = first.zip(chunk.last).is_some_and(|(first, last)| self.is_behind(first, last));
                    // The reference into a page that is not full may lead nowhere, and then the pages begin anew, or none
                    // comes. What begins behind it goes on all the same.
                    if chunk.is_short && !goes_on {
                        match page.len() {
                            0 => continue,
                            _ => break,
                        }
                    }
                    self.add(chunk, last, page, total, size);
                    if chunk.ended || chunk.astray {
                        return;
                    }
                }
                Answered::Failed(_) if chunk.is_short => break,
                Answered::Failed(error) => {
                    tracing::debug!(target: "bitrix24", %error, after = chunk.last, "page asked for again");
                    return self.one(chunk, until, size).await;
                }
            }
        }
        chunk.ended = chunk.last.is_some() && (chunk.last == chunk.end || chunk.last == until);
    }

    async fn chain(&self, after: Option<i64>, asks: bool, size: usize) -> Chunk {
        let mut chunk = Chunk { last: after, ..Chunk::default() };
        match self.source.can_batch() {
            true => self.fifty(&mut chunk, None, asks, size).await,
            false => self.one(&mut chunk, None, size).await,
        }
        chunk
    }

    /// All of a range; or its beginning, where it holds so much more than was expected that it would fill the memory.
    async fn range(&self, low: i64, high: i64, size: usize) -> Chunk {
        let mut chunk = Chunk { last: Some(low), ..Chunk::default() };
        for _ in 0..MOST_ROUNDS {
            self.fifty(&mut chunk, Some(high), true, size).await;
            if chunk.ended || chunk.astray || chunk.failed.is_some() {
                return chunk;
            }
            // What did not fit is mostly less than a page.
            self.one(&mut chunk, Some(high), size).await;
            if chunk.last == chunk.end {
                chunk.ended = true;
            }
            if chunk.ended || chunk.astray || chunk.failed.is_some() {
                return chunk;
            }
        }
        chunk
    }
}

/// Sorts by number.
fn sort(call: &mut Call, keyset: Keyset, direction: &str) {
    match keyset.order {
        Order::Object(order) => {
            let order_by: Object = [(keyset.key.to_owned(), direction.into())].into_iter().collect();
            call.set(order.to_owned(), Value::Object(order_by));
        }
        Order::Pair { key, direction: way } => {
            call.set(key.to_owned(), keyset.key.into());
            call.set(way.to_owned(), direction.into());
        }
    }
}

impl KeysetWalk {
    /// A walk of the call's records by their numbers. None: the call has an order or a form of its own that this would change.
    pub(super) fn new(source: Source, counted: bool, parallel: usize) -> Result<Self, Box<Source>> {
        let method = source.method().clone();
        let Some(keyset) = method.keyset else { return Err(Box::new(source)) };
        let params = source.call.params();
        let Some(descending) = direction(params, &keyset) else { return Err(Box::new(source)) };
        let fits = match (params.get(keyset.filter), method.rest) {
            (None | Some(Value::Null), _) => true,
            (Some(Value::Object(_)), Rest::V2) | (Some(Value::Array(_)), Rest::V3) => true,
            (Some(Value::Array(items)), Rest::V2) => items.is_empty(),
            _ => false,
        };
        let begins_elsewhere = match method.paging {
            Paging::Start | Paging::Page => place::get(params, method.place).is_some(),
            Paging::Pagination => {
                let pagination = params.get("pagination");
                ["page", "offset", "afterCursor"]
                    .iter()
                    .any(|key| pagination.and_then(|given| given.get(key)).is_some())
            }
            _ => true,
        };
        // A bound of the caller's would be replaced by the walk's.
        let bound = format!("{}{}", if descending { "<" } else { ">" }, keyset.key);
        let has_bound = params.get(keyset.filter).is_some_and(|filter| filter.get(&bound).is_some());
        if !fits || begins_elsewhere {
            return Err(Box::new(source));
        }
        let mut source = source;
        let size = prepare(&mut source.call, &method, keyset, descending, counted);
        let last = params_bound(&source.call, keyset.filter, &bound).filter(|_| has_bound);
        if has_bound && last.is_none() {
            return Err(Box::new(source));
        }
        let upper = ["<=", "<"]
            .iter()
            .any(|operator| has_condition(&source.call, keyset.filter, &format!("{operator}{}", keyset.key)));
        let parallel = if descending || upper || method.rest == Rest::V3 { 1 } else { parallel };
        let path = Arc::new(Path { source, keyset, descending, counted });
        let stage = Stage::Page;
        Ok(Self { path, stage, size, last, end: None, has_asked: false, density: 1.0, parallel, pages: 0, begun: 0 })
    }

    /// Records on the first page.
    pub(super) fn begun(&self) -> usize {
        self.begun
    }

    pub(super) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Begins the next request, if there is one to begin beside those on their way.
    pub(super) fn launch(&mut self, on_their_way: usize) -> Option<Flight> {
        let (path, last, size) = (Arc::clone(&self.path), self.last, self.size);
        match self.stage {
            Stage::Ranges { low, high } if low < high => {
                if on_their_way >= self.parallel {
                    return None;
                }
                // A page less than a request holds besides the question for the last record: numbers may lie closer.
                let target = size.saturating_mul(MOST - 2) as f64;
                let width = (target / self.density.max(1e-6)).clamp(1.0, 1e15) as i64;
                let end = low.saturating_add(width).min(high);
                self.stage = Stage::Ranges { low: end, high };
                Some(Flight::keyset(Errand::Range { low, high: end }, async move { path.range(low, end, size).await }))
            }
            _ if on_their_way > 0 => None,
            Stage::Ranges { high, .. } => {
                // What has come meanwhile.
                self.last = Some(high);
                self.stage = Stage::Page;
                self.launch(0)
            }
            Stage::Page => Some(Flight::keyset(Errand::Page, async move {
                let mut chunk = Chunk { last, ..Chunk::default() };
                path.one(&mut chunk, None, size).await;
                chunk
            })),
            Stage::Chain => {
                let asks = !std::mem::replace(&mut self.has_asked, true);
                Some(Flight::keyset(Errand::Chain, async move { path.chain(last, asks, size).await }))
            }
            Stage::Ended => None,
        }
    }

    /// Learns from what came. True: walking by number does not work here, and nothing but the first page was handed out.
    pub(super) fn land(&mut self, errand: &Errand, chunk: &mut Chunk) -> bool {
        if chunk.astray {
            self.stage = Stage::Ended;
            let pages = self.pages + chunk.pages.len();
            if pages <= 1 {
                return true;
            }
            chunk.failed.get_or_insert_with(|| {
                let last = chunk.last.map(|last| last.to_string()).unwrap_or_default();
                self.path.source.fault(format!(
                    "the portal was asked for the records behind number {last} and answered with others; \
                     walk the list by `Strategy::Start`"
                ))
            });
        }
        if self.pages > 0 {
            // What is behind the first page is not all.
            chunk.total = None;
        } else if chunk.records > self.size || (chunk.records > 0 && !chunk.ended && !chunk.is_short) {
            // The portal's pages have another size than documented.
            self.size = chunk.records;
        }
        if self.pages == 0 {
            self.begun = chunk.records;
        }
        self.pages += chunk.pages.len();
        let before = self.last;
        match errand {
            Errand::Range { low, high } => {
                // An unfinished range reached only so far; those behind it were cut too wide, and are cut anew.
                let reached = if chunk.ended { *high } else { chunk.last.unwrap_or(*high) };
                self.density = (chunk.records as f64 / reached.abs_diff(*low).max(1) as f64).max(self.density / 8.0);
                if let Stage::Ranges { high, .. } = self.stage
                    && !chunk.ended
                {
                    self.stage = Stage::Ranges { low: reached, high };
                    chunk.is_cut_off = true;
                }
                return false;
            }
            Errand::Page | Errand::Chain => self.last = chunk.last,
        }
        self.end = chunk.end.or(self.end);
        let is_last = self.last.is_some() && self.last == self.end;
        if let (Some(before), Some(last), Errand::Chain) = (before, chunk.last, errand) {
            self.density = chunk.records as f64 / last.abs_diff(before).max(1) as f64;
        }
        self.stage = match (errand, self.last, self.end) {
            _ if chunk.ended || is_last => Stage::Ended,
            // One page more shows whether anything is behind it.
            _ if chunk.is_short => Stage::Page,
            (Errand::Chain, Some(low), Some(high))
                if chunk.took >= SLOW && self.parallel > 1 && self.path.source.can_batch() && low < high =>
            {
                Stage::Ranges { low, high }
            }
            _ => Stage::Chain,
        };
        false
    }
}

/// Whether the call sorts from the highest number down; none where it sorts by something else.
fn direction(params: &Object, keyset: &Keyset) -> Option<bool> {
    let is_down = |value: &Value| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("desc"));
    match keyset.order {
        Order::Object(order) => match params.get(order) {
            None | Some(Value::Null) => Some(false),
            Some(Value::Array(items)) if items.is_empty() => Some(false),
            Some(Value::Object(order)) => match order.iter().collect::<Vec<_>>().as_slice() {
                [] => Some(false),
                [(key, way)] if key.as_str() == keyset.key => Some(is_down(way)),
                _ => None,
            },
            Some(_) => None,
        },
        Order::Pair { key, direction } => match params.get(key) {
            None | Some(Value::Null) => Some(params.get(direction).is_some_and(is_down)),
            Some(Value::String(field)) if field == keyset.key => Some(params.get(direction).is_some_and(is_down)),
            Some(_) => None,
        },
    }
}

fn has_condition(call: &Call, filter: &str, key: &str) -> bool {
    call.params().get(filter).is_some_and(|filter| filter.get(key).is_some())
}

fn params_bound(call: &Call, filter: &str, key: &str) -> Option<i64> {
    page::number(call.params().get(filter)?, key)
}

/// Makes the call one of a walk: sorted by number, with the number among the fields, and uncounted unless the total is
/// wanted. Brings the number of records on a full page.
fn prepare(call: &mut Call, method: &crate::method::Method, keyset: Keyset, descending: bool, counted: bool) -> usize {
    sort(call, keyset, if descending { "DESC" } else { "ASC" });
    if let Some(Value::Array(select)) = call.params_mut().get_mut(keyset.select)
        && !select.is_empty()
        && !select.iter().any(|field| field == keyset.key || field == "*")
    {
        select.insert(0, keyset.key.into());
    }
    if let Some(filter @ (Value::Null | Value::Array(_))) = call.params_mut().get_mut(keyset.filter)
        && method.rest == Rest::V2
    {
        *filter = Value::Object(Object::new());
    }
    if method.paging == Paging::Start {
        place::set(call, method.place, if counted { 0 } else { -1 }.into());
        return usize::from(method.page);
    }
    usize::try_from(place::size(call)).unwrap_or(usize::from(method.page))
}
