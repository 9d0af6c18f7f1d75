//! The Rust of the guides: what they show stands here word for word, in functions that are compiled and not called. Change it
//! here, have it formatted, and copy it into the guide.

#![allow(
    dead_code,
    unused_imports,
    unused_variables,
    unused_mut,
    reason = "the guides show the beginning of something"
)]

use std::path::Path;

use bitrix24::{Client, json, user};

type Done = Result<(), Box<dyn std::error::Error>>;

mod rust_client {
    use super::*;

    async fn calls() -> Done {
        use bitrix24::{Client, Page, json, types::User, user};

        let client = Client::webhook("https://b24-ar17wx.bitrix24.by/rest/1/<secret>/")?;

        let done: bool = user::update(2150)
            .email("oleg@example.org")
            .name("Oleg")
            .param("UF_USR_BADGE", "A-113")
            .send(&client)
            .await?;

        let engineers: Page<User> = user::get()
            .filter(json!({"WORK_POSITION": "Engineer", "!ACTIVE": "N"}))
            .sort("LAST_NAME")
            .send(&client)
            .await?;
        for user in &engineers.items {
            println!("{:?} {:?}", user.id(), user.last_name());
        }
        Ok(())
    }

    async fn any_method(client: Client) -> Done {
        let answer = client.call("crm.any.method", json!({"ID": 1})).await?;
        Ok(())
    }

    async fn errors(client: Client) -> Done {
        use bitrix24::crm;

        match crm::item::get(2, 10_157).send(&client).await {
            Ok(deal) => println!("{:?}", deal.title()),
            Err(error) if error.is_not_found() => println!("no such deal"),
            Err(error) if error.code() == Some("ACCESS_DENIED") => println!("not for this user"),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn several(client: Client) -> Done {
        let running = [10, 2150].map(|id| {
            let client = client.clone();
            tokio::spawn(async move { user::update(id).work_position("Developer").send(&client).await })
        });
        for task in running {
            let done = task.await??;
            println!("{done}");
        }
        Ok(())
    }

    async fn settings() -> Done {
        use std::time::Duration;

        let client = Client::builder("b24-ar17wx.bitrix24.by")
            .token("<token>")
            .timeout(Duration::from_secs(30))
            .user_agent("my-application/1.0")
            .largest_answer(64 << 20)
            .build()?;
        Ok(())
    }

    async fn transport(address: &str) -> Done {
        use bitrix24::Transport;

        let transport =
            Transport::new().proxy("http://proxy.example.org:3128")?.extra_ca(std::fs::read("company-ca.pem")?)?;
        let client = Client::builder(address).transport(transport).build()?;
        Ok(())
    }

    fn without_async() -> Done {
        use bitrix24::{blocking, user};

        let client = blocking::Client::webhook("https://b24-ar17wx.bitrix24.by/rest/1/<secret>/")?;
        let me = client.send(user::current())?;
        for colleague in client.iter(user::get().stream(client.asynchronous())) {
            println!("{:?}", colleague?.last_name());
        }
        Ok(())
    }
}

mod index {
    fn program() {
        use bitrix24::{Client, user};

        #[tokio::main(flavor = "current_thread")]
        async fn main() -> Result<(), Box<dyn std::error::Error>> {
            let client = Client::webhook("http://127.0.0.1:8024/rest/1/sandboxcode00000/")?;
            let done: bool = user::update(2150).name("Oleg").uf_department([7]).send(&client).await?;
            println!("{done}");
            Ok(())
        }
    }
}

mod authorisation {
    use super::*;

    async fn webhook() -> Done {
        let client = Client::webhook("https://b24-ar17wx.bitrix24.by/rest/1/<secret>/")?;
        Ok(())
    }

    async fn token() -> Done {
        let client = Client::with_token("b24-ar17wx.bitrix24.by", "<token>")?;
        Ok(())
    }

    async fn first(code: String) -> Done {
        use bitrix24::auth::{FileStore, OAuthApp, TokenStore, random_state};

        let app = OAuthApp::new("app.573ad8a0346747.09223434", "<client secret>");
        let state = random_state()?;
        println!("open {}", app.authorize_url("b24-ar17wx.bitrix24.by", &state)?);

        // The browser comes back with `code` and `state`. Go on only when `state` is the same.
        let store = FileStore::new("tokens.json");
        store.save(&app.exchange(&code).await?).await?;
        Ok(())
    }

    async fn then() -> Done {
        use bitrix24::auth::{FileStore, OAuthApp};

        let app = OAuthApp::new("app.573ad8a0346747.09223434", "<client secret>");
        let client = Client::builder("b24-ar17wx.bitrix24.by").oauth(app, FileStore::new("tokens.json")).build()?;
        let profile = client.call("profile", json!({})).await?;
        Ok(())
    }

    async fn store() -> Done {
        use bitrix24::auth::{StoreFuture, TokenStore, Tokens};
        use std::sync::Mutex;

        /// Stands for a table of a database.
        #[derive(Default)]
        struct Table(Mutex<Option<Tokens>>);

        impl TokenStore for Table {
            fn load(&self) -> StoreFuture<'_, Option<Tokens>> {
                Box::pin(async { Ok(self.0.lock().unwrap().clone()) })
            }

            fn save<'s>(&'s self, tokens: &'s Tokens) -> StoreFuture<'s, ()> {
                Box::pin(async {
                    *self.0.lock().unwrap() = Some(tokens.clone());
                    Ok(())
                })
            }
        }
        Ok(())
    }
}

mod batch {
    use super::*;

