//! The functions of a method: the method itself, presets and templates.

use serde_json::Value;

use crate::ir::{Function, Kind, Param};
use crate::lower::param::Level;
use crate::lower::prose::MOST_SUMMARY;
use crate::lower::{Context, step, template};
use crate::names::{FunctionName, RustIdent};
use crate::spec::{File, FunctionSpec, MethodSpec, PresetParam, Step};
use crate::suggest::nearest;

impl Context<'_> {
    /// The method itself as a function.
    pub(super) fn own_function(&mut self, file: &File<MethodSpec>, params: &[Param]) -> Function {
        let spec = &file.spec;
        let name = match &spec.function {
            None => FunctionName::derived(&spec.method),
            Some(function) => self.function_name(file, &["function".into()], function),
        };
        self.words(file, &[], (&spec.title, &spec.summary), &spec.aliases);
        self.exclusive(file, &["params".into()], params);
        let examples = self.examples(file, &["examples".into()], &spec.examples, params, &[]);
        if spec.examples.is_empty() {
            self.report_help(
                file,
                &["method".into()],
                format!("`{}` has no example", spec.method),
                "add `examples:` with the arguments people use",
            );
        }
        Function {
            kebab: name.kebab(),
            name,
            aliases: spec.aliases.clone(),
            title: spec.title.clone(),
            summary: spec.summary.clone(),
            position: 0,
            kind: Kind::Method,
            params: params.to_vec(),
            examples,
            opi: self.opi(file, &[], spec.opi.as_ref(), params),
        }
    }

    /// Checks the parameters that the Open Integration Package has.
    fn opi(
        &mut self,
        file: &File<MethodSpec>,
        path: &[Step],
        names: Option<&Vec<String>>,
        params: &[Param],
    ) -> Option<Vec<String>> {
        for (at, name) in names?.iter().enumerate() {
            if !params.iter().any(|param| param.name == *name) {
                let help = nearest(name, params.iter().map(|param| param.name.as_str()));
                let help = help.map_or_else(
                    || "name a parameter of the function".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                self.report_help(
                    file,
                    &step(&step(path, "opi"), at),
                    format!("the function has no parameter `{name}`"),
                    help,
                );
            }
        }
        names.cloned()
    }

    /// A further function.
    pub(super) fn further(
        &mut self,
        file: &File<MethodSpec>,
        at: usize,
        spec: &FunctionSpec,
        params: &[Param],
    ) -> Option<Function> {
        let path = [Step::from("functions"), Step::from(at)];
        let name = self.function_name(file, &step(&path, "function"), &spec.function);
        self.words(file, &path, (&spec.title, &spec.summary), &spec.aliases);
        let constants: Vec<(Vec<String>, Value)> = spec
            .constants
            .0
            .iter()
            .map(|(path, value)| (path.split('.').map(str::to_owned).collect(), value.clone()))
            .collect();
        let params_path = step(&path, "params");
        let own = self.preset_params(file, &params_path, &spec.params, params);
        self.exclusive(file, &params_path, &own);
        for param in &own {
            if let crate::ir::Wire::Path(wire) = &param.wire
                && constants.iter().any(|(path, _)| path == wire)
            {
                let message = format!("`{}` is a constant and a parameter at once", wire.join("."));
                self.report_help(
                    file,
                    &step(&step(&path, "constants"), Step::Key(wire.join("."))),
                    message,
                    "keep one of them",
                );
            }
        }
        let kind = match &spec.template {
            Some(object) => self.template(file, &path, spec, object, params)?,
            None => {
                if spec.examples.is_empty() {
                    let message = format!("`{}` has no example", spec.function);
                    self.report_help(
                        file,
                        &step(&path, "function"),
                        message,
                        "add `examples:` with the arguments people use",
                    );
                }
                let constructor = RustIdent::snake(&spec.function)?;
                Kind::Preset { constructor, constants: constants.clone() }
            }
        };
        let examples = self.examples(file, &step(&path, "examples"), &spec.examples, &own, &constants);
        let opi = self.opi(file, &path, spec.opi.as_ref(), &own);
        Some(Function {
            kebab: name.kebab(),
            name,
            aliases: spec.aliases.clone(),
            title: spec.title.clone(),
            summary: spec.summary.clone(),
            position: 0,
            kind,
            params: own,
            examples,
            opi,
        })
    }

    fn preset_params(
        &mut self,
        file: &File<MethodSpec>,
        path: &[Step],
        specs: &[PresetParam],
        params: &[Param],
    ) -> Vec<Param> {
        let mut own = Vec::new();
        for (at, param) in specs.iter().enumerate() {
            let path = step(path, at);
            match param {
                PresetParam::Own(spec) => own.extend(self.param(file, &path, spec, Level::Parameter)),
                PresetParam::Use(name) => match params.iter().find(|param| param.name == *name) {
                    Some(param) => own.push(param.clone()),
                    None => {
                        let near = nearest(name, params.iter().map(|param| param.name.as_str()));
                        let help = near.map_or_else(
                            || "name a parameter of the method".to_owned(),
                            |near| format!("did you mean `{near}`?"),
                        );
                        self.report_help(
                            file,
                            &step(&path, "use"),
                            format!("the method has no parameter `{name}`"),
                            help,
                        );
                    }
                },
            }
        }
        own
    }

    fn template(
        &mut self,
        file: &File<MethodSpec>,
        path: &[Step],
        spec: &FunctionSpec,
        object: &str,
        params: &[Param],
    ) -> Option<Kind> {
        let at = step(path, "template");
        for (key, given) in [
            ("params", !spec.params.is_empty()),
            ("constants", !spec.constants.0.is_empty()),
            ("examples", !spec.examples.is_empty()),
        ] {
            if given {
                self.report_help(
                    file,
                    &step(path, Step::Key(key.into())),
                    format!("a template has no {key}"),
                    "remove them: it calls nothing",
                );
            }
        }
        let Some(param) = params.iter().find(|param| param.name == object) else {
            let near = nearest(object, params.iter().map(|param| param.name.as_str()));
            let help = near.map_or_else(
                || "name an object parameter of the method".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            self.report_help(file, &at, format!("the method has no parameter `{object}`"), help);
            return None;
        };
        let entries = param.entries.as_ref().map_or(&[][..], |entries| &entries.all);
        if entries.is_empty() {
            self.report_help(
                file,
                &at,
                format!("`{object}` has no known keys to make a template of"),
                "describe them in its `entries`",
            );
        }
        Some(Kind::Template { object: template::object(entries) })
    }

    fn function_name(&mut self, file: &File<MethodSpec>, path: &[Step], name: &str) -> FunctionName {
        FunctionName::written(name).unwrap_or_else(|| {
            let derived = FunctionName::derived(&file.spec.method);
            let message = format!("`{name}` is no function name: letters and digits, a capital first");
            self.report_help(file, path, message, format!("as in `{derived}`"));
            derived
        })
    }

    /// Checks what people read of a function and type for it.
    fn words(&mut self, file: &File<MethodSpec>, path: &[Step], (title, summary): (&str, &str), aliases: &[String]) {
        self.title(file, &step(path, "title"), title);
        self.sentence(file, &step(path, "summary"), summary, "", MOST_SUMMARY);
        for (at, alias) in aliases.iter().enumerate() {
            if alias.is_empty()
                || alias.chars().any(|char| !(char.is_alphanumeric() || matches!(char, '.' | '-' | '_')))
            {
                let path = step(&step(path, "aliases"), at);
                self.report(
                    file,
                    &path,
                    format!("`{alias}` cannot be typed as a command's name: letters, digits, `.`, `-` and `_`"),
                );
            }
        }
    }
}
