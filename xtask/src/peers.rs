//! `cargo xtask peers`: other people's clients, unchanged, against the simulated portal. What they report must be what the
//! portal holds.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::portal::Portal;
use crate::run::{Done, Progress, has, npm_install, quietly, root, target};

/// The deals that each peer finds.
const DEALS: usize = 500;
/// The deals that each peer makes in batches.
const MANY: usize = 60;

/// A peer: its name, its package as the registry knows it, and its script below `xtask/peers`.
struct Peer {
    name: &'static str,
    package: &'static str,
    script: &'static str,
    language: Language,
    /// Whether it hands over the answers of its batches in the order of the calls. One that sends batches side by side may
    /// hand them over as they come.
    keeps_order: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Language {
    Python,
    JavaScript,
}

const PEERS: &[Peer] = &[
    Peer {
        name: "fast_bitrix24",
        package: "fast_bitrix24==1.8.14",
        script: "fast.py",
        language: Language::Python,
        keeps_order: false,
    },
    Peer {
        name: "b24pysdk",
        package: "b24pysdk==1.3.2",
        script: "official.py",
        language: Language::Python,
        keeps_order: true,
    },
    Peer {
        name: "b24jssdk",
        package: "@bitrix24/b24jssdk@2.2.0",
        script: "official.mjs",
        language: Language::JavaScript,
        keeps_order: true,
    },
    Peer {
        name: ASSISTANT,
        package: "mcp==2.3.0",
        script: "mcp_client.py",
        language: Language::Python,
        keeps_order: true,
    },
];

/// The peer that does not speak to the portal, but to `oint mcp`.
const ASSISTANT: &str = "mcp";

#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Installs the peers ahead of time. What cannot be had is told when it is needed.
pub(crate) fn fetch() {
    for peer in PEERS {
        let _ = install(peer);
    }
}

pub(crate) fn peers(_: &Arguments) -> Done {
    let mut ready = Vec::new();
    for peer in PEERS {
        match install(peer) {
            Ok(home) => ready.push((peer, home)),
            // Where nobody relies on it, a machine without a registry is no fault of the project.
            Err(reason) if std::env::var_os("CI").is_none() => {
                eprintln!("skipped: {} cannot be installed here; in CI this is an error\n{reason}", peer.name);
            }
            Err(reason) => return Err(format!("{reason}\nerror: {} cannot be installed", peer.name)),
        }
    }
    if ready.is_empty() {
        return Ok(());
    }
    let portal = Portal::start()?;
    for (peer, home) in ready {
        let with = if peer.name == ASSISTANT { "oint mcp" } else { "the simulated portal" };
        let progress = Progress::new(&format!("{} against {with}", peer.name));
        match meet(peer, &home, &portal) {
            Ok(()) => progress.done(),
            Err(fault) => {
                progress.abandon();
                return Err(format!("{fault}\nerror: {} and {with} do not agree", peer.name));
            }
        }
    }
    Ok(())
}

/// Installs a peer below the target folder, unless it is there already.
fn install(peer: &Peer) -> Result<PathBuf, String> {
    let home = target().join("peers").join(peer.name);
    let mark = home.join("installed");
    if std::fs::read_to_string(&mark).is_ok_and(|package| package == peer.package) {
        return Ok(home);
    }
    let told = |error: std::io::Error| format!("error: cannot write {}: {error}", home.display());
    std::fs::create_dir_all(&home).map_err(told)?;
    let title = format!("install {}", peer.package);
    match peer.language {
        Language::Python => {
            let python = ["python3", "python"].into_iter().find(|python| has(python, "--version"));
            let python = python.ok_or("error: there is no Python")?;
            quietly(&format!("{title}: a place for it"), Command::new(python).args(["-m", "venv"]).arg(&home))?;
            let mut pip = Command::new(interpreter(peer, &home));
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", peer.package]);
            quietly(&title, &mut pip)?;
        }
        Language::JavaScript => npm_install(&home, &[peer.package])?,
    }
    std::fs::write(mark, peer.package).map_err(told)?;
    Ok(home)
}

fn interpreter(peer: &Peer, home: &Path) -> PathBuf {
    match (peer.language, cfg!(windows)) {
        (Language::JavaScript, _) => "node".into(),
        (Language::Python, true) => home.join("Scripts").join("python.exe"),
        (Language::Python, false) => home.join("bin").join("python"),
    }
}

/// Lets a peer do its work, and compares what it reports with what the portal holds.
fn meet(peer: &Peer, home: &Path, portal: &Portal) -> Done {
    portal.control("POST", "reset", &json!({}))?;
    portal.control("POST", "fill", &json!({ "collection": "crm.deal", "count": DEALS }))?;
    let before = numbers(&portal.collection("crm.deal")?, |_| true);
    let mut command = Command::new(interpreter(peer, home));
    command.arg(root().join("xtask").join("peers").join(peer.script)).current_dir(home).env("PACKAGES", home);
    for (name, key) in
        [("CONTROL", "address"), ("TOKEN", "token"), ("REFRESH", "refresh_token"), ("CLIENT", "client_id")]
    {
        command.env(name, portal.told(key));
    }
    command.env("SECRET", portal.told("client_secret"));
    command.env("OINT", portal.oint()).env("PLAIN_HOOK", portal.told("webhook"));
    command.env("HOOK", portal.told("webhook").replace(&portal.told("address"), &portal.told("secure_address")));
    for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
        command.env(name, portal.certificate());
    }
    command.env("NO_PROXY", "*").env("no_proxy", "*").env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().map_err(|error| format!("error: cannot run {}: {error}", peer.name))?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(format!("{stdout}{stderr}error: {} ended with {}", peer.name, output.status));
    }
    let report = stdout.lines().last().and_then(|line| serde_json::from_str(line).ok());
    let report: Value = report.ok_or_else(|| format!("{stdout}{stderr}error: {} reported nothing", peer.name))?;
    if peer.name == ASSISTANT {
        compare_assistant(&report, portal)
    } else {
        compare(&report, peer.keeps_order, &before, portal)
    }
}

