use crate::run::Done;
#[derive(clap::Args)]
pub(crate) struct Arguments {}
pub(crate) fn docs(_: &Arguments) -> Done { Ok(()) }
