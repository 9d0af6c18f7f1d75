//! Files that a secret is read from, and whether other users of the machine can read it there as well.

use std::path::Path;

use crate::auth::is_open_to_others;
use crate::cli::{shell, warn};

/// Names of what another process or a container's host hands over: its mode is not the user's to change.
const NOT_OURS: &[&str] = &["/dev/fd", "/dev/stdin", "/proc", "/run/secrets", "/var/run/secrets"];

/// Whether other users of the machine can read a file that its user should keep from them.
pub(crate) fn is_exposed(path: &Path) -> bool {
    !NOT_OURS.iter().any(|folder| path.starts_with(folder))
        && std::fs::metadata(path).is_ok_and(|file| file.is_file() && is_open_to_others(&file))
}

/// What is wrong with an exposed file.
pub(crate) fn fault(path: &Path) -> String {
    format!("other users of this machine can read {}, which holds a secret", path.display())
}

/// What takes the file from the others.
pub(crate) fn remedy(path: &Path) -> String {
    format!("chmod 600 {}", shell::word(&path.display().to_string()))
}

/// Warns of an exposed file.
pub(crate) fn warn_of(path: &Path) {
    warn(&format!("{}\nhelp: {}", fault(path), remedy(path)));
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn files_are_exposed_and_pipes_are_not() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        for (mode, expected) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o777, true)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).expect("changed");
            assert_eq!(is_exposed(file.path()), expected, "{mode:o}");
        }
        for other in ["/dev/null", "/dev/stdin", "/dev/fd/0", "/proc/self/status", "/nowhere/token", "/"] {
            assert!(!is_exposed(Path::new(other)), "{other}");
        }
    }
}
