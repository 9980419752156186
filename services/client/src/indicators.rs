//! `medvirk indicators`: shows figures. Comes in: the answer of `QueryIndicators`. Goes out: a
//! table, CSV or JSON. The invariant: what is not shown is never printed as nought.

use comfy_table::{Table, presets};
use medvirk_proto::indicator::v1::indicator_service_client::IndicatorServiceClient;
use medvirk_proto::indicator::v1::{
    Figure, Indicator, ListIndicatorsRequest, Period as Wire, QueryIndicatorsRequest,
};
use serde::Serialize;

use super::connect::connect;
use crate::arguments::{FormatArgument, IndicatorsArguments, PeriodArgument};
use crate::reason::sentence;

/// Asks the report for indicators, and prints them.
pub async fn indicators(args: IndicatorsArguments) -> anyhow::Result<()> {
    let mut client = IndicatorServiceClient::new(connect(&args.target, "dashboard").await?)
        .max_decoding_message_size(256 << 20);
    let period = match args.period {
        PeriodArgument::Row => Wire::Row,
        PeriodArgument::Span => Wire::Span,
        PeriodArgument::Year => Wire::Year,
    };
    let query = QueryIndicatorsRequest {
        measure: args.measure.unwrap_or_default(),
        indicator: args.indicator.unwrap_or_default(),
        organisation: args.org.unwrap_or_default(),
        from: args.from.unwrap_or_default(),
        to: args.to.unwrap_or_default(),
        period: period.into(),
        ..QueryIndicatorsRequest::default()
    };
    let answer = client.query_indicators(query).await?.into_inner();
    let text = match args.format {
        FormatArgument::Table => {
            let list = client.list_indicators(ListIndicatorsRequest {}).await?;
            let table = table(&answer.figures, &answer.shown_until, args.all);
            table + &foot_notes(&answer.figures, &list.into_inner().indicators)
        }
        FormatArgument::Csv => csv(&answer.figures)?,
        FormatArgument::Json => json(&answer.figures)?,
    };
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// A figure as JSON has it.
#[derive(Serialize)]
struct ShownFigure<'a> {
    measure: &'a str,
    indicator: &'a str,
    organisation: &'a str,
    level: &'a str,
    part: &'a str,
    from: &'a str,
    to: &'a str,
    persons: Option<u64>,
    value: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    target: Option<f64>,
    attainment: &'a str,
    shown: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl<'a> ShownFigure<'a> {
    fn of(figure: &'a Figure) -> Self {
        Self {
            measure: &figure.measure,
            indicator: &figure.indicator,
            organisation: &figure.organisation,
            level: &figure.level,
            part: &figure.part,
            from: &figure.from,
            to: &figure.to,
            persons: figure.persons,
            value: figure.value,
            lower: figure.lower,
            upper: figure.upper,
            target: figure.target,
            attainment: &figure.attainment,
            shown: figure.shown,
            reason: figure.reason.as_ref().map(|reason| sentence(Some(reason))),
        }
    }
}

fn json(figures: &[Figure]) -> anyhow::Result<String> {
    let shown: Vec<ShownFigure<'_>> = figures.iter().map(ShownFigure::of).collect();
    Ok(serde_json::to_string_pretty(&shown)? + "\n")
}

/// A column of the CSV: its header, and what a figure has there.
type CsvColumn = (&'static str, fn(&Figure) -> String);

const CSV_COLUMNS: [CsvColumn; 15] = [
    ("measure", |it| it.measure.clone()),
    ("indicator", |it| it.indicator.clone()),
    ("organisation", |it| it.organisation.clone()),
    ("level", |it| it.level.clone()),
    ("part", |it| it.part.clone()),
    ("from", |it| it.from.clone()),
    ("to", |it| it.to.clone()),
    ("persons", |it| text(it.persons)),
    ("value", |it| text(it.value)),
    ("lower", |it| text(it.lower)),
    ("upper", |it| text(it.upper)),
    ("target", |it| text(it.target)),
    ("attainment", |it| it.attainment.clone()),
    ("shown", |it| it.shown.to_string()),
    ("reason", |it| sentence(it.reason.as_ref())),
];

fn csv(figures: &[Figure]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(CSV_COLUMNS.map(|column| column.0))?;
    for figure in figures {
        writer.write_record(CSV_COLUMNS.map(|column| column.1(figure)))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// Nothing where there is no number.
fn text(number: Option<impl ToString>) -> String {
    number.map(|it| it.to_string()).unwrap_or_default()
}

fn table(figures: &[Figure], shown_until: &str, all: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "indicator",
        "organisation",
        "part",
        "from",
        "to",
        "n",
        "value",
        "95 %",
        "target",
        "",
    ]);
    let number = |value: f64| format!("{value:.1}");
    let hidden = figures
        .iter()
        .filter(|figure| !all && !figure.shown)
        .count();
    for figure in figures.iter().filter(|figure| all || figure.shown) {
        let interval = match (figure.lower, figure.upper) {
            (Some(lower), Some(upper)) => format!("{} – {}", number(lower), number(upper)),
            _ => String::new(),
        };
        let remark = if figure.shown {
            figure.attainment.clone()
        } else {
            sentence(figure.reason.as_ref())
        };
        table.add_row([
            format!("{}/{}", figure.measure, figure.indicator),
            figure.organisation.clone(),
            figure.part.clone(),
            figure.from.clone(),
            figure.to.clone(),
            text(figure.persons),
            figure.value.map(number).unwrap_or_default(),
            interval,
            figure.target.map(number).unwrap_or_default(),
            remark,
        ]);
    }
    let left_out = match hidden {
        0 => String::new(),
        hidden => format!("{hidden} more cannot be shown; --all says why.\n"),
    };
    match shown_until {
        "" => {
            "No month is closed yet. Figures appear when a month closes, five days after its end.\n"
                .to_owned()
        }
        month => format!("{table}\nShown until {month}.\n{left_out}"),
    }
}

/// What of the indicators in the table is not verified, each sentence once, with whom it is about.
fn foot_notes(figures: &[Figure], indicators: &[Indicator]) -> String {
    let mut notes: Vec<(&str, Vec<String>)> = Vec::new();
    let is_told = |one: &Indicator| {
        let same = |f: &&Figure| f.measure == one.measure && f.indicator == one.indicator;
        figures.iter().filter(same).any(|figure| figure.shown)
    };
    for indicator in indicators.iter().filter(|one| is_told(one)) {
        let name = format!("{}/{}", indicator.measure, indicator.indicator);
        for sentence in &indicator.unverified {
            match notes.iter_mut().find(|(known, _)| known == sentence) {
                Some((_, names)) => names.push(name.clone()),
                None => notes.push((sentence, vec![name.clone()])),
            }
        }
    }
    if notes.is_empty() {
        return String::new();
    }
    let lines = notes
        .into_iter()
        .map(|(sentence, names)| format!("  {sentence}\n    [{}]\n", names.join(", ")));
    format!("\nNot verified:\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_verified_stands_once_under_the_table_with_whom_it_is_about() {
        let indicator = |id: &str, unverified: &[&str]| Indicator {
            measure: "m".to_owned(),
            indicator: id.to_owned(),
            unverified: unverified.iter().map(|text| (*text).to_owned()).collect(),
            ..Indicator::default()
        };
        let figure = |id: &str, shown| Figure {
            measure: "m".to_owned(),
            indicator: id.to_owned(),
            shown,
            ..Figure::default()
        };
        let list = [
            indicator("a", &["Cut-off 25."]),
            indicator("b", &["Cut-off 25.", "Levels: the demo's."]),
            indicator("c", &["Not in the table."]),
        ];
        let figures = [figure("a", true), figure("b", true), figure("c", false)];
        assert_eq!(
            foot_notes(&figures, &list),
            "\nNot verified:\n  Cut-off 25.\n    [m/a, m/b]\n  Levels: the demo's.\n    [m/b]\n"
        );
        assert_eq!(foot_notes(&figures[2..], &list), "");
    }
}
