//! Every list that is cut into pages in a way of its own, walked as its row of the tables says, against a portal that cuts it
//! so: each record once, also while records come and go, and never a part that passes for the whole.

use bitrix24::sandbox::{Mutation, Options, Portal, Sandbox, Trigger};
use bitrix24::table::{Command, Param};
use bitrix24::{Call, Client, Error, Limits, Paging, TABLES, Value};

/// Lists that are cut otherwise than by `start`.
fn lists() -> impl Iterator<Item = Command<'static>> {
    TABLES.commands().filter(|command| {
        let style = command.paging.as_deref().and_then(Paging::of_word);
        let is_list = command.returns.as_ref().is_some_and(|returns| matches!(&*returns.type_word, "list" | "page"));
        is_list && !matches!(style, None | Some(Paging::Start | Paging::Pagination))
    })
}

fn list(method: &str) -> Command<'static> {
    TABLES.command(method, None).expect("a command")
}

fn client(portal: &Portal) -> Client {
    // Some methods answer applications only.
    Client::builder(&portal.address()).token(portal.token()).limits(Limits::off()).build().expect("a good address")
}

/// The call with what it cannot do without, as the example has it.
fn call(command: &Command<'static>) -> Call {
    let example = command.examples.first().expect("an example");
    let mut call = Call::new(command.as_method());
    for path in command.params.iter().filter(|param| param.required).filter_map(Param::path) {
        let value = path.iter().try_fold(&example.body, |value, key| value.get(key)).expect("what is required");
        call.set_path(&path.iter().map(String::as_str).collect::<Vec<_>>(), value.clone());
    }
    call
}

fn number(record: &Value) -> i64 {
    let number = record.get("id").or_else(|| record.get("ID")).expect("a number");
    number.as_i64().or_else(|| number.as_str()?.parse().ok()).expect("a number")
}

/// The portal's collection behind a list: that of an entity, or one of the list's own.
fn collection(command: &Command<'_>) -> String {
    match command.method.as_deref().unwrap_or_default() {
        "note.collection.list" => "note.collection".to_owned(),
        "task.elapseditem.getlist" => "task.elapseditem".to_owned(),
        name => name.to_lowercase(),
    }
}

fn held(portal: &Portal, command: &Command<'_>) -> Vec<i64> {
    portal.records(&collection(command)).into_iter().map(|record| number(&Value::Object(record))).collect()
}

fn portal(command: &Command<'_>, records: usize) -> Portal {
    let portal = Sandbox::new(&TABLES).start().expect("a free port");
    portal.fill(&collection(command), records);
    portal
}

#[tokio::test]
async fn each_is_walked_to_its_end() {
    let mut walked = 0;
    for command in lists() {
        let name = command.method.clone().unwrap_or_default();
        let portal = portal(&command, 120);
        let found = call(&command).all_as::<Value>(&client(&portal)).await;
        let all = held(&portal, &command);
        if command.paging.as_deref() == Some("first") && all.len() >= usize::from(command.walk.page.unwrap_or(50)) {
            let error = found.expect_err("a part is not the whole").to_string();
            assert!(error.contains("first"), "{name}: {error}");
            continue;
        }
        let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
        match all.is_empty() {
            // Bare numbers: the documented ones are the list.
            true => assert!(!found.is_empty(), "{name}"),
            false => assert_eq!(found.iter().map(number).collect::<Vec<_>>(), all, "{name}"),
        }
        walked += 1;
    }
    assert!(walked > 15, "{walked} lists");
}

