//! Questions. Comes in: what a client named. Goes out: [`CheckedQuery`], in which every name exists and
//! the span is known. The invariant: an unknown name is refused, never answered with nothing.

use medvirk_domain::catalogue::Indicator;
use medvirk_domain::time::Month;

use super::background::FigureBackground;
use super::span::MonthSpan;
use super::tree::OrganisationLevel;

/// The longest span that may be asked for, in months.
const LONGEST: i32 = 30 * 12;

/// What a client asks. `None` means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FigureQuery {
    /// Id of a measure.
    pub measure: Option<String>,
    /// Id of an indicator, of that measure or of any.
    pub indicator: Option<String>,
    /// Id of an organisation at any level.
    pub organisation: Option<String>,
    /// First month; the first shown one where left out.
    pub from: Option<Month>,
    /// Last month; the last shown one where left out.
    pub to: Option<Month>,
    /// How rows are put together in time.
    pub period: FigurePeriod,
    /// Only organisations of this level.
    pub level: Option<OrganisationLevel>,
}

/// How the rows of an organisation are put together in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FigurePeriod {
    /// Each row by itself, with its own span.
    #[default]
    Row,
    /// All rows that lie in the asked span, summed.
    Span,
    /// All rows that lie in a calendar year and in the asked span, summed.
    Year,
}

/// Why a question is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryRefusal {
    /// The catalogue has no such measure.
    #[error("there is no measure {0:?}; the list of indicators names them")]
    UnknownMeasure(String),
    /// The catalogue has no such indicator.
    #[error("there is no indicator {0:?} among those asked for; the list of indicators names them")]
    UnknownIndicator(String),
    /// No shown year has such an organisation.
    #[error("there is no organisation {0:?}, now or in any year that is shown")]
    UnknownOrganisation(String),
    /// No such part, or not one that the indicator is shown of.
    #[error("the indicator has no part {0:?}; the list of indicators names them")]
    UnknownPart(String),
    /// The organisation is not of the level asked for.
    #[error("organisation {organisation:?} is of level {is}, not {asked}")]
    OtherLevel {
        /// Id of the organisation.
        organisation: String,
        /// Level of the organisation.
        is: OrganisationLevel,
        /// The level asked for.
        asked: OrganisationLevel,
    },
    /// The last month comes before the first.
    #[error("the last month, {last}, is before the first, {first}")]
    EmptySpan {
        /// As asked, or the first shown month.
        first: Month,
        /// As asked, or the last shown month.
        last: Month,
    },
    /// More months than one question may ask for.
    #[error("a span is at most {LONGEST} months long")]
    LongSpan,
}

/// A question of which every name exists.
#[derive(Clone)]
pub struct CheckedQuery<'a> {
    pub(super) background: &'a FigureBackground,
    /// By measure and id.
    pub(super) indicators: Vec<&'a Indicator>,
    pub(super) organisation: Option<&'a str>,
    pub(super) level: Option<OrganisationLevel>,
    /// `None` when nothing was asked for and nothing is shown.
    pub(super) span: Option<MonthSpan>,
    pub(super) period: FigurePeriod,
}

// === impl Asked ===

impl<'a> CheckedQuery<'a> {
    /// Looks every name up.
    pub fn new(
        query: &'a FigureQuery,
        background: &'a FigureBackground,
    ) -> Result<Self, QueryRefusal> {
        Ok(Self {
            background,
            indicators: indicators(query, background)?,
            organisation: organisation(query, background)?,
            level: query.level,
            span: span(query, background)?,
            period: query.period,
        })
    }

    /// The same about the nation, where no organisation is named.
    #[must_use]
    pub fn or_all(mut self) -> Self {
        let nation = &self.background.catalogue().organisations.nation;
        self.organisation = self.organisation.or(Some(nation.id.as_str()));
        self
    }

    /// The part of the one indicator that is asked for: as said, else the indicator's own, else
    /// all parts together.
    pub fn part(&self, said: Option<&str>) -> Result<String, QueryRefusal> {
        let [indicator] = &self.indicators[..] else {
            return Ok(String::new());
        };
        let only = indicator.part.as_ref().map(|part| part.as_str());
        let Some(said) = said else {
            return Ok(only.unwrap_or_default().to_owned());
        };
        let measure = self.background.catalogue().measures.get(&indicator.measure);
        let parts = measure.and_then(|measure| measure.parts.as_ref());
        let declared =
            parts.is_some_and(|p| p.then.as_str() == said || p.otherwise.as_str() == said);
        if declared && only.is_none_or(|only| only == said) {
            Ok(said.to_owned())
        } else {
            Err(QueryRefusal::UnknownPart(said.to_owned()))
        }
    }

    /// True if figures of this organisation are asked for.
    pub(super) fn is_about(&self, organisation: &str, level: OrganisationLevel) -> bool {
        self.organisation.is_none_or(|asked| asked == organisation)
            && self.level.is_none_or(|asked| asked == level)
    }
}

fn indicators<'a>(
    query: &FigureQuery,
    background: &'a FigureBackground,
) -> Result<Vec<&'a Indicator>, QueryRefusal> {
    let catalogue = background.catalogue();
    if let Some(id) = &query.measure
        && !catalogue.measures.contains_key(id.as_str())
    {
        return Err(QueryRefusal::UnknownMeasure(id.clone()));
    }
    let wanted = |asked: &Option<String>, id: &str| asked.as_deref().is_none_or(|a| a == id);
    let mut indicators: Vec<_> = catalogue
        .indicators
        .iter()
        .filter(|i| wanted(&query.measure, i.measure.as_str()))
        .filter(|i| wanted(&query.indicator, i.id.as_str()))
        .collect();
    indicators.sort_by_key(|indicator| (&indicator.measure, &indicator.id));
    match &query.indicator {
        Some(id) if indicators.is_empty() => Err(QueryRefusal::UnknownIndicator(id.clone())),
        _ => Ok(indicators),
    }
}

fn organisation<'a>(
    query: &'a FigureQuery,
    background: &FigureBackground,
) -> Result<Option<&'a str>, QueryRefusal> {
    let Some(id) = query.organisation.as_deref() else {
        return Ok(None);
    };
    match (background.level(id), query.level) {
        (None, _) => Err(QueryRefusal::UnknownOrganisation(id.to_owned())),
        (Some(is), Some(asked)) if is != asked => Err(QueryRefusal::OtherLevel {
            organisation: id.to_owned(),
            is,
            asked,
        }),
        _ => Ok(Some(id)),
    }
}

/// As asked; an end that is left out is the shown one, or where nothing is shown the other end.
fn span(
    query: &FigureQuery,
    background: &FigureBackground,
) -> Result<Option<MonthSpan>, QueryRefusal> {
    let shown = background.shown_span();
    let first = query.from.or(shown.map(|shown| shown.first)).or(query.to);
    let last = query.to.or(shown.map(|shown| shown.last)).or(query.from);
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(None);
    };
    // Asked from a month that is not closed yet, with no end: that month.
    let last = if query.to.is_none() {
        last.max(first)
    } else {
        last
    };
    // Asked up to a month before the first that is shown: that month.
    let first = if query.from.is_none() {
        first.min(last)
    } else {
        first
    };
    if last < first {
        return Err(QueryRefusal::EmptySpan { first, last });
    }
    if first.plus(LONGEST) <= last {
        return Err(QueryRefusal::LongSpan);
    }
    Ok(Some(MonthSpan { first, last }))
}
