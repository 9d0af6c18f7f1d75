//! `oint sandbox --db`: a portal that is killed loses nothing that it has acknowledged.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use bitrix24::Value;

use crate::support::{oint, run};

/// A portal in a process of its own, and its webhook.
fn start(arguments: &[&str]) -> (Child, String) {
    let mut child = oint(&[&["sandbox", "--port", "0", "--json", "--quiet"], arguments].concat())
        .stdout(Stdio::piped())
        .spawn()
        .expect("oint runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let told: Value = serde_json::from_str(&line).expect("JSON");
    (child, told["webhook"].as_str().expect("an address").to_owned())
}

/// Calls a method; none: there was no whole answer.
fn call(webhook: &str, method: &str, body: &str) -> Option<Value> {
    let (host, path) = webhook.trim_start_matches("http://").split_once('/')?;
    let mut stream = TcpStream::connect(host).ok()?;
    let head = format!(
        "POST /{path}{method} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

fn titles(webhook: &str) -> Vec<String> {
    let (mut start, mut titles) = (0, Vec::new());
    loop {
        let body = format!("{{\"start\": {start}, \"select\": [\"TITLE\"]}}");
        let page = call(webhook, "crm.deal.list", &body).expect("a page");
        let found = page["result"].as_array().expect("a list").iter().filter_map(|deal| deal["TITLE"].as_str());
        titles.extend(found.map(str::to_owned));
        match page["next"].as_u64() {
            Some(next) => start = next,
            None => return titles,
        }
    }
}

fn hammer(webhook: &str, writer: usize, acknowledged: &Mutex<Vec<String>>) {
    for at in 0.. {
        let title = format!("{writer}-{at}");
        let body = format!("{{\"fields\": {{\"TITLE\": \"{title}\"}}}}");
        match call(webhook, "crm.deal.add", &body) {
            Some(answer) if answer["result"].is_u64() => acknowledged.lock().expect("whole").push(title),
            _ => return,
        }
    }
}

fn kill_and_compare(db: &Path, round: usize) {
    let arguments = ["--seed", "empty", "--db", db.to_str().expect("text")];
    let (mut child, webhook) = start(&arguments);
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let (webhook, acknowledged) = (webhook.clone(), Arc::clone(&acknowledged));
            std::thread::spawn(move || hammer(&webhook, round * 10 + writer, &acknowledged))
        })
        .collect();
    while acknowledged.lock().expect("whole").len() < 40 {
        std::thread::yield_now();
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    for writer in writers {
        writer.join().expect("ended");
    }
    let (mut child, webhook) = start(&arguments);
    let kept = titles(&webhook);
    for title in acknowledged.lock().expect("whole").iter() {
        assert!(kept.contains(title), "{title} was acknowledged and is lost");
    }
    let mut once = kept.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), kept.len(), "nothing is doubled");
    child.kill().expect("killed");
    child.wait().expect("ended");
}

#[test]
fn a_killed_portal_keeps_what_it_has_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..3 {
        kill_and_compare(&folder.path().join("portal.db"), round);
    }
}

#[test]
fn a_data_set_of_ones_own_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data.yaml");
    std::fs::write(&path, "crm.deal:\n  - {ID: 77, TITLE: Mine}\n").expect("written");
    let (mut child, webhook) = start(&["--seed", path.to_str().expect("text")]);
    assert_eq!(titles(&webhook), ["Mine"]);
    child.kill().expect("killed");
    child.wait().expect("ended");
    std::fs::write(&path, "crm.deals: [{}]\n").expect("written");
    let (code, _, stderr) = run(&["sandbox", "--seed", path.to_str().expect("text")]);
    assert!(code == 2 && stderr.contains("no collection `crm.deals`"), "{code} {stderr}");
    let (code, _, stderr) = run(&["sandbox", "--db", folder.path().to_str().expect("text")]);
    assert!(code == 2 && stderr.contains("cannot keep data in"), "{code} {stderr}");
}
