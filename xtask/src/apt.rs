//! Debian's packages, for chores that need a program no other registry has.

use std::process::Command;

use crate::run::{Done, has, quietly};

/// Whether packages can be installed here: a Debian system, and its administrator.
pub(crate) fn can_install() -> bool {
    let is_root = || Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    has("apt-get", "--version") && is_root()
}

/// Installs packages; `area` is what they are for, in a word.
pub(crate) fn install(area: &str, packages: &[&str]) -> Done {
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        // Another installation may be under way; it ends by itself.
        command.args(["-o", "DPkg::Lock::Timeout=600"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    let names = packages.join(", ");
    quietly(&format!("{area}: look for {names}"), &mut apt(&["update"]))?;
    let mut install = apt(&["install", "--yes", "--no-install-recommends"]);
    quietly(&format!("{area}: install {names}"), install.args(packages))
}