#[tokio::test]
async fn a_list_of_which_only_the_first_part_can_be_had_says_so() {
    let people = list("imbot.v2.Chat.User.list");
    for (records, limit, is_whole) in [(30, None, true), (199, None, true), (250, None, false), (30, Some(20), false)] {
        let portal = portal(&people, records);
        let mut call = call(&people);
        if let Some(limit) = limit {
            call.set("limit".to_owned(), Value::from(limit));
        }
        let found = call.all_as::<Value>(&client(&portal)).await;
        assert_eq!(found.as_ref().ok().map(Vec::len), is_whole.then_some(records), "{records}: {found:?}");
    }
    // Here the portal says whether there are more.
    let matches = list("note.document.search.list");
    for (records, is_whole) in [(200, true), (201, false)] {
        let portal = portal(&matches, records);
        let found = call(&matches).all_as::<Value>(&client(&portal)).await;
        assert_eq!(found.is_ok(), is_whole, "{records}");
    }
}

/// Walks 120 records of which some go and others come at these requests.
async fn changing(method: &str, at: &[u64], delete_first: usize) -> (Vec<i64>, Vec<i64>, Option<Error>) {
    let command = list(method);
    let portal = portal(&command, 300);
    let before = held(&portal, &command);
    let collection = collection(&command);
    let mutation = |at: &u64| Mutation {
        trigger: Trigger { at: vec![*at], ..Trigger::default() },
        collection: collection.clone(),
        delete_first,
        add: 3,
        ..Mutation::default()
    };
    portal.set_options(Options { mutations: at.iter().map(mutation).collect(), ..Options::default() });
    let mut records = call(&command).stream_as::<Value>(&client(&portal));
    let (mut found, mut failed) = (Vec::new(), None);
    while let Some(record) = records.next().await {
        match record {
            Ok(record) => found.push(number(&record)),
            Err(error) => failed = Some(error),
        }
    }
    let after = held(&portal, &command);
    (found, before.into_iter().filter(|number| after.contains(number)).collect(), failed)
}

#[tokio::test]
async fn what_is_there_throughout_comes_once_while_records_come_and_go() {
    // By number: nothing is lost, whatever happens.
    for method in ["biconnector.source.list", "task.item.list", "task.elapseditem.getlist", "main.eventlog.tail"] {
        let (found, there, failed) = changing(method, &[2, 3, 4], 7).await;
        assert!(failed.is_none(), "{method}: {failed:?}");
        let once: Vec<i64> =
            there.iter().copied().filter(|number| found.iter().filter(|n| *n == number).count() == 1).collect();
        assert_eq!(once, there, "{method}");
    }
    // By the number of records to skip: the list is read again, what has come already is left out.
    for method in ["im.search.chat.list", "imopenlines.config.list.get", "imbot.v2.Bot.list"] {
        let (found, there, failed) = changing(method, &[2, 4], 7).await;
        assert!(failed.is_none(), "{method}: {failed:?}");
        let once: Vec<i64> =
            there.iter().copied().filter(|number| found.iter().filter(|n| *n == number).count() == 1).collect();
        assert_eq!(once, there, "{method}");
    }
    // A list that changes with every request cannot be read so, and says it.
    let (_, _, failed) = changing("im.search.chat.list", &(2..40).collect::<Vec<_>>(), 1).await;
    assert!(failed.is_some_and(|error| error.to_string().contains("changes faster")));
}

#[tokio::test]
async fn the_tables_say_of_a_method_what_its_type_says() {
    let typed = |call: Call| call.method().clone();
    for (typed, name) in [
        (typed(bitrix24::catalog::price::list().into()), "catalog.price.list"),
        (typed(bitrix24::user::get().into()), "user.get"),
        (typed(bitrix24::tasks::task::list().into()), "tasks.task.list"),
        (typed(bitrix24::im::dialog::users::list("chat1").into()), "im.dialog.users.list"),
        (typed(bitrix24::biconnector::source::list().into()), "biconnector.source.list"),
        (typed(bitrix24::main_::eventlog::v3::tail().into()), "main.eventlog.tail"),
        (typed(bitrix24::crm::currency::get().into()), "crm.currency.get"),
    ] {
        assert_eq!(list(name).as_method(), typed, "{name}");
    }
}
