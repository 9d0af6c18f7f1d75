//! Numbers in JSON text that 64 bits do not hold: reading them as numbers would change their digits without a word.

use std::borrow::Cow;
use std::ops::Range;

/// Digits of the shortest whole number that may be beyond 64 bits.
const SHORTEST: usize = 19;

/// The same JSON with whole numbers beyond 64 bits as text, so that they keep their digits.
pub(crate) fn with_long_as_text(json: &[u8]) -> Cow<'_, [u8]> {
    if !has_long(json) {
        return json.into();
    }
    let mut kept = Vec::with_capacity(json.len() + 16);
    let mut copied = 0;
    for place in (Numbers { json, at: 0 }) {
        if is_whole(&json[place.clone()]) && whole(&json[place.clone()]).is_none() {
            kept.extend_from_slice(&json[copied..place.start]);
            kept.push(b'"');
            kept.extend_from_slice(&json[place.clone()]);
            kept.push(b'"');
            copied = place.end;
        }
    }
    kept.extend_from_slice(&json[copied..]);
    kept.into()
}

/// The first number of a JSON text that would be another one after reading.
#[cfg(any(test, feature = "cli"))]
pub(crate) fn first_changed(json: &str) -> Option<&str> {
    Numbers { json: json.as_bytes(), at: 0 }.filter_map(|place| json.get(place)).find(|number| !is_kept(number))
}

/// Whether a number is the same after reading.
#[cfg(any(test, feature = "cli"))]
pub(crate) fn is_kept(number: &str) -> bool {
    if is_whole(number.as_bytes()) {
        return whole(number.as_bytes()).is_some();
    }
    let read = number.parse().ok().filter(|read: &f64| read.is_finite());
    read.is_none_or(|read| decimal(number) == decimal(&format!("{read:e}")))
}

/// Whether so many digits stand beside each other anywhere. Of so many, every one at a distance of that many is one.
fn has_long(json: &[u8]) -> bool {
    let mut at = SHORTEST - 1;
    while let Some(byte) = json.get(at) {
        if !byte.is_ascii_digit() {
            at += SHORTEST;
            continue;
        }
        let before = json[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let behind = json[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if before + behind >= SHORTEST {
            return true;
        }
        at += behind + SHORTEST;
    }
    false
}

fn is_whole(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// A whole number, where 64 bits hold it.
fn whole(number: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(number).ok()?;
    text.parse().ok().filter(|number| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(number))
}

/// Significant digits of a decimal number, and the power of ten of the last one; its sign is left out.
#[cfg(any(test, feature = "cli"))]
fn decimal(number: &str) -> Option<(String, i64)> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{}{fraction}", whole.trim_start_matches(['-', '+']));
    let digits = all.trim_start_matches('0').trim_end_matches('0');
    if digits.is_empty() {
        return Some((String::new(), 0));
    }
    let zeros = all.len() - all.trim_end_matches('0').len();
    let last = i64::try_from(zeros).ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    Some((digits.to_owned(), exponent.parse::<i64>().ok()?.checked_add(last)?))
}

/// The places of the numbers in JSON, of what is malformed those of what looks like one.
struct Numbers<'j> {
    json: &'j [u8],
    at: usize,
}

impl Iterator for Numbers<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            match *self.json.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    while let Some(byte) = self.json.get(self.at).filter(|byte| **byte != b'"') {
                        self.at += if *byte == b'\\' { 2 } else { 1 };
                    }
                    self.at += 1;
                }
                b'-' | b'0'..=b'9' => {
                    let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                    let start = self.at;
                    self.at += self.json[start..].iter().take_while(is_part).count();
                    return Some(start..self.at);
                }
                _ => self.at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn whole_numbers_beyond_64_bits_become_text() {
        for (json, expected) in [
            (r#"{"a":18446744073709551615,"b":-9223372036854775808}"#, None),
            (r#"{"a":18446744073709551616}"#, Some(r#"{"a":"18446744073709551616"}"#)),
            ("[-9223372036854775809, 1]", Some(r#"["-9223372036854775809", 1]"#)),
            (
                r#"[89701012345678901234,"89701012345678901234"]"#,
                Some(r#"["89701012345678901234","89701012345678901234"]"#),
            ),
            (r#"["\"89701012345678901234",1527.88001973386374444444]"#, None),
            ("[1000000000000000000000e2]", None),
            ("12345678901234567890123", Some("\"12345678901234567890123\"")),
            ("", None),
        ] {
            let kept = with_long_as_text(json.as_bytes());
            assert_eq!(String::from_utf8_lossy(&kept), expected.unwrap_or(json), "{json}");
        }
    }

    #[test]
    fn numbers_that_reading_would_change_are_found() {
        for (json, changed) in [
            ("[1527.8800197338637, 1.10, 1e2, -0, 0.0, 100, 1E-7, 18446744073709551615]", None),
            (r#"{"a":[1,89701012345678901234]}"#, Some("89701012345678901234")),
            ("[123456789.123456789123]", Some("123456789.123456789123")),
            (r#"["123456789.123456789123"]"#, None),
            ("[100000000000000000000]", Some("100000000000000000000")),
            ("[1e20, 5e-324, 1.7976931348623157e308]", None),
            ("0.1234567890123456789", Some("0.1234567890123456789")),
        ] {
            assert_eq!(first_changed(json), changed, "{json}");
        }
    }

    proptest! {
        #[test]
        fn what_64_bits_hold_is_kept(bits in any::<u64>(), whole in any::<i64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            for text in [serde_json::to_string(&number).expect("JSON"), whole.to_string(), bits.to_string()] {
                prop_assert!(is_kept(&text), "{text}");
                prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON").to_string(), text);
            }
        }

        #[test]
        fn digits_are_found_wherever_they_stand(before in "[a-z0-9]{0,40}x", digits in "[1-9][0-9]{17,20}", behind in "x[a-z0-9]{0,40}") {
            let text = format!("{before}{digits}{behind}");
            let longest = text.split(|char: char| !char.is_ascii_digit()).map(str::len).max();
            prop_assert_eq!(has_long(text.as_bytes()), longest >= Some(SHORTEST));
        }
    }
}
