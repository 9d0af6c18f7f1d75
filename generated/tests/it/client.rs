//! The generated client against a portal over real HTTP.

use bitrix24::types::{LandingRepositorySection, User, UserField};
use bitrix24::{Batch, Call, Client, Error, File, Id, Map, Page, Value, imbot, json, landing, user};

use crate::support::portal;

fn client(address: &str) -> Client {
    Client::webhook(address).expect("a good address")
}

#[tokio::test]
async fn an_account_is_made_changed_found_and_dismissed() {
    let portal = portal();
    let client = client(&portal.webhook());
    let id: Id = user::add("oleg@example.org")
        .name("Oleg")
        .last_name("Lama")
        .uf_department([7])
        .send(&client)
        .await
        .expect("made");
    let done: bool = user::update(&id)
        .email("oleg.lama@example.org")
        .work_position("Engineer")
        .personal_photo(File::new("portrait.jpg", vec![1, 2, 3]))
        .send(&client)
        .await
        .expect("changed");
    assert!(done);
    let page: Page<User> = user::get().filter(json!({"@ID": [id.to_string()]})).send(&client).await.expect("found");
    assert_eq!((page.items.len(), page.total, page.next), (1, Some(1), None));
    let found = &page.items[0];
    assert_eq!((found.id(), found.name(), found.active()), (Some(id.clone()), Some("Oleg"), Some(true)));
    assert_eq!((found.email(), found.uf_department()), (Some("oleg.lama@example.org"), Some(vec![7.into()])));
    assert!(found.personal_photo().and_then(Value::as_str).is_some_and(|address| address.ends_with("portrait.jpg")));
    assert!(user::change_user_status(&id, true).send(&client).await.expect("dismissed"));
    let page = user::search().filter(json!({"FIND": "oleg lama"})).send(&client).await.expect("found");
    assert_eq!(page.items[0].active(), Some(false));
}

#[tokio::test]
async fn custom_fields_pass_through() {
    let portal = portal();
    let client = client(&portal.webhook());
    let field =
        UserField::new().set_field_name("BADGE").set_user_type_id("string").set_multiple(false).set_label("Badge");
    let id = user::userfield::add(field).send(&client).await.expect("made");
    assert!(user::update(2150).param("UF_USR_BADGE", "A-113").send(&client).await.expect("changed"));
    let page = user::get().id(2150).send(&client).await.expect("found");
    assert_eq!(page.items[0].get("UF_USR_BADGE"), Some(&json!("A-113")));
    let fields: Map<String> = user::fields().send(&client).await.expect("listed");
    assert_eq!(fields.get("UF_USR_BADGE").map(String::as_str), Some("Badge"));
    assert!(
        user::userfield::update(&id)
            .fields(UserField::new().set_sort(5).set_mandatory(true))
            .send(&client)
            .await
            .expect("changed")
    );
    let listed = user::userfield::list().order(json!({"SORT": "asc"})).send(&client).await.expect("listed");
    assert_eq!((listed.items[0].sort(), listed.items[0].mandatory()), (Some(5), Some(true)));
    assert!(user::userfield::delete(&id).send(&client).await.expect("removed"));
}

#[tokio::test]
async fn calls_are_values() {
    let portal = portal();
    let client = client(&portal.webhook());
    let update = user::update(2150).name("Oleg");
    let again = update.clone().last_name("Lama");
    let call: Call = update.into();
    assert_eq!(Value::Object(call.params().clone()), json!({"ID": 2150, "NAME": "Oleg"}));
    let shown = client.request(&again.into()).expect("a request").dry_run();
    assert_eq!(shown["body"], json!({"ID": 2150, "NAME": "Oleg", "LAST_NAME": "Lama"}));
    assert!(!format!("{client:?} {shown}").contains("sandboxcode"));
    let upload: Call = user::update(1).personal_photo(File::new("a.jpg", vec![0; 9])).into();
    assert_eq!(
        client.request(&upload).expect("a request").dry_run()["body"]["PERSONAL_PHOTO"],
        json!({"file": "a.jpg", "bytes": 9})
    );
    assert!(portal.requests().is_empty(), "nothing was sent so far");
    let raw = client.call("user.current", json!({})).await.expect("called");
    assert_eq!(raw["NAME"], "Anna");
    let error = client.call("user.current", json!([1])).await.expect_err("no object");
    assert!(matches!(error, Error::Usage(_)), "{error}");
}

