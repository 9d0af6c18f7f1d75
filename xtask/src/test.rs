use crate::run::Done;
#[derive(clap::Args)]
pub(crate) struct Arguments {}
pub(crate) fn test(_: &Arguments) -> Done { Ok(()) }
