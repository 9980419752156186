//! NORSE exports. Comes in: a table with columns such as M53_Q142_1, and how its reversed items
//! are coded. Goes out: a session a row. The invariants: a coding is declared and looked at, never
//! guessed; each version is an instrument of its own; sentinels go on as they are, since what they
//! mean is the instrument's to say before anything is reversed.

mod audit;

mod count;

mod draft;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use medvirk_domain::catalogue::{Catalogue, Instrument};
use medvirk_domain::form::MissingReason as Reason;
use medvirk_proto::feedback::v1::item_response::Response;
use medvirk_proto::feedback::v1::{
    Coding as WireCoding, Form, ItemResponse, MissingReason, Respondent,
};
use medvirk_terminal::{CommandExit, error};

use super::columns::{EPISODE, NamedColumns, WantedColumn};
use super::instrument::find;
use super::row::{ImportedRows, RowProblem};
use super::table::{ImportTable, TableLine};
use super::values::{DayOrder, flag, number};
use crate::arguments::{CodingArgument, NorseArguments};
use draft::{DraftedRow, TEST_ACCOUNT};

/// Versions whose instruments are known.
const VERSIONS: [(&str, &str); 6] = [
    ("2", "norse-2"),
    ("2.0", "norse-2"),
    ("2.1", "norse-2"),
    ("3", "norse-3"),
    ("3.0", "norse-3"),
    ("3.1", "norse-3"),
];

/// An instrument, and the column of each of its items that the file has.
struct NorseVersion<'c> {
    instrument: &'c Instrument,
    places: Vec<Option<usize>>,
}

/// Versions by what the file calls them.
struct NorseVersions<'c> {
    only: Option<&'c Instrument>,
    by_word: BTreeMap<String, &'c Instrument>,
    read: BTreeMap<String, NorseVersion<'c>>,
}

/// Reads a table; what cannot be read of it as a whole is an error, and so is a coding that the
/// audit speaks against.
pub(super) fn read(
    table: &ImportTable,
    args: &NorseArguments,
    catalogue: &Catalogue,
) -> anyhow::Result<ImportedRows> {
    let mut wanted = vec![
        WantedColumn::required("patient", "respondent_id"),
        WantedColumn::required("episode", "treatment_id"),
        WantedColumn::required("date", "assessment_instance_start_date"),
        WantedColumn::optional("version", "Ver_10"),
        WantedColumn::optional("number", ""),
        WantedColumn::optional("unit", ""),
        WantedColumn::optional("test", "respondent_test_account"),
        WantedColumn::optional("submitted", "assessment_instance_is_submitted"),
    ];
    wanted.extend(EPISODE);
    let columns = NamedColumns::find(table, &wanted, &args.source, DayOrder::Both)?;
    let versions = NorseVersions::find(table, args, catalogue, &columns)?;
    let mut drafts: Vec<DraftedRow> = table
        .rows()
        .iter()
        .map(|line| draft(line, &columns, &versions, args.coding))
        .collect();
    let mut notes = versions.notes(table, &columns, &drafts);
    if !columns.has("number") {
        let note = "sessions are counted by date within each treatment: right only if the file has \
             every assessment of each treatment from the first on";
        notes.push(note.to_owned());
        let tied = count::count_sessions(&mut drafts);
        if tied > 0 {
            notes.push(format!(
                "{tied} rows have the day and time of another row of their treatment and other \
                 answers: which came first is not known; a time of day, or --column number=HEADER, \
                 would tell"
            ));
        }
    }
    notes.extend(audit_all(&drafts, &versions, args)?);
    let rows = drafts.into_iter().map(DraftedRow::into_row).collect();
    Ok(ImportedRows { rows, notes })
}

// === impl NorseVersions ===

