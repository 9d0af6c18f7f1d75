//! Completion: what `oint` offers, and what real shells make of it.

use std::path::PathBuf;
use std::process::Command;

use crate::support::{oint, run, told};

/// What is offered behind these words, the last of which is being typed: the flags, and candidates with their meanings.
fn offered(words: &[&str]) -> (String, Vec<(String, String)>) {
    let (code, stdout, stderr) = run(&[&["__complete", "fish"], words].concat());
    assert_eq!((code, stderr.as_str()), (0, ""), "{words:?}");
    let mut lines = stdout.lines();
    let flags = lines.next().unwrap_or_default().to_owned();
    let split = |line: &str| {
        line.split_once('\t').map_or((line.to_owned(), String::new()), |(a, b)| (a.to_owned(), b.to_owned()))
    };
    (flags, lines.map(split).collect())
}

fn words(words: &[&str]) -> Vec<String> {
    offered(words).1.into_iter().map(|(word, _)| word).collect()
}

#[test]
fn commands_methods_and_categories_are_offered() {
    let all = words(&[""]);
    for command in ["bitrix24", "auth", "doctor", "completion", "man", "sandbox"] {
        assert!(all.contains(&command.to_owned()), "{all:?}");
    }
    assert!(!all.iter().any(|word| word.starts_with('_')), "{all:?}");
    assert_eq!(words(&["auth", "log"]), ["login", "logout"]);
    let (flags, found) = offered(&["bitrix24", "user.upd"]);
    assert_eq!((flags.as_str(), found[0].0.as_str()), ("", "user.update"));
    assert_eq!(found[0].1, "Update user");
    // Many are offered by the parts of their names.
    let (flags, found) = offered(&["bitrix24", "crm."]);
    assert_eq!(flags, "open");
    assert!(found.contains(&(
        "crm.deal.".to_owned(),
        found.iter().find(|(word, _)| word == "crm.deal.").expect("deals").1.clone()
    )));
    assert!(found.iter().all(|(word, _)| word.starts_with("crm.")) && found.len() < 100, "{}", found.len());
    assert!(words(&["bitrix24", "UpdateU"]).contains(&"UpdateUser".to_owned()));
    assert!(words(&["bitrix24", "update-u"]).contains(&"update-user".to_owned()));
    assert!(words(&["bitrix24", "ИзменитьП"]).contains(&"ИзменитьПользователя".to_owned()));
    assert!(words(&["bitrix24", "task"]).contains(&"tasks".to_owned()), "a category");
    assert!(words(&["bitrix24", "no.such.method"]).is_empty());
}

#[test]
fn options_and_values_are_offered() {
    let all = words(&["bitrix24", "user.update", "--"]);
    assert_eq!(all[0], "--userid", "what is needed comes first");
    assert!(all.contains(&"--fields".to_owned()) && all.contains(&"--profile".to_owned()));
    let left = words(&["bitrix24", "user.update", "--userid", "1", "--"]);
    assert!(!left.contains(&"--userid".to_owned()), "{left:?}");
    assert_eq!(words(&["bitrix24", "user.update", "--output", "n"]), ["ndjson"]);
    assert_eq!(words(&["bitrix24", "user.update", "--output=n"]), ["--output=ndjson"]);
    assert_eq!(words(&["bitrix24", "user.update", "--color", ""]), ["auto", "always", "never"]);
    assert_eq!(offered(&["bitrix24", "user.update", "--fields", ""]).0, "files");
    assert_eq!(words(&["completion", "z"]), ["zsh"]);
    assert_eq!(words(&["auth", "login", "--store", ""]), ["auto", "keyring", "file"]);
    // Every known value of every parameter, by what the tables say.
    for command in bitrix24::TABLES.commands().take(200) {
        let Some(param) = command.params.iter().find(|param| !param.values.is_empty()) else { continue };
        let option = format!("--{}", param.option.as_deref().unwrap_or_default());
        let key = command.key.as_ref();
        assert_eq!(words(&["bitrix24", key, &option, ""]).len(), param.values.len(), "{key} {option}");
        break;
    }
}

