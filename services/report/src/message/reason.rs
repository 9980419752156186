//! Reasons and notes as messages: every code of the figures in its code on the wire.

use std::collections::BTreeSet;

use medvirk_proto::indicator::v1 as wire;
use medvirk_proto::indicator::v1::reason::Code;

use crate::figures::{
    ChartNote, FigureNote, NoChartReason, NoFunnelReason, NoIntervalReason, WithheldReason,
};

/// The arguments of a code that says it all.
const NONE: wire::NoArguments = wire::NoArguments {};

impl From<WithheldReason> for wire::Reason {
    fn from(reason: WithheldReason) -> Self {
        of(match reason {
            WithheldReason::TooFew => Code::TooFew(NONE),
            WithheldReason::Waits => Code::Waits(NONE),
            WithheldReason::NotClosed(it) => Code::NotClosed(month(it)),
            WithheldReason::BeforeFirstClose(it) => Code::BeforeFirstClose(month(it)),
            WithheldReason::ReleasedTogether(span) => Code::ReleasedTogether(wire::SpanArguments {
                from: span.first.to_string(),
                to: span.last.to_string(),
            }),
            WithheldReason::BelowMinimum { minimum, identity } => {
                Code::BelowMinimum(wire::MinimumArguments {
                    minimum,
                    identity: identity.as_str().to_owned(),
                })
            }
            WithheldReason::NotInCatalogue => Code::NotInCatalogue(NONE),
            WithheldReason::NothingToDivideBy => Code::NothingToDivideBy(NONE),
            WithheldReason::NoSpreadToDivideBy => Code::NoSpreadToDivideBy(NONE),
            WithheldReason::NoOwnRow => Code::NoOwnRow(NONE),
            WithheldReason::RestIsPooled => Code::RestIsPooled(NONE),
            WithheldReason::PeriodCutOff => Code::PeriodCutOff(NONE),
            WithheldReason::RowsReachBeyond => Code::RowsReachBeyond(NONE),
        })
    }
}

impl From<NoIntervalReason> for wire::Reason {
    fn from(reason: NoIntervalReason) -> Self {
        of(match reason {
            NoIntervalReason::Total => Code::Total(NONE),
            NoIntervalReason::TwoMeans => Code::TwoMeans(NONE),
            NoIntervalReason::TwoTotals => Code::TwoTotals(NONE),
            NoIntervalReason::EffectSize => Code::EffectSize(NONE),
            NoIntervalReason::SpreadNotKept => Code::SpreadNotKept(NONE),
            NoIntervalReason::NoSpread => Code::NoSpread(NONE),
        })
    }
}

impl From<FigureNote> for wire::Reason {
    fn from(note: FigureNote) -> Self {
        of(match note {
            FigureNote::CountsCodes => Code::CountsCodes(NONE),
            FigureNote::OnceInEachOrganisation => Code::OnceInEachOrganisation(NONE),
            FigureNote::OnceInEachYear => Code::OnceInEachYear(NONE),
            FigureNote::PersonMayCountTwice => Code::PersonMayCountTwice(NONE),
            FigureNote::AtLeastSoMany => Code::AtLeastSoMany(NONE),
            FigureNote::AllParts => Code::AllParts(NONE),
            FigureNote::JoinedOverParts => Code::JoinedOverParts(NONE),
            FigureNote::JoinedRowsLeftOut => Code::JoinedRowsLeftOut(NONE),
            FigureNote::LongerRowsLeftOut => Code::LongerRowsLeftOut(NONE),
            FigureNote::MonthsWithoutRow => Code::MonthsWithoutRow(NONE),
            FigureNote::OlderRowsLeftOut => Code::OlderRowsLeftOut(NONE),
            FigureNote::PooledRowsLeftOut => Code::PooledRowsLeftOut(NONE),
            FigureNote::OneTherapist => Code::OneTherapist(NONE),
            FigureNote::OneDevice => Code::OneDevice(NONE),
            FigureNote::ClosedUntil(it) => Code::ClosedUntil(month(it)),
            FigureNote::SpreadOfOwnRows(it) => {
                Code::SpreadOfOwnRows(wire::YearsArgument { years: years(&it) })
            }
            FigureNote::SpreadOfOrganisation {
                organisation,
                years: it,
            } => Code::SpreadOfOrganisation(wire::LenderArguments {
                organisation,
                years: years(&it),
            }),
        })
    }
}

