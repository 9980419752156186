//! Registry dumps. Comes in: a table in the dialect of OpenQReg or MRS, and its codebook. Goes out:
//! a form of the register a row. The invariant: a value is sent only if the codebook allows it.

mod codebook;

use medvirk_domain::catalogue::{Catalogue, Instrument};
use medvirk_domain::form::MissingReason as Reason;
use medvirk_proto::feedback::v1::item_response::Response;
use medvirk_proto::feedback::v1::{Form, ItemResponse, MissingReason, RegistryForm, Respondent};
use medvirk_terminal::{CommandExit, error};

use super::columns::{EPISODE, NamedColumns, RowKeys, WantedColumn};
use super::instrument::{find, only_respondent, respondent};
use super::row::{ImportedRow, ImportedRows, RowOutcome, RowProblem};
use super::table::{ImportTable, TableLine};
use super::values::DayOrder;
use crate::arguments::{RegistryArguments, RegistryDialect};
use codebook::{CodebookValue, CodebookVariable, RegistryCodebook};

/// An item that the file has.
struct ItemColumn<'a> {
    item: &'a str,
    /// A blank can be told as "not answered".
    may_be_blank: bool,
    place: usize,
    variable: &'a CodebookVariable,
}

/// What every form has.
struct FormColumns<'a> {
    instrument: &'a Instrument,
    respondent: Respondent,
    dialect: RegistryDialect,
    fields: Vec<ItemColumn<'a>>,
}

/// Reads a table; what cannot be read of it as a whole is an error.
pub(super) fn read(
    table: &ImportTable,
    codebook: &[u8],
    args: &RegistryArguments,
    catalogue: &Catalogue,
) -> anyhow::Result<ImportedRows> {
    let codebook = RegistryCodebook::read(codebook, args.form.as_deref())?;
    let instrument = find(catalogue, &args.instrument)?;
    let (wanted, days) = wanted(args.dialect);
    let columns = NamedColumns::find(table, &wanted, &args.source, days)?;
    let without = ("status".to_owned(), String::new());
    if args.dialect == RegistryDialect::Openqreg
        && !columns.has("status")
        && !args.source.columns.contains(&without)
    {
        let message = "name the column of the form's status with --column status=HEADER; or give \
             --column status= if every form of the file is final";
        return Err(error(CommandExit::Usage, message));
    }
    let (fields, notes) = fields(table, instrument, &codebook, &args.items)?;
    let kind = FormColumns {
        instrument,
        respondent: who(instrument, args.respondent.as_deref())?,
        dialect: args.dialect,
        fields,
    };
    let rows = table.rows().iter();
    let rows = rows.map(|line| read_row(line, &columns, &kind)).collect();
    Ok(ImportedRows { rows, notes })
}

fn wanted(dialect: RegistryDialect) -> (Vec<WantedColumn>, DayOrder) {
    let (mut wanted, days) = match dialect {
        RegistryDialect::Openqreg => {
            let wanted = vec![
                WantedColumn::required("patient", ""),
                WantedColumn::required("episode", "mceid"),
                WantedColumn::required("date", ""),
                WantedColumn::optional("unit", "centreid"),
                WantedColumn::optional("status", "status"),
            ];
            (wanted, DayOrder::Iso)
        }
        RegistryDialect::Mrs => {
            let wanted = vec![
                WantedColumn::required("patient", "PasientGUID"),
                WantedColumn::required("episode", ""),
                WantedColumn::required("date", ""),
                WantedColumn::optional("unit", ""),
                WantedColumn::optional("status", ""),
            ];
            (wanted, DayOrder::Norwegian)
        }
    };
    wanted.extend(EPISODE);
    (wanted, days)
}

fn who(instrument: &Instrument, named: Option<&str>) -> anyhow::Result<Respondent> {
    let found = match named {
        Some(word) => respondent(word),
        None => only_respondent(instrument),
    };
    found.ok_or_else(|| {
        let allowed = instrument.respondents.iter().map(|it| it.as_str());
        let allowed: Vec<_> = allowed.collect();
        let message = format!("say who answered with --respondent: {}", allowed.join(", "));
        error(CommandExit::Usage, message)
    })
}

