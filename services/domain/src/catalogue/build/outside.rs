//! `denominators/*.toml` → numbers that others have counted.

use super::builder::{CatalogueBuilder, SourceLines};
use super::titles::titles;
use crate::catalogue::organisation::Titles;
use crate::catalogue::outside::{Denominator, ExcludedCount, OutsideCount};
use crate::catalogue::source::{RawCounted, RawDenominators, RawExcluded, RawReason};
use crate::ids::RuleId;
use crate::time::Day;

impl CatalogueBuilder {
    /// Reads a file of its kind into the draft.
    pub(super) fn read_denominators(&mut self, source: &SourceLines<'_>) {
        if let Some(raw) = self.parse::<RawDenominators>(source) {
            self.add_denominators(source, raw);
        }
    }

    fn add_denominators(&mut self, source: &SourceLines<'_>, raw: RawDenominators) {
        let date = &raw.date;
        let Ok(date) = date.get_ref().parse::<Day>() else {
            let message = "date is the day of the extract, YYYY-MM-DD".to_owned();
            return self.refuse(source, source.line(date), "denominator-year", message);
        };
        let (counts, year) = (counted(raw.counts), *raw.year.get_ref());
        let file = format!("denominators/{}/{year}", counts.as_str());
        self.note(source, source.line(&raw.year), file.clone());
        let note = raw.note.map_or_else(Titles::new, titles);
        let reasons = self.reasons(source, &file, raw.reasons);
        for number in raw.numbers {
            let line = source.line(&number);
            let number = number.into_inner();
            let element = format!("{file}/{}", number.organisation);
            if !self.declare(source, line, &element) {
                continue;
            }
            let Some(excluded) = excluded(&reasons, number.excluded) else {
                let message = "is excluded for a reason that the file does not name".to_owned();
                self.refuse(source, line, "denominator-excluded", message);
                continue;
            };
            self.draft.denominators.push(Denominator {
                counts,
                year,
                organisation: number.organisation,
                former: number.former,
                number: number.number,
                excluded,
                source: raw.source.clone(),
                date,
                note: note.clone(),
            });
        }
    }

    /// The reasons that a file names, each once.
    fn reasons(
        &mut self,
        source: &SourceLines<'_>,
        file: &str,
        raw: Vec<RawReason>,
    ) -> Vec<(RuleId, Titles)> {
        let mut reasons = Vec::new();
        for reason in raw {
            let element = format!("{file}/reason/{}", reason.id.get_ref());
            if self.declare(source, source.line(&reason.id), &element) {
                reasons.push((reason.id.into_inner(), titles(reason.title)));
            }
        }
        reasons
    }
}

/// What is excluded, with the titles of its reasons; nothing if a reason has none.
fn excluded(reasons: &[(RuleId, Titles)], raw: Vec<RawExcluded>) -> Option<Vec<ExcludedCount>> {
    let known = |it: RawExcluded| {
        let (_, title) = reasons.iter().find(|(id, _)| *id == it.reason)?;
        Some(ExcludedCount {
            reason: it.reason,
            title: title.clone(),
            number: it.number,
        })
    };
    raw.into_iter().map(known).collect()
}

pub(super) fn counted(raw: RawCounted) -> OutsideCount {
    match raw {
        RawCounted::Episodes => OutsideCount::Episodes,
        RawCounted::Discharges => OutsideCount::Discharges,
        RawCounted::Patients => OutsideCount::Patients,
    }
}
