//! `medvirk import`: sends what other systems exported. Comes in: a file, and what the user says of
//! it. Goes out: the same submissions as a tablet's, and a report with each row's fate. The
//! invariants: everything goes through the public interface; sending a file again changes nothing;
//! no answer and no reference is in any message.

// In the order of the flow: a table, its columns, rows by format, submissions, fates.
mod table;

mod values;

mod columns;

mod instrument;

mod row;

mod openfit;

mod norse;

mod registry;

mod plan;

mod send;

mod report;

#[cfg(test)]
mod kit;

use std::collections::BTreeSet;
use std::path::Path;

use medvirk_domain::catalogue::Catalogue;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_runtime::secret::Key;

use super::catalogue::load;
use super::submit::{one_source, progress_bar};
use crate::cli::Import;
use crate::exit::{self, Code, error};
use plan::{Ids, Plan};
use row::Read;
use table::Table;

/// Reads the file, sends what it says, and reports.
pub(crate) async fn import(command: Import) -> anyhow::Result<()> {
    let source = command.source();
    let catalogue = load(source.catalogue.clone())?;
    let bytes = read_file(&source.file)?;
    let read = read(&command, &bytes, &catalogue)?;
    for note in &read.notes {
        exit::note(note);
    }
    let registry = matches!(command, Import::Registry(_));
    if registry && source.key.is_none() && !source.check {
        let message = "give --key FILE, made if absent: dumps overlap, and only under one key has a \
             form the same submission id in all of them; without it each dump would bring it again";
        return Err(error(Code::Usage, message));
    }
    let ids = match &source.key {
        Some(path) if !source.check => Ids::new(Key::load_or_create(path)?.bytes()),
        _ => Ids::of_file(&bytes),
    };
    let path = report::path(source);
    let known = match source.check || source.again {
        true => BTreeSet::new(),
        false => report::known(&path)?,
    };
    let Plan { due, settled } = Plan::new(read.rows, &ids, command.revision(), &known);
    let units = due.iter().filter_map(|due| match &due.submission.kind {
        Some(Kind::Session(session)) => Some(session.unit.as_str()),
        _ => None,
    });
    if let Some(note) = one_source(units, &catalogue) {
        exit::note(&note);
    }
    // Before anything is sent: else nobody would know what became of it.
    report::ensure_writable(&path)?;
    let (mut fates, went) = if source.check {
        (send::judge(due, &catalogue)?, Ok(()))
    } else {
        let bar = progress_bar(due.len() as u64);
        let sent = send::send(due, source, &bar).await;
        bar.finish_and_clear();
        sent
    };
    fates.extend(settled);
    fates.sort_by_key(|fate| (fate.row, fate.what));
    report::write(&path, &fates)?;
    for line in report::summary(&fates) {
        exit::note(&line);
    }
    exit::note(&format!("report: {}", path.display()));
    went?;
    if fates.iter().any(report::is_refused) {
        let message = "not every row was taken; the report says why";
        return Err(error(Code::Usage, message));
    }
    Ok(())
}

fn read(command: &Import, bytes: &[u8], catalogue: &Catalogue) -> anyhow::Result<Read> {
    let encoding = command.source().encoding;
    match command {
        Import::Openfit(args) => {
            openfit::read(&Table::read(bytes, encoding, None)?, args, catalogue)
        }
        Import::Norse(args) => norse::read(&Table::read(bytes, encoding, None)?, args, catalogue),
        Import::Registry(args) => {
            let table = Table::read(bytes, encoding, Some(b';'))?;
            let codebook = read_file(&args.codebook)?;
            registry::read(&table, &codebook, args, catalogue)
        }
    }
}

fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let unreadable = |why| error(Code::Usage, format!("open {}: {why}", path.display()));
    std::fs::read(path).map_err(unreadable)
}
