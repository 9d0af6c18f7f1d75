//! `oint bitrix24 <method> --each`: a call for every row of a table, against a portal over real HTTP, with everything that
//! may go wrong on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bitrix24::sandbox::{Fault, FaultKind, Options, Portal, Sandbox, Seed};
use bitrix24::{Object, TABLES, Value};

use crate::support::{oint, told};

/// A portal without records whose webhook stays the same.
fn empty() -> Portal {
    Sandbox::new(&TABLES).seed(Seed::Empty).start().expect("a free port")
}

/// A folder with a table in it.
struct Place(tempfile::TempDir);

impl Place {
    fn with(name: &str, content: &str) -> (Self, String) {
        let place = Self(tempfile::tempdir().expect("a folder"));
        let path = place.path(name);
        std::fs::write(&path, content).expect("written");
        let path = path.to_string_lossy().into_owned();
        (place, path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }
}

/// `oint bitrix24 …` at a portal, without the machine's limits.
fn command(portal: &Portal, arguments: &[&str]) -> Command {
    let mut command = oint(&[&["bitrix24"], arguments].concat());
    command.env("B24_URL", portal.webhook()).env("B24_LIMITS", "off").stdin(Stdio::null());
    command
}

fn run(portal: &Portal, arguments: &[&str]) -> (i32, Vec<Value>, String) {
    let (code, stdout, stderr) = told(&command(portal, arguments).output().expect("oint runs"));
    (code, lines(&stdout), stderr)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// So many deals as CSV.
fn deals(count: usize) -> String {
    let mut text = "fields.TITLE,fields.OPPORTUNITY\n".to_owned();
    (1..=count).for_each(|number| text.push_str(&format!("Deal {number},{}\n", number * 10)));
    text
}

fn titles(portal: &Portal) -> Vec<String> {
    let title = |deal: &Object| deal["TITLE"].as_str().unwrap_or_default().to_owned();
    portal.records("crm.deal").iter().map(title).collect()
}

#[test]
fn every_row_is_one_call_and_one_line() {
    let portal = empty();
    let (place, table) = Place::with("rows.csv", &deals(120));
    let (code, lines, _) = run(&portal, &["crm.deal.add", "--each", &table, "--fields", "{'STAGE_ID': 'WON'}"]);
    assert_eq!((code, lines.len()), (0, 120));
    let made = portal.records("crm.deal");
    for (at, (line, deal)) in lines.iter().zip(&made).enumerate() {
        assert_eq!((&line["row"], &line["ok"]), (&(at + 1).into(), &true.into()));
        assert_eq!(line["result"].to_string(), deal["ID"].as_str().map_or(deal["ID"].to_string(), str::to_owned));
        assert_eq!(deal["TITLE"], format!("Deal {}", at + 1));
        assert_eq!(deal["STAGE_ID"], "WON", "the other options hold for all rows");
    }
    assert_eq!(portal.counts().requests, 3, "50 rows travel in a request");

    // The same again is refused, and with --resume it tells the same and sends nothing.
    let again = ["crm.deal.add", "--each", &table, "--fields", "{'STAGE_ID': 'WON'}"];
    let (code, _, stderr) = run(&portal, &again);
    assert!(code == 2 && stderr.contains("rows.csv.journal") && stderr.contains("--resume"), "{stderr}");
    let (code, told_again, _) = run(&portal, &[&again[..], &["--resume"]].concat());
    assert_eq!((code, told_again), (0, lines));
    assert_eq!((portal.counts().requests, portal.records("crm.deal").len()), (3, 120));

    // Another command, another input or another portal is another run.
    let (code, _, stderr) = run(&portal, &["crm.deal.add", "--each", &table, "--resume"]);
    assert!(code == 2 && stderr.contains("other options"), "{stderr}");
    std::fs::write(&table, deals(121)).expect("written");
    let (code, _, stderr) = run(&portal, &[&again[..], &["--resume"]].concat());
    assert!(code == 2 && stderr.contains("the input has changed"), "{stderr}");
    let (code, _, stderr) = run(&empty(), &[&again[..], &["--resume"]].concat());
    assert!(code == 2 && stderr.contains("about the portal"), "{stderr}");
    assert!(!place.read("rows.csv.journal").contains("WON"), "what all rows have in common may be secret");
}

#[test]
fn lines_of_json_and_standard_input_are_tables_too() {
    use std::io::Write as _;
    let portal = empty();
    let rows = "{\"fields\": {\"TITLE\": \"One\", \"OPENED\": true}}\n\n{\"fields.TITLE\": \"Two\"}\n";
    let (_place, table) = Place::with("rows.ndjson", rows);
    assert_eq!(run(&portal, &["crm.deal.add", "--each", &table]).0, 0);
    let (_place, table) = Place::with("rows.csv", "sep=;\r\nfields.TITLE;fields.OPENED\r\nA, B;no\r\n");
    assert_eq!(run(&portal, &["crm.deal.add", "--each", &table]).0, 0);
    let mut child = command(&portal, &["crm.deal.add", "--each", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("oint runs");
    child.stdin.take().expect("piped").write_all(b"fields.TITLE;fields.OPENED\nThree;yes\n").expect("written");
    let (code, stdout, _) = told(&child.wait_with_output().expect("it ends"));
    assert_eq!((code, lines(&stdout).len()), (0, 1));
    assert_eq!(titles(&portal), ["One", "Two", "A, B", "Three"]);
    let made = portal.records("crm.deal");
    assert_eq!((&made[0]["OPENED"], &made[3]["OPENED"]), (&"Y".into(), &"Y".into()), "flags in the portal's form");

    let (code, _, stderr) = run(&portal, &["crm.deal.add", "--each", "-", "--resume"]);
    assert!(code == 0 && stderr.contains("no rows") || stderr.contains("--journal"), "{stderr}");
}

#[test]
fn what_cannot_be_sent_is_found_before_anything_is() {
    let portal = empty();
    for (rows, words) in [
        ("fields.TITEL\nx\n", "did you mean `fields.TITLE`"),
        ("TITLE\nx\n", "did you mean `fields.TITLE`"),
        ("fields.TITLE,fields.title\nx,y\n", "are the same parameter"),
        ("fields.TITLE,fields.OPPORTUNITY\nx,1\ny,much\n", "row 2, line 3: `fields.OPPORTUNITY`: `much` is no number"),
        ("fields.TITLE,fields.OPPORTUNITY\nx,1,2\n", "line 2: 3 values for 2 columns"),
        ("{\"fields\": {\"TITLE\": \"x\"}}\n{\"feilds\": 1}\n", "row 2, line 2: "),
        ("fields.TITLE\nok-1\nok-2\nok-3\n\"broken\nlost-4\n", "row 4, line 5: the quote is not closed"),
        ("fields.TITLE\n\"c\"d\n", "row 1, line 2: `d` stands behind the closing quote"),
        ("ID,TITLE,STAGE_ID\n1,x,NEW\n", "`--out` of a list writes the names without `fields.`"),
    ] {
        let (place, table) = Place::with("rows", rows);
        let (code, lines, stderr) = run(&portal, &["crm.deal.add", "--each", &table]);
        assert!(code == 2 && lines.is_empty() && stderr.contains(words), "{rows:?}: {stderr}");
        assert!(!place.path("rows.journal").exists());
    }
    for text in ["fields.TITLE,fields.OPPORTUNITY\n".to_owned() + &"a\n".repeat(14) + "b,much\n", "{\n".repeat(15)] {
        let (_place, table) = Place::with("rows", &text);
        let (code, _, stderr) = run(&portal, &["crm.deal.add", "--each", &table]);
        assert!(code == 2 && stderr.matches(", line ").count() == 10, "{stderr}");
        assert!(stderr.contains("… and 5 more rows"), "{stderr}");
    }
    let (_place, table) = Place::with("rows.csv", "ID,NAME,PHONE\n7,Oleg,1\n");
    let (code, _, stderr) = run(&portal, &["crm.deal.get", "--each", &table]);
    assert!(code == 2 && stderr.matches("has no parameter for the column").count() == 2, "all are named: {stderr}");
    for (options, words) in [
        (&["--id", "7", "--resume"][..], "--resume belongs to --each"),
        (&["--each", &table, "--all"], "do not go together"),
        (&["--each", &table, "--output", "csv"], "a line of JSON a row"),
    ] {
        let (code, _, stderr) = run(&portal, &[&["crm.deal.get"], options].concat());
        assert!(code == 2 && stderr.contains(words), "{options:?}: {stderr}");
    }
    let (code, _, stderr) = run(&portal, &["crm.deal.get", "--each", "no-such.csv"]);
    assert!(code == 2 && stderr.contains("no-such.csv"), "{stderr}");
    assert_eq!(portal.counts().requests, 0);
}

#[test]
fn columns_go_where_their_names_say() {
    let portal = empty();
    let rows = "userid,name,UF_DEPARTMENT\n2150,Oleg,\"[7, 8]\"\n2151,007,\n";
    let (_place, table) = Place::with("rows.csv", rows);
    let (code, stdout, stderr) =
        told(&command(&portal, &["UpdateUser", "--each", &table, "--dry-run"]).output().expect("oint runs"));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let shown: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((&shown["rows"], &shown["requests"]), (&2.into(), &1.into()));
    assert_eq!(shown["columns"]["userid"], "ID");
    let commands = &shown["first"]["body"]["cmd"];
    assert_eq!(commands["c0"], "user.update?ID=2150&NAME=Oleg&UF_DEPARTMENT[0]=7&UF_DEPARTMENT[1]=8");
    assert_eq!(commands["c1"], "user.update?ID=2151&NAME=007", "an empty cell brings nothing, a text stays one");
    assert!(!stdout.contains("sandboxcode"), "{stdout}");

    let rows = "fields.NAME,fields.PHONE.0.VALUE,fields.PHONE.0.VALUE_TYPE\nOleg,+375291234567,WORK\n";
    let (_place, table) = Place::with("rows.csv", rows);
    let dry = command(&portal, &["crm.contact.add", "--each", &table, "--dry-run"]).output().expect("oint runs");
    let (_, stdout, _) = told(&dry);
    let shown: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}"));
    let phone = &shown["first"]["body"]["fields"]["PHONE"];
    assert_eq!(phone, &serde_json::json!([{"VALUE": "+375291234567", "VALUE_TYPE": "WORK"}]));
    assert_eq!(portal.counts().requests, 0);
}

#[test]
fn refused_rows_are_told_and_the_others_done() {
    let portal = empty();
    let (_place, table) = Place::with("rows.csv", &deals(60));
    let refuse = FaultKind::Commands { commands: vec![2, 4], code: "ACCESS_DENIED".into() };
    portal.fault(Fault::new(refuse).on("batch").at([1]));
    let (code, lines, stderr) = run(&portal, &["crm.deal.add", "--each", &table]);
    assert_eq!((code, lines.len(), portal.records("crm.deal").len()), (1, 60, 58));
    assert_eq!(lines[1]["error"]["code"], "ACCESS_DENIED");
    assert!(stderr.contains("58 of 60 rows done, 2 failed"), "{stderr}");
    // Refused is refused: going on does not ask again.
    let (code, again, _) = run(&portal, &["crm.deal.add", "--each", &table, "--resume"]);
    assert_eq!((code, again, portal.records("crm.deal").len()), (1, lines, 58));
}

#[test]
fn an_unknown_outcome_is_listed_and_repeated_on_purpose_only() {
    let portal = empty();
    let (_place, table) = Place::with("rows.csv", &deals(120));
    portal.fault(Fault::new(FaultKind::Close { committed: false }).on("batch").at([2]));
    let (code, lines, stderr) = run(&portal, &["crm.deal.add", "--each", &table]);
    assert_eq!((code, lines.len(), portal.records("crm.deal").len()), (6, 120, 70));
    let is_unknown = |line: &Value| line["unknown"] == true;
    let numbers: Vec<u64> =
        lines.iter().filter(|line| is_unknown(line)).filter_map(|line| line["row"].as_u64()).collect();
    assert_eq!(numbers, (51..=100).collect::<Vec<_>>());
    assert!(stderr.contains("unknown: rows 51–100") && stderr.contains("--retry-unknown"), "{stderr}");
    let (code, again, _) = run(&portal, &["crm.deal.add", "--each", &table, "--resume"]);
    assert_eq!((code, again, portal.records("crm.deal").len()), (6, lines, 70));
    let (code, last, _) = run(&portal, &["crm.deal.add", "--each", &table, "--retry-unknown"]);
    assert_eq!((code, last.len(), portal.records("crm.deal").len()), (0, 120, 120));
    assert!(last.iter().all(|line| line["ok"] == true));
}

/// Where the network is gone, nothing is marked as done or unknown that was never sent.
#[test]
fn a_lost_network_ends_the_run_and_it_goes_on_later() {
    let first = empty();
    let port = first.address().rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).expect("a port");
    let (_place, table) = Place::with("rows.csv", &deals(120));
    let mut unreachable = command(&first, &["crm.deal.add", "--each", &table, "--timeout", "2"]);
    drop(first);
    let (code, stdout, stderr) = told(&unreachable.output().expect("oint runs"));
    assert_eq!((code, stdout.as_str()), (4, ""), "{stderr}");
    assert!(stderr.contains("0 of 120 rows done, 120 not sent") && stderr.contains("--resume"), "{stderr}");
    let back = Sandbox::new(&TABLES).seed(Seed::Empty).port(port).start().expect("the same port");
    let (code, lines, _) = run(&back, &["crm.deal.add", "--each", &table, "--resume"]);
    assert_eq!((code, lines.len(), back.records("crm.deal").len()), (0, 120, 120));

    // A portal that lets nobody in ends the run as well.
    let (_place, table) = Place::with("rows.csv", &deals(120));
    back.fault(Fault::new(FaultKind::Error { status: 401, code: "NO_AUTH_FOUND".into() }).at([2]));
    let (code, lines, stderr) = run(&back, &["crm.deal.add", "--each", &table]);
    assert_eq!((code, lines.len()), (3, 50), "{stderr}");
    assert!(stderr.contains("50 of 120 rows done, 70 not sent"), "{stderr}");
    let (code, lines, _) = run(&back, &["crm.deal.add", "--each", &table, "--resume"]);
    assert_eq!((code, lines.len(), back.records("crm.deal").len()), (0, 120, 240));
}

#[test]
fn a_portal_that_answers_nothing_is_left_alone() {
    let portal = empty();
    let (_place, table) = Place::with("rows.csv", &deals(300));
    portal.fault(Fault::new(FaultKind::Html { status: 502, committed: false }));
    let (code, lines, stderr) = run(&portal, &["crm.deal.add", "--each", &table]);
    assert_eq!((code, lines.len()), (6, 100), "{stderr}");
    assert!(stderr.contains("200 not sent"), "{stderr}");
}

#[test]
fn changing_and_removing_many_needs_a_yes() {
    let portal = empty();
    portal.fill("crm.deal", 30);
    let numbers: Vec<String> = portal.records("crm.deal").iter().map(|deal| deal["ID"].to_string()).collect();
    let rows = format!("ID\n{}\n", numbers.join("\n").replace('"', ""));
    let (_place, table) = Place::with("rows.csv", &rows);
    let (code, _, stderr) = run(&portal, &["crm.deal.delete", "--each", &table]);
    assert!(code == 2 && stderr.contains("--yes") && stderr.contains("30 rows"), "{stderr}");
    assert_eq!(portal.counts().requests, 0);
    let (code, lines, stderr) = run(&portal, &["crm.deal.delete", "--each", &table, "--yes", "--resume"]);
    assert_eq!((code, lines.len(), portal.records("crm.deal").len()), (0, 30, 0), "{stderr}");
}

#[test]
fn reads_are_repeated_and_told_in_order() {
    let portal = empty();
    portal.fill("crm.deal", 400);
    let numbers: Vec<String> =
        portal.records("crm.deal").iter().map(|deal| deal["ID"].to_string().replace('"', "")).collect();
    let (place, table) = Place::with("rows.csv", &format!("id\n{}\n", numbers.join("\n")));
    portal.fault(Fault::new(FaultKind::Close { committed: true }).every(3));
    let (code, lines, stderr) = run(&portal, &["crm.deal.get", "--each", &table]);
    assert_eq!((code, lines.len()), (0, 400), "{stderr}");
    for (number, line) in numbers.iter().zip(&lines) {
        assert_eq!(line["result"]["ID"].as_str().map_or(line["result"]["ID"].to_string(), str::to_owned), *number);
    }
    assert!(!place.read("rows.csv.journal").contains("sent"), "reads need no notice beforehand");
}

/// Numbers that look like chance and are the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// What the kills and the faults left behind.
struct Aftermath {
    kills: usize,
    lines: Vec<Value>,
    runs: usize,
}

/// Runs a command with `--resume` again and again, and kills it at any moment, until it has told of every row.
fn kill_and_resume(portal: &Portal, arguments: &[&str], place: &Place, rows: usize, kills: usize) -> Aftermath {
    let mut chance = Chance(7);
    let (mut killed, mut runs) = (0, 0);
    loop {
        runs += 1;
        assert!(runs < kills * 4 + 40, "it comes to no end");
        let out = std::fs::File::create(place.path("out")).expect("a file");
        let mut child = command(portal, arguments).stdout(out).stderr(Stdio::null()).spawn().expect("oint runs");
        if killed < kills {
            let wanted = portal.counts().requests + 1 + chance.below(2);
            while portal.counts().requests < wanted && child.try_wait().expect("a child").is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros(chance.below(12_000)));
            if child.try_wait().expect("a child").is_none() {
                child.kill().expect("killed");
                killed += 1;
            }
            if chance.below(3) == 0 {
                tear(&place.path("rows.csv.journal"), &mut child);
            }
        }
        child.wait().expect("ended");
        let told = place.read("out");
        let is_whole = told.ends_with('\n') && told.lines().count() == rows;
        // On a busy machine it may have come to its end before the last kill.
        if is_whole {
            assert!(killed > 0, "it was never killed");
            return Aftermath { kills: killed, lines: lines(&told), runs };
        }
    }
}

/// What a kill in the midst of a write, or a power cut, leaves at the end of a file.
fn tear(journal: &Path, child: &mut std::process::Child) {
    use std::io::Write as _;
    child.wait().expect("ended");
    if let Ok(mut file) = std::fs::OpenOptions::new().append(true).open(journal) {
        file.write_all(b"{\"row\":1,\"ok\":tr").expect("written");
    }
}

/// Kills `oint` while it makes deals at a portal that loses answers. REST 2 has no means to recognise a repeated call.
fn deals_survive(rows: usize, kills: usize) {
    let portal = empty();
    portal.set_options(Options { latency: Duration::from_millis(4), ..Options::default() });
    portal.fault(Fault::new(FaultKind::Close { committed: true }).on("batch").every(17));
    portal.fault(Fault::new(FaultKind::Html { status: 504, committed: false }).on("batch").every(23));
    portal.fault(Fault::new(FaultKind::QueryLimit).on("batch").every(7));
    let (place, table) = Place::with("rows.csv", &deals(rows));
    let after = kill_and_resume(&portal, &["crm.deal.add", "--each", &table, "--resume"], &place, rows, kills);
    let mut made: BTreeMap<String, String> = BTreeMap::new();
    for deal in portal.records("crm.deal") {
        let number = deal["ID"].as_str().map_or(deal["ID"].to_string(), str::to_owned);
        let twin = made.insert(deal["TITLE"].as_str().unwrap_or_default().to_owned(), number);
        assert_eq!(twin, None, "{} was made twice", deal["TITLE"]);
    }
    let mut unknown = BTreeSet::new();
    for (at, line) in after.lines.iter().enumerate() {
        let title = format!("Deal {}", at + 1);
        assert_eq!(line["row"], at + 1, "in the order of the input");
        match line["unknown"] == true {
            true => _ = unknown.insert(title),
            false => assert_eq!(Some(&line["result"].to_string()), made.get(&title), "{line}"),
        }
    }
    assert!(made.keys().all(|title| title.starts_with("Deal ")));
    println!("{rows} rows, {} kills, {} runs: {} unknown", after.kills, after.runs, unknown.len());

    // The user has looked, and repeats those that the portal does not have.
    let missing: Vec<&String> = unknown.iter().filter(|title| !made.contains_key(*title)).collect();
    assert_eq!(made.len() + missing.len(), rows, "no row is lost");
}

/// … and while it makes tasks in REST 3.0, where a key tells the portal what it has carried out already.
fn tasks_survive(rows: usize, kills: usize) {
    let portal = Sandbox::new(&TABLES).start().expect("a free port");
    portal.set_options(Options { latency: Duration::from_millis(2), ..Options::default() });
    portal.fault(Fault::new(FaultKind::Close { committed: true }).on("tasks.task.add").every(11));
    let mut text = "fields.title,fields.creatorId,fields.responsibleId\n".to_owned();
    (1..=rows).for_each(|number| text.push_str(&format!("Task {number},1,2150\n")));
    let (place, table) = Place::with("rows.csv", &text);
    let before = portal.records("tasks.task").len();
    let arguments = ["tasks.task.add", "--rest", "3", "--each", &table, "--resume"];
    let after = kill_and_resume(&portal, &arguments, &place, rows, kills);
    assert!(after.lines.iter().all(|line| line["ok"] == true), "none is unknown");
    let title = |task: &Object| task.get("TITLE").or(task.get("title")).and_then(Value::as_str).map(str::to_owned);
    let tasks = portal.records("tasks.task");
    let made: Vec<String> = tasks.iter().filter_map(title).filter(|title| title.starts_with("Task ")).collect();
    let different: BTreeSet<&String> = made.iter().collect();
    assert_eq!((made.len(), different.len(), tasks.len() - before), (rows, rows, rows), "each is made once");
    println!("{rows} rows, {} kills, {} runs", after.kills, after.runs);
}

#[test]
fn killed_at_any_moment_no_deal_is_lost_or_made_twice() {
    deals_survive(1_500, 15);
}

#[test]
fn killed_at_any_moment_every_task_is_made_once() {
    tasks_survive(120, 12);
}

/// The same at full size; minutes: `cargo nextest run -p bitrix24 --all-features --run-ignored only survive`.
#[test]
#[ignore = "takes minutes"]
fn ten_thousand_rows_survive_a_hundred_kills() {
    deals_survive(10_000, 100);
    tasks_survive(1_000, 60);
}

/// Starts `oint`, and does something to it when it has come so far.
fn when(
    is_so_far: impl Fn() -> bool,
    portal: &Portal,
    arguments: &[&str],
    end: impl FnOnce(&mut Child),
) -> (i32, Vec<Value>, String) {
    let mut command = command(portal, arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("oint runs");
    while !is_so_far() && child.try_wait().expect("a child").is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    end(&mut child);
    let (code, stdout, stderr) = told(&child.wait_with_output().expect("it ends"));
    (code, lines(&stdout), stderr)
}

/// … when the portal has got so many requests.
fn once_asked(
    portal: &Portal,
    requests: u64,
    arguments: &[&str],
    end: impl FnOnce(&mut Child),
) -> (i32, Vec<Value>, String) {
    when(|| portal.counts().requests >= requests, portal, arguments, end)
}

fn kill(child: &mut Child) {
    child.kill().expect("killed");
}

/// What `timeout`, `docker stop` and service managers send.
#[cfg(unix)]
fn terminate(child: &mut Child) {
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

fn unknown(lines: &[Value]) -> Vec<u64> {
    lines.iter().filter(|line| line["unknown"] == true).filter_map(|line| line["row"].as_u64()).collect()
}

/// A batch cannot carry these values: each row is a request of its own, and only the one on its way is at risk.
#[test]
fn a_kill_leaves_one_row_unknown_where_each_travels_alone() {
    for value in ["null", "[]", "{}", "\"$result[x]\""] {
        let portal = empty();
        portal.set_options(Options { latency: Duration::from_millis(20), ..Options::default() });
        let row = |number: usize| format!("{{\"fields\":{{\"TITLE\":\"Deal {number}\",\"COMMENTS\":{value}}}}}\n");
        let (place, table) = Place::with("rows.ndjson", &(1..=20).map(row).collect::<String>());
        let (_, first, _) = once_asked(&portal, 6, &["crm.deal.add", "--each", &table], kill);
        assert!(first.iter().all(|line| line["ok"] == true), "{value}: {first:?}");
        let made = portal.records("crm.deal").len();
        let (_, all, stderr) = run(&portal, &["crm.deal.add", "--each", &table, "--resume"]);
        assert!(unknown(&all).len() <= 1 && all.len() == 20, "{value}: {stderr}");
        let first_unknown = unknown(&all).first().map_or(20, |row| *row as usize - 1);
        assert!(first_unknown >= made.saturating_sub(1) && first_unknown >= first.len(), "{value}: {made} {stderr}");
        let different: BTreeSet<String> = titles(&portal).into_iter().collect();
        assert_eq!(different.len(), portal.records("crm.deal").len(), "{value}: none is made twice");
        assert!(place.read("rows.ndjson.journal").contains("{\"row\":1,\"ok\":true"), "{value}");
    }
}

/// A row that a limit refused inside a request waits by itself; the others of the request are done, and a kill loses nothing.
#[test]
fn what_a_limit_refused_inside_a_request_only_waits() {
    let portal = empty();
    let (place, table) = Place::with("rows.csv", &deals(60));
    let refuse = FaultKind::Commands { commands: vec![2, 4], code: "OPERATION_TIME_LIMIT".into() };
    portal.fault(Fault::new(refuse).on("batch").at([1]));
    let arguments = ["crm.deal.add", "--each", &table, "--resume"];
    let is_waiting = || place.read("rows.csv.journal").contains("\"back\"");
    let (_, first, _) = when(is_waiting, &portal, &arguments, kill);
    assert!(first.len() <= 1 && portal.records("crm.deal").len() == 48, "row 2 waits, and the others for it");
    let (code, all, stderr) = run(&portal, &arguments);
    assert_eq!((code, all.len(), portal.records("crm.deal").len()), (0, 60, 60), "{stderr}");
}

/// The portal forgets a key a day after it saw it first.
#[test]
fn a_key_is_as_old_as_its_first_sending() {
    let (now, hour) = (now(), 3600);
    for (sent, is_repeated) in [
        (&[now - 22 * hour][..], true),
        (&[now - 44 * hour, now - 22 * hour], false),
        (&[now + 5 * hour], false),
        (&[now + 5 * hour, now - hour], false),
    ] {
        let portal = Sandbox::new(&TABLES).start().expect("a free port");
        let before = portal.records("tasks.task").len();
        let (place, table) =
            Place::with("rows.csv", "fields.title,fields.creatorId,fields.responsibleId\nOnce,1,2150\n");
        let arguments = ["tasks.task.add", "--rest", "3", "--each", &table, "--resume"];
        portal.fault(Fault::new(FaultKind::Error { status: 401, code: "NO_AUTH_FOUND".into() }));
        assert_eq!(run(&portal, &arguments).0, 3);
        portal.set_options(Options::default());
        let journal = place.read("rows.csv.journal");
        let sent: String = sent.iter().map(|at| format!("{{\"sent\":[[1,1]],\"at\":{at}}}\n")).collect();
        std::fs::write(place.path("rows.csv.journal"), journal + &sent).expect("written");
        let (code, lines, stderr) = run(&portal, &arguments);
        let made = portal.records("tasks.task").len() - before;
        match is_repeated {
            true => assert_eq!((code, made, lines[0]["ok"].as_bool()), (0, 1, Some(true)), "{sent} {stderr}"),
            false => assert_eq!((code, made, unknown(&lines)), (6, 0, vec![1]), "{sent} {stderr}"),
        }
    }
}

/// The next run gets no answer either, or a refusal: what the first one may have had carried out stays as old as it is.
#[test]
fn a_row_with_a_lost_answer_is_not_taken_back_by_a_later_run() {
    let portal = Sandbox::new(&TABLES).start().expect("a free port");
    let (place, table) = Place::with("rows.csv", "fields.title,fields.creatorId,fields.responsibleId\nOnce,1,2150\n");
    let arguments = ["tasks.task.add", "--rest", "3", "--each", &table, "--resume"];
    portal.fault(Fault::new(FaultKind::Error { status: 401, code: "NO_AUTH_FOUND".into() }));
    assert_eq!(run(&portal, &arguments).0, 3);
    let sent = format!("{{\"sent\":[[1,1]],\"at\":{}}}\n", now() - 60);
    let journal = place.read("rows.csv.journal");
    std::fs::write(place.path("rows.csv.journal"), journal.clone() + &sent).expect("written");
    let (code, _, stderr) = run(&portal, &arguments);
    assert!(code == 3 && stderr.contains("0 of 1 rows done, 1 with an unknown outcome"), "{stderr}");
    let added = place.read("rows.csv.journal")[journal.len()..].to_owned();
    assert!(!added.contains("back"), "{added}");
}

/// Seconds since 1970.
fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// `oint` where no file may grow beyond so many blocks of 512 bytes: to a program the same as a full disk.
#[cfg(unix)]
fn within(blocks: u32, portal: &Portal, arguments: &[&str]) -> (i32, Vec<Value>, String) {
    let inner = command(portal, arguments);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]);
    shell.arg(inner.get_program()).args(inner.get_args()).stdin(Stdio::null());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let (code, stdout, stderr) = told(&shell.output().expect("sh runs"));
    (code, lines(&stdout), stderr)
}

#[cfg(unix)]
#[test]
fn a_full_disk_stops_rows_before_they_leave() {
    let portal = empty();
    let (place, table) = Place::with("rows.csv", &deals(600));
    let (code, first, stderr) = within(424, &portal, &["crm.deal.add", "--each", &table]);
    let made = portal.records("crm.deal").len();
    assert!(code == 7 && made > 0 && made < 600 && first.len() == made, "{made}: {stderr}");
    assert!(stderr.contains(&format!("{made} of 600 rows done, {} not sent", 600 - made)), "{stderr}");
    assert!(stderr.contains("rows.csv.journal cannot be written"), "{stderr}");
    let journal = place.read("rows.csv.journal");
    assert!(journal.ends_with("}\n") && !journal.contains("  "), "whole lines and no room behind them");
    let (code, all, stderr) = run(&portal, &["crm.deal.add", "--each", &table, "--resume"]);
    assert_eq!((code, all.len(), portal.records("crm.deal").len()), (0, 600, 600), "{stderr}");
    assert_eq!(all[..made], first);
}

/// Where the outcomes take more than the room that was made for them, those that fit are kept, and the others are told.
#[cfg(unix)]
#[test]
fn outcomes_that_find_no_room_are_told_and_named() {
    let portal = empty();
    let mut text = "fields.title,fields.comments\n".to_owned();
    (1..=50).for_each(|number| text.push_str(&format!("Deal {number},{}\n", "x".repeat(8_000))));
    let (place, table) = Place::with("rows.csv", &text);
    let arguments = ["crm.item.add", "--entityTypeId", "2", "--each", &table];
    let (code, first, stderr) = within(440, &portal, &arguments);
    assert_eq!((code, first.len()), (7, 50), "{stderr}");
    assert!(stderr.contains("50 of 50 rows done") && stderr.contains("to the next run they are unknown"), "{stderr}");
    let (code, all, stderr) = run(&portal, &[&arguments[..], &["--resume"]].concat());
    let kept = all.iter().filter(|line| line["ok"] == true).count();
    assert!(code == 6 && kept > 10 && kept < 50 && unknown(&all).len() == 50 - kept, "{kept}: {stderr}");
    assert_eq!(all[..kept], first[..kept]);
    assert!(place.read("rows.csv.journal").ends_with("}\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn results_that_cannot_be_written_leave_a_true_summary() {
    let portal = empty();
    let (_place, table) = Place::with("rows.csv", &deals(600));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
    let output = command(&portal, &["crm.deal.add", "--each", &table]).stdout(full).output().expect("oint runs");
    let (code, _, stderr) = told(&output);
    let made = portal.records("crm.deal").len();
    assert!(code == 7 && made < 600, "{stderr}");
    assert!(stderr.contains(&format!("{made} of 600 rows done, {} not sent", 600 - made)), "{stderr}");
    let (code, all, _) = run(&portal, &["crm.deal.add", "--each", &table, "--resume"]);
    assert_eq!((code, all.len(), portal.records("crm.deal").len()), (0, 600, 600));
}

/// A wish to end that comes from a program is heard like Ctrl-C.
#[cfg(unix)]
#[test]
fn a_termination_waits_for_the_rows_on_their_way() {
    let portal = empty();
    portal.set_options(Options { latency: Duration::from_millis(300), ..Options::default() });
    let (_place, table) = Place::with("rows.csv", &deals(600));
    let (code, first, stderr) = once_asked(&portal, 2, &["crm.deal.add", "--each", &table], terminate);
    let made = portal.records("crm.deal").len();
    assert!(code == 130 && first.len() == made && (100..600).contains(&made), "{made}: {stderr}");
    assert!(stderr.contains(&format!("{made} of 600 rows done, {} not sent", 600 - made)), "{stderr}");
}

#[cfg(unix)]
#[test]
fn a_termination_is_heard_by_every_call() {
    let portal = empty();
    portal.fill("crm.deal", 500);
    portal.set_options(Options { latency: Duration::from_millis(2_000), ..Options::default() });
    let add = ["crm.deal.add", "--fields", "{'TITLE': 'x'}"];
    let (code, _, stderr) = once_asked(&portal, 1, &add, terminate);
    assert!(code == 130 && stderr.contains("whether the portal carried it out is unknown"), "{stderr}");

    let place = Place(tempfile::tempdir().expect("a folder"));
    let out = place.path("deals.csv").to_string_lossy().into_owned();
    let seen = portal.counts().requests;
    let (code, _, stderr) = once_asked(&portal, seen + 2, &["crm.deal.list", "--all", "--out", &out], terminate);
    assert!(code == 130 && stderr.contains("deals.csv is not written; what came so far is in"), "{stderr}");
    let part = std::fs::read_dir(place.0.path()).expect("there").flatten().next().expect("a part").path();
    assert!(stderr.contains(&*part.to_string_lossy()) && !place.path("deals.csv").exists(), "{stderr}");
}
