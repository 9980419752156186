use std::collections::BTreeSet;

use medvirk_proto::feedback::v1::submission::Kind;

use super::super::ids::SubmissionIds;
use super::super::kit::{catalogue, command, value};
use super::super::known::KnownForms;
use super::super::plan::ImportPlan;
use super::*;
use crate::arguments::ImportCommand;

/// Some of the yearly status form, in the canonical codebook, sparse.
const CODEBOOK: &str = "skjema_id,skjemanamn,kategori,innleiing,variabel_id,variabeletikett,forklaring,variabeltype,eining,unik,obligatorisk,verdi,verditekst,manglande,desimalar,min,maks,min_rimeleg,maks_rimeleg,kommentar_rimeleg,utrekningsformel,logikk,kommentar
lar,Status,,,opioids,Opioid,,boolsk,,nei,nei,,,,,,,,,,,,
,,,,housing,Bustad,,boolsk,,nei,ja,,,,,,,,,,,,
,,,,eval_utbytte,Utbytte,,kategorisk,,nei,nei,1,Ikkje,,,,,,,,,,
,,,,,,,,,,,5,Svært,,,,,,,,,,
,,,,,,,,,,,9,Veit ikkje,ja,,,,,,,,,
,,,,life_satisfaction,Liv,,numerisk,,nei,nei,,,,0,1,5,,,,,,
";

const OPENQREG: &str = "registry f --dialect openqreg --codebook k --instrument lar-status \
    --respondent other --unit u --column patient=pasient --column date=dato \
    --item treatment-satisfaction=eval_utbytte";
const MRS: &str = "registry f --dialect mrs --codebook k --instrument lar-status --respondent other \
    --unit u --column episode=ForlopGUID --column date=dato_mp_beh \
    --item treatment-satisfaction=eval_utbytte";

fn try_read(words: &str, text: &str, codebook: &[u8]) -> anyhow::Result<ImportedRows> {
    let words: Vec<_> = words.split_whitespace().collect();
    let ImportCommand::Registry(args) = command(&words.join(" ")) else {
        panic!("a registry's")
    };
    let table = ImportTable::read(text.as_bytes(), None, Some(';'))?;
    read(&table, codebook, &args, &catalogue())
}

fn rows(words: &str, text: &str) -> Vec<ImportedRow> {
    try_read(words, text, CODEBOOK.as_bytes()).unwrap().rows
}

fn form(row: &ImportedRow) -> &Form {
    match &row.outcome {
        RowOutcome::Form(form) => form.form.as_ref().unwrap(),
        other => panic!("row {}: {other:?}", row.number),
    }
}

#[test]
fn with_a_revision_a_file_corrects_what_an_earlier_one_has_brought() {
    let text = "mceid;pasient;dato;status;opioids;housing;eval_utbytte;life_satisfaction\n\
        1;p;2024-03-01;1;1;0;5;3,0\n";
    let sent = |revision| {
        let (ids, sent) = (SubmissionIds::new(b"key"), BTreeSet::new());
        let known = KnownForms::nothing(&ids);
        let mut plan = ImportPlan::new(rows(OPENQREG, text), &ids, revision, &sent, &known);
        plan.due.pop().unwrap().submission
    };
    let (first, again) = (sent(None), sent(Some(2)));
    let Some(Kind::RegistryForm(form)) = again.kind else {
        panic!("a form")
    };
    assert_eq!(form.revision, 2);
    assert_ne!(first.submission_id, again.submission_id);
}

fn told(row: &ImportedRow) -> String {
    format!("{:?}", row.outcome)
}