#[test]
fn profiles_are_offered_by_name() {
    let home = tempfile::tempdir().expect("a folder");
    let list = "{\"profiles\": {\"work\": {\"portal\": \"https://b24.example.org\", \"kind\": \"token\", \"secret\": \"file\"}}}";
    std::fs::write(home.path().join("profiles.json"), list).expect("written");
    for arguments in [&["auth", "use", ""][..], &["bitrix24", "user.get", "--profile", "w"]] {
        let mut command = oint(&[&["__complete", "zsh"], arguments].concat());
        let (_, stdout, _) = told(&command.env("B24_CONFIG_DIR", home.path()).output().expect("oint runs"));
        assert_eq!(stdout, "\nwork\thttps://b24.example.org\n");
    }
}

/// A shell when it is there; else says so.
fn shell(name: &str) -> Option<PathBuf> {
    let found = std::env::var_os("PATH")
        .and_then(|path| std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file()));
    if found.is_none() {
        println!("skipped: {name} is not there, so that its completion is not tested");
    }
    found
}

/// A folder with `oint` in it, its script for a shell, and something to complete the paths of.
fn stage(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, script, _) = run(&["completion", name]);
    assert_eq!(code, 0);
    std::fs::write(folder.path().join("script"), script).expect("written");
    std::fs::write(folder.path().join("my file.json"), "{}").expect("written");
    #[cfg(unix)]
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_oint"), folder.path().join("oint")).expect("linked");
    folder
}

fn shell_says(program: PathBuf, arguments: &[&str], folder: &tempfile::TempDir) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .env("HOME", folder.path())
        .env("B24_CONFIG_DIR", folder.path());
    let (code, stdout, stderr) = told(&command.output().expect("the shell runs"));
    assert_eq!(code, 0, "{stdout}{stderr}");
    stdout
}

#[cfg(unix)]
#[test]
fn bash_completes() {
    let Some(bash) = shell("bash") else { return };
    let folder = stage("bash");
    // The function is called as Bash calls it; the words are cut at `=` as Bash cuts them.
    let script = r#"
        source script
        complete -p oint
        try() {
            COMP_LINE=$1 COMP_POINT=${#1}; shift
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _oint
            echo "[$(IFS='|'; echo "${COMPREPLY[*]}")]"
        }
        try 'oint bitrix24 user.upd' oint bitrix24 user.upd
        try 'oint bitrix24 user.update --output=nd' oint bitrix24 user.update --output = nd
        try "oint bitrix24 'user.upd" oint bitrix24 "'user.upd"
        try 'oint bitrix24 user.update --fields my' oint bitrix24 user.update --fields my
        try 'oint auth log' oint auth log
    "#;
    let said = shell_says(bash, &["--norc", "--noprofile", "-c", script], &folder);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        ["complete -F _oint oint", "[user.update]", "[ndjson]", "[user.update]", "[my file.json]", "[login|logout]"]
    );
}

/// … and as somebody types, with Tab.
#[cfg(unix)]
#[test]
fn bash_completes_what_is_typed() {
    let Some(bash) = shell("bash") else { return };
    let folder = stage("bash");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("sh");
    command
        .args(["-c", "stty sane; exec \"$0\" --norc --noprofile -i"])
        .arg(bash)
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .env("HOME", folder.path())
        .env("B24_CONFIG_DIR", folder.path())
        .env("TERM", "dumb")
        .env("PS1", "> ");
    let mut typist = rexpect::session::spawn_command(command, Some(60_000)).expect("bash runs");
    typist.send_line("source script; echo rea''dy").expect("typed");
    typist.exp_string("ready").expect("it has the script");
    for (typed, shown) in [
        ("oint bitrix24 user.upd\t", "user.update "),
        ("oint bitrix24 user.get --output=nd\t", "--output=ndjson "),
        ("oint bitrix24 user.update --fi\tmy\t", "--fields my\\ file.json "),
        ("oint auth log\t\t", "login   logout"),
    ] {
        typist.send(typed).and_then(|_| typist.flush()).expect("typed");
        if let Err(error) = typist.exp_string(shown) {
            panic!("{typed:?}: {error}");
        }
        // Ctrl-U empties the line.
        typist.send("\u{15}").and_then(|_| typist.flush()).expect("typed");
    }
    // A shell on a terminal does not end when it is asked by a signal.
    typist.send_line("exit").and_then(|_| typist.exp_eof()).expect("it ends");
}

