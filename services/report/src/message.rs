//! Answers as messages. Comes in: figures, and what is made of them. Goes out: messages of
//! `medvirk.indicator.v1`, which gRPC sends as they are and HTTP writes as JSON. The invariant:
//! nothing is computed here, and there is no other place where a figure becomes a message.

mod reason;

use std::collections::BTreeSet;

use medvirk_domain::catalogue::{Catalogue, FinestSpan, Indicator, Organisations};
use medvirk_domain::time::Month;
use medvirk_proto::indicator::v1 as wire;

use crate::figures::process::{MovingRanges, ProcessChart};
use crate::figures::{
    Figure, NoChartReason, OrganisationComparison, PointDifference, RestComparison, SeriesPoint,
    YearCompleteness,
};
use crate::statistics::funnel;
use crate::statistics::rules::SignalRules;

/// A month, or nothing where there is none.
pub(crate) fn month(month: Option<Month>) -> String {
    month.map(|month| month.to_string()).unwrap_or_default()
}

pub(crate) fn figure(figure: Figure) -> wire::Figure {
    let blank = wire::Figure {
        measure: figure.measure.to_string(),
        indicator: figure.indicator.to_string(),
        organisation: figure.organisation,
        level: figure.level.as_str().to_owned(),
        part: figure.part,
        from: figure.span.first.to_string(),
        to: figure.span.last.to_string(),
        target: figure.target,
        notes: figure.notes.into_iter().map(Into::into).collect(),
        ..wire::Figure::default()
    };
    let shown = match figure.shown {
        Ok(shown) => shown,
        Err(reason) => {
            return wire::Figure {
                reason: Some(reason.into()),
                ..blank
            };
        }
    };
    let attainment = shown
        .attainment
        .map_or("", |attainment| attainment.as_str());
    wire::Figure {
        shown: true,
        persons: Some(shown.persons),
        value: Some(shown.value),
        lower: shown.interval.as_ref().ok().map(|ends| ends.0),
        upper: shown.interval.as_ref().ok().map(|ends| ends.1),
        attainment: attainment.to_owned(),
        reason: shown.interval.err().map(Into::into),
        ..blank
    }
}

pub(crate) fn series(
    points: Vec<SeriesPoint>,
    coverage: &[YearCompleteness],
    chart: Result<ProcessChart, NoChartReason>,
    until: Option<Month>,
) -> wire::GetSeriesResponse {
    let limits = |place: usize| {
        let chart = chart.as_ref().ok()?;
        *chart.limits.get(place)?
    };
    let points = points.into_iter().enumerate().map(|(place, point)| {
        let limits = limits(place);
        wire::SeriesPoint {
            status: point.status.as_str().to_owned(),
            change: point.change.map(difference),
            figure: Some(figure(point.figure)),
            lower_limit: limits.map(|(lower, _)| lower),
            upper_limit: limits.map(|(_, upper)| upper),
        }
    });
    let points = points.collect();
    let (process, process_reason) = match chart {
        Ok(chart) => (Some(process(chart)), None),
        Err(reason) => (None, Some(reason.into())),
    };
    wire::GetSeriesResponse {
        points,
        process,
        process_reason,
        shown_until: month(until),
        coverage: coverage.iter().map(series_coverage).collect(),
    }
}

fn series_coverage(of: &YearCompleteness) -> wire::SeriesCoverage {
    wire::SeriesCoverage {
        year: of.year.unsigned_abs(),
        persons: of.persons,
        of: of.of,
        percent: of.percent(),
        low: of.is_low(),
        closed: of.is_closed,
    }
}

fn process(chart: ProcessChart) -> wire::Process {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let signals = chart.signals.into_iter().map(|signal| wire::Signal {
        rule: signal.rule.as_str().to_owned(),
        points: signal.points.into_iter().map(count).collect(),
        high: signal.high,
    });
    let rules = match chart.rules {
        SignalRules::Nhs => "nhs",
        SignalRules::Anhoj => "anhoj",
    };
    wire::Process {
        chart: chart.kind.as_str().to_owned(),
        centre: chart.centre,
        rules: rules.to_owned(),
        signals: signals.collect(),
        runs: chart.runs.map(|runs| wire::Runs {
            useful: count(runs.useful),
            longest: count(runs.longest),
            longest_allowed: count(runs.longest_allowed),
            crossings: count(runs.crossings),
            crossings_needed: count(runs.crossings_needed),
        }),
        notes: chart.notes.into_iter().map(Into::into).collect(),
        moving_ranges: chart
            .moving_ranges
            .map_or("", MovingRanges::as_str)
            .to_owned(),
    }
}

fn difference(difference: PointDifference) -> wire::Difference {
    wire::Difference {
        value: difference.value,
        lower: difference.interval.map(|ends| ends.0),
        upper: difference.interval.map(|ends| ends.1),
        verdict: difference.verdict().as_str().to_owned(),
    }
}

