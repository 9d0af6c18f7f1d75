//! `oint mcp`: the Model Context Protocol on standard input and output, so that assistants find, understand and call the
//! portal's methods. What they may do is decided when it is started: reading, unless writing or removing is allowed.

mod fit;
mod server;
mod tools;
mod wire;

use clap::{Arg, ArgAction};
use rmcp::ServiceExt as _;

use crate::cli::command::{self, given, is_set};
use crate::cli::connect::Connection;
use crate::cli::exit::{Exit, Stop};
use crate::cli::method::FAREWELL;
use crate::cli::{parse, show, stdin};
use crate::table::Tables;

use server::Server;
use tools::Policy;

/// The longest result in characters if no other length is given: what a model reads without losing its thread.
const MOST: usize = 40_000;

const HELP: &str = "Serve the Model Context Protocol on standard input and output

Usage: oint mcp [options]

Tools: list_categories, search_methods, describe_method, call_method. Only methods that read are called, unless:
  --allow-writes         Call methods that make or change something, too
  --allow-deletes        Call methods that remove something, too
Methods that are not described here need both.

Options:
  --max-result NUMBER    The longest result in characters, 40000 if not given; longer ones are cut, with a note
  --url, --token and the other options of a connection are those of `oint bitrix24`

A client's configuration:
  {\"mcpServers\": {\"bitrix24\": {\"command\": \"oint\", \"args\": [\"mcp\"], \"env\": {\"B24_URL\": \"https://…\"}}}}
";

/// The options of `oint mcp`.
pub(crate) fn clap() -> clap::Command {
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    command::sub("mcp")
        .args(["allow-writes", "allow-deletes"].map(switch))
        .arg(Arg::new("max-result").long("max-result").value_name("NUMBER"))
        .args(command::connection_options())
}

/// `oint mcp`
pub(super) fn run(tables: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    let matches = parse(clap(), arguments)?;
    if is_set(&matches, "help") {
        return show(HELP);
    }
    let most = match given(&matches, "max-result").map(str::parse::<usize>) {
        None => MOST,
        Some(Ok(most)) if most >= 500 => most,
        Some(_) => return Err(Stop::usage("--max-result takes a number of characters, 500 or more")),
    };
    stdin::claim("the client").map_err(Stop::usage)?;
    let connection = Connection::new(&matches)?;
    // Without a portal there is still much to read.
    let client = match connection.missing().is_empty() {
        true => Some(connection.client(&matches)?),
        false => None,
    };
    let policy = Policy { writes: is_set(&matches, "allow-writes"), deletes: is_set(&matches, "allow-deletes") };
    let server = Server::new(*tables, client, policy, most);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop { exit: Exit::Network, message: format!("cannot start: {error}") })?;
    let session = async {
        let failed = |error: String| Stop { exit: Exit::Network, message: format!("the client's side: {error}") };
        let (transport, writer) = wire::stdio();
        let ended = match server.serve(transport).await {
            Ok(service) => service.waiting().await.map(|_| Exit::Done).map_err(|error| failed(error.to_string())),
            // A client that goes without a word has ended the session all the same.
            Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => Ok(Exit::Done),
            Err(error) => Err(failed(error.to_string())),
        };
        // The last answers may still be on their way.
        let _ = tokio::time::timeout(FAREWELL, writer).await;
        ended
    };
    let done = runtime.block_on(async {
        tokio::select! {
            done = session => done,
            // Tokens that are on their way are kept before the process ends.
            _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
        }
    });
    // Reading from standard input cannot be interrupted: nobody waits for it.
    runtime.shutdown_background();
    done
}
