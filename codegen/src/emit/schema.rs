//! The JSON Schemas beside the specs.

use crate::emit::OutFile;
use crate::spec;

/// Emits one schema a kind of spec file.
pub fn schema() -> Vec<OutFile> {
    let print =
        |(name, schema): (&str, serde_json::Value)| OutFile::new(format!("specs/{name}"), format!("{schema:#}\n"));
    spec::schemas().into_iter().map(print).collect()
}
