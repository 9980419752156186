//! Every reason and note that a figure can bear, in one place. The invariant: none of them has a
//! number about persons in it, except the catalogue's own minimum.

use medvirk_domain::catalogue::Identity;
use medvirk_domain::time::Month;

use super::query::Span;

// Why nothing is shown.
pub(super) const TOO_FEW: &str = "not shown: too few, or too much from one source or organisation";
pub(super) const NOT_MEASURED: &str = "not shown: what it is made of was not in the catalogue then";
pub(super) const NO_DIVISOR: &str = "not shown: there is nothing to divide by";
pub(super) const NO_SPREAD_TO_DIVIDE_BY: &str =
    "not shown: no row of the year, here or above, has enough persons to give a spread";
pub(super) const NO_OWN_ROW: &str = "not shown: this organisation has no row of its own; \
     ask for the period span or year to sum the organisations below it";

pub(super) const WAITS: &str = "not shown yet: if there are answers, they wait, and are shown \
     together with later ones when the tertial or the year closes";
pub(super) const ONLY_POOLED: &str =
    "not shown: the rest cannot be told from rows that pool it with this organisation";

pub(super) const CUT_OFF: &str =
    "not shown: only a part of this period was asked for, and a part is no whole period";
pub(super) const ROWS_MISSING: &str = "not shown: some of what was released reaches beyond these \
     twelve months, so they would not be about everybody";

// Why there is no funnel, and no control chart.
pub(super) const NO_WHOLE: &str = "no funnel: there is no figure of the whole to compare with";
pub(super) const NO_FUNNEL: &str = "no funnel: the spread of such a figure is not known";
pub(crate) const ROLLING_CHART: &str =
    "no control chart: rolling periods overlap, so one answer would count as several signals";
pub(crate) const FEW_POINTS: &str =
    "no control chart: fewer than eight periods are shown, too few to tell chance from change";
pub(crate) const NOT_A_SHARE: &str = "no control chart: a p-chart needs a proportion";
pub(crate) const PRELIMINARY: &str =
    "the limits rest on fewer than thirteen periods and are preliminary";
pub(crate) const FEW_RANGES: &str =
    "no control chart: too few of the periods that are shown follow each other";
pub(crate) const GAPS: &str = "periods without a figure are left out of the control chart, and \
     nothing is joined across them";

// Why there is no interval.
pub(super) const A_TOTAL: &str = "no interval: it is a total";
pub(super) const TWO_MEANS: &str = "computed from two means; its spread is not known";
pub(super) const TWO_TOTALS: &str = "computed from two totals; its spread is not known";
pub(super) const EFFECT_SIZE: &str = "no interval: it is a mean over a standard deviation";
pub(super) const SPREAD_NOT_KEPT: &str = "no interval: the spread of this variable is not kept";
pub(super) const NO_SPREAD: &str =
    "no interval: no row of the year, here or above, has enough persons to give a spread";

// What to know when reading it.
pub(super) const CODES: &str = "counts survey codes, not persons; a person may hold two";
pub(super) const EACH_ORGANISATION: &str = "a person may count once in each organisation";
pub(super) const EACH_YEAR: &str = "a person may count once in each year";
pub(super) const TWICE: &str = "a person may count twice";
pub(super) const AT_LEAST: &str =
    "at least so many persons: some rows of the year came before these";
pub(super) const ALL_PARTS: &str = "all parts together";
pub(super) const JOINED: &str = "joined over parts";
pub(super) const JOINED_ELSEWHERE: &str = "rows that are joined over parts are not in it";
pub(super) const REACHES_BEYOND: &str = "rows that reach beyond these months are not in it";
pub(super) const BARE_MONTHS: &str = "some of these months have no row";
pub(super) const SOME_NOT_MEASURED: &str =
    "rows from before this was in the catalogue are not in it";
pub(super) const POOLED_LEFT_OUT: &str =
    "rows that pool this organisation with others are not in the rest";
pub(super) const ONE_THERAPIST: &str = "the unit is registered as having one therapist";
pub(super) const ONE_DEVICE: &str = "the unit is registered as having one device";

pub(crate) fn not_closed(month: Month) -> String {
    format!("not yet: {month} is not closed")
}

pub(super) fn before_the_first(month: Month) -> String {
    format!("not shown: the first month that was closed is {month}")
}

pub(super) fn only_within(span: Span) -> String {
    format!(
        "not shown: what could be released covers {} to {} together",
        span.first, span.last
    )
}

pub(super) fn below_minimum(minimum: u32, identity: Identity) -> String {
    let who = match identity {
        Identity::Person => "persons",
        Identity::Code => "codes",
    };
    format!("not shown: fewer than {minimum} {who}")
}

pub(super) fn closed_until(month: Month) -> String {
    format!("closed until {month} only")
}

/// `year` is one year, or several with commas.
pub(super) fn spread_of_own(year: &str) -> String {
    format!("the interval rests on the spread of this organisation's larger rows of {year}")
}

/// The same, of an organisation above.
pub(super) fn spread_of(organisation: &str, year: &str) -> String {
    format!("the interval rests on the spread of the rows of {organisation} of {year}")
}

#[cfg(test)]
mod tests {
    /// The page's translations of what stands in this file.
    const SENTENCES: &str = include_str!("../../web/src/lang/sentences.json");

    /// Every sentence of this file: what stands between quotation marks and has a blank.
    fn sentences() -> Vec<String> {
        let source = include_str!("words.rs");
        let source = source.split("#[cfg(test)]").next().unwrap();
        let code: Vec<&str> = source
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        // A backslash at the end of a line joins it to the next one.
        let mut code = code.join("\n");
        while let Some(place) = code.find("\\\n") {
            let rest = code[place + 2..].trim_start().to_owned();
            code.truncate(place);
            code += &rest;
        }
        let quoted = code.split('"').skip(1).step_by(2);
        quoted
            .filter(|text| text.contains(' '))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn the_page_has_every_sentence_in_its_languages() {
        let known: Vec<std::collections::BTreeMap<String, String>> =
            serde_json::from_str(SENTENCES).unwrap();
        let all = sentences();
        assert!(all.len() >= 38, "{all:?}");
        for sentence in all {
            let found = known.iter().find(|each| each["en"] == sentence);
            let found = found.unwrap_or_else(|| panic!("{sentence:?} is not translated"));
            assert!(!found["nb"].is_empty() && !found["nn"].is_empty());
        }
    }
}
