use medvirk_proto::indicator::v1::reason::Code;
use medvirk_proto::indicator::v1::{NoArguments, Reason};

use super::*;

const FILE: &str = "organisation;year;counts;number;source;date;note\n\
    unit-a;2024;discharges;740;NPR;2025-03-01;practice of registration varies\n\
    unit-b;2024;episodes;10;NPR;2025-03-01;incomplete\n";

fn too_few() -> Reason {
    Reason {
        code: Some(Code::TooFew(NoArguments {})),
    }
}

fn figure(organisation: &str, indicator: &str, persons: Option<u64>) -> Figure {
    Figure {
        measure: "kem.experience".to_owned(),
        indicator: indicator.to_owned(),
        organisation: organisation.to_owned(),
        from: "2024-01".to_owned(),
        to: "2024-12".to_owned(),
        persons,
        shown: persons.is_some(),
        reason: persons.is_none().then(too_few),
        ..Figure::default()
    }
}

#[test]
fn a_published_response_rate_comes_out_with_its_note() {
    let denominators = read(FILE.as_bytes()).unwrap();
    let figures = [
        figure("unit-a", "one", Some(540)),
        figure("unit-a", "two", Some(552)),
        figure("unit-b", "one", None),
    ];
    let covered = cover(&denominators, &figures, "2024-12");
    assert_eq!(covered.len(), 2);
    let rate = covered[0].coverage.unwrap();
    assert!((rate - 74.6).abs() < 0.05, "{rate}");
    assert_eq!(
        (covered[1].coverage, &*covered[1].reason),
        (None, &*sentence(Some(&too_few())))
    );
    let all = [
        table(&covered),
        csv_text(&covered).unwrap(),
        serde_json::to_string(&covered).unwrap(),
    ];
    for text in all {
        for told in [
            "NPR",
            "2025-03-01",
            "practice of registration varies",
            "incomplete",
        ] {
            assert!(text.contains(told), "{told} in\n{text}");
        }
    }
}

#[test]
fn a_year_that_still_runs_has_no_rate() {
    let denominators = read(FILE.as_bytes()).unwrap();
    let figures = [figure("unit-a", "one", Some(540))];
    for shown_until in ["", "2024-11"] {
        let covered = cover(&denominators, &figures, shown_until);
        let told = (covered[0].persons, covered[0].coverage, &*covered[0].reason);
        assert_eq!(told, (Some(540), None, "not yet: 2024 is not closed"));
        assert!(table(&covered).contains("not yet: 2024 is not closed"));
    }
    assert!(
        cover(&denominators, &figures, "2025-01")[0]
            .coverage
            .is_some()
    );
}

#[test]
fn a_file_without_a_note_or_with_two_numbers_is_refused() {
    for (from, to, told) in [
        ("incomplete", "", "row 3: note is blank"),
        (
            ";NPR;2025-03-01;incomplete",
            ";;2025-03-01;x",
            "row 3: source is blank",
        ),
        (";10;", ";0;", "row 3: number"),
        (
            "2025-03-01;incomplete",
            "01.03.2025;x",
            "row 3: number must",
        ),
        (
            "unit-b;2024;episodes",
            "unit-a;2024;discharges",
            "row 3: the same organisation",
        ),
        ("episodes", "visits", "row 3"),
        (";note", ";notat", "row 2"),
    ] {
        let why = read(FILE.replace(from, to).as_bytes()).err().unwrap();
        assert!(why.to_string().contains(told), "{told} in {why}");
    }
}