#[cfg(unix)]
#[test]
fn fish_completes() {
    let Some(fish) = shell("fish") else { return };
    let folder = stage("fish");
    let script = "source script\n\
                  complete -C 'oint bitrix24 user.upd'\n\
                  complete -C 'oint bitrix24 user.update --output=nd'\n\
                  complete -C 'oint bitrix24 user.update --fields my'\n\
                  complete -C 'oint bitrix24 user.update --fields @my'\n\
                  complete -C 'oint auth log'";
    let said = shell_says(fish, &["--no-config", "-c", script], &folder);
    for expected in
        ["user.update\tUpdate user\n", "--output=ndjson\n", "my file.json", "@my file.json", "login\t", "logout\t"]
    {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[cfg(unix)]
#[test]
fn zsh_completes() {
    let Some(zsh) = shell("zsh") else { return };
    let folder = stage("zsh");
    // A zsh on a terminal of its own, driven by another one. What is completed stands on its line.
    let script = r#"
        zmodload zsh/zpty
        zpty z zsh -f -i
        zpty -w z "PS1='> '; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source ./script; echo rea''dy"
        zpty -r z out '*ready*'
        try() {
            zpty -n -w z "$1"$'\t'
            zpty -r z out "*$2*"
            echo "found $2"
            zpty -n -w z $'\x15'
        }
        try 'oint bitrix24 user.upd' 'user.update'
        try 'oint bitrix24 user.update --output=nd' 'ndjson'
        try 'oint bitrix24 user.update --fields my' 'file.json'
        try 'oint auth logi' 'login'
        zpty -d z
    "#;
    // A completion that does not come would be waited for without end.
    let program = shell("timeout").map_or(zsh.clone(), |timeout| timeout);
    let arguments: Vec<&str> = match program == zsh {
        true => vec!["-f", "-c", script],
        false => vec!["120", zsh.to_str().expect("UTF-8"), "-f", "-c", script],
    };
    let said = shell_says(program, &arguments, &folder);
    assert_eq!(said.lines().filter(|line| line.starts_with("found ")).count(), 4, "{said}");
}

/// What of a script for PowerShell can be seen without PowerShell: that brackets close, and that each variable is one of the
/// parameters or is set before.
fn faults_of_powershell(script: &str) -> Vec<String> {
    let code: String =
        script.lines().filter(|line| !line.trim_start().starts_with('#')).map(|line| format!("{line}\n")).collect();
    let mut faults = Vec::new();
    let mut open = Vec::new();
    let mut quote = None;
    for char in code.chars() {
        match (quote, char) {
            (Some(mark), _) if mark == char => quote = None,
            (None, '"' | '\'') => quote = Some(char),
            // Inside double quotes `$(…)` is code as well, and closes there too.
            (Some('\''), _) => {}
            (_, '(' | '[' | '{') => open.push(char),
            (_, ')' | ']' | '}') => {
                let opening = open.pop();
                if !matches!((opening, char), (Some('('), ')') | (Some('['), ']') | (Some('{'), '}')) {
                    faults.push(format!("`{char}` closes {opening:?}"));
                }
            }
            _ => {}
        }
    }
    faults.extend(quote.map(|quote| format!("`{quote}` is left open")));
    faults.extend(open.into_iter().map(|bracket| format!("`{bracket}` is left open")));
    let mut known = vec!["_", "null"];
    for line in code.lines() {
        let names: Vec<&str> = line
            .split(['$', '@'])
            .skip(1)
            .map(|rest| rest.split(|char: char| !char.is_alphanumeric() && char != '_').next().unwrap_or_default())
            .filter(|name| !name.is_empty())
            .collect();
        let sets = line.trim_start();
        let is_set = sets.starts_with("param(") || sets.starts_with('$') && sets.contains(" = ");
        let set = if sets.starts_with("param(") {
            names.len()
        } else {
            sets.split(" = ").next().unwrap_or_default().matches('$').count()
        };
        let (new, used) = if is_set { names.split_at(set.min(names.len())) } else { names.split_at(0) };
        faults.extend(
            used.iter().filter(|name| !known.contains(*name)).map(|name| format!("${name} is set nowhere: {line}")),
        );
        known.extend(new);
    }
    faults
}

#[test]
fn powershell_completes() {
    let (code, script, _) = run(&["completion", "powershell"]);
    assert_eq!(code, 0);
    // PowerShell is no package of Debian, so that its script is at least looked at.
    assert_eq!(faults_of_powershell(&script), Vec::<String>::new());
    assert_eq!(faults_of_powershell("param($a)\n& $a {\n$b = $c\n").len(), 2);
    assert!(script.contains("Register-ArgumentCompleter -Native -CommandName oint"));
    // The mark before the last word is taken off.
    let (_, stdout, _) = run(&["__complete", "powershell", "bitrix24", "=user.upd"]);
    assert!(stdout.contains("user.update\tUpdate user"), "{stdout}");
    let (_, stdout, _) = run(&["__complete", "powershell", "="]);
    assert!(stdout.contains("bitrix24\t"), "{stdout}");
    let Some(pwsh) = shell("pwsh") else { return };
    let folder = stage("powershell");
    let script = "Invoke-Expression (Get-Content -Raw script); \
                  (TabExpansion2 'oint bitrix24 user.upd' 22).CompletionMatches.CompletionText";
    assert!(shell_says(pwsh, &["-NoProfile", "-Command", script], &folder).contains("user.update"));
}

#[test]
fn a_line_that_makes_no_sense_gets_no_message() {
    for arguments in
        [&["__complete"][..], &["__complete", "bash"], &["__complete", "nosuch", "a", "b"], &["__complete", "fish"]]
    {
        let (code, _, stderr) = run(arguments);
        assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn manual_pages_are_written_and_read_by_man() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().to_str().expect("UTF-8");
    let (code, stdout, stderr) = run(&["man", "--out", place]);
    assert_eq!((code, stdout.as_str()), (0, ""), "{stderr}");
    for name in ["oint", "oint-auth", "oint-auth-login", "oint-doctor", "oint-completion", "oint-man", "oint-sandbox"] {
        assert!(folder.path().join(format!("{name}.1")).exists(), "{name}");
    }
    let (code, page, _) = run(&["man", "user.update"]);
    assert_eq!(code, 0);
    assert!(page.contains(".TH OINT-UPDATE-USER 1") && page.contains("UpdateUser"), "{page}");
    let (code, _, stderr) = run(&["man", "user.updat"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("did you mean"), "{stderr}");
    // Every method has a page that groff takes without a warning, where it is there.
    if shell("groff").is_none() {
        return;
    }
    let commands: Vec<_> =
        bitrix24::TABLES.commands().step_by(40).map(|command| command.function.into_owned()).collect();
    for name in commands {
        assert_eq!(run(&["man", &name, "--out", place]).0, 0, "{name}");
    }
    let mut groff = Command::new("groff");
    groff.args(["-man", "-Tutf8", "-Kutf8", "-ww", "-z"]);
    for file in std::fs::read_dir(folder.path()).expect("there").flatten() {
        groff.arg(file.path());
    }
    let (code, _, stderr) = told(&groff.output().expect("groff runs"));
    let faults: Vec<&str> =
        stderr.lines().filter(|line| !line.contains("cannot") || line.contains("error")).take(5).collect();
    assert_eq!((code, faults), (0, Vec::new()));
}

#[test]
fn a_build_tells_what_is_in_it() {
    let (code, stdout, _) = run(&["version", "--json"]);
    assert_eq!(code, 0);
    let version: bitrix24::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(version["functions"].as_u64(), Some(bitrix24::TABLES.commands().count() as u64));
    assert!(version["features"].as_array().is_some_and(|all| all.contains(&"cli".into())), "{version}");
    assert!(version["target"].as_str().is_some_and(|target| target.starts_with(std::env::consts::ARCH)), "{version}");
    assert!(version["tables"].as_str().is_some_and(|digest| digest.starts_with("fnv1a64:")), "{version}");
    assert_eq!(run(&["version"]).1, run(&["--version"]).1);
}
