//! Questions as they come over any protocol. Comes in: words. Goes out: a [`Query`]. The
//! invariant: an empty word means all, and a word that means nothing is refused with its field.

use medvirk_domain::time::Month;

use crate::error::Error;
use crate::figures::{Period, Query};

/// The longest id.
const ID_BYTES: usize = 64;

/// The words of a question; empty where nothing was said.
#[derive(Debug, Default)]
pub(crate) struct Question {
    pub(crate) measure: String,
    pub(crate) indicator: String,
    pub(crate) organisation: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) level: String,
    pub(crate) period: Period,
}

impl Question {
    /// Reads the words.
    pub(crate) fn read(self) -> Result<Query, Error> {
        Ok(Query {
            measure: id("measure", self.measure)?,
            indicator: id("indicator", self.indicator)?,
            organisation: id("organisation", self.organisation)?,
            from: month("from", &self.from)?,
            to: month("to", &self.to)?,
            period: self.period,
            level: match self.level.as_str() {
                "" => None,
                word => Some(word.parse().map_err(|error| malformed("level", &error))?),
            },
        })
    }
}

fn id(field: &'static str, word: String) -> Result<Option<String>, Error> {
    match word.len() {
        0 => Ok(None),
        1..=ID_BYTES => Ok(Some(word)),
        _ => Err(malformed(field, &"an id has at most 64 characters")),
    }
}

fn month(field: &'static str, word: &str) -> Result<Option<Month>, Error> {
    match word {
        "" => Ok(None),
        word => match word.parse() {
            Ok(month) => Ok(Some(month)),
            Err(_) => Err(malformed(
                field,
                &"a month is YYYY-MM, in the years 1900 to 2199",
            )),
        },
    }
}

/// A calendar year; none where nothing was said.
pub(crate) fn year(word: &str) -> Result<Option<i32>, Error> {
    match word {
        "" => Ok(None),
        word => match word.parse() {
            Ok(year @ 1900..=2199) => Ok(Some(year)),
            _ => Err(malformed("year", &"a year is YYYY, from 1900 to 2199")),
        },
    }
}

pub(crate) fn malformed(field: &'static str, rule: &dyn std::fmt::Display) -> Error {
    let rule = rule.to_string();
    Error::Malformed { field, rule }
}
