//! Lists from the first page to the last: `--all` and `--limit`.

use std::io::Write as _;

use serde_json::Value;

use crate::call::Call;
use crate::cli::command::{given, is_set};
use crate::cli::exit::{Exit, Stop};
use crate::cli::method::interruptible;
use crate::cli::output::{Output, Records};
use crate::cli::progress::Bar;
use crate::cli::terminal::{self, Stream};
use crate::client::Client;
use crate::method::Effect;
use crate::response::Response;

/// How many records are wanted of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// What one answer brings.
    Page,
    /// All, or so many at the most.
    Walk(Option<u64>),
}

impl Wanted {
    /// Reads `--all` and `--limit`.
    pub(crate) fn new(matches: &clap::ArgMatches) -> Result<Self, Stop> {
        let limit = given(matches, "limit").map(|text| {
            text.parse::<u64>().map_err(|_| Stop::usage(format!("--limit: `{text}` is no number of records")))
        });
        let limit = limit.transpose()?;
        Ok(if limit.is_some() || is_set(matches, "all") { Self::Walk(limit) } else { Self::Page })
    }
}

/// Refuses to walk what cannot be walked, before anything is sent.
pub(crate) fn check(call: &Call, wanted: Wanted, output: &Output) -> Result<(), Stop> {
    let name = &call.method().name;
    if wanted == Wanted::Page {
        return Ok(());
    }
    if call.method().effect != Effect::List {
        return Err(Stop::usage(format!("--all and --limit are for lists, and {name} is none that is known")));
    }
    if output.is_raw() {
        return Err(Stop::usage("--raw shows one answer of the portal; --all and --limit put many together"));
    }
    Ok(())
}

/// Prints the records of a list as they come.
pub(crate) fn walk(client: &Client, call: Call, limit: Option<u64>, output: &Output) -> Result<Exit, Stop> {
    let name = call.method().name.clone();
    let bar = Bar::new("records");
    let mut records = output.records()?;
    let mut count = 0;
    let pages = {
        let bar = bar.clone();
        let mut stream = call.stream(client);
        if bar.is_visible() && limit.is_none() {
            stream = stream.counted();
        }
        stream
            .progress(move |progress| {
                bar.set(progress.records.min(limit.unwrap_or(u64::MAX)), limit.or(progress.total))
            })
            .pages()
    };
    let walked = interruptible(&name, true, print(pages, limit, &bar, &mut records, &mut count));
    drop(bar);
    crate::cli::progress::clear();
    match walked {
        Ok(()) => {
            let exit = records.finish()?;
            if let (Some(file), true) = (output.file(), terminal::is_terminal(Stream::Err)) {
                let what = if count == 1 { "record is" } else { "records are" };
                let _ = writeln!(std::io::stderr(), "{count} {what} in {}", file.display());
            }
            Ok(exit)
        }
        Err(mut stop) => {
            records.abandon()?;
            if stop.exit != Exit::Usage {
                stop.message.push_str(&format!("\nnote: the list is not whole: {count} records came before this"));
            }
            Err(stop)
        }
    }
}

async fn print(
    mut pages: crate::paging::Pages<Value>,
    limit: Option<u64>,
    bar: &Bar,
    records: &mut Records<'_>,
    count: &mut u64,
) -> Result<(), Stop> {
    if limit == Some(0) {
        return Ok(());
    }
    while let Some(page) = pages.next().await {
        let page = page?;
        let is_over = bar.aside(|| -> Result<bool, Stop> {
            for record in page.items {
                if limit.is_some_and(|limit| *count >= limit) {
                    return Ok(true);
                }
                if records.push(record)?.is_closed() {
                    return Ok(true);
                }
                *count += 1;
            }
            Ok(records.flush()?.is_closed() || limit.is_some_and(|limit| *count >= limit))
        })?;
        if is_over {
            break;
        }
    }
    Ok(())
}

/// Whether a call says itself where its page begins.
pub(crate) fn is_placed(call: &Call) -> bool {
    ["start", "START"].iter().any(|key| call.params().contains_key(*key))
}

/// Says when a list goes on behind the page that is printed.
pub(crate) fn note_more(answer: &Response) {
    let Some(shown) = answer.next else { return };
    let of = answer.total.map(|total| format!(" of {total}")).unwrap_or_default();
    crate::cli::note(&format!("these are the first {shown}{of} records; --all brings all of them"));
}
