//! OpenFIT files. Comes in: a table with ORSQ1 to SRS_Skip. Goes out: a session a row. The
//! invariant: what is sent is what the file has: a total alone stays a total alone, and zero is a
//! score unless the row says that there was no survey.

use medvirk_domain::catalogue::{Catalogue, Instrument};
use medvirk_proto::feedback::v1::item_response::Response;
use medvirk_proto::feedback::v1::{AgeBand, Form, ItemResponse, Respondent, Session};
use medvirk_terminal::{CommandExit, error};

use super::columns::{EPISODE, NamedColumns, RowKeys, WantedColumn};
use super::instrument::{age, find, respondent};
use super::row::{ImportedRow, ImportedRows, RowOutcome, RowProblem};
use super::table::{ImportTable, TableLine};
use super::values::{DayOrder, number};
use crate::arguments::OpenfitArguments;

/// Scores have one decimal; what is nearer is the same sum.
const SAME_SUM: f64 = 1e-6;

/// The columns of one survey: four scores, their total, and whether there was none.
type SurveyColumns = [&'static str; 6];

const ORS: SurveyColumns = ["ORSQ1", "ORSQ2", "ORSQ3", "ORSQ4", "Total_ORS", "ORS_Skip"];
const SRS: SurveyColumns = ["SRSQ1", "SRSQ2", "SRSQ3", "SRSQ4", "Total_SRS", "SRS_Skip"];
const FORMAT: [&str; 12] = [
    "ORSQ1",
    "ORSQ2",
    "ORSQ3",
    "ORSQ4",
    "Total_ORS",
    "ORS_Skip",
    "SRSQ1",
    "SRSQ2",
    "SRSQ3",
    "SRSQ4",
    "Total_SRS",
    "SRS_Skip",
];

/// Columns on the expected course of the outcome, which licensed software has computed, and the
/// items that keep them.
const EXPECTED: [(&str, &str); 5] = [
    ("TargetSessionScore", "target-session"),
    ("target_score", "target-session"),
    ("nTargetSession", "lower-session"),
    ("TargetServiceScore", "target-service"),
    ("expected_score", "expected"),
];

/// The instruments of one survey, by age.
struct SurveyInstruments<'c> {
    columns: SurveyColumns,
    usual: &'c Instrument,
    children: &'c Instrument,
}

/// Reads a table; what cannot be read of it as a whole is an error.
pub(super) fn read(
    table: &ImportTable,
    args: &OpenfitArguments,
    catalogue: &Catalogue,
) -> anyhow::Result<ImportedRows> {
    let mut wanted = vec![
        WantedColumn::required("patient", "ClientID"),
        WantedColumn::required("episode", "CaseID"),
        WantedColumn::required("number", "SessionNumber"),
        WantedColumn::required("date", "SessionDate"),
        WantedColumn::optional("unit", ""),
        WantedColumn::optional("respondent", ""),
        WantedColumn::optional("age", ""),
    ];
    wanted.extend(EPISODE);
    wanted.extend(FORMAT.map(|name| WantedColumn::optional(name, name)));
    wanted.extend(EXPECTED.map(|(name, _)| WantedColumn::optional(name, name)));
    let columns = NamedColumns::find(table, &wanted, &args.source, DayOrder::Both)?;
    let kinds = kinds(args, catalogue, &columns)?;
    let course = course(args, catalogue, &columns)?;
    let rows = table.rows().iter();
    let rows = rows
        .map(|line| read_row(line, &columns, &kinds, course))
        .collect();
    Ok(ImportedRows {
        rows,
        notes: Vec::new(),
    })
}

/// The instrument that keeps the expected course, where the file has columns of it.
fn course<'c>(
    args: &OpenfitArguments,
    catalogue: &'c Catalogue,
    columns: &NamedColumns,
) -> anyhow::Result<Option<&'c Instrument>> {
    if !EXPECTED.iter().any(|(name, _)| columns.has(name)) {
        return Ok(None);
    }
    let named = args.expected.as_deref().unwrap_or("fit-expected");
    find(catalogue, named).map(Some)
}

