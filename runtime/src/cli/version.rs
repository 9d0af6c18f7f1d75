//! `oint version`: which build this is.

use clap::{Arg, ArgAction, Command as Clap};
use serde_json::json;

use crate::cli::command::is_set;
use crate::cli::exit::{Exit, Stop};
use crate::cli::sub;
use crate::table::Tables;

pub(crate) fn clap() -> Clap {
    sub::clap("version", "Show the version, with --json what is in this build").arg(
        Arg::new("json")
            .long("json")
            .action(ArgAction::SetTrue)
            .help("Show version, target, methods and features as JSON"),
    )
}

/// `oint version`
pub(crate) fn run(tables: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    let Some(matches) = sub::parse(clap(), arguments)? else { return Ok(Exit::Done) };
    if !is_set(&matches, "json") {
        return super::print(concat!("oint ", env!("CARGO_PKG_VERSION"), "\n"));
    }
    let mut methods: Vec<String> = Vec::new();
    let mut functions = 0;
    for command in tables.commands() {
        functions += 1;
        methods.extend(command.method.map(|method| format!("{method}@{}", command.rest)));
    }
    methods.sort_unstable();
    methods.dedup();
    super::print_json(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "target": target(),
        "methods": methods.len(),
        "functions": functions,
        "features": features(),
        "tables": format!("fnv1a64:{:016x}", digest([tables.rows, tables.names])),
    }))
}

/// The platform that this build is for, in the form that compilers name it.
fn target() -> String {
    let vendor = match std::env::consts::OS {
        "macos" | "ios" => "apple",
        "windows" => "pc",
        _ => "unknown",
    };
    let system = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    let environment = ["gnu", "musl", "msvc"].into_iter().find(|name| match *name {
        "gnu" => cfg!(target_env = "gnu"),
        "musl" => cfg!(target_env = "musl"),
        _ => cfg!(target_env = "msvc"),
    });
    let parts = [Some(std::env::consts::ARCH), Some(vendor), Some(system), environment];
    parts.into_iter().flatten().collect::<Vec<_>>().join("-")
}

fn features() -> Vec<&'static str> {
    let all = [
        ("cli", cfg!(feature = "cli")),
        ("blocking", cfg!(feature = "blocking")),
        ("mcp", cfg!(feature = "mcp")),
        ("sandbox", cfg!(feature = "sandbox")),
        ("sandbox-db", cfg!(feature = "sandbox-db")),
    ];
    all.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect()
}

/// A digest that tells tables apart (FNV-1a); no protection against anybody.
fn digest<const N: usize>(texts: [&str; N]) -> u64 {
    let bytes = texts.into_iter().flat_map(str::bytes);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_fnv() {
        assert_eq!(digest([""]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(digest(["foo", "bar"]), 0x8594_4171_f739_67e8);
    }
}