#[test]
fn only_final_forms_of_openqreg_are_sent() {
    let text = "mceid;pasient;dato;status;opioids;housing;eval_utbytte;life_satisfaction\n\
        1;p;2024-03-01;1;1;0;5;3,0\n1;p;2024-03-01;0;1;0;5;3\n1;p;2024-03-01;-1;1;0;5;3\n\
        1;p;2024-03-01;;1;0;5;3\n";
    let rows = rows(OPENQREG, text);
    let form = form(&rows[0]);
    let sent = [
        "opioids",
        "housing",
        "treatment-satisfaction",
        "life-satisfaction",
    ];
    assert_eq!(
        sent.map(|item| value(form, item)),
        [Some(1.0), Some(0.0), Some(5.0), Some(3.0)]
    );
    assert!(told(&rows[1]).contains("draft") && told(&rows[2]).contains("created"));
    assert!(
        told(&rows[3]).contains("must be -1, 0 or 1"),
        "{}",
        told(&rows[3])
    );
    let without = text.replace(";status", ";annet");
    let refused = try_read(OPENQREG, &without, CODEBOOK.as_bytes());
    assert!(refused.is_err_and(|why| why.to_string().contains("--column status")));
}

#[test]
fn mrs_has_its_own_days_booleans_and_a_nameless_column() {
    let text = "\u{feff}PasientGUID;ForlopGUID;dato_mp_beh;opioids;housing;eval_utbytte;life_satisfaction;\r\n\
        p;f;01.03.2024;True;False;Svært;2;\r\np;f;01.03.2024 10:00:00;-1;1;9;;\r\np;f;2024-03-01;1;1;1;2;\r\n";
    let rows = rows(MRS, text);
    let first = form(&rows[0]);
    let sent = ["opioids", "housing", "treatment-satisfaction"].map(|item| value(first, item));
    assert_eq!(
        sent,
        [Some(1.0), Some(0.0), Some(5.0)],
        "a label stands for its code"
    );
    let second = form(&rows[1]);
    for item in ["opioids", "treatment-satisfaction", "life-satisfaction"] {
        assert_eq!(value(second, item), None, "{item} is missing");
    }
    assert!(told(&rows[2]).contains("DD.MM.YYYY"), "{}", told(&rows[2]));
}

#[test]
fn what_the_codebook_does_not_allow_is_refused_with_its_variable() {
    let text = "mceid;pasient;dato;status;opioids;housing;eval_utbytte;life_satisfaction\n";
    for (cells, variable, reason) in [
        ("2;0;5;3", "opioids", "0 or 1"),
        ("True;0;5;3", "opioids", "0 or 1"),
        ("1;;5;3", "housing", "obligatory"),
        ("1;0;7;3", "eval_utbytte", "no code"),
        ("1;0;5;6", "life_satisfaction", "range"),
        ("1;0;5;2,5", "life_satisfaction", "decimals"),
        ("1;0;5;x", "life_satisfaction", "a number"),
    ] {
        let rows = rows(OPENQREG, &format!("{text}1;p;2024-03-01;1;{cells}\n"));
        let problems = super::super::kit::problems(&rows[0]);
        assert_eq!(problems.len(), 1, "{cells}");
        assert_eq!(problems[0].0, variable, "{cells}");
        assert!(problems[0].1.contains(reason), "{cells}: {problems:?}");
    }
}

#[test]
fn an_item_without_a_column_is_told_and_a_column_without_a_variable_is_refused() {
    let text = "mceid;pasient;dato;status;opioids;eval_utbytte\n1;p;2024-03-01;1;1;5\n";
    let read = try_read(OPENQREG, text, CODEBOOK.as_bytes()).unwrap();
    assert!(read.notes[0].contains("cannabis"), "{:?}", read.notes);
    let other = text.replace("opioids", "cannabis");
    let why = try_read(OPENQREG, &other, CODEBOOK.as_bytes())
        .err()
        .unwrap();
    assert!(why.to_string().contains("no variable cannabis"), "{why}");
    let nobody = OPENQREG.replace("--respondent other", "");
    let why = try_read(&nobody, text, CODEBOOK.as_bytes()).err().unwrap();
    assert!(
        why.to_string().contains("--respondent: other, self"),
        "{why}"
    );
}
