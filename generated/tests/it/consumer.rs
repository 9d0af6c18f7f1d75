//! A crate of its own that depends on this one with the feature `user` alone: it compiles, changes an account, and
//! neither clap nor a server is among its dependencies.

use std::path::Path;
use std::process::Command;

use crate::support::portal;

#[test]
fn a_consumer_of_one_scope_works_and_stays_small() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    let put = |path: &str, text: &str| {
        let place = folder.path().join(path);
        std::fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        std::fs::write(place, text).expect("written");
    };
    put(
        "Cargo.toml",
        &format!(
            "[package]\nname = \"consumer\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n[dependencies]\n\
             bitrix24 = {{ path = {project:?}, features = [\"user\"] }}\ntokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n"
        ),
    );
    put("src/main.rs", include_str!("data/consumer.rs"));
    // The same versions as here, so that nothing new is fetched.
    let lock = std::fs::read(project.join("../Cargo.lock")).expect("the lock file");
    std::fs::write(folder.path().join("Cargo.lock"), lock).expect("written");
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // A target folder that outlives the test keeps the second run short.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("consumer");
        command.current_dir(folder.path()).env("CARGO_TARGET_DIR", target).args(arguments);
        command
    };
    let tree = cargo(&["tree", "--prefix", "none", "--edges", "normal"]).output().expect("cargo runs");
    let tree = String::from_utf8_lossy(&tree.stdout).into_owned();
    assert!(tree.contains("reqwest v"), "{tree}");
    for unwanted in ["clap v", "serde_yaml v", "textwrap v"] {
        assert!(!tree.contains(unwanted), "{unwanted} is a dependency:\n{tree}");
    }
    let portal = portal();
    let output = cargo(&["run", "--quiet"]).arg("--").arg(portal.webhook()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "true Oleg");
    assert_eq!(portal.requests().len(), 2);
}