#[tokio::test]
async fn errors_of_the_portal_are_typed() {
    let portal = portal();
    let error = user::update(999_999).name("x").send(&client(&portal.webhook())).await.expect_err("no such account");
    let portal_error = error.portal().expect("the portal's");
    assert_eq!(
        (portal_error.status, portal_error.code.as_str(), portal_error.method.as_str()),
        (400, "ERROR_CORE", "user.update")
    );
    let error = user::add("not an address").send(&client(&portal.webhook())).await.expect_err("no address");
    assert_eq!(error.to_string(), "user.add: the portal answered ERROR_ARGUMENT: wrong_email (HTTP 400)");
    let wrong = portal.webhook().replace("sandboxcode", "s3cretcode");
    let error = user::current().send(&client(&wrong)).await.expect_err("wrong code");
    assert!(error.portal().is_some_and(bitrix24::PortalError::is_unauthorised));
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn a_token_works_as_a_webhook_does() {
    let portal = portal();
    let client = Client::with_token(&portal.address(), portal.token()).expect("a good address");
    let me: User = user::current().send(&client).await.expect("answered");
    assert_eq!(me.id(), Some(1.into()));
    let logged = &portal.requests()[0];
    assert_eq!(
        (logged.auth, logged.user, logged.method.as_str(), logged.params.len()),
        ("token", Some(1), "user.current", 0)
    );
    portal.expire_token();
    let error = user::current().send(&client).await.expect_err("run out");
    assert_eq!(error.portal().map(|error| error.code.as_str()), Some("expired_token"));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let portal = bitrix24::sandbox::Sandbox::new(&bitrix24::TABLES)
        .seed(bitrix24::sandbox::Seed::Large)
        .start()
        .expect("a free port");
    let client = client(&portal.webhook());
    let (mut start, mut seen) = (0, Vec::new());
    loop {
        let page = user::get().sort("ID").start(start).select(["ID"]).send(&client).await.expect("a page");
        assert_eq!(page.total, Some(1204));
        seen.extend(page.items.iter().filter_map(User::id));
        match page.next {
            Some(next) => start = i64::try_from(next).expect("small"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 1204);
    assert_eq!(portal.requests().len(), 25);
}

/// A function that answers less than its method has a type of its own, so that nobody has to look which form came.
#[tokio::test]
async fn a_function_has_the_result_that_its_page_tells() {
    let portal = portal();
    let client = client(&portal.webhook());
    let columns = landing::block::get_block_repository_section("columns");
    let section: Option<LandingRepositorySection> = columns.clone().send(&client).await.expect("answered");
    assert_eq!(section.as_ref().and_then(LandingRepositorySection::name), Some("Columns"));
    let sections: Map<LandingRepositorySection> =
        landing::block::list_block_repository_sections().scope("KNOWLEDGE").send(&client).await.expect("answered");
    assert_eq!(sections.keys().collect::<Vec<_>>(), ["favourite", "columns"]);
    let mut batch = Batch::new();
    let one = batch.add(columns);
    let mut replies = client.batch(batch).await.expect("answered");
    assert_eq!(replies.take(one).expect("a section").and_then(|section| section.separator()), Some(false));
}

#[tokio::test]
async fn what_stands_beside_the_records_is_kept() {
    let portal = portal();
    let client = client(&portal.webhook());
    let bots = imbot::v2::bot::list().send(&client).await.expect("a page");
    assert_eq!(bots.items.len(), 1);
    assert_eq!(bots.beside["users"][0]["name"], "Helper");
    assert_eq!(bots.beside["hasNextPage"], false);
    let accounts = user::get().send(&client).await.expect("a page");
    assert!(accounts.beside.is_empty(), "the records are the whole result");
}
