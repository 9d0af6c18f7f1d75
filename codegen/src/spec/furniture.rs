//! `specs/i18n/<language>/furniture.yaml`: the words that a page has beside the texts of its method.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The words of the pages in one language. Backticks mark code; `{…}` is filled in by the page.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Furniture {
    /// The title of the reference.
    pub reference: String,
    /// What stands below it; `{count}`: the number of functions, `{scripts}`: the number of those that the Open Integration
    /// Package has.
    pub reference_summary: String,
    /// What stands below that where not all pages are in the language; `{count}`: the number of those that are, `{all}`: the
    /// number of all.
    pub reference_translated: String,
    /// Heading of a table: the title of a category, with a link.
    pub category: String,
    /// Heading of a table: the summary of a category.
    pub category_summary: String,
    /// Heading of a table: the title of a function, with a link.
    pub function: String,
    /// Heading of a table: the REST method of a function.
    pub method: String,
    /// Heading of a table: the summary of a function.
    pub function_summary: String,
    /// The description of a page for search engines; `{title}`: the function's.
    pub page_description: String,
    /// The same for a function that the Open Integration Package has.
    pub page_description_script: String,
    /// The title of the note on top of a page that should not be used any more.
    pub deprecated: String,
    /// What it says; `{method}`: the replacement, with a link.
    pub use_instead: String,
    /// What it says where nothing replaces the method.
    pub no_replacement: String,
    /// Heading of a table: a parameter.
    pub parameter: String,
    /// Heading of a table: an option of the command line.
    pub option: String,
    /// Heading of a table: the type of a value.
    #[serde(rename = "type")]
    pub ty: String,
    /// Heading of a table: whether it is required.
    pub required: String,
    /// Heading of a table: what it means.
    pub description: String,
    /// What stands before the known values.
    pub values: String,
    /// What stands before the default.
    pub default: String,
    /// The description of the parameter URL.
    pub url: String,
    /// The description of the parameter Token.
    pub token: String,
    /// The description of the parameter URL where only applications may call.
    pub portal: String,
    /// The description of the parameter Token there.
    pub application_token: String,
    /// The description of an option that takes an object as a whole, where others take its keys.
    pub whole_object: String,
    /// The description of the parameter Clear.
    pub clear: String,
    /// A comment in the code of an example, as the three below: what follows is called by a webhook.
    pub by_webhook: String,
    /// What follows is called by an access token.
    pub by_token: String,
    /// JSON may stand in a file.
    pub json_file: String,
    /// What the value of a parameter for a file may be, in 1C:Enterprise and OneScript.
    pub file_forms: String,
    /// What stands for the content of a file in the request of an example; `{file}`: its name.
    pub file_content: String,
    /// What stands before the type and the meaning of the result.
    pub returns: String,
    /// What a call answers as a whole; `{type}`: the type of that, `{place}`: what of it a call gives.
    pub whole_answer: String,
    /// What stands before the type of the result in that answer.
    pub result: String,
    /// What stands before the forms of a result that has several.
    pub forms: String,
    /// What a template answers.
    pub template_returns: String,
    /// The link to the fields of the result, by where they are.
    pub fields_of: FieldsOf,
    /// Behind the first fields of a result; `{count}`: how many others there are.
    pub and_more: String,
    /// What is said of a result that may be missing.
    pub or_nothing: String,
    /// What stands before the name that Rust has for something.
    pub in_rust: String,
    /// Heading over the fields of the result.
    pub result_fields: String,
    /// What folds a table of fields; `{count}`: how many there are.
    pub known_fields: String,
    /// The same for a single field.
    pub known_field: String,
    /// Heading of a table: a field of a result.
    pub field: String,
    /// What is said of a field that cannot be sent, where others can.
    pub read_only: String,
    /// Title of the list of what several methods answer, and of its category.
    pub objects: String,
    /// What that list says of itself.
    pub objects_summary: String,
    /// Heading of a table: what several methods answer.
    pub object: String,
    /// Heading over the functions that answer it.
    pub answered_by: String,
    /// Heading over the functions that take its fields.
    pub taken_by: String,
    /// What stands before the link to the official page.
    pub documentation: String,
    /// What stands before the name of the method where it has no official page.
    pub rest_method: String,
    /// What stands before the scope of the method.
    pub scope: String,
    /// What stands before who may call the method.
    pub access: String,
    /// What stands before what a call does.
    pub effect: String,
    /// Who may call it where the spec tells nothing.
    pub any_user: String,
    /// What is said of methods that take no webhook.
    pub application_only: String,
    /// What a call does, by the word of the spec.
    pub effects: Effects,
    /// What is added for lists that come in pages.
    pub in_pages: String,
    /// Behind the effect of a list of which only the first page can be had.
    pub one_page_only: String,
    /// Heading over a lone example.
    pub example: String,
    /// Title of the block with the answer.
    pub answer: String,
    /// Heading over the form that puts a call together.
    pub try_it: String,
    /// Heading over the tables of keys, and the link to one of them.
    pub fields: String,
    /// What folds a table of keys; `{count}`: how many there are.
    pub known_keys: String,
    /// The same for a single key, or in a language where that makes no difference the same words.
    pub known_key: String,
    /// Heading of a table: a key of an object.
    pub key: String,
    /// Heading over the errors.
    pub errors: String,
    /// Heading of a table: the code of an error.
    pub code: String,
    /// Heading of a table: the HTTP status of an error.
    pub http: String,
    /// Heading of a table: when an error comes and what to do.
    pub error_description: String,
    /// What stands for an empty code.
    pub empty: String,
    /// Heading over the links to other pages.
    pub see_also: String,
    /// The link to the category.
    pub all_of_category: String,
    /// What stands before the names that the command line takes.
    pub names: String,
    /// What stands before the path of the spec.
    pub made_from: String,
    /// The title of the page for people who come from another package; `{package}`: its short name.
    pub coming_from: String,
    /// The description of that page for search engines; `{package}`: its name.
    pub coming_from_description: String,
    /// What that page says; `{package}`: its name, `{count}`: the number of its functions.
    pub coming_from_summary: String,
    /// Heading over what is different on purpose.
    pub differences: String,
    /// Heading over the table of functions.
    pub functions: String,
    /// Heading of a table: the function there.
    pub there: String,
    /// Heading of a table: the function here.
    pub here: String,
    /// Heading of a table: what is different on purpose.
    pub differs: String,
    /// The names of types, by the word of the spec.
    pub types: Types,
}

