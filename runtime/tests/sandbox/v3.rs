//! REST 3.0.

use bitrix24_runtime::sandbox::{Fault, FaultKind, Portal};
use bitrix24_runtime::{Value, json};

use crate::support::{Answer, answer, portal, request, sandbox};

fn send(portal: &Portal, method: &str, headers: &str, body: &str) -> Answer {
    let path = portal.webhook().trim_start_matches(&portal.address()).replace("/rest/", "/rest/api/") + method;
    request(portal, &format!("POST {path}"), headers, body.as_bytes()).expect("an answer")
}

fn call(portal: &Portal, method: &str, params: Value) -> (u16, Value) {
    let answer = send(portal, method, "", &params.to_string());
    (answer.status, answer.json())
}

fn code(answer: &(u16, Value)) -> (u16, String) {
    let code = answer.1["error"]["code"].as_str().unwrap_or_default();
    (answer.0, code.trim_start_matches("BITRIX_REST_V3_EXCEPTION_").to_owned())
}

fn add(portal: &Portal, title: &str) -> Value {
    let (status, added) =
        call(portal, "tasks.task.add", json!({"fields": {"title": title, "creatorId": 1, "responsibleId": 2150}}));
    assert_eq!(status, 200, "{added}");
    added["result"]["item"]["id"].clone()
}

#[test]
fn a_task_is_the_same_in_both_versions() {
    let portal = portal();
    let id = add(&portal, "First");
    let (_, old) = answer(&portal, "tasks.task.get", json!({"taskId": id}));
    assert_eq!((&old["result"]["task"]["title"], &old["result"]["task"]["status"]), (&json!("First"), &json!("2")));
    assert_eq!(
        call(&portal, "tasks.task.update", json!({"id": id, "fields": {"status": "completed", "needsControl": true}}))
            .1["result"],
        json!({"result": true})
    );
    let select = json!(["title", "status", "needsControl", "nothing", "responsible.name"]);
    let (_, got) = call(&portal, "tasks.task.get", json!({"id": id, "select": select}));
    assert_eq!(
        got["result"]["item"],
        json!({"id": id, "title": "First", "status": "completed", "needsControl": true, "responsible": {"name": "Ivan"}})
    );
    assert_eq!(answer(&portal, "tasks.task.get", json!({"taskId": id})).1["result"]["task"]["status"], "5");
    assert_eq!(call(&portal, "tasks.task.delete", json!({"id": id})).1["result"], json!({"result": true}));
    assert_eq!(code(&call(&portal, "tasks.task.get", json!({"id": id}))), (400, "ENTITYNOTFOUNDEXCEPTION".into()));
    let (_, fields) = call(&portal, "tasks.task.field.get", json!({"name": "creatorId"}));
    assert_eq!(fields["result"]["item"]["type"], "int");
}

