//! Events of calendars: what follows from what the caller sent, and how an event is answered.

use serde_json::{Value, json};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::sandbox::answer::Refusal;
use crate::sandbox::dispatch::Call;
use crate::sandbox::records::number;
use crate::value::Object;

/// The collection of the calendars.
const SECTIONS: &str = "calendar.section";

/// As the fields of an event hold a time.
fn stored(moment: PrimitiveDateTime) -> String {
    let (year, month, day) = moment.to_calendar_date();
    let (hour, minute, second) = moment.as_hms();
    format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}", u8::from(month))
}

/// The day as an event is answered, in the portal's English form.
fn day_of(moment: PrimitiveDateTime) -> String {
    let (year, month, day) = moment.to_calendar_date();
    format!("{:02}/{day:02}/{year:04}", u8::from(month))
}

/// Day and time in the same form.
fn time_of(moment: PrimitiveDateTime) -> String {
    let (hour, minute, second) = moment.as_hms();
    let (of_twelve, half) = (if hour % 12 == 0 { 12 } else { hour % 12 }, if hour < 12 { "am" } else { "pm" });
    format!("{} {of_twelve:02}:{minute:02}:{second:02} {half}", day_of(moment))
}

/// Day and time with the names of weekday and month.
fn spelt(moment: PrimitiveDateTime) -> String {
    let (year, month, day) = moment.to_calendar_date();
    let (hour, minute, second) = moment.as_hms();
    format!(
        "{:.3} {:.3} {day:02} {year:04} {hour:02}:{minute:02}:{second:02}",
        moment.weekday().to_string(),
        month.to_string()
    )
}

/// A time in ISO 8601 in the portal's English form.
pub(super) fn spelt_out(text: &str) -> Option<String> {
    read(text).map(time_of)
}

fn refused(text: &str) -> Refusal {
    Refusal::new(400, "", text)
}

/// Reads a time as callers write it: ISO 8601 with a blank or a `T`, with or without the time of day; what stands behind the
/// seconds is passed over.
fn read(text: &str) -> Option<PrimitiveDateTime> {
    let text = text.trim();
    let mut parts = text.get(..10)?.split('-');
    let year = parts.next()?.parse().ok()?;
    let month = Month::try_from(parts.next()?.parse::<u8>().ok()?).ok()?;
    let day = Date::from_calendar_date(year, month, parts.next()?.parse().ok()?).ok()?;
    let time = match text.get(11..) {
        None | Some("") => Time::MIDNIGHT,
        Some(rest) => {
            let part = |from: usize, to: usize| rest.get(from..to).map_or(Some(0), |part| part.parse::<u8>().ok());
            Time::from_hms(part(0, 2)?, part(3, 5)?, part(6, 8)?).ok()?
        }
    };
    Some(PrimitiveDateTime::new(day, time))
}

fn of_stamp(stamp: &Value) -> Option<PrimitiveDateTime> {
    let seconds = i64::try_from(number(stamp)?).ok()?;
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    Some(PrimitiveDateTime::new(moment.date(), moment.time()))
}

fn is_whole_day(record: &Object) -> bool {
    record.get("DT_SKIP_TIME").and_then(Value::as_str) == Some("Y")
}

