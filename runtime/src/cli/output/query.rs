//! `--query`: what is asked of an answer in the language of jq.

use jaq_core::load::{Arena, Error as Fault, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, data, load};
use jaq_json::Val;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use crate::cli::exit::Stop;

/// Filters of its own.
const DEFINITIONS: &str = include_str!("query.jq");

/// The data of a program that reads nothing but its input.
type Data = data::JustLut<Val>;

/// A program.
pub(super) struct Query {
    text: String,
    filter: Filter<Data>,
}

impl Query {
    /// Reads a program.
    pub(super) fn new(text: &str) -> Result<Self, Stop> {
        let refused = |faults: Vec<Reason>| {
            // The place of the first fault; those behind it are often its consequences.
            let place = faults.iter().find_map(|fault| fault.at).map(|at| pointed(text, at)).unwrap_or_default();
            let words: Vec<String> = faults.into_iter().map(|fault| fault.words).collect();
            let words = words.join(", ");
            Stop::usage(format!("--query: this is no program of jq: {words}{place}\nhelp: as in `--query '.[] | .ID'`"))
        };
        let own = load::parse(DEFINITIONS, |parser| parser.defs()).unwrap_or_default();
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).chain(own);
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let arena = Arena::default();
        let modules = Loader::new(definitions)
            .load(&arena, File { code: text, path: () })
            .map_err(|faults| refused(faults.iter().flat_map(|(_, fault)| reasons(fault, text)).collect()))?;
        let filter = Compiler::default().with_funs(functions).compile(modules).map_err(|faults| {
            let unknown = faults.iter().flat_map(|(_, faults)| faults);
            let reasons = unknown.map(|(name, kind)| Reason {
                words: format!("there is no {} `{name}`", kind.as_str()),
                at: place(name, text),
            });
            refused(reasons.collect())
        })?;
        Ok(Self { text: text.to_owned(), filter })
    }

    /// What is asked of each record of a list for itself: what stands behind `.[] |`. None: it is about all of them together.
    fn each(&self) -> Option<&str> {
        let rest = self.text.trim().strip_prefix(".[]")?.trim_start();
        match rest.strip_prefix('|') {
            Some(each) if !each.starts_with('=') => Some(each),
            None if rest.is_empty() => Some("."),
            _ => None,
        }
    }

    /// Whether it is put to each record of a list for itself.
    pub(super) fn is_of_each(&self) -> bool {
        self.each().is_some()
    }

    /// The same question put to one record of a list, where it is about each of them for itself.
    pub(super) fn of_each(&self) -> Option<Self> {
        Self::new(self.each()?).ok()
    }

    /// What the program makes of a value, one after the other.
    pub(super) fn run(&self, value: &Value) -> Result<Vec<Result<Value, Stop>>, Stop> {
        let stop = |message: String| Stop::unwritten(format!("--query: {}", shortened(&message)));
        let text = serde_json::to_vec(value).map_err(|error| stop(error.to_string()))?;
        let input = jaq_json::read::parse_single(&text).map_err(|error| stop(error.to_string()))?;
        let context = Ctx::<Data>::new(&self.filter.lut, Vars::new([]));
        let mut values = Vec::new();
        for found in self.filter.id.run((context, input)) {
            match found {
                Ok(found) => {
                    // What JSON cannot say (NaN, binary data) comes out as text.
                    let text = found.to_string();
                    values.push(Ok(serde_json::from_str(&text).unwrap_or(Value::String(text))));
                }
                // Nothing comes after an error, nor after `halt`, which is none.
                Err(thrown) => {
                    values.extend(thrown.get_err().ok().map(|error| Err(stop(error.to_string()))));
                    break;
                }
            }
        }
        Ok(values)
    }
}

/// How much of a long message is shown: its beginning and its end, as what is between is the portal's answer.
const BEGINNING: usize = 120;
const END: usize = 60;

/// A message that may quote a whole answer, cut to what a person reads.
fn shortened(message: &str) -> String {
    let length = message.chars().count();
    if length <= BEGINNING + END {
        return message.to_owned();
    }
    let beginning: String = message.chars().take(BEGINNING).collect();
    let end: String = message.chars().skip(length - END).collect();
    format!("{beginning} … {end}")
}

/// Why a text is no program, and at which byte.
struct Reason {
    words: String,
    at: Option<usize>,
}

fn reasons(fault: &Fault<&str>, whole: &str) -> Vec<Reason> {
    let expected = |wanted: &str, rest: &str| Reason {
        words: format!("{wanted} is expected{}", if rest.is_empty() { " at its end" } else { "" }),
        at: if rest.is_empty() { Some(whole.len()) } else { place(rest, whole) },
    };
    match fault {
        Fault::Io(faults) => {
            faults.iter().map(|(name, error)| Reason { words: format!("{name}: {error}"), at: None }).collect()
        }
        Fault::Lex(faults) => faults.iter().map(|(wanted, rest)| expected(wanted.as_str(), rest)).collect(),
        Fault::Parse(faults) => faults.iter().map(|(wanted, rest)| expected(wanted.as_str(), rest)).collect(),
    }
}

