//! The page at `/`: what the portal holds and what it was last asked, for people. It has no script, loads nothing, and
//! shows no secret.

use std::fmt::Write as _;

use serde_json::Value;

use crate::sandbox::Shared;
use crate::sandbox::auth::TOKENS;
use crate::sandbox::dispatch::find;
use crate::sandbox::log::LoggedRequest;
use crate::sandbox::reply::Reply;
use crate::sandbox::request::Inquiry;
use crate::secret::MASK;
use crate::value::Object;

/// The most records and requests shown.
const MOST_ROWS: usize = 50;

/// The most columns of records; the others are in the control endpoint's answer.
const MOST_COLUMNS: usize = 8;

/// The longest text in a cell, in characters.
const LONGEST: usize = 120;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--soft:#8882}\
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:1rem}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}\
nav a,nav strong{display:inline-block;margin:.15rem .3rem .15rem 0;padding:.1rem .6rem;border:1px solid var(--line);border-radius:1rem}\
nav strong{background:var(--soft)}\
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid var(--line);vertical-align:top}\
th{font-weight:600}td{font-variant-numeric:tabular-nums}code{font-family:ui-monospace,monospace;font-size:.9em}\
.bad{color:#c22}.note{opacity:.7}";

/// Answers the page; `?collection=crm.deal` chooses what is shown.
pub(super) fn answer(shared: &Shared, inquiry: &Inquiry) -> Reply {
    let params = inquiry.params().unwrap_or_default();
    let chosen = find(&params, "collection").and_then(Value::as_str).unwrap_or("user");
    let mut page =
        String::from("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Simulated portal</title>");
    let _ = write!(
        page,
        "<meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head><body>"
    );
    let base = escape(&inquiry.base());
    let _ = write!(
        page,
        "<h1>Simulated portal</h1><p>Webhook <code>{base}/rest/1/{MASK}/</code>; calls with a token <code>{base}/rest/</code>; \
         REST 3.0 <code>{base}/rest/api/</code>. The terminal shows the secrets. <a href=\"\">Reload</a></p>"
    );
    data(shared, chosen, &mut page);
    requests(shared, &mut page);
    page.push_str("</body></html>");
    let reply = Reply { content_type: "text/html; charset=utf-8", body: page.into(), ..Reply::empty(200) };
    reply
        .with(
            "content-security-policy",
            "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'",
        )
        .with("cache-control", "no-store")
}

fn data(shared: &Shared, chosen: &str, page: &mut String) {
    let state = shared.state();
    page.push_str("<h2>Data</h2><nav aria-label=\"Collections\">");
    for (name, size) in state.store.sizes().filter(|(name, _)| *name != TOKENS) {
        let shown = escape(name);
        let _ = if name == chosen {
            write!(page, "<strong aria-current=\"page\">{shown} {size}</strong>")
        } else {
            write!(page, "<a href=\"?collection={shown}\">{shown} {size}</a>")
        };
    }
    page.push_str("</nav>");
    let records = state.store.all(if chosen == TOKENS { "" } else { chosen });
    if records.is_empty() {
        let _ = write!(page, "<p class=\"note\">There is nothing in {}.</p>", escape(chosen));
        return;
    }
    let shown: Vec<&Object> = records.values().take(MOST_ROWS).collect();
    let says_something = |value: Option<&Value>| match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(map)) => !map.is_empty(),
        Some(_) => true,
    };
    // Fields that say nothing in any of the records, and what no caller sees, are left out.
    let mut columns: Vec<&str> = Vec::new();
    for name in shown.iter().flat_map(|record| record.keys()) {
        let is_new = !columns.contains(&name.as_str()) && !name.starts_with('_');
        if columns.len() < MOST_COLUMNS && is_new && shown.iter().any(|record| says_something(record.get(name))) {
            columns.push(name);
        }
    }
    page.push_str("<div class=\"wide\"><table id=\"data\"><thead><tr>");
    for name in &columns {
        let _ = write!(page, "<th scope=\"col\">{}</th>", escape(name));
    }
    page.push_str("</tr></thead><tbody>");
    for record in shown {
        page.push_str("<tr>");
        for name in &columns {
            let _ = write!(page, "<td>{}</td>", escape(&cell(record.get(*name))));
        }
        page.push_str("</tr>");
    }
    page.push_str("</tbody></table></div>");
    if records.len() > MOST_ROWS {
        let rest = records.len() - MOST_ROWS;
        let shown = escape(chosen);
        let _ =
            write!(page, "<p class=\"note\">… and {rest} more, in <a href=\"/_sandbox/data/{shown}\">JSON</a>.</p>");
    }
}

fn requests(shared: &Shared, page: &mut String) {
    let log = shared.log_guard();
    let _ = write!(page, "<h2>Last requests <span class=\"note\">of {}</span></h2>", log.counts.requests);
    if log.requests.is_empty() {
        page.push_str("<p class=\"note\">There were none yet.</p>");
        return;
    }
    page.push_str("<div class=\"wide\"><table id=\"requests\"><thead><tr>");
    for name in ["Method", "By", "Parameters", "Answer", "Time"] {
        let _ = write!(page, "<th scope=\"col\">{name}</th>");
    }
    page.push_str("</tr></thead><tbody>");
    for request in log.requests.iter().rev().take(MOST_ROWS) {
        let by = request.user.map_or_else(|| request.auth.to_owned(), |user| format!("{} of {user}", request.auth));
        let params = cell(Some(&Value::Object(request.params.clone())));
        let _ = write!(
            page,
            "<tr><td>{} <code>{}</code></td><td>{}</td><td><code>{}</code></td><td{}>{}</td><td>{} µs</td></tr>",
            escape(&request.verb),
            escape(&request.method),
            escape(&by),
            escape(&params),
            if request.status == 200 { "" } else { " class=\"bad\"" },
            escape(&outcome(request)),
            request.micros,
        );
    }
    page.push_str("</tbody></table></div>");
}

/// What came of a request, in a few words.
pub(super) fn outcome(request: &LoggedRequest) -> String {
    let mut outcome = match &request.error {
        _ if request.status == 0 => "no answer".to_owned(),
        Some(code) if code.is_empty() => format!("{} (no code)", request.status),
        Some(code) => format!("{} {code}", request.status),
        None => request.status.to_string(),
    };
    for (is_so, word) in [(request.canned, " canned"), (request.replayed, " replayed")] {
        if is_so {
            outcome.push_str(word);
        }
    }
    if let Some(fault) = &request.fault {
        let _ = write!(outcome, " (fault: {fault})");
    }
    outcome
}

fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => return String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            char => escaped.push(char),
        }
    }
    escaped
}
