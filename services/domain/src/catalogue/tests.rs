//! Every rule has a catalogue that breaks it: the shipped one with a text replaced. What is found
//! must name the file, the line of the replaced text and the rule.

use super::*;

fn load(files: &[SourceFile]) -> Result<Catalogue, Problems> {
    Catalogue::load(files, CatalogueHash::new([0; 32]), Limits::default())
}

#[test]
fn the_shipped_catalogue_obeys_all_rules() {
    if let Err(problems) = load(&shipped()) {
        panic!("{problems}");
    }
}
