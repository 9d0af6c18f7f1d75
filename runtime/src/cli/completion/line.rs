//! A Bash command line up to the cursor, read as Bash reads it.

/// The words before the cursor without their quotes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The whole words, without the program's name.
    pub(super) words: Vec<String>,
    /// The word that the cursor is in.
    pub(super) current: String,
    /// What of it stands before the piece that Bash replaces.
    kept: String,
    /// Whether the cursor is between quotes.
    is_quoted: bool,
}

impl Line {
    /// Reads a line; `breaks` are the characters at which Bash cuts words for completion.
    pub(super) fn read(line: &str, breaks: &str) -> Self {
        let (mut words, mut current, mut kept) = (Vec::new(), String::new(), 0);
        let (mut quote, mut has_word) = (None, false);
        let mut chars = line.chars().peekable();
        while let Some(char) = chars.next() {
            match (quote, char) {
                (None, ' ' | '\t' | '\n') => {
                    if has_word {
                        words.push(std::mem::take(&mut current));
                    }
                    (has_word, kept) = (false, 0);
                    continue;
                }
                (None, '\'' | '"') => quote = Some(char),
                (Some(open), close) if open == close => quote = None,
                (None, '\\') => current.extend(chars.next()),
                (Some('"'), '\\') if chars.peek().is_some_and(|next| matches!(next, '"' | '\\' | '$' | '`')) => {
                    current.extend(chars.next());
                }
                (_, char) => {
                    current.push(char);
                    if quote.is_none() && breaks.contains(char) {
                        kept = current.len();
                    }
                }
            }
            has_word = true;
        }
        if !words.is_empty() {
            words.remove(0);
        }
        Self { words, kept: current[..kept].to_owned(), current, is_quoted: quote.is_some() }
    }

    /// What Bash puts in place of its piece of the word; none where the candidate begins otherwise than the word.
    pub(super) fn insertion(&self, candidate: &str) -> Option<String> {
        let rest = candidate.strip_prefix(&self.kept)?;
        if self.is_quoted {
            return Some(rest.to_owned());
        }
        let mut text = String::new();
        for char in rest.chars() {
            if !(char.is_alphanumeric() || "-_./=:@%+,".contains(char)) {
                text.push('\\');
            }
            text.push(char);
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BREAKS: &str = " \t\n\"'><=;|&(:";

    #[test]
    fn a_line_is_read_as_bash_reads_it() {
        let read = |line: &str| {
            let line = Line::read(line, BREAKS);
            (line.words, line.current)
        };
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(read("oint "), (words(&[]), String::new()));
        assert_eq!(read("oint bitrix24 us"), (words(&["bitrix24"]), "us".to_owned()));
        assert_eq!(read("oint a 'b c' \"d \\\" e\" f\\ g "), (words(&["a", "b c", "d \" e", "f g"]), String::new()));
        assert_eq!(read("oint a '' 'b c"), (words(&["a", ""]), "b c".to_owned()));
    }

    #[test]
    fn only_the_piece_behind_a_break_is_replaced() {
        let insertion = |line: &str, candidate: &str| Line::read(line, BREAKS).insertion(candidate);
        assert_eq!(insertion("oint x --output=ta", "--output=table").as_deref(), Some("table"));
        assert_eq!(insertion("oint x --stage \"new st", "new stage").as_deref(), Some("new stage"));
        assert_eq!(insertion("oint x --stage new", "new stage").as_deref(), Some("new\\ stage"));
        assert_eq!(insertion("oint x --a=b", "--c=d"), None);
    }
}
