//! Which files belong to one scope: those of its methods, and those that all scopes have in common.

use std::collections::BTreeMap;
use std::path::Path;

use crate::emit::{client, docs, openapi};
use crate::ir::Api;
use crate::sync::Plan;

/// Keeps of a plan what belongs to a scope, the first word of its methods' names, and what is common to all.
pub(crate) fn narrow(mut plan: Plan, api: &Api, scope: &str) -> Result<Plan, String> {
    let mut scopes: Vec<&str> = api.methods.iter().map(|method| method.feature.as_str()).collect();
    scopes.sort_unstable();
    scopes.dedup();
    if !scopes.contains(&scope) {
        let near = crate::suggest::nearest(scope, scopes.iter().copied());
        let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(format!("no method belongs to the scope `{scope}`{help} (known: {})", scopes.join(", ")));
    }
    let owned = Owned::of(api, scope);
    plan.writes.retain(|write| owned.files.get(&write.path).copied().unwrap_or(true));
    plan.orphans.retain(|orphan| owned.has_orphan(orphan));
    Ok(plan)
}

/// The files that belong to scopes, and whether the wanted one is among these; the others are common to all.
#[derive(Default)]
struct Owned {
    files: BTreeMap<String, bool>,
    /// The same for the folders right around them.
    folders: BTreeMap<String, bool>,
}

impl Owned {
    fn of(api: &Api, scope: &str) -> Self {
        let mut owned = Self::default();
        for method in &api.methods {
            let mine = method.feature.as_str() == scope;
            for file in client::module_files(method) {
                owned.add(file, mine);
            }
            for function in &method.functions {
                owned.add_page(&format!("{}/{}.mdx", method.category, function.kebab.as_str()), mine);
            }
            owned.add(format!("{}/{}.json", openapi::FOLDER, method.scope), mine);
            // The folders above name those that are in them.
            for category in
                Path::new(&method.category).ancestors().filter_map(Path::to_str).filter(|key| !key.is_empty())
            {
                owned.add_page(&format!("{category}/index.mdx"), mine);
                owned.add(format!("{}/{category}/_category_.json", docs::FOLDER), mine);
            }
        }
        for entity in api.types.iter().filter(|entity| !entity.features.is_empty()) {
            let mine = entity.features.iter().any(|feature| feature.as_str() == scope);
            owned.add(client::view_file(entity), mine);
        }
        for (page, scopes) in docs::objects::pages_with_modules(api) {
            owned.add_page(&page, scopes.contains(scope));
        }
        owned
    }

    /// A page in all languages.
    fn add_page(&mut self, page: &str, mine: bool) {
        self.add(format!("{}/{page}", docs::FOLDER), mine);
        for folder in docs::TRANSLATED {
            self.add(format!("{folder}/current/{page}"), mine);
        }
    }

    fn add(&mut self, file: String, mine: bool) {
        if let Some((folder, _)) = file.rsplit_once('/') {
            *self.folders.entry(folder.to_owned()).or_default() |= mine;
        }
        *self.files.entry(file).or_default() |= mine;
    }