    async fn many(client: Client) -> Done {
        use bitrix24::{Client, crm, user};

        let replies = client.batch([user::current().into(), crm::item::get(2, 7).into()]).await?;
        for reply in replies {
            match reply {
                Ok(response) => println!("{}", response.result),
                Err(error) => eprintln!("{error}"),
            }
        }
        Ok(())
    }

    async fn references(client: Client) -> Done {
        use bitrix24::{Batch, Id, user};

        let mut batch = Batch::new();
        let id = batch.add(user::add("oleg@example.org").name("Oleg").uf_department([7]));
        batch.add(user::update(id.result()).last_name("Lama"));
        batch.add_named("found", user::get().id(id.result()));

        let mut replies = client.batch(batch).await?;
        let id: Id = replies.take(id)?;
        let found = replies.named("found");
        Ok(())
    }

    async fn halt(client: Client) -> Done {
        use bitrix24::{Batch, Call, Error};

        let batch: Batch = (1..=120).map(|id| Call::from(user::update(id).work_position("Developer"))).collect();
        let replies = client.batch(batch.halt()).await?;
        let skipped = replies.iter().filter(|reply| matches!(reply, Err(Error::Skipped { .. }))).count();
        println!("{skipped} were not run");
        Ok(())
    }
}

mod limits_and_retries {
    use super::*;

    async fn enterprise(address: &str) -> Done {
        use bitrix24::{Client, Limits};

        let client = Client::builder(address).limits(Limits::enterprise()).build()?;
        Ok(())
    }

    async fn shared(address: &str) -> Done {
        use bitrix24::Limits;

        let client = Client::builder(address).limits(Limits::standard().shared()).build()?;
        Ok(())
    }

    async fn retry(address: &str) -> Done {
        use bitrix24::RetryPolicy;

        let client = Client::builder(address).retry(RetryPolicy::default().retries(2)).build()?;
        Ok(())
    }

    async fn one_call(client: Client) -> Done {
        use bitrix24::{Effect, RetryPolicy};
        use std::time::Duration;

        let report = client
            .call("crm.any.report", json!({"ID": 1}))
            .with_effect(Effect::Read)
            .with_timeout(Duration::from_secs(20))
            .with_retry(RetryPolicy::never())
            .await?;
        Ok(())
    }

    async fn key(client: Client) -> Done {
        use bitrix24::tasks;

        let fields = json!({"title": "Pack order 4711", "creatorId": 1, "responsibleId": 1});
        tasks::task::v3::add(fields).send(&client).with_idempotency_key("order-4711").await?;
        Ok(())
    }
}

mod paging {
    use super::*;

    async fn stream(client: Client) -> Done {
        use bitrix24::{crm, filter};

        let mut deals = crm::item::list(2)
            .select(["id", "title", "opportunity"])
            .filter(filter! { ">opportunity": 100, "@stageId": ["NEW", "WON"] })
            .stream(&client);
        while let Some(deal) = deals.next().await {
            let deal = deal?;
            println!("{deal:?}");
        }
        Ok(())
    }

    async fn own_types(client: Client) -> Done {
        use bitrix24::output::Json;
        use bitrix24::{Call, Id, crm};

        #[derive(serde::Deserialize)]
        struct Deal {
            id: Id,
            title: String,
        }

        let list = crm::item::list(2).select(["id", "title"]);
        let mut deals = Call::from(list).stream_as(&client);
        while let Some(deal) = deals.next().await {
            let Json(Deal { id, title }) = deal?;
            println!("{id}: {title}");
        }
        Ok(())
    }

