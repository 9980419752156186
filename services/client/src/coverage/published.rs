//! The shares that the report makes of the numbers of its catalogue.

use std::collections::BTreeMap;

use comfy_table::{Table, presets};
use medvirk_proto::indicator::v1::indicator_service_client::IndicatorServiceClient;
use medvirk_proto::indicator::v1::{self as wire, QueryCoverageRequest};
use medvirk_terminal::output::print;
use serde::Serialize;

use crate::arguments::{CoverageArguments, FormatArgument};
use crate::connect::connect;
use crate::csv_text::csv_text;
use crate::reason::sentence;

/// One share that the report has published.
#[derive(Debug, Serialize)]
struct PublishedShare {
    measure: String,
    share: String,
    title: String,
    organisation: String,
    year: u32,
    /// The last month that is shown.
    until: String,
    /// How many persons or codes there are.
    count: u64,
    counts: String,
    of: u64,
    /// None while the year is not closed: the source has counted the whole of it.
    percent: Option<f64>,
    /// Why there is no percentage.
    reason: String,
    source: String,
    date: String,
    note: String,
    /// Whom the source excludes from what it has counted: reasons and numbers.
    excluded: String,
}

/// Asks, and prints; titles and notes in the first of English and Norwegian that there is.
pub(super) async fn coverage(args: CoverageArguments) -> anyhow::Result<()> {
    let mut client = IndicatorServiceClient::new(connect(&args.target, "dashboard").await?)
        .max_decoding_message_size(256 << 20);
    let query = QueryCoverageRequest {
        measure: args.measure.unwrap_or_default(),
        ..QueryCoverageRequest::default()
    };
    let answer = client.query_coverage(query).await?.into_inner();
    let shares: Vec<PublishedShare> = answer.coverage.into_iter().map(share).collect();
    print(&match args.format {
        FormatArgument::Table => table(&shares),
        FormatArgument::Csv => csv_text(&shares)?,
        FormatArgument::Json => serde_json::to_string_pretty(&shares)? + "\n",
    })
}

fn share(it: wire::Coverage) -> PublishedShare {
    PublishedShare {
        measure: it.measure,
        share: it.share,
        title: text(&it.title),
        organisation: it.organisation,
        year: it.year,
        until: it.until,
        count: it.count,
        counts: it.counts,
        of: it.of,
        percent: it.percent,
        reason: sentence(it.reason.as_ref()),
        source: it.source,
        date: it.date,
        note: text(&it.note),
        excluded: excluded(&it.excluded),
    }
}

fn excluded(excluded: &[wire::Exclusion]) -> String {
    let each = excluded
        .iter()
        .map(|it| format!("{}: {}", text(&it.title), it.number));
    each.collect::<Vec<_>>().join("; ")
}

fn text(by_language: &BTreeMap<String, String>) -> String {
    let mut languages = ["en", "nb", "nn"].into_iter();
    let found = languages.find_map(|language| by_language.get(language));
    found.cloned().unwrap_or_default()
}

fn table(shares: &[PublishedShare]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "share",
        "organisation",
        "year",
        "n",
        "of",
        "excluded",
        "percent",
        "source",
        "date",
        "note",
    ]);
    for it in shares {
        let year = if it.until.ends_with("-12") {
            it.year.to_string()
        } else {
            format!("{} until {}", it.year, it.until)
        };
        table.add_row([
            format!("{}/{}", it.measure, it.share),
            it.organisation.clone(),
            year,
            it.count.to_string(),
            format!("{} {}", it.of, it.counts),
            it.excluded.clone(),
            it.percent
                .map_or_else(|| it.reason.clone(), |percent| format!("{percent:.1} %")),
            it.source.clone(),
            it.date.clone(),
            it.note.clone(),
        ]);
    }
    format!("{table}\n")
}