/// What follows from a change of an event.
///
/// # Errors
/// When a time cannot be read or the calendar does not exist.
pub(super) fn settle(call: &Call<'_>, record: &mut Object, sent: &Object) -> Result<(), Refusal> {
    for (field, outer, stamp) in [("DATE_FROM", "from", "from_ts"), ("DATE_TO", "to", "to_ts")] {
        let moment = match (sent.get(field).and_then(Value::as_str), call.param(stamp).and_then(of_stamp)) {
            (Some(text), _) => {
                Some(read(text).ok_or_else(|| refused(&format!("Invalid value for the parameter \"{outer}\"")))?)
            }
            (None, stamp) => stamp,
        };
        if let Some(moment) = moment {
            record.insert(field.into(), stored(moment).into());
        }
    }
    if let Some(section) = sent.get("SECTION_ID").and_then(number)
        && call.store().get(SECTIONS, section).is_none()
    {
        return Err(refused("You specified an invalid calendar section ID or the user does not have access to it"));
    }
    let id = record.get("ID").cloned().unwrap_or_default();
    record.insert("PARENT_ID".into(), id);
    if let Some(people) = sent.get("ATTENDEES_CODES") {
        let people = people.as_array().cloned().unwrap_or_else(|| vec![people.clone()]);
        let code = |person: &Value| match person {
            Value::String(text) if text.parse::<u64>().is_err() => Value::from(text.as_str()),
            other => number(other).map_or(Value::Null, |id| format!("U{id}").into()),
        };
        record.insert("ATTENDEES_CODES".into(), people.iter().map(code).filter(|code| !code.is_null()).collect());
    }
    if record.get("IS_MEETING").and_then(Value::as_str) == Some("Y") {
        if record.get("MEETING_HOST").is_none_or(Value::is_null) {
            record.insert("MEETING_HOST".into(), call.user.to_string().into());
        }
        record.insert("MEETING_STATUS".into(), "H".into());
        if record.get("MEETING").is_none_or(|meeting| meeting.get("HOST_NAME").is_none())
            || sent.contains_key("MEETING")
        {
            record.insert("MEETING".into(), meeting(call, record, sent.get("MEETING")));
        }
    }
    if let Some(Value::Object(rule)) = sent.get("RRULE") {
        record.insert("RRULE".into(), repeats(rule));
    }
    Ok(())
}

/// The terms of a meeting.
fn meeting(call: &Call<'_>, record: &Object, sent: Option<&Value>) -> Value {
    let host = record.get("MEETING_HOST").and_then(number);
    let host_user = host.and_then(|id| call.store().get("user", id));
    let part = |key: &str| host_user.and_then(|user| user.get(key)).and_then(Value::as_str).unwrap_or_default();
    let says =
        |key: &str| sent.and_then(|sent| sent.get(key)).is_some_and(|flag| *flag == true || *flag == "Y" || *flag == 1);
    json!({
        "HOST_NAME": format!("{} {}", part("NAME"), part("LAST_NAME")).trim(), "NOTIFY": says("notify"), "REINVITE": says("reinvite"),
        "ALLOW_INVITE": says("allow_invite"), "HIDE_GUESTS": says("hide_guests"), "MEETING_CREATOR": host, "LANGUAGE_ID": "en",
        "MAIL_FROM": "",
    })
}

/// A rule of repetition: the days by their names.
fn repeats(rule: &Object) -> Value {
    let mut rule = rule.clone();
    if let Some(days) = rule.get("BYDAY") {
        let days: Vec<String> = match days {
            Value::Array(days) => days.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Value::Object(days) => days.values().filter_map(Value::as_str).map(str::to_owned).collect(),
            Value::String(days) => days.split(',').map(|day| day.trim().to_owned()).collect(),
            _ => Vec::new(),
        };
        rule.insert("BYDAY".into(), days.into_iter().map(|day| (day.clone(), Value::from(day))).collect());
    }
    if let Some(until) = rule.get("UNTIL").and_then(Value::as_str).and_then(read) {
        let day = day_of(until);
        rule.insert("UNTIL".into(), day.as_str().into());
        rule.insert("~UNTIL".into(), day.into());
        rule.insert("UNTIL_TS".into(), until.assume_utc().unix_timestamp().into());
    }
    rule.into()
}

