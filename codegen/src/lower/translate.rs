//! Another language: specs whose texts are those of the overlays. Lowered like the English ones, they make the same API
//! with other words, so that a text that several pages show is written once here, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diag::{Diagnostic, Diagnostics, SourceText};
use crate::emit::tables;
use crate::lower::prose::{MOST_DESCRIPTION, MOST_SUMMARY};
use crate::lower::{prose, step};
use crate::spec::{
    CategorySpec, CategoryText, CompatSpec, CompatText, ExampleSpec, File, FunctionText, Furniture, MethodSpec,
    MethodText, Overlays, ParamSpec, ParamText, PresetParam, ReturnsSpec, ReturnsText, Specs, Step, Texts, TypeSpec,
    TypeText,
};
use crate::suggest::nearest;

/// The specs in another language, and the paths of those that have texts in it; the others are as they were.
pub(super) fn translate(specs: &Specs, overlays: &Overlays, problems: &mut Diagnostics) -> (Specs, BTreeSet<String>) {
    let mut translator = Translator::new(specs, overlays, problems, None);
    let translated = translator.specs();
    translator.complete();
    translator.furniture();
    translator.unused_phrases();
    (translated, translator.done)
}

/// A text in another language beside the English one.
pub(crate) struct TextPair {
    /// The file of the translation.
    pub(crate) source: Arc<SourceText>,
    /// Where it stands there.
    pub(crate) path: Vec<Step>,
    /// The English text.
    pub(crate) english: String,
    /// The translation.
    pub(crate) own: String,
}

/// Every text of the specs that has one of its own in another language. A phrase has the English text as its key, and so
/// is none of them.
pub(crate) fn text_pairs(specs: &Specs, overlays: &Overlays) -> Vec<TextPair> {
    let mut pairs = Vec::new();
    Translator::new(specs, overlays, &mut Diagnostics::default(), Some(&mut pairs)).specs();
    pairs
}

/// What a text is, which says what rules it follows.
#[derive(Clone, Copy)]
enum Kind<'n> {
    Title,
    Summary,
    /// Of the thing with this name.
    Description(&'n str),
    /// Words in the middle of a line.
    Phrase,
}

struct Translator<'s> {
    specs: &'s Specs,
    overlays: &'s Overlays,
    problems: &'s mut Diagnostics,
    /// The texts that stand in several specs, by the English one.
    phrases: BTreeMap<&'s str, &'s str>,
    /// The phrases that are in use.
    used: BTreeSet<&'s str>,
    /// The paths of the specs that have texts.
    done: BTreeSet<String>,
    /// Where to keep both languages side by side, if anybody asks for it.
    pairs: Option<&'s mut Vec<TextPair>>,
}

impl<'s> Translator<'s> {
    fn new(
        specs: &'s Specs,
        overlays: &'s Overlays,
        problems: &'s mut Diagnostics,
        pairs: Option<&'s mut Vec<TextPair>>,
    ) -> Self {
        let phrases = overlays.phrases.iter().flat_map(|phrases| &phrases.spec.0.0);
        let phrases = phrases.map(|(english, text)| (english.as_str(), text.as_str())).collect();
        Self { specs, overlays, problems, phrases, used: BTreeSet::new(), done: BTreeSet::new(), pairs }
    }

    /// All specs, those with texts in the language with these.
    fn specs(&mut self) -> Specs {
        let (specs, overlays) = (self.specs, self.overlays);
        Specs {
            methods: self.all(&specs.methods, &overlays.methods, Translator::method),
            categories: self.all(&specs.categories, &overlays.categories, Translator::category),
            types: self.all(&specs.types, &overlays.types, Translator::ty),
            compat: self.all(&specs.compat, &overlays.compat, Translator::compat),
            ..Specs::default()
        }
    }

