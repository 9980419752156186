//! The attacker's independence, read from the sources.

use std::fs;
use std::path::{Path, PathBuf};

use medvirk_attacker::table::Table;

use crate::Attack;

pub(crate) const ATTACKS: &[Attack] = &[
    (
        "only_the_victim_knows_the_code_under_attack",
        only_the_victim_knows_the_code_under_attack,
    ),
    ("no_attack_is_given_the_truth", no_attack_is_given_the_truth),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn only_the_victim_knows_the_code_under_attack(_: &Table) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    sources(&root.join("tests"), &mut files);
    let name = ["medvirk", "domain"].join("_");
    let naming = files.iter().filter(|path| {
        let text = fs::read_to_string(path).expect("the file can be read");
        text.contains(&name)
    });
    let naming: Vec<_> = naming
        .map(|path| path.strip_prefix(root).unwrap_or(path))
        .collect();
    assert_eq!(naming, [Path::new("src/victim.rs")]);
    assert!(files.len() > 15, "all sources are read");
}

fn no_attack_is_given_the_truth(_: &Table) {
    let attacks = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/attack");
    let mut files = Vec::new();
    sources(&attacks, &mut files);
    for path in files {
        let text = fs::read_to_string(&path).expect("the file can be read");
        for forbidden in ["Truth", "Story", "victim"] {
            assert!(
                !text.contains(forbidden),
                "{} names {forbidden}",
                path.display()
            );
        }
    }
}
