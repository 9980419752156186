//! The rules of a catalogue (design §4.1), one function each. Comes in: a draft. Goes out: what
//! breaks which rule. The invariant: every rule is looked at, whatever the others found.

mod titles;

mod apart;
mod asking;
mod indicator;
mod instrument;
mod involvement;
mod judgement;
mod linear;
mod measure;
mod organisation;
mod outside;
mod variable;
mod warning;

use super::draft::CatalogueDraft;
use super::problem::{CatalogueLimits, CatalogueProblem, ProblemReport};

/// A rule: a draft, the limits, and where to put what breaks it.
type CatalogueRule = fn(&CatalogueDraft, &CatalogueLimits, &mut ProblemReport<'_>);

const RULES: &[CatalogueRule] = &[
    organisation::parent_exists,
    organisation::unit_number,
    organisation::organisation_title,
    instrument::version,
    instrument::respondents,
    instrument::item_range,
    instrument::item_values,
    instrument::scale_range,
    instrument::scale_method,
    instrument::total_only,
    asking::coding,
    asking::sentinel,
    asking::missing_as,
    asking::adaptive,
    asking::by_design,
    judgement::ages,
    judgement::cutoff,
    judgement::alert,
    judgement::norm,
    instrument::instrument_title,
    measure::known_form,
    measure::one_reader,
    measure::identity,
    measure::per,
    measure::parts,
    measure::k_and_r,
    measure::sensitive,
    measure::measure_title,
    variable::some_variable,
    variable::value_fits,
    variable::range,
    variable::over,
    variable::spread,
    variable::two_per_coarse_score,
    variable::opened_scale,
    linear::independent,
    apart::seen_items,
    apart::measures,
    indicator::figure,
    indicator::part,
    indicator::target,
    indicator::min_denominator,
    indicator::indicator_title,
    outside::organisation,
    outside::year,
    outside::number,
    outside::excluded,
    outside::note,
    outside::share,
    outside::share_title,
    involvement::answerable,
    involvement::involvement_title,
];

/// Everything that breaks a rule.
pub(super) fn check(draft: &CatalogueDraft, limits: &CatalogueLimits) -> Vec<CatalogueProblem> {
    let mut report = ProblemReport::new(&draft.sites);
    for rule in RULES {
        rule(draft, limits, &mut report);
    }
    report.finish()
}

/// What obeys every rule and can hardly be meant. It is said before a catalogue is taken into use, and
/// refuses nothing: what the log holds loads as it did.
const WARNINGS: &[CatalogueRule] = &[
    warning::file_name,
    warning::variable_range,
    warning::condition,
    warning::target,
    warning::last_code,
];

/// Everything that can hardly be meant.
pub(super) fn warn(draft: &CatalogueDraft, limits: &CatalogueLimits) -> Vec<CatalogueProblem> {
    let mut report = ProblemReport::new(&draft.sites);
    for rule in WARNINGS {
        rule(draft, limits, &mut report);
    }
    report.finish()
}
