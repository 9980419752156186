//! Importers: what other systems exported comes out as what tablets send, once, however often a
//! file is imported.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use medvirk_tests::System;
use tempfile::TempDir;

/// Twelve people of four therapists at a unit with one tablet: from 15 to 27 points in two
/// sessions; one of them with sub-scores. And what is refused or skipped, in an episode that is not
/// closed for that reason.
fn openfit() -> String {
    let mut text = "ClientID;CaseID;SessionNumber;SessionDate;Therapist;Opened;Closed;Ending;\
        ORSQ1;ORSQ2;ORSQ3;ORSQ4;Total_ORS;ORS_Skip;SRSQ1;SRSQ2;SRSQ3;SRSQ4;Total_SRS;SRS_Skip;\n"
        .to_owned();
    for person in 0..12 {
        let episode = format!("planted-{person};case-{person}");
        let facts = format!("t{};2024-03-01;2024-03-28;Avtalt", person % 4);
        let first = match person {
            0 => "3,5;0;7,5;4;;0",
            _ => ";;;;15;0",
        };
        writeln!(text, "{episode};1;04.03.2024;{facts};{first};;;;;38,5;0;").unwrap();
        writeln!(text, "{episode};2;18.03.2024;{facts};;;;;27;0;;;;;;1;").unwrap();
    }
    let facts = "t0;2024-03-01;2024-03-28;Avtalt";
    for row in [
        "3;19.03.2024;FACTS;3;;4;4;;0;;;;;;1;",
        "4;20.03.2024;FACTS;0;0;0;0;;1;;;;;;1;",
        "5;21.03.2024;FACTS;;;;;47;0;;;;;;1;",
        "6;22.03.2024;FACTS;;;;;;1;;;;;;1;",
    ] {
        writeln!(text, "planted-1;case-x;{}", row.replace("FACTS", facts)).unwrap();
    }
    text
}

const OPENFIT: [&str; 12] = [
    "--unit",
    "dal-ambulant",
    "--column",
    "therapist=Therapist",
    "--column",
    "opened=Opened",
    "--column",
    "closed=Closed",
    "--column",
    "ending=Ending",
    "--word",
    "ending:Avtalt=planned",
];

/// A file in a folder of its own.
struct Export {
    folder: TempDir,
    path: PathBuf,
}

impl Export {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export.csv");
        std::fs::write(&path, text).unwrap();
        Self { folder, path }
    }

    fn beside(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    /// Imports it, and gives what was told.
    fn import(&self, system: &System, kind: &str, arguments: &[&str], code: i32) -> String {
        let path = self.path.to_str().unwrap();
        let all = [&["import", kind, path], arguments].concat();
        let told = system.try_run(&all).expect(code).err;
        assert!(!told.contains("planted"), "{told}");
        told
    }
}

/// Row, what, fate and fields of a report.
fn fates(report: &Path) -> Vec<[String; 4]> {
    let text = std::fs::read_to_string(report).unwrap();
    assert!(!text.contains("planted"), "{text}");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records = reader.records().map(Result::unwrap);
    records
        .map(|it| [0, 1, 2, 3].map(|place| it[place].to_owned()))
        .collect()
}

/// Rows that were refused, with their fields.
fn refused(report: &Path) -> Vec<(String, String)> {
    let fates = fates(report).into_iter();
    let refused = fates.filter(|it| it[2] == "refused");
    refused.map(|[row, _, _, field]| (row, field)).collect()
}

fn count(fates: &[[String; 4]], fate: &str) -> usize {
    fates.iter().filter(|it| it[2] == fate).count()
}

