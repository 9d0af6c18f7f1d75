//! Where the records are in an answer, compared with the answers of the examples.

use serde_json::Value;

use crate::ir::{Example, Function, Kind, Returns};
use crate::lower::{Context, step};
use crate::spec::{File, MethodSpec, Step};
use crate::suggest::nearest;

impl Context<'_> {
    /// Compares `records` of the method, and of the functions that answer something else, with the examples.
    pub(super) fn records_of(&mut self, file: &File<MethodSpec>, returns: Option<&Returns>, functions: &[Function]) {
        let is_plain = |function: &&Function| {
            function.returns.is_none() && matches!(function.kind, Kind::Method | Kind::Preset { .. })
        };
        let of_method = functions.iter().filter(is_plain).flat_map(|function| &function.examples);
        self.records(file, &["returns".into()], returns, of_method);
        for (at, function) in functions.iter().skip(1).enumerate() {
            let path = ["functions".into(), at.into(), "returns".into()];
            self.records(file, &path, function.returns.as_ref(), &function.examples);
        }
    }

    fn records<'e>(
        &mut self,
        file: &File<MethodSpec>,
        path: &[Step],
        returns: Option<&Returns>,
        examples: impl IntoIterator<Item = &'e Example>,
    ) {
        let Some(records) = returns.and_then(|returns| returns.records.as_deref()) else { return };
        let at = step(path, "records");
        if records.split('.').any(str::is_empty) {
            self.report_help(file, &at, "a path must not have empty keys", "write it as in `items` or `data.items`");
            return;
        }
        let results = examples.into_iter().filter_map(|example| example.response.as_ref()?.get("result"));
        for result in results {
            if let Err(known) = found(result, records) {
                let near = nearest(records, known.iter().copied());
                let list = || known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "remove `records`, or mend the example".to_owned(),
                    None => format!("there are: {}", list()),
                };
                self.report_help(file, &at, format!("an example has no `{records}` in its result"), help);
                return;
            }
        }
    }
}

/// Whether there is something at a path; if not, the keys that there are where it fails. What is empty tells nothing.
fn found<'v>(result: &'v Value, path: &str) -> Result<(), Vec<&'v str>> {
    let mut value = result;
    for key in path.split('.') {
        value = match value {
            Value::Null => return Ok(()),
            Value::Array(items) if items.is_empty() => return Ok(()),
            Value::Object(keys) => match keys.get(key) {
                Some(inner) => inner,
                None => return Err(keys.keys().map(String::as_str).collect()),
            },
            _ => return Err(Vec::new()),
        };
    }
    Ok(())
}
