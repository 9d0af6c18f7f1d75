//! Results of a length that a model can read: longer ones are cut where a record ends, and say so.

use serde_json::{Value, json};

/// An answer as JSON text of at most about `most` characters. Of a list as many records are kept as fit.
pub(super) fn fit(answer: Value, most: usize) -> String {
    let whole = answer.to_string();
    if whole.chars().count() <= most {
        return whole;
    }
    shortened(answer, most).unwrap_or_else(|| {
        let text: String = whole.chars().take(most).collect();
        format!(
            "{text}…\n[cut: these are {most} of {} characters; ask for less, as with `select` or a narrower `filter`]",
            whole.chars().count()
        )
    })
}

/// The same with fewer records in its longest list; none when not even one fits.
fn shortened(mut answer: Value, most: usize) -> Option<String> {
    let path = longest_list(&answer, String::new())?.0;
    let list = answer.pointer_mut(&path)?.as_array_mut()?;
    let records = std::mem::take(list);
    let count = records.len();
    // The rest of the answer, and a note of so many characters at most.
    const NOTE: usize = 200;
    let mut left = most.checked_sub(answer.to_string().chars().count() + NOTE)?;
    let mut kept = Vec::new();
    for record in records {
        let length = record.to_string().chars().count() + 1;
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => break,
        }
        kept.push(record);
    }
    if kept.is_empty() {
        return None;
    }
    let note = format!(
        "cut: the first {} of these {count} records; ask for fewer fields with `select`, for fewer records with \
         `filter`, or for those behind with `start`, `pagination` or a filter by number",
        kept.len()
    );
    *answer.pointer_mut(&path)? = Value::Array(kept);
    match answer.as_object_mut() {
        Some(object) => _ = object.insert("note".to_owned(), note.into()),
        None => answer = json!({ "records": answer, "note": note }),
    }
    Some(answer.to_string())
}

/// The pointer of the list that takes most of an answer, and its length. Lists inside records do not count.
fn longest_list(value: &Value, path: String) -> Option<(String, usize)> {
    match value {
        Value::Array(_) => Some((path, value.to_string().len())),
        Value::Object(entries) => entries
            .iter()
            .filter_map(|(key, value)| {
                let key = key.replace('~', "~0").replace('/', "~1");
                longest_list(value, format!("{path}/{key}"))
            })
            .max_by_key(|(_, length)| *length),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_and_lists_lose_records_at_their_end() {
        let answer = json!({"result": {"items": (0..100).map(|id| json!({"id": id, "tags": [1, 2]})).collect::<Vec<_>>()}, "total": 100});
        assert_eq!(fit(answer.clone(), 100_000), answer.to_string());
        let cut = fit(answer, 600);
        let read: Value = serde_json::from_str(&cut).expect("whole JSON");
        let kept = read["result"]["items"].as_array().expect("a list").len();
        assert!(cut.chars().count() <= 600 && (5..50).contains(&kept), "{cut}");
        assert_eq!(read["result"]["items"][kept - 1]["id"], kept - 1);
        assert!(
            read["note"].as_str().is_some_and(|note| note.contains(&format!("first {kept} of these 100"))),
            "{cut}"
        );
        assert_eq!(read["total"], 100);
    }

    #[test]
    fn what_has_no_records_is_cut_between_characters() {
        let cut = fit(json!({"result": "ё".repeat(900)}), 500);
        assert!(cut.starts_with("{\"result\":\"ёё") && cut.contains("500 of 913 characters"), "{cut}");
        let cut = fit(json!([{"text": "x".repeat(900)}]), 500);
        assert!(cut.contains("[cut: "), "{cut}");
    }
}
