//! The one place that makes names: Rust identifiers, options, function names. Each is a newtype that only this module
//! can fill, so that no emitter invents a spelling.

use std::fmt;

macro_rules! name {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A Rust identifier, raw (`r#move`) where the plain word is a keyword.
    RustIdent
);
name!(
    /// A cargo feature.
    FeatureName
);
name!(
    /// A long option without its dashes.
    OptionName
);
name!(
    /// The name of a parameter in the documented signature: `UserID`.
    ArgumentName
);
name!(
    /// The name of a documented function: `UpdateUser`.
    FunctionName
);
name!(
    /// Lower-case words with dashes: `update-user`.
    KebabName
);

/// Names that generated types already have; a setter of such a name gets an underscore.
const TAKEN_METHODS: &[&str] = &[
    "send",
    "param",
    "stream",
    "pages",
    "all",
    "clone",
    "into",
    "from",
    "new",
    "into_call",
    "as_object",
    "set",
    "get",
];

/// Types that generated code means by these names; a type of such a name gets an underscore.
const TAKEN_TYPES: &[&str] = &["Into", "IntoIterator", "Option", "String", "Vec"];

/// Long options that every command has; no parameter may be called so. An option with two spellings leaves one of them
/// to parameters, which is not listed: `--query` (`--jq`), `--limit` (`--max`), `--color` (`--colour`).
pub const RESERVED_OPTIONS: &[&str] = &[
    "all",
    "allow-http",
    "allow-unknown",
    "colour",
    "columns",
    "curl",
    "describe",
    "dry-run",
    "each",
    "help",
    "journal",
    "jq",
    "log-file",
    "max",
    "out",
    "output",
    "params",
    "profile",
    "raw",
    "rest",
    "resume",
    "retry-unknown",
    "timeout",
    "token",
    "token-file",
    "url",
    "verbose",
    "version",
    "yes",
];

/// First segments of method names that would clash with what the client crate has besides its methods, or with the
/// files that hold it.
pub const RESERVED_MODULES: &[&str] = &[
    "auth", "bin", "blocking", "cli", "default", "encoding", "error", "full", "lib", "output", "paging", "sandbox",
    "set", "table", "types", "value", "view",
];

/// Arguments of the connection, which the signature of every call has.
pub const RESERVED_ARGUMENTS: &[&str] = &["URL", "Token"];

/// Segments that cannot be modules anywhere: generated code means something else by these names.
pub const RESERVED_SEGMENTS: &[&str] = &["bool", "bitrix24_runtime", "f64", "i64", "rt", "std", "str"];

/// The first segment of a method's module that the client crate has another use for. `segments` are the names of the
/// modules, from the outermost.
pub fn reserved<'m>(mut segments: impl Iterator<Item = &'m str>) -> Option<&'m str> {
    let first = segments.next()?;
    if RESERVED_MODULES.contains(&first) {
        return Some(first);
    }
    std::iter::once(first).chain(segments).find(|segment| RESERVED_SEGMENTS.contains(segment))
}

/// Splits a name into lower-case words: at separators, at a capital after a small letter and before the last capital
/// of a run (`getHTTPStatus` → get, http, status). Digits stay with the word before them.
pub fn words(name: &str) -> Vec<String> {
    parts(name).map(|part| part.chars().flat_map(char::to_lowercase).collect()).collect()
}

/// The words of a name as they are written in it.
pub fn parts(name: &str) -> impl Iterator<Item = &str> {
    let mut chars = name.char_indices().peekable();
    let (mut before, mut start) = (None, None);
    std::iter::from_fn(move || {
        while let Some(&(at, char)) = chars.peek() {
            // The word that ends here is given before anything is taken of the next.
            let ends = !char.is_alphanumeric()
                || char.is_uppercase() && {
                    let mut behind = name[at..].chars().skip(1);
                    before.is_some_and(|before: char| before.is_lowercase() || before.is_ascii_digit())
                        || before.is_some_and(char::is_uppercase) && behind.next().is_some_and(char::is_lowercase)
                };
            if ends && let Some(start) = start.take() {
                return Some(&name[start..at]);
            }
            chars.next();
            before = Some(char);
            if char.is_alphanumeric() {
                start.get_or_insert(at);
            }
        }
        start.take().map(|start| &name[start..])
    })
}

/// The words of a name, lower-case, with a separator between them.
pub fn joined(name: &str, separator: char) -> String {
    let mut joined = String::with_capacity(name.len() + 4);
    for part in parts(name) {
        if !joined.is_empty() {
            joined.push(separator);
        }
        joined.extend(part.chars().flat_map(char::to_lowercase));
    }
    joined
}

