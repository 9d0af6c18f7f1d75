//! The text of a generated Rust file. Doc comments are kept beside its tokens and put in at the end: making literals of
//! them, which syn reads and prettyplease reads again, would cost more than all the code does.

use std::cell::RefCell;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::emit::banner;

/// Stands in a doc comment before the number of its text, until the file is printed.
const MARK: char = '\u{1e}';

/// The doc comments of a file.
#[derive(Default)]
pub(super) struct Comments {
    texts: RefCell<Vec<String>>,
}

/// What stands in the tokens for a doc comment.
pub(super) struct Comment(String);

impl ToTokens for Comment {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

impl Comments {
    /// Keeps a text; what it gives goes into a `doc` attribute.
    pub(super) fn add(&self, text: impl Into<String>) -> Comment {
        let mut texts = self.texts.borrow_mut();
        texts.push(text.into());
        Comment(format!("{MARK}{}", texts.len() - 1))
    }

    /// The whole text of a file: what it is made from, what it is, its items.
    pub(super) fn print(self, source: &str, about: &str, items: TokenStream) -> String {
        let about = self.add(format!("{}\n\n{about}", banner(source)));
        let file = quote! {
            #![doc = #about]
            #items
        };
        match syn::parse2(file) {
            Ok(file) => self.write_out(&prettyplease::unparse(&file)),
            Err(error) => {
                unreachable!("the emitter wrote Rust that does not parse, from {source}: {error}")
            }
        }
    }

    /// Puts the doc comments into the code, each line of them on a line of its own.
    fn write_out(self, code: &str) -> String {
        let texts = self.texts.into_inner();
        let mut file = String::with_capacity(code.len() + texts.iter().map(|text| text.len() + 32).sum::<usize>());
        for line in code.split_inclusive('\n') {
            let marked = line.trim_end().rsplit_once(MARK);
            let text = marked.and_then(|(before, number)| Some((before, texts.get(number.parse::<usize>().ok()?)?)));
            let Some((before, text)) = text else {
                file.push_str(line);
                continue;
            };
            for line in text.lines() {
                file.push_str(before);
                if !line.is_empty() {
                    file.push(' ');
                    file.push_str(line);
                }
                file.push('\n');
            }
        }
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_a_comment_stands_where_its_item_does() {
        let comments = Comments::default();
        let (outer, inner) = (comments.add("One.\n\n# Errors"), comments.add("*/ \" \u{1e}0 {{"));
        let items = quote! { #[doc = #outer] pub mod a { #[doc = #inner] pub fn b() {} } };
        let file = comments.print("specs/a.yaml", "About.", items);
        let (head, code) = file.split_once("\n//!\n//! About.\n").expect("both parts of the head");
        assert_eq!(head, format!("//! {}", banner("specs/a.yaml")));
        assert_eq!(code, "/// One.\n///\n/// # Errors\npub mod a {\n    /// */ \" \u{1e}0 {{\n    pub fn b() {}\n}\n");
    }
}
