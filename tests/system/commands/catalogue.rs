//! `medvirk catalogue`, which needs no running system.

use std::path::Path;

use medvirk_tests::{medvirk, root};

#[test]
fn a_catalogue_is_listed_and_shown() {
    let list = medvirk(&["catalogue", "list"], &[]).expect(0).out;
    for expected in [
        "fit-ors",
        "fit-srs",
        "kem",
        "bdi-total",
        "fjord-poliklinikk",
    ] {
        assert!(list.contains(expected), "{expected} in\n{list}");
    }
    // Whatever is listed can be shown.
    let names = list.lines().filter(|line| line.starts_with("  "));
    let names: Vec<&str> = names
        .filter(|line| !line.contains('›'))
        .filter_map(|line| line.split_whitespace().next())
        .map(|name| name.trim_end_matches(':'))
        .collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        let shown = medvirk(&["catalogue", "show", name], &[]).expect(0).out;
        assert!(shown.contains(name), "{shown}");
    }
}

#[test]
fn what_is_shown_says_its_rules_and_what_is_not_verified() {
    let show = |name: &str| medvirk(&["catalogue", "show", name], &[]).expect(0).out;
    let ors = show("fit-ors");
    assert!(
        ors.contains("item individual: 0 to 10 in steps of 0.1 (Individual), may be left out"),
        "{ors}"
    );
    for expected in [
        "cut-off 25 for self, adult: the clinical range is strictly below",
        "cut-off 28 for caretaker, adolescent",
        "where none is named, adult",
        "reliable change 5\n",
        "alert fall-since-last on total: the score is worse than the score before by 5 or more",
        "not verified: Cut-off 25 for adults",
    ] {
        assert!(ors.contains(expected), "{expected} in\n{ors}");
    }
    let course = show("fit.course");
    let share = "share adoption: Share of all episodes with regular feedback";
    assert!(course.contains(share), "{course}");
    let counted = show("episodes-2025");
    for expected in ["quality, nn: ", "source: ", "fjord-dogn: 185 episodes"] {
        assert!(counted.contains(expected), "{expected} in\n{counted}");
    }
    let form = show("involvement");
    for expected in [
        "item peer-workers: a number from 0 to 200",
        "nb: Brukerråd",
        "source: ",
    ] {
        assert!(form.contains(expected), "{expected} in\n{form}");
    }
    let norse = show("norse-2");
    for expected in [
        "-98 stands for not-applicable",
        "not-applicable counts as 1, and is not reversed",
        "asked in full where q19 is above 3.5, until the mean of its last three scores is below 1.5",
        "norm: mean 5.059663, standard deviation 1.623778, n 1109",
        "item q140: 1 to 7 in steps of 1, reversed",
        "source: ",
        "not verified: ",
    ] {
        assert!(norse.contains(expected), "{expected} in\n{norse}");
    }
}

#[test]
fn a_catalogue_is_checked_by_file_and_line() {
    let good = medvirk(&["catalogue", "check"], &[]).expect(0).out;
    assert!(good.contains("nothing is wrong"), "{good}");
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    copy(&root().join("tests/data/cohort/catalogue"), folder.path());
    medvirk(&["catalogue", "check", dir], &[]).expect(0);

    let path = folder.path().join("measures/cohort.outcome.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let line = 1 + text.lines().position(|line| line == "k = 5").unwrap();
    std::fs::write(&path, text.replace("k = 5", "k = 2")).unwrap();
    let told = medvirk(&["catalogue", "check", dir], &[]).expect(64).err;
    let expected = format!("measures/cohort.outcome.toml:{line}");
    assert!(told.contains(&expected), "{expected} in\n{told}");

    std::fs::write(&path, format!("{text}\nnonsense = [\n")).unwrap();
    let told = medvirk(&["catalogue", "check", dir], &[]).expect(64).err;
    assert!(told.contains("measures/cohort.outcome.toml:"), "{told}");

    for nothing in [
        "/nonexistent",
        folder.path().join("empty").to_str().unwrap(),
    ] {
        let _ = std::fs::create_dir(folder.path().join("empty"));
        let told = medvirk(&["catalogue", "check", nothing], &[])
            .expect(64)
            .err;
        assert!(told.contains(nothing), "{told}");
    }
}

/// A folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
