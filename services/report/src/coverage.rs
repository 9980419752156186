//! Coverage: shares of what others count (design §4.8). Comes in: rows of period closes, and the
//! numbers of the catalogue in force. Goes out: shares, each with source, date and a note on the
//! quality of what it is over. The invariants: there is no share without its note and none without
//! a row; no percentage of a year that is not closed, since others have counted the whole of it;
//! and nothing but a close changes an answer.

use medvirk_domain::catalogue::{Denominator, ExcludedCount, OutsideShare, Titles};
use medvirk_proto::indicator::v1 as wire;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::Report;
use crate::error::Error;
use crate::figures::{FigureBackground, QueryRefusal, RowTables, ShownRow, WithheldReason};
use crate::question::year;

/// A whole, in the units of sums.
const WHOLE: i64 = 1_000_000;

/// What is asked; what is empty means all.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CoverageQuestion {
    /// Id of a measure.
    pub(crate) measure: String,
    /// Id of an organisation at any level.
    pub(crate) organisation: String,
    /// The calendar year as YYYY.
    pub(crate) year: String,
}

/// A share of what somebody else has counted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CoverageShare {
    measure: String,
    /// Its id within the measure.
    share: String,
    title: Titles,
    organisation: String,
    year: i32,
    /// The last month of the year that is shown, YYYY-MM: what came later is not in it.
    until: String,
    /// So many are in rows; never more than there were.
    count: u64,
    /// What is counted by others: "episodes", "discharges" or "patients".
    counts: &'static str,
    /// How many they have counted, without the excluded.
    of: u64,
    excluded: Vec<ExcludedCount>,
    /// Percent; above 100 where they have counted fewer than there are. Or why there is none.
    percent: Result<f64, WithheldReason>,
    source: String,
    /// The day of the extract.
    date: String,
    note: Titles,
}

// === the answer ===

impl Report {
    /// Every share that is asked for, by measure, share, organisation and year.
    pub(crate) async fn coverage(
        &self,
        question: &CoverageQuestion,
    ) -> Result<Vec<wire::Coverage>, Error> {
        let year = year(&question.year)?;
        let held = self.held().await?;
        let asked = asked(&held.background, question, year)?;
        let covered = asked
            .into_iter()
            .filter_map(|one| cover(&held.background, &held.tables, one));
        Ok(covered.map(Into::into).collect())
    }
}

type CoverageQuery<'a> = (&'a OutsideShare, &'a Denominator);

/// Every share with every number of its kind, if there are the names that are asked for.
fn asked<'a>(
    background: &'a FigureBackground,
    question: &CoverageQuestion,
    year: Option<i32>,
) -> Result<Vec<CoverageQuery<'a>>, Error> {
    let catalogue = background.catalogue();
    let CoverageQuestion {
        measure,
        organisation,
        ..
    } = question;
    if !measure.is_empty() && !catalogue.measures.contains_key(measure.as_str()) {
        return Err(QueryRefusal::UnknownMeasure(measure.clone()).into());
    }
    let mut numbers = catalogue.denominators.iter();
    let is_known = catalogue.organisations.has(organisation)
        || numbers.any(|it| it.former && it.organisation == *organisation);
    if !organisation.is_empty() && !is_known {
        return Err(QueryRefusal::UnknownOrganisation(organisation.clone()).into());
    }
    let mut asked: Vec<CoverageQuery<'_>> = Vec::new();
    for share in &catalogue.shares {
        let numbers = catalogue.denominators.iter();
        let numbers = numbers.filter(|it| it.counts == share.over).filter(|it| {
            year.is_none_or(|year| year == it.year)
                && (organisation.is_empty() || *organisation == it.organisation)
        });
        if measure.is_empty() || measure == share.measure.as_str() {
            asked.extend(numbers.map(|number| (share, number)));
        }
    }
    asked.sort_by_key(|(share, number)| {
        let share = (&share.measure, &share.id);
        (share, &number.organisation, number.year)
    });
    Ok(asked)
}

/// The sum of the rows of the year, over the number; nothing without a row.
fn cover(
    background: &FigureBackground,
    tables: &RowTables,
    of: CoverageQuery<'_>,
) -> Option<CoverageShare> {
    let (share, number) = of;
    let rows = tables.of(&share.measure, number.year, &number.organisation);
    let counts: Vec<u64> = rows.filter_map(|it| count(share, it)).collect();
    if counts.is_empty() {
        return None;
    }
    let count: u64 = counts.iter().sum();
    let mut shown = background.shown().iter().rev();
    let until = shown.find(|month| month.year() == number.year)?;
    let next = until.next();
    Some(CoverageShare {
        measure: share.measure.to_string(),
        share: share.id.to_string(),
        title: share.title.clone(),
        organisation: number.organisation.clone(),
        year: number.year,
        until: until.to_string(),
        count,
        counts: number.counts.as_str(),
        of: number.eligible(),
        excluded: number.excluded.clone(),
        percent: if next.year() == number.year {
            Err(WithheldReason::NotClosed(next))
        } else {
            Ok(100.0 * count as f64 / number.eligible() as f64)
        },
        source: number.source.clone(),
        date: number.date.to_string(),
        note: number.note.clone(),
    })
}

/// The members of a row of whom it holds; nothing where a row of an older catalogue does not say.
fn count(share: &OutsideShare, it: &ShownRow) -> Option<u64> {
    match &share.variable {
        None => Some(it.persons().into()),
        Some(variable) => u64::try_from(it.variable(variable)?.sum / WHOLE).ok(),
    }
}

// === as messages ===

impl From<wire::QueryCoverageRequest> for CoverageQuestion {
    fn from(request: wire::QueryCoverageRequest) -> Self {
        Self {
            measure: request.measure,
            organisation: request.organisation,
            year: match request.year {
                0 => String::new(),
                year => year.to_string(),
            },
        }
    }
}

impl From<CoverageShare> for wire::Coverage {
    fn from(it: CoverageShare) -> Self {
        Self {
            measure: it.measure,
            share: it.share,
            title: it.title.into_iter().collect(),
            organisation: it.organisation,
            year: it.year.unsigned_abs(),
            until: it.until,
            count: it.count,
            counts: it.counts.to_owned(),
            of: it.of,
            percent: it.percent.as_ref().ok().copied(),
            reason: it.percent.err().map(Into::into),
            source: it.source,
            date: it.date,
            note: it.note.into_iter().collect(),
            excluded: it.excluded.into_iter().map(exclusion).collect(),
        }
    }
}

fn exclusion(it: ExcludedCount) -> wire::Exclusion {
    wire::Exclusion {
        reason: it.reason.to_string(),
        title: it.title.into_iter().collect(),
        number: it.number,
    }
}

#[cfg(test)]
mod tests;
