//! Whole pieces of work as integrators do them, with answers in the documented forms.

use bitrix24_runtime::sandbox::Portal;
use bitrix24_runtime::{Value, json};

use crate::entities::{done, refused};
use crate::support::{portal, request, send_v3};

#[test]
fn a_todo_follows_its_deal() {
    let portal = portal();
    let call = json!({"ownerTypeId": 2, "ownerId": 1, "deadline": "2026-12-03T15:00:00", "title": "Call", "responsibleId": 10});
    let todo = done(&portal, "crm.activity.todo.add", call)["id"].clone();
    let activity = done(&portal, "crm.activity.get", json!({"id": todo}));
    assert_eq!(
        (&activity["SUBJECT"], &activity["PROVIDER_ID"], &activity["OWNER_ID"], &activity["RESPONSIBLE_ID"]),
        (&json!("Call"), &json!("CRM_TODO"), &json!("1"), &json!("10"))
    );
    let change = |value: &str| json!({"id": todo, "ownerTypeId": 2, "ownerId": 1, "value": value});
    done(&portal, "crm.activity.todo.updateDeadline", change("2026-12-04T10:00:00"));
    done(&portal, "crm.activity.todo.updateDescription", change("Ask for the papers"));
    let activity = done(&portal, "crm.activity.get", json!({"id": todo}));
    assert_eq!(
        (&activity["DEADLINE"], &activity["DESCRIPTION"]),
        (&json!("2026-12-04T10:00:00"), &json!("Ask for the papers"))
    );
    assert_eq!(refused(&portal, "crm.activity.todo.updateDeadline", change("tomorrow")), "WRONG_DATETIME_FORMAT");
    let nobody = json!({"ownerTypeId": 2, "ownerId": 99, "deadline": "2026-12-03T15:00:00"});
    assert_eq!(refused(&portal, "crm.activity.todo.add", nobody), "OWNER_NOT_FOUND");
    done(&portal, "crm.activity.update", json!({"id": todo, "fields": {"COMPLETED": "Y", "OWNER_ID": 2}}));
    assert_eq!(
        refused(&portal, "crm.activity.todo.updateDeadline", change("2026-12-05T10:00:00")),
        "CAN_NOT_UPDATE_COMPLETED_TODO"
    );
    assert_eq!(done(&portal, "crm.activity.get", json!({"id": todo}))["OWNER_ID"], "1", "the owner is fixed");
}

#[test]
fn duplicates_are_found_by_their_numbers() {
    let portal = portal();
    let with = |phone: &str| json!({"fields": {"TITLE": "x", "NAME": "x", "PHONE": [{"VALUE": phone}], "EMAIL": [{"VALUE": "Olga@example.org"}]}});
    let contact = done(&portal, "crm.contact.add", with("+7 (900) 123-45-67"));
    let lead = done(&portal, "crm.lead.add", with("79001234567"));
    let found = done(&portal, "crm.duplicate.findbycomm", json!({"type": "PHONE", "values": ["+79001234567"]}));
    assert_eq!(found, json!({"LEAD": [lead], "CONTACT": [contact]}));
    let only = json!({"type": "EMAIL", "values": ["olga@EXAMPLE.org"], "entity_type": "CONTACT"});
    assert_eq!(done(&portal, "crm.duplicate.findbycomm", only), json!({"CONTACT": [contact]}));
    assert_eq!(done(&portal, "crm.duplicate.findbycomm", json!({"type": "PHONE", "values": ["1"]})), json!([]));
    refused(&portal, "crm.duplicate.findbycomm", json!({"values": ["1"]}));
}

