//! Good and bad specs, each a folder of files in one text: `=== path` begins a file. What comes out is a golden file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bitrix24_codegen::spec::{Source, bundle};
use bitrix24_codegen::{cargo, emit, read};

/// Files that every case has unless it brings its own: the category and a shared type.
const CATEGORY: &str = "title: Things\nsummary: Methods of the tests.\nposition: 1\n";
const PERSON: &str = "type: person\ndescription: Somebody with a mailbox.\nfields:\n  - {name: EMAIL, type: string, description: Address of the mailbox.}\n  - {name: NAME, type: string, description: First name.}\n  - {name: ID, type: id, readonly: true, description: Number of the person.}\n";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn cases(name: &str) -> Vec<(String, Vec<Source>)> {
    let mut cases: Vec<(String, Vec<Source>)> = fs::read_dir(folder(name))
        .expect("the folder of cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "specs"))
        .map(|path| {
            let text = fs::read(&path).expect("a case");
            (path.file_stem().expect("a name").to_string_lossy().into_owned(), split(&text))
        })
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}

fn split(text: &[u8]) -> Vec<Source> {
    let mut sources = bundle(text);
    let mut add = |path: &str, text: &str| {
        if !sources.iter().any(|source| source.path == path) {
            sources.push(Source { path: path.to_owned(), bytes: text.into() });
        }
    };
    add("specs/thing/_category.yaml", CATEGORY);
    add("specs/types/person.yaml", PERSON);
    // A case may say that it wants one of them missing.
    sources.retain(|source| source.bytes.trim_ascii() != b"(missing)");
    sources
}

#[test]
fn bad_specs_are_reported_as_promised() {
    let cases = cases("bad");
    assert!(cases.len() >= 130, "{} bad specs", cases.len());
    insta::with_settings!({ snapshot_path => "bad", prepend_module_to_snapshot => false, omit_expression => true }, {
        for (name, sources) in cases {
            match read(&sources) {
                Ok(_) => panic!("{name}: no problem was found"),
                Err(problems) => insta::assert_snapshot!(name, problems.to_string()),
            }
        }
    });
}

#[test]
fn good_specs_become_what_they_say() {
    insta::with_settings!({ snapshot_path => "good", prepend_module_to_snapshot => false, omit_expression => true }, {
        for (name, sources) in cases("good") {
            let api = read(&sources).unwrap_or_else(|problems| panic!("{name}:\n{problems}"));
            let files = emit::all(&api).filter(|file| !file.path.ends_with(".schema.json"));
            let text: String = files.map(|file| format!("=== {}\n{}\n", file.path, file.content)).collect();
            insta::assert_snapshot!(name, text);
        }
    });
}

#[test]
fn the_order_of_files_does_not_matter() {
    for (name, mut sources) in cases("good") {
        let files = |sources: &[Source]| emit::all(&read(sources).expect("a good spec")).collect::<Vec<_>>();
        let first = files(&sources);
        assert_eq!(first, files(&sources), "{name}: twice");
        for _ in 0..sources.len() {
            sources.rotate_left(1);
            assert_eq!(first, files(&sources), "{name}: rotated");
        }
        sources.reverse();
        assert_eq!(first, files(&sources), "{name}: reversed");
    }
}

/// The Rust that good specs become compiles, its documented examples included.
#[test]
fn what_good_specs_become_compiles() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project");
    // With the features and the profile of `oint`, in the project's own target folder, its dependencies are compiled once.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let read_manifest = |path: &str| {
        let text = fs::read_to_string(project.join(path)).expect("a manifest");
        text.parse::<toml_edit::DocumentMut>().expect("TOML")
    };
    let oint = read_manifest("generated/Cargo.toml")["features"]["cli"].to_string();
    let mut profiles = toml_edit::DocumentMut::new();
    profiles.insert("profile", read_manifest("Cargo.toml")["profile"].clone());
    for (name, sources) in cases("good") {
        let api = read(&sources).unwrap_or_else(|problems| panic!("{name}:\n{problems}"));
        let folder = tempfile::tempdir().expect("a folder");
        for file in emit::all(&api) {
            let place = folder.path().join(&file.path);
            fs::create_dir_all(place.parent().expect("a folder")).expect("made");
            fs::write(place, file.content).expect("written");
        }
        let features: BTreeSet<&str> = api.methods.iter().map(|method| method.feature.as_str()).collect();
        let names: Vec<String> = features.iter().map(|feature| format!("{feature:?}")).collect();
        let names = names.join(", ");
        let scopes: String = features.iter().map(|feature| format!("{feature} = []\n")).collect();
        let manifest = format!(
            "[package]\nname = \"bitrix24\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n\
             [dependencies]\nbitrix24-runtime = {{ path = {:?} }}\n\n[features]\ncli = {oint}\nsandbox = []\nfull = [{names}]\n{scopes}\n\
             [[bin]]\nname = \"oint-of-good-specs\"\npath = \"src/bin/oint.rs\"\nrequired-features = [\"cli\"]\n\n{profiles}",
            project.join("runtime")
        );
        let generated = folder.path().join("generated");
        fs::write(generated.join("Cargo.toml"), manifest).expect("written");
        fs::copy(project.join("generated/build.rs"), generated.join("build.rs")).expect("copied");
        fs::copy(project.join("Cargo.lock"), generated.join("Cargo.lock")).expect("copied");
        for arguments in [
            &["check", "--features", "full"][..],
            &["test", "--doc", "--features", "full,cli"],
            &["doc", "--no-deps", "--lib", "--features", "full,cli"],
            &["build", "--features", "full,cli", "--bin", "oint-of-good-specs"],
        ] {
            let output = cargo::command()
                .current_dir(&generated)
                .env("CARGO_TARGET_DIR", target)
                .env("RUSTDOCFLAGS", "-D warnings")
                .args(arguments)
                .output()
                .expect("cargo runs");
            let text = [output.stdout, output.stderr].concat();
            assert!(output.status.success(), "{name}:\n{}", String::from_utf8_lossy(&text));
        }
        let program = target.join("debug").join(format!("oint-of-good-specs{}", std::env::consts::EXE_SUFFIX));
        let oint = |arguments: &[&str]| {
            let output =
                std::process::Command::new(&program).arg("bitrix24").args(arguments).output().expect("oint runs");
            assert!(output.status.success(), "{name}: {arguments:?}:\n{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).expect("UTF-8")
        };
        for (method, function) in emit::tables::in_order(&api) {
            // Help shows the texts as they are, but for where it breaks the lines.
            let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            let help = joined(&oint(&[function.name.as_str(), "--help", "--all"]));
            for text in [&function.title, &function.summary]
                .into_iter()
                .chain(function.params.iter().map(|param| &param.description))
            {
                assert!(
                    help.contains(&joined(text)),
                    "{name}: {text} is missing in the help of {}:\n{help}",
                    function.name
                );
            }
            let described: serde_json::Value =
                serde_json::from_str(&oint(&[function.name.as_str(), "--describe"])).expect("JSON");
            assert_eq!(described["summary"], function.summary.as_str());
            assert_eq!(described["scope"], method.scope.as_str());
        }
    }
}
