//! Registry dumps. Comes in: a table in the dialect of OpenQReg or MRS, and its codebook. Goes out:
//! a form of the register a row. The invariant: a value is sent only if the codebook allows it.

mod codebook;

use medvirk_domain::catalogue::{Catalogue, Instrument};
use medvirk_domain::form::MissingReason as Reason;
use medvirk_proto::feedback::v1::item_response::Response;
use medvirk_proto::feedback::v1::{Form, ItemResponse, MissingReason, RegistryForm, Respondent};
use medvirk_terminal::{Code, error};

use super::columns::{Columns, EPISODE, Keys, Wanted};
use super::instrument::{find, only_respondent, respondent};
use super::row::{Outcome, Problem, Read, Row};
use super::table::{Line, Table};
use super::values::Days;
use crate::arguments::{Dialect, Registry};
use codebook::{Codebook, Value, Variable};

/// An item that the file has.
struct Field<'a> {
    item: &'a str,
    /// A blank can be told as "not answered".
    may_be_blank: bool,
    place: usize,
    variable: &'a Variable,
}

/// What every form has.
struct Kind<'a> {
    instrument: &'a Instrument,
    respondent: Respondent,
    dialect: Dialect,
    fields: Vec<Field<'a>>,
}

/// Reads a table; what cannot be read of it as a whole is an error.
pub(super) fn read(
    table: &Table,
    codebook: &[u8],
    args: &Registry,
    catalogue: &Catalogue,
) -> anyhow::Result<Read> {
    let codebook = Codebook::read(codebook, args.form.as_deref())?;
    let instrument = find(catalogue, &args.instrument)?;
    let (wanted, days) = wanted(args.dialect);
    let columns = Columns::find(table, &wanted, &args.source, days)?;
    let without = ("status".to_owned(), String::new());
    if args.dialect == Dialect::Openqreg
        && !columns.has("status")
        && !args.source.columns.contains(&without)
    {
        let message = "name the column of the form's status with --column status=HEADER; or give \
             --column status= if every form of the file is final";
        return Err(error(Code::Usage, message));
    }
    let (fields, notes) = fields(table, instrument, &codebook, &args.items)?;
    let kind = Kind {
        instrument,
        respondent: who(instrument, args.respondent.as_deref())?,
        dialect: args.dialect,
        fields,
    };
    let rows = table.rows().iter();
    let rows = rows.map(|line| read_row(line, &columns, &kind)).collect();
    Ok(Read { rows, notes })
}

fn wanted(dialect: Dialect) -> (Vec<Wanted>, Days) {
    let (mut wanted, days) = match dialect {
        Dialect::Openqreg => {
            let wanted = vec![
                Wanted::required("patient", ""),
                Wanted::required("episode", "mceid"),
                Wanted::required("date", ""),
                Wanted::optional("unit", "centreid"),
                Wanted::optional("status", "status"),
            ];
            (wanted, Days::Iso)
        }
        Dialect::Mrs => {
            let wanted = vec![
                Wanted::required("patient", "PasientGUID"),
                Wanted::required("episode", ""),
                Wanted::required("date", ""),
                Wanted::optional("unit", ""),
                Wanted::optional("status", ""),
            ];
            (wanted, Days::Norwegian)
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
        error(Code::Usage, message)
    })
}

/// The items that the file and the codebook have.
fn fields<'a>(
    table: &Table,
    instrument: &'a Instrument,
    codebook: &'a Codebook,
    given: &[(String, String)],
) -> anyhow::Result<(Vec<Field<'a>>, Vec<String>)> {
    let usage = |message: String| error(Code::Usage, message);
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
        fields.push(Field {
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
    let guessed: Vec<&str> = guessed.map(Variable::id).collect();
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

fn read_row(line: &Line, columns: &Columns, kind: &Kind) -> Row {
    let mut row = Row::refused(line.number, columns.about(line), Vec::new());
    if let Some(fault) = line.fault() {
        row.outcome = Outcome::Refuse(vec![Problem::new("row", fault)]);
        return row;
    }
    row.notes = columns.notes(line);
    if kind.dialect == Dialect::Openqreg && columns.has("status") {
        let reason = match columns.cell(line, "status") {
            Some("1") => None,
            Some("0") => Some("status 0: a draft"),
            Some("-1") => Some("status -1: created and not filled in"),
            _ => {
                let problem = Problem::new(columns.header("status"), "must be -1, 0 or 1");
                row.outcome = Outcome::Refuse(vec![problem]);
                return row;
            }
        };
        if let Some(reason) = reason {
            row.outcome = Outcome::Skip(reason.to_owned());
            return row;
        }
    }
    let mut problems = Vec::new();
    let keys = columns.keys(line, &mut problems);
    let facts = keys.as_ref();
    row.episode = facts.and_then(|keys| columns.facts(line, keys, &mut problems));
    let form = form(line, kind, &mut problems);
    row.outcome = match keys {
        Some(keys) if problems.is_empty() => Outcome::Form(with(keys, form)),
        _ => Outcome::Refuse(problems),
    };
    row
}

fn with(keys: Keys, form: Form) -> RegistryForm {
    RegistryForm {
        patient: keys.about.patient,
        episode: keys.about.episode,
        unit: keys.unit,
        date: keys.day.to_string(),
        form: Some(form),
        revision: 0,
    }
}

fn form(line: &Line, kind: &Kind, problems: &mut Vec<Problem>) -> Form {
    let mut items = Vec::new();
    for field in &kind.fields {
        let response = match field.variable.read(line.cell(field.place), kind.dialect) {
            Ok(Value::Number(value)) => Response::Value(value),
            Ok(Value::Missing) if field.may_be_blank => {
                Response::Missing(MissingReason::NotAnswered.into())
            }
            // Left out: missing without a reason.
            Ok(Value::Missing) => continue,
            Err(reason) => {
                problems.push(Problem::new(field.variable.id(), reason));
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