#[test]
fn lists_are_filtered_ordered_and_cut() {
    let portal = portal();
    let ids: Vec<Value> = ["a", "b", "c"].into_iter().map(|title| add(&portal, title)).collect();
    call(&portal, "tasks.task.update", json!({"id": ids[1], "fields": {"priority": "high"}}));
    let titles = |params: Value| {
        let (status, listed) = call(&portal, "tasks.task.list", params);
        assert_eq!(status, 200, "{listed}");
        let items = listed["result"]["items"].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item["title"].as_str().map(str::to_owned)).collect::<String>()
    };
    assert_eq!(titles(json!({"order": {"id": "DESC"}})), "cba");
    assert_eq!(titles(json!({"filter": [["priority", "=", "high"]]})), "b");
    assert_eq!(titles(json!({"filter": [["id", ids], ["id", ">", ids[0]]]})), "bc");
    assert_eq!(titles(json!({"filter": [["id", "between", [ids[0], ids[1]]]]})), "ab");
    assert_eq!(titles(json!({"filter": [{"logic": "or", "conditions": [["title", "=", "a"], ["title", "c"]]}]})), "ac");
    assert_eq!(titles(json!({"pagination": {"page": 2, "limit": 2}})), "c");
    assert_eq!(titles(json!({"pagination": {"offset": 1, "limit": 1}})), "b");
    for (params, expected) in [
        (json!({"filter": [["id", "like", 1]]}), "UNKNOWNFILTEROPERATOREXCEPTION"),
        (json!({"filter": [["nothing", "=", 1]]}), "UNKNOWNDTOPROPERTYEXCEPTION"),
        (json!({"filter": {"ID": 1}}), "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
        (json!({"order": {"nothing": "ASC"}}), "INVALIDORDEREXCEPTION"),
        (json!({"pagination": {"limit": "abc"}}), "INVALIDPAGINATIONEXCEPTION"),
        (json!({"select": ["responsible.password"]}), "UNKNOWNDTOPROPERTYEXCEPTION"),
    ] {
        assert_eq!(code(&call(&portal, "tasks.task.list", params.clone())), (400, expected.to_owned()), "{params}");
    }
}

#[test]
fn wrong_requests_are_told_what_is_wrong() {
    let portal = portal();
    let (status, refused) = call(&portal, "tasks.task.add", json!({"fields": {"title": " "}}));
    let fields: Vec<&str> = refused["error"]["validation"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|wrong| wrong["field"].as_str())
        .collect();
    assert_eq!((status, fields), (400, vec!["title", "creatorId", "responsibleId"]));
    let form = send(&portal, "tasks.task.list", "Content-Type: application/x-www-form-urlencoded\r\n", "order[id]=asc");
    assert_eq!(code(&(form.status, form.json())), (400, "INVALIDJSONEXCEPTION".into()));
    assert_eq!(call(&portal, "crm.deal.list", json!({})).0, 404, "a method of REST 2 alone");
    assert_eq!(
        code(&call(&portal, "batch", json!({"cmd": {"a": "tasks.task.list"}}))),
        (400, "INVALIDSELECTEXCEPTION".into())
    );
    let narrow = sandbox().scopes(["crm"]).start().expect("a free port");
    assert_eq!(code(&call(&narrow, "tasks.task.list", json!({}))), (403, "INSUFFICIENTSCOPEEXCEPTION".into()));
}

#[test]
fn a_batch_is_a_list_that_can_look_back() {
    let portal = portal();
    let id = add(&portal, "First");
    add(&portal, "Second");
    let batch = json!([
        {"method": "tasks.task.list", "query": {"select": ["id", "title"]}, "as": "all"},
        {"method": "tasks.task.get", "query": {"id": {"$ref": "all.items.0.id"}}},
        {"method": "tasks.task.list", "query": {"filter": [["id", "in", {"$refArray": "all.id"}]]}},
    ]);
    let (status, answered) = call(&portal, "batch", batch);
    assert_eq!((status, &answered["result"][1]["item"]["id"]), (200, &id));
    assert_eq!(answered["result"][2]["items"].as_array().map(Vec::len), Some(2));
    let failing = json!([{"method": "tasks.task.list"}, {"method": "tasks.task.get", "query": {"id": 99}}]);
    assert_eq!(code(&call(&portal, "batch", failing)), (400, "ENTITYNOTFOUNDEXCEPTION".into()));
}

