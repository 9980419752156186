//! `medvirk import`: sends what other systems exported. Comes in: a file, and what the user says of
//! it. Goes out: the same submissions as a tablet's, and a report with each row's fate. The
//! invariants: everything goes through the public interface; sending a file again changes nothing;
//! nothing of a file is lost without a word; no answer and no reference is in any message.

mod arguments;

// In the order of the flow: a table, its columns, rows by format, submissions, fates.
mod table;

mod values;

mod reference;

mod columns;

mod instrument;

mod row;

mod openfit;

mod norse;

mod registry;

mod fate;

mod ids;

mod plan;

mod known;

mod send;

mod report;

#[cfg(test)]
mod kit;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use medvirk_client::catalogue::load;
use medvirk_client::submit::{one_source, progress_bar};
use medvirk_domain::catalogue::Catalogue;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_runtime::secret::SecretKey;
use medvirk_terminal::{CommandExit, error, output};

use arguments::ImportSource;
use fate::{FateEnd, SubjectFate};
use ids::SubmissionIds;
use known::{FormClaims, KnownForms};
use plan::{DueSubmission, ImportPlan};
use row::ImportedRows;
use table::ImportTable;

pub use arguments::ImportCommand;

/// What nobody can notice where nothing is remembered between files.
const WITHOUT_KEY: &str = "without --key FILE nothing is known of other files: a session that an \
    earlier one brought with other answers is told as sent, and the earlier answers stand";

/// Reads the file, sends what it says, and reports.
pub async fn import(command: ImportCommand) -> anyhow::Result<()> {
    let source = command.source();
    let catalogue = load(source.catalogue.clone())?;
    let bytes = read_file(&source.file)?;
    let read = read(&command, &bytes, &catalogue)?;
    for note in &read.notes {
        output::note(note);
    }
    let registry = matches!(command, ImportCommand::Registry(_));
    if registry && source.key.is_none() && !source.check {
        let message = "give --key FILE, made if absent: dumps overlap, and only under one key has a \
             form the same submission id in all of them; without it each dump would bring it again";
        return Err(error(CommandExit::Usage, message));
    }
    let (ids, mut known) = memory(source, &bytes)?;
    let path = report::path(source);
    let sent = if source.check || source.again {
        BTreeSet::new()
    } else {
        report::known(&path)?
    };
    let plan = ImportPlan::new(read.rows, &ids, command.revision(), &sent, &known);
    let ImportPlan {
        due,
        settled,
        notes,
    } = plan;
    if source.key.is_none() {
        output::note(WITHOUT_KEY);
    }
    let units = due.iter().filter_map(|due| match &due.submission.kind {
        Some(Kind::Session(session)) => Some(session.unit.as_str()),
        _ => None,
    });
    if let Some(note) = one_source(units, &catalogue) {
        output::note(&note);
    }
    // Before anything is sent: else nobody would know what became of it.
    report::ensure_writable(&path)?;
    let (mut fates, went) = if source.check {
        (send::judge(due, &catalogue)?, Ok(()))
    } else {
        send_and_remember(due, source, &mut known).await
    };
    fates.extend(settled);
    fates.sort_by_key(|fate| (fate.row, fate.what));
    report::write(&path, &fates, &notes)?;
    let summary = report::summary(&fates).into_iter();
    for line in report::normalised(&notes).into_iter().chain(summary) {
        output::note(&line);
    }
    output::note(&format!("report: {}", path.display()));
    went?;
    if fates.iter().any(report::is_not_taken) {
        let message = "not every row was taken; the report says why";
        return Err(error(CommandExit::Usage, message));
    }
    Ok(())
}

/// Sends what is due, and remembers what was sent for files to come.
async fn send_and_remember(
    due: Vec<DueSubmission>,
    source: &ImportSource,
    known: &mut KnownForms,
) -> (Vec<SubjectFate>, anyhow::Result<()>) {
    let mut claims = claims(&due, known);
    let bar = progress_bar(due.len() as u64);
    let (fates, went) = send::send(due, source, &bar).await;
    bar.finish_and_clear();
    for fate in fates.iter().filter(|fate| fate.end == FateEnd::Sent) {
        if let Some(claims) = claims.remove(&fate.id) {
            known.learn(claims);
        }
    }
    let saved = known.save();
    (fates, went.and(saved))
}

/// Ids under the key or, without one, under the file's own content; and what earlier files have
/// brought under that key. Looking makes no key.
fn memory(source: &ImportSource, bytes: &[u8]) -> anyhow::Result<(SubmissionIds, KnownForms)> {
    let key = source
        .key
        .as_ref()
        .filter(|path| !source.check || path.exists());
    let Some(path) = key else {
        let ids = SubmissionIds::of_file(bytes);
        let known = KnownForms::nothing(&ids);
        return Ok((ids, known));
    };
    let ids = SubmissionIds::new(SecretKey::load_or_create(path)?.bytes());
    let known = KnownForms::beside(path, source, &ids)?;
    Ok((ids, known))
}

/// What is about to be said, by the id of its submission.
fn claims(due: &[DueSubmission], known: &KnownForms) -> BTreeMap<String, FormClaims> {
    let of = |due: &DueSubmission| {
        let claims = known.claims(due.submission.kind.as_ref()?);
        Some((due.submission.submission_id.clone(), claims))
    };
    due.iter().filter_map(of).collect()
}

fn read(
    command: &ImportCommand,
    bytes: &[u8],
    catalogue: &Catalogue,
) -> anyhow::Result<ImportedRows> {
    let delimiter = matches!(command, ImportCommand::Registry(_)).then_some(';');
    let table = ImportTable::read(bytes, command.source().encoding, delimiter)?;
    let mut read = match command {
        ImportCommand::Openfit(args) => openfit::read(&table, args, catalogue)?,
        ImportCommand::Norse(args) => norse::read(&table, args, catalogue)?,
        ImportCommand::Registry(args) => {
            let codebook = read_file(&args.codebook)?;
            registry::read(&table, &codebook, args, catalogue)?
        }
    };
    let patients = read.rows.iter().filter_map(|row| {
        let about = row.about.as_ref()?;
        Some((row.number, about.patient.as_str()))
    });
    read.notes.extend(reference::lost_noughts(patients));
    read.notes.push(table.account());
    Ok(read)
}

fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let unreadable = |why| {
        error(
            CommandExit::Usage,
            format!("open {}: {why}", path.display()),
        )
    };
    std::fs::read(path).map_err(unreadable)
}
