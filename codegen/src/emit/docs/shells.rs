//! What Windows makes of a written command, for tests on any machine: no shell is started. The rules are written here from
//! their descriptions, apart from the code that quotes: cmd's line, PowerShell's words, and how a program's start-up
//! code cuts the one text that Windows hands it into arguments.

/// The arguments that a program gets from a line of a batch file.
pub(super) fn cmd(lines: &str) -> Result<Vec<String>, String> {
    Ok(arguments(&cmd_line(&percent(lines)?)?))
}

/// First a batch file's percent signs: two are one, one begins a variable.
fn percent(text: &str) -> Result<String, String> {
    match text.replace("%%", "\0") {
        rest if rest.contains('%') => Err(format!("a variable is read: {text}")),
        rest => Ok(rest.replace('\0', "%")),
    }
}

/// Then quotes, which only switch, and carets, which take the meaning of the next character outside of quotes.
fn cmd_line(text: &str) -> Result<String, String> {
    let mut line = String::new();
    let mut is_quoted = false;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => {
                is_quoted = !is_quoted;
                line.push(char);
            }
            '^' if !is_quoted => match chars.next() {
                // The line goes on; what its next one begins with is taken as it is.
                Some('\n') => line.extend(chars.next()),
                Some(next) => line.push(next),
                None => return Err(format!("the line goes on: {text}")),
            },
            '\n' => return Err(format!("the command ends before its time: {text}")),
            '&' | '|' | '<' | '>' | '(' | ')' if !is_quoted => {
                return Err(format!("`{char}` has a meaning: {text}"));
            }
            char => line.push(char),
        }
    }
    if is_quoted { Err(format!("a quote is open: {text}")) } else { Ok(line) }
}

/// The start-up code of a program: blanks part, quotes hold together, backslashes count only before a quote.
pub(super) fn arguments(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut chars = line.chars().peekable();
    loop {
        while chars.next_if(|char| matches!(char, ' ' | '\t')).is_some() {}
        if chars.peek().is_none() {
            return found;
        }
        let mut argument = String::new();
        let mut is_quoted = false;
        while let Some(char) = chars.next_if(|char| is_quoted || !matches!(char, ' ' | '\t')) {
            match char {
                '\\' => {
                    let mut count = 1;
                    while chars.next_if_eq(&'\\').is_some() {
                        count += 1;
                    }
                    let is_before_quote = chars.peek() == Some(&'"');
                    argument.push_str(&"\\".repeat(if is_before_quote { count / 2 } else { count }));
                    if is_before_quote && count % 2 == 1 {
                        argument.extend(chars.next());
                    }
                }
                // Two inside quotes are one of the text.
                '"' if is_quoted && chars.next_if_eq(&'"').is_some() => argument.push('"'),
                '"' => is_quoted = !is_quoted,
                char => argument.push(char),
            }
        }
        found.push(argument);
    }
}

/// PowerShell takes the typographic quotes for the plain ones.
fn is_single(char: char) -> bool {
    matches!(char, '\'' | '\u{2018}'..='\u{201B}')
}

fn is_double(char: char) -> bool {
    matches!(char, '"' | '\u{201C}'..='\u{201E}')
}

/// The words of a command in PowerShell.
pub(super) fn powershell(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|char| *char == ' ').is_some() {}
        match chars.peek() {
            None => return Ok(words),
            Some('`') => {
                chars.next();
                if chars.next() != Some('\n') {
                    return Err(format!("a mark that continues nothing: {text}"));
                }
                continue;
            }
            Some(_) => {}
        }
        let mut word = String::new();
        while let Some(char) = chars.next_if(|char| *char != ' ') {
            let is_end: fn(char) -> bool = match char {
                char if is_single(char) => is_single,
                char if is_double(char) => is_double,
                '\n' | ';' | '|' | '&' | '(' | ')' | '{' | '}' | '<' | '>' | '$' | '@' | '`' | ',' | '#' => {
                    return Err(format!("`{char}` has a meaning: {text}"));
                }
                char => {
                    word.push(char);
                    continue;
                }
            };
            loop {
                match chars.next() {
                    None => return Err(format!("a quote is open: {text}")),
                    Some(char) if is_end(char) => match chars.next_if(|next| is_end(*next)) {
                        Some(next) => word.push(next),
                        None => break,
                    },
                    Some(char @ ('$' | '`')) if is_double(char_of(is_end)) => {
                        return Err(format!("`{char}` has a meaning: {text}"));
                    }
                    Some(char) => word.push(char),
                }
            }
        }
        words.push(word);
    }
}

/// A quote of the kind.
fn char_of(is_end: fn(char) -> bool) -> char {
    if is_end('"') { '"' } else { '\'' }
}

/// The arguments that a program gets from the PowerShell that comes with Windows: empty ones get lost, quotes inside are
/// not marked, and only what holds a blank is put between quotes. Its successor hands words over as they are.
pub(super) fn windows_powershell(words: &[String]) -> Vec<String> {
    let quoted: Vec<String> = words
        .iter()
        .filter(|word| !word.is_empty())
        .map(|word| if word.contains([' ', '\t']) { format!("\"{word}\"") } else { word.clone() })
        .collect();
    arguments(&quoted.join(" "))
}

#[test]
fn the_rules_are_those_of_their_descriptions() {
    // The examples of Microsoft's page on the arguments of C programs.
    for (line, expected) in [
        (r#""abc" d e"#, &["abc", "d", "e"][..]),
        (r#"a\\b d"e f"g h"#, &[r"a\\b", "de fg", "h"]),
        (r#"a\\\"b c d"#, &[r#"a\"b"#, "c", "d"]),
        (r#"a\\\\"b c" d e"#, &[r"a\\b c", "d", "e"]),
        (r#"a"b"" c d"#, &["ab\" c d"]),
    ] {
        assert_eq!(arguments(line), expected, "{line}");
    }
    assert_eq!(cmd("x ^\n  \"a|b\" ^\"c^|d^\""), Ok(vec!["x".into(), "a|b".into(), "c|d".into()]));
    for fault in ["x a|b", "x %PATH%", "x \"a", "x \"a\" & b", "x \"a ^\n b\nc"] {
        assert!(cmd(fault).is_err(), "{fault}");
    }
    let words = powershell("x `\n  'a''b' \"c\"\"d\" --e=\"\" \u{201C}f\u{201D}");
    assert_eq!(words, Ok(["x", "a'b", "c\"d", "--e=", "f"].map(str::to_owned).to_vec()));
    for fault in ["x \"$y\"", "x a;b", "x 'a", "x `a"] {
        assert!(powershell(fault).is_err(), "{fault}");
    }
}