/// A name as a title: `disk_object` is a `Disk object`.
pub fn title(name: &str) -> String {
    capitalised(&joined(name, ' '))
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn identifier(text: String) -> Option<RustIdent> {
    if text.is_empty() {
        return None;
    }
    let text = if text.starts_with(|first: char| first.is_ascii_digit()) { format!("n{text}") } else { text };
    // A keyword since the edition of 2024, which syn does not know.
    if text != "gen" && syn::parse_str::<syn::Ident>(&text).is_ok() {
        return Some(RustIdent(text));
    }
    let raw = format!("r#{text}");
    if syn::parse_str::<syn::Ident>(&raw).is_ok() {
        return Some(RustIdent(raw));
    }
    // `self`, `super`, `crate` and `Self` cannot be raw.
    let underscored = format!("{text}_");
    syn::parse_str::<syn::Ident>(&underscored).is_ok().then_some(RustIdent(underscored))
}

impl RustIdent {
    /// A module or a function: `getFields` → `get_fields`. None where nothing of the name can stand in an identifier.
    pub fn snake(name: &str) -> Option<Self> {
        identifier(joined(name, '_'))
    }

    /// A module: snake case that keeps clear of `main.rs`, which cargo takes for a program, and of `mod.rs`, which is the folder's
    /// own module.
    pub fn module(name: &str) -> Option<Self> {
        let ident = Self::snake(name)?;
        Some(match ident.as_str() {
            "main" => Self("main_".to_owned()),
            "r#mod" => Self("mod_".to_owned()),
            _ => ident,
        })
    }

    /// A setter or a getter: snake case that keeps clear of what every generated type has.
    pub fn method(name: &str) -> Option<Self> {
        let ident = Self::snake(name)?;
        Some(if TAKEN_METHODS.contains(&ident.as_str()) { Self(format!("{ident}_")) } else { ident })
    }

    /// A type: `getFields` → `GetFields`.
    pub fn pascal(name: &str) -> Option<Self> {
        let ident = identifier(words(name).iter().map(|word| capitalised(word)).collect())?;
        Some(if TAKEN_TYPES.contains(&ident.as_str()) { Self(format!("{ident}_")) } else { ident })
    }
}

impl RustIdent {
    /// The name of the second, third, … of several fields whose names are the same words: `chat_id` beside `chatId` becomes
    /// `chat_id_2`.
    pub fn numbered(&self, number: usize) -> Self {
        let plain = self.0.trim_start_matches("r#").trim_end_matches('_');
        Self(format!("{plain}_{number}"))
    }

    /// What stands where no name is needed: a key inside an object that no Rust item is made for.
    pub fn unused() -> Self {
        Self("_unused".to_owned())
    }

    /// The module of REST 3.0 methods inside each module.
    pub fn v3() -> Self {
        Self("v3".to_owned())
    }

    /// The module of methods whose name has one segment.
    pub fn general() -> Self {
        Self("general".to_owned())
    }
}

impl FeatureName {
    /// The feature of a method: the first segment of its name.
    pub fn of_method(method: &str) -> Self {
        Self(match method.split_once('.') {
            Some((first, _)) => joined(first, '_'),
            None => "general".to_owned(),
        })
    }
}

impl OptionName {
    /// The option of a parameter: its name in kebab case.
    pub fn derived(name: &str) -> Self {
        Self(joined(name, '-'))
    }

    /// An option as a spec writes it; none when it is not lower-case letters, digits and dashes.
    pub fn written(option: &str) -> Option<Self> {
        let fits = option.starts_with(|first: char| first.is_ascii_lowercase())
            && option.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-');
        fits.then(|| Self(option.to_owned()))
    }
}

impl ArgumentName {
    /// The argument of a parameter: its words with capitals, `ID` in capitals.
    pub fn derived(name: &str) -> Self {
        Self(words(name).iter().map(|word| if word == "id" { "ID".to_owned() } else { capitalised(word) }).collect())
    }

    /// An argument as a spec writes it.
    pub fn written(argument: &str) -> Option<Self> {
        is_pascal(argument).then(|| Self(argument.to_owned()))
    }
}

/// The one-letter options of a function of the Open Integration Package, by its rule: the first letter of the option,
/// or the first consonant behind it that no option before has taken.
pub fn opi_shorts<'o>(options: impl IntoIterator<Item = &'o str>) -> Vec<Option<char>> {
    let mut taken = Vec::new();
    let is_consonant = |char: &char| char.is_ascii_lowercase() && !"aeiou".contains(*char);
    options
        .into_iter()
        .map(|option| {
            let mut letters = option.chars();
            let first = letters.next();
            let short = first.into_iter().chain(letters.filter(is_consonant)).find(|char| !taken.contains(char));
            taken.extend(short);
            short
        })
        .collect()
}