    /// The specs of one kind, those with an overlay in its words.
    fn all<S: Clone, T>(
        &mut self,
        files: &'s [File<S>],
        texts: &'s [File<T>],
        words: fn(&mut Self, &mut S, &'s File<T>),
    ) -> Vec<File<S>> {
        let prefix = format!("specs/i18n/{}/", self.overlays.language);
        let mut mirrored: BTreeMap<String, &'s File<T>> =
            texts.iter().map(|text| (text.source.path.replacen(&prefix, "specs/", 1), text)).collect();
        let lower = |file: &'s File<S>| {
            let mut spec = file.spec.clone();
            if let Some(text) = mirrored.remove(&file.source.path) {
                words(self, &mut spec, text);
                self.done.insert(file.source.path.clone());
            }
            File { source: Arc::clone(&file.source), spec }
        };
        let translated = files.iter().map(lower).collect();
        for (path, text) in mirrored {
            if !self.specs.broken.iter().any(|broken| *broken == path.trim_end_matches(".yaml")) {
                let near = nearest(&path, files.iter().map(|file| file.source.path.as_str()));
                let help = near.map_or_else(|| "remove the file".to_owned(), |near| format!("is it about {near}?"));
                self.report(text, &[], format!("these are texts of {path}, which does not exist"), help);
            }
        }
        translated
    }

    fn method(&mut self, spec: &mut MethodSpec, file: &'s File<MethodText>) {
        let text = &file.spec;
        self.put(file, &["title".into()], &mut spec.title, text.title.as_ref(), Kind::Title);
        self.put(file, &["summary".into()], &mut spec.summary, text.summary.as_ref(), Kind::Summary);
        self.put_if(file, &["access".into()], spec.access.as_mut(), text.access.as_ref(), Kind::Phrase);
        let note = spec.deprecated.as_mut().and_then(|gone| gone.note.as_mut());
        self.put_if(file, &["deprecated".into()], note, text.deprecated.as_ref(), Kind::Summary);
        self.params(file, &["params".into()], &mut spec.params, &text.params);
        self.returns(file, &["returns".into()], Some(&mut spec.returns), text.returns.as_ref());
        let path = [Step::from("errors")];
        for error in &mut spec.errors {
            let own = text.errors.get(&error.code);
            let path = step(&path, error.code.as_str());
            self.put(file, &path, &mut error.description, own, Kind::Description(""));
        }
        self.orphans(file, &path, &text.errors, spec.errors.iter().map(|error| error.code.as_str()));
        self.examples(file, &["examples".into()], &mut spec.examples, &text.examples);
        let path = [Step::from("functions")];
        let none = FunctionText::default();
        for function in &mut spec.functions {
            let at = step(&path, function.function.as_str());
            let text = text.functions.get(&function.function).unwrap_or(&none);
            self.put(file, &step(&at, "title"), &mut function.title, text.title.as_ref(), Kind::Title);
            self.put(file, &step(&at, "summary"), &mut function.summary, text.summary.as_ref(), Kind::Summary);
            self.params(file, &step(&at, "params"), &mut function.params, &text.params);
            self.returns(file, &step(&at, "returns"), function.returns.as_mut(), text.returns.as_ref());
            self.examples(file, &step(&at, "examples"), &mut function.examples, &text.examples);
        }
        self.orphans(file, &path, &text.functions, spec.functions.iter().map(|function| function.function.as_str()));
    }

    fn category(&mut self, spec: &mut CategorySpec, file: &'s File<CategoryText>) {
        let text = &file.spec;
        self.put(file, &["title".into()], &mut spec.title, text.title.as_ref(), Kind::Title);
        self.put(file, &["summary".into()], &mut spec.summary, text.summary.as_ref(), Kind::Summary);
    }

    fn ty(&mut self, spec: &mut TypeSpec, file: &'s File<TypeText>) {
        let text = &file.spec;
        self.put_if(file, &["title".into()], spec.title.as_mut(), text.title.as_ref(), Kind::Title);
        let kind = Kind::Description(&spec.name);
        self.put(file, &["description".into()], &mut spec.description, text.description.as_ref(), kind);
        self.params(file, &["fields".into()], &mut spec.fields, &text.fields);
    }

