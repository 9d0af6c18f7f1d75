//! Rules for the words that people read.

use crate::names::{parts, words};

/// The longest title.
pub(super) const MOST_TITLE: usize = 80;
/// The longest summary.
pub(super) const MOST_SUMMARY: usize = 300;
/// The longest description.
pub(super) const MOST_DESCRIPTION: usize = 600;

type Problem = Option<(String, String)>;

fn problem(message: impl Into<String>, help: impl Into<String>) -> Problem {
    Some((message.into(), help.into()))
}

fn any_text(text: &str, most: usize) -> Problem {
    if text.trim().is_empty() {
        return problem("the text is empty", "write what it means in a sentence");
    }
    if text.contains('\n') {
        return problem("the text has more than one line", "fold it into one paragraph with `>-`");
    }
    if text.trim() != text {
        return problem("the text begins or ends with white space", "remove it; a folded text needs `>-`, not `>`");
    }
    // To take a text apart is most of the work on it, so only one that holds such letters is.
    let marks = ["todo", "fixme", "tbd"];
    let bytes = text.as_bytes();
    let begins = |at: usize, mark: &str| {
        bytes.get(at..at + mark.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(mark.as_bytes()))
    };
    let may_begin = |byte: &u8| matches!(byte.to_ascii_lowercase(), b't' | b'f');
    let holds = (0..bytes.len()).any(|at| may_begin(&bytes[at]) && marks.iter().any(|mark| begins(at, mark)));
    if holds && words(text).iter().any(|word| marks.contains(&word.as_str())) {
        return problem("the text is still to be written", "replace it by words for the reader");
    }
    if text.chars().count() > most {
        return problem(format!("the text has {} characters, {most} are allowed", text.chars().count()), "shorten it");
    }
    None
}

/// Checks a summary or a description; `name` is what it describes.
pub(super) fn sentence(text: &str, name: &str, most: usize) -> Problem {
    any_text(text, most).or_else(|| {
        if text.starts_with(char::is_lowercase) {
            return problem("the text must begin with a capital letter", format!("write `{}…`", capital(text)));
        }
        if !text.ends_with(['.', '!', '?']) {
            return problem("the text must end with a full stop", "add `.`");
        }
        if repeats(text, name) {
            return problem(
                "the description only repeats the name",
                "say what it means: format, unit, values, what happens without it",
            );
        }
        None
    })
}

/// Whether a description says no more than the name of what it describes.
fn repeats(text: &str, name: &str) -> bool {
    let filler = ["the", "a", "an", "of"];
    let same = |one: &str, other: &str| match one.is_ascii() && other.is_ascii() {
        true => one.eq_ignore_ascii_case(other),
        false => one.to_lowercase() == other.to_lowercase(),
    };
    // One word after the other: nearly all texts are told apart by the first.
    let mut meaning = parts(text).filter(|word| !filler.iter().any(|filler| same(word, filler)));
    !name.is_empty()
        && parts(name).all(|part| meaning.next().is_some_and(|word| same(word, part)))
        && meaning.next().is_none()
}

/// Checks a title.
pub(super) fn title(text: &str) -> Problem {
    any_text(text, MOST_TITLE).or_else(|| {
        if text.starts_with(char::is_lowercase) {
            return problem("a title must begin with a capital letter", format!("write `{}…`", capital(text)));
        }
        if text.ends_with('.') {
            return problem("a title has no full stop", "remove `.`");
        }
        let long: Vec<&str> = text.split(' ').filter(|word| word.chars().count() > 3).collect();
        let capitals = long
            .iter()
            .filter(|word| word.starts_with(char::is_uppercase) && word.chars().skip(1).any(char::is_lowercase));
        if long.len() > 1 && capitals.count() == long.len() {
            return problem(
                "a title is written in sentence case",
                "only the first word and names have capitals: `Update user`",
            );
        }
        None
    })
}

/// Checks words that stand in the middle of a line.
pub(super) fn phrase(text: &str) -> Problem {
    any_text(text, MOST_TITLE).or_else(|| {
        text.ends_with('.')
            .then(|| ("the words stand in a line, without a full stop".to_owned(), "remove `.`".to_owned()))
    })
}

fn capital(text: &str) -> String {
    let mut chars = text.chars().take(12);
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_texts_pass() {
        for text in ["ID of the employee.", "E-mail, unique on the portal.", "Да, это предложение."] {
            assert_eq!(sentence(text, "ID", 300), None, "{text}");
        }
        for text in ["Update user", "Get Bitrix24 user", "REST", "Add users to chat"] {
            assert_eq!(title(text), None, "{text}");
        }
    }

    #[test]
    fn poor_texts_are_told_apart() {
        let message = |text: &str| sentence(text, "LAST_NAME", 20).map(|(message, _)| message).unwrap_or_default();
        assert!(message("").contains("empty"));
        assert!(message("a name.").contains("capital"));
        assert!(message("A name").contains("full stop"));
        assert!(message("The last name.").contains("repeats"));
        let padded = format!("{}last name.", "The of a ".repeat(30));
        assert!(sentence(&padded, "LAST_NAME", 600).is_some());
        assert!(sentence("Value of itemTODO here.", "X", 600).is_some());
        assert!(message("Twenty-one characters.").contains("22 characters"));
        assert!(message("One.\nTwo.").contains("one line"));
        assert!(title("Update User Data").is_some() && title("update").is_some() && title("Update.").is_some());
    }
}