/// What the client of `oint mcp` may have made and removed.
fn compare_assistant(report: &Value, portal: &Portal) -> Done {
    let deals = portal.collection("crm.deal")?;
    let named = |title: &str| numbers(&deals, |deal| deal["TITLE"] == title);
    let (made, gone) = (named("By an assistant"), named("Gone"));
    if json!(made) == json!([report["made"]]) && gone.is_empty() && deals.len() == DEALS + 1 {
        return Ok(());
    }
    Err(format!("the client reports {report}, the portal has {} deals, made {made:?}, left {gone:?}", deals.len()))
}

/// The numbers of the records that are wanted.
fn numbers(records: &[Value], wanted: impl Fn(&Value) -> bool) -> Vec<u64> {
    let number =
        |record: &Value| record["ID"].as_str().and_then(|id| id.parse().ok()).or_else(|| record["ID"].as_u64());
    records.iter().filter(|record| wanted(record)).filter_map(number).collect()
}

fn compare(report: &Value, keeps_order: bool, before: &[u64], portal: &Portal) -> Done {
    let mut wrong = Vec::new();
    let mut check = |what: &str, is: &Value, should: Value| {
        if *is != should {
            wrong.push(format!("{what} is {is}, the portal has {should}"));
        }
    };
    check("the list of all deals", &report["listed"], json!(before));
    if !report["fast"].is_null() {
        check("the list in its other way", &report["fast"], json!(before));
    }
    let deals = portal.collection("crm.deal")?;
    let title = |deal: &Value| deal["TITLE"].as_str().unwrap_or_default().to_owned();
    let of_call = |at| numbers(&deals, |deal| title(deal) == format!("Of a batch {at}"));
    let (mut of_calls, mut many) = ((0..MANY).flat_map(of_call).collect::<Vec<_>>(), report["many"].clone());
    if !keeps_order {
        of_calls.sort_unstable();
        many.as_array_mut().into_iter().for_each(|many| many.sort_by_key(Value::as_u64));
    }
    check("what the calls of the batches made", &many, json!(of_calls));
    let of_batch = numbers(&deals, |deal| title(deal).starts_with("Of a batch "));
    check("how many the batches made", &json!(of_batch.len()), json!(MANY));
    let changed = numbers(&deals, |deal| title(deal).ends_with(", changed"));
    check("the deal that was made and changed", &json!([report["added"]]), json!(changed));
    let removed = numbers(&deals, |deal| title(deal) == "To be removed");
    check("what is left of the deal that was removed", &json!(removed), json!([]));
    check("whether that deal had a number", &json!(report["gone"].is_u64()), json!(true));
    let mut files = portal.collection("disk.object")?;
    files.retain(|one| one["TYPE"] == "file");
    // The answer to an upload has numbers where later answers have text.
    let uploaded = numbers(&files, |_| true);
    check("the file that was uploaded", &json!([report["file"]]), json!(uploaded));
    let log = portal.control("GET", "log", &json!({}))?;
    let refused = log["counts"]["statuses"]["503"].as_u64().unwrap_or(0);
    check("whether the burst met the limit", &json!(refused > 0), json!(true));
    check("whether it was survived", &json!(report["burst"].as_u64().unwrap_or(0) >= 8), json!(true));
    if let Some(profiles) = report.get("profiles") {
        check("the caller before and after the token ran out", profiles, json!(["1", "1"]));
        let asked = log["counts"]["token_requests"].as_u64().unwrap_or(0);
        check("whether a new token was asked for", &json!(asked > 0), json!(true));
    }
    if let Some(tasks) = report.get("tasks") {
        check("the task of REST 3.0", tasks, json!(["By b24jssdk", 1]));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}