/// The surveys that the file has.
fn kinds<'c>(
    args: &OpenfitArguments,
    catalogue: &'c Catalogue,
    columns: &NamedColumns,
) -> anyhow::Result<Vec<SurveyInstruments<'c>>> {
    let mut kinds = Vec::new();
    let surveys = [
        (ORS, &args.ors, "fit-ors", "fit-cors"),
        (SRS, &args.srs, "fit-srs", "fit-csrs"),
    ];
    for (survey, named, usual, children) in surveys {
        if !survey.iter().any(|name| columns.has(name)) {
            continue;
        }
        let [one, two, three, four, total, skip] = survey;
        let whole = [one, two, three, four].iter().all(|name| columns.has(name));
        if !columns.has(skip) || !(whole || columns.has(total)) {
            let message = format!("the file has no {skip}, or neither {one} to {four} nor {total}");
            return Err(error(CommandExit::Usage, message));
        }
        let named = named.as_deref();
        let kind = SurveyInstruments {
            columns: survey,
            usual: find(catalogue, named.unwrap_or(usual))?,
            children: find(catalogue, named.unwrap_or(children))?,
        };
        if kind.usual.items.len() != 4 || kind.children.items.len() != 4 {
            let message = format!("the instrument of {one} to {four} must have four items");
            return Err(error(CommandExit::Usage, message));
        }
        kinds.push(kind);
    }
    if kinds.is_empty() {
        return Err(error(
            CommandExit::Usage,
            "the file has neither ORSQ1 nor SRSQ1",
        ));
    }
    Ok(kinds)
}

fn read_row(
    line: &TableLine,
    columns: &NamedColumns,
    kinds: &[SurveyInstruments],
    course: Option<&Instrument>,
) -> ImportedRow {
    let about = columns.about(line);
    if let Some(fault) = line.fault() {
        return ImportedRow::refused(line.number, about, vec![RowProblem::new("row", fault)]);
    }
    let mut problems = Vec::new();
    let keys = columns.keys(line, &mut problems);
    let session = session_number(line, columns, &mut problems);
    let (respondent, age) = who(line, columns, &mut problems);
    let facts = keys
        .as_ref()
        .and_then(|keys| columns.facts(line, keys, &mut problems));
    let mut forms: Vec<Form> = kinds
        .iter()
        .filter_map(|kind| form(line, columns, kind, respondent, age, &mut problems))
        .collect();
    let expected = course.and_then(|it| expected(line, columns, it, respondent, &mut problems));
    // Of a session without a survey nothing is expected either.
    if !forms.is_empty() {
        forms.extend(expected);
    }
    let outcome = match (problems.is_empty(), keys.zip(session), forms.is_empty()) {
        (true, Some(_), true) => RowOutcome::Skip("no survey in this session".to_owned()),
        (true, Some((keys, number)), false) => RowOutcome::Session(session_of(keys, number, forms)),
        _ => RowOutcome::Refuse(problems),
    };
    ImportedRow {
        number: line.number,
        about,
        episode: facts,
        outcome,
        notes: columns.notes(line),
    }
}

fn session_of(keys: RowKeys, number: u32, forms: Vec<Form>) -> Session {
    Session {
        patient: keys.about.patient,
        episode: keys.about.episode,
        unit: keys.unit,
        date: keys.day.to_string(),
        number,
        forms,
        earlier: Vec::new(),
    }
}

/// Number of the session.
pub(super) fn session_number(
    line: &TableLine,
    columns: &NamedColumns,
    problems: &mut Vec<RowProblem>,
) -> Option<u32> {
    let number = columns.cell(line, "number").and_then(|it| it.parse().ok());
    if number.is_none() {
        let reason = "must be the number of the session, from 1";
        problems.push(RowProblem::new(columns.header("number"), reason));
    }
    number
}

/// Who answered, and how old the patient is.
fn who(
    line: &TableLine,
    columns: &NamedColumns,
    problems: &mut Vec<RowProblem>,
) -> (Respondent, AgeBand) {
    let who = match columns.cell(line, "respondent") {
        None => Some(Respondent::Self_),
        Some(word) => respondent(word),
    };
    if who.is_none() {
        let reason =
            "must be self, caretaker, other or group-member; give --word respondent:THEIRS=OURS";
        problems.push(RowProblem::new(columns.header("respondent"), reason));
    }
    let band = match columns.cell(line, "age") {
        None => Some(AgeBand::Unspecified),
        Some(word) => age(word),
    };
    if band.is_none() {
        let reason =
            "must be child, adolescent, adult or years from 6; give --word age:THEIRS=OURS";
        problems.push(RowProblem::new(columns.header("age"), reason));
    }
    (who.unwrap_or_default(), band.unwrap_or_default())
}