#[test]
fn a_smart_process_goes_only_when_it_is_empty() {
    let portal = portal();
    let own = done(&portal, "crm.type.add", json!({"fields": {"title": "Leases"}}))["type"].clone();
    let type_id = own["entityTypeId"].clone();
    assert_eq!((&own["isPaymentsEnabled"], &own["relations"]["child"]), (&json!("N"), &json!([])));
    let listed = done(&portal, "crm.type.list", json!({}))["types"][1].clone();
    assert!(listed.get("relations").is_none() && listed["title"] == "Leases", "{listed}");
    let found = done(&portal, "crm.type.getByEntityTypeId", json!({"entityTypeId": type_id}));
    assert_eq!(found["type"]["id"], own["id"]);
    let item = done(&portal, "crm.item.add", json!({"entityTypeId": type_id, "fields": {"title": "First"}}));
    assert_eq!(refused(&portal, "crm.type.delete", json!({"id": own["id"]})), "BX_ERROR");
    done(&portal, "crm.item.delete", json!({"entityTypeId": type_id, "id": item["item"]["id"]}));
    assert_eq!(done(&portal, "crm.type.delete", json!({"id": own["id"]})), json!([]));
    assert_eq!(refused(&portal, "crm.item.list", json!({"entityTypeId": type_id})), "NOT_FOUND");
    let odd = json!({"entityTypeId": 2, "filter": {">colour": "red"}});
    assert_eq!(refused(&portal, "crm.item.list", odd), "INVALID_ARG_VALUE");
    let lead = done(&portal, "crm.item.add", json!({"entityTypeId": 1, "fields": {"title": "Lead"}}))["item"].clone();
    assert_eq!(
        (&lead["stageSemanticId"], &lead["observers"], &lead["isConvert"]),
        (&json!("P"), &json!([]), &Value::Null)
    );
}

#[test]
fn time_is_booked_on_a_task() {
    let portal = portal();
    let fields = json!({"TITLE": "Draw", "RESPONSIBLE_ID": 10, "ACCOMPLICES": [2150], "TAGS": ["plans"]});
    let task = done(&portal, "tasks.task.add", json!({"fields": fields}))["task"].clone();
    let id = task["id"].clone();
    assert_eq!(
        (&task["accomplices"], &task["accomplicesData"]["2150"]["name"], &task["responsible"]["workPosition"]),
        (&json!(["2150"]), &json!("Ivan Petrov"), &json!("Accountant"))
    );
    assert!(task.get("tags").is_none() && task["action"]["start"] == true && task["subStatus"] == "2", "{task}");
    let listed =
        done(&portal, "tasks.task.list", json!({"select": ["ID", "TAGS", "RESPONSIBLE_ID"]}))["tasks"][0].clone();
    assert_eq!((&listed["tags"]["1"]["title"], &listed["responsible"]["id"]), (&json!("plans"), &json!("10")));
    assert!(listed.get("title").is_none(), "{listed}");
    assert_eq!(refused(&portal, "tasks.task.list", json!({"order": {"COLOUR": "asc"}})), "0");
    assert_eq!(refused(&portal, "tasks.task.get", json!({"taskId": id, "select": "TITLE"})), "100");

    let booking = done(&portal, "task.elapseditem.add", json!([id, {"SECONDS": 5400, "COMMENT_TEXT": "Drawings"}]));
    let booked = done(&portal, "task.elapseditem.get", json!([id, booking]));
    assert_eq!((&booked[0]["MINUTES"], &booked[0]["USER_ID"]), (&json!("90"), &json!("1")));
    done(&portal, "task.elapseditem.add", json!({"TASKID": id, "ARFIELDS": {"SECONDS": 600}}));
    let spent = || done(&portal, "tasks.task.get", json!({"taskId": id}))["task"]["timeSpentInLogs"].clone();
    assert_eq!(spent(), "6000");
    let pages = json!([id, {"ID": "desc"}, {}, [], {"NAV_PARAMS": {"nPageSize": 1, "iNumPage": 2}}]);
    assert_eq!(done(&portal, "task.elapseditem.getlist", pages)[0]["ID"], booking.to_string());
    assert_eq!(done(&portal, "task.elapseditem.delete", json!([id, booking])), Value::Null);
    assert_eq!(spent(), "600");
    assert_eq!(refused(&portal, "task.elapseditem.getlist", json!([99])), "ERROR_CORE");
}