impl<'c> NorseVersions<'c> {
    fn find(
        table: &ImportTable,
        args: &NorseArguments,
        catalogue: &'c Catalogue,
        columns: &NamedColumns,
    ) -> anyhow::Result<Self> {
        let mut by_word = BTreeMap::new();
        for (word, instrument) in VERSIONS {
            // A catalogue need not have them.
            if let Ok(instrument) = find(catalogue, instrument) {
                by_word.insert(word.to_owned(), instrument);
            }
        }
        for (word, instrument) in &args.versions {
            by_word.insert(word.clone(), find(catalogue, instrument)?);
        }
        let only = args.instrument.as_deref();
        let only = only.map(|named| find(catalogue, named)).transpose()?;
        if only.is_some() == columns.has("version") {
            let message = "name the column of versions with --column version=HEADER; or, for a file \
                 of one version, give --instrument, and --column version= if there is such a column";
            return Err(error(CommandExit::Usage, message));
        }
        let mut versions = Self {
            only,
            by_word,
            read: BTreeMap::new(),
        };
        let instruments: Vec<_> = match only {
            Some(only) => vec![only],
            None => {
                let words = table
                    .rows()
                    .iter()
                    .filter_map(|row| columns.cell(row, "version"));
                words.filter_map(|word| versions.named(word)).collect()
            }
        };
        for instrument in instruments {
            if let Entry::Vacant(entry) = versions.read.entry(key_of(instrument)) {
                let places = places(table, instrument, &args.items)?;
                entry.insert(NorseVersion { instrument, places });
            }
        }
        Ok(versions)
    }

    /// The instrument of a version; the point may be a comma.
    fn named(&self, word: &str) -> Option<&'c Instrument> {
        let found = self.by_word.get(word);
        found
            .or_else(|| self.by_word.get(&word.replace(',', ".")))
            .copied()
    }

    /// The version of a row.
    fn of(
        &self,
        line: &TableLine,
        columns: &NamedColumns,
    ) -> Result<&NorseVersion<'c>, RowProblem> {
        let field = columns.header("version");
        let instrument = match (self.only, columns.cell(line, "version")) {
            (Some(only), _) => only,
            (None, None) => return Err(RowProblem::new(field, "is blank")),
            (None, Some(word)) => self.named(word).ok_or_else(|| {
                let reason = "is no version that is known; give --version-of VERSION=INSTRUMENT";
                RowProblem::new(field, reason)
            })?,
        };
        self.read
            .get(&key_of(instrument))
            .ok_or_else(|| RowProblem::new(field, "is no version that is known"))
    }

    /// How many rows each version has, and which columns are not read.
    fn notes(
        &self,
        table: &ImportTable,
        columns: &NamedColumns,
        drafts: &[DraftedRow],
    ) -> Vec<String> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for form in drafts.iter().filter_map(|draft| draft.form.as_ref()) {
            *counts
                .entry(format!("{}@{}", form.instrument, form.version))
                .or_default() += 1;
        }
        let counted = counts
            .iter()
            .map(|(key, rows)| format!("{rows} rows are {key}"));
        let mut notes: Vec<String> = counted.collect();
        if counts.len() > 1 {
            notes.push("versions are kept apart: scales of the same name have other items".into());
        }
        let mut read: BTreeSet<usize> = columns.places().collect();
        let items = self.read.values().flat_map(|version| &version.places);
        read.extend(items.copied().flatten());
        let item =
            |(place, header): &(usize, &String)| !read.contains(place) && code_of(header).is_some();
        match table.headers().iter().enumerate().filter(item).count() {
            0 => {}
            count => notes.push(format!(
                "{count} columns look like items and are none of these versions: not imported; \
                 --item ITEM=HEADER names the column of an item"
            )),
        }
        notes
    }
}

fn key_of(instrument: &Instrument) -> String {
    format!("{}@{}", instrument.id, instrument.version)
}

/// The code of an item column: its number, and its suffix if it has one.
fn code_of(header: &str) -> Option<(&str, Option<&str>)> {
    let rest = match header.strip_prefix('m') {
        Some(rest) => {
            let (module, rest) = rest.split_once('_')?;
            digits(module)?;
            rest
        }
        None => header,
    };
    let code = rest.strip_prefix('q')?;
    let code = code.strip_prefix('_').unwrap_or(code);
    let (number, suffix) = match code.split_once(['_', '.']) {
        Some((number, suffix)) => (number, Some(digits(suffix)?)),
        None => (code, None),
    };
    Some((digits(number)?, suffix))
}

