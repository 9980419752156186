//! The report. Comes in: the fates of all rows. Goes out: a CSV file, a line a fate, and a summary.
//! The invariant: it holds row numbers, fields, reasons and submission ids, never an answer or a
//! reference; and from the report of an earlier run what was sent is known again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use medvirk_terminal::{CommandExit, error};
use serde::Deserialize;

use super::fate::{FateEnd, SubjectFate};
use super::row::RowProblem;
use crate::arguments::ImportSource;

/// A column of the report: its header, and what a fate has there.
type ReportColumn = (&'static str, fn(&SubjectFate, &FateExplanation) -> String);

const COLUMNS: [ReportColumn; 6] = [
    ("row", |fate, _| fate.row.to_string()),
    ("what", |fate, _| fate.what.as_str().to_owned()),
    ("fate", |fate, _| word(&fate.end).to_owned()),
    ("field", |_, said| said.fields.clone()),
    ("reason", |_, said| said.reasons.clone()),
    ("submission_id", |fate, _| fate.id.clone()),
];

/// What an earlier report says of a submission.
#[derive(Deserialize)]
struct EarlierFate {
    fate: String,
    submission_id: String,
}

/// Fields and reasons of a fate, in the same order.
struct FateExplanation {
    fields: String,
    reasons: String,
}

/// As many refusals as are told on the screen; the file has all.
const TOLD: usize = 20;

/// Where it is written.
pub(super) fn path(source: &ImportSource) -> PathBuf {
    let ending = if source.check {
        ".check.csv"
    } else {
        ".import.csv"
    };
    source.report.clone().unwrap_or_else(|| {
        let mut name = source.file.clone().into_os_string();
        name.push(ending);
        name.into()
    })
}

/// Ids of what earlier runs brought, by their report.
pub(super) fn known(path: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut known = BTreeSet::new();
    if !path.exists() {
        return Ok(known);
    }
    let reading = || format!("read {}, the report of an earlier run", path.display());
    let mut reader = csv::Reader::from_path(path).with_context(reading)?;
    if *reader.headers().with_context(reading)? != COLUMNS.map(|column| column.0)[..] {
        return Err(error(
            CommandExit::Usage,
            format!("{} is no report", path.display()),
        ));
    }
    for earlier in reader.deserialize::<EarlierFate>() {
        let EarlierFate {
            fate,
            submission_id,
        } = earlier.with_context(reading)?;
        if matches!(&*fate, "sent" | "already known") && !submission_id.is_empty() {
            known.insert(submission_id);
        }
    }
    Ok(known)
}

/// Finds out whether it can be written, and leaves nothing behind.
pub(super) fn ensure_writable(path: &Path) -> anyhow::Result<()> {
    let unwritable = |why| {
        let message = format!(
            "the report {} cannot be written: {why}; name another with --report FILE",
            path.display()
        );
        error(CommandExit::Usage, message)
    };
    if path.is_dir() {
        return Err(unwritable(std::io::ErrorKind::IsADirectory.into()));
    }
    let beside = beside(path);
    File::create(&beside).map_err(unwritable)?;
    std::fs::remove_file(&beside).map_err(unwritable)
}

/// Where it is until it is whole.
fn beside(path: &Path) -> PathBuf {
    let mut beside = path.to_owned().into_os_string();
    beside.push(".new");
    PathBuf::from(beside)
}

/// Writes it whole or not at all.
pub(super) fn write(
    path: &Path,
    fates: &[SubjectFate],
    notes: &BTreeMap<usize, Vec<RowProblem>>,
) -> anyhow::Result<()> {
    let writing = || format!("write the report {}", path.display());
    let beside = beside(path);
    let file = File::create(&beside).with_context(writing)?;
    let mut writer = csv::Writer::from_writer(file);
    writer.write_record(COLUMNS.map(|column| column.0))?;
    for fate in fates {
        let of_row = notes.get(&fate.row).filter(|_| fate.what.is_of_row());
        let said = explain(&fate.end, of_row.map_or(&[], Vec::as_slice));
        writer.write_record(COLUMNS.map(|column| column.1(fate, &said)))?;
    }
    let file = writer
        .into_inner()
        .map_err(|why| why.into_error())
        .with_context(writing)?;
    file.sync_all().with_context(writing)?;
    std::fs::rename(&beside, path).with_context(writing)
}

/// How many ended how, and the first refusals.
pub(super) fn summary(fates: &[SubjectFate]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for fate in fates {
        *counts.entry(word(&fate.end)).or_default() += 1;
    }
    let refused = fates.iter().filter(|fate| is_not_taken(fate));
    let mut lines: Vec<String> = refused
        .clone()
        .take(TOLD)
        .map(|fate| {
            let said = explain(&fate.end, &[]);
            let fields = if said.fields.is_empty() {
                word(&fate.end)
            } else {
                &said.fields
            };
            let (what, reasons) = (fate.what.as_str(), &said.reasons);
            format!("row {} ({what}): {fields}: {reasons}", fate.row)
        })
        .collect();
    let more = refused.count().saturating_sub(TOLD);
    if more > 0 {
        lines.push(format!("and {more} more, in the report"));
    }
    let counts: Vec<_> = counts
        .iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    lines.push(if counts.is_empty() {
        "the file has no rows".to_owned()
    } else {
        counts.join(", ")
    });
    lines
}

/// Of how many rows a reference was normalised.
pub(super) fn normalised(notes: &BTreeMap<usize, Vec<RowProblem>>) -> Option<String> {
    (!notes.is_empty()).then(|| {
        format!(
            "references of {} rows were normalised; the report says which and how",
            notes.len()
        )
    })
}

/// True for whatever somebody has to put right.
pub(super) fn is_not_taken(fate: &SubjectFate) -> bool {
    matches!(
        fate.end,
        FateEnd::Refused(_) | FateEnd::Different(_) | FateEnd::Held(_)
    )
}

fn word(end: &FateEnd) -> &'static str {
    match end {
        FateEnd::Sent => "sent",
        FateEnd::WouldBeSent => "would be sent",
        FateEnd::Known(_) => "already known",
        FateEnd::Refused(_) => "refused",
        FateEnd::Different(_) => "different",
        FateEnd::Held(_) => "held back",
        FateEnd::Skipped(_) => "skipped",
        FateEnd::Open => "open",
    }
}

/// What the report says of an end, and how the row was normalised.
fn explain(end: &FateEnd, notes: &[RowProblem]) -> FateExplanation {
    let (mut fields, mut reasons) = (Vec::new(), Vec::new());
    match end {
        FateEnd::Sent | FateEnd::WouldBeSent => {}
        FateEnd::Known(reason)
        | FateEnd::Skipped(reason)
        | FateEnd::Different(reason)
        | FateEnd::Held(reason) => {
            reasons.push(reason.as_str());
        }
        FateEnd::Open => reasons.push("the run ended before; run it again"),
        FateEnd::Refused(problems) => {
            fields.extend(problems.iter().map(|it| it.field.as_str()));
            reasons.extend(problems.iter().map(|it| it.reason.as_str()));
        }
    }
    fields.extend(notes.iter().map(|it| it.field.as_str()));
    reasons.extend(notes.iter().map(|it| it.reason.as_str()));
    FateExplanation {
        fields: fields.join("; "),
        reasons: reasons.join("; "),
    }
}

#[cfg(test)]
mod tests;
