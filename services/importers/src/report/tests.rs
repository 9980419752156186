use super::super::kit::{command, plan, read};
use super::*;

/// Fates of a file with everything in it that may not be told.
fn fates() -> Vec<SubjectFate> {
    let text = "ClientID,CaseID,SessionNumber,SessionDate,ORSQ1,ORSQ2,ORSQ3,ORSQ4,Total_ORS,ORS_Skip\n\
        planted-1,planted-2,1,2024-03-01,7.77,,,,,0\n\
        planted-1,planted-2,2,planted-3,,,,,17.17,0\n\
        planted-1,planted-2,3,2024-03-03,,,,,17.17,0\n\
        planted-1,planted-2,3,2024-03-03,,,,,17.17,0\n\
        planted-1,planted-2,3,2024-03-03,,,,,18.18,0\n\
        planted-1,planted-2,4,2024-03-04,,,,,,1\n\
        planted-1,planted-2,4,planted-4,too,few\n";
    let read = read("openfit f --unit u", text).unwrap();
    let plan = plan(read.rows);
    let sent = plan.due.iter().map(|due| SubjectFate {
        row: due.row,
        what: due.what,
        id: due.submission.submission_id.clone(),
        end: FateEnd::Sent,
    });
    sent.chain(plan.settled).collect()
}

#[test]
fn each_row_has_its_fate_and_nothing_of_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    let fates = fates();
    write(&path, &fates, &BTreeMap::new()).unwrap();
    let text = std::fs::read_to_string(&path).unwrap() + &summary(&fates).join("\n");
    for secret in ["planted", "7.77", "17.17", "18.18"] {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    let mut told: Vec<_> = records
        .iter()
        .map(|it| (it[0].to_owned(), it[2].to_owned()))
        .collect();
    told.sort();
    let expected = [
        ("2", "refused"),
        ("3", "refused"),
        ("4", "sent"),
        ("5", "already known"),
        ("6", "refused"),
        ("7", "skipped"),
        ("8", "refused"),
    ];
    assert_eq!(
        told,
        expected.map(|(row, fate)| (row.to_owned(), fate.to_owned()))
    );
}

#[test]
fn how_a_reference_was_normalised_stands_with_the_row() {
    let text = "ClientID,CaseID,SessionNumber,SessionDate,Total_ORS,ORS_Skip\n\
        p1 ,c1,1,2024-03-01,20,0\nA\u{30a}se,c1,1,2024-03-01,20,0\np2,c1,1,2024-03-01,20,0\n";
    let plan = plan(read("openfit f --unit u", text).unwrap().rows);
    let fates: Vec<SubjectFate> = plan
        .due
        .iter()
        .map(|due| SubjectFate {
            row: due.row,
            what: due.what,
            id: due.submission.submission_id.clone(),
            end: FateEnd::Sent,
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    write(&path, &fates, &plan.notes).unwrap();
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    let told: Vec<_> = records.iter().map(|it| [&it[2], &it[3], &it[4]]).collect();
    assert_eq!(
        told,
        [
            ["sent", "ClientID", "white space around it was taken away"],
            ["sent", "ClientID", "was brought into the Unicode form NFC"],
            ["sent", "", ""],
        ]
    );
    assert!(normalised(&plan.notes).unwrap().contains("2 rows"));
    assert_eq!(normalised(&BTreeMap::new()), None);
}

#[test]
fn what_was_sent_is_known_by_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    assert!(known(&path).unwrap().is_empty(), "there was no earlier run");
    write(&path, &fates(), &BTreeMap::new()).unwrap();
    assert_eq!(known(&path).unwrap().len(), 1);
    std::fs::write(&path, "planted\n1\n").unwrap();
    assert!(known(&path).is_err(), "that is no report");
}

#[test]
fn a_report_stands_beside_its_file() {
    let path = |words| super::path(command(words).source());
    assert_eq!(path("openfit a/f.csv"), Path::new("a/f.csv.import.csv"));
    assert_eq!(
        path("openfit a/f.csv --check"),
        Path::new("a/f.csv.check.csv")
    );
    assert_eq!(path("openfit a/f.csv --report r.csv"), Path::new("r.csv"));
}

#[test]
fn that_it_cannot_be_written_is_found_out_before() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name);
    ensure_writable(&inside("report.csv")).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    for path in [folder.path().to_owned(), inside("no/such/folder.csv")] {
        let told = ensure_writable(&path).unwrap_err().to_string();
        assert!(told.contains("--report FILE"), "{told}");
    }
}
