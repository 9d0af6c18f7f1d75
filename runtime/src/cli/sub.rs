//! What sub-commands that have nothing to do with a method share: how they are parsed, and who reads their output.

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command as Clap};

use crate::cli::command::given;
use crate::cli::exit::Stop;
use crate::cli::{misread, show, terminal};

/// The option `--color`, which every command has.
pub(crate) fn color() -> Arg {
    Arg::new("color").long("color").alias("colour").value_name("WHEN").help("auto, always or never")
}

/// A sub-command of `oint`; clap writes its help.
pub(crate) fn clap(name: &'static str, about: &'static str) -> Clap {
    Clap::new(name).bin_name(format!("oint {name}")).about(about).no_binary_name(true).disable_help_subcommand(true)
}

/// Parses the arguments; none when help was asked for and shown.
pub(crate) fn parse(clap: Clap, arguments: &[String]) -> Result<Option<ArgMatches>, Stop> {
    let name = typed(&clap, arguments);
    match clap.try_get_matches_from(arguments) {
        Ok(matches) => {
            let mut innermost = &matches;
            while let Some((_, inner)) = innermost.subcommand() {
                innermost = inner;
            }
            if let Some(choice) = given(innermost, "color") {
                terminal::choose_colour(choice)?;
            }
            Ok(Some(matches))
        }
        Err(error)
            if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand) =>
        {
            show(&error.render().to_string())?;
            Ok(None)
        }
        Err(error) => Err(misread::stop(&error, &name)),
    }
}

/// The command as it was typed, with those inside of it: `oint auth login`.
fn typed(clap: &Clap, arguments: &[String]) -> String {
    let mut name = clap.get_bin_name().unwrap_or_else(|| clap.get_name()).to_owned();
    let mut innermost = clap;
    for word in arguments {
        let Some(inner) = innermost.find_subcommand(word) else { break };
        name = format!("{name} {word}");
        innermost = inner;
    }
    name
}

/// Whether a format, a query or a file was asked for, so that a text for people is not what is wanted.
pub(crate) fn is_for_programs(matches: &ArgMatches) -> bool {
    ["output", "query", "out"].iter().any(|option| given(matches, option).is_some())
}
