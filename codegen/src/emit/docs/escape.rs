//! Text that may be anything, made harmless for MDX: it is shown as it was written and never becomes markup.

use crate::spec::{Piece, pieces};

/// Text in a paragraph.
pub(super) fn mdx(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for piece in text.split_whitespace() {
        if !escaped.is_empty() {
            escaped.push(' ');
        }
        if is_plain(piece) { escaped.push_str(piece) } else { escaped.push_str(&word(piece)) }
    }
    // `import` and `export` at the start of a line are module statements.
    match escaped.strip_prefix("import").or_else(|| escaped.strip_prefix("export")) {
        Some(rest) => format!("&#{};{}{rest}", u32::from(escaped.as_bytes()[0]), &escaped[1..6]),
        None => escaped,
    }
}

/// Text in a cell of a table.
pub(super) fn cell(text: &str) -> String {
    mdx(text)
}

/// Whether a word surely means nothing but itself: nearly all do.
fn is_plain(word: &str) -> bool {
    let bytes = word.as_bytes();
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80 || b",;'\"/%(?-".contains(byte);
    let body = bytes.strip_suffix(b".").unwrap_or(bytes);
    bytes.first().is_some_and(|first| *first >= 0x80 || first.is_ascii_alphabetic() || *first == b'(')
        && body.iter().all(inner)
        // `www.` begins an address.
        && (body.len() == bytes.len() || body.len() != 3)
}

fn word(word: &str) -> String {
    let address = word.trim_end_matches(['.', ',', ';', ')', '!', '?']);
    let bare = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    if let Some(bare) = bare {
        let clean =
            !bare.is_empty() && bare.chars().all(|char| char.is_ascii_alphanumeric() || "/._-#?=&%+~".contains(char));
        let rest: String = word[address.len()..].to_owned();
        // What cannot be parsed as an address would stop the site's build.
        return if clean { format!("[{0}]({0}){rest}", address) } else { format!("{}{rest}", code(address)) };
    }
    let chars: Vec<char> = word.chars().collect();
    let mut escaped = String::with_capacity(word.len());
    for (at, &char) in chars.iter().enumerate() {
        let next = chars.get(at + 1);
        let inside = at > 0 && chars[at - 1].is_alphanumeric() && next.is_some_and(|next| next.is_alphanumeric());
        let structural = match char {
            '\\' | '`' | '*' | '{' | '}' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '@' | '$' | '^' => true,
            '_' => !inside,
            ':' => next.is_some_and(|next| next.is_alphabetic() || matches!(next, ':' | '_' | '+' | '-')),
            '#' | '-' | '+' | '=' => at == 0,
            '.' if at == 3 => word.to_lowercase().starts_with("www."),
            '.' | ')' => at > 0 && chars[..at].iter().all(char::is_ascii_digit),
            '!' => next == Some(&'['),
            _ => false,
        };
        if structural {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

/// Words of the pages: text with code in backticks, and places that hold what is on the page already, so that it stays as
/// it is.
pub(super) fn furniture(text: &str, value: impl Fn(&str) -> String) -> String {
    pieces(text)
        .map(|piece| match piece {
            Piece::Code(inner) => code(inner),
            Piece::Place(name) => value(name),
            Piece::Text(words) => {
                // What is escaped loses the white space around it.
                let bare = words.trim();
                let around = |end: &str| if end.is_empty() { "" } else { " " };
                let before = around(&words[..words.len() - words.trim_start().len()]);
                let behind = if bare.is_empty() { "" } else { around(&words[words.trim_end().len()..]) };
                format!("{before}{}{behind}", mdx(bare))
            }
        })
        .collect()
}

/// A text in double quotes of a component's or a code block's attribute.
pub(super) fn attribute(text: &str) -> String {
    text.replace('"', "'").replace('&', "&amp;").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Inline code, also in a cell.
pub(super) fn code(text: &str) -> String {
    let plain = !text.is_empty() && text.trim() == text && !text.contains(['`', '|', '\\', '\n', '{', '}']);
    if plain {
        return format!("`{text}`");
    }
    format!("<code>{{{}}}</code>", literal(text))
}

/// A string literal of JSX; `|` would end a cell even there.
pub(super) fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('|', "\\u007c").replace('<', "\\u003c")
}

/// A value of the front matter. The site writes titles back without escaping them, so a backslash cannot stay.
pub(super) fn front_matter(text: &str) -> String {
    let line = text.replace('\\', "/").split_whitespace().collect::<Vec<_>>().join(" ");
    serde_json::Value::from(line).to_string()
}

/// The fence of a code block: one backtick more than the longest run in it.
pub(super) fn fence(text: &str) -> String {
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_plain_word_needs_no_escape(text in "[(a-zA-Z0-9é.,;'\"/%?~_:*-]{1,6}|\\PC{1,6}") {
            if is_plain(&text) {
                prop_assert_eq!(word(&text), text);
            }
        }
    }

    #[test]
    fn markup_stays_text() {
        for (text, expected) in [
            ("Use {x} <b> | `y`", "Use \\{x\\} \\<b\\> \\| \\`y\\`"),
            ("UF_DEPARTMENT and _so_", "UF_DEPARTMENT and \\_so\\_"),
            ("import x", "&#105;mport x"),
            ("a ::: b :tip 10:30", "a \\:\\:: b \\:tip 10:30"),
            ("See https://example.org/a?b=c.", "See [https://example.org/a?b=c](https://example.org/a?b=c)."),
            ("See https://[oops", "See `https://[oops`"),
            ("1. first\nsecond", "1\\. first second"),
            ("mail a@b.c, www.x.y", "mail a\\@b.c, www\\.x.y"),
        ] {
            assert_eq!(mdx(text), expected);
        }
    }

    #[test]
    fn code_and_fences_hold_anything() {
        let filled = |text: &str| furniture(text, |name| format!("[{name}](x)"));
        assert_eq!(
            filled("Use {method}; `a|b` *is* <gone> "),
            "Use [method](x); <code>{\"a\\u007cb\"}</code> \\*is\\* \\<gone\\> "
        );
        assert_eq!(code("UserID"), "`UserID`");
        assert_eq!(code("a|b`c"), "<code>{\"a\\u007cb`c\"}</code>");
        assert_eq!(fence("```x````"), "`````");
        assert_eq!(front_matter("a \"b\" \\ c"), "\"a \\\"b\\\" / c\"");
    }
}