/// The link to the fields of a result; `{place}`: where they are.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldsOf {
    /// It is one record.
    pub record: String,
    /// It is a list of records.
    pub each: String,
    /// It holds records by free keys.
    pub each_value: String,
    /// It holds lists of records by free keys.
    pub each_in_lists: String,
}

/// What a call does.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Effects {
    pub read: String,
    pub list: String,
    pub create: String,
    pub update: String,
    pub delete: String,
    pub action: String,
}

/// The names of types, as the readers of the pages know them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Types {
    /// Text.
    pub string: String,
    /// A number.
    pub number: String,
    /// Yes or no.
    pub boolean: String,
    /// A number or text that identifies something.
    pub id: String,
    /// A day or a point in time.
    pub date: String,
    /// A file.
    pub file: String,
    /// A list; `{item}`: the type of its items.
    pub array: String,
    /// Keys with values.
    pub object: String,
    /// Keys that are free, with values: the whole answer of a call, for one.
    pub map: String,
    /// The same with values of one type, `{value}`.
    pub map_of: String,
    /// A result of one type, `{value}`, that may be missing.
    pub or_null: String,
    /// A result that is null or empty.
    pub nothing: String,
    /// A list of records.
    pub records: String,
    /// Whatever the method takes.
    pub any: String,
}

