//! From the columns of a table to the parameters of a call.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::input::{Cell, Row};
use crate::call::Call;
use crate::cli::body::{Given, is_custom, is_place};
use crate::cli::suggest::{hint, hint_behind};
use crate::cli::value::{Converted, Inputs, convert, convert_json};
use crate::table::{Command, Param, split_path};
use crate::value::Object;

/// Where the values of a column go.
#[derive(Clone, Debug, PartialEq)]
enum Target {
    /// To a parameter by its place, or to a key inside its object.
    Param { at: usize, path: Vec<String> },
    /// To a key that the method is not known to have.
    Free { path: Vec<String> },
}

/// The columns of a table, each looked up once.
pub(super) struct Columns<'c> {
    command: &'c Command<'static>,
    allow_unknown: bool,
    known: BTreeMap<Rc<str>, Target>,
}

impl<'c> Columns<'c> {
    pub(super) fn new(command: &'c Command<'static>, allow_unknown: bool) -> Self {
        Self { command, allow_unknown, known: BTreeMap::new() }
    }

    /// Looks a column up.
    pub(super) fn learn(&mut self, name: &Rc<str>) -> Result<(), String> {
        if !self.known.contains_key(name) {
            let target = self.find(name)?;
            if let Some((other, _)) = self.known.iter().find(|(_, known)| **known == target) {
                return Err(format!("the columns `{other}` and `{name}` are the same parameter"));
            }
            self.known.insert(Rc::clone(name), target);
        }
        Ok(())
    }

    /// What the columns belong to, as it is called on the command line.
    pub(super) fn function(&self) -> &str {
        &self.command.function
    }

    /// The parameter that has a key of a column's name inside.
    pub(super) fn inside(&self, name: &str) -> Option<&str> {
        self.inner(name).map(|(param, _)| param.name.as_ref())
    }

    /// The columns with where they go in the body, for people to look at.
    pub(super) fn shown(&self) -> Object {
        let place = |target: &Target| match target {
            Target::Free { path } => path.join("."),
            Target::Param { at, path } => {
                let own = self.command.params[*at].path().unwrap_or_default();
                match [own, path.clone()].concat() {
                    whole if whole.is_empty() => "every key of the body".to_owned(),
                    whole => whole.join("."),
                }
            }
        };
        self.known.iter().map(|(name, target)| (name.to_string(), place(target).into())).collect()
    }

    /// The call of a row: its cells beside what all rows have in common. Empty cells of CSV bring nothing.
    pub(super) fn call(&mut self, row: Row, constants: &Given, inputs: &Inputs) -> Result<Call, String> {
        let mut given = constants.clone();
        for (name, _) in &row.cells {
            self.learn(name)?;
        }
        // The name of a file may stand in a column of its own.
        let plain = |wanted: &str| {
            row.cells.iter().find_map(|(name, cell)| match (self.known.get(name), cell) {
                (Some(Target::Param { at, path }), Cell::Text(text) | Cell::Json(Value::String(text)))
                    if path.is_empty() && self.command.params[*at].name == wanted && !text.is_empty() =>
                {
                    Some(text.clone())
                }
                _ => None,
            })
        };
        let names: Vec<Option<String>> = self
            .command
            .params
            .iter()
            .map(|param| {
                let other = param.filename.as_deref()?;
                let constant = || {
                    let at = self.command.params.iter().position(|known| known.name == other)?;
                    constants.values[at].as_ref()?.value.as_str().map(str::to_owned)
                };
                plain(other).or_else(constant)
            })
            .collect();
        for (name, cell) in row.cells {
            let target = match self.known.get(&name) {
                Some(target) if cell != Cell::Text(String::new()) => target,
                _ => continue,
            };
            let fault = |reason: String| format!("`{name}`: {reason}");
            match target {
                Target::Param { at, path } if path.is_empty() => {
                    let param = &self.command.params[*at];
                    given.values[*at] = Some(value(param, cell, inputs, names[*at].as_deref()).map_err(fault)?);
                }
                Target::Param { at, path } => {
                    let converted = match entry(&self.command.params[*at], path) {
                        Some(entry) => value(entry, cell, inputs, None).map_err(fault)?,
                        None => free(cell).map_err(fault)?,
                    };
                    given.place(*at, path, converted).map_err(fault)?;
                }
                Target::Free { path } => given.place_free(path, free(cell).map_err(fault)?.value).map_err(fault)?,
            }
        }
        given.call(self.command, Vec::new()).map_err(|stop| stop.message)
    }

    fn find(&self, name: &str) -> Result<Target, String> {
        if let Some(at) = self.param(name) {
            return Ok(Target::Param { at, path: Vec::new() });
        }
        let path = split_path(name);
        if path.len() > 1
            && let Some(at) = path.first().and_then(|first| self.param(first))
        {
            let before = format!("{}.", path[0]);
            let keys = self.keys(&self.command.params[at], &before, &path[1..]);
            let path = keys.map_err(|hint| self.unknown(name, &hint))?;
            return Ok(Target::Param { at, path });
        }
        // Keys of an object that goes to the top level need no prefix.
        let merged = || self.command.params.iter().enumerate().filter(|(_, param)| param.wire == "merge");
        for (at, param) in merged() {
            if let Some(first) = path.first()
                && (param.entries.is_empty() || is_custom(first) || find_entry(param, first).is_some())
                && let Ok(path) = self.keys(param, "", &path)
            {
                return Ok(Target::Param { at, path });
            }
        }
        if self.allow_unknown || path.first().is_some_and(|first| is_custom(first)) {
            return Ok(Target::Free { path });
        }
        Err(self.unknown(name, &self.near(name)))
    }

