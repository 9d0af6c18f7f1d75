//! A project of as many methods as wanted: names and sizes like the real ones', contents made up.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::run::Done;

const SCOPES: &[&str] = &[
    "crm",
    "sale",
    "catalog",
    "landing",
    "tasks",
    "im",
    "imbot",
    "booking",
    "disk",
    "imopenlines",
    "humanresources",
    "rpa",
    "note",
    "mail",
    "bizproc",
    "calendar",
    "lists",
    "entity",
    "voximplant",
    "telephony",
    "vote",
    "log",
    "sign",
    "timeman",
];
const ENTITIES: &[&str] = &[
    "deal", "lead", "contact", "company", "item", "product", "order", "payment", "shipment", "basket", "status",
    "category", "stage", "section", "price", "store", "document", "template", "field", "setting", "member", "role",
    "message", "chat", "file", "folder", "storage", "event", "resource", "page",
];
const VERBS: &[(&str, &str)] = &[
    ("add", "create"),
    ("update", "update"),
    ("delete", "delete"),
    ("get", "read"),
    ("list", "list"),
    ("fields", "read"),
    ("setFlags", "action"),
    ("getByCode", "read"),
];
const TYPES: &[&str] =
    &["string", "string", "string", "integer", "id", "boolean<Y/N>", "datetime", "number", "array<id>", "object"];
const WORDS: &[&str] = &[
    "TITLE", "NAME", "STAGE", "AMOUNT", "OWNER", "COMMENT", "CODE", "SORT", "DATE", "PHONE", "EMAIL", "SOURCE",
    "CURRENCY", "ADDRESS", "LANGUAGE",
];
/// How many shared types there are.
const SHARED: usize = 60;

/// Numbers that look random and are the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % most.max(1)
    }

    /// 8 on average, now and then up to 60.
    fn params(&mut self) -> usize {
        match self.below(100) {
            0..10 => 0,
            10..30 => 1 + self.below(2),
            30..80 => 3 + self.below(6),
            80..97 => 9 + self.below(12),
            _ => 25 + self.below(36),
        }
    }
}

/// Writes the project: the real specs of the category `user`, made-up ones besides, and a workspace around them.
pub(super) fn write(root: &Path, project: &Path, methods: usize) -> Done {
    let put = |path: String, text: String| {
        let place = project.join(&path);
        let folder = place.parent().unwrap_or(project);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&place, text))
            .map_err(|error| format!("error: cannot write {path}: {error}"))
    };
    copy(&root.join("specs/user"), &project.join("specs/user"))?;
    copy_types(root, project)?;
    let mut numbers = Numbers(24);
    for at in 0..SHARED {
        put(format!("specs/types/shared{at}.yaml"), shared(at, &mut numbers))?;
    }
    let mut made = fs::read_dir(project.join("specs/user")).map_err(|error| format!("error: {error}"))?.count() - 1;
    'all: for round in 0.. {
        for entity in ENTITIES {
            for scope in SCOPES {
                for (verb, effect) in VERBS {
                    if made >= methods {
                        break 'all;
                    }
                    let suffix = if round == 0 { String::new() } else { round.to_string() };
                    let method = format!("{scope}.{entity}{suffix}.{verb}");
                    put(format!("specs/{scope}/{method}.yaml"), spec(&method, scope, effect, &mut numbers))?;
                    made += 1;
                }
            }
        }
    }
    for (at, scope) in SCOPES.iter().enumerate() {
        if project.join("specs").join(scope).exists() {
            put(
                format!("specs/{scope}/_category.yaml"),
                format!("title: The scope {scope}\nsummary: Made-up methods.\nposition: {}\n", at + 2),
            )?;
        }
    }
    workspace(root, project, &put)
}

fn workspace(root: &Path, project: &Path, put: &dyn Fn(String, String) -> Done) -> Done {
    let read =
        |path: &str| fs::read_to_string(root.join(path)).map_err(|error| format!("error: cannot read {path}: {error}"));
    let manifest = read("Cargo.toml")?;
    let members = "members = [\"generated\", \"trivial\"]";
    let manifest = manifest.replace("members = [\"codegen\", \"runtime\", \"generated\", \"xtask\"]", members);
    let runtime = root.join("runtime");
    let manifest =
        manifest.replace("{ path = \"runtime\" }", &format!("{{ path = {:?} }}", runtime.display().to_string()));
    put("Cargo.toml".into(), manifest)?;
    put("Cargo.lock".into(), read("Cargo.lock")?)?;
    put("generated/Cargo.toml".into(), read("generated/Cargo.toml")?)?;
    put("generated/build.rs".into(), read("generated/build.rs")?)?;
    copy(&root.join("generated/examples"), &project.join("generated/examples"))?;
    let trivial = "[package]\nname = \"trivial\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n[dependencies]\nclap.workspace = true\n";
    put("trivial/Cargo.toml".into(), trivial.into())?;
    let main = "fn main() {\n    let matches = clap::Command::new(\"trivial\").arg(clap::Arg::new(\"name\").long(\"name\")).get_matches();\n    \
                println!(\"{:?}\", matches.get_one::<String>(\"name\"));\n}\n";
    put("trivial/src/main.rs".into(), main.into())
}