#[test]
fn lists_have_fields_and_sections() {
    let portal = portal();
    let of = |more: Value| {
        let mut call = json!({"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 1});
        call.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        call
    };
    let choices = json!({"n1": {"VALUE": "Draft", "DEF": "Y"}, "n2": {"VALUE": "Signed"}});
    let state = json!({"FIELDS": {"NAME": "State", "TYPE": "L", "CODE": "STATE", "IS_REQUIRED": true, "SORT": 30, "LIST": choices}});
    let key = done(&portal, "lists.field.add", of(state));
    let field = done(&portal, "lists.field.get", of(json!({"FIELD_ID": key})))["L"].clone();
    assert_eq!(
        (&field["FIELD_ID"], &field["IS_REQUIRED"], &field["SORT"], &field["DISPLAY_VALUES_FORM"]),
        (&key, &json!("Y"), &json!(30), &json!({"1": "Draft", "2": "Signed"}))
    );
    assert_eq!(field["DEFAULT_VALUE"], "1");
    let all = done(&portal, "lists.field.get", of(json!({})));
    assert_eq!(
        all.as_object().map(|all| all.keys().cloned().collect::<Vec<_>>()),
        Some(vec!["NAME".to_owned(), key.as_str().unwrap_or_default().to_owned()])
    );
    let renamed = json!({"FIELD_ID": key, "FIELDS": {"NAME": "Stage", "TYPE": "L"}});
    assert_eq!(done(&portal, "lists.field.update", of(renamed)), true);
    let codeless = json!({"FIELDS": {"NAME": "x", "TYPE": "S"}});
    assert_eq!(refused(&portal, "lists.field.add", of(codeless)), "ERROR_SAVE_FIELD");
    assert_eq!(
        refused(&portal, "lists.field.add", of(json!({"FIELDS": {"NAME": "x"}}))),
        "ERROR_REQUIRED_PARAMETERS_MISSING"
    );

    let name = key.as_str().unwrap_or_default();
    let element = json!({"ELEMENT_CODE": "pc", "FIELDS": {"NAME": "PC", name: 2, "PROPERTY_77": ["a", "b"]}});
    let element = done(&portal, "lists.element.add", of(element));
    let found = done(&portal, "lists.element.get", of(json!({"FILTER": {"PROPERTY_77": "b"}})))[0].clone();
    assert_eq!((&found[name], &found["PROPERTY_77"]), (&json!({"1": "2"}), &json!({"2": "a", "3": "b"})));
    let change = json!({"ELEMENT_ID": element, "FIELDS": {"NAME": "PC", "PROPERTY_77": {"3": "c", "n0": "d"}}});
    done(&portal, "lists.element.update", of(change));
    assert_eq!(done(&portal, "lists.element.get", of(json!({})))[0]["PROPERTY_77"], json!({"3": "c", "4": "d"}));
    assert_eq!(done(&portal, "lists.field.delete", of(json!({"FIELD_ID": key}))), true);
    assert!(done(&portal, "lists.element.get", of(json!({})))[0].get(name).is_none());

    let section = json!({"SECTION_CODE": "office", "FIELDS": {"NAME": "Office"}});
    let section = done(&portal, "lists.section.add", of(section));
    let renamed = json!({"SECTION_ID": section, "FIELDS": {"NAME": "Back office"}});
    assert_eq!(done(&portal, "lists.section.update", of(renamed)), true);
    let found = done(&portal, "lists.section.get", of(json!({"FILTER": {"CODE": "office"}})))[0].clone();
    assert_eq!((&found["NAME"], &found["ID"]), (&json!("Back office"), &json!(section.to_string())));
    assert_eq!(done(&portal, "lists.section.delete", of(json!({"SECTION_ID": section}))), true);
    let again = json!({"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "inventory", "FIELDS": {"NAME": "x"}});
    assert_eq!(refused(&portal, "lists.add", again), "ERROR_IBLOCK_ALREADY_EXISTS");
}

#[test]
fn a_meeting_is_answered_as_the_calendar_shows_it() {
    let portal = portal();
    let event = json!({
        "type": "user", "ownerId": 1, "from": "2026-06-15T17:59:00", "to": "2026-06-15 18:59:00", "section": 1, "name": "Talk",
        "is_meeting": "Y", "attendees": [1, 10], "meeting": {"notify": true}, "rrule": {"FREQ": "WEEKLY", "BYDAY": ["MO"], "UNTIL": "2026-12-24"},
    });
    let id = done(&portal, "calendar.event.add", event);
    let shown = done(&portal, "calendar.event.getbyid", json!({"id": id}));
    assert_eq!(
        (&shown["DATE_FROM"], &shown["DT_LENGTH"], &shown["IS_MEETING"]),
        (&json!("06/15/2026 05:59:00 pm"), &json!(3600), &json!(true))
    );
    assert_eq!((&shown["ATTENDEES_CODES"], &shown["ATTENDEE_LIST"][0]["status"]), (&json!(["U1", "U10"]), &json!("H")));
    assert_eq!((&shown["MEETING"]["NOTIFY"], &shown["MEETING"]["HOST_NAME"]), (&json!(true), &json!("Anna Schmidt")));
    assert_eq!((&shown["RRULE"]["BYDAY"], &shown["RRULE"]["UNTIL"]), (&json!({"MO": "MO"}), &json!("12/24/2026")));
    let lost =
        json!({"type": "user", "ownerId": 1, "from": "2026-06-15", "to": "2026-06-15", "section": 99, "name": "x"});
    refused(&portal, "calendar.event.add", lost);
    let odd = json!({"type": "user", "ownerId": 1, "from": "soon", "to": "2026-06-15", "section": 1, "name": "x"});
    refused(&portal, "calendar.event.add", odd);
    let section = done(&portal, "calendar.section.get", json!({"type": "user", "ownerId": 1}))[0].clone();
    assert_eq!(section["NAME"], "Anna Schmidt");
}

#[test]
fn products_have_properties_and_pictures() {
    let portal = portal();
    let picture = json!({"fileData": ["a.png", "aGVsbG8="]});
    let fields = json!({"iblockId": 1, "name": "Chair", "property5": [{"value": "oak"}, "ash"], "previewPicture": picture, "purchasingPrice": 1000});
    let product = done(&portal, "catalog.product.add", json!({"fields": fields}))["element"].clone();
    assert_eq!(product["property5"], json!([{"value": "oak", "valueId": "1"}, {"value": "ash", "valueId": "2"}]));
    assert_eq!((&product["purchasingPrice"], &product["previewPicture"]["id"]), (&json!("1000.000000"), &json!("1")));
    let change = json!({"property5": [{"value": "elm", "valueId": "2"}, {"valueId": 1, "remove": "Y"}], "previewPicture": {"remove": "Y"}});
    let changed =
        done(&portal, "catalog.product.update", json!({"id": product["id"], "fields": change}))["element"].clone();
    assert_eq!(
        (&changed["property5"], &changed["previewPicture"]),
        (&json!([{"value": "elm", "valueId": "2"}]), &Value::Null)
    );
}

#[test]
fn folders_are_copied_and_files_keep_their_versions() {
    let portal = portal();
    let folder = done(&portal, "disk.storage.addfolder", json!({"id": 1, "data": {"NAME": "Reports"}}));
    let upload = json!({"id": folder["ID"], "data": {"NAME": "a.txt"}, "fileContent": ["a.txt", "b2xk"]});
    let file = done(&portal, "disk.folder.uploadfile", upload);
    done(&portal, "disk.file.uploadversion", json!({"id": file["ID"], "fileContent": ["a.txt", "bmV3"]}));
    let load = |address: &Value| {
        let address = address.as_str().expect("an address").trim_start_matches(&portal.address()).to_owned();
        request(&portal, &format!("GET {address}"), "", b"").expect("an answer").body
    };
    let versions = done(&portal, "disk.file.getVersions", json!({"id": file["ID"]}));
    let contents: Vec<Vec<u8>> = (0..2).map(|at| load(&versions[at]["DOWNLOAD_URL"])).collect();
    assert_eq!(contents, [b"new".to_vec(), b"old".to_vec()]);
    let copy = done(&portal, "disk.folder.copyTo", json!({"id": folder["ID"], "targetFolderId": 1}));
    assert_eq!(copy["NAME"], "Reports (1)");
    let copied = done(&portal, "disk.folder.getchildren", json!({"id": copy["ID"]}))[0].clone();
    assert_eq!((&copied["NAME"], load(&copied["DOWNLOAD_URL"])), (&json!("a.txt"), b"new".to_vec()));
    let within = json!({"id": folder["ID"], "targetFolderId": folder["ID"]});
    assert_eq!(refused(&portal, "disk.folder.copyTo", within), "ERROR_ARGUMENT");
}

#[test]
fn chats_are_muted_coloured_and_liked() {
    let portal = portal();
    let chat = done(&portal, "im.chat.add", json!({"TITLE": "Team", "USERS": [10], "MESSAGE": "Hi"}));
    done(&portal, "im.chat.mute", json!({"CHAT_ID": chat, "MUTE": "Y"}));
    done(&portal, "im.chat.updateColor", json!({"CHAT_ID": chat, "COLOR": "mint"}));
    assert_eq!(refused(&portal, "im.chat.updateColor", json!({"CHAT_ID": chat, "COLOR": "plaid"})), "WRONG_COLOR");
    done(&portal, "im.message.like", json!({"MESSAGE_ID": 1, "ACTION": "plus"}));
    assert_eq!(refused(&portal, "im.message.like", json!({"MESSAGE_ID": 1, "ACTION": "plus"})), "WITHOUT_CHANGES");
    let dialog = format!("chat{chat}");
    let told = done(&portal, "im.dialog.get", json!({"DIALOG_ID": dialog}));
    assert_eq!(
        (&told["mute_list"], &told["color"], &told["role"]),
        (&json!({"1": true}), &json!("#4ba984"), &json!("owner"))
    );
    done(&portal, "im.chat.setOwner", json!({"CHAT_ID": chat, "USER_ID": 10}));
    assert_eq!(done(&portal, "im.dialog.get", json!({"DIALOG_ID": dialog}))["role"], "member");
    let messages = done(&portal, "im.dialog.messages.get", json!({"DIALOG_ID": dialog}));
    assert_eq!(
        (&messages["messages"][0]["params"]["LIKE"], &messages["users"][0]["email"]),
        (&json!([1]), &json!("user1@example.org"))
    );
    done(&portal, "im.message.add", json!({"DIALOG_ID": 10, "MESSAGE": "Private"}));
    let recent = done(&portal, "im.recent.list", json!({}))["items"][0].clone();
    assert_eq!((&recent["id"], &recent["type"], &recent["title"]), (&json!(10), &json!("user"), &json!("Boris Novak")));
    assert_eq!(done(&portal, "im.dialog.read", json!({"DIALOG_ID": dialog}))["lastId"], 1);
}

#[test]
fn a_task_of_rest_3_has_rights_and_a_chat() {
    let portal: Portal = portal();
    let fields = json!({"title": "Sign", "creatorId": 1, "responsibleId": 10, "accompliceIds": [2150]});
    let task = send_v3(&portal, "tasks.task.add", &json!({"fields": fields}))["result"]["item"].clone();
    assert_eq!(
        (&task["rights"]["start"], &task["mark"], &task["accompliceIds"]),
        (&json!(true), &json!("none"), &json!([2150]))
    );
    assert!(
        task["chatId"].is_u64() && task.get("isMuted").is_none() && task["scenarios"] == json!(["default"]),
        "{task}"
    );
    let message = json!({"fields": {"taskId": task["id"], "text": "Done?"}});
    assert_eq!(send_v3(&portal, "tasks.task.chat.message.send", &message)["result"]["result"], true);
    let said = done(&portal, "im.dialog.messages.get", json!({"CHAT_ID": task["chatId"]}));
    assert_eq!(said["messages"][0]["text"], "Done?");
    let silent = json!({"fields": {"taskId": task["id"]}});
    assert_eq!(send_v3(&portal, "tasks.task.chat.message.send", &silent)["error"]["validation"][0]["field"], "text");
    assert_eq!(
        send_v3(&portal, "tasks.task.file.attach", &json!({"taskId": task["id"], "fileIds": [7]}))["result"]["result"],
        true
    );
    let got = send_v3(&portal, "tasks.task.get", &json!({"id": task["id"]}))["result"]["item"].clone();
    assert_eq!((&got["fileIds"], &got["chatId"]), (&json!([7]), &task["chatId"]));
    assert_eq!(send_v3(&portal, "tasks.task.access.get", &json!({"id": task["id"]}))["result"]["approve"], false);
}
