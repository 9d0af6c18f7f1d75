//! Changes the name of an account and reads it again.

use bitrix24::{Client, user};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::webhook(&std::env::args().nth(1).ok_or("the webhook's address is missing")?)?;
    let done = user::update(2150).name("Oleg").send(&client).await?;
    let page = user::get().id(2150).send(&client).await?;
    println!("{done} {}", page.items[0].name().unwrap_or_default());
    Ok(())
}