/// Nothing at all while no month is shown and none was asked for.
pub(crate) fn comparison(
    comparison: Option<OrganisationComparison>,
    until: Option<Month>,
) -> wire::CompareResponse {
    let shown_until = month(until);
    let Some(comparison) = comparison else {
        return wire::CompareResponse::default();
    };
    let dispersion = comparison.dispersion;
    let compared = comparison.compared.into_iter().map(|one| {
        let place = one.place.map_or("", funnel::FunnelPlace::as_str);
        wire::Compared {
            limits: one.limits.map(limits),
            widened: one.widened.map(limits),
            place: place.to_owned(),
            figure: Some(figure(one.figure)),
        }
    });
    wire::CompareResponse {
        whole: Some(figure(comparison.whole)),
        organisations: compared.collect(),
        phi: dispersion.map(|dispersion| dispersion.phi),
        overdispersed: dispersion.is_some_and(|dispersion| dispersion.applies),
        funnel_reason: comparison.no_funnel.map(Into::into),
        shown_until,
    }
}

fn limits(limits: funnel::FunnelLimits) -> wire::FunnelLimits {
    wire::FunnelLimits {
        lower_95: limits.lower_95,
        upper_95: limits.upper_95,
        lower_998: limits.lower_998,
        upper_998: limits.upper_998,
    }
}

pub(crate) fn against_the_rest(
    told: Option<(Figure, Vec<RestComparison>)>,
    until: Option<Month>,
) -> wire::CompareWithRestResponse {
    let Some((own, rests)) = told else {
        return wire::CompareWithRestResponse::default();
    };
    let rests = rests.into_iter().map(|rest| wire::Rest {
        figure: Some(figure(rest.figure)),
        difference: rest.difference.map(difference),
    });
    wire::CompareWithRestResponse {
        own: Some(figure(own)),
        rests: rests.collect(),
        shown_until: month(until),
    }
}

/// By measure and id.
pub(crate) fn indicators(catalogue: &Catalogue) -> wire::ListIndicatorsResponse {
    let mut indicators: Vec<&Indicator> = catalogue.indicators.iter().collect();
    indicators.sort_by_key(|indicator| (&indicator.measure, &indicator.id));
    let listed = indicators.into_iter().map(|one| indicator(catalogue, one));
    wire::ListIndicatorsResponse {
        indicators: listed.collect(),
    }
}

fn indicator(catalogue: &Catalogue, one: &Indicator) -> wire::Indicator {
    let measure = catalogue.measures.get(&one.measure);
    let measure = measure.expect("an indicator's measure is in its catalogue");
    let parts = measure.parts.iter();
    let parts = parts.flat_map(|p| [p.then.to_string(), p.otherwise.to_string()]);
    let both = |own: &[String], of_measure: &[String]| [own, of_measure].concat();
    let finest = match measure.finest {
        FinestSpan::Month => "month",
        FinestSpan::Tertial => "tertial",
    };
    wire::Indicator {
        measure: one.measure.to_string(),
        indicator: one.id.to_string(),
        kind: one.kind.as_str().to_owned(),
        higher_is_better: one.higher_is_better,
        target: one.target.map(|target| target.green.to_f64()),
        title: one.title.clone(),
        parts: parts.collect(),
        identity: measure.identity.as_str().to_owned(),
        aspect: one.aspect.map_or("", |aspect| aspect.as_str()).to_owned(),
        yellow: one.target.map(|target| target.yellow.to_f64()),
        min_denominator: one.min_denominator,
        sensitive: measure.sensitive,
        description: measure.title.clone(),
        sources: both(&one.sources, &measure.sources),
        unverified: both(&one.unverified, &measure.unverified),
        part: one
            .part
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        k: measure.k,
        finest: finest.to_owned(),
    }
}

/// From the nation down, by id within a level.
pub(crate) fn organisations(
    all: &Organisations,
    shown: &BTreeSet<Month>,
) -> wire::ListOrganisationsResponse {
    let one = |level: &str, id: &str, parent: &str, title| wire::Organisation {
        organisation: id.to_owned(),
        level: level.to_owned(),
        parent: parent.to_owned(),
        title,
    };
    let nation = all.nation.id.as_str();
    let mut listed = vec![one("nation", nation, "", all.nation.title.clone())];
    for (id, region) in &all.regions {
        listed.push(one("region", id.as_str(), nation, region.title.clone()));
    }
    for (id, trust) in &all.trusts {
        let above = trust.region.as_str();
        listed.push(one("trust", id.as_str(), above, trust.title.clone()));
    }
    for (id, institution) in &all.institutions {
        let (above, title) = (institution.trust.as_str(), institution.title.clone());
        listed.push(one("institution", id.as_str(), above, title));
    }
    for (id, unit) in &all.units {
        let above = unit.institution.as_str();
        listed.push(one("unit", id.as_str(), above, unit.title.clone()));
    }
    wire::ListOrganisationsResponse {
        organisations: listed,
        shown_from: month(shown.first().copied()),
        shown_until: month(shown.last().copied()),
    }
}
