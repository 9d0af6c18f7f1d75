//! What is made when the client is compiled: how `oint` is linked, and where each row of its tables begins.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const ROWS: &str = "src/tables/rows.ndjson";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={ROWS}");
    fix_address();
    let folder = env::var("OUT_DIR")?;
    fs::write(Path::new(&folder).join("places.tsv"), places(&fs::read_to_string(ROWS)?))?;
    Ok(())
}

/// Links `oint` for Linux at a fixed address. A program that can be loaded anywhere has its tens of thousands of pointers
/// adjusted at each start, which takes longer than most commands do; stack, heap and libraries stay where chance puts them.
fn fix_address() {
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

/// The lines `<key>\t<place>\t<length>` of `bitrix24_runtime::table::Tables::places`. They are not kept beside the rows, as
/// a change of one row moves those of all that follow.
fn places(rows: &str) -> String {
    let mut places = String::new();
    let mut at = 0;
    for line in rows.split_inclusive('\n') {
        if let Some(key) = line.strip_prefix("{\"key\":\"").and_then(|rest| rest.split('"').next()) {
            let length = line.trim_end_matches('\n').len();
            let _ = writeln!(places, "{key}\t{at}\t{length}");
        }
        at += line.len();
    }
    places
}
