//! Gives all engineers of a portal another title: an application with tokens of its own, a filtered list, a batch.
//!
//! It needs `PORTAL`, `CLIENT_ID` and `CLIENT_SECRET`; `OAUTH_SERVER` only for a simulated portal.

use bitrix24::auth::{FileStore, OAuthApp, TokenStore, random_state};
use bitrix24::{Batch, Client, Error, json, user};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let portal = variable("PORTAL")?;
    let mut app = OAuthApp::new(variable("CLIENT_ID")?, variable("CLIENT_SECRET")?);
    if let Ok(server) = variable("OAUTH_SERVER") {
        app = app.server(server);
    }

    // The first time the user is asked. From then on the tokens renew themselves.
    let store = FileStore::new("tokens.json");
    if store.load().await?.is_none() {
        println!(
            "Open this address, and enter the code that it leads to:\n{}",
            app.authorize_url(&portal, &random_state()?)?
        );
        let mut code = String::new();
        std::io::stdin().read_line(&mut code)?;
        store.save(&app.exchange(code.trim()).await?).await?;
    }
    let client = Client::builder(&portal).oauth(app, store).build()?;

    // All pages, one record after the other.
    let mut engineers = user::get().filter(json!({"WORK_POSITION": "Engineer"})).stream(&client);
    let mut batch = Batch::new();
    while let Some(engineer) = engineers.next().await {
        if let Some(id) = engineer?.id() {
            batch.add(user::update(id).work_position("Developer"));
        }
    }

    // Fifty changes a request, each with an outcome of its own.
    let mut changed = 0;
    for reply in client.batch(batch).await? {
        match reply {
            Ok(_) => changed += 1,
            Err(Error::OutcomeUnknown { call, reason, .. }) => {
                eprintln!("look at {:?} before you run this again: {reason}", call.params().get("ID"));
            }
            Err(error) => eprintln!("{error}"),
        }
    }
    println!("{changed} changed");
    Ok(())
}
