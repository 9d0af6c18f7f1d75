//! `cargo xtask bench client`: the client beside its peers, on a simulated portal that is independent of this project's.
//! That portal and the peers' scripts are no part of the project; their folder is named by option or environment.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::fault;
use crate::run::{Done, cargo, has, quietly, target};

/// The environment variable that names the folder.
const FOLDER: &str = "B24_PEERS_BENCH";
/// The portal's ports, which the peers' scripts know.
pub(super) const HTTPS: u16 = 8443;
const CONTROL: u16 = 8080;

#[derive(clap::Args)]
pub(crate) struct Client {
    /// The folder with `run.py`, `portal.mjs` and the peers' scripts [env: B24_PEERS_BENCH].
    #[arg(long, value_name = "FOLDER")]
    peers: Option<PathBuf>,
    /// Only the cases whose name begins so: overhead, limited, burst, full, two, slow, one, fault.
    #[arg(long, value_name = "NAME")]
    case: Vec<String>,
    /// Only these clients: ours, curl, fast, py, api, js, bad.
    #[arg(long, value_name = "CLIENT")]
    client: Vec<String>,
    /// How often each case is run; the middle one counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// A case: its name, the words for `run.py`, and who takes part besides our client.
struct Case {
    name: &'static str,
    words: &'static str,
    peers: &'static [&'static str],
}

const fn case(name: &'static str, words: &'static str, peers: &'static [&'static str]) -> Case {
    Case { name, words, peers }
}

/// A peer is a client with, behind a colon, the scenario in which it does the same.
const CASES: &[Case] = &[
    case("overhead", "list --n 50000 --latency 5 --limiter 0", &["ours:listvalues", "py:listfast", "fast", "js"]),
    case("limited", "list --n 50000 --latency 80 --limiter 1", &["py:listfast", "fast"]),
    case("burst-get", "get 6000 --n 7000 --latency 80 --limiter 1", &["js", "fast"]),
    case("burst-add", "add 6000 --n 100 --latency 80 --limiter 1", &["js", "fast"]),
    case("full-get", "get 6000 --n 7000 --latency 80 --limiter 1 --prefill 50", &["js", "fast"]),
    case("full-add", "add 6000 --n 100 --latency 80 --limiter 1 --prefill 50", &["js", "fast"]),
    case("slow", "list --n 200000 --latency 80 --cmd-latency 20 --limiter 1", &["fast"]),
    case("one", "one --n 100 --latency 5 --limiter 0", &["curl", "py", "fast", "js"]),
];

/// What goes wrong, and in which scenarios; the portal's limit is off, so that only the fault matters.
const KINDS: &[&str] =
    &["drop_after", "drop_before", "504html_after", "500html", "503", "truncate", "truncate_conn", "401expired"];

pub(crate) fn client(arguments: &Client) -> Done {
    let folder = folder(arguments.peers.clone())?;
    if !has("python3", "--version") || !has("node", "--version") {
        return Err("error: the bench needs python3 and node".into());
    }
    quietly(
        "build bench_client",
        cargo().args(["build", "--release", "--package", "bitrix24-runtime", "--example", "bench_client"]),
    )?;
    let bench = Bench { folder, ours: target().join("release/examples/bench_client"), home: home()? };
    let _portal = bench.start()?;
    let chosen = |name: &str| arguments.case.is_empty() || arguments.case.iter().any(|case| name.starts_with(&**case));
    let takes_part = |client: &str| arguments.client.is_empty() || arguments.client.iter().any(|name| name == client);
    println!("| case | client | wall s | CPU s | MB | requests | 503 | connections | outcome |");
    println!("|-|-|-:|-:|-:|-:|-:|-:|-|");
    for case in CASES.iter().filter(|case| chosen(case.name)) {
        for peer in std::iter::once(&"ours").chain(case.peers) {
            let (client, scenario) = peer.split_once(':').unwrap_or((peer, ""));
            if takes_part(client) && bench.has(client) {
                bench.measure(case, client, scenario, arguments.rounds)?;
            }
        }
    }
    if chosen("two") && takes_part("ours") {
        for (name, is_shared) in [("two, sharing the bucket", true), ("two, each for itself", false)] {
            bench.two(name, is_shared)?;
        }
    }
    if chosen("fault") {
        for client in ["ours", "py", "fast", "js", "api", "bad"] {
            if takes_part(client) && bench.has(client) {
                bench.faults(client)?;
            }
        }
    }
    Ok(())
}

/// The folder that is named by an option, or by the environment.
pub(super) fn folder(named: Option<PathBuf>) -> Result<PathBuf, String> {
    let named = named.or_else(|| std::env::var_os(FOLDER).map(PathBuf::from));
    let folder = named.ok_or_else(|| {
        format!(
            "error: the bench beside the peers is no part of this project: name the folder that holds its run.py and \
             portal.mjs with --peers or {FOLDER}"
        )
    })?;
    match ["run.py", "portal.mjs", "mkcerts.sh"].iter().find(|name| !folder.join(name).is_file()) {
        Some(name) => Err(format!("error: {} holds no {name}", folder.display())),
        None => Ok(folder),
    }
}