    /// Whether a file that nothing makes any more was the scope's, as far as its folder tells.
    fn has_orphan(&self, path: &str) -> bool {
        let folders = Path::new(path).ancestors().skip(1).filter_map(Path::to_str);
        folders.filter_map(|folder| self.folders.get(folder)).next().copied().unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::emit;
    use crate::read;
    use crate::spec::bundle;
    use crate::sync::Write;

    /// Two scopes that share a folder of pages, a third one below it, and types of one or of several of them.
    const SPECS: &str = "\
=== specs/shop/_category.yaml
title: Shop
summary: What is sold.
position: 1
=== specs/shop/stock/_category.yaml
title: Stock
summary: What is left.
position: 1
=== specs/types/sale.yaml
type: sale
title: Sale
description: What somebody has bought.
fields:
  - {name: ID, type: id, readonly: true, description: Number of the sale.}
  - {name: A, type: string, description: First field.}
  - {name: B, type: string, description: Second field.}
  - {name: C, type: string, description: Third field.}
  - {name: D, type: string, description: Fourth field.}
  - {name: E, type: string, description: Fifth field.}
  - {name: F, type: string, description: Sixth field.}
  - {name: G, type: string, description: Seventh field.}
  - {name: H, type: string, description: Eighth field.}
  - {name: I, type: string, description: Ninth field.}
  - {name: J, type: string, description: Tenth field.}
  - {name: K, type: string, description: Eleventh field.}
  - {name: L, type: string, description: Twelfth field.}
=== specs/shop/cart.get.yaml
method: cart.get
function: GetCart
title: Get cart
summary: Reads a cart.
scope: shop
effect: read
returns: {type: object, of: sale, description: The cart.}
examples:
  - arguments: {}
=== specs/shop/cart.last.yaml
method: cart.last
function: GetLastCart
title: Get last cart
summary: Reads the last cart.
scope: shop
effect: read
returns: {type: object, of: sale, description: The cart.}
examples:
  - arguments: {}
=== specs/shop/till.item.get.yaml
method: till.item.get
function: GetTillItem
title: Get item of a till
summary: Reads an item of a till.
scope: till
effect: read
returns: {type: boolean, description: True when there is one.}
examples:
  - arguments: {}
=== specs/shop/stock/store.get.yaml
method: store.get
function: GetStore
title: Get store
summary: Reads a store.
scope: store
effect: read
returns: {type: boolean, description: True when there is one.}
examples:
  - arguments: {}
";

    /// Everything as if nothing were on disk, besides files that nothing makes.
    fn whole(api: &Api, orphans: &[&str]) -> Plan {
        let writes = emit::all(api).map(|file| Write { path: file.path, old: None, new: file.content }).collect();
        Plan { writes, orphans: orphans.iter().map(|&path| path.to_owned()).collect(), same: 0 }
    }

    fn paths(plan: &Plan) -> BTreeSet<&str> {
        plan.writes.iter().map(|write| write.path.as_str()).collect()
    }

    fn api() -> Api {
        read(&bundle(SPECS.as_bytes())).unwrap_or_else(|problems| panic!("{problems}"))
    }

    #[test]
    fn a_scope_has_its_own_files_and_the_common_ones() {
        let api = api();
        let all = whole(&api, &[]);
        let plans =
            ["cart", "till", "store"].map(|scope| narrow(whole(&api, &[]), &api, scope).expect("a known scope"));
        let [cart, till, store] = plans.each_ref().map(paths);
        let common: BTreeSet<&str> =
            cart.iter().filter(|path| till.contains(*path) && store.contains(*path)).copied().collect();
        // The folder of pages has all three in it or below it.
        for path in [
            "generated/src/lib.rs",
            "generated/src/types.rs",
            "generated/src/tables/rows.ndjson",
            "docs/reference/index.mdx",
            "docs/reference/objects/index.mdx",
            "docs/reference/shop/_category_.json",
            "docs/reference/shop/index.mdx",
            "docs/static/openapi.json",
        ] {
            assert!(common.contains(path), "{path} is not in {common:?}");
        }
        let own = |plan: &BTreeSet<&str>| plan.difference(&common).map(|path| (*path).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            own(&cart),
            [
                "docs/reference/objects/sale.mdx",
                "docs/reference/shop/get-cart.mdx",
                "docs/reference/shop/get-last-cart.mdx",
                "docs/static/openapi/shop.json",
                "generated/src/cart.rs",
                "generated/src/types/sale.rs",
            ]
        );
        assert_eq!(
            own(&till),
            [
                "docs/reference/shop/get-till-item.mdx",
                "docs/static/openapi/till.json",
                "generated/src/till.rs",
                "generated/src/till/item.rs",
            ]
        );
        assert_eq!(
            own(&store),
            [
                "docs/reference/shop/stock/_category_.json",
                "docs/reference/shop/stock/get-store.mdx",
                "docs/reference/shop/stock/index.mdx",
                "docs/static/openapi/store.json",
                "generated/src/store.rs",
            ]
        );
        let together: BTreeSet<&str> = [cart, till, store].into_iter().flatten().collect();
        assert_eq!(together, paths(&all));
    }

    #[test]
    fn what_nothing_makes_any_more_goes_with_its_folder() {
        let api = api();
        let orphans = |scope| {
            let left =
                ["shop/old.mdx", "shop/stock/old.mdx", "gone/old.mdx"].map(|page| format!("{}/{page}", docs::FOLDER));
            let left: Vec<&str> = left.iter().map(String::as_str).chain(["generated/src/till/old.rs"]).collect();
            narrow(whole(&api, &left), &api, scope).expect("a known scope").orphans
        };
        assert_eq!(orphans("cart"), ["docs/reference/shop/old.mdx", "docs/reference/gone/old.mdx"]);
        assert_eq!(
            orphans("till"),
            ["docs/reference/shop/old.mdx", "docs/reference/gone/old.mdx", "generated/src/till/old.rs"]
        );
        assert_eq!(
            orphans("store"),
            ["docs/reference/shop/old.mdx", "docs/reference/shop/stock/old.mdx", "docs/reference/gone/old.mdx"]
        );
    }

    #[test]
    fn a_scope_that_is_unknown_is_said_to_be() {
        let fault = narrow(Plan::default(), &api(), "stor").expect_err("no such scope");
        assert_eq!(fault, "no method belongs to the scope `stor`; did you mean `store`? (known: cart, store, till)");
    }
}
