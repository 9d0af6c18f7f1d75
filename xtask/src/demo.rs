use crate::run::Done;
#[derive(clap::Args)]
pub(crate) struct Arguments {}
pub(crate) fn demo(_: &Arguments) -> Done { Ok(()) }
