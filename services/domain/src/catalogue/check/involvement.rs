//! Rules of the form that leaders of units fill in.

use std::collections::BTreeSet;

use super::titles::check_titles;
use crate::catalogue::draft::CatalogueDraft;
use crate::catalogue::involvement::InvolvementQuestion;
use crate::catalogue::problem::{CatalogueLimits, ProblemReport};

/// It asks for something, and whatever it asks for can be answered.
pub(super) fn answerable(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    let Some(form) = &draft.involvement else {
        return;
    };
    if form.items.is_empty() {
        report.add("involvement", "involvement", "the form needs an item");
    }
    for item in &form.items {
        let element = format!("involvement/item/{}", item.id);
        match &item.asks {
            InvolvementQuestion::Count(0) => {
                report.add(&element, "involvement", "max must be at least 1")
            }
            InvolvementQuestion::Choices(choices) => {
                let ids: BTreeSet<_> = choices.iter().map(|choice| &choice.id).collect();
                if ids.is_empty() || ids.len() < choices.len() {
                    let message = "needs choices of different ids";
                    report.add(&element, "involvement", message);
                }
            }
            InvolvementQuestion::Degree | InvolvementQuestion::Count(_) => {}
        }
    }
}

/// The form, its items and their choices have titles.
pub(super) fn involvement_title(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    let Some(form) = &draft.involvement else {
        return;
    };
    check_titles("involvement/title", &form.title, report);
    for item in &form.items {
        let element = format!("involvement/item/{}", item.id);
        check_titles(&element, &item.title, report);
        if let InvolvementQuestion::Choices(choices) = &item.asks {
            for choice in choices {
                check_titles(&element, &choice.title, report);
            }
        }
    }
}
