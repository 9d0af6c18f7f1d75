//! What the portal keeps: each kind of record through its own methods.

use bitrix24_runtime::sandbox::{Portal, Seed};
use bitrix24_runtime::{Value, json};

use crate::support::{answer, portal, request, sandbox};

/// Calls a method that must go well, and answers its `result`.
pub(crate) fn done(portal: &Portal, method: &str, params: Value) -> Value {
    let (status, answer) = answer(portal, method, params.clone());
    assert_eq!(status, 200, "{method} {params}: {answer}");
    answer["result"].clone()
}

/// Calls a method that must be refused, and answers the code.
pub(crate) fn refused(portal: &Portal, method: &str, params: Value) -> String {
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
    assert_eq!(refused(&portal, "tasks.task.add", json!({"fields": {"RESPONSIBLE_ID": 10}})), "ERROR_CORE");
    assert_eq!(refused(&portal, "tasks.task.add", json!({})), "100");
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
    assert_eq!((&file["SIZE"], &file["PARENT_ID"]), (&json!("5"), &json!(folder["ID"].to_string())));
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
    assert_eq!((&newer["GLOBAL_CONTENT_VERSION"], load(&newer).1), (&json!(2), b"bye".to_vec()));
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
        "ERROR_IBLOCK_NOT_FOUND"
    );

    let product =
        done(&portal, "catalog.product.add", json!({"fields": {"iblockId": 1, "name": "Chair", "property12": "oak"}}));
    assert_eq!(
        (&product["element"]["name"], &product["element"]["property12"]),
        (&json!("Chair"), &json!({"value": "oak", "valueId": "1"}))
    );
    let products = done(
        &portal,
        "catalog.product.list",
        json!({"filter": {"iblockId": 1, "%name": "hai"}, "select": ["id", "iblockId", "name"]}),
    );
    assert_eq!(products["products"], json!([{"id": product["element"]["id"], "iblockId": 1, "name": "Chair"}]));
    assert_eq!(refused(&portal, "catalog.product.list", json!({"filter": {"iblockId": 1}})), "0");

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
    let expected = json!([{"VALUE_TYPE": "WORK", "VALUE": "+3", "ID": "1", "TYPE_ID": "PHONE"}, {"VALUE_TYPE": "WORK", "VALUE": "+4", "ID": "3", "TYPE_ID": "PHONE"}]);
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