/// The items that the file and the codebook have.
fn fields<'a>(
    table: &ImportTable,
    instrument: &'a Instrument,
    codebook: &'a RegistryCodebook,
    given: &[(String, String)],
) -> anyhow::Result<(Vec<ItemColumn<'a>>, Vec<String>)> {
    let usage = |message: String| error(CommandExit::Usage, message);
    let known = |id: &str| instrument.items.iter().any(|item| item.id.as_str() == id);
    if let Some((item, _)) = given.iter().find(|(item, _)| !known(item)) {
        return Err(usage(format!(
            "--item {item}: the instrument has no such item"
        )));
    }
    let (mut fields, mut absent) = (Vec::new(), Vec::new());
    for item in &instrument.items {
        let id = item.id.as_str();
        let named = given.iter().find(|(given, _)| given == id);
        let name = named.map_or(id, |(_, variable)| variable);
        let place = table.place(name);
        let place = place.map_err(|()| usage(format!("two columns are of item {id}")))?;
        let Some(place) = place else {
            if named.is_some() {
                return Err(usage(format!("there is no column {name}, for item {id}")));
            }
            absent.push(id);
            continue;
        };
        let missing = || {
            usage(format!(
                "the codebook has no variable {name}, for item {id}"
            ))
        };
        fields.push(ItemColumn {
            item: id,
            may_be_blank: item.missing.contains(&Reason::NotAnswered),
            place,
            variable: codebook.variable(name).ok_or_else(missing)?,
        });
    }
    if fields.is_empty() {
        let message = "the file has no column of an item; name them with --item ITEM=VARIABLE";
        return Err(usage(message.to_owned()));
    }
    let mut notes = Vec::new();
    let guessed = fields.iter().map(|field| field.variable);
    let guessed = guessed.filter(|variable| codebook.guesses_missing(variable));
    let guessed: Vec<&str> = guessed.map(CodebookVariable::id).collect();
    if !guessed.is_empty() {
        notes.push(format!(
            "the codebook does not say which codes are missing, so words such as unknown decide, of: \
             {}",
            guessed.join(", ")
        ));
    }
    if !absent.is_empty() {
        let absent = absent.join(", ");
        notes.push(format!("items that the file does not have: {absent}"));
    }
    Ok((fields, notes))
}

fn read_row(line: &TableLine, columns: &NamedColumns, kind: &FormColumns) -> ImportedRow {
    let mut row = ImportedRow::refused(line.number, columns.about(line), Vec::new());
    if let Some(fault) = line.fault() {
        row.outcome = RowOutcome::Refuse(vec![RowProblem::new("row", fault)]);
        return row;
    }
    row.notes = columns.notes(line);
    if kind.dialect == RegistryDialect::Openqreg && columns.has("status") {
        let reason = match columns.cell(line, "status") {
            Some("1") => None,
            Some("0") => Some("status 0: a draft"),
            Some("-1") => Some("status -1: created and not filled in"),
            _ => {
                let problem = RowProblem::new(columns.header("status"), "must be -1, 0 or 1");
                row.outcome = RowOutcome::Refuse(vec![problem]);
                return row;
            }
        };
        if let Some(reason) = reason {
            row.outcome = RowOutcome::Skip(reason.to_owned());
            return row;
        }
    }
    let mut problems = Vec::new();
    let keys = columns.keys(line, &mut problems);
    let facts = keys.as_ref();
    row.episode = facts.and_then(|keys| columns.facts(line, keys, &mut problems));
    let form = form(line, kind, &mut problems);
    row.outcome = match keys {
        Some(keys) if problems.is_empty() => RowOutcome::Form(with(keys, form)),
        _ => RowOutcome::Refuse(problems),
    };
    row
}

fn with(keys: RowKeys, form: Form) -> RegistryForm {
    RegistryForm {
        patient: keys.about.patient,
        episode: keys.about.episode,
        unit: keys.unit,
        date: keys.day.to_string(),
        form: Some(form),
        revision: 0,
    }
}

fn form(line: &TableLine, kind: &FormColumns, problems: &mut Vec<RowProblem>) -> Form {
    let mut items = Vec::new();
    for field in &kind.fields {
        let response = match field.variable.read(line.cell(field.place), kind.dialect) {
            Ok(CodebookValue::Number(value)) => Response::Value(value),
            Ok(CodebookValue::Missing) if field.may_be_blank => {
                Response::Missing(MissingReason::NotAnswered.into())
            }
            // Left out: missing without a reason.
            Ok(CodebookValue::Missing) => continue,
            Err(reason) => {
                problems.push(RowProblem::new(field.variable.id(), reason));
                continue;
            }
        };
        items.push(ItemResponse {
            item: field.item.to_owned(),
            response: Some(response),
        });
    }
    Form {
        instrument: kind.instrument.id.to_string(),
        version: kind.instrument.version,
        respondent: kind.respondent.into(),
        items,
        ..Form::default()
    }
}

#[cfg(test)]
mod tests;
