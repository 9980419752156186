//! One Rust file read with `syn`. Comes in: its text. Goes out: the types that it declares outside
//! tests, and the patterns and comments that the code should not have.

use syn::visit::{self, Visit};
use syn::{
    Arm, Attribute, Expr, FnArg, Ident, ItemEnum, ItemMod, ItemStruct, ItemTrait, ItemType, Lit,
    Meta, Pat, Signature, Visibility,
};

use super::super::test_code::is_for_tests;

/// Words that a comment on an item has at least.
const FEWEST_WORDS: usize = 4;

/// Derives that make the text of `--help` from comments: such a text is no sentence.
const HELP: [&str; 4] = ["Args", "Parser", "Subcommand", "ValueEnum"];

/// What one file says of itself.
#[derive(Default)]
pub(super) struct SourceReading {
    /// The names of structs, enums, traits and type aliases outside `#[cfg(test)]`.
    pub(super) types: Vec<String>,
    /// The functions that take a tuple apart in their parameters.
    pub(super) tuple_parameters: Vec<String>,
    /// The functions that have an arm for `true` or `false`.
    pub(super) bool_arms: Vec<String>,
    /// The comments on items that are too short to say anything, each as it is written.
    pub(super) short_comments: Vec<String>,
    /// Whether the file begins with `//!`.
    pub(super) has_head: bool,
    /// The function that is being read.
    function: String,
    /// The lines of the comment that is being read.
    comment: Vec<String>,
    /// Whether a module of tests is being read.
    in_tests: bool,
    /// Whether a type is being read whose comments are the text of `--help`.
    in_help: bool,
}

impl SourceReading {
    /// Reads a whole file, or says why it is no Rust.
    pub(super) fn of(text: &str) -> syn::Result<Self> {
        let file = syn::parse_file(text)?;
        let mut reading = Self {
            has_head: file.attrs.iter().any(|line| comment_line(line).is_some()),
            ..Self::default()
        };
        for item in &file.items {
            reading.visit_item(item);
        }
        Ok(reading)
    }

    fn add_type(&mut self, name: &Ident, attributes: &[Attribute]) {
        if !self.in_tests && !attributes.iter().any(is_for_tests) {
            self.types.push(name.to_string());
        }
    }

    /// Judges the comment whose last line has been read: a name or a visibility follows it.
    fn end_comment(&mut self) {
        let lines = std::mem::take(&mut self.comment);
        let comment = lines.join(" ");
        if !lines.is_empty() && !self.in_help && comment.split_whitespace().count() < FEWEST_WORDS {
            self.short_comments.push(format!("`{}`", comment.trim()));
        }
    }
}

impl<'ast> Visit<'ast> for SourceReading {
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        self.comment.extend(comment_line(attribute));
    }

    fn visit_ident(&mut self, _: &'ast Ident) {
        self.end_comment();
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {
        self.end_comment();
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let outside = self.in_tests;
        self.in_tests |= module.attrs.iter().any(is_for_tests);
        visit::visit_item_mod(self, module);
        self.in_tests = outside;
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        self.add_type(&item.ident, &item.attrs);
        self.in_help = item.attrs.iter().any(derives_help);
        visit::visit_item_struct(self, item);
        self.in_help = false;
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        self.add_type(&item.ident, &item.attrs);
        self.in_help = item.attrs.iter().any(derives_help);
        visit::visit_item_enum(self, item);
        self.in_help = false;
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        self.add_type(&item.ident, &item.attrs);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast ItemType) {
        self.add_type(&item.ident, &item.attrs);
        visit::visit_item_type(self, item);
    }

    fn visit_signature(&mut self, signature: &'ast Signature) {
        self.function = signature.ident.to_string();
        if signature.inputs.iter().any(takes_tuple_apart) {
            self.tuple_parameters.push(self.function.clone());
        }
        visit::visit_signature(self, signature);
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        if is_bool(&arm.pat) {
            self.bool_arms.push(self.function.clone());
        }
        visit::visit_arm(self, arm);
    }
}

/// One line of a comment that is written `///` or `//!`.
fn comment_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    let Expr::Lit(literal) = &pair.value else {
        return None;
    };
    if !pair.path.is_ident("doc") {
        return None;
    }
    if let Lit::Str(text) = &literal.lit {
        Some(text.value())
    } else {
        None
    }
}

/// Whether an attribute is a derive that makes the text of `--help`.
fn derives_help(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    let tokens = list.tokens.to_string();
    let mut words = tokens.split(|letter: char| !letter.is_alphanumeric());
    list.path.is_ident("derive") && words.any(|word| HELP.contains(&word))
}

/// Whether a parameter is a tuple pattern, such as `(name, age): (&str, u32)`.
fn takes_tuple_apart(parameter: &FnArg) -> bool {
    let FnArg::Typed(typed) = parameter else {
        return false;
    };
    match &*typed.pat {
        Pat::Tuple(_) => true,
        Pat::Reference(reference) => matches!(&*reference.pat, Pat::Tuple(_)),
        _ => false,
    }
}

/// Whether an arm is for `true` or for `false`.
fn is_bool(pattern: &Pat) -> bool {
    if let Pat::Lit(literal) = pattern {
        matches!(literal.lit, Lit::Bool(_))
    } else {
        false
    }
}