fn digits(text: &str) -> Option<&str> {
    let plain = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    plain.then_some(text)
}

/// A column of one of several measures in a row.
fn is_repeated(header: &str) -> bool {
    let parts = header.rsplit_once("_a");
    parts.is_some_and(|(item, count)| digits(count).is_some() && code_of(item).is_some())
}

/// The column of each item. A column `Q140_1` is item q140.1 where the instrument has one, and
/// q140 where it has not and there is no column `Q140`.
fn places(
    table: &ImportTable,
    instrument: &Instrument,
    given: &[(String, String)],
) -> anyhow::Result<Vec<Option<usize>>> {
    let has = |code: &str| instrument.items.iter().any(|item| item.id.as_str() == code);
    // By item: columns of the same code, and columns with a suffix that the item has not.
    let mut found: HashMap<String, [Vec<usize>; 2]> = HashMap::new();
    for (place, header) in table.headers().iter().enumerate() {
        if is_repeated(header) {
            let message = "the file has repeated measures in columns (_A1, _A2, …); export it \
                 with one row an assessment";
            return Err(error(CommandExit::Usage, message));
        }
        let Some((number, suffix)) = code_of(header) else {
            continue;
        };
        let plain = format!("q{number}");
        let (code, rank) = match suffix.map(|suffix| format!("{plain}.{suffix}")) {
            Some(code) if has(&code) => (code, 0),
            Some(_) => (plain, 1),
            None => (plain, 0),
        };
        found.entry(code).or_default()[rank].push(place);
    }
    let place_of = |code: &str| -> anyhow::Result<Option<usize>> {
        let ambiguous = || {
            let message = format!("two columns are of item {code}; name one: --item {code}=HEADER");
            error(CommandExit::Usage, message)
        };
        if let Some((_, header)) = given.iter().find(|(item, _)| item == code) {
            let place = table.place(header).map_err(|()| ambiguous())?;
            let missing = || {
                error(
                    CommandExit::Usage,
                    format!("there is no column {header}, for {code}"),
                )
            };
            return place.ok_or_else(missing).map(Some);
        }
        let ranks = found.get(code).into_iter().flatten();
        match ranks
            .filter(|rank| !rank.is_empty())
            .map(Vec::as_slice)
            .next()
        {
            None => Ok(None),
            Some([place]) => Ok(Some(*place)),
            Some(_) => Err(ambiguous()),
        }
    };
    let items = instrument.items.iter();
    items.map(|item| place_of(item.id.as_str())).collect()
}

fn draft(
    line: &TableLine,
    columns: &NamedColumns,
    versions: &NorseVersions,
    coding: CodingArgument,
) -> DraftedRow {
    let mut problems = Vec::new();
    let mut draft = DraftedRow {
        line: line.number,
        patient: columns.legible(line, "patient"),
        episode: columns.legible(line, "episode"),
        keys: None,
        facts: None,
        number: None,
        form: None,
        skip: skip(line, columns, &mut problems),
        hold: None,
        problems: Vec::new(),
        notes: columns.notes(line),
    };
    if draft.skip.is_some() {
        // Its day tells which rows are behind it.
        draft.keys = columns.keys(line, &mut Vec::new());
        return draft;
    }
    if let Some(fault) = line.fault() {
        problems.push(RowProblem::new("row", fault));
    } else {
        draft.keys = columns.keys(line, &mut problems);
        if columns.has("number") {
            draft.number = super::openfit::session_number(line, columns, &mut problems);
        }
        let keys = draft.keys.as_ref();
        draft.facts = keys.and_then(|keys| columns.facts(line, keys, &mut problems));
        match versions.of(line, columns) {
            Ok(version) => draft.form = Some(form(line, version, coding, &mut problems)),
            Err(problem) => problems.push(problem),
        }
    }
    draft.problems = problems;
    draft
}