#[test]
fn deals_go_through_pipelines() {
    let portal = portal();
    let pipeline =
        done(&portal, "crm.category.add", json!({"entityTypeId": 2, "fields": {"name": "Service", "sort": 40}}));
    let id = pipeline["category"]["id"].as_u64().expect("a number");
    assert_eq!(
        pipeline["category"],
        json!({"id": id, "name": "Service", "sort": 40, "entityTypeId": 2, "isDefault": "N", "originId": "", "originatorId": ""})
    );
    let all = done(&portal, "crm.category.list", json!({"entityTypeId": 2}));
    assert_eq!((&all["categories"][0]["id"], &all["categories"][1]["id"]), (&json!(id), &json!(0)), "by their places");

    let directory = format!("DEAL_STAGE_{id}");
    let stages =
        done(&portal, "crm.status.list", json!({"filter": {"ENTITY_ID": directory}, "order": {"SORT": "ASC"}}));
    assert_eq!(
        (&stages[0]["STATUS_ID"], &stages[0]["CATEGORY_ID"]),
        (&json!(format!("C{id}:NEW")), &json!(id.to_string()))
    );
    let added = json!({"fields": {"ENTITY_ID": directory, "STATUS_ID": "PAUSE", "NAME": "Waiting", "SORT": 15}});
    done(&portal, "crm.status.add", added);
    let short = done(&portal, "crm.status.entity.items", json!({"entityId": directory}));
    assert_eq!(short[1], json!({"NAME": "Waiting", "SORT": 15, "STATUS_ID": format!("C{id}:PAUSE")}));

    let deal = done(&portal, "crm.deal.add", json!({"fields": {"TITLE": "Repair", "CATEGORY_ID": id}}));
    let get = || done(&portal, "crm.deal.get", json!({"id": deal}));
    assert_eq!(
        (&get()["STAGE_ID"], &get()["STAGE_SEMANTIC_ID"], &get()["CLOSED"]),
        (&json!(format!("C{id}:NEW")), &json!("P"), &json!("N"))
    );
    done(&portal, "crm.deal.update", json!({"id": deal, "fields": {"STAGE_ID": format!("C{id}:WON")}}));
    assert_eq!(
        (&get()["STAGE_SEMANTIC_ID"], &get()["CLOSED"], &get()["IS_NEW"]),
        (&json!("S"), &json!("Y"), &json!("N"))
    );
    assert_eq!(refused(&portal, "crm.category.delete", json!({"entityTypeId": 2, "id": id})), "0");
    assert_eq!(refused(&portal, "crm.category.delete", json!({"entityTypeId": 2, "id": 0})), "0");
    done(&portal, "crm.deal.delete", json!({"id": deal}));
    assert_eq!(done(&portal, "crm.category.delete", json!({"entityTypeId": 2, "id": id})), Value::Null);
    assert_eq!(done(&portal, "crm.status.list", json!({"filter": {"ENTITY_ID": directory}})), json!([]));
    assert_eq!(refused(&portal, "crm.category.list", json!({"entityTypeId": 1})), "ENTITY_TYPE_NOT_SUPPORTED");
    assert_eq!(refused(&portal, "crm.category.list", json!({"entityTypeId": 999})), "NOT_FOUND");

    // A smart process has a pipeline of its own from the start.
    let process = done(&portal, "crm.type.add", json!({"fields": {"title": "Requests", "isStagesEnabled": "Y"}}));
    let type_id = process["type"]["entityTypeId"].clone();
    let item = done(&portal, "crm.item.add", json!({"entityTypeId": type_id, "fields": {"title": "One"}}));
    let first = done(&portal, "crm.category.list", json!({"entityTypeId": type_id}))["categories"][0]["id"].clone();
    assert_eq!(
        (&item["item"]["categoryId"], &item["item"]["stageId"]),
        (&first, &json!(format!("DT{type_id}_{first}:NEW")))
    );
}

