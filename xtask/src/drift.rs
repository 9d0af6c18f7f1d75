//! `cargo xtask drift`: has the API moved on? Compares the specs with a file of facts, or with a portal, and drafts specs
//! for methods that are new.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use bitrix24_codegen::diag::Diagnostics;
use bitrix24_codegen::drift::{self, Covers, Difference, Fact, Facts, Kind};
use bitrix24_codegen::ir::Rest;
use bitrix24_codegen::{project, spec};
use serde_json::Value;

use crate::codegen::{colours, words};
use crate::new::draft;
use crate::portal::{self, Portal};
use crate::run::{Done, root};

/// The differences that are meant to be.
const EXCEPTIONS: &str = "xtask/drift.yaml";

/// What a portal documents REST 3.0 with, and how itself is called there.
const OPENAPI: &str = "rest.documentation.openapi";

#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("source").required(true).args(["facts", "portal"])))]
pub(crate) struct Arguments {
    /// A file of facts: one JSON object a line with `method`, `rest`, `scope`, `deprecated` and `params` (each with `name`,
    /// `type`, `required`, `children`).
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// The file holds a part of the API only: methods that it does not name are not missed.
    #[arg(long, requires = "facts")]
    partial: bool,
    /// A portal: the address of a webhook, or the portal's with `--token`. It tells names only for REST 2, parameters too
    /// for REST 3.0.
    #[arg(long, value_name = "URL")]
    portal: Option<String>,
    /// An access token of the portal; B24_TOKEN in the environment will do too.
    #[arg(long, requires = "portal")]
    token: Option<String>,
    /// How to show the differences.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    output: String,
    /// Draft a spec for each new method; nothing is written over.
    #[arg(long)]
    write: bool,
}

pub(crate) fn drift(arguments: &Arguments) -> ExitCode {
    match compare(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("{}", message.trim_end());
            ExitCode::from(2)
        }
    }
}

/// The comparison with the simulated portal, which is driven by the tables of the same specs: there is no difference.
pub(crate) fn sandbox() -> Done {
    let portal = Portal::start()?;
    let api = project::read(&root()).map_err(|failure| words(&failure))?;
    let facts = portal_facts(&portal.told("webhook"), None)?;
    let named = |rest| facts.methods.iter().filter(|fact| fact.rest == rest).count();
    let (classic, new) = (named(2), named(3));
    let found = drift::compare(&api, &facts);
    if !found.is_empty() || new == 0 {
        return Err(format!(
            "{}error: the simulated portal and the specs that drive it do not agree ({classic} methods of REST 2, {new} of REST 3.0)",
            drift::text(&found)
        ));
    }
    eprintln!("✔ {classic} methods of REST 2 and {new} of REST 3.0 of the simulated portal, compared with the specs");
    Ok(())
}

/// Whether specs and facts agree, but for the differences that are listed.
fn compare(arguments: &Arguments) -> Result<bool, String> {
    let root = root();
    let api = project::read(&root).map_err(|failure| words(&failure))?;
    let facts = match (&arguments.facts, &arguments.portal) {
        (Some(file), _) => file_facts(file, arguments.partial)?,
        (None, Some(url)) => portal_facts(url, arguments.token.as_deref())?,
        (None, None) => return Err("error: name a file with `--facts`, or a portal with `--portal`".into()),
    };
    let exceptions = std::fs::read_to_string(root.join(EXCEPTIONS))
        .map_err(|error| format!("error: cannot read {EXCEPTIONS}: {error}"))?;
    let exceptions = drift::exceptions(EXCEPTIONS, &exceptions).map_err(|faults| faults.report(colours()))?;
    let all = drift::compare(&api, &facts);
    let found = all.len();
    let stale = if arguments.facts.is_some() { exceptions.stale(&all, &facts) } else { Vec::new() };
    let left = exceptions.filter(all);
    if arguments.output == "json" {
        println!("{:#}", drift::json(&left));
    } else {
        print!("{}", drift::text(&left));
    }
    for one in &stale {
        eprintln!("error: {EXCEPTIONS} lists a difference that is none any more, remove it: {one}");
    }
    eprintln!(
        "{} methods compared: {} differences, and {} that are meant to be ({EXCEPTIONS})",
        facts.methods.len(),
        left.len(),
        found - left.len()
    );
    if arguments.write {
        write(&root, &left, &facts)?;
    }
    Ok(left.is_empty() && stale.is_empty())
}