/// An event as it is answered.
pub(super) fn shown(record: &Object) -> Value {
    let mut shown = record.clone();
    let moment = |field: &str| record.get(field).and_then(Value::as_str).and_then(read);
    let all_day = is_whole_day(record);
    let (from, to) = (moment("DATE_FROM"), moment("DATE_TO"));
    for (field, moment) in [
        ("DATE_FROM", from),
        ("DATE_TO", to),
        ("DATE_CREATE", moment("DATE_CREATE")),
        ("TIMESTAMP_X", moment("TIMESTAMP_X")),
    ] {
        let Some(moment) = moment else { continue };
        let is_day = all_day && field.starts_with("DATE_") && field != "DATE_CREATE";
        shown.insert(field.into(), if is_day { day_of(moment) } else { time_of(moment) }.into());
    }
    let stamp = |moment: Option<PrimitiveDateTime>| moment.map(|moment| moment.assume_utc().unix_timestamp());
    let length = match (stamp(from), stamp(to)) {
        (Some(from), Some(to)) if all_day => to - from + 86_400,
        (Some(from), Some(to)) => to - from,
        _ => 0,
    };
    let attendees: Vec<u64> = record
        .get("ATTENDEES_CODES")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|code| code.as_str()?.strip_prefix('U')?.parse().ok())
        .collect();
    let host = record.get("MEETING_HOST").and_then(number);
    let status = |id: u64| if Some(id) == host { "H" } else { "Q" };
    let list: Vec<Value> =
        attendees.iter().map(|id| json!({ "id": id, "entryId": record.get("ID"), "status": status(*id) })).collect();
    let entities: Vec<Value> = attendees.iter().map(|id| json!({ "entityId": "user", "id": id })).collect();
    let others = json!({
        "ORIGINAL_DATE_FROM": null, "TZ_OFFSET_FROM": "0", "TZ_OFFSET_TO": "0",
        "DATE_FROM_TS_UTC": stamp(from).map(|stamp| stamp.to_string()), "DATE_TO_TS_UTC": stamp(to).map(|stamp| stamp.to_string()),
        "DT_LENGTH": length, "IS_MEETING": record.get("IS_MEETING").and_then(Value::as_str) == Some("Y"), "EXDATE": "",
        "DAV_XML_ID": format!("event-{}@sandbox", record.get("ID").and_then(Value::as_str).unwrap_or_default()), "G_EVENT_ID": "",
        "DAV_EXCH_LABEL": "", "CAL_DAV_LABEL": "", "VERSION": "1", "RECURRENCE_ID": null, "RELATIONS": null, "SYNC_STATUS": null,
        "UF_WEBDAV_CAL_EVENT": false, "SECTION_DAV_XML_ID": null, "DATE_FROM_FORMATTED": from.map(spelt), "DATE_TO_FORMATTED": to.map(spelt),
        "SECT_ID": record.get("SECTION_ID"), "ATTENDEE_LIST": list, "COLLAB_ID": null, "attendeesEntityList": entities,
        "~DESCRIPTION": record.get("DESCRIPTION"), "~USER_OFFSET_FROM": 0, "~USER_OFFSET_TO": 0,
    });
    shown.extend(others.as_object().cloned().unwrap_or_default());
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_callers_write_them() {
        for (text, expected) in [
            ("2026-03-02", Some("2026-03-02T00:00:00")),
            ("2026-03-02 10:30:00", Some("2026-03-02T10:30:00")),
            ("2026-03-02T10:30:05+03:00", Some("2026-03-02T10:30:05")),
            ("2026-03-02T10:30", Some("2026-03-02T10:30:00")),
            ("2026-13-02", None),
            ("2026-03-02T1ü:30", None),
            ("soon", None),
        ] {
            assert_eq!(read(text).map(stored).as_deref(), expected, "{text}");
        }
        let evening = read("2024-12-11T17:59:00").expect("a time");
        assert_eq!(time_of(evening), "12/11/2024 05:59:00 pm");
        assert_eq!(spelt(evening), "Wed Dec 11 2024 17:59:00");
        assert_eq!(time_of(read("2024-12-11").expect("a day")), "12/11/2024 12:00:00 am");
    }
}
