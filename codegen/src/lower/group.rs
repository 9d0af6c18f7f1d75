//! Parameters that stand for several at once. Where a function spreads an object of the body over several options, the
//! whole object can be given as well, so that a body written for the portal fits the command line as it is.

use crate::ir::{Entries, Param, Ty, Wire};
use crate::names::{ArgumentName, OptionName, RESERVED_OPTIONS, RustIdent};

/// The groups of a function's parameters: one for each key at the top of the body that only exists as the beginning of
/// longer paths. All have the same description.
pub(super) fn groups(params: &[Param], description: &str) -> Vec<Param> {
    let mut groups: Vec<Param> = Vec::new();
    for param in params {
        let Wire::Path(path) = &param.wire else { continue };
        let [key, _, ..] = path.as_slice() else { continue };
        let is_whole = |other: &Param| match &other.wire {
            Wire::Path(path) => path.as_slice() == [key.clone()],
            Wire::Merge => other.entries.iter().flat_map(|entries| &entries.all).any(|entry| entry.name == *key),
        };
        if params.iter().any(is_whole) || params.iter().chain(&groups).any(|other| other.name == *key) {
            continue;
        }
        if let Some(option) = option(key, || params.iter().chain(&groups)) {
            groups.push(group(key, option, params, description));
        }
    }
    groups
}

/// The key in kebab case, or with `-object` behind it where that is taken.
fn option<'p, I: Iterator<Item = &'p Param>>(key: &str, params: impl Fn() -> I) -> Option<OptionName> {
    let derived = OptionName::derived(key);
    let longer = OptionName::written(&format!("{derived}-object"));
    let is_free = |option: &OptionName| {
        !option.as_str().is_empty()
            && !RESERVED_OPTIONS.contains(&option.as_str())
            && params().all(|param| param.option != *option)
    };
    [Some(derived), longer].into_iter().flatten().find(is_free)
}

fn group(key: &str, option: OptionName, params: &[Param], description: &str) -> Param {
    let entry = |param: &Param| match &param.wire {
        Wire::Path(path) => match path.as_slice() {
            [first, last] if first == key => {
                Some(Param { name: last.clone(), short: None, default: None, required: false, ..param.clone() })
            }
            _ => None,
        },
        Wire::Merge => None,
    };
    let own: Vec<Param> = params.iter().filter_map(entry).collect();
    Param {
        name: key.to_owned(),
        ident: RustIdent::unused(),
        argument: ArgumentName::derived(key),
        option,
        short: None,
        ty: Ty::Object,
        required: false,
        default: None,
        unless: None,
        filename: None,
        values: Vec::new(),
        wire: Wire::Path(vec![key.to_owned()]),
        description: description.to_owned(),
        entries: Some(Entries::of_its_own(own)),
        readonly: false,
        writeonly: false,
        nullable: false,
        is_group: true,
    }
}
