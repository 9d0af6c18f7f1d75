//! The options that the generator refuses are those that every command has.

#[test]
fn the_generator_knows_the_options_of_every_command() {
    let mut common = bitrix24_runtime::cli::reserved_options();
    common.sort_unstable();
    assert_eq!(bitrix24_codegen::names::RESERVED_OPTIONS, common);
}
