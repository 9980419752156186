//! Very many rows, made by the engine. Comes in: a catalogue and a span. Goes out: the table filled,
//! and every close marked with the rows that it has. Of a unit's months a share is a row of its own;
//! of its tertials and years another, by about the shares that the release rule gives.

use clickhouse::Client;
use medvirk_domain::catalogue::{Catalogue, CountedPer, FinestSpan, Measure, Variable};
use medvirk_domain::time::Month;
use medvirk_store::IndicatorWriter;

use crate::Failed;

/// Of a hundred months, tertials and years of a unit, so many have a row.
const MONTHLY: [u32; 3] = [97, 5, 3];
const EPISODES: [u32; 3] = [35, 60, 30];
const TERTIALS: [u32; 3] = [0, 90, 20];
/// Rows of a unit in a year, of all measures and parts of the shipped catalogue together.
const OF_A_UNIT: usize = 196;
/// Rows of that many persons have a sum of squares.
const WITH_SPREAD: u32 = 12;

/// How many units give so many rows, about.
pub(crate) fn units(rows: usize, years: usize) -> usize {
    rows.div_ceil(OF_A_UNIT * years)
}

/// Writes every close of the span, and gives the number of rows.
pub(crate) async fn fill(
    client: &Client,
    writer: &IndicatorWriter,
    catalogue: &Catalogue,
    first: Month,
    last: Month,
) -> Result<usize, Failed> {
    for year in first.year()..=last.year() {
        for measure in catalogue.measures.values() {
            let parts = measure.parts.as_ref();
            let parts = parts.map_or(vec![""], |p| vec![p.then.as_str(), p.otherwise.as_str()]);
            for part in parts {
                let sql = of_year(catalogue, measure, part, year);
                client.query(&sql).execute().await?;
            }
        }
        writer.optimise(year).await?;
    }
    let (mut month, mut count) = (first, 0);
    while month <= last {
        let there = writer.read_back(0, month).await?;
        let (rows, hash) = (there.rows, there.hash);
        let sql = format!(
            "INSERT INTO closes VALUES (0, 1, {}, {rows}, {hash})",
            month.yyyymm()
        );
        client.query(&sql).execute().await?;
        count += usize::try_from(rows)?;
        month = month.next();
    }
    Ok(count)
}

/// The rows of a measure and part, of all units and of a year.
fn of_year(catalogue: &Catalogue, measure: &Measure, part: &str, year: i32) -> String {
    let shares = match (measure.finest, measure.per) {
        (FinestSpan::Tertial, _) => TERTIALS,
        (FinestSpan::Month, CountedPer::Month) => MONTHLY,
        (FinestSpan::Month, CountedPer::Episode) => EPISODES,
    };
    let units: Vec<String> = catalogue
        .organisations
        .units
        .keys()
        .map(|id| format!("'{id}'"))
        .collect();
    let hash: String = catalogue
        .hash
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let of_all = |each: &dyn Fn(&Variable) -> String| {
        let all: Vec<String> = measure.variables.iter().map(each).collect();
        format!("[{}]", all.join(", "))
    };
    let names = of_all(&|variable| format!("'{}'", variable.id));
    let sums = of_all(&|it| {
        let (min, max) = (it.min.micros(), it.max.micros());
        let share = format!("(35 + cityHash64(chance, '{}') % 40)", it.id);
        format!("toInt64(persons * ({min} + intDiv({max} - ({min}), 100) * {share}))")
    });
    let squares = of_all(&square_of);
    let fresh = if measure.parts.is_none() {
        "persons"
    } else {
        "NULL"
    };
    let [monthly, tertial, yearly] = shares;
    format!(
        "INSERT INTO indicator_rows WITH [{units}] AS units, {year} * 100 AS base, number % 16 AS place, \
              cityHash64(number, '{}', '{part}', {year}) AS chance, \
              multiIf(place < 12, place + 1, place < 15, (place - 12) * 4 + 1, 1) AS begins, \
              multiIf(place < 12, place + 1, place < 15, (place - 11) * 4, 12) AS ends, \
              toUInt32({k} + intDiv(chance, 128) % (20 + 6 * (ends - begins + 1))) AS persons \
         SELECT '{id}', unhex('{hash}'), 'unit', units[intDiv(number, 16) + 1], base + begins, \
                base + ends, '{part}', persons, {fresh}, false, false, base + ends, \
                {names}, {sums}, {squares}, 0 \
         FROM numbers({many}) \
         WHERE intDiv(chance, 65536) % 100 < \
               multiIf(place < 12, {monthly}, place < 15, {tertial}, {yearly})",
        measure.id,
        units = units.join(", "),
        k = measure.k,
        id = measure.id,
        many = units.len() * 16,
    )
}

/// The sum of squares of a variable in SQL, for rows of enough persons.
fn square_of(variable: &Variable) -> String {
    if !variable.spread {
        return "CAST(NULL, 'Nullable(Int128)')".to_owned();
    }
    let range = i128::from(variable.max.micros() - variable.min.micros());
    let square = range.pow(2) / 4;
    format!("if(persons >= {WITH_SPREAD}, toInt128(persons) * {square}, NULL)")
}
