//! Parameters named by their paths, `params.offset`: the words in which a method takes the place of a page.

use serde_json::Value;

use crate::call::Call;
use crate::value::Object;

/// The value at a path; none where there is none, or null.
pub(super) fn get<'p>(params: &'p Object, path: &str) -> Option<&'p Value> {
    let mut keys = path.split('.');
    let first = params.get(keys.next()?)?;
    keys.try_fold(first, |value, key| value.get(key)).filter(|value| !value.is_null())
}

/// The number at a path, as a number or as text.
pub(super) fn number(params: &Object, path: &str) -> Option<u64> {
    let value = get(params, path)?;
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Puts a value at a path.
pub(super) fn set(call: &mut Call, path: &str, value: Value) {
    call.set_path(&path.split('.').collect::<Vec<_>>(), value);
}

/// Records asked for a page. Where the method takes the number and the call does not say it, the documented one is put
/// into the call, so that nothing depends on what the portal takes by itself.
pub(super) fn size(call: &mut Call) -> u64 {
    let (path, page) = (call.method().size, u64::from(call.method().page));
    if path.is_empty() {
        return page;
    }
    if let Some(size) = number(call.params(), path).filter(|size| *size > 0) {
        return size;
    }
    set(call, path, page.into());
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::{Effect, Method, Paging, Rest};
    use serde_json::json;

    #[test]
    fn values_are_found_and_put_at_their_paths() {
        let method = Method::new("a.list", Rest::V2, Effect::List, Paging::Offset).with_place("p.offset", "p.limit");
        let mut call = Call::new(method.with_page(20)).param("p", json!({"offset": "40", "x": null}));
        assert_eq!((number(call.params(), "p.offset"), get(call.params(), "p.x")), (Some(40), None));
        assert_eq!(number(call.params(), "q"), None);
        assert_eq!(size(&mut call), 20);
        set(&mut call, "p.offset", 60.into());
        assert_eq!(call.params()["p"], json!({"offset": 60, "x": null, "limit": 20}));
        set(&mut call, "p.limit", "5".into());
        assert_eq!(size(&mut call), 5);
    }
}