impl Furniture {
    /// The words in a language that this program brings along: those of its own specs.
    pub fn built_in(language: &str) -> Self {
        let text = match language {
            "ru" => include_str!("../../../specs/i18n/ru/furniture.yaml"),
            _ => include_str!("../../../specs/i18n/en/furniture.yaml"),
        };
        // A file with a fault is reported when the specs are read, and no page is made.
        serde_yaml::from_str(text).unwrap_or_default()
    }

    /// A text with its places filled in.
    pub fn filled(text: &str, values: &[(&str, &str)]) -> String {
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        pieces(text)
            .map(|piece| match piece {
                Piece::Text(text) => text.to_owned(),
                Piece::Code(code) => format!("`{code}`"),
                Piece::Place(name) => value(name).to_owned(),
            })
            .collect()
    }

    /// Keys whose text has other places than the one in another language, and those places.
    pub fn other_places(&self, other: &Self) -> Vec<(Vec<String>, String)> {
        let (mut own, mut theirs) = (Vec::new(), Vec::new());
        places(&mut Vec::new(), &serde_json::json!(self), &mut own);
        places(&mut Vec::new(), &serde_json::json!(other), &mut theirs);
        // Both have the same keys, in the same order.
        let pairs = own.into_iter().zip(theirs);
        pairs.filter(|((_, own), (_, theirs))| own != theirs).map(|((path, _), (_, theirs))| (path, theirs)).collect()
    }
}

/// The places of every text, with its path.
fn places(path: &mut Vec<String>, value: &serde_json::Value, found: &mut Vec<(Vec<String>, String)>) {
    match value {
        serde_json::Value::Object(texts) => {
            for (key, text) in texts {
                path.push(key.clone());
                places(path, text, found);
                path.pop();
            }
        }
        text => {
            let mut names: Vec<&str> = pieces(text.as_str().unwrap_or_default())
                .filter_map(|piece| if let Piece::Place(name) = piece { Some(name) } else { None })
                .collect();
            names.sort_unstable();
            names.dedup();
            let names: Vec<String> = names.into_iter().map(|name| format!("{{{name}}}")).collect();
            found.push((path.clone(), names.join(", ")));
        }
    }
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Words.
    Text(&'t str),
    /// Code, which stood in backticks.
    Code(&'t str),
    /// A place to be filled in, which stood in braces.
    Place(&'t str),
}

/// The parts of a text. A backtick or a brace without its partner is a part of the words.
pub fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        for (open, close) in [('`', '`'), ('{', '}')] {
            if let Some((inner, behind)) = rest.strip_prefix(open).and_then(|inner| inner.split_once(close)) {
                rest = behind;
                return Some(if open == '`' { Piece::Code(inner) } else { Piece::Place(inner) });
            }
        }
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[first..].find(['`', '{']).map_or(rest.len(), |at| at + first);
        let (words, behind) = rest.split_at(end);
        rest = behind;
        Some(Piece::Text(words))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fall_into_pieces() {
        let found: Vec<Piece<'_>> = pieces("Has {count} of `a{b}`; `half").collect();
        assert_eq!(
            found,
            [
                Piece::Text("Has "),
                Piece::Place("count"),
                Piece::Text(" of "),
                Piece::Code("a{b}"),
                Piece::Text("; "),
                Piece::Text("`half")
            ]
        );
        assert_eq!(Furniture::filled("{a} and {b}", &[("a", "{b}"), ("b", "c")]), "{b} and c");
    }
    #[test]
    fn the_languages_have_the_same_places() {
        let english = Furniture::built_in("en");
        assert_eq!(english.reference, "Reference");
        for language in crate::spec::LANGUAGES {
            let words = Furniture::built_in(language);
            assert_ne!(words.reference, "");
            assert_eq!(words.other_places(&english), []);
        }
        let other = Furniture { use_instead: "{x}".into(), ..english.clone() };
        assert_eq!(other.other_places(&english), [(vec!["use_instead".to_owned()], "{method}".to_owned())]);
    }
}
