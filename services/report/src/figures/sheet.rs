//! The figures of one measure. Comes in: its rows. Goes out: figures per organisation, part and
//! span, each with its persons, value, interval and attainment. The invariant: a figure is made
//! here and nowhere else, so every protocol shows the same.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use medvirk_domain::catalogue::{CountedIdentity, Indicator, Measure};
use medvirk_domain::ids::MeasureId;
use medvirk_domain::time::Month;

use super::amount::{self, FigureFraction};
use super::figure::{Figure, ShownFigure, TargetAttainment};
use super::persons::{self, CountedPersons};
use super::query::{CheckedQuery, FigurePeriod};
use super::reason::{FigureNote, WithheldReason};
use super::span::MonthSpan;
use super::spread::{SpreadLender, VariableSpread};
use super::table::{ExcludedOrganisation, MeasureYears, RowTables, ShownRow};
use super::tree::OrganisationLevel;

mod uncertainty;

/// The rows of one measure, sorted to whom they belong.
pub(super) struct MeasureSheet<'a> {
    pub(super) asked: &'a CheckedQuery<'a>,
    pub(super) measure: &'a Measure,
    /// The rows of the measure.
    years: MeasureYears<'a>,
    /// Spreads that were borrowed.
    lent: RefCell<BTreeMap<SpreadLender, Option<VariableSpread>>>,
    /// What was looked at last: indicators of a measure are mostly made of the same rows.
    inside: RefCell<Option<Rc<SpanRows<'a>>>>,
}

/// The rows of an organisation that lie in a span, and what they say whatever the indicator.
struct SpanRows<'a> {
    organisation: &'a str,
    span: MonthSpan,
    without: Option<&'a str>,
    rows: Vec<&'a ShownRow>,
    /// True if other rows lie partly in the span.
    reach_beyond: bool,
    counted: OnceCell<CountedPersons>,
    may_be_more: OnceCell<bool>,
}

/// What a figure is about.
#[derive(Clone, Copy)]
pub(super) struct FigureSubject<'a> {
    pub(super) indicator: &'a Indicator,
    pub(super) organisation: &'a str,
    pub(super) level: OrganisationLevel,
    pub(super) part: &'a str,
    pub(super) span: MonthSpan,
    /// An organisation below, of whose persons no row may have any: the figure is of the rest.
    pub(super) without: Option<&'a str>,
}

impl<'a> MeasureSheet<'a> {
    pub(super) fn new(asked: &'a CheckedQuery<'a>, id: &MeasureId, rows: &'a RowTables) -> Self {
        let measures = &asked.background.catalogue().measures;
        Self {
            asked,
            measure: measures
                .get(id)
                .expect("an indicator's measure is in its catalogue"),
            years: rows.measure(id),
            lent: RefCell::default(),
            inside: RefCell::default(),
        }
    }

    /// Adds every figure of one indicator that is asked for.
    pub(super) fn indicator(&self, indicator: &'a Indicator, figures: &mut Vec<Figure>) {
        let Some(span) = self.asked.span else {
            return;
        };
        match self.asked.period {
            FigurePeriod::Row => self.each_row(indicator, span, figures),
            FigurePeriod::Span => self.summed(indicator, span, figures),
            FigurePeriod::Year => {
                for year in span.years() {
                    self.summed(indicator, year, figures);
                }
            }
        }
    }

    /// Each row by itself; of an organisation that was named and has none, the reason.
    fn each_row(&self, indicator: &'a Indicator, asked: MonthSpan, figures: &mut Vec<Figure>) {
        let before = figures.len();
        let rows: Vec<&ShownRow> = match self.asked.organisation {
            Some(organisation) => self.rows_at(organisation, asked).collect(),
            None => self.years.all(asked).collect(),
        };
        for row in ShownRow::with(&rows, &indicator.figure.variables()) {
            let about = FigureSubject {
                indicator,
                organisation: &row.organisation,
                level: row.level.into(),
                part: &row.part,
                span: span_of(row),
                without: None,
            };
            let is_asked = self.asked.is_about(about.organisation, about.level);
            let is_meant = is_asked && is_of_part(indicator, about.part);
            if is_meant && asked.holds(about.span) {
                figures.push(self.figure(about, &[row], Vec::new()));
            }
        }
        if let Some(organisation) = self.asked.organisation
            && figures.len() == before
        {
            let about = self.whole(indicator, organisation, asked);
            let mut own = self.rows_of(about).filter(|row| asked.holds(span_of(row)));
            let reason = if own.next().is_none() {
                self.why_nothing(about)
            } else {
                WithheldReason::NoOwnRow
            };
            figures.push(self.not_shown(about, reason, Vec::new()));
        }
    }