#[test]
fn a_key_makes_a_repeated_write_one_write() {
    let portal = portal();
    let body = json!({"fields": {"title": "Once", "creatorId": 1, "responsibleId": 1}}).to_string();
    let key = "Idempotency-Key: k-1\r\n";
    portal.fault(Fault::new(FaultKind::Truncated).at([1]));
    let lost = send(&portal, "tasks.task.add", key, &body);
    assert!(serde_json::from_slice::<Value>(&lost.body).is_err());
    let again = send(&portal, "tasks.task.add", key, &body);
    assert!(
        again.head.contains("idempotent-replayed: true") && again.head.contains("idempotency-key: k-1"),
        "{}",
        again.head
    );
    assert_eq!((portal.records("tasks.task").len(), &again.json()["result"]["item"]["title"]), (1, &json!("Once")));
    assert!(portal.requests()[1].replayed);
    let other = send(&portal, "tasks.task.add", key, &body.replace("Once", "Twice"));
    assert_eq!(code(&(other.status, other.json())), (422, "IDEMPOTENCYKEYREUSEDEXCEPTION".into()));
    let fresh = send(&portal, "tasks.task.add", "Idempotency-Key: k-2\r\n", &body);
    assert!(!fresh.head.contains("replayed"));
    let wrong = send(&portal, "tasks.task.add", &format!("Idempotency-Key: {}\r\n", "x".repeat(256)), &body);
    assert_eq!(code(&(wrong.status, wrong.json())), (400, "INVALIDIDEMPOTENCYKEYEXCEPTION".into()));
    portal.advance(std::time::Duration::from_secs(24 * 3600));
    assert!(!send(&portal, "tasks.task.add", key, &body).head.contains("replayed"));
    assert_eq!(portal.records("tasks.task").len(), 3);
}

#[test]
fn knowledge_and_results_are_kept() {
    let portal = portal();
    let collection = |name: &str, position: u64| {
        let (status, answer) =
            call(&portal, "note.collection.add", json!({"fields": {"name": name, "position": position}}));
        assert_eq!(status, 200, "{answer}");
        answer["result"]["item"]["id"].clone()
    };
    let (manuals, news) = (collection("Manuals", 100), collection("News", 10));
    let (_, first) = call(&portal, "note.collection.list", json!({"pagination": {"limit": 1}}));
    assert_eq!(first["result"]["items"][0]["name"], "News");
    let cursor = first["result"]["nextCursor"].clone();
    assert_eq!(cursor, json!({"position": 10, "id": news}));
    let (_, second) = call(&portal, "note.collection.list", json!({"pagination": {"limit": 1, "afterCursor": cursor}}));
    assert_eq!((&second["result"]["items"][0]["id"], &second["result"]["nextCursor"]), (&manuals, &Value::Null));

    let page = json!({"fields": {"collectionId": manuals, "title": "First steps", "markdown": "# First steps"}});
    let (_, page) = call(&portal, "note.document.add", page);
    let id = page["result"]["item"]["id"].clone();
    let changes = json!({"id": id, "fields": {"title": "First steps today"}});
    let (_, changed) = call(&portal, "note.document.update", changes);
    assert_eq!(
        (&changed["result"]["item"]["title"], &changed["result"]["item"]["markdown"]),
        (&json!("First steps today"), &json!("# First steps"))
    );
    let nowhere = json!({"fields": {"collectionId": 99, "title": "x"}});
    assert_eq!(code(&call(&portal, "note.document.add", nowhere)), (400, "ENTITYNOTFOUNDEXCEPTION".to_owned()));
    let (_, gone) = call(&portal, "note.collection.delete", json!({"id": manuals}));
    assert_eq!(gone["result"]["result"], true);
    assert_eq!(call(&portal, "note.document.get", json!({"id": id})).0, 400, "pages go with their collection");

    let task = add(&portal, "Sign");
    let (status, result) =
        call(&portal, "tasks.task.result.add", json!({"fields": {"taskId": task, "text": "Signed"}}));
    assert_eq!((status, &result["result"]["item"]["status"]), (200, &json!("open")), "{result}");
    let (_, listed) =
        call(&portal, "tasks.task.result.list", json!({"filter": [["taskId", task]], "select": ["text"]}));
    assert_eq!(listed["result"]["items"][0]["text"], "Signed");
    assert_eq!(call(&portal, "tasks.task.result.get", json!({"id": 1})).0, 404);
}
