//! What the portal keeps: each kind of record through its own methods.

use bitrix24_runtime::sandbox::{Portal, Seed};
use bitrix24_runtime::{Value, json};

use crate::support::{answer, portal, request, sandbox};

/// Calls a method that must go well, and answers its `result`.
fn done(portal: &Portal, method: &str, params: Value) -> Value {
    let (status, answer) = answer(portal, method, params.clone());
    assert_eq!(status, 200, "{method} {params}: {answer}");
    answer["result"].clone()
}

/// Calls a method that must be refused, and answers the code.
fn refused(portal: &Portal, method: &str, params: Value) -> String {
    let (status, answer) = answer(portal, method, params.clone());
    assert_eq!(status, 400, "{method} {params}: {answer}");
    answer["error"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn items_are_the_deals_and_smart_processes_in_camel_case() {
    let portal = portal();
    let fields = json!({"title": "Big", "opportunity": 99.5, "ufCrm_17": "x", "stageId": "WON", "createdBy": 9});
    let item = done(&portal, "crm.item.add", json!({"entityTypeId": 2, "fields": fields}))["item"].clone();
    assert_eq!((&item["opportunity"], &item["createdBy"], &item["ufCrm_17"]), (&json!(99.5), &json!(1), &json!("x")));
    let deal = done(&portal, "crm.deal.get", json!({"id": item["id"]}));
    assert_eq!(
        (&deal["TITLE"], &deal["UF_CRM_17"], &deal["OPPORTUNITY"]),
        (&json!("Big"), &json!("x"), &json!("99.50"))
    );
    let listed = done(
        &portal,
        "crm.item.list",
        json!({"entityTypeId": 2, "filter": {"0": {"logic": "OR", "0": {"title": "Big"}, "1": {"=id": 1}}}, "order": {"id": "DESC"}, "select": ["title"]}),
    );
    assert_eq!(listed["items"], json!([{"id": item["id"], "title": "Big"}, {"id": 1, "title": "Deal 1"}]));
    let lead = done(&portal, "crm.item.add", json!({"entityTypeId": 1, "fields": {"stageId": "JUNK"}}));
    assert_eq!(done(&portal, "crm.lead.get", json!({"id": lead["item"]["id"]}))["STATUS_ID"], "JUNK");

    assert_eq!(refused(&portal, "crm.item.add", json!({"entityTypeId": 1032, "fields": {}})), "NOT_FOUND");
    let own = done(&portal, "crm.type.add", json!({"fields": {"title": "Leases"}}));
    assert_eq!(own["type"]["entityTypeId"], 1032);
    let lease = done(&portal, "crm.item.add", json!({"entityTypeId": 1032, "fields": {"title": "First"}}));
    assert_eq!(lease["item"]["id"], 1);
    done(
        &portal,
        "crm.item.update",
        json!({"entityTypeId": 1032, "id": 1, "fields": {"title": "Second", "parentId2": 7}}),
    );
    let got = done(&portal, "crm.item.get", json!({"entityTypeId": 1032, "id": 1}));
    assert_eq!((&got["item"]["title"], &got["item"]["parentId2"]), (&json!("Second"), &json!(7)));
    assert_eq!(done(&portal, "crm.item.delete", json!({"entityTypeId": 1032, "id": 1})), json!([]));
    assert_eq!(refused(&portal, "crm.item.get", json!({"entityTypeId": 1032, "id": 1})), "NOT_FOUND");
    assert_eq!(
        done(&portal, "crm.item.fields", json!({"entityTypeId": 1032}))["fields"]["title"]["upperName"],
        "TITLE"
    );
}

#[test]
fn tasks_have_states_checklists_and_comments() {
    let portal = portal();
    assert_eq!(refused(&portal, "tasks.task.add", json!({"fields": {"RESPONSIBLE_ID": 10}})), "0");
    let task = done(
        &portal,
        "tasks.task.add",
        json!({"fields": {"TITLE": "Call", "RESPONSIBLE_ID": 10, "TASK_CONTROL": true}}),
    );
    let id = task["task"]["id"].clone();
    assert_eq!((&task["task"]["status"], &task["task"]["createdBy"]), (&json!("2"), &json!("1")));
    assert_eq!(done(&portal, "tasks.task.start", json!({"taskId": id}))["task"]["status"], "3");
    assert_eq!(done(&portal, "tasks.task.complete", json!({"taskId": id}))["task"]["closedBy"], "1");
    assert_eq!(
        done(&portal, "tasks.task.delegate", json!({"taskId": id, "userId": 2150}))["task"]["responsibleId"],
        "2150"
    );
    let listed = done(
        &portal,
        "tasks.task.list",
        json!({"filter": {"RESPONSIBLE_ID": 2150, "!STATUS": 2}, "select": ["ID", "TITLE"]}),
    );
    assert_eq!(listed["tasks"], json!([{"id": id, "title": "Call"}]));

    let point = done(&portal, "task.checklistitem.add", json!([id, {"TITLE": "Dial"}]));
    assert_eq!(done(&portal, "task.checklistitem.complete", json!([id, point])), true);
    let points = done(&portal, "task.checklistitem.getlist", json!({"TASKID": id}));
    assert_eq!((&points[0]["IS_COMPLETE"], &points[0]["TASK_ID"]), (&json!("Y"), &id));
    assert_eq!(
        done(&portal, "task.checklistitem.update", json!({"TASKID": id, "ITEMID": point, "FIELDS": {"TITLE": "Ring"}})),
        Value::Null
    );
    assert_eq!(done(&portal, "task.checklistitem.get", json!([id, point]))["TITLE"], "Ring");
    assert_eq!(refused(&portal, "task.checklistitem.add", json!([99, {"TITLE": "x"}])), "ERROR_CORE");

    let comment = done(&portal, "task.commentitem.add", json!({"0": id, "1": {"POST_MESSAGE": "Busy"}}));
    assert_eq!(done(&portal, "task.commentitem.getlist", json!([id]))[0]["POST_MESSAGE"], "Busy");
    assert_eq!(done(&portal, "task.commentitem.delete", json!([id, comment])), true);
    assert_eq!(done(&portal, "tasks.task.delete", json!({"taskId": id})), json!({"task": true}));
}

#[test]
fn files_go_up_and_come_down() {
    let portal = portal();
    let folder = done(&portal, "disk.storage.addfolder", json!({"id": 1, "data": {"NAME": "Reports"}}));
    let upload = json!({"id": folder["ID"], "data": {"NAME": "a.txt"}, "fileContent": ["a.txt", "aGVsbG8="]});
    let file = done(&portal, "disk.folder.uploadfile", upload.clone());
    assert_eq!((&file["SIZE"], &file["PARENT_ID"]), (&json!("5"), &folder["ID"]));
    assert_eq!(refused(&portal, "disk.folder.uploadfile", upload), "DISK_OBJ_22000");
    let load = |file: &Value| {
        let address =
            file["DOWNLOAD_URL"].as_str().expect("an address").trim_start_matches(&portal.address()).to_owned();
        let answer = request(&portal, &format!("GET {address}"), "", b"").expect("an answer");
        (answer.status, answer.body)
    };
    assert_eq!(load(&file), (200, b"hello".to_vec()));

    let asked = done(&portal, "disk.folder.uploadfile", json!({"id": folder["ID"]}));
    let address = asked["uploadUrl"].as_str().expect("an address").trim_start_matches(&portal.address()).to_owned();
    let bytes: Vec<u8> = (0..=255).collect();
    let head = b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.bin\"\r\n\r\n";
    let body = [&head[..], &bytes, b"\r\n--x--\r\n"].concat();
    let form = "Content-Type: multipart/form-data; boundary=x\r\n";
    let sent = request(&portal, &format!("POST {address}"), form, &body).expect("an answer").json();
    assert_eq!((&sent["result"]["NAME"], load(&sent["result"])), (&json!("b.bin"), (200, bytes)));
    let again = request(&portal, &format!("POST {address}"), form, &body).expect("an answer");
    assert_eq!(again.status, 401, "an address takes one file");

    let newer = done(&portal, "disk.file.uploadversion", json!({"id": file["ID"], "fileContent": ["a.txt", "Ynll"]}));
    assert_eq!((&newer["GLOBAL_CONTENT_VERSION"], load(&newer).1), (&json!("2"), b"bye".to_vec()));
    assert_eq!(done(&portal, "disk.file.rename", json!({"id": file["ID"], "newName": "c.txt"}))["NAME"], "c.txt");
    let copy = done(&portal, "disk.file.copyto", json!({"id": file["ID"], "targetFolderId": 1}));
    assert_eq!(load(&copy).1, b"bye");
    done(&portal, "disk.file.markdeleted", json!({"id": copy["ID"]}));
    let names = |id: &Value| {
        done(&portal, "disk.folder.getchildren", json!({"id": id, "order": {"NAME": "ASC"}}))
            .as_array()
            .expect("a list")
            .iter()
            .map(|child| child["NAME"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&folder["ID"]), ["b.bin", "c.txt"]);
    assert_eq!(names(&json!(1)), ["Reports"]);
    let inner = done(&portal, "disk.folder.addsubfolder", json!({"id": folder["ID"], "data": {"NAME": "Inner"}}));
    assert_eq!(
        refused(&portal, "disk.folder.moveto", json!({"id": folder["ID"], "targetFolderId": inner["ID"]})),
        "ERROR_ARGUMENT"
    );
    assert_eq!(done(&portal, "disk.folder.deletetree", json!({"id": folder["ID"]})), true);
    assert_eq!(refused(&portal, "disk.file.get", json!({"id": file["ID"]})), "ERROR_NOT_FOUND");
    assert_eq!(load(&file).0, 403);
    assert_eq!(done(&portal, "disk.storage.getlist", json!({"filter": {"ENTITY_TYPE": "common"}}))[0]["ID"], "3");
    assert!(!portal.records("disk.object").is_empty());
}

#[test]
fn people_talk() {
    let portal = portal();
    let chat = done(&portal, "im.chat.add", json!({"TITLE": "Team", "USERS": [10, 2150], "MESSAGE": "Hi"}));
    let dialog = format!("chat{chat}");
    let message = done(&portal, "im.message.add", json!({"DIALOG_ID": dialog, "MESSAGE": "Ready?"}));
    assert_eq!(done(&portal, "im.message.update", json!({"MESSAGE_ID": message, "MESSAGE": "Ready!"})), true);
    let messages = done(&portal, "im.dialog.messages.get", json!({"DIALOG_ID": dialog, "LIMIT": 1}));
    assert_eq!(
        (&messages["messages"][0]["text"], &messages["users"][0]["name"]),
        (&json!("Ready!"), &json!("Anna Schmidt"))
    );
    let older = done(&portal, "im.dialog.messages.get", json!({"DIALOG_ID": dialog, "LAST_ID": message}));
    assert_eq!(older["messages"][0]["text"], "Hi");
    assert_eq!(done(&portal, "im.chat.user.delete", json!({"CHAT_ID": chat, "USER_ID": 10})), true);
    assert_eq!(done(&portal, "im.chat.user.list", json!({"CHAT_ID": chat})), json!([1, 2150]));
    done(&portal, "im.message.add", json!({"DIALOG_ID": 10, "MESSAGE": "Private"}));
    let recent = done(&portal, "im.recent.list", json!({}));
    assert_eq!(
        (&recent["items"][0]["message"]["text"], &recent["items"][1]["title"]),
        (&json!("Private"), &json!("Team"))
    );
    assert_eq!(refused(&portal, "im.message.add", json!({"DIALOG_ID": dialog, "MESSAGE": " "})), "MESSAGE_EMPTY");
    assert_eq!(refused(&portal, "im.message.add", json!({"DIALOG_ID": "99", "MESSAGE": "x"})), "USER_NOT_FOUND");
    assert_eq!(refused(&portal, "im.dialog.messages.get", json!({"DIALOG_ID": "chat99"})), "ACCESS_ERROR");
    assert_eq!(done(&portal, "im.message.delete", json!({"MESSAGE_ID": message})), true);
}

#[test]
fn calendars_lists_products_and_departments_are_kept() {
    let portal = portal();
    let event =
        json!({"type": "user", "ownerId": 1, "from": "2026-03-02", "to": "2026-03-03", "section": 1, "name": "Fair"});
    let id = done(&portal, "calendar.event.add", event);
    let within = |from: &str, to: &str| {
        let found = done(&portal, "calendar.event.get", json!({"type": "user", "ownerId": 1, "from": from, "to": to}));
        found.as_array().map_or(0, Vec::len)
    };
    assert_eq!((within("2026-03-01", "2026-03-31"), within("2026-04-01", "2026-04-30")), (1, 0));
    assert_eq!(
        done(&portal, "calendar.event.update", json!({"id": id, "type": "user", "ownerId": 1, "name": "Feast"})),
        id
    );
    assert_eq!(done(&portal, "calendar.event.getbyid", json!({"id": id}))["NAME"], "Feast");
    assert_eq!(done(&portal, "calendar.event.delete", json!({"id": id})), true);
    let (_, refused_event) = answer(&portal, "calendar.event.add", json!({"type": "user"}));
    assert!(
        refused_event["error_description"].as_str().is_some_and(|text| text.contains("\"ownerId\"")),
        "{refused_event}"
    );

    let list = done(
        &portal,
        "lists.add",
        json!({"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "assets", "FIELDS": {"NAME": "Assets"}}),
    );
    let element = done(
        &portal,
        "lists.element.add",
        json!({"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": list, "ELEMENT_CODE": "pc", "FIELDS": {"NAME": "PC", "PROPERTY_7": ["a", "b"]}}),
    );
    let found = done(
        &portal,
        "lists.element.get",
        json!({"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": list, "FILTER": {"PROPERTY_7": "b"}}),
    );
    assert_eq!((&found[0]["ID"], &found[0]["CODE"]), (&json!(element.to_string()), &json!("pc")));
    assert_eq!(done(&portal, "lists.element.get", json!({"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 1})), json!([]));
    assert_eq!(done(&portal, "lists.get", json!({"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": list}))[0]["NAME"], "Assets");
    assert_eq!(
        refused(&portal, "lists.element.add", json!({"IBLOCK_ID": 99, "FIELDS": {"NAME": "x"}})),
        "ERROR_ELEMENT_NOT_FOUND"
    );

    let product =
        done(&portal, "catalog.product.add", json!({"fields": {"iblockId": 1, "name": "Chair", "property12": "oak"}}));
    assert_eq!((&product["element"]["name"], &product["element"]["property12"]), (&json!("Chair"), &json!("oak")));
    let products = done(
        &portal,
        "catalog.product.list",
        json!({"filter": {"iblockId": 1, "%name": "hai"}, "select": ["id", "name"]}),
    );
    assert_eq!(products["products"], json!([{"id": product["element"]["id"], "name": "Chair"}]));

    let department = done(&portal, "department.add", json!({"NAME": "Sales", "PARENT": 1}));
    let found = done(&portal, "department.get", json!({"NAME": "Sales", "sort": "ID", "order": "DESC"}));
    assert_eq!(found[0]["ID"], department.to_string());
    assert_eq!(done(&portal, "department.get", json!({"sort": "ID", "order": "DESC"}))[0]["NAME"], "Sales");
    assert_eq!(refused(&portal, "department.add", json!({"NAME": "Sales"})), "ERROR_CORE");
}

#[test]
fn contact_data_change_by_their_numbers() {
    let portal = portal();
    let id = done(
        &portal,
        "crm.contact.add",
        json!({"fields": {"NAME": "Olga", "PHONE": [{"VALUE": "+1"}, {"VALUE": "+2", "VALUE_TYPE": "HOME"}, {"VALUE": ""}]}}),
    );
    let phones = |portal: &Portal| {
        let contact = done(portal, "crm.contact.get", json!({"id": id}));
        (contact["PHONE"].clone(), contact["HAS_PHONE"].clone())
    };
    let change = json!([{"ID": "1", "VALUE": "+3"}, {"ID": 2, "VALUE": ""}, {"VALUE": "+4"}]);
    assert_eq!(done(&portal, "crm.contact.update", json!({"id": id, "fields": {"PHONE": change}})), true);
    let expected =
        json!([{"VALUE_TYPE": "WORK", "VALUE": "+3", "ID": "1"}, {"VALUE_TYPE": "WORK", "VALUE": "+4", "ID": "3"}]);
    assert_eq!(phones(&portal), (expected, json!("Y")));
    let gone = json!([{"ID": 1, "VALUE": ""}, {"ID": 3, "VALUE": ""}]);
    done(&portal, "crm.contact.update", json!({"id": id, "fields": {"PHONE": gone}}));
    assert_eq!(phones(&portal), (json!([]), json!("N")));
    let found =
        answer(&portal, "crm.status.list", json!({"filter": {"ENTITY_ID": "DEAL_STAGE"}, "order": {"SORT": "ASC"}})).1;
    assert_eq!((&found["result"][0]["STATUS_ID"], found.get("total")), (&json!("NEW"), None));
    let task = done(&portal, "tasks.task.add", json!({"fields": {"TITLE": "x", "RESPONSIBLE_ID": 2150}}))["task"]["id"]
        .clone();
    let task = done(&portal, "tasks.task.get", json!({"taskId": task, "select": ["TITLE", "RESPONSIBLE"]}));
    assert_eq!(task["task"]["responsible"]["name"], "Ivan Petrov");
    assert_eq!((task["task"].get("creator"), task["task"].get("description")), (None, None));
}

#[test]
fn a_large_portal_has_many_pages() {
    let portal = sandbox().seed(Seed::Large).start().expect("a free port");
    let (_, listed) = answer(&portal, "crm.deal.list", json!({"start": 4950, "order": {"ID": "DESC"}}));
    assert_eq!((&listed["total"], listed.get("next"), &listed["result"][49]["ID"]), (&json!(5000), None, &json!("1")));
}
