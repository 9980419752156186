//! Circles of files. Comes in: the Rust files of each crate. Goes out: each circle, as a way from a
//! file back to itself. The invariant: what a file uses can be read and understood before the file.
//!
//! A file uses another where it names something of it. Declaring a module and showing what is in it
//! (`mod part; pub use part::Thing;`) is not a use: it is how a crate is put together. So a module
//! that uses what its parent declares closes a circle as soon as the parent uses the module. Tests
//! may use everything.

mod uses;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use self::uses::{FileUses, UsedPath};
use super::SourceTree;

/// How often a name may be shown on from module to module.
const MOST_HOPS: usize = 8;

/// A module of a crate, by the names that lead to it; of the root none.
type ModulePath = Vec<String>;

/// The files of one crate, by module.
struct CrateFiles<'a> {
    paths: BTreeMap<ModulePath, &'a Path>,
    uses: BTreeMap<ModulePath, FileUses>,
}

impl SourceTree {
    /// Every circle of files, one line each.
    pub(super) fn circles(&self) -> Vec<String> {
        let mut crates: BTreeMap<&Path, CrateFiles<'_>> = BTreeMap::new();
        for (path, text) in self.with_ending("rs") {
            let Some((source, module)) = place_of(path) else {
                continue;
            };
            // What is no Rust is said elsewhere.
            let Ok(uses) = FileUses::of(text) else {
                continue;
            };
            let files = crates.entry(source).or_insert_with(|| CrateFiles {
                paths: BTreeMap::new(),
                uses: BTreeMap::new(),
            });
            files.paths.insert(module.clone(), path);
            files.uses.entry(module).or_default().add(uses);
        }
        crates.values_mut().flat_map(CrateFiles::circles).collect()
    }
}

/// The folder `src` that a file belongs to, and its module; nothing for a file that is not of a crate
/// or is a test.
fn place_of(path: &Path) -> Option<(&Path, ModulePath)> {
    let source = path.ancestors().find(|folder| folder.ends_with("src"))?;
    let within = path.strip_prefix(source).ok()?.with_extension("");
    let names = within
        .iter()
        .map(|name| name.to_string_lossy().into_owned());
    let mut module: ModulePath = names.collect();
    if module.iter().any(|name| name == "tests") {
        return None;
    }
    if module == ["lib"] || module == ["main"] {
        module.clear();
    }
    Some((source, module))
}

impl CrateFiles<'_> {
    fn circles(&mut self) -> Vec<String> {
        self.leave_out_tests();
        let edges = self.edges();
        let mut seen = BTreeSet::new();
        let mut circles = Vec::new();
        for module in self.uses.keys() {
            if seen.contains(module) {
                continue;
            }
            if let Some(circle) = way_back(&edges, module) {
                circles.push(self.line(&circle));
                seen.extend(circle);
            }
        }
        circles
    }

    fn leave_out_tests(&mut self) {
        let of = |(module, uses): (&ModulePath, &FileUses)| {
            let tests = uses.test_modules.iter();
            let child = |name: &String| [module.as_slice(), std::slice::from_ref(name)].concat();
            tests.map(child).collect::<Vec<_>>()
        };
        let tests: Vec<ModulePath> = self.uses.iter().flat_map(of).collect();
        self.uses
            .retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
    }

    /// Which module uses which.
    fn edges(&self) -> BTreeMap<&ModulePath, BTreeSet<ModulePath>> {
        let of = |(module, uses)| (module, self.used_by(module, uses));
        self.uses.iter().map(of).collect()
    }

    fn used_by(&self, module: &ModulePath, uses: &FileUses) -> BTreeSet<ModulePath> {
        let mut used = BTreeSet::new();
        for path in &uses.paths {
            let Some(target) = self.declares(module, path) else {
                continue;
            };
            let shows_its_own = path.is_shown && target.starts_with(module);
            if target != *module && !shows_its_own {
                used.insert(target);
            }
        }
        used
    }

    /// The module that declares what a path names; nothing where that is another crate.
    fn declares(&self, module: &ModulePath, path: &UsedPath) -> Option<ModulePath> {
        let (mut target, mut rest) = self.resolve(module, &path.inside, &path.names)?;
        for _ in 0..MOST_HOPS {
            let Some(name) = rest.first() else {
                break;
            };
            let Some(shown) = self.uses[&target].shown_as(name) else {
                break;
            };
            let names: Vec<String> = shown.names.iter().chain(&rest[1..]).cloned().collect();
            let Some(further) = self.resolve(&target, &shown.inside, &names) else {
                break;
            };
            (target, rest) = further;
        }
        Some(target)
    }

    /// The file that a path leads into, and what is left of the path there.
    fn resolve(
        &self,
        module: &ModulePath,
        inside: &[String],
        names: &[String],
    ) -> Option<(ModulePath, Vec<String>)> {
        let here = [module.as_slice(), inside].concat();
        let mut names = names;
        let mut at = match names.first()?.as_str() {
            "crate" => {
                names = &names[1..];
                ModulePath::new()
            }
            "self" | "super" => here.clone(),
            child
                if self
                    .uses
                    .contains_key(&[here.as_slice(), &[child.to_owned()]].concat()) =>
            {
                here
            }
            _ => return None,
        };
        while let Some(name) = names
            .first()
            .filter(|name| *name == "self" || *name == "super")
        {
            if name == "super" {
                at.pop()?;
            }
            names = &names[1..];
        }
        while let Some(name) = names.first() {
            at.push(name.clone());
            if !self.uses.contains_key(&at) {
                at.pop();
                break;
            }
            names = &names[1..];
        }
        // A module within a file is a part of that file.
        while !self.uses.contains_key(&at) {
            at.pop()?;
        }
        Some((at, names.to_vec()))
    }

    fn line(&self, circle: &[ModulePath]) -> String {
        let files = circle.iter().chain(circle.first());
        let files: Vec<String> = files
            .map(|module| self.paths[module].display().to_string())
            .collect();
        format!(
            "{}: a circle of files; put what they share into a file of its own",
            files.join(" → ")
        )
    }
}

/// The shortest way from a module back to it.
fn way_back(
    edges: &BTreeMap<&ModulePath, BTreeSet<ModulePath>>,
    from: &ModulePath,
) -> Option<Vec<ModulePath>> {
    let mut ways = VecDeque::from([vec![from.clone()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let last = way.last().expect("a way begins somewhere");
        for next in edges.get(last).into_iter().flatten() {
            if next == from {
                return Some(way);
            }
            if seen.insert(next.clone()) {
                ways.push_back([way.as_slice(), std::slice::from_ref(next)].concat());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests;