impl FunctionName {
    /// The function of a method: the words of its segments, the verb first (`user.userfield.add` → `AddUserUserfield`).
    pub fn derived(method: &str) -> Self {
        let mut segments: Vec<&str> = method.split('.').collect();
        if segments.len() > 1 {
            segments.rotate_right(1);
        }
        Self(segments.iter().flat_map(|segment| words(segment)).map(|word| capitalised(&word)).collect())
    }

    /// A function name as a spec writes it.
    pub fn written(function: &str) -> Option<Self> {
        is_pascal(function).then(|| Self(function.to_owned()))
    }

    /// The name with dashes.
    pub fn kebab(&self) -> KebabName {
        KebabName(joined(&self.0, '-'))
    }
}

fn is_pascal(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase()) && name.chars().all(|char| char.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_capitals_and_separators() {
        for (name, expected) in [
            ("UF_DEPARTMENT", "uf department"),
            ("getHTTPStatus", "get http status"),
            ("chat-bots", "chat bots"),
            ("UpdateUser", "update user"),
            ("imbot.v2.File", "imbot v2 file"),
            (">=DATE", "date"),
            ("", ""),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn keywords_and_odd_names_become_identifiers() {
        let ident = |name| RustIdent::method(name).map(|ident| ident.to_string());
        assert_eq!(ident("TYPE").as_deref(), Some("r#type"));
        assert_eq!(ident("self").as_deref(), Some("self_"));
        assert_eq!(ident("SEND").as_deref(), Some("send_"));
        assert_eq!(ident("0").as_deref(), Some("n0"));
        assert_eq!(ident("<>"), None);
        assert_eq!(RustIdent::pascal("x.into").as_ref().map(RustIdent::as_str), Some("XInto"));
        assert_eq!(RustIdent::pascal("into").as_ref().map(RustIdent::as_str), Some("Into_"));
        assert_eq!(RustIdent::method("TYPE").map(|ident| ident.numbered(2).to_string()).as_deref(), Some("type_2"));
        assert_eq!(RustIdent::module("main").map(|ident| ident.to_string()).as_deref(), Some("main_"));
        assert_eq!(RustIdent::module("move").map(|ident| ident.to_string()).as_deref(), Some("r#move"));
        assert_eq!(RustIdent::module("mod").map(|ident| ident.to_string()).as_deref(), Some("mod_"));
        assert_eq!(ident("gen").as_deref(), Some("r#gen"));
    }

    /// Hand-written modules that come along with the client, and hand-written features of it.
    #[test]
    fn what_the_client_has_besides_its_methods_is_reserved() {
        let runtime = include_str!("../../runtime/src/lib.rs");
        let modules = runtime.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
        let manifest = include_str!("../../generated/Cargo.toml");
        let own =
            manifest.split_once("[features]\n").and_then(|(_, rest)| rest.split_once("# BEGIN")).expect("features").0;
        let features = own.lines().filter_map(|line| Some(line.split_once(" = ")?.0));
        let all: Vec<&str> = modules.chain(features).collect();
        assert!(all.contains(&"auth") && all.contains(&"blocking"), "{all:?}");
        for name in all {
            assert!(RESERVED_MODULES.contains(&name), "{name}");
        }
    }

    #[test]
    fn letters_follow_the_packages_rule() {
        let shorts = |options: &[&str]| opi_shorts(options.iter().copied());
        let all = |letters: &str| letters.chars().map(Some).collect::<Vec<_>>();
        assert_eq!(shorts(&["url", "text", "vision", "files", "title", "important", "token"]), all("utvflik"));
        assert_eq!(shorts(&["url", "users", "from", "to", "token"]), all("usftk"));
        assert_eq!(shorts(&["a", "aa"]), [Some('a'), None]);
    }

    #[test]
    fn functions_lead_with_the_verb() {
        assert_eq!(FunctionName::derived("user.userfield.add").as_str(), "AddUserUserfield");
        assert_eq!(FunctionName::derived("profile").as_str(), "Profile");
        assert_eq!(FunctionName::derived("user.update").kebab().as_str(), "update-user");
    }
}
