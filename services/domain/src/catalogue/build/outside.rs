//! `denominators/*.toml` → numbers that others have counted.

use super::{Builder, Source, titles};
use crate::catalogue::organisation::Titles;
use crate::catalogue::outside::{Counted, Denominator};
use crate::catalogue::source::{RawCounted, RawDenominators};
use crate::time::Day;

impl Builder {
    pub(super) fn add_denominators(&mut self, source: &Source<'_>, raw: RawDenominators) {
        let date = &raw.date;
        let Ok(date) = date.get_ref().parse::<Day>() else {
            let message = "date is the day of the extract, YYYY-MM-DD".to_owned();
            return self.refuse(source, source.line(date), "denominator-year", message);
        };
        let (counts, year) = (counted(raw.counts), *raw.year.get_ref());
        let file = format!("denominators/{}/{year}", counts.as_str());
        self.note(source, source.line(&raw.year), file.clone());
        let note = raw.note.map_or_else(Titles::new, titles);
        for number in raw.numbers {
            let line = source.line(&number);
            let number = number.into_inner();
            let element = format!("{file}/{}", number.organisation);
            if !self.declare(source, line, &element) {
                continue;
            }
            self.draft.denominators.push(Denominator {
                counts,
                year,
                organisation: number.organisation,
                number: number.number,
                source: raw.source.clone(),
                date,
                note: note.clone(),
            });
        }
    }
}

pub(super) fn counted(raw: RawCounted) -> Counted {
    match raw {
        RawCounted::Episodes => Counted::Episodes,
        RawCounted::Discharges => Counted::Discharges,
        RawCounted::Patients => Counted::Patients,
    }
}