    /// All rows of the span, of each organisation that is asked for, or the reason why there are
    /// none.
    fn summed(&self, indicator: &'a Indicator, span: MonthSpan, figures: &mut Vec<Figure>) {
        for (organisation, level) in self.organisations(span) {
            let whole = self.whole(indicator, organisation, span);
            self.over_the_span(FigureSubject { level, ..whole }, figures);
        }
    }

    /// All rows of the span, of one organisation, or the reason why there are none.
    pub(super) fn over_the_span(&self, about: FigureSubject<'a>, figures: &mut Vec<Figure>) {
        let inside = self.inside(about);
        let rows = ShownRow::with(&inside.rows, &about.indicator.figure.variables());
        if rows.is_empty() {
            figures.push(self.not_shown(about, self.why_nothing(about), Vec::new()));
            return;
        }
        let mut notes = self.about_the_span(about, &inside);
        if self.has_bare_months(about.span, &rows) {
            notes.push(FigureNote::MonthsWithoutRow);
        }
        if rows.len() < inside.rows.len() {
            notes.push(FigureNote::OlderRowsLeftOut);
        }
        self.parts(about, &rows, &notes, figures);
    }

    /// The figure of all rows, and where the measure has parts, one of each part.
    fn parts(
        &self,
        about: FigureSubject<'a>,
        rows: &[&'a ShownRow],
        notes: &[FigureNote],
        figures: &mut Vec<Figure>,
    ) {
        let declared = self
            .measure
            .parts
            .iter()
            .flat_map(|p| [p.then.as_str(), p.otherwise.as_str()]);
        let found = rows.iter().map(|row| &*row.part);
        let parts: BTreeSet<&str> = declared
            .chain(found)
            .filter(|part| !part.is_empty())
            .collect();
        let mut with = notes.to_vec();
        if !parts.is_empty() {
            with.push(FigureNote::AllParts);
        }
        if is_of_part(about.indicator, "") {
            figures.push(self.figure(about, rows, with));
        }
        let any_joined = rows.iter().any(|row| row.part.is_empty());
        let meant = |part: &&str| is_of_part(about.indicator, part);
        for part in parts.into_iter().filter(meant) {
            let about = FigureSubject { part, ..about };
            let of_part: Vec<_> = rows
                .iter()
                .copied()
                .filter(|row| *row.part == *part)
                .collect();
            let mut notes = notes.to_vec();
            if any_joined {
                notes.push(FigureNote::JoinedRowsLeftOut);
            }
            figures.push(if of_part.is_empty() {
                self.not_shown(about, WithheldReason::TooFew, notes)
            } else {
                self.figure(about, &of_part, notes)
            });
        }
    }

    /// One figure of these rows, which are at least one and have the indicator's variables.
    fn figure(
        &self,
        about: FigureSubject<'a>,
        rows: &[&'a ShownRow],
        mut notes: Vec<FigureNote>,
    ) -> Figure {
        let indicator = about.indicator;
        let counted = self.counted(about, rows);
        notes.extend(self.about_the_persons(about, rows, counted));
        if counted.n < indicator.min_denominator.into() {
            let reason = WithheldReason::BelowMinimum {
                minimum: indicator.min_denominator,
                identity: self.measure.identity,
            };
            return self.not_shown(about, reason, notes);
        }
        let Some(amount) = amount::amount(indicator, rows) else {
            return self.not_shown(about, WithheldReason::NothingToDivideBy, notes);
        };
        let Some(divisor) = self.divisor(about, rows, &mut notes) else {
            return self.not_shown(about, WithheldReason::NoSpreadToDivideBy, notes);
        };
        let interval = self.interval(about, rows, counted.n, &mut notes);
        let shown = ShownFigure {
            persons: counted.n,
            value: amount.to_f64() / divisor,
            interval,
            attainment: attainment(indicator, amount),
        };
        self.with(about, Ok(shown), notes)
    }

    /// The figure that stands where nothing is shown.
    pub(super) fn not_shown(
        &self,
        about: FigureSubject<'_>,
        reason: WithheldReason,
        notes: Vec<FigureNote>,
    ) -> Figure {
        self.with(about, Err(reason), notes)
    }

    /// A figure with all that it is about.
    fn with(
        &self,
        about: FigureSubject<'_>,
        shown: Result<ShownFigure, WithheldReason>,
        notes: Vec<FigureNote>,
    ) -> Figure {
        Figure {
            measure: self.measure.id.clone(),
            indicator: about.indicator.id.clone(),
            organisation: about.organisation.to_owned(),
            level: about.level,
            part: about.part.to_owned(),
            span: about.span,
            target: about.indicator.target.map(|target| target.green.to_f64()),
            shown,
            notes,
        }
    }

    /// Why an organisation has no row in the span.
    fn why_nothing(&self, about: FigureSubject<'a>) -> WithheldReason {
        let background = self.asked.background;
        let first_shown = background.shown_span().map(|shown| shown.first);
        if let Some(first) = first_shown
            && about.span.last < first
        {
            return WithheldReason::BeforeFirstClose(first);
        }
        let from_the_first = |month: &_| first_shown.is_none_or(|first| first <= *month);
        let mut months = about.span.months().filter(from_the_first);
        if let Some(month) = months.find(|month| !background.is_shown(*month)) {
            return WithheldReason::NotClosed(month);
        }
        let meeting = self
            .rows_of(about)
            .map(span_of)
            .find(|span| about.span.meets(*span));
        match meeting {
            Some(span) if about.span.holds(span) => WithheldReason::NotInCatalogue,
            Some(span) => WithheldReason::ReleasedTogether(span),
            None => WithheldReason::TooFew,
        }
    }

    /// Notes on rows that are missing from a sum.
    fn about_the_span(&self, about: FigureSubject<'a>, inside: &SpanRows<'_>) -> Vec<FigureNote> {
        let mut notes = Vec::new();
        let background = self.asked.background;
        if let Some(until) = background.shown_until()
            && until < about.span.last
        {
            notes.push(FigureNote::ClosedUntil(until));
        }
        if inside.reach_beyond {
            notes.push(FigureNote::LongerRowsLeftOut);
        }
        notes
    }

    /// True if a shown month of the span is in the span of none of these rows.
    fn has_bare_months(&self, span: MonthSpan, rows: &[&ShownRow]) -> bool {
        // Rows of a close mostly have one span, so a run of them is looked at once.
        let spans = rows.chunk_by(|a, b| span_of(a) == span_of(b));
        let covered: BTreeSet<Month> = spans.flat_map(|run| span_of(run[0]).months()).collect();
        let mut months = span.months();
        months.any(|each| self.asked.background.is_shown(each) && !covered.contains(&each))
    }

    /// Notes on whom `persons` counts.
    fn about_the_persons(
        &self,
        about: FigureSubject<'a>,
        rows: &[&'a ShownRow],
        counted: CountedPersons,
    ) -> Vec<FigureNote> {
        let differ =
            |same: fn(&ShownRow, &ShownRow) -> bool| rows.iter().any(|row| !same(rows[0], row));
        let is_unit = about.level == OrganisationLevel::Unit;
        let single = |flag: fn(&ShownRow) -> bool| is_unit && rows.iter().any(|row| flag(row));
        let joined = self.measure.parts.is_some() && self.asked.period == FigurePeriod::Row;
        [
            (
                self.measure.identity == CountedIdentity::Code,
                FigureNote::CountsCodes,
            ),
            (joined && about.part.is_empty(), FigureNote::JoinedOverParts),
            (
                differ(|a, b| a.organisation == b.organisation),
                FigureNote::OnceInEachOrganisation,
            ),
            (
                differ(|a, b| a.first.year() == b.first.year()),
                FigureNote::OnceInEachYear,
            ),
            (counted.repeated, FigureNote::PersonMayCountTwice),
            (self.may_be_more(about, rows), FigureNote::AtLeastSoMany),
            (single(|row| row.single_therapist), FigureNote::OneTherapist),
            (single(|row| row.single_device), FigureNote::OneDevice),
        ]
        .into_iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, note)| note)
        .collect()
    }

    /// Persons of these rows.
    fn counted(&self, about: FigureSubject<'a>, rows: &[&'a ShownRow]) -> CountedPersons {
        match self.all_of(about, rows) {
            Some(all) => *all.counted.get_or_init(|| persons::count(rows)),
            None => persons::count(rows),
        }
    }

