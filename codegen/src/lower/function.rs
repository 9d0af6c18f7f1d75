//! The functions of a method: the method itself, presets and templates.

use serde_json::Value;

use crate::ir::{Function, Kind, Param, Procedure};
use crate::lower::group::groups;
use crate::lower::param::Level;
use crate::lower::prose::MOST_SUMMARY;
use crate::lower::{Context, step, template};
use crate::names::{FunctionName, RustIdent, opi_shorts};
use crate::spec::{File, FunctionSpec, MethodSpec, ParamSpec, PresetParam, Step};
use crate::suggest::nearest;

/// What `opi` calls the access token.
const TOKEN: &str = "Token";

/// A field of a shared type as a parameter: without what is said of answers.
fn as_parameter(mut spec: ParamSpec) -> ParamSpec {
    (spec.writeonly, spec.nullable) = (false, false);
    if let Some(entries) = &mut spec.entries {
        entries.own =
            std::mem::take(&mut entries.own).into_iter().filter(|own| !own.readonly).map(as_parameter).collect();
    }
    spec
}

impl Context<'_> {
    /// The method itself as a function.
    pub(super) fn own_function(&mut self, file: &File<MethodSpec>, params: &[Param]) -> Function {
        let spec = &file.spec;
        let name = match &spec.function {
            None => FunctionName::derived(&spec.method),
            Some(function) => self.function_name(file, &["function".into()], function),
        };
        self.words(file, &[], (&spec.title, &spec.summary), &spec.aliases);
        let mut own = params.to_vec();
        let token_short = self.opi(file, &[], spec.opi.as_ref(), &mut own, &["url"], true);
        self.exclusive(file, &["params".into()], &own);
        self.others(file, &["params".into()], &own);
        own.extend(groups(&own, &self.furniture.whole_object));
        let examples = self.examples(file, &["examples".into()], &spec.examples, &own, &[]);
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
            params: own,
            examples,
            opi: spec.opi.clone(),
            token_short,
            returns: None,
        }
    }

    /// The parameter that is written out, or taken over from a shared type.
    pub(super) fn taken_over(
        &mut self,
        file: &File<MethodSpec>,
        path: &[Step],
        param: &PresetParam,
    ) -> Option<ParamSpec> {
        match param {
            PresetParam::Own(spec) => Some((**spec).clone()),
            PresetParam::Use(taken) => Some(taken.over(as_parameter(self.field_of_type(file, path, taken)?))),
        }
    }

    /// Checks the parameters that are named by others.
    fn others(&mut self, file: &File<MethodSpec>, path: &[Step], params: &[Param]) {
        for (at, param) in params.iter().enumerate() {
            for (key, other) in [("unless", &param.unless), ("filename", &param.filename)] {
                let Some(other) = other else { continue };
                let place = step(&step(path, at), key);
                let known = params.iter().find(|known| known.name == *other);
                match known {
                    Some(known) if known.name == param.name => {
                        let message = format!("`{key}` of `{other}` names the parameter itself");
                        self.report_help(file, &place, message, "name another parameter of the function");
                    }
                    Some(known) if key == "unless" => self.excluded(file, &place, (param, known), params),
                    Some(_) => {}
                    None => {
                        let near = nearest(other, params.iter().map(|known| known.name.as_str()));
                        let help = near.map_or_else(
                            || "name another parameter of the function".to_owned(),
                            |near| format!("did you mean `{near}`?"),
                        );
                        self.report_help(file, &place, format!("there is no other parameter `{other}`"), help);
                    }
                }
            }
        }
    }

    /// Checks a parameter that another one excludes.
    fn excluded(
        &mut self,
        file: &File<MethodSpec>,
        place: &[Step],
        (param, other): (&Param, &Param),
        params: &[Param],
    ) {
        if param.required && other.required {
            let message = format!("`{}` is required, and so is `{}`, which excludes it", param.name, other.name);
            self.report_help(file, place, message, "remove `unless`, or `required` of one of them");
        }
        let mut circle = vec![param.name.as_str()];
        let mut next = Some(other);
        while let Some(other) = next.filter(|other| !circle.contains(&other.name.as_str())) {
            circle.push(&other.name);
            next = other.unless.as_ref().and_then(|name| params.iter().find(|known| known.name == *name));
        }
        // Told where the first of them stands.
        let is_first = params
            .iter()
            .find(|known| circle.contains(&known.name.as_str()))
            .is_some_and(|first| first.name == param.name);
        if is_first && next.is_some_and(|next| next.name == param.name) {
            circle.push(&param.name);
            let message = format!("`unless` leads back to the parameter itself: {}", circle.join(" → "));
            self.report_help(file, place, message, "given together, none of them would be sent: keep one `unless`");
        }
    }

    /// Checks the parameters that the Open Integration Package has, and gives them the one-letter options they have
    /// there. Answers the one of the token, where it is not `t`.
    fn opi(
        &mut self,
        file: &File<MethodSpec>,
        path: &[Step],
        names: Option<&Vec<String>>,
        params: &mut [Param],
        before: &[&str],
        has_token: bool,
    ) -> Option<char> {
        let names = names?;
        let mut options: Vec<&str> = before.to_vec();
        let mut token_at = None;
        let mut known: Vec<usize> = Vec::new();
        for (at, name) in names.iter().enumerate() {
            if name == TOKEN && has_token {
                token_at = Some(options.len());
                options.push("token");
                continue;
            }
            match params.iter().position(|param| param.name == *name) {
                Some(found) if known.contains(&found) => {
                    let at = step(&step(path, "opi"), at);
                    self.report_help(file, &at, format!("`{name}` stands here twice"), "keep one of them");
                }
                Some(found) => {
                    known.push(found);
                    options.push(params[found].option.as_str());
                }
                None => {
                    let help = nearest(name, params.iter().map(|param| param.name.as_str()));
                    let help = help.map_or_else(
                        || "name a parameter of the function".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    );
                    let at = step(&step(path, "opi"), at);
                    self.report_help(file, &at, format!("the function has no parameter `{name}`"), help);
                }
            }
        }
        if token_at.is_none() && has_token {
            token_at = Some(options.len());
            options.push("token");
        }
        let shorts = opi_shorts(options.iter().copied());
        let mut places = (before.len()..shorts.len()).filter(|at| Some(*at) != token_at);
        let derived: Vec<(usize, Option<char>)> =
            known.into_iter().map(|found| (found, places.next().and_then(|at| shorts[at]))).collect();
        for (at, param) in params.iter_mut().enumerate() {
            let short = derived.iter().find(|(found, _)| *found == at);
            // A preset takes the method's parameters over with what they have there.
            if let (Some(_), Some(written), true) = (short, param.short, path.is_empty()) {
                let message = format!("`-{written}` of `{}` follows from `opi`", param.name);
                self.report_help(file, &[Step::from("params"), at.into(), "short".into()], message, "remove `short`");
            }
            param.short = short.and_then(|(_, short)| *short);
        }
        token_at.and_then(|at| shorts[at]).filter(|short| *short != 't')
    }

    /// A further function.
    pub(super) fn further(
        &mut self,
        file: &File<MethodSpec>,
        at: usize,
        spec: &FunctionSpec,
        (param_specs, params): (&[ParamSpec], &[Param]),
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
        let procedure = spec.procedure.map(|word| word.0);
        let is_offline = spec.local || procedure.is_some_and(|procedure| !procedure.has_connection());
        let level = if is_offline { Level::Offline } else { Level::Parameter };
        let mut own = self.preset_params(file, &params_path, &spec.params, (param_specs, params), level);
        let before: &[&str] = match (&spec.template, is_offline, procedure) {
            (Some(_), ..) => &["empty"],
            (None, false, Some(Procedure::FilterStructure)) => &["url", "empty"],
            (None, false, _) => &["url"],
            (None, true, _) => &[],
        };
        let has_token = spec.template.is_none() && !is_offline;
        let token_short = self.opi(file, &path, spec.opi.as_ref(), &mut own, before, has_token);
        self.exclusive(file, &params_path, &own);
        self.others(file, &params_path, &own);
        for param in &own {
            if let crate::ir::Wire::Path(wire) = &param.wire
                && let Some((constant, _)) = constants.iter().find(|(path, _)| path.starts_with(wire))
            {
                let message = match constant == wire {
                    true => format!("`{}` is a constant and a parameter at once", wire.join(".")),
                    false => format!("`{}` would overwrite the constant `{}`", param.name, constant.join(".")),
                };
                self.report_help(
                    file,
                    &step(&step(&path, "constants"), Step::Key(constant.join("."))),
                    message,
                    "keep one of them",
                );
            }
        }
        self.constants_apart(file, &step(&path, "constants"), &constants);
        let kind = self.kind(file, &path, spec, params, &constants)?;
        if spec.examples.is_empty() && !matches!(kind, Kind::Template { .. }) {
            self.report_help(
                file,
                &step(&path, "function"),
                format!("`{}` has no example", spec.function),
                "add `examples:` with the arguments people use",
            );
        }
        let returns = match &spec.returns {
            Some(returns) => Some(self.returns(file, &step(&path, "returns"), returns)?),
            None => None,
        };
        if !is_offline {
            own.extend(groups(&own, &self.furniture.whole_object));
        }
        let examples = self.examples(file, &step(&path, "examples"), &spec.examples, &own, &constants);
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
            opi: spec.opi.clone(),
            token_short,
            returns,
        })
    }

    /// Reports constants without a place of their own.
    fn constants_apart(&mut self, file: &File<MethodSpec>, path: &[Step], constants: &[(Vec<String>, Value)]) {
        for (at, (keys, _)) in constants.iter().enumerate() {
            let name = keys.join(".");
            let here = step(path, Step::Key(name.clone()));
            if keys.iter().any(String::is_empty) {
                self.report_help(file, &here, "a path must not have empty keys", "write it as in `filter.ID`");
            }
            let outer = constants
                .iter()
                .enumerate()
                .find(|(_, (other, _))| other.len() < keys.len() && keys.starts_with(other));
            let Some((outer_at, (outer, value))) = outer else { continue };
            let outer = outer.join(".");
            if !value.is_object() {
                let message = format!("`{name}` lies inside the constant `{outer}`, which is no object");
                self.report_help(file, &here, message, "keep one of them");
            } else if outer_at > at {
                let message = format!("`{name}` would be overwritten by `{outer}`, in which it lies");
                self.report_help(file, &here, message, format!("write `{outer}` first"));
            }
        }
    }

    /// What a further function is.
    fn kind(
        &mut self,
        file: &File<MethodSpec>,
        path: &[Step],
        spec: &FunctionSpec,
        params: &[Param],
        constants: &[(Vec<String>, Value)],
    ) -> Option<Kind> {
        let kinds = [
            ("template", spec.template.is_some()),
            ("local", spec.local),
            ("procedure", spec.procedure.is_some()),
            ("constants", !spec.constants.0.is_empty()),
        ];
        let given: Vec<&str> = kinds.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect();
        if let [first, second, ..] = given.as_slice()
            && (*first, *second) != ("template", "constants")
        {
            let message = format!("a function has either `{first}` or `{second}`");
            self.report_help(file, &step(path, Step::Key((*second).to_owned())), message, "keep one of them");
        }
        let constructor = || RustIdent::snake(&spec.function);
        match (&spec.template, spec.procedure) {
            (Some(object), _) => self.template(file, path, spec, object, params),
            (None, Some(procedure)) => Some(Kind::Procedure(procedure.0)),
            (None, None) if spec.local => Some(Kind::Local { constructor: constructor()? }),
            (None, None) => {
                Some(Kind::Preset { constructor: constructor()?, constants: constants.to_vec(), own: None })
            }
        }
    }

    fn preset_params(
        &mut self,
        file: &File<MethodSpec>,
        path: &[Step],
        specs: &[PresetParam],
        (param_specs, params): (&[ParamSpec], &[Param]),
        level: Level,
    ) -> Vec<Param> {
        let mut own = Vec::new();
        for (at, param) in specs.iter().enumerate() {
            let path = step(path, at);
            match param {
                PresetParam::Own(spec) => own.extend(self.param(file, &path, spec, level)),
                PresetParam::Use(taken) if taken.name.contains('.') => {
                    let spec = self.taken_over(file, &path, param);
                    own.extend(spec.and_then(|spec| self.param(file, &path, &spec, level)));
                }
                PresetParam::Use(taken) => {
                    let lowered = params.iter().find(|param| param.name == taken.name);
                    match (lowered, param_specs.iter().find(|spec| spec.name == taken.name)) {
                        (_, Some(spec)) if taken.differs() => {
                            own.extend(self.param(file, &path, &taken.over(spec.clone()), level));
                        }
                        (Some(param), _) => own.push(param.clone()),
                        (None, Some(_)) => {}
                        (None, None) => {
                            let near = nearest(&taken.name, params.iter().map(|param| param.name.as_str()));
                            let help = near.map_or_else(
                                || "name a parameter of the method".to_owned(),
                                |near| format!("did you mean `{near}`?"),
                            );
                            let message = format!("the method has no parameter `{}`", taken.name);
                            self.report_help(file, &step(&path, "use"), message, help);
                        }
                    }
                }
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
        Some(Kind::Template { constructor: RustIdent::snake(&spec.function)?, object: template::object(entries) })
    }

    fn function_name(&mut self, file: &File<MethodSpec>, path: &[Step], name: &str) -> FunctionName {
        if name.eq_ignore_ascii_case("index") {
            self.report_help(file, path, "`Index` is the page of the category itself", "choose another name");
        }
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