fn file_facts(file: &Path, is_partial: bool) -> Result<Facts, String> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|error| format!("error: cannot read {}: {error}", file.display()))?;
    let mut facts = Facts::read(&text).map_err(|fault| format!("error: {}: {fault}", file.display()))?;
    if is_partial {
        facts.covers = Covers::Some { rest: Vec::new(), scopes: None };
    }
    Ok(facts)
}

/// What a portal tells of itself, asked through `oint`, which keeps the limits and hides the secrets.
fn portal_facts(url: &str, token: Option<&str>) -> Result<Facts, String> {
    let oint = portal::build()?;
    let ask = |method: &str, options: &[&str]| {
        let mut command = Command::new(&oint);
        command.args(["call", method]).args(options).env("B24_URL", url);
        if let Some(token) = token {
            command.env("B24_TOKEN", token);
        }
        let output = command.output().map_err(|error| format!("error: cannot run oint: {error}"))?;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{told}error: the portal does not answer {method}"));
        }
        let answer: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("error: {method} answered no JSON: {error}"))?;
        Ok(answer.get("result").cloned().unwrap_or(answer))
    };
    let names = |method: &str, options: &[&str]| {
        let answer = ask(method, options)?;
        let list = answer.as_array().ok_or_else(|| format!("error: {method} answered no list"))?;
        Ok::<Vec<String>, String>(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    let scopes = names("scope", &[])?.into_iter().chain(["basic".to_owned()]).collect();
    let mut methods: Vec<Fact> = names("methods", &[])?.into_iter().map(|name| Fact::named(name, 2)).collect();
    let mut rest = vec![Rest::V2];
    match ask(OPENAPI, &["--rest", "3"]) {
        Ok(document) => {
            let facts = drift::openapi_facts(&document).map_err(|fault| format!("error: {OPENAPI}: {fault}"))?;
            // What only describes the API is no part of it.
            methods.extend(facts.into_iter().filter(|fact| fact.method != OPENAPI && fact.method != "documentation"));
            rest.push(Rest::V3);
        }
        Err(reason) => eprintln!("{reason}\nnote: without it, REST 3.0 is not compared"),
    }
    Ok(Facts { covers: Covers::Some { rest, scopes: Some(scopes) }, methods })
}

/// Drafts specs for the methods that are new.
fn write(root: &Path, differences: &[Difference], facts: &Facts) -> Result<(), String> {
    let sources = project::sources(root).map_err(|failure| words(&failure))?;
    let specs = spec::load(&sources, &mut Diagnostics::default());
    let mut written = 0;
    for one in differences.iter().filter(|one| one.key.is_empty() && one.kind == Kind::Added) {
        let is_v3 = one.method.ends_with("@3");
        let name = one.method.trim_end_matches("@3");
        let fact = facts.methods.iter().find(|fact| fact.method == name && (fact.rest == 3) == is_v3);
        let drafted = draft(&specs, name, is_v3, None, fact).and_then(|draft| draft.write(root).map(str::to_owned));
        match drafted {
            Ok(path) => {
                written += 1;
                eprintln!("wrote {path}");
            }
            Err(reason) => eprintln!("{reason}"),
        }
    }
    if written > 0 {
        eprintln!("replace each TODO, then run `cargo xtask codegen`, which tells what is still missing");
    }
    Ok(())
}