/// At which byte of a text a part of it begins.
fn place(part: &str, whole: &str) -> Option<usize> {
    let at = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    whole.get(at..).is_some_and(|rest| rest.starts_with(part)).then_some(at)
}

/// The line with that byte, and a caret below it.
fn pointed(text: &str, at: usize) -> String {
    let (before, behind) = text.split_at(at);
    let before = before.rsplit('\n').next().unwrap_or_default();
    let behind = behind.split('\n').next().unwrap_or_default();
    let line: String =
        [before, behind].concat().chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    format!("\n  {line}\n  {}^", " ".repeat(before.width()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;
    use serde_json::json;

    fn run(program: &str, value: &Value) -> Vec<Value> {
        let query = Query::new(program).expect("a program");
        query.run(value).expect("run").into_iter().collect::<Result<_, _>>().expect("values")
    }

    #[test]
    fn programs_are_run() {
        let deals = json!([{"ID": "1", "SUM": 5}, {"ID": "2", "SUM": 7.5}]);
        assert_eq!(run(".[] | .ID", &deals), [json!("1"), json!("2")]);
        assert_eq!(run("map(.SUM) | add", &deals), [json!(12.5)]);
        assert_eq!(run("[.[] | select(.SUM > 6) | {id: (.ID | tonumber)}]", &deals), [json!([{"id": 2}])]);
        assert_eq!(run(".[0] | keys_unsorted", &deals), [json!(["ID", "SUM"])]);
        assert_eq!(run(".[].ID | test(\"^1\")", &deals), [json!(true), json!(false)]);
        let row = json!(["a \"b\", c\\d", "tab\tend", 7.5, null, true]);
        assert_eq!(run("@csv", &row), [json!("\"a \"\"b\"\", c\\d\",\"tab\tend\",7.5,,true")]);
        assert_eq!(run("@tsv", &row), [json!("a \"b\", c\\\\d\ttab\\tend\t7.5\t\ttrue")]);
        assert_eq!(run(".[3:] | toarray", &row), [json!([null, true])]);
        assert_eq!(run("1, halt, 2", &row), [json!(1)]);
    }

    #[test]
    fn what_is_about_each_record_can_be_asked_one_by_one() {
        let record = json!({"ID": "1", "SUM": 5});
        let each = |program: &str| Query::new(program).expect("a program").of_each();
        for (program, expected) in [(".[]", json!(record)), (" .[] | .ID", json!("1")), (".[]|.SUM+1", json!(6))] {
            let found = each(program).expect("for each").run(&record).expect("run").remove(0).expect("a value");
            assert_eq!(found, expected, "{program}");
        }
        for program in [".[0]", "map(.ID)", ".[], .", ".[] |= 1", ".[].ID", "length"] {
            assert!(each(program).is_none(), "{program}");
        }
    }

    #[test]
    fn a_faulty_program_is_explained() {
        let fault = |program: &str| Query::new(program).err().map(|stop| stop.message).unwrap_or_default();
        assert!(fault(".[").contains("closing bracket"), "{}", fault(".["));
        assert!(fault("nosuch(1)").contains("no filter `nosuch`"), "{}", fault("nosuch(1)"));
        assert!(fault(". | | .").contains("\n  . | | .\n      ^\nhelp"), "{}", fault(". | | ."));
        let unknown = fault("[\"я\", selct(.ID)]");
        assert!(unknown.contains("\n  [\"я\", selct(.ID)]\n        ^\nhelp"), "{unknown}");
        assert!(fault(".[] |").contains("at its end\n  .[] |\n       ^"), "{}", fault(".[] |"));
        assert!(fault(".[]\n| nosuch").contains("\n  | nosuch\n    ^"), "{}", fault(".[]\n| nosuch"));
        let query = Query::new(".a.b").expect("a program");
        let stop = query.run(&json!({"a": 1})).expect("run").remove(0).expect_err("no object");
        assert!(stop.message.starts_with("--query: ") && stop.exit == Exit::Unwritten, "{}", stop.message);
        let stop = Query::new("halt_error").expect("a program").run(&json!("done")).expect("run").remove(0);
        assert_eq!(stop.map_err(|stop| stop.message), Err("--query: \"done\"".to_owned()));
        // An answer of any size is not shown as a whole.
        let query = Query::new(".foo").expect("a program");
        let large: Value = (0..500).map(|id| json!({"ID": id, "NAME": "Ж"})).collect();
        let message = query.run(&large).expect("run").remove(0).expect_err("a list").message;
        assert!(message.chars().count() < 200 && message.ends_with("with \"foo\""), "{message}");
    }
}
