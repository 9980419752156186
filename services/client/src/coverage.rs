//! `medvirk coverage`: how many of those whom another source counts are in the indicators. Comes
//! in: a yearly file of episodes or discharges and the figures of the report, or what the report
//! makes of the numbers of its catalogue. Goes out: their ratio. The invariants: no ratio is shown
//! without source, date and note of what it is over, and none of a year that is not closed, since
//! the source has counted the whole of it.

mod published;

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{Table, presets};
use medvirk_domain::time::Day;
use medvirk_proto::indicator::v1::indicator_service_client::IndicatorServiceClient;
use medvirk_proto::indicator::v1::{Figure, Period, QueryIndicatorsRequest};
use medvirk_terminal::output::print;
use medvirk_terminal::{CommandExit, error};
use serde::{Deserialize, Serialize};

use super::connect::connect;
use crate::arguments::{CoverageArguments, FormatArgument};
use crate::csv_text::csv_text;
use crate::reason::sentence;

/// A row of the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct DenominatorLine {
    /// Id of a unit, or of any organisation.
    organisation: String,
    year: u16,
    counts: DenominatorKind,
    /// How many the source has counted.
    number: u64,
    source: String,
    /// The day of the extract, YYYY-MM-DD.
    date: String,
    /// What is known of its quality.
    note: String,
}

/// What a source counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum DenominatorKind {
    Episodes,
    Discharges,
    Patients,
}

/// One line of what is shown.
#[derive(Debug, PartialEq, Serialize)]
struct CoverageRow<'a> {
    measure: &'a str,
    organisation: &'a str,
    year: u16,
    /// Persons, or codes where the measure counts codes; none where nothing is shown.
    persons: Option<u64>,
    counts: DenominatorKind,
    number: u64,
    /// Percent; more than 100 where the source counts fewer than there are.
    coverage: Option<f64>,
    source: &'a str,
    date: &'a str,
    note: &'a str,
    reason: String,
}

/// Asks for the figures of each year, and prints.
pub async fn coverage(args: CoverageArguments) -> anyhow::Result<()> {
    let Some(file) = &args.file else {
        return published::coverage(args).await;
    };
    let unreadable = |why| {
        error(
            CommandExit::Usage,
            format!("open {}: {why}", file.display()),
        )
    };
    let denominators = read(&std::fs::read(file).map_err(unreadable)?)?;
    let mut client = IndicatorServiceClient::new(connect(&args.target, "dashboard").await?)
        .max_decoding_message_size(256 << 20);
    let mut figures = Vec::new();
    let mut shown_until = String::new();
    let asked: BTreeSet<_> = denominators
        .iter()
        .map(|it| (it.organisation.clone(), it.year))
        .collect();
    for (organisation, year) in asked {
        let query = QueryIndicatorsRequest {
            measure: args.measure.clone().unwrap_or_default(),
            organisation,
            from: format!("{year:04}-01"),
            to: format!("{year:04}-12"),
            period: Period::Year.into(),
            ..QueryIndicatorsRequest::default()
        };
        let answer = client.query_indicators(query).await?.into_inner();
        figures.extend(answer.figures);
        shown_until = answer.shown_until;
    }
    let covered = cover(&denominators, &figures, &shown_until);
    let text = match args.format {
        FormatArgument::Table => table(&covered),
        FormatArgument::Csv => csv_text(&covered)?,
        FormatArgument::Json => serde_json::to_string_pretty(&covered)? + "\n",
    };
    print(&text)
}

/// Reads the file; whatever is blank or said twice is refused.
fn read(bytes: &[u8]) -> anyhow::Result<Vec<DenominatorLine>> {
    let wrong = |what: String| {
        error(
            CommandExit::Usage,
            format!("the file of denominators: {what}"),
        )
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let delimiter = if first.contains(&b';') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let mut denominators = Vec::new();
    let mut seen = BTreeSet::new();
    for (row, read) in (2..).zip(reader.deserialize::<DenominatorLine>()) {
        let it = read.map_err(|why| wrong(format!("row {row}: {why}")))?;
        for (name, text) in [
            ("organisation", &it.organisation),
            ("source", &it.source),
            ("note", &it.note),
        ] {
            if text.is_empty() {
                return Err(wrong(format!("row {row}: {name} is blank")));
            }
        }
        if it.number == 0 || it.date.parse::<Day>().is_err() {
            let rule = "number must be 1 or more, and date a day, YYYY-MM-DD";
            return Err(wrong(format!("row {row}: {rule}")));
        }
        if !seen.insert((
            it.organisation.clone(),
            it.year,
            it.counts,
            it.source.clone(),
        )) {
            let rule = "the same organisation, year and source as a row before";
            return Err(wrong(format!("row {row}: {rule}")));
        }
        denominators.push(it);
    }
    Ok(denominators)
}

/// One ratio for each row of the file and each measure that the report knows of it. `shown_until` is
/// the last shown month, YYYY-MM; empty where there is none.
fn cover<'a>(
    denominators: &'a [DenominatorLine],
    figures: &'a [Figure],
    shown_until: &str,
) -> Vec<CoverageRow<'a>> {
    // Of several indicators of a measure, the one with most persons: some lack a variable in rows
    // of an older catalogue.
    let mut best: BTreeMap<(&str, &str, &str), &Figure> = BTreeMap::new();
    for figure in figures.iter().filter(|it| it.part.is_empty()) {
        let key = (&*figure.organisation, &figure.from[..4], &*figure.measure);
        let known = best.entry(key).or_insert(figure);
        if figure.persons > known.persons {
            *known = figure;
        }
    }
    let mut covered = Vec::new();
    for it in denominators {
        let year = format!("{:04}", it.year);
        let is_closed = shown_until >= &*format!("{year}-12");
        let of = |key: &(&str, &str, &str)| (key.0, key.1) == (&*it.organisation, &*year);
        for ((_, _, measure), figure) in best.iter().filter(|(key, _)| of(key)) {
            let persons = figure.persons.filter(|_| figure.shown);
            let reason = match persons {
                None => sentence(figure.reason.as_ref()),
                Some(_) if is_closed => String::new(),
                Some(_) => format!("not yet: {year} is not closed"),
            };
            let whole = persons.filter(|_| is_closed);
            covered.push(CoverageRow {
                measure,
                organisation: &it.organisation,
                year: it.year,
                persons,
                counts: it.counts,
                number: it.number,
                coverage: whole.map(|persons| 100.0 * persons as f64 / it.number as f64),
                source: &it.source,
                date: &it.date,
                note: &it.note,
                reason,
            });
        }
    }
    covered
}

fn table(covered: &[CoverageRow]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "measure",
        "organisation",
        "year",
        "n",
        "of",
        "coverage",
        "source",
        "date",
        "note",
    ]);
    for it in covered {
        let counts = match it.counts {
            DenominatorKind::Episodes => "episodes",
            DenominatorKind::Discharges => "discharges",
            DenominatorKind::Patients => "patients",
        };
        table.add_row([
            it.measure.to_owned(),
            it.organisation.to_owned(),
            it.year.to_string(),
            it.persons.map(|it| it.to_string()).unwrap_or_default(),
            format!("{} {counts}", it.number),
            it.coverage
                .map_or_else(|| it.reason.clone(), |it| format!("{it:.1} %")),
            it.source.to_owned(),
            it.date.to_owned(),
            it.note.to_owned(),
        ]);
    }
    format!("{table}\n")
}

#[cfg(test)]
mod tests;