/// Where peers and certificates are.
pub(super) fn home() -> Result<PathBuf, String> {
    let named = std::env::var_os("PEERS_HOME").map(PathBuf::from);
    let usual = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/bitrix24-peers"));
    named.or_else(usual).ok_or_else(|| "error: neither PEERS_HOME nor HOME is set".into())
}

pub(super) struct Bench {
    pub(super) folder: PathBuf,
    pub(super) ours: PathBuf,
    pub(super) home: PathBuf,
}

/// A process that ends with the bench.
pub(super) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Bench {
    pub(super) fn start(&self) -> Result<Running, String> {
        if TcpStream::connect(("127.0.0.1", CONTROL)).is_ok() || TcpStream::connect(("127.0.0.1", HTTPS)).is_ok() {
            return Err(format!("error: the ports {HTTPS} and {CONTROL} must be free"));
        }
        if !self.home.join("certs/srv.pem").is_file() {
            let mut command = Command::new("sh");
            quietly("make certificates", command.arg(self.folder.join("mkcerts.sh")).env("PEERS_HOME", &self.home))?;
        }
        let portal = Command::new("node")
            .arg(self.folder.join("portal.mjs"))
            .args(["--https", &HTTPS.to_string(), "--http", &CONTROL.to_string()])
            .env("PEERS_HOME", &self.home)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(fault)?;
        let portal = Running(portal);
        let since = Instant::now();
        while TcpStream::connect(("127.0.0.1", HTTPS)).is_err() {
            if since.elapsed() > Duration::from_secs(15) {
                return Err("error: the portal does not start; try `node portal.mjs` in its folder".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(portal)
    }

    /// Whether a client is installed.
    fn has(&self, client: &str) -> bool {
        let place = match client {
            "fast" => "v-fast",
            "py" => "v-py",
            "api" => "v-b24api",
            "js" | "bad" => "n-js",
            _ => return true,
        };
        self.home.join(place).is_dir()
    }

    /// One run of `run.py`: what it tells.
    fn run(&self, client: &str, words: &[&str]) -> Result<Value, String> {
        let mut command = Command::new("python3");
        command.arg(self.folder.join("run.py")).arg(client).args(words);
        command.env("HOOK", format!("https://localhost:{HTTPS}/rest/1/secret/"));
        command.env("OURS", &self.ours).env("PEERS_HOME", &self.home).env("CTL_PORT", CONTROL.to_string());
        if client == "ours" && words.windows(2).any(|pair| pair == ["--limiter", "0"]) {
            command.args(["--env", "LIMITS=off"]);
        }
        if client == "js" && words.windows(2).any(|pair| pair == ["--limiter", "0"]) {
            command.args(["--env", "JS_NOLIMIT=1"]);
        }
        let output = command.args(["--timeout", "300"]).output().map_err(fault)?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().last().unwrap_or_default();
        serde_json::from_str(line).map_err(|_| {
            format!("error: run.py {client} {words:?} says no JSON:\n{}", String::from_utf8_lossy(&output.stderr))
        })
    }

    fn measure(&self, case: &Case, client: &str, scenario: &str, rounds: usize) -> Done {
        let mut words: Vec<&str> = case.words.split(' ').collect();
        if !scenario.is_empty() {
            words[0] = scenario;
        }
        let mut runs = Vec::new();
        for _ in 0..rounds.max(1) {
            runs.push(self.run(client, &words)?);
        }
        // The middle of what was measured; what was found must be found each time, so the worst counts.
        let middle = |key: &str| {
            let mut numbers: Vec<f64> = runs.iter().filter_map(|run| run[key].as_f64()).collect();
            numbers.sort_by(f64::total_cmp);
            numbers.get(numbers.len() / 2).copied().unwrap_or_default()
        };
        let worst = runs.iter().max_by_key(|run| badness(run)).cloned().unwrap_or_default();
        let shown = if scenario.is_empty() { client.to_owned() } else { format!("{client}, {scenario}") };
        println!(
            "| {} | {shown} | {:.2} | {:.2} | {:.0} | {} | {} | {} | {} |",
            case.name,
            middle("wall"),
            middle("cpu"),
            middle("rss_mb"),
            middle("http"),
            middle("r503"),
            middle("conns"),
            outcome(&worst)
        );
        Ok(())
    }

    /// Two of our programs at once, 60 batches each.
    fn two(&self, name: &str, is_shared: bool) -> Done {
        control("reset", r#"{"n": 7000, "latency": 80, "limiter": true}"#)?;
        let folder = tempfile::tempdir().map_err(fault)?;
        let since = Instant::now();
        let mut programs = Vec::new();
        for number in 0..2 {
            let mut command = Command::new(&self.ours);
            command.args(["get", "3000"]).env("HOOK", format!("https://localhost:{HTTPS}/rest/1/secret/"));
            command.env("OUT", folder.path().join(format!("{number}.json")));
            command.env("SSL_CERT_FILE", self.home.join("certs/ca.pem")).env("NO_PROXY", "*");
            if is_shared {
                command.env("SHARED", folder.path());
            }
            programs.push(command.spawn().map_err(fault)?);
        }
        let mut failed = 0;
        for program in &mut programs {
            failed += usize::from(!program.wait().map_err(fault)?.success());
        }
        let wall = since.elapsed().as_secs_f64();
        let stats = control("stats", "")?;
        let got: usize = (0..2).map(|number| ids(&folder.path().join(format!("{number}.json")))).sum();
        println!(
            "| {name} | ours | {wall:.2} | | | {} | {} | {} | {got} of 6000, {failed} failed |",
            stats["requests"], stats["limited"], stats["tlsConns"]
        );
        Ok(())
    }

    fn faults(&self, client: &str) -> Done {
        let limits = ["--latency", "20", "--limiter", "0"];
        let run = |title: &str, words: &[&str], fault: &str, kind: &str| -> Done {
            let words = [words, &limits, &[if kind == "mutate" { "--mutate" } else { "--fault" }, fault]].concat();
            let run = self.run(client, &words)?;
            println!(
                "| fault: {title} | {client} | {} | {} | | {} | | {} | {} |",
                run["wall"],
                run["cpu"],
                run["http"],
                run["conns"],
                outcome(&run)
            );
            Ok(())
        };
        for kind in KINDS {
            let second = format!(r#"{{"match":"batch","at":[2],"kind":"{kind}"}}"#);
            let first = format!(r#"{{"match":"*","at":[1],"kind":"{kind}"}}"#);
            let any_second = format!(r#"{{"match":"*","at":[2],"kind":"{kind}"}}"#);
            run(&format!("{kind}, second batch of 200 adds"), &["add", "200", "--n", "100"], &second, kind)?;
            run(&format!("{kind}, one add"), &["addone", "--n", "100"], &first, kind)?;
            run(&format!("{kind}, second request of a list"), &["list", "--n", "10000"], &any_second, kind)?;
        }
        for at in ["10", "1"] {
            let refused = format!(r#"{{"match":"batch","at":[2],"kind":"batch_cmd_error","cmd":[{at}]}}"#);
            run(&format!("command {at} refused, list"), &["list", "--n", "10000"], &refused, "")?;
        }
        let refused = r#"{"match":"batch","at":[2],"kind":"batch_cmd_error","cmd":[10]}"#;
        run("command 10 refused, adds", &["add", "200", "--n", "100"], refused, "")?;
        run("command 10 refused, gets", &["get", "200", "--n", "1000"], refused, "")?;
        run("7 deleted meanwhile, list", &["list", "--n", "10000"], r#"{"at":[2],"deleteFirst":7}"#, "mutate")?;
        let hang = r#"{"match":"*","at":[1],"kind":"hang_after","ms":45000}"#;
        run("silence of 45 s, one add", &["addone", "--n", "100"], hang, "")
    }
}

fn ids(file: &Path) -> usize {
    let text = fs::read_to_string(file).unwrap_or_default();
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    value["ids"].as_array().map_or(0, Vec::len)
}

/// How bad a run ended: killed or failed, lost, doubled, out of order.
fn badness(run: &Value) -> i64 {
    let number = |key: &str| run[key].as_i64().unwrap_or(0);
    i64::from(number("exit") != 0) * 1_000_000
        + number("lost")
        + number("dup")
        + number("doubled")
        + number("missing")
        + i64::from(run["ordered"] == false)
}

/// What a run brought, in words.
fn outcome(run: &Value) -> String {
    let mut words = Vec::new();
    if run["killed"] == true {
        words.push("did not end".to_owned());
    } else if run["exit"].as_i64() != Some(0) {
        let said = run["stderr"].as_str().unwrap_or_default().replace('|', "/");
        words.push(format!("error: {}", said.chars().take(110).collect::<String>()));
    } else {
        words.push("ok".to_owned());
    }
    for (key, title) in [
        ("got", "got"),
        ("client_ids", "numbers given"),
        ("committed", "made"),
        ("doubled", "DOUBLED"),
        ("lost", "lost"),
        ("dup", "REPEATED"),
        ("missing", "missing"),
    ] {
        match run[key].as_i64() {
            Some(0) | None => {}
            Some(number) => words.push(format!("{title} {number}")),
        }
    }
    if run["ordered"] == false {
        words.push("order lost".to_owned());
    }
    words.join(", ")
}

/// Asks the portal's control port.
pub(super) fn control(what: &str, body: &str) -> Result<Value, String> {
    let mut stream = TcpStream::connect(("127.0.0.1", CONTROL)).map_err(fault)?;
    let verb = if body.is_empty() { "GET" } else { "POST" };
    let head = format!("{verb} /_ctl/{what} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all((head + body).as_bytes()).map_err(fault)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(fault)?;
    let (_, json) = answer.split_once("\r\n\r\n").ok_or("error: the portal's control port says nothing")?;
    serde_json::from_str(json).map_err(|error| format!("error: the portal's control port: {error}"))
}
