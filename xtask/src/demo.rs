//! `cargo xtask demo`: the whole way from a spec to a changed account, on this machine alone.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::codegen;
use crate::portal::{self, Portal};
use crate::run::Done;

/// The account that the documentation's example changes.
const USER: &str = "2150";
const FIELDS: &str = "{'EMAIL':'oleg.lama@example.org','NAME':'Oleg','LAST_NAME':'Lama','UF_DEPARTMENT':7}";

#[derive(clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn demo(_: &Arguments) -> Done {
    heading("1. The generated files");
    codegen::codegen(&codegen::Arguments::check())?;

    heading("2. oint");
    let oint = portal::build()?;
    println!("{}", oint.display());

    heading("3. A simulated portal");
    let portal = Portal::of(oint.clone())?;
    let (address, token) = (portal.told("address"), portal.told("token"));
    println!("{address}");

    heading("4. The account as it is");
    let before = call(&oint, &["GetUser", "--url", &address, "--userid", USER, "--token", &token])?;
    println!("{}", shown(&before));

    heading("5. The request");
    let update = ["UpdateUser", "--url", &address, "--userid", USER, "--fields", FIELDS, "--token", &token];
    println!("oint bitrix24 UpdateUser --url {} --userid {USER} --fields \"{FIELDS}\" --token ***", address);
    let request = call(&oint, &[&update[..], &["--dry-run"]].concat())?;
    println!("{request:#}");

    heading("6. The answer");
    let answer = call(&oint, &[&update[..], &["--raw"]].concat())?;
    println!("{answer:#}");

    heading("7. The account afterwards");
    let after = call(&oint, &["user.get", "--url", &address, "--userid", USER, "--token", &token])?;
    println!("{}", shown(&after));
    let changed = |key: &str, value: &str| after.pointer(&format!("/0/{key}")).and_then(Value::as_str) == Some(value);
    if !(changed("NAME", "Oleg") && changed("LAST_NAME", "Lama") && changed("EMAIL", "oleg.lama@example.org"))
        || before == after
    {
        return Err("error: the account did not change".into());
    }
    println!("\nThe account has changed.");
    Ok(())
}

fn heading(text: &str) {
    println!("\n== {text}");
}

/// The keys of an account that the demonstration changes.
fn shown(answer: &Value) -> String {
    let user = answer.pointer("/0").cloned().unwrap_or_default();
    let keys = ["ID", "NAME", "LAST_NAME", "EMAIL", "UF_DEPARTMENT"];
    let shown: serde_json::Map<String, Value> =
        keys.iter().map(|key| ((*key).to_owned(), user.get(*key).cloned().unwrap_or_default())).collect();
    Value::Object(shown).to_string()
}

/// Runs a command and reads its answer.
fn call(oint: &Path, arguments: &[&str]) -> Result<Value, String> {
    let mut command = Command::new(oint);
    command.arg("bitrix24").args(arguments).env_remove("B24_URL").env_remove("B24_TOKEN");
    let output = command.output().map_err(|error| format!("error: cannot run {}: {error}", oint.display()))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("error: the answer is not JSON: {error}"))
}
