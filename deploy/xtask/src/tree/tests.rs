use super::*;

pub(super) fn tree(files: &[(&str, &str)]) -> SourceTree {
    let files: Vec<(PathBuf, String)> = files
        .iter()
        .map(|(path, text)| (PathBuf::from(path), (*text).to_owned()))
        .collect();
    let mut paths = BTreeSet::new();
    for (path, _) in &files {
        paths.extend(path.ancestors().map(Path::to_owned));
    }
    SourceTree { files, paths }
}

#[test]
fn a_stranger_at_the_top_is_named_and_dotfiles_are_not() {
    let tree = tree(&[("Cargo.toml", ""), (".ci/run", ""), ("scripts/x.sh", "")]);
    assert_eq!(tree.out_of_place(), ["scripts does not belong at the top"]);
}

#[test]
fn every_folder_of_the_house_has_a_readme() {
    let tree = tree(&[
        ("LICENSE", ""),
        ("proto/README.md", ""),
        ("services/domain/src/lib.rs", ""),
    ]);
    let members = [PathBuf::from("proto"), PathBuf::from("services/domain")];
    assert_eq!(
        tree.without_readme(&members),
        [
            "services has no README.md",
            "services/domain has no README.md"
        ]
    );
}

#[test]
fn links_lead_to_files_of_the_repository() {
    let tree = tree(&[(
        "services/README.md",
        "[a](../proto/) [b](README.md#top) [c](https://example.org) [d](gone.md)",
    )]);
    assert_eq!(
        tree.dead_links(),
        [
            "services/README.md links to ../proto/, not there",
            "services/README.md links to gone.md, not there"
        ]
    );
}

#[test]
fn a_file_that_names_a_path_of_the_machine_is_named_with_its_line() {
    let tree = tree(&[("a.md", "fine\nsee /somewhere/else/x\n")]);
    assert_eq!(
        tree.naming_outside(&["/somewhere/".to_owned()]),
        ["a.md:2 names a path of this machine"]
    );
}

#[test]
fn a_long_rust_file_is_named() {
    let long = "\n".repeat(LONGEST + 1);
    let tree = tree(&[("a.rs", &long), ("b.csv", &long)]);
    assert_eq!(tree.too_long(), [format!("a.rs has {} lines", LONGEST + 1)]);
}