    fn compat(&mut self, spec: &mut CompatSpec, file: &'s File<CompatText>) {
        let text = &file.spec;
        self.put(file, &["package".into()], &mut spec.package, text.package.as_ref(), Kind::Phrase);
        self.list(file, &["differences".into()], spec.differences.iter_mut(), &text.differences, Kind::Description(""));
        let path = [Step::from("functions")];
        for function in &mut spec.functions {
            if let Some(differs) = &mut function.differs {
                let own = text.functions.get(&function.name);
                self.put(file, &step(&path, function.name.as_str()), differs, own, Kind::Description(""));
            }
        }
        let differing = spec.functions.iter().filter(|function| function.differs.is_some());
        self.orphans(file, &path, &text.functions, differing.map(|function| function.name.as_str()));
    }

    fn params<T>(&mut self, file: &File<T>, path: &[Step], params: &mut [PresetParam], texts: &Texts<ParamText>) {
        let mut known = BTreeSet::new();
        for param in params {
            match param {
                PresetParam::Own(spec) => {
                    self.param(file, &step(path, spec.name.as_str()), spec, texts.get(&spec.name));
                    known.insert(spec.name.clone());
                }
                PresetParam::Use(taken) => {
                    let name = taken.name.rsplit('.').next().unwrap_or_default().to_owned();
                    let (at, own) = (step(path, name.as_str()), texts.get(&name));
                    if let Some(description) = &mut taken.description {
                        self.put(file, &at, description, own.and_then(|own| own.text.as_ref()), Kind::Description(""));
                    } else if own.is_some() {
                        let at = step(path, Step::Key(name.clone()));
                        let help = "remove it, or translate it there";
                        self.report(file, &at, format!("`{name}` has its text where it is taken from"), help);
                    }
                    known.insert(name);
                }
            }
        }
        self.orphans(file, path, texts, known.iter().map(String::as_str));
    }

    fn param<T>(&mut self, file: &File<T>, path: &[Step], spec: &mut ParamSpec, text: Option<&ParamText>) {
        let none = ParamText::default();
        let text = text.unwrap_or(&none);
        let kind = Kind::Description(&spec.name);
        self.put(file, path, &mut spec.description, text.text.as_ref(), kind);
        let at = step(path, "values");
        let mut known = Vec::new();
        for (value, meaning) in spec.values.iter_mut().flat_map(|values| &mut values.0) {
            let Some(meaning) = meaning else { continue };
            let value = tables::text(value);
            self.put(file, &step(&at, &*value), meaning, text.values.get(&value[..]), Kind::Description(""));
            known.push(value);
        }
        self.orphans(file, &at, &text.values, known.iter().map(|value| &**value));
        let at = step(path, "entries");
        let own = spec.entries.as_mut().map_or(&mut [][..], |entries| &mut entries.own);
        for entry in own.iter_mut() {
            self.param(file, &step(&at, entry.name.as_str()), entry, text.entries.get(&entry.name));
        }
        self.orphans(file, &at, &text.entries, own.iter().map(|entry| entry.name.as_str()));
    }

    /// The texts of a result: one, or one for each of its forms.
    fn returns<T>(
        &mut self,
        file: &File<T>,
        path: &[Step],
        spec: Option<&mut ReturnsSpec>,
        texts: Option<&ReturnsText>,
    ) {
        let texts = texts.map_or(&[][..], |texts| &texts.0);
        let kind = Kind::Description("");
        match spec {
            Some(spec) if spec.or.is_empty() && texts.len() < 2 => {
                self.put(file, path, &mut spec.description, texts.first(), kind);
            }
            Some(spec) => {
                let others = spec.or.iter_mut().map(|form| &mut form.description);
                self.list(file, path, [&mut spec.description].into_iter().chain(others), texts, kind);
            }
            None => self.put_if(file, path, None, texts.first(), kind),
        }
    }

    fn examples<T>(&mut self, file: &File<T>, path: &[Step], examples: &mut [ExampleSpec], titles: &[String]) {
        let english = examples.iter_mut().filter_map(|example| example.title.as_mut());
        self.list(file, path, english, titles, Kind::Title);
    }