    fn unknown(&self, name: &str, hint: &str) -> String {
        format!("{} has no parameter for the column `{name}`{hint}", self.command.function)
    }

    /// A parameter by its name on the wire, its option or its argument; letter case matters only where it decides.
    fn param(&self, name: &str) -> Option<usize> {
        let names = |param: &Param<'static>| {
            [Some(param.name.clone()), param.option.clone(), param.argument.clone()].into_iter().flatten().collect()
        };
        let position = |same: &dyn Fn(&str) -> bool| {
            self.command.params.iter().position(|param| {
                let names: Vec<_> = names(param);
                names.iter().any(|known| same(known))
            })
        };
        position(&|known| known == name).or_else(|| position(&|known| known.eq_ignore_ascii_case(name)))
    }

    /// The keys inside a parameter, in the spelling of the spec; else a line of help. `before` is what stands before them in the
    /// column's name.
    fn keys(&self, param: &Param<'static>, before: &str, path: &[String]) -> Result<Vec<String>, String> {
        let mut spelt = Vec::new();
        let mut inside = Some(param);
        for key in path {
            match inside {
                // A place in a list has the keys of the list's objects.
                Some(_) if is_place(key) => spelt.push(key.clone()),
                Some(known) => match find_entry(known, key) {
                    Some(entry) => {
                        // Operators of filters stand before the name.
                        let operator = &key[..key.len() - bare(key).len()];
                        spelt.push(format!("{operator}{}", entry.name));
                        inside = Some(entry);
                    }
                    None if known.entries.is_empty() || is_custom(bare(key)) || self.allow_unknown => {
                        spelt.push(key.clone());
                        inside = None;
                    }
                    None => {
                        let keys = known.entries.iter().map(|entry| entry.name.as_ref());
                        let parts = spelt.iter().map(|key| format!("{key}."));
                        let before: String = std::iter::once(before.to_owned()).chain(parts).collect();
                        let found = hint_behind(&before, bare(key), keys);
                        return Err(if found.is_empty() { self.list() } else { found });
                    }
                },
                None => spelt.push(key.clone()),
            }
        }
        Ok(spelt)
    }

    /// What an unknown column may have meant: a parameter, or a key inside one.
    fn near(&self, name: &str) -> String {
        let objects = self.command.params.iter().filter(|param| param.wire != "merge");
        let inner =
            objects.flat_map(|param| param.entries.iter().map(move |entry| format!("{}.{}", param.name, entry.name)));
        if let Some((param, entry)) = self.inner(name) {
            return format!("\nhelp: did you mean `{}.{}`?", param.name, entry.name);
        }
        let inner: Vec<String> = inner.collect();
        let own = self.command.params.iter().flat_map(|param| {
            let keys = param.entries.iter().filter(|_| param.wire == "merge").map(|entry| entry.name.as_ref());
            std::iter::once(param.name.as_ref()).chain(param.option.as_deref()).chain(keys)
        });
        let found = hint(name, own.chain(inner.iter().map(String::as_str)));
        match found.is_empty() {
            true => self.list(),
            false => found,
        }
    }

    /// The key inside a parameter that is called so.
    fn inner(&self, name: &str) -> Option<(&Param<'static>, &Param<'static>)> {
        let objects = self.command.params.iter().filter(|param| param.wire != "merge");
        let mut keys = objects.flat_map(|param| param.entries.iter().map(move |entry| (param, entry)));
        keys.find(|(_, entry)| entry.name.eq_ignore_ascii_case(name))
    }

    /// Where the known columns are listed.
    fn list(&self) -> String {
        format!(
            "\nhelp: `oint bitrix24 {} --help --all` lists the parameters; `--allow-unknown` passes others on",
            self.command.function
        )
    }
}

/// The known key that a path leads to.
fn entry<'p>(param: &'p Param<'static>, path: &[String]) -> Option<&'p Param<'static>> {
    path.iter().filter(|key| !is_place(key)).try_fold(param, |inside, key| find_entry(inside, key)).filter(|_| {
        // A list as a whole has another type than one of its items.
        path.last().is_some_and(|last| !is_place(last))
    })
}

fn find_entry<'p>(param: &'p Param<'static>, key: &str) -> Option<&'p Param<'static>> {
    let bare = bare(key);
    let entries = || param.entries.iter();
    entries().find(|entry| entry.name == bare).or_else(|| {
        let mut same = entries().filter(|entry| entry.name.eq_ignore_ascii_case(bare));
        same.next().filter(|_| same.next().is_none())
    })
}

/// A key without the operator of a filter.
fn bare(key: &str) -> &str {
    key.trim_start_matches(['!', '=', '<', '>', '%', '@', '?', '+', '~', '*'])
}

/// A cell as the value of a parameter or a known key.
fn value(param: &Param<'_>, cell: Cell, inputs: &Inputs, name: Option<&str>) -> Result<Converted, String> {
    match cell {
        Cell::Text(text) => convert(param, &text, inputs, name),
        Cell::Json(value) => convert_json(param, value, inputs),
    }
}

/// A cell for a key that no spec knows: JSON where it is an object or a list, else a text. Numbers stay texts, which the
/// portal reads as numbers where it wants them, so that `007` stays what it is.
fn free(cell: Cell) -> Result<Converted, String> {
    match cell {
        Cell::Text(text) if text.trim_start().starts_with(['{', '[']) => {
            crate::cli::json::read(&text).map(Converted::from)
        }
        Cell::Text(text) => Ok(Value::from(text).into()),
        Cell::Json(value) => Ok(value.into()),
    }
}
