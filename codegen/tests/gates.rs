//! Every cargo feature compiles alone, without compiling each: what the code of a feature names of the shared types is there
//! with this feature.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};

/// The Rust files below a folder by their paths; another test holds them to be what the generator writes.
fn sources(folder: &Path, below: &str, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let entry = entry.expect("an entry");
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            sources(&entry.path(), &format!("{path}/"), found);
        } else if path.ends_with(".rs") {
            found.insert(path, std::fs::read_to_string(entry.path()).expect("UTF-8"));
        }
    }
}

/// The features that an item asks for, any of which is enough: `cfg(feature = "a")` or `cfg(any(feature = "a", …))`.
fn gate(attributes: &[syn::Attribute]) -> BTreeSet<String> {
    fn literals(tokens: TokenStream, found: &mut BTreeSet<String>) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => literals(group.stream(), found),
                TokenTree::Literal(literal) => {
                    found.insert(literal.to_string().trim_matches('"').to_owned());
                }
                TokenTree::Ident(word) => assert!(word == "any" || word == "feature", "{word} says something else"),
                TokenTree::Punct(_) => {}
            }
        }
    }
    let mut found = BTreeSet::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")) {
        literals(attribute.meta.require_list().expect("cfg(…)").tokens.clone(), &mut found);
    }
    found
}

/// What follows `crate::types::` in a file; inside a macro it is printed as `crate ::types::`.
fn types_named(text: &str) -> BTreeSet<&str> {
    let after = text.split("::types::").skip(1);
    after
        .map(|rest| rest.split(|char: char| !(char.is_alphanumeric() || char == '_')).next().unwrap_or_default())
        .collect()
}

#[test]
fn every_feature_brings_the_types_that_it_names() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../generated/src");
    let mut files = BTreeMap::new();
    sources(&folder, "", &mut files);
    let items = |path: &str| syn::parse_file(&files[path]).expect("Rust").items;

    let mut features: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for item in items("lib.rs") {
        if let syn::Item::Mod(module) = item {
            features.insert(module.ident.to_string(), gate(&module.attrs));
        }
    }
    let mut modules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut types: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for item in items("types.rs") {
        match item {
            syn::Item::Mod(module) => {
                modules.insert(module.ident.to_string(), gate(&module.attrs));
            }
            syn::Item::Use(shown) => {
                let syn::UseTree::Path(path) = &shown.tree else { panic!("a path") };
                let syn::UseTree::Name(name) = &*path.tree else { panic!("a name") };
                let gate = gate(&shown.attrs);
                assert_eq!(
                    modules.get(&path.ident.to_string()),
                    Some(&gate),
                    "the module of {} is there with it",
                    name.ident
                );
                types.insert(name.ident.to_string(), gate);
            }
            _ => panic!("a module or its type"),
        }
    }
    assert!(features.len() > 40 && types.len() > 300, "{} features, {} types", features.len(), types.len());

    let mut uses = 0;
    for (path, text) in &files {
        let top = path.split(['/', '.']).next().unwrap_or_default();
        // A type is there with its own gate, and what it names has to be there with it.
        let (gates, name) = match path.strip_prefix("types/") {
            Some(file) => (&modules, file.trim_end_matches(".rs")),
            None => (&features, top),
        };
        let with = || gates.get(name).or_else(|| gates.get(&format!("r#{name}"))).unwrap_or_else(|| panic!("{path}"));
        for name in types_named(text) {
            let with = with();
            let brought = types.get(name).unwrap_or_else(|| panic!("{path}: there is no type {name}"));
            assert!(with.is_subset(brought) && !with.is_empty(), "{path} names {name}, which only {brought:?} bring");
            uses += 1;
        }
    }
    assert!(uses > 500, "{uses} uses");
}
