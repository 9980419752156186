//! What one Rust file names of other files: the paths of its `use`, of its code, and of macros.

use syn::visit::{self, Visit};
use syn::{Attribute, ImplItemFn, Item, ItemMod, ItemUse, Macro, Meta, Path, UseTree, Visibility};

use super::super::test_code::is_for_tests;

/// A path as a file writes it.
pub(super) struct UsedPath {
    /// The names of the path; `*` for everything.
    pub(super) names: Vec<String>,
    /// The modules within the file in which it stands.
    pub(super) inside: Vec<String>,
    /// The name that it has from there on, where it is of a `use`.
    name: Option<String>,
    /// Whether it is a `pub use`, in any degree.
    pub(super) is_shown: bool,
}

/// What one file names, tests left out.
#[derive(Default)]
pub(super) struct FileUses {
    pub(super) paths: Vec<UsedPath>,
    /// The modules that are declared for tests alone.
    pub(super) test_modules: Vec<String>,
    inside: Vec<String>,
}

impl FileUses {
    /// Reads a whole file, or says why it is no Rust.
    pub(super) fn of(text: &str) -> syn::Result<Self> {
        let file = syn::parse_file(text)?;
        let mut uses = Self::default();
        uses.visit_file(&file);
        Ok(uses)
    }

    /// Adds those of another file of the same module: a crate may have a library and a program.
    pub(super) fn add(&mut self, other: Self) {
        self.paths.extend(other.paths);
        self.test_modules.extend(other.test_modules);
    }

    /// The path that stands behind a name which others may take from here.
    pub(super) fn shown_as(&self, name: &str) -> Option<&UsedPath> {
        let mut paths = self.paths.iter();
        paths.find(|path| path.inside.is_empty() && path.name.as_deref() == Some(name))
    }

    fn add_path(&mut self, names: Vec<String>) {
        self.paths.push(UsedPath {
            names,
            inside: self.inside.clone(),
            name: None,
            is_shown: false,
        });
    }

    fn add_tree(&mut self, tree: &UseTree, before: &[String], is_shown: bool) {
        let with = |last: String| [before, &[last]].concat();
        let (names, name) = match tree {
            UseTree::Path(path) => {
                return self.add_tree(&path.tree, &with(path.ident.to_string()), is_shown);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_tree(tree, before, is_shown);
                }
                return;
            }
            UseTree::Glob(_) => (with("*".to_owned()), None),
            // `use part::{self}` is `use part`.
            UseTree::Name(name) if name.ident == "self" => {
                (before.to_vec(), before.last().cloned())
            }
            UseTree::Name(name) => (with(name.ident.to_string()), Some(name.ident.to_string())),
            UseTree::Rename(name) => (with(name.ident.to_string()), Some(name.rename.to_string())),
        };
        self.paths.push(UsedPath {
            names,
            inside: self.inside.clone(),
            name,
            is_shown,
        });
    }

    /// The paths in what a macro or an attribute is given, which is no Rust before it is made some.
    fn add_tokens(&mut self, tokens: &str) {
        let tokens = tokens.replace(" :: ", "::");
        let apart = |letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':');
        for word in tokens.split(apart).filter(|word| word.contains("::")) {
            self.add_path(word.split("::").map(str::to_owned).collect());
        }
    }
}

impl<'ast> Visit<'ast> for FileUses {
    fn visit_item(&mut self, item: &'ast Item) {
        if !attributes_of(item).iter().any(is_for_tests) {
            visit::visit_item(self, item);
        } else if let Item::Mod(module) = item {
            self.test_modules.push(module.ident.to_string());
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !function.attrs.iter().any(is_for_tests) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.inside.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.inside.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_shown = !matches!(item.vis, Visibility::Inherited);
        self.add_tree(&item.tree, &[], is_shown);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.segments.len() > 1 {
            let names = path.segments.iter().map(|part| part.ident.to_string());
            self.add_path(names.collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.add_tokens(&call.tokens.to_string());
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.add_tokens(&list.tokens.to_string());
        }
    }

    // `pub(in crate::part)` says who may use a thing, and uses nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
