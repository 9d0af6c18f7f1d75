//! Words of commands that people may copy into a POSIX shell.

/// A word in single quotes, whatever is in it.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A word as it is where the shell takes it so, else in quotes.
pub(crate) fn word(text: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || "/._-+,:@%".contains(char);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_shell_would_change_is_quoted() {
        assert_eq!(word("/home/oleg/.config/oint/secrets/b24.json"), "/home/oleg/.config/oint/secrets/b24.json");
        assert_eq!(word("my token"), "'my token'");
        assert_eq!(word("O'Neil"), "'O'\\''Neil'");
        assert_eq!(word(""), "''");
    }
}