/// The form of one survey, if there was one. With a problem there is none either.
fn form(
    line: &TableLine,
    columns: &NamedColumns,
    kind: &SurveyInstruments,
    respondent: Respondent,
    age: AgeBand,
    problems: &mut Vec<RowProblem>,
) -> Option<Form> {
    let [one, two, three, four, total, _] = kind.columns;
    let shape = shape(line, columns, kind.columns, problems)?;
    let mut score = |name: &str| {
        let value = columns.cell(line, name).and_then(number);
        if value.is_none() {
            problems.push(RowProblem::new(name, "must be a number"));
        }
        value
    };
    let instrument = match age {
        AgeBand::Child => kind.children,
        _ => kind.usual,
    };
    let mut form = Form {
        instrument: instrument.id.to_string(),
        version: instrument.version,
        respondent: respondent.into(),
        ..Form::default()
    };
    if !instrument.ages.is_empty() {
        form.age = age.into();
    }
    match shape {
        SurveyShape::Total => form.total = score(total),
        SurveyShape::Scores => {
            let items = instrument.items.iter().zip([one, two, three, four]);
            form.items = items
                .map(|(item, name)| ItemResponse {
                    item: item.id.to_string(),
                    response: score(name).map(Response::Value),
                })
                .collect();
        }
    }
    Some(form)
}

/// The expected course, as the file has it: blank cells are left out. A form if there is any.
fn expected(
    line: &TableLine,
    columns: &NamedColumns,
    instrument: &Instrument,
    respondent: Respondent,
    problems: &mut Vec<RowProblem>,
) -> Option<Form> {
    let mut items: Vec<ItemResponse> = Vec::new();
    for (name, item) in EXPECTED {
        let Some(cell) = columns.cell(line, name) else {
            continue;
        };
        let value = number(cell);
        if value.is_none() {
            problems.push(RowProblem::new(name, "must be a number"));
        }
        if items.iter().any(|known| known.item == item) {
            problems.push(RowProblem::new(name, "is what another column says already"));
        }
        items.push(ItemResponse {
            item: item.to_owned(),
            response: value.map(Response::Value),
        });
    }
    (!items.is_empty()).then(|| Form {
        instrument: instrument.id.to_string(),
        version: instrument.version,
        respondent: respondent.into(),
        items,
        ..Form::default()
    })
}

/// True if the total is what the scores say, or if one of them is no number, which is told by itself.
fn is_sum(line: &TableLine, columns: &NamedColumns, scores: [&str; 4], total: &str) -> bool {
    let value = |name: &str| columns.cell(line, name).and_then(number);
    let sum: Option<f64> = scores.into_iter().map(value).sum();
    match (sum, value(total)) {
        (Some(sum), Some(total)) => (sum - total).abs() < SAME_SUM,
        (None, _) => true,
        (Some(_), None) => false,
    }
}

/// What a survey has.
enum SurveyShape {
    /// Format A: four sub-scores. A total beside them says the same.
    Scores,
    /// Format B: a total alone.
    Total,
}

/// Judges a survey by the Skip rule.
fn shape(
    line: &TableLine,
    columns: &NamedColumns,
    [one, two, three, four, total, skip]: SurveyColumns,
    problems: &mut Vec<RowProblem>,
) -> Option<SurveyShape> {
    let given = |name: &str| columns.cell(line, name).is_some();
    let (given_scores, blank): (Vec<&str>, Vec<&str>) = [one, two, three, four]
        .into_iter()
        .partition(|name| given(name));
    let mut refuse = |field: &str, reason: &str| problems.push(RowProblem::new(field, reason));
    match (columns.cell(line, skip), given_scores.len(), given(total)) {
        (Some("1"), 0, false) => {}
        (Some("1"), ..) => refuse(
            skip,
            "says that there was no survey, so all scores must be blank; 0 is a score",
        ),
        (Some("0"), 4, false) => return Some(SurveyShape::Scores),
        (Some("0"), 0, true) => return Some(SurveyShape::Total),
        (Some("0"), 0, false) => refuse(skip, "says that there was a survey: a score is missing"),
        (Some("0"), 4, true) if is_sum(line, columns, [one, two, three, four], total) => {
            return Some(SurveyShape::Scores);
        }
        (Some("0"), 4, true) => refuse(total, "is not the sum of the four sub-scores"),
        (Some("0"), ..) => {
            for name in blank {
                refuse(name, "is blank where other sub-scores are not");
            }
        }
        _ => refuse(skip, "must be 0 or 1"),
    }
    None
}

#[cfg(test)]
mod tests;