    /// Texts that have no name, in order.
    fn list<'e, T>(
        &mut self,
        file: &File<T>,
        path: &[Step],
        english: impl Iterator<Item = &'e mut String>,
        texts: &[String],
        kind: Kind<'_>,
    ) {
        let mut count = 0;
        for (at, english) in english.enumerate() {
            self.put(file, &step(path, at), english, texts.get(at), kind);
            count = at + 1;
        }
        for at in count..texts.len() {
            self.report(file, &step(path, at), format!("there are {count} such texts in English"), "remove this one");
        }
    }

    /// Replaces a text that the spec may have.
    fn put_if<T>(
        &mut self,
        file: &File<T>,
        path: &[Step],
        english: Option<&mut String>,
        own: Option<&String>,
        kind: Kind<'_>,
    ) {
        match (english, own) {
            (Some(english), _) => self.put(file, path, english, own, kind),
            (None, Some(_)) => {
                let at = path.last().map_or_else(String::new, name);
                self.report(file, path, format!("the spec has no text `{at}`"), "remove it");
            }
            (None, None) => {}
        }
    }

    /// Replaces a text by the overlay's own or a phrase; reports where there is neither.
    fn put<T>(&mut self, file: &File<T>, path: &[Step], english: &mut String, own: Option<&String>, kind: Kind<'_>) {
        if let Some(own) = own {
            self.check(file, path, own, kind);
            if let Some(pairs) = &mut self.pairs {
                let source = Arc::clone(&file.source);
                pairs.push(TextPair { source, path: path.to_vec(), english: english.clone(), own: own.clone() });
            }
            own.clone_into(english);
            return;
        }
        if let Some((&known, &text)) = self.phrases.get_key_value(english.as_str()) {
            self.used.insert(known);
            self.check_phrase(known, text, kind);
            text.clone_into(english);
            return;
        }
        // It may well be among the phrases, which could not be read.
        let language = &self.overlays.language;
        if self.specs.broken.contains(&format!("specs/i18n/{language}/phrases")) {
            return;
        }
        let full: Vec<String> = path.iter().map(name).collect();
        // It does not exist: the caret stands under the key that it belongs to.
        let at = match path.split_last() {
            Some((_, [])) | None => Vec::new(),
            Some((_, [above @ .., Step::In(last)])) => step(above, Step::Key(last.clone())),
            Some((_, above)) => above.to_vec(),
        };
        let message = format!("`{}` has no text in `{language}`", full.join("."));
        self.report(file, &at, message, format!("in English: {english}"));
    }

    fn check<T>(&mut self, file: &File<T>, path: &[Step], text: &str, kind: Kind<'_>) {
        if let Some((message, help)) = fault(text, kind) {
            self.report(file, path, message, help);
        }
    }

    fn check_phrase(&mut self, known: &str, text: &str, kind: Kind<'_>) {
        if let (Some(phrases), Some((message, help))) = (&self.overlays.phrases, fault(text, kind)) {
            self.report(phrases, &[known.into()], message, help);
        }
    }

    /// Reports texts of what the spec does not have.
    fn orphans<'n, T, X>(
        &mut self,
        file: &File<T>,
        path: &[Step],
        texts: &Texts<X>,
        known: impl Iterator<Item = &'n str>,
    ) {
        let known: Vec<&str> = known.collect();
        for (name, _) in &texts.0 {
            if !known.contains(&name.as_str()) {
                let near = nearest(name, known.iter().copied());
                let help = near.map_or_else(|| "remove it".to_owned(), |near| format!("did you mean `{near}`?"));
                let of: Vec<String> = path.iter().map(self::name).collect();
                let message = format!("the spec has no text `{}.{name}`", of.join("."));
                self.report(file, &step(path, Step::Key(name.clone())), message, help);
            }
        }
    }

    /// Reports what is missing in the folders that must be complete.
    fn complete(&mut self) {
        let (specs, language) = (self.specs, &self.overlays.language);
        for file in self.overlays.categories.iter().filter(|file| file.spec.complete) {
            let folder = file.source.path.trim_end_matches("/_category.yaml");
            let folder = folder.trim_start_matches(&format!("specs/i18n/{language}/"));
            let mut missing = BTreeSet::new();
            for method in specs.methods.iter().filter(|method| method.folder() == folder) {
                let mut paths = BTreeSet::from([method.source.path.clone()]);
                used_types(specs, &method.spec, &mut paths);
                missing.extend(paths.into_iter().filter(|path| !self.done.contains(path)));
            }
            for path in missing {
                let wanted = path.replacen("specs/", &format!("specs/i18n/{language}/"), 1);
                if self.specs.broken.iter().any(|broken| *broken == wanted.trim_end_matches(".yaml")) {
                    continue;
                }
                let message = format!("the folder is to be complete, but {path} has no texts in `{language}`");
                self.report(file, &["complete".into()], message, format!("write {wanted}"));
            }
        }
    }

    /// Reports words of the pages with other places to fill in than in English.
    fn furniture(&mut self) {
        let Some(file) = &self.overlays.furniture else { return };
        if self.specs.broken.iter().any(|broken| broken == "specs/i18n/en/furniture") {
            return;
        }
        let english = self.specs.furniture.as_ref().map_or_else(|| Furniture::built_in("en"), |file| file.spec.clone());
        for (path, places) in file.spec.other_places(&english) {
            let path: Vec<Step> = path.iter().map(|key| key.as_str().into()).collect();
            let help = if places.is_empty() { "it has none".to_owned() } else { format!("write {places}") };
            self.report(file, &path, "the text has other places to fill in than in English", help);
        }
    }

    fn unused_phrases(&mut self) {
        let Some(phrases) = &self.overlays.phrases else { return };
        // What uses a phrase may be in a file that could not be read.
        if !self.specs.broken.is_empty() {
            return;
        }
        for (known, _) in &phrases.spec.0.0 {
            if !self.used.contains(known.as_str()) {
                let message = "no translated spec leaves out the text of this phrase";
                self.report(phrases, &[Step::Key(known.clone())], message, "remove it, or mend the English text");
            }
        }
    }

    fn report<T>(&mut self, file: &File<T>, path: &[Step], message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Diagnostic::new(file.place(path), message).help(help));
    }
}

