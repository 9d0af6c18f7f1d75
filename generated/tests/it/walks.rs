//! Lists and batches of the generated client.

use bitrix24::sandbox::{Portal, Sandbox, Seed};
use bitrix24::types::User;
use bitrix24::{Batch, Client, Id, Page, TABLES, filter, tasks, user};

fn portal() -> (Portal, Client) {
    let portal = Sandbox::new(&TABLES).seed(Seed::Large).start().expect("a free port");
    let client = Client::webhook(&portal.webhook()).expect("a good address");
    (portal, client)
}

#[tokio::test]
async fn a_list_streams_all_its_records() {
    let (portal, client) = portal();
    let mut seen: Vec<Id> = Vec::new();
    let mut users = user::get().select(["NAME"]).filter(filter! { ">ID": 0 }).stream(&client);
    while let Some(user) = users.next().await {
        let user: User = user.expect("a record");
        seen.extend(user.id());
    }
    assert_eq!(seen.len(), portal.records("user").len());
    assert_eq!(portal.counts().requests, 2);
    let all: Vec<User> = user::get().all(&client).await.expect("whole");
    assert!(all.iter().filter_map(User::id).eq(seen));
    let mut pages = user::get().pages(&client);
    let page: Page<User> = pages.next().await.expect("a page").expect("whole");
    assert_eq!(page.items.len(), 50);
    // Records below a key, and with other names in the answer than in the request.
    portal.fill("tasks.task", 120);
    let found = tasks::task::list().select(["TITLE"]).all(&client).await.expect("whole");
    assert_eq!(found.len(), 120);
}

#[tokio::test]
async fn typed_calls_travel_together() {
    let (portal, client) = portal();
    let replies = client.batch([user::current().into(), user::get().id(2150).into()]).await.expect("sent");
    assert_eq!(replies.all().expect("done").len(), 2);
    let mut batch = Batch::new();
    let id = batch.add(user::add("oleg.batch@example.org").name("Oleg").uf_department([7]));
    batch.add(user::update(id.result()).last_name("Lama"));
    let found = batch.add_named("found", user::get().id(id.result()));
    let mut replies = client.batch(batch).await.expect("sent");
    assert!(replies.named("found").is_some());
    let page: Page<User> = replies.take(found).expect("found");
    assert_eq!(page.items[0].last_name(), Some("Lama"));
    let id: Id = replies.take(id).expect("made");
    assert_eq!(page.items[0].id(), Some(id));
    assert_eq!(portal.counts().requests, 2);
}