impl From<NoChartReason> for wire::Reason {
    fn from(reason: NoChartReason) -> Self {
        of(match reason {
            NoChartReason::RollingPeriodsOverlap => Code::RollingPeriodsOverlap(NONE),
            NoChartReason::TooFewPeriods => Code::TooFewPeriods(NONE),
            NoChartReason::NotAProportion => Code::NotAProportion(NONE),
            NoChartReason::TooFewInARow => Code::TooFewInARow(NONE),
        })
    }
}

impl From<ChartNote> for wire::Reason {
    fn from(note: ChartNote) -> Self {
        of(match note {
            ChartNote::PreliminaryLimits => Code::PreliminaryLimits(NONE),
            ChartNote::PeriodsLeftOut => Code::PeriodsLeftOut(NONE),
        })
    }
}

impl From<NoFunnelReason> for wire::Reason {
    fn from(reason: NoFunnelReason) -> Self {
        of(match reason {
            NoFunnelReason::NoWhole => Code::NoWhole(NONE),
            NoFunnelReason::SpreadUnknown => Code::FunnelSpreadUnknown(NONE),
            NoFunnelReason::NoSpread => Code::FunnelWithoutSpread(NONE),
        })
    }
}

fn of(code: Code) -> wire::Reason {
    wire::Reason { code: Some(code) }
}

fn month(month: medvirk_domain::time::Month) -> wire::MonthArgument {
    wire::MonthArgument {
        month: month.to_string(),
    }
}

fn years(years: &BTreeSet<i32>) -> Vec<u32> {
    years.iter().map(|year| year.unsigned_abs()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    /// The contract of the interface, which lists every code and its arguments.
    const CONTRACT: &str = include_str!("../../openapi.json");

    /// The page's texts, by language.
    const TEXTS: [(&str, &str); 4] = [
        ("nb", include_str!("../../web/src/lang/reasons/nb.json")),
        ("nn", include_str!("../../web/src/lang/reasons/nn.json")),
        ("en", include_str!("../../web/src/lang/reasons/en.json")),
        ("se", include_str!("../../web/src/lang/reasons/se.json")),
    ];

    /// The names of the arguments of every code.
    fn codes() -> BTreeMap<String, BTreeSet<String>> {
        let contract: Value = serde_json::from_str(CONTRACT).unwrap();
        let schemas = &contract["components"]["schemas"];
        let all = schemas["Reason"]["oneOf"].as_array().unwrap();
        let code = |one: &Value| {
            let [code] = &one["properties"]["code"]["enum"].as_array().unwrap()[..] else {
                panic!("{one} is not about one code");
            };
            let arguments = &one["properties"]["arguments"]["$ref"];
            let name = arguments.as_str().unwrap().rsplit('/').next().unwrap();
            let names = schemas[name]["properties"].as_object();
            let names = names.map(|all| all.keys().cloned().collect());
            (code.as_str().unwrap().to_owned(), names.unwrap_or_default())
        };
        all.iter().map(code).collect()
    }

    /// What stands between braces in a text.
    fn braces(text: &str) -> BTreeSet<String> {
        let opened = text.split('{').skip(1);
        opened
            .map(|rest| rest.split('}').next().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn every_code_has_a_text_with_its_arguments_in_every_language_and_no_text_lacks_a_code() {
        let codes = codes();
        assert!(codes.len() >= 45, "{codes:?}");
        for (language, texts) in TEXTS {
            let texts: BTreeMap<String, String> = serde_json::from_str(texts).unwrap();
            let known: Vec<&String> = texts.keys().collect();
            assert_eq!(known, codes.keys().collect::<Vec<_>>(), "{language}");
            for (code, text) in &texts {
                assert_eq!(braces(text), codes[code], "{language}: {code}");
                assert!(text.len() > braces(text).len(), "{language}: {code}");
            }
        }
    }

    #[test]
    fn every_code_is_one_that_the_report_gives() {
        let source = include_str!("reason.rs").replace(|it: char| !it.is_alphanumeric(), " ");
        for code in codes().keys() {
            let name: String = code
                .split('-')
                .map(|word| word[..1].to_uppercase() + &word[1..])
                .collect();
            let given = format!(" Code  {name} ");
            assert!(source.contains(&given), "{code} is given nowhere");
        }
    }
}