/// Why a row is none: nobody is behind it, or it is not finished.
fn skip(
    line: &TableLine,
    columns: &NamedColumns,
    problems: &mut Vec<RowProblem>,
) -> Option<&'static str> {
    let mut flag_of = |name: &str| {
        let cell = columns.cell(line, name)?;
        let flag = flag(cell);
        if flag.is_none() {
            problems.push(RowProblem::new(columns.header(name), "must be 0 or 1"));
        }
        flag
    };
    match (flag_of("test"), flag_of("submitted")) {
        (Some(true), _) => Some(TEST_ACCOUNT),
        (_, Some(false)) => Some("not submitted"),
        _ => None,
    }
}

fn form(
    line: &TableLine,
    version: &NorseVersion,
    coding: CodingArgument,
    problems: &mut Vec<RowProblem>,
) -> Form {
    let NorseVersion { instrument, places } = version;
    let mut form = Form {
        instrument: instrument.id.to_string(),
        version: instrument.version,
        respondent: Respondent::Self_.into(),
        ..Form::default()
    };
    if instrument.coding_declared {
        form.coding = match coding {
            CodingArgument::Agreement => WireCoding::Agreement.into(),
            CodingArgument::HigherIsWorse => WireCoding::HigherIsWorse.into(),
        };
    }
    let closed = closed_items(line, version);
    for (index, (item, place)) in instrument.items.iter().zip(places).enumerate() {
        let cell = place.and_then(|place| line.cell(place));
        let response = match cell.map(number) {
            Some(Some(value)) => Response::Value(value),
            Some(None) => {
                problems.push(RowProblem::new(item.id.as_str(), "must be a number"));
                continue;
            }
            None if closed.contains(&index) => Response::Missing(MissingReason::ByDesign.into()),
            None => continue,
        };
        form.items.push(ItemResponse {
            item: item.id.to_string(),
            response: Some(response),
        });
    }
    if form.items.is_empty() {
        problems.push(RowProblem::new("row", "has no item of its version"));
    }
    form
}

/// Items that an adaptive form did not show: all of a scale but its trigger are blank, and the
/// trigger is not.
fn closed_items(line: &TableLine, version: &NorseVersion) -> BTreeSet<usize> {
    let filled = |index: &usize| {
        let place = version.places.get(*index).copied().flatten();
        place.is_some_and(|place| line.cell(place).is_some())
    };
    let mut closed = BTreeSet::new();
    for scale in &version.instrument.scales {
        let Some(adaptive) = scale.adaptive else {
            continue;
        };
        let others = scale.items.iter().filter(|item| **item != adaptive.trigger);
        if filled(&adaptive.trigger) && !others.clone().any(filled) {
            let items = &version.instrument.items;
            let may = |item: &&usize| items[**item].missing.contains(&Reason::ByDesign);
            closed.extend(others.filter(may));
        }
    }
    closed
}

/// The audit of each version, on the first assessment of each patient.
fn audit_all(
    drafts: &[DraftedRow],
    versions: &NorseVersions,
    args: &NorseArguments,
) -> anyhow::Result<Vec<String>> {
    let mut notes = Vec::new();
    for version in versions.read.values() {
        let mut firsts: BTreeMap<&str, (_, &Form)> = BTreeMap::new();
        for draft in drafts {
            let (Some(keys), Some(form)) = (&draft.keys, &draft.form) else {
                continue;
            };
            if form.instrument != version.instrument.id.as_str() {
                continue;
            }
            let when = (keys.day, &keys.time, draft.line);
            let first = firsts.entry(&keys.about.patient).or_insert((when, form));
            if when < first.0 {
                *first = (when, form);
            }
        }
        let forms = firsts.values().map(|(_, form)| *form).collect::<Vec<_>>();
        let audit = audit::CodingAudit::of(version.instrument, &forms, &args.trusted);
        let (verdict, found) = audit.judge(args.coding);
        let key = key_of(version.instrument);
        let note = format!("coding of {key}: {} ({found})", verdict.as_str());
        if verdict.is_against() && !args.accept_coding {
            let message = format!(
                "{note}: the reversed items do not look as declared. Nothing is sent. Look at the \
                 export, declare the other coding, or give --accept-coding"
            );
            return Err(error(CommandExit::Usage, message));
        }
        notes.push(note);
    }
    Ok(notes)
}

#[cfg(test)]
mod tests;