/// What is wrong with a text.
fn fault(text: &str, kind: Kind<'_>) -> Option<(String, String)> {
    match kind {
        Kind::Title => prose::title(text),
        Kind::Summary => prose::sentence(text, "", MOST_SUMMARY),
        Kind::Description(name) => prose::sentence(text, name, MOST_DESCRIPTION),
        Kind::Phrase => prose::phrase(text),
    }
}

fn name(step: &Step) -> String {
    match step {
        Step::In(name) | Step::Key(name) => name.clone(),
        Step::At(at) => (at + 1).to_string(),
    }
}

/// The paths of the shared types whose fields the pages of a method show.
fn used_types(specs: &Specs, method: &MethodSpec, paths: &mut BTreeSet<String>) {
    let functions = method.functions.iter().flat_map(|function| &function.params);
    method.params.iter().chain(functions).for_each(|param| used_in(specs, param, paths));
}

fn used_in(specs: &Specs, param: &PresetParam, paths: &mut BTreeSet<String>) {
    match param {
        PresetParam::Own(spec) => used_by(specs, spec, paths),
        // `use: paging.start` shows one field of the type.
        PresetParam::Use(taken) => {
            if let Some((ty, _)) = taken.name.split_once('.').filter(|_| taken.description.is_none()) {
                add_type(specs, ty, paths);
            }
        }
    }
}

fn used_by(specs: &Specs, param: &ParamSpec, paths: &mut BTreeSet<String>) {
    let Some(entries) = &param.entries else { return };
    if let Some(ty) = &entries.ty {
        add_type(specs, ty, paths);
    }
    entries.own.iter().for_each(|entry| used_by(specs, entry, paths));
}

fn add_type(specs: &Specs, name: &str, paths: &mut BTreeSet<String>) {
    let Some(file) = specs.types.iter().find(|file| file.stem() == name) else { return };
    if paths.insert(file.source.path.clone()) {
        file.spec.fields.iter().for_each(|field| used_in(specs, field, paths));
    }
}
