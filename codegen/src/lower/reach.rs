//! Which cargo features reach which shared type: a client of one scope is spared the types of all others.

use std::collections::BTreeMap;

use crate::ir::{Entity, Method, Param, Returns, Shape};

/// Notes with each type the features of the methods that take or answer it, by themselves or inside another type. One that
/// no method reaches has none.
pub(super) fn reach(types: &mut [Entity], methods: &[Method]) {
    let numbers: BTreeMap<String, usize> =
        types.iter().enumerate().map(|(number, entity)| (entity.name.clone(), number)).collect();
    let inner: Vec<Vec<usize>> =
        types.iter().map(|entity| found(&numbers, |names| params(&entity.fields, names))).collect();
    for method in methods {
        let mut waiting = found(&numbers, |names| {
            returns(&method.returns, names);
            for function in &method.functions {
                params(&function.params, names);
                if let Some(own) = &function.returns {
                    returns(own, names);
                }
            }
        });
        while let Some(number) = waiting.pop() {
            // What is inside a type that is noted already is noted as well.
            if types[number].features.insert(method.feature.clone()) {
                waiting.extend(&inner[number]);
            }
        }
    }
}

/// The numbers of the types that `name` finds.
fn found<'a>(numbers: &BTreeMap<String, usize>, name: impl FnOnce(&mut Vec<&'a str>)) -> Vec<usize> {
    let mut names = Vec::new();
    name(&mut names);
    names.into_iter().filter_map(|name| numbers.get(name).copied()).collect()
}

fn returns<'a>(returns: &'a Returns, names: &mut Vec<&'a str>) {
    let entities = returns.shape.each().into_iter().filter_map(Shape::entity);
    names.extend(entities.map(|entity| entity.name.as_str()));
}

fn params<'a>(all: &'a [Param], names: &mut Vec<&'a str>) {
    for entries in all.iter().filter_map(|param| param.entries.as_ref()) {
        names.extend(entries.entity.iter().map(|entity| entity.name.as_str()));
        params(entries.own(), names);
    }
}

#[cfg(test)]
mod tests {
    use crate::read;
    use crate::spec::bundle;

    /// `a` answers the type `outer`, which holds `inner`; `b` takes `inner` inside an object; `lone` is nobody's.
    const SPECS: &str = "\
=== specs/thing/_category.yaml
title: Things
summary: Methods of the tests.
position: 1
=== specs/types/inner.yaml
type: inner
description: What is inside.
fields:
  - {name: ID, type: id, description: Number of the thing.}
=== specs/types/outer.yaml
type: outer
description: What is outside.
fields:
  - {name: PART, type: object, entries: inner, description: What it is made of.}
=== specs/types/lone.yaml
type: lone
description: What no method has.
fields:
  - {name: ID, type: id, description: Number of nothing.}
=== specs/thing/a.get.yaml
method: a.get
title: Get a thing
summary: Shows a thing.
scope: a
rest: 2
effect: read
returns: {type: list, of: outer, description: The things.}
examples:
  - arguments: {}
=== specs/thing/b.add.yaml
method: b.add
title: Add a thing
summary: Makes a thing.
scope: b
rest: 2
effect: create
params:
  - name: fields
    type: object
    description: What the new thing is like.
    entries:
      - {name: parts, type: array<object>, entries: inner, description: What it is made of.}
returns: {type: boolean, description: True when it was made.}
examples:
  - arguments: {}
";

    #[test]
    fn a_type_has_the_features_of_those_who_reach_it() {
        let api = read(&bundle(SPECS.as_bytes())).unwrap_or_else(|problems| panic!("{problems}"));
        let features: Vec<String> = api
            .types
            .iter()
            .map(|entity| {
                let features: Vec<&str> = entity.features.iter().map(|feature| feature.as_str()).collect();
                format!("{}: {}", entity.name, features.join(" "))
            })
            .collect();
        assert_eq!(features, ["inner: a b", "lone: ", "outer: a"]);
    }
}
