//! `oint sandbox --db`: a portal that is killed loses nothing that it has acknowledged.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use bitrix24::{Value, json};

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

/// What a writer has been told, and the one thing that it was not told any more.
#[derive(Default)]
struct Told {
    /// Deals by number: their title, or none where they are gone.
    deals: BTreeMap<u64, Option<String>>,
    /// What may or may not have happened to one of them.
    unsure: Option<(u64, Option<String>)>,
    /// Files by number, and what is in them.
    files: BTreeMap<u64, String>,
    acknowledged: usize,
}

/// Makes deals, changes them, removes every third, and uploads files, until the portal does not answer any more.
fn hammer(webhook: &str, writer: usize, told: &Mutex<Told>) {
    let write = |method: &str, body: &Value| call(webhook, method, &body.to_string());
    for at in 0.. {
        let title = format!("{writer}-{at}");
        let Some(made) = write("crm.deal.add", &json!({"fields": {"TITLE": title}})) else { return };
        let id = made["result"].as_u64().expect("a number");
        let know = |title: Option<String>| {
            let mut told = told.lock().expect("whole");
            told.deals.insert(id, title);
            told.unsure = None;
            told.acknowledged += 1;
        };
        know(Some(title.clone()));
        let renamed = format!("{title} renamed");
        told.lock().expect("whole").unsure = Some((id, Some(renamed.clone())));
        let Some(_) = write("crm.deal.update", &json!({"id": id, "fields": {"TITLE": renamed}})) else { return };
        know(Some(renamed));
        if at % 3 == 0 {
            told.lock().expect("whole").unsure = Some((id, None));
            let Some(_) = write("crm.deal.delete", &json!({"id": id})) else { return };
            know(None);
        }
        // The text and its Base64.
        let (content, encoded) = (format!("{writer:03}{at:03}"), BASE64.encode(format!("{writer:03}{at:03}")));
        let upload = json!({"id": 1, "data": {"NAME": title}, "fileContent": [title, encoded]});
        let Some(file) = write("disk.storage.uploadfile", &upload) else { return };
        let mut told = told.lock().expect("whole");
        told.files.insert(file["result"]["ID"].as_u64().expect("a number"), content);
        told.acknowledged += 1;
    }
}

/// The bytes of a file.
fn load(webhook: &str, file: u64) -> String {
    let file = call(webhook, "disk.file.get", &json!({ "id": file }).to_string()).expect("an answer");
    let address = file["result"]["DOWNLOAD_URL"].as_str().expect("an address").trim_start_matches("http://").to_owned();
    let (host, path) = address.split_once('/').expect("an address");
    let mut stream = TcpStream::connect(host).expect("connected");
    let head = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
}

fn kill_and_compare(db: &Path, round: usize) {
    let arguments = ["--seed", "empty", "--db", db.to_str().expect("text")];
    let (mut child, webhook) = start(&arguments);
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let (webhook, told) = (webhook.clone(), Arc::new(Mutex::new(Told::default())));
            let shared = Arc::clone(&told);
            (told, std::thread::spawn(move || hammer(&webhook, round * 10 + writer, &shared)))
        })
        .collect();
    while writers.iter().map(|(told, _)| told.lock().expect("whole").acknowledged).sum::<usize>() < 60 {
        std::thread::yield_now();
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    let (mut child, webhook) = start(&arguments);
    for (told, thread) in writers {
        thread.join().expect("ended");
        let told = told.lock().expect("whole");
        for (id, known) in &told.deals {
            let deal = call(&webhook, "crm.deal.get", &json!({ "id": id }).to_string()).expect("an answer");
            let kept = deal["result"]["TITLE"].as_str().map(str::to_owned);
            let may_be = told.unsure.as_ref().filter(|(unsure, _)| unsure == id).map(|(_, title)| title);
            assert!(kept == *known || may_be == Some(&kept), "deal {id}: told {known:?}, kept {kept:?}");
        }
        for (id, content) in &told.files {
            assert_eq!(load(&webhook, *id), *content, "file {id}");
        }
    }
    let titles = titles(&webhook);
    let mut once = titles.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), titles.len(), "nothing is doubled");
    child.kill().expect("killed");
    child.wait().expect("ended");
}

/// `kill -9`, three times in a row on the same file: creations, changes, removals and uploads that were acknowledged are there.
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