#[test]
fn product_rows_make_the_sum_of_their_owner() {
    let portal = portal();
    let deal = done(&portal, "crm.deal.add", json!({"fields": {"TITLE": "Goods", "OPPORTUNITY": 1}}));
    let product =
        done(&portal, "catalog.product.add", json!({"fields": {"iblockId": 23, "name": "Pallet"}}))["element"]["id"]
            .clone();
    let row = json!({"ownerType": "D", "ownerId": deal, "productId": product, "price": 80000, "quantity": 2, "discountTypeId": 2,
                     "discountRate": 20, "taxRate": 20, "taxIncluded": "Y"});
    let row = done(&portal, "crm.item.productrow.add", json!({"fields": row}))["productRow"].clone();
    assert_eq!(
        (&row["productName"], &row["priceNetto"], &row["priceBrutto"], &row["sort"], &row["price"]),
        (&json!("Pallet"), &json!(83333.34), &json!(100_000.01), &json!(10), &json!(80000))
    );
    let sum = || done(&portal, "crm.deal.get", json!({"id": deal}))["OPPORTUNITY"].clone();
    assert_eq!(sum(), "160000.00");
    let rows =
        json!([{"PRODUCT_NAME": "Delivery", "PRICE": "9.90", "QUANTITY": 3}, {"PRODUCT_ID": product, "PRICE": 10}]);
    assert_eq!(done(&portal, "crm.deal.productrows.set", json!({"id": deal, "rows": rows})), true);
    let rows = done(&portal, "crm.deal.productrows.get", json!({"id": deal}));
    assert_eq!(
        (
            &rows[0]["OWNER_ID"],
            &rows[0]["PRICE"],
            &rows[0]["PRICE_ACCOUNT"],
            &rows[0]["QUANTITY"],
            &rows[1]["PRODUCT_NAME"]
        ),
        (&json!(deal.to_string()), &json!(9.9), &json!("9.90"), &json!(3), &json!("Pallet"))
    );
    assert_eq!(sum(), "39.70");
    let listed = json!({"filter": {"=ownerType": "D", "=ownerId": deal, ">price": 9.95}, "order": {"price": "desc"}});
    let listed = done(&portal, "crm.item.productrow.list", listed)["productRows"].clone();
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["price"]), (Some(1), &json!(10)));
    let old = json!({"filter": {"OWNER_TYPE": "D", "OWNER_ID": deal}, "select": ["ID", "PRICE", "QUANTITY"]});
    assert_eq!(done(&portal, "crm.productrow.list", old)[0]["QUANTITY"], "3.0000");
    done(&portal, "crm.deal.update", json!({"id": deal, "fields": {"OPPORTUNITY": 5, "IS_MANUAL_OPPORTUNITY": "Y"}}));
    let id = listed[0]["id"].clone();
    done(&portal, "crm.item.productrow.update", json!({"id": id, "fields": {"quantity": 7}}));
    assert_eq!(sum(), "5.00", "set by hand");
    assert_eq!(done(&portal, "crm.item.productrow.delete", json!({"id": id})), Value::Null);
    assert_eq!(refused(&portal, "crm.item.productrow.get", json!({"id": id})), "NOT_FOUND");
    assert_eq!(refused(&portal, "crm.item.productrow.list", json!({"filter": {}})), "INVALID_ARG_VALUE");
    let nobody = json!({"fields": {"ownerType": "D", "ownerId": 99_999, "price": 1}});
    assert_eq!(refused(&portal, "crm.item.productrow.add", nobody), "OWNER_NOT_FOUND");
    let half = json!({"id": deal, "rows": [{"PRODUCT_NAME": "x", "DISCOUNT_TYPE_ID": 2, "DISCOUNT_RATE": 100}]});
    assert_eq!(refused(&portal, "crm.deal.productrows.set", half), "ERROR_CORE");
    done(&portal, "crm.deal.delete", json!({"id": deal}));
    assert_eq!(portal.records("crm.item.productrow").len(), 0, "they go with their owner");
}

#[test]
fn currencies_are_known_by_their_codes() {
    let portal = portal();
    assert_eq!(done(&portal, "crm.currency.base.get", json!({})), "USD");
    let written = json!({"en": {"FULL_NAME": "Yuan", "FORMAT_STRING": "# CNY", "DECIMALS": 2}});
    let fields = json!({"CURRENCY": "CNY", "AMOUNT": 12.2251, "AMOUNT_CNT": 1, "SORT": 900, "LANG": written});
    assert_eq!(done(&portal, "crm.currency.add", json!({"fields": fields})), "CNY");
    let yuan = done(&portal, "crm.currency.get", json!({"id": "CNY"}));
    assert_eq!(
        (&yuan["AMOUNT"], &yuan["FULL_NAME"], &yuan["LANG"]["en"]["DECIMALS"], &yuan["BASE"], yuan.get("ID")),
        (&json!("12.2251"), &json!("Yuan"), &json!("2"), &json!("N"), None)
    );
    done(
        &portal,
        "crm.currency.localizations.set",
        json!({"id": "CNY", "localizations": {"de": {"FULL_NAME": "Yuan"}}}),
    );
    done(&portal, "crm.currency.localizations.delete", json!({"id": "CNY", "lids": ["en"]}));
    let languages = done(&portal, "crm.currency.localizations.get", json!({"id": "CNY"}));
    assert_eq!(languages, json!({"de": {"FULL_NAME": "Yuan"}}));
    done(&portal, "crm.currency.update", json!({"id": "CNY", "fields": {"SORT": 5}}));
    let listed = done(&portal, "crm.currency.list", json!({"order": {"sort": "asc"}}));
    assert_eq!((&listed[0]["CURRENCY"], listed.as_array().map(Vec::len)), (&json!("CNY"), Some(4)));
    done(&portal, "crm.currency.base.set", json!({"id": "EUR"}));
    assert_eq!(done(&portal, "crm.currency.base.get", json!({})), "EUR");
    assert_eq!(done(&portal, "crm.currency.delete", json!({"id": "CNY"})), true);
    assert_eq!(refused(&portal, "crm.currency.delete", json!({"id": "EUR"})), "");
    assert_eq!(refused(&portal, "crm.currency.get", json!({"id": "CNY"})), "");
}

