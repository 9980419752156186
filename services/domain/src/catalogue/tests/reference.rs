//! The reference of all keys is made of the structures that read them, so it cannot say anything else.

use crate::catalogue::source::{
    DescribedKeys, KeyShape, KeyTable, RawDenominators, RawInstrument, RawInvolvement, RawMeasure,
    RawOrganisations, heading,
};

const HEAD: &str = "\
# Every key of a catalogue

Made of the structures that read the files (`src/catalogue/source.rs` and below it); a test compares.
`MEDVIRK_WRITE_CATALOGUE_KEYS=1 cargo test -p medvirk-domain the_reference` writes it anew. How a
catalogue is made is in [`worked-example.md`](worked-example.md), which rules hold in the
[README](README.md).

A *title* is a text by language, `{ nb = \"…\", nn = \"…\", en = \"…\" }`, or a name that is the same in
all. An *id* is 1 to 64 characters of a-z, 0-9, `-`, `_` and `.`. A *number* has at most six decimals.
A key that is not needed may be left out; a key that is not here is refused.
";

/// The reference as it should be.
fn reference() -> String {
    let mut text = HEAD.to_owned();
    let mut told = Vec::new();
    for file in [
        RawOrganisations::block(),
        RawInstrument::block(),
        RawMeasure::block(),
        RawDenominators::block(),
        RawInvolvement::block(),
    ] {
        describe(&file, "##", &mut told, &mut text);
    }
    text
}

/// A table and then those within it, each once.
fn describe(block: &KeyTable, level: &str, told: &mut Vec<&'static str>, text: &mut String) {
    if told.contains(&block.name) {
        return;
    }
    told.push(block.name);
    let about = block.about.trim();
    let title = heading(block.name);
    text.push_str(&format!(
        "\n{level} {title}\n\n{about}\n\n| key | needed | value | what it says |\n|---|---|---|---|\n"
    ));
    for key in &block.keys {
        let needed = if key.needed { "yes" } else { "" };
        let (name, words, about) = (key.name, key.shape.words(), key.about.trim());
        text.push_str(&format!("| `{name}` | {needed} | {words} | {about} |\n"));
    }
    for key in &block.keys {
        if let Some(within) = table(&key.shape) {
            describe(&within, "###", told, text);
        }
    }
}

fn table(shape: &KeyShape) -> Option<KeyTable> {
    match shape {
        KeyShape::Value(..) => None,
        KeyShape::Table(block) => Some(block()),
        KeyShape::List(of) => table(of),
    }
}

#[test]
fn the_reference_is_what_the_structures_say() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue-keys.md");
    let reference = reference();
    if std::env::var_os("MEDVIRK_WRITE_CATALOGUE_KEYS").is_some() {
        std::fs::write(&path, &reference).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        written == reference,
        "{} is not what the structures say; MEDVIRK_WRITE_CATALOGUE_KEYS=1 writes it",
        path.display()
    );
}

#[test]
fn every_key_of_the_shipped_files_is_in_it() {
    let reference = reference();
    for file in crate::catalogue::shipped() {
        let keys = file.text.lines().filter_map(|line| line.split_once(" = "));
        let keys = keys.map(|(key, _)| key.trim());
        let plain = |key: &&str| key.chars().all(|it| it.is_ascii_lowercase() || it == '_');
        for key in keys.filter(plain) {
            assert!(reference.contains(&format!("| `{key}` |")), "{key}");
        }
    }
}
