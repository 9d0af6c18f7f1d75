//! `cargo xtask openapi`: the OpenAPI documents, judged by tools of others. A validator reads them all; a generator makes
//! a client in TypeScript of two scopes, the compiler checks a program that uses it, and the program works against the
//! simulated portal.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::portal::Portal;
use crate::run::{Done, npm_install, quietly, root, target};

/// The packages, as npm's registry knows them: a validator, a generator, what its clients call, the compiler.
const PACKAGES: &[&str] = &[
    "@seriousme/openapi-schema-validator@2.11.0",
    "openapi-typescript@7.13.0",
    "openapi-fetch@0.17.0",
    "typescript@5.9.3",
];

/// The scopes of the client: one of REST 2, one of REST 3.0.
const SCOPES: &[&str] = &["user", "tasks"];

#[derive(clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn openapi(_: &Arguments) -> Done {
    let home = target().join("openapi");
    if let Err(reason) = npm_install(&home, PACKAGES) {
        if std::env::var_os("CI").is_some() {
            return Err(format!("{reason}\nerror: the tools for OpenAPI cannot be installed"));
        }
        // Where nobody relies on it, a machine without a registry is no fault of the project.
        eprintln!("skipped: the tools for OpenAPI cannot be installed here; in CI this is an error\n{reason}");
        return Ok(());
    }
    let own = root().join("xtask").join("openapi");
    for name in ["validate.mjs", "client.ts", "tsconfig.json"] {
        std::fs::copy(own.join(name), home.join(name))
            .map_err(|error| format!("error: cannot copy {name} to {}: {error}", home.display()))?;
    }
    let documents = root().join("docs").join("static");
    quietly("OpenAPI documents, by a validator", node(&home, "validate.mjs").arg(&documents))?;
    for scope in SCOPES {
        let document = documents.join("openapi").join(format!("{scope}.json"));
        let mut generate = node(&home, "node_modules/openapi-typescript/bin/cli.js");
        generate.arg(document).args(["--output", &format!("{scope}.d.ts")]);
        quietly(&format!("a client in TypeScript of the scope {scope}"), &mut generate)?;
    }
    quietly("compile a program with it", node(&home, "node_modules/typescript/bin/tsc").args(["--project", "."]))?;
    let portal = Portal::start()?;
    let output = node(&home, "out/client.js")
        .env("WEBHOOK", portal.told("webhook"))
        .output()
        .map_err(|error| format!("error: cannot run node: {error}"))?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_str(&stdout)
        .map_err(|_| format!("{stdout}{stderr}error: the client in TypeScript ended with {}", output.status))?;
    compare(&report, &portal)?;
    eprintln!("✔ the client in TypeScript against the simulated portal");
    Ok(())
}

fn node(home: &Path, script: &str) -> Command {
    let mut node = Command::new("node");
    node.arg(home.join(script)).current_dir(home).env("NO_PROXY", "*").env("no_proxy", "*");
    node
}

/// What the client reports must be what the portal holds.
fn compare(report: &Value, portal: &Portal) -> Done {
    let found = |collection: &str, key: &str, value: &str| {
        let records = portal.collection(collection)?;
        let record = records.into_iter().find(|record| record[key] == value);
        record.ok_or_else(|| format!("error: the portal has no {collection} with {key} {value}"))
    };
    let user = found("user", "EMAIL", "typescript@example.org")?;
    let task = found("tasks.task", "TITLE", "By a client in TypeScript")?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let held = json!({
        "user": text(&user["ID"]), "name": user["NAME"], "task": text(&task["ID"]), "title": task["TITLE"],
        "refused": "BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION",
    });
    if *report == held {
        return Ok(());
    }
    Err(format!("error: the client in TypeScript reports {report}, the portal has {held}"))
}