#[test]
fn the_crm_has_custom_fields_and_links() {
    let portal = portal();
    let field = json!({"fields": {"FIELD_NAME": "colour", "USER_TYPE_ID": "enumeration", "LABEL": "Colour", "SORT": 200,
                                  "LIST": [{"VALUE": "red"}, {"VALUE": "blue"}]}});
    let id = done(&portal, "crm.deal.userfield.add", field);
    let field = done(&portal, "crm.deal.userfield.get", json!({"id": id}));
    assert_eq!(
        (
            &field["FIELD_NAME"],
            &field["ENTITY_ID"],
            &field["SORT"],
            &field["LIST"][1]["ID"],
            &field["EDIT_FORM_LABEL"]["en"]
        ),
        (&json!("UF_CRM_COLOUR"), &json!("CRM_DEAL"), &json!("200"), &json!("2"), &json!("Colour"))
    );
    let described = done(&portal, "crm.deal.fields", json!({}))["UF_CRM_COLOUR"].clone();
    assert_eq!((&described["isDynamic"], &described["items"][0]["VALUE"]), (&json!(true), &json!("red")));
    let changes = json!({"id": id, "fields": {"LIST": [{"ID": 1, "DEL": "Y"}, {"VALUE": "green"}]}});
    done(&portal, "crm.deal.userfield.update", changes);
    let listed = done(&portal, "crm.deal.userfield.list", json!({"filter": {"FIELD_NAME": "UF_CRM_COLOUR"}}));
    assert_eq!((&listed[0]["LIST"][0]["VALUE"], &listed[0]["LIST"][1]["ID"]), (&json!("blue"), &json!("3")));
    let deal =
        done(&portal, "crm.deal.add", json!({"fields": {"TITLE": "Car", "UF_CRM_COLOUR": "3", "CONTACT_IDS": [2, 1]}}));
    assert_eq!(done(&portal, "crm.deal.get", json!({"id": deal}))["UF_CRM_COLOUR"], "3");
    done(&portal, "crm.deal.userfield.delete", json!({"id": id}));
    assert_eq!(done(&portal, "crm.deal.get", json!({"id": deal})).get("UF_CRM_COLOUR"), None);
    assert_eq!(refused(&portal, "crm.deal.userfield.get", json!({"id": id})), "ERROR_NOT_FOUND");
    let odd = json!({"fields": {"FIELD_NAME": "a b", "USER_TYPE_ID": "string"}});
    assert_eq!(refused(&portal, "crm.lead.userfield.add", odd), "ERROR_CORE");

    let links = || done(&portal, "crm.deal.contact.items.get", json!({"id": deal}));
    assert_eq!(links()[0], json!({"CONTACT_ID": 2, "SORT": 10, "ROLE_ID": 0, "IS_PRIMARY": "Y"}));
    assert_eq!(done(&portal, "crm.deal.get", json!({"id": deal}))["CONTACT_ID"], "2");
    done(&portal, "crm.deal.contact.add", json!({"id": deal, "fields": {"CONTACT_ID": 3, "IS_PRIMARY": "Y"}}));
    done(&portal, "crm.deal.contact.delete", json!({"id": deal, "fields": {"CONTACT_ID": 2}}));
    let order: Vec<u64> = (0..2).filter_map(|at| links()[at]["CONTACT_ID"].as_u64()).collect();
    assert_eq!(order, [3, 1]);
    let items = json!([{"CONTACT_ID": 1, "SORT": 20}, {"CONTACT_ID": 2, "SORT": 10, "IS_PRIMARY": "Y"}]);
    done(&portal, "crm.deal.contact.items.set", json!({"id": deal, "items": items}));
    assert_eq!(links()[1]["CONTACT_ID"], 1);
    done(&portal, "crm.deal.contact.items.delete", json!({"id": deal}));
    assert_eq!(links(), json!([]));
}
