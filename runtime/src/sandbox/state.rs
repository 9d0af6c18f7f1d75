//! What the portal remembers.

use std::collections::BTreeMap;

use crate::value::Object;

/// The portal's data.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Accounts by number, each in the form of the portal's answers.
    pub(super) users: BTreeMap<u64, Object>,
    /// Names of departments by number.
    pub(super) departments: BTreeMap<u64, String>,
    /// Definitions of the accounts' custom fields by number.
    pub(super) user_fields: BTreeMap<u64, Object>,
    /// The last number given to a choice of an enumeration.
    pub(super) last_choice: u64,
    /// Whether the access token has run out.
    pub(super) token_expired: bool,
}

impl State {
    /// The number of a new record.
    pub(super) fn next<T>(records: &BTreeMap<u64, T>) -> u64 {
        records.last_key_value().map_or(1, |(last, _)| last + 1)
    }
}
