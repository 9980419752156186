//! The worked example is a catalogue that obeys all rules, and its page shows the files as they are.

use std::path::{Path, PathBuf};

use super::*;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &str) -> String {
    let path = root().join("worked-example").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[test]
fn it_obeys_all_rules_and_is_meant() {
    let paths = [
        "instruments/trivsel.toml",
        "measures/trivsel.tilstand.toml",
        "organisations.toml",
    ];
    let files = paths.map(|path| SourceFile {
        path: path.to_owned(),
        text: read(&format!("catalogue/{path}")),
    });
    let catalogue = loaded(&files);
    assert_eq!(catalogue.indicators.len(), 1);
    assert_eq!(Catalogue::warnings(&files), []);
}

#[test]
fn its_page_shows_the_files_as_they_are() {
    let page = std::fs::read_to_string(root().join("worked-example.md")).unwrap();
    let mut shown = 0;
    let mut blocks = page.split("```");
    while let Some(text) = blocks.next() {
        let block = blocks.next().unwrap_or_default();
        let Some(content) = block.strip_prefix("toml\n") else {
            continue;
        };
        let named = text.trim_end().strip_suffix("`:").unwrap();
        let (_, path) = named.rsplit_once('`').unwrap();
        assert!(content == read(path), "{path} is not the file");
        shown += 1;
    }
    assert_eq!(shown, 4);
}