    /// True if there may have been more persons than were counted.
    fn may_be_more(&self, about: FigureSubject<'a>, rows: &[&'a ShownRow]) -> bool {
        match self.all_of(about, rows) {
            Some(all) => *all.may_be_more.get_or_init(|| self.is_least(about, rows)),
            None => self.is_least(about, rows),
        }
    }

    /// What is known of an organisation and span, if these are all its rows there.
    fn all_of(&self, about: FigureSubject<'a>, rows: &[&'a ShownRow]) -> Option<Rc<SpanRows<'a>>> {
        let last = self.inside.borrow();
        let all = last.as_ref().filter(|last| last.is_of(about))?;
        (all.rows.len() == rows.len()).then(|| all.clone())
    }

    /// The rows of an organisation in a span.
    fn inside(&self, about: FigureSubject<'a>) -> Rc<SpanRows<'a>> {
        let last = self.inside.borrow().clone();
        if let Some(last) = last.filter(|last| last.is_of(about)) {
            return last;
        }
        let mut reach_beyond = false;
        let rows = self.rows_of(about).filter(|row| {
            let held = about.span.holds(span_of(row));
            reach_beyond |= !held && about.span.meets(span_of(row));
            held
        });
        let rows = rows.collect();
        let inside = Rc::new(SpanRows {
            organisation: about.organisation,
            span: about.span,
            without: about.without,
            rows,
            reach_beyond,
            counted: OnceCell::new(),
            may_be_more: OnceCell::new(),
        });
        *self.inside.borrow_mut() = Some(inside.clone());
        inside
    }

    /// True if the persons of these rows, which are summed by who is new in them, may be more.
    fn is_least(&self, about: FigureSubject<'a>, rows: &[&ShownRow]) -> bool {
        let years = persons::years(rows);
        let of_years = |row: &&ShownRow| years.contains(&row.first.year());
        let all: Vec<&ShownRow> = self.rows_of(about).filter(of_years).collect();
        persons::may_be_more(rows, &all, |row, organisation| {
            let tree = self.asked.background.tree(row.first.year());
            tree.upwards(&row.organisation)
                .any(|each| each == organisation)
        })
    }

    /// Rows of an organisation and of all below it, but for those that may be about persons of the
    /// one that is left out: its own, of those below it, and of those that pool it with others.
    /// Only rows that begin in a year of the span: none reaches beyond its year.
    pub(super) fn rows_of(&self, about: FigureSubject<'a>) -> impl Iterator<Item = &'a ShownRow> {
        let background = self.asked.background;
        let left_out = about.without.map(|organisation| ExcludedOrganisation {
            organisation,
            background,
        });
        let years = about.span.first.year()..=about.span.last.year();
        self.years.of(about.organisation, years, left_out)
    }

    /// Rows of an organisation and of all below it, that begin in a year of the span.
    pub(super) fn rows_at(
        &self,
        organisation: &str,
        span: MonthSpan,
    ) -> impl Iterator<Item = &'a ShownRow> {
        let years = span.first.year()..=span.last.year();
        self.years.of(organisation, years, None)
    }

    /// All of the measure, of one organisation.
    pub(super) fn whole(
        &self,
        indicator: &'a Indicator,
        organisation: &'a str,
        span: MonthSpan,
    ) -> FigureSubject<'a> {
        let level = self.asked.background.level(organisation);
        FigureSubject {
            indicator,
            organisation,
            level: level.expect("the organisation was looked up before"),
            part: "",
            span,
            without: None,
        }
    }

    /// The organisations that are asked for and exist in a year of the span.
    fn organisations(&self, span: MonthSpan) -> BTreeMap<&'a str, OrganisationLevel> {
        let trees = span
            .years()
            .map(|year| self.asked.background.tree(year.first.year()));
        trees
            .flat_map(|tree| tree.all())
            .filter(|(id, level)| self.asked.is_about(id, *level))
            .collect()
    }
}

impl SpanRows<'_> {
    fn is_of(&self, about: FigureSubject<'_>) -> bool {
        (self.organisation, self.span, self.without)
            == (about.organisation, about.span, about.without)
    }
}

pub(super) fn span_of(row: &ShownRow) -> MonthSpan {
    MonthSpan {
        first: row.first,
        last: row.last,
    }
}

/// True where the indicator is about this part, or about any.
fn is_of_part(indicator: &Indicator, part: &str) -> bool {
    indicator.part.as_ref().is_none_or(|of| of.as_str() == part)
}

fn attainment(indicator: &Indicator, amount: FigureFraction) -> Option<TargetAttainment> {
    let (target, direction) = indicator.target.zip(indicator.higher_is_better)?;
    Some(amount.attainment(target, direction))
}