fn copy(from: &Path, to: &Path) -> Done {
    let fault = |error: std::io::Error| format!("error: cannot copy {}: {error}", from.display());
    fs::create_dir_all(to).map_err(fault)?;
    for entry in fs::read_dir(from).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        fs::copy(entry.path(), to.join(entry.file_name())).map_err(fault)?;
    }
    Ok(())
}

/// Copies the shared types that the category `user` speaks of: the others' methods are not there.
fn copy_types(root: &Path, project: &Path) -> Done {
    let from = root.join("specs/types");
    let mut left: BTreeMap<String, String> = texts(&from)?.into_iter().collect();
    let mut spoken: Vec<String> = texts(&root.join("specs/user"))?.into_iter().map(|(_, text)| text).collect();
    let target = project.join("specs/types");
    fs::create_dir_all(&target).map_err(|error| format!("error: cannot create {}: {error}", target.display()))?;
    while let Some(text) = spoken.pop() {
        for word in text.split(|char: char| !char.is_alphanumeric() && char != '_') {
            let name = format!("{word}.yaml");
            if let Some(text) = left.remove(&name) {
                let place = target.join(&name);
                fs::write(&place, &text)
                    .map_err(|error| format!("error: cannot write {}: {error}", place.display()))?;
                spoken.push(text);
            }
        }
    }
    Ok(())
}

/// The names and texts of a folder's files.
fn texts(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let fault = |error: std::io::Error| format!("error: cannot read {}: {error}", folder.display());
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.map_err(fault)?;
        Ok((entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path()).map_err(fault)?))
    };
    fs::read_dir(folder).map_err(fault)?.map(read).collect()
}

fn shared(at: usize, numbers: &mut Numbers) -> String {
    let mut text = format!("type: shared{at}\ndescription: A made-up entity with its fields.\nfields:\n");
    for field in 0..12 + numbers.below(20) {
        let (word, ty) = (WORDS[numbers.below(WORDS.len())], TYPES[numbers.below(TYPES.len())]);
        let _ = write!(
            text,
            "  - name: {word}_{field}\n    type: {ty}\n    description: What the portal keeps under this key, in the usual form and unit.\n"
        );
    }
    text
}

fn spec(method: &str, scope: &str, effect: &str, numbers: &mut Numbers) -> String {
    let mut text = format!(
        "# yaml-language-server: $schema=../method.schema.json\nmethod: {method}\ntitle: Made-up method of the bench\nsummary: Does what a method of this name would do, for the sake of its size.\nscope: {scope}\naccess: administrator\neffect: {effect}\nreference: https://apidocs.example.com/{scope}/{}.html\n",
        method.replace('.', "-")
    );
    let count = numbers.params();
    let mut arguments = Vec::new();
    if count > 0 {
        text.push_str("params:\n");
    }
    for at in 0..count {
        let (word, ty) = (WORDS[numbers.below(WORDS.len())], TYPES[numbers.below(TYPES.len())]);
        let name = format!("{word}_{at}");
        let _ = write!(
            text,
            "  - name: {name}\n    type: {ty}\n    description: What the method takes under this key, in the usual form and unit, and what happens without it.\n"
        );
        if ty == "object" && numbers.below(2) == 0 {
            let _ = writeln!(text, "    entries: shared{}", numbers.below(SHARED));
        }
        if at < 2 && numbers.below(2) == 0 {
            text.push_str("    required: true\n");
            arguments.push(format!("{name}: {}", example(ty)));
        }
    }
    let returns = match effect {
        "list" => format!(
            "{{type: page, of: shared{}, description: The records found.}}\npaging: start",
            numbers.below(SHARED)
        ),
        "read" => format!("{{type: object, of: shared{}, description: The record.}}", numbers.below(SHARED)),
        "create" => "{type: id, description: Number of the new record.}".to_owned(),
        _ => "{type: boolean, description: True when it is done.}".to_owned(),
    };
    let _ = write!(
        text,
        "returns: {returns}\nerrors:\n  - {{code: ACCESS_DENIED, http: 403, description: The caller may not do this.}}\n"
    );
    let _ = write!(text, "examples:\n  - arguments: {{{}}}\n    response: {{result: true}}\n", arguments.join(", "));
    text
}

fn example(ty: &str) -> &'static str {
    match ty {
        "integer" | "id" | "number" => "7",
        "boolean<Y/N>" => "true",
        "datetime" => "\"2026-01-31T10:00:00+03:00\"",
        "array<id>" => "[1, 2]",
        "object" => "{}",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use bitrix24_codegen::project;

    use crate::run::{cargo, root};

    #[test]
    fn the_made_up_project_is_one_that_cargo_can_build() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        super::write(&root(), folder.path(), 40)?;
        let plan = project::plan(folder.path(), None).map_err(|failure| crate::codegen::words(&failure))?;
        plan.apply(folder.path())?;
        let read = cargo()
            .current_dir(folder.path())
            .args(["metadata", "--offline", "--no-deps", "--format-version", "1"])
            .output()?;
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        let read: serde_json::Value = serde_json::from_slice(&read.stdout)?;
        let names = read["packages"].as_array().into_iter().flatten().map(|package| package["name"].as_str());
        assert_eq!(names.collect::<Vec<_>>(), [Some("bitrix24"), Some("trivial")]);
        Ok(())
    }
}
