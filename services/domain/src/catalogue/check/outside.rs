//! Rules of what others count, and of the shares of it.

use std::collections::BTreeSet;

use super::titles::check_titles;
use crate::catalogue::draft::CatalogueDraft;
use crate::catalogue::measure::{CountedIdentity, CountedPer, Measure};
use crate::catalogue::outside::{Denominator, OutsideCount, OutsideShare};
use crate::catalogue::problem::{CatalogueLimits, ProblemReport};

/// The years of which there may be numbers.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2199;

/// The fewest that may be said to be excluded for one reason, as the fewest persons of a row.
const LEAST_EXCLUDED: u64 = 5;

/// A number is about an organisation that there is, or that there was.
pub(super) fn organisation(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    // A tree that could not be read is a problem already.
    let nation = format!("organisation/{}", draft.organisations.nation.id);
    if !draft.sites.contains(&nation) {
        return;
    }
    for (element, it) in denominators(draft) {
        let message = match (draft.organisations.has(&it.organisation), it.former) {
            (true, false) | (false, true) => continue,
            (false, false) => format!(
                "there is no organisation {}; of one that has left say former = true",
                it.organisation
            ),
            (true, true) => format!("{} is in the tree, so it is not former", it.organisation),
        };
        report.add(&element, "denominator-organisation", message);
    }
}

/// It is of a year, and was counted in it or after it.
pub(super) fn year(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (file, it) in files(draft) {
        if !YEARS.contains(&it.year) {
            let message = format!("must be from {} to {}", YEARS.start(), YEARS.end());
            report.add(&file, "denominator-year", message);
        } else if it.date.month().year() < it.year {
            let message = "what was counted before the year began cannot be of it";
            report.add(&file, "denominator-year", message);
        }
    }
}

/// Nothing is shared out among nobody.
pub(super) fn number(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (element, it) in denominators(draft) {
        if it.number == 0 {
            report.add(&element, "denominator-number", "must be at least 1");
        }
    }
}

/// Somebody is left, nobody is left out twice, so few that they could be told apart are not said to
/// be left out, and the reasons have titles.
pub(super) fn excluded(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, it) in denominators(draft) {
        let mut reasons = BTreeSet::new();
        let mut add = |message: String| report.add(&element, "denominator-excluded", message);
        for one in &it.excluded {
            if !reasons.insert(&one.reason) {
                add(format!("{} is there twice", one.reason));
            }
            if (1..LEAST_EXCLUDED).contains(&one.number) {
                add(format!(
                    "{}: from 1 to {} may single somebody out; count them with another reason",
                    one.reason,
                    LEAST_EXCLUDED - 1
                ));
            }
        }
        let sum = it.excluded.iter().map(|one| one.number);
        let sum = sum.fold(0, u64::saturating_add);
        if it.number > 0 && sum >= it.number {
            add("as many are excluded as there are".to_owned());
        }
        for one in &it.excluded {
            check_titles(&element, &one.title, report);
        }
    }
}

/// Its source is named, and its quality is described in Norwegian (both) and English.
pub(super) fn note(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (file, it) in files(draft) {
        if it.source.trim().is_empty() {
            report.add(&file, "denominator-note", "names no source");
        }
        for language in ["nb", "nn", "en"] {
            let text = it.note.get(language).map_or("", |text| text.trim());
            if text.is_empty() {
                let message = format!("has no note on its quality in {language}");
                report.add(&file, "denominator-note", message);
            }
        }
    }
}

/// A share is of a measure in which an episode or a code counts once, over what is of the same
/// kind, and of those of whom something holds.
pub(super) fn share(draft: &CatalogueDraft, _: &CatalogueLimits, report: &mut ProblemReport<'_>) {
    for (element, measure, share) in shares(draft) {
        // Of a measure that breaks a rule of its own it is not known whether it does.
        if report.blames(&format!("measure/{}", measure.id)) {
            continue;
        }
        if let Some(message) = wrong_share(measure, share) {
            report.add(&element, "outside", message);
        }
    }
}

fn wrong_share(measure: &Measure, share: &OutsideShare) -> Option<String> {
    if measure.per != CountedPer::Episode {
        return Some("only a measure in which an episode or a code counts once".to_owned());
    }
    let codes = measure.identity == CountedIdentity::Code;
    if codes != (share.over == OutsideCount::Discharges) {
        return Some("codes are a share of discharges, and nothing else is".to_owned());
    }
    let id = share.variable.as_ref()?;
    match measure.variables.iter().find(|it| it.id == *id) {
        None => Some(format!("there is no variable {id}")),
        Some(variable) if variable.value.is_two_valued() => None,
        Some(_) => Some(format!("{id} is not 1 or 0")),
    }
}

/// A share has a title.
pub(super) fn share_title(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (element, _, share) in shares(draft) {
        check_titles(&element, &share.title, report);
    }
}

fn shares(draft: &CatalogueDraft) -> impl Iterator<Item = (String, &Measure, &OutsideShare)> {
    draft.shares.iter().filter_map(|share| {
        let measure = draft.measures.get(&share.measure)?;
        let element = format!("outside/{}/{}", share.measure, share.id);
        Some((element, measure, share))
    })
}

fn denominators(draft: &CatalogueDraft) -> impl Iterator<Item = (String, &Denominator)> {
    draft.denominators.iter().map(|it| {
        let element = format!("{}/{}", file(it), it.organisation);
        (element, it)
    })
}

/// One number of each kind and year: what is said once in a file.
fn files(draft: &CatalogueDraft) -> Vec<(String, &Denominator)> {
    let mut seen = BTreeSet::new();
    let all = draft.denominators.iter().map(|it| (file(it), it));
    all.filter(|(file, _)| seen.insert(file.clone())).collect()
}

fn file(it: &Denominator) -> String {
    format!("denominators/{}/{}", it.counts.as_str(), it.year)
}
