//! Questions as they come over any protocol. Comes in: words. Goes out: a [`FigureQuery`]. The
//! invariant: an empty word means all, and a word that means nothing is refused with its field.

use medvirk_domain::limits::MAX_ID_LENGTH;
use medvirk_domain::time::Month;

use medvirk_proto::indicator::v1 as wire;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::Error;
use crate::figures::process::{ChartKind, ChartQuery, MovingRanges};
use crate::figures::{FigurePeriod, FigureQuery, OrganisationLevel, SeriesSpacing};
use crate::statistics::rules::SignalRules;

/// What is wrong with a page token.
const STRANGE_PAGE: &str = "the token is of another question, or a month was closed since; \
     begin again without it";

/// The words of a question; empty where nothing was said.
#[derive(Debug, Default)]
pub(crate) struct IndicatorQuestion {
    pub(crate) measure: String,
    pub(crate) indicator: String,
    pub(crate) organisation: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) level: String,
    pub(crate) period: FigurePeriod,
    pub(crate) limit: u32,
    pub(crate) page: String,
}

/// A question about one indicator of one organisation.
#[derive(Debug)]
pub(crate) struct SeriesQuestion {
    pub(crate) query: FigureQuery,
    /// As asked; `None` where nothing was said.
    pub(crate) part: Option<String>,
}

/// Which part of a long answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AnswerPage {
    /// Figures that came before.
    from: usize,
    /// At most so many now.
    limit: usize,
    /// The hash of the question.
    asked: u64,
    /// What the token says that it was given for.
    given_for: Option<u64>,
}

impl IndicatorQuestion {
    /// Which part of the answer; to be read before the words.
    pub(crate) fn page(&self) -> Result<AnswerPage, Error> {
        let token = |text: &str| {
            let (from, given_for) = text.split_once('.')?;
            Some((from.parse().ok()?, u64::from_str_radix(given_for, 16).ok()?))
        };
        let (from, given_for) = match self.page.as_str() {
            "" => (0, None),
            text => {
                let (from, of) = token(text).ok_or_else(|| malformed("page", &STRANGE_PAGE))?;
                (from, Some(of))
            }
        };
        let words = [
            &self.measure,
            &self.indicator,
            &self.organisation,
            &self.from,
            &self.to,
            &self.level,
        ];
        let asked = format!("{words:?} {:?} {}", self.period, self.limit);
        Ok(AnswerPage {
            from,
            limit: match self.limit {
                0 => usize::MAX,
                limit => limit as usize,
            },
            asked: xxh3_64(asked.as_bytes()),
            given_for,
        })
    }

    /// Reads the words as a query.
    pub(crate) fn read(self) -> Result<FigureQuery, Error> {
        Ok(FigureQuery {
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

// === impl Page ===

impl AnswerPage {
    /// Keeps what the page holds, and gives the token of the next one. A close in between makes
    /// a token worthless, so that no two pages are of different closes.
    pub(crate) fn cut<T>(self, all: &mut Vec<T>, until: Option<Month>) -> Result<String, Error> {
        let until = until.map(|month| month.to_string()).unwrap_or_default();
        let of = xxh3_64(format!("{:x} {until}", self.asked).as_bytes());
        if self.given_for.is_some_and(|given_for| given_for != of) || self.from > all.len() {
            return Err(malformed("page", &STRANGE_PAGE));
        }
        all.drain(..self.from);
        if all.len() <= self.limit {
            return Ok(String::new());
        }
        all.truncate(self.limit);
        Ok(format!("{}.{of:x}", self.from + self.limit))
    }
}

// === impl One ===

impl SeriesQuestion {
    pub(crate) fn series(asked: wire::GetSeriesRequest) -> Result<(Self, ChartQuery), Error> {
        let wish = ChartQuery {
            spacing: match asked.period.as_str() {
                "" | "month" => SeriesSpacing::Month,
                "tertial" => SeriesSpacing::Tertial,
                "year" => SeriesSpacing::Year,
                "rolling" => SeriesSpacing::Rolling,
                _ => {
                    let rule = "a period is month, tertial, year or rolling";
                    return Err(malformed("period", &rule));
                }
            },
            chart: match asked.chart.as_str() {
                "" => None,
                "xmr" => Some(ChartKind::Xmr),
                "p" => Some(ChartKind::P),
                _ => return Err(malformed("chart", &"a chart is xmr or p")),
            },
            rules: match asked.rules.as_str() {
                "" | "nhs" => SignalRules::Nhs,
                "anhoj" => SignalRules::Anhoj,
                _ => return Err(malformed("rules", &"rules are nhs or anhoj")),
            },
            moving_ranges: match asked.moving_ranges.as_str() {
                "" => None,
                "screened" => Some(MovingRanges::Screened),
                "all" => Some(MovingRanges::All),
                _ => {
                    let rule = "moving ranges are screened or all";
                    return Err(malformed("moving_ranges", &rule));
                }
            },
        };
        let organisation = needed("organisation", asked.organisation)?;
        let one = Self {
            query: FigureQuery {
                measure: Some(needed("measure", asked.measure)?),
                indicator: Some(needed("indicator", asked.indicator)?),
                organisation: Some(organisation),
                ..over_months(&asked.from, &asked.to)?
            },
            part: id("part", asked.part)?,
        };
        Ok((one, wish))
    }

    pub(crate) fn comparison(
        asked: wire::CompareRequest,
    ) -> Result<(Self, OrganisationLevel), Error> {
        let level = match asked.level.as_str() {
            "" => OrganisationLevel::Unit,
            word => word.parse().map_err(|error| malformed("level", &error))?,
        };
        let one = Self {
            query: FigureQuery {
                measure: Some(needed("measure", asked.measure)?),
                indicator: Some(needed("indicator", asked.indicator)?),
                organisation: id("organisation", asked.organisation)?,
                ..over_months(&asked.from, &asked.to)?
            },
            part: id("part", asked.part)?,
        };
        Ok((one, level))
    }

    pub(crate) fn rest(asked: wire::CompareWithRestRequest) -> Result<Self, Error> {
        let organisation = needed("organisation", asked.organisation)?;
        Ok(Self {
            query: FigureQuery {
                measure: Some(needed("measure", asked.measure)?),
                indicator: Some(needed("indicator", asked.indicator)?),
                organisation: Some(organisation),
                ..over_months(&asked.from, &asked.to)?
            },
            part: id("part", asked.part)?,
        })
    }
}

/// A question about everything over a span of months.
fn over_months(from: &str, to: &str) -> Result<FigureQuery, Error> {
    Ok(FigureQuery {
        from: month("from", from)?,
        to: month("to", to)?,
        period: FigurePeriod::Span,
        ..FigureQuery::default()
    })
}

fn needed(field: &'static str, word: String) -> Result<String, Error> {
    id(field, word)?.ok_or_else(|| malformed(field, &"an id is needed"))
}

fn id(field: &'static str, word: String) -> Result<Option<String>, Error> {
    match word.len() {
        0 => Ok(None),
        1..=MAX_ID_LENGTH => Ok(Some(word)),
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