/// Session, instrument, score and how many rows say so, in the registry.
async fn scores(system: &System) -> Vec<(u32, String, Option<i64>, u64)> {
    system.settled().await;
    let sql = "SELECT number, toString(instrument) AS instrument, \
        score[indexOf(scale, 'total')] AS total, count() AS times \
        FROM session_form GROUP BY ALL ORDER BY ALL";
    let reader = system.reader("registry");
    reader.query(sql).fetch_all().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_openfit_file_becomes_figures_and_importing_it_again_changes_nothing() {
    let system = System::builder().start().await;
    let export = Export::new(&openfit());
    let report = PathBuf::from(export.beside("export.csv.import.csv"));

    // Looking changes nothing, and finds what the system finds.
    let told = export.import(
        &system,
        "openfit",
        &[&OPENFIT[..], &["--check"]].concat(),
        2,
    );
    assert!(
        told.contains("1 held back, 3 refused, 1 skipped, 49 would be sent"),
        "{told}"
    );
    assert!(scores(&system).await.is_empty());

    let told = export.import(&system, "openfit", &OPENFIT, 2);
    assert!(
        told.contains("1 held back, 3 refused, 49 sent, 1 skipped"),
        "{told}"
    );
    assert_eq!(
        refused(&report),
        [("26", "ORSQ2"), ("27", "ORS_Skip"), ("28", "fit-ors total")]
            .map(|(row, field)| (row.to_owned(), field.to_owned()))
    );
    let first = scores(&system).await;
    let expected = [
        (1, "fit-ors", Some(15_000_000), 12),
        (1, "fit-srs", Some(38_500_000), 12),
        (2, "fit-ors", Some(27_000_000), 12),
    ];
    let expected = expected
        .map(|(number, instrument, total, times)| (number, instrument.to_owned(), total, times));
    assert_eq!(first, expected);

    // By its report nothing is left to send; without it everything is sent under the same ids.
    let told = export.import(&system, "openfit", &OPENFIT, 2);
    assert!(
        told.contains("49 already known, 1 held back, 3 refused, 1 skipped"),
        "{told}"
    );
    let ids = system.registry_counts().await.unwrap();
    std::fs::remove_file(&report).unwrap();
    let told = export.import(&system, "openfit", &OPENFIT, 2);
    assert!(
        told.contains("1 held back, 3 refused, 49 sent, 1 skipped"),
        "{told}"
    );
    assert_eq!(count(&fates(&report), "sent"), 49);
    assert_eq!(scores(&system).await, first);
    assert_eq!(system.registry_counts().await.unwrap(), ids);

    system.close("2024-03").await;
    check_figures(&system);
    check_coverage(&system).await;
}

/// Twelve people gained twelve points.
fn check_figures(system: &System) {
    let span = [
        "--measure",
        "fit.outcome",
        "--indicator",
        "mean-change",
        "--org",
        "dal-ambulant",
    ];
    let figures = system.indicators(&span);
    let shown: Vec<_> = figures.iter().filter(|it| it["shown"] == true).collect();
    assert_eq!(shown.len(), 1, "{figures:?}");
    assert_eq!(
        (shown[0]["persons"].as_u64(), shown[0]["value"].as_f64()),
        (Some(12), Some(12.0))
    );
}

/// Twelve of the sixteen whom another source counts, with its note, once the year is closed.
async fn check_coverage(system: &System) {
    let other = Export::new(
        "organisation;year;counts;number;source;date;note\n\
         dal-ambulant;2024;discharges;16;NPR;2025-03-01;incomplete\n",
    );
    let path = other.path.to_str().unwrap();
    let json = ["--measure", "fit.outcome", "--format", "json"];
    let coverage = || -> serde_json::Value {
        let told = system.run(&[&["coverage", path], &json[..]].concat());
        serde_json::from_str(&told).unwrap()
    };
    let told = coverage();
    assert_eq!(told[0]["coverage"], serde_json::Value::Null, "{told}");
    assert_eq!(told[0]["reason"], "not yet: 2024 is not closed");
    system.close("2024-12").await;
    let told = coverage();
    assert_eq!(told[0]["coverage"].as_f64(), Some(75.0), "{told}");
    assert_eq!(told[0]["note"], "incomplete");
    let table = system.run(&["coverage", path]);
    assert!(
        table.contains("75.0 %") && table.contains("incomplete"),
        "{table}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_norse_export_and_a_registry_dump_are_imported_once() {
    let system = System::builder().start().await;
    let norse = Export::new(
        "respondent_id,treatment_id,assessment_instance_start_date,respondent_test_account,Ver_10,M53_Q100_1,M53_Q102_1,M53_Q42_1\n\
         planted-1,t,2024-03-01 10:00,0,3.1,7,3,-98\nplanted-1,t,2024-03-08 10:00,0,3.1,5,2,-99\nplanted-2,t,2024-03-08,1,3.1,5,2,1\n",
    );
    let arguments = ["--unit", "dal-ambulant", "--coding", "agreement"];
    let codebook = norse.beside("codebook.csv");
    std::fs::write(&codebook, CODEBOOK).unwrap();
    let dump = Export::new(
        "\u{feff}PasientGUID;ForlopGUID;dato;housing;utbytte;\r\nplanted-1;t;01.03.2024;True;5;\r\nplanted-1;t;02.03.2024;True;3;\r\n",
    );
    let key = norse.beside("import.key");
    let of_dump = [
        "--dialect",
        "mrs",
        "--codebook",
        &codebook,
        "--instrument",
        "lar-status",
        "--respondent",
        "other",
        "--unit",
        "dal-ambulant",
        "--column",
        "episode=ForlopGUID",
        "--column",
        "date=dato",
        "--item",
        "treatment-satisfaction=utbytte",
    ];
    let told = dump.import(&system, "registry", &of_dump, 2);
    assert!(told.contains("--key"), "{told}");
    let of_dump = [&of_dump[..], &["--key", &key, "--again"]].concat();
    for _ in 0..2 {
        let told = norse.import(
            &system,
            "norse",
            &[&arguments[..], &["--again"]].concat(),
            0,
        );
        assert!(told.contains("2 sent, 1 skipped"), "{told}");
        let told = dump.import(&system, "registry", &of_dump, 2);
        assert!(told.contains("1 refused, 1 sent"), "{told}");
        assert!(
            told.contains("utbytte: is no code of the codebook"),
            "{told}"
        );
    }

    system.settled().await;
    let reader = system.reader("registry");
    let sql = "SELECT number, score[indexOf(scale, 'sadness')] FROM session_form ORDER BY number";
    let sadness: Vec<(u32, Option<i64>)> = reader.query(sql).fetch_all().await.unwrap();
    // -98 is "no problem", which is 1; -99 is no answer.
    assert_eq!(sadness, [(1, Some(3_666_667)), (2, Some(3_500_000))]);
    let sql = "SELECT toString(instrument), value[indexOf(item, 'treatment-satisfaction')] FROM registry_form";
    let forms: Vec<(String, Option<i64>)> = reader.query(sql).fetch_all().await.unwrap();
    assert_eq!(forms, [("lar-status".to_owned(), Some(5_000_000))]);
}

/// A dump of the register with one form, in which somebody is satisfied so much.
fn dump(satisfaction: u8) -> String {
    format!(
        "PasientGUID;ForlopGUID;dato;housing;utbytte;\r\nplanted-1;t;01.03.2024;True;{satisfaction};\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn another_content_of_a_known_form_is_told_as_different_and_is_not_there() {
    let system = System::builder().start().await;
    let (first, second) = (Export::new(&dump(5)), Export::new(&dump(1)));
    let (key, codebook) = (first.beside("import.key"), first.beside("codebook.csv"));
    std::fs::write(&codebook, CODEBOOK).unwrap();
    let words = format!(
        "--dialect mrs --codebook {codebook} --instrument lar-status --respondent other \
         --unit dal-ambulant --column episode=ForlopGUID --column date=dato \
         --item treatment-satisfaction=utbytte --key {key}"
    );
    let arguments: Vec<&str> = words.split_whitespace().collect();
    let with = |more: &[&'static str]| [&arguments[..], more].concat();
    let told = first.import(&system, "registry", &arguments, 0);
    assert!(told.contains("1 sent"), "{told}");
    for arguments in [with(&["--check"]), with(&[]), with(&["--again"])] {
        let told = second.import(&system, "registry", &arguments, 2);
        assert!(
            told.contains("1 different") && told.contains("--revision"),
            "{told}"
        );
    }
    let told = first.import(&system, "registry", &with(&["--again"]), 0);
    assert!(
        told.contains("1 sent"),
        "the same content is no other: {told}"
    );
    let told = second.import(&system, "registry", &with(&["--revision", "1"]), 0);
    assert!(told.contains("1 sent"), "{told}");

    system.settled().await;
    let reader = system.reader("registry");
    let sql = "SELECT revision, value[indexOf(item, 'treatment-satisfaction')] FROM registry_form";
    let forms: Vec<(u32, Option<i64>)> = reader.query(sql).fetch_all().await.unwrap();
    assert_eq!(forms, [(1, Some(1_000_000))]);
}

const CODEBOOK: &str = "Visningsnavn;Variabelnavn;Felttype;Mulige verdier;Gyldighet;Hjelpetekst\n\
    Bolig;housing;Boolsk;;;\nUtbytte;utbytte;Enum;\"0 = Velg verdi\n1 = Ikke\n5 = Stort\";;\n";