    async fn strategy(client: Client) -> Done {
        use bitrix24::Strategy;

        let users = user::get().stream(&client).strategy(Strategy::Keyset).all().await?;
        Ok(())
    }

    async fn progress(client: Client) -> Done {
        let users = user::get()
            .stream(&client)
            .counted()
            .progress(|progress| eprintln!("{} of {:?}", progress.records, progress.total))
            .all()
            .await?;
        Ok(())
    }
}

mod files {
    use super::*;

    async fn parameter(client: Client, bytes: Vec<u8>, reader: tokio::io::Empty) -> Done {
        use bitrix24::{File, user};

        let from_disk = File::read("portrait.jpg")?;
        let from_memory = File::new("portrait.jpg", bytes);
        let from_a_stream = File::from_reader("portrait.jpg", reader).await?;

        user::update(2150).personal_photo(from_disk).send(&client).await?;
        Ok(())
    }

    async fn upload(client: Client) -> Done {
        use bitrix24::{Upload, disk};

        let place = disk::folder::upload_file(12).name("film.mp4");
        let stored = client.upload(place, Upload::path("/films/film.mp4")).await?;
        println!("{}", stored.result["ID"]);
        Ok(())
    }

    async fn new_version(client: Client) -> Done {
        use bitrix24::{File, Upload, disk};

        let version = disk::file::upload_version(9043, File::new("film.mp4", ""));
        client.upload(version, Upload::path("/films/film.mp4")).await?;
        Ok(())
    }

    async fn download(client: Client, address: &str) -> Done {
        let mut file = tokio::fs::File::create("film.mp4").await?;
        let done = client.download(address, &mut file).await?;
        println!("{} bytes, {} interruptions", done.written, done.resumed);
        Ok(())
    }

    async fn resume(client: Client, address: &str) -> Done {
        let mut file = tokio::fs::OpenOptions::new().append(true).open("film.mp4").await?;
        let there = file.metadata().await?.len();
        client.download_from(address, there, &mut file).await?;
        Ok(())
    }
}

mod observability {
    use super::*;

    fn numbers(client: Client) {
        let metrics = client.metrics();
        println!("{} calls, {} retries, {:?} spent waiting", metrics.calls, metrics.retries, metrics.waited);
    }

    fn events() {
        tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG).init();
    }
}

mod sandbox {
    use super::*;

    async fn test() -> Done {
        use bitrix24::sandbox::{Sandbox, Seed};
        use bitrix24::{Client, TABLES, user};

        let portal = Sandbox::new(&TABLES).seed(Seed::Small).start()?;
        let client = Client::webhook(&portal.webhook())?;
        user::update(2150).name("Oleg").send(&client).await?;
        assert_eq!(portal.requests().len(), 1);
        Ok(())
    }
}

/// The blocks of Rust in a page, each with its line.
fn blocks(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (at, line) in page.lines().enumerate() {
        match &mut open {
            None if line.trim_end() == "```rust" => open = Some((at + 1, String::new())),
            Some(_) if line == "```" => found.extend(open.take()),
            Some((_, text)) => {
                text.push_str(line);
                text.push('\n');
            }
            None => {}
        }
    }
    found
}

/// Lines without what they are indented by, so that a place in a file is no matter, and without comments, which are translated.
fn flat(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn all_rust_of_the_guides_is_compiled() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let folders = ["guides", "i18n/ru/docusaurus-plugin-content-docs/current"];
    let compiled = [flat(include_str!("guides.rs")), flat(include_str!("../../examples/whole_program.rs"))];
    let pages_of =
        |folder| std::fs::read_dir(docs.join(folder)).expect("guides").map(|page| page.expect("a page").path());
    let mut pages: Vec<_> = folders.into_iter().flat_map(pages_of).collect();
    pages.sort();
    let mut missing = Vec::new();
    let mut seen = 0;
    for page in pages.iter().filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
        for (line, block) in blocks(&std::fs::read_to_string(page).expect("text")) {
            seen += 1;
            if !compiled.iter().any(|text| text.contains(&flat(&block))) {
                missing.push(format!("{}:{line}", page.display()));
            }
        }
    }
    assert!(seen >= 50, "{seen} blocks found");
    assert!(missing.is_empty(), "not in tests/it/guides.rs, or not as it is there: {missing:?}");
}
