//! `cargo xtask bench cli`: `oint` beside other command lines and scripts that use the portal's SDKs: starting, and one call
//! from the start of the process to its end, on the simulated portal that `bench client` uses.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::bench::client::{Bench, HTTPS, control, folder, home};
use crate::bench::{cpu, fault};
use crate::run::{Done, cargo, has, quietly, target};

#[derive(clap::Args)]
pub(crate) struct Cli {
    /// The folder with `portal.mjs` and the peers' scripts [env: B24_PEERS_BENCH].
    #[arg(long, value_name = "FOLDER")]
    peers: Option<PathBuf>,
    /// How often each command is run.
    #[arg(long, default_value_t = 40)]
    times: u32,
    /// How often those are run that take a hundred times as long.
    #[arg(long, default_value_t = 5)]
    slow_times: u32,
}

/// A command and what it is called in the table.
struct Case {
    title: &'static str,
    program: PathBuf,
    words: Vec<String>,
    is_slow: bool,
}

pub(crate) fn cli(arguments: &Cli) -> Done {
    let folder = folder(arguments.peers.clone())?;
    if !has("node", "--version") || !has("curl", "--version") {
        return Err("error: the bench needs node and curl".into());
    }
    quietly(
        "build oint",
        cargo().args(["build", "--release", "--package", "bitrix24", "--features", "full,cli", "--bin", "oint"]),
    )?;
    let oint = target().join("release").join(format!("oint{}", std::env::consts::EXE_SUFFIX));
    println!("oint: {} kB", std::fs::metadata(&oint).map_err(fault)?.len() / 1000);
    let bench = Bench { ours: oint.clone(), home: home()?, folder };
    let _portal = bench.start()?;
    control("reset", r#"{"n": 100, "latency": 0, "limiter": false}"#)?;
    let case = |title, program: PathBuf, words: &[&str], is_slow| Case {
        title,
        program,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        is_slow,
    };
    let python = |folder: &str| bench.home.join(folder).join("bin/python");
    let script = |name: &str| bench.folder.join("clients").join(name).display().to_string();
    let authority = bench.home.join("certs/ca.pem").display().to_string();
    let profile = format!("https://localhost:{HTTPS}/rest/1/secret/profile.json");
    println!("\n| start | CPU ms | wall ms | × curl |\n|-|-:|-:|-:|");
    table(
        arguments,
        &bench,
        "curl --version",
        vec![
            case("curl --version", "curl".into(), &["--version"], false),
            case("**oint --version**", oint.clone(), &["--version"], false),
            case(
                "**oint bitrix24 crm.deal.list --help**",
                oint.clone(),
                &["bitrix24", "crm.deal.list", "--help"],
                false,
            ),
            case("**oint search deal list**", oint.clone(), &["search", "deal", "list"], false),
            case("node, an empty script", "node".into(), &["-e", "0"], false),
            case("python, an empty script", python("v-py"), &["-c", ""], false),
            case("b24api --help", bench.home.join("v-b24api/bin/b24api"), &["--help"], true),
        ],
    )?;
    println!("\n| one call of `profile` | CPU ms | wall ms | × curl |\n|-|-:|-:|-:|");
    table(
        arguments,
        &bench,
        "curl",
        vec![
            case("curl", "curl".into(), &["-sS", "--cacert", &authority, &profile], false),
            case("**oint bitrix24 profile**", oint.clone(), &["bitrix24", "profile"], false),
            case("**… --output table**", oint, &["bitrix24", "profile", "--output", "table"], false),
            case(
                "b24api call profile",
                bench.home.join("v-b24api/bin/b24api"),
                &["call", "profile", "--route", "bare"],
                true,
            ),
            case("a script with b24pysdk", python("v-py"), &[&script("py.py"), "one"], true),
            case("a script with fast_bitrix24", python("v-fast"), &[&script("fast.py"), "one"], true),
            case("a script with b24jssdk", "node".into(), &[&script("js.mjs"), "one"], true),
        ],
    )
}

/// Runs the cases that are installed, and prints a line for each.
fn table(arguments: &Cli, bench: &Bench, reference: &str, cases: Vec<Case>) -> Done {
    let mut base = None;
    for case in cases {
        let is_there = case.program.components().count() == 1 || case.program.exists();
        if !is_there {
            println!("| {} | not installed | | |", case.title);
            continue;
        }
        let times = if case.is_slow { arguments.slow_times } else { arguments.times }.max(1);
        let (cpu, wall) = measure(bench, &case, times)?;
        if case.title == reference {
            base = Some(cpu);
        }
        let ratio = base.filter(|base| *base > 0.0).map(|base| format!("{:.1}", cpu / base)).unwrap_or_default();
        println!("| {} | {cpu:.1} | {wall:.1} | {ratio} |", case.title);
    }
    Ok(())
}

/// The milliseconds of CPU and of wall time that one run takes.
fn measure(bench: &Bench, case: &Case, times: u32) -> Result<(f64, f64), String> {
    let out = tempfile::NamedTempFile::new().map_err(fault)?;
    let once = || -> Done {
        let hook = format!("https://localhost:{HTTPS}/rest/1/secret/");
        let authority = bench.home.join("certs/ca.pem");
        let mut command = Command::new(&case.program);
        command.args(&case.words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        for variable in ["HOOK", "B24_URL", "BITRIX24_API_WEBHOOK_URL"] {
            command.env(variable, &hook);
        }
        for variable in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
            command.env(variable, &authority);
        }
        command.env("OUT", out.path()).env("B24_LIMITS", "off").env("NO_PROXY", "*").env("JS_NOLIMIT", "1");
        let output = command.output().map_err(|error| format!("error: {}: {error}", case.program.display()))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("{}error: {} ended with {}", String::from_utf8_lossy(&output.stderr), case.title, output.status))
    };
    once()?;
    let (since, before) = (Instant::now(), cpu().1);
    for _ in 0..times {
        once()?;
    }
    let of_one = 1000.0 / f64::from(times);
    Ok(((cpu().1 - before) * of_one, since.elapsed().as_secs_f64() * of_one))
}
