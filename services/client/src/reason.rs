//! The report's reasons in English. Comes in: a code with its arguments. Goes out: a sentence. The
//! invariant: no other place of the command line has words for them.

use medvirk_proto::indicator::v1 as wire;
use medvirk_proto::indicator::v1::reason::Code;

/// A reason as a sentence; empty where there is none.
pub(crate) fn sentence(reason: Option<&wire::Reason>) -> String {
    match reason {
        None => String::new(),
        Some(wire::Reason { code: None }) => {
            "for a reason that this version does not know".to_owned()
        }
        Some(wire::Reason { code: Some(code) }) => words(code),
    }
}

#[expect(clippy::too_many_lines, reason = "a list of texts, one for each code")]
fn words(code: &Code) -> String {
    let text = match code {
        Code::TooFew(_) => "not shown: too few, or too much from one source or organisation",
        Code::Waits(_) => {
            "not shown yet: if there are answers, they wait, and are shown together with later \
             ones when the tertial or the year closes"
        }
        Code::NotInCatalogue(_) => "not shown: what it is made of was not in the catalogue then",
        Code::NothingToDivideBy(_) => "not shown: there is nothing to divide by",
        Code::NoSpreadToDivideBy(_) => {
            "not shown: no row of the year, here or above, has enough persons to give a spread"
        }
        Code::NoOwnRow(_) => {
            "not shown: this organisation has no row of its own; ask for the period span or year \
             to sum the organisations below it"
        }
        Code::RestIsPooled(_) => {
            "not shown: the rest cannot be told from rows that pool it with this organisation"
        }
        Code::PeriodCutOff(_) => {
            "not shown: only a part of this period was asked for, and a part is no whole period"
        }
        Code::RowsReachBeyond(_) => {
            "not shown: some of what was released reaches beyond these twelve months, so they \
             would not be about everybody"
        }
        Code::Total(_) => "no interval: it is a total",
        Code::TwoMeans(_) => "computed from two means; its spread is not known",
        Code::TwoTotals(_) => "computed from two totals; its spread is not known",
        Code::EffectSize(_) => "no interval: it is a mean over a standard deviation",
        Code::SpreadNotKept(_) => "no interval: the spread of this variable is not kept",
        Code::NoSpread(_) => {
            "no interval: no row of the year, here or above, has enough persons to give a spread"
        }
        Code::CountsCodes(_) => "counts survey codes, not persons; a person may hold two",
        Code::OnceInEachOrganisation(_) => "a person may count once in each organisation",
        Code::OnceInEachYear(_) => "a person may count once in each year",
        Code::PersonMayCountTwice(_) => "a person may count twice",
        Code::AtLeastSoMany(_) => {
            "at least so many persons: some rows of the year came before these"
        }
        Code::AllParts(_) => "all parts together",
        Code::JoinedOverParts(_) => "joined over parts",
        Code::JoinedRowsLeftOut(_) => "rows that are joined over parts are not in it",
        Code::LongerRowsLeftOut(_) => "rows that reach beyond these months are not in it",
        Code::MonthsWithoutRow(_) => "some of these months have no row",
        Code::OlderRowsLeftOut(_) => "rows from before this was in the catalogue are not in it",
        Code::PooledRowsLeftOut(_) => {
            "rows that pool this organisation with others are not in the rest"
        }
        Code::OneTherapist(_) => "the unit is registered as having one therapist",
        Code::OneDevice(_) => "the unit is registered as having one device",
        Code::RollingPeriodsOverlap(_) => {
            "no control chart: rolling periods overlap, so one answer would count as several \
             signals"
        }
        Code::TooFewPeriods(_) => {
            "no control chart: fewer than eight periods are shown, too few to tell chance from \
             change"
        }
        Code::NotAProportion(_) => "no control chart: a p-chart needs a proportion",
        Code::TooFewInARow(_) => {
            "no control chart: too few of the periods that are shown follow each other"
        }
        Code::PreliminaryLimits(_) => {
            "the limits rest on fewer than thirteen periods and are preliminary"
        }
        Code::PeriodsLeftOut(_) => {
            "periods without a figure are left out of the control chart, and nothing is joined \
             across them"
        }
        Code::NoWhole(_) => "no funnel: there is no figure of the whole to compare with",
        Code::FunnelSpreadUnknown(_) => "no funnel: the spread of such a figure is not known",
        Code::FunnelWithoutSpread(_) => {
            "no funnel: no row of the whole has enough persons to give a spread"
        }
        Code::NotClosed(it) => return format!("not yet: {} is not closed", it.month),
        Code::BeforeFirstClose(it) => {
            return format!("not shown: the first month that was closed is {}", it.month);
        }
        Code::ReleasedTogether(it) => {
            return format!(
                "not shown: what could be released covers {} to {} together",
                it.from, it.to
            );
        }
        Code::BelowMinimum(it) => {
            return format!("not shown: fewer than {} {}s", it.minimum, it.identity);
        }
        Code::ClosedUntil(it) => return format!("closed until {} only", it.month),
        Code::SpreadOfOwnRows(it) => {
            return format!(
                "the interval rests on the spread of this organisation's larger rows of {}",
                joined(&it.years)
            );
        }
        Code::SpreadOfOrganisation(it) => {
            return format!(
                "the interval rests on the spread of the rows of {} of {}",
                it.organisation,
                joined(&it.years)
            );
        }
    };
    text.to_owned()
}

fn joined(years: &[u32]) -> String {
    let years = years.iter().map(u32::to_string);
    years.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_sentence_with_its_arguments() {
        let check = |code: Option<Code>, expect: &str| {
            assert_eq!(sentence(Some(&wire::Reason { code })), expect);
        };
        let month = "2026-10".to_owned();
        check(
            Some(Code::NotClosed(wire::MonthArgument { month })),
            "not yet: 2026-10 is not closed",
        );
        let minimum = wire::MinimumArguments {
            minimum: 6,
            identity: "code".to_owned(),
        };
        check(
            Some(Code::BelowMinimum(minimum)),
            "not shown: fewer than 6 codes",
        );
        let lender = wire::LenderArguments {
            organisation: "clinic".to_owned(),
            years: vec![2024, 2025],
        };
        check(
            Some(Code::SpreadOfOrganisation(lender)),
            "the interval rests on the spread of the rows of clinic of 2024, 2025",
        );
        check(None, "for a reason that this version does not know");
        assert_eq!(sentence(None), "");
    }
}
