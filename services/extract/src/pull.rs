//! A pull. Comes in: a request of somebody who may. Goes out: what the pull is of, its chunks one by
//! one, and its manifest. The invariants: every chunk of a pull is of the same snapshot, whichever
//! process makes it and whenever; a pull during which the register has lost somebody is never
//! finished.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::ids::InstrumentId;
use medvirk_domain::time::{Day, Month};
use medvirk_proto::extract::v1::{PullRequest, Snapshot};
use medvirk_runtime::auth::{AccessToken, TokenUnits};
use medvirk_runtime::clock::{oslo, rfc3339};
use medvirk_store::registry::{FormQuery, FormSource, PseudonymSlice};
use medvirk_store::{IndicatorRow, RowQuery};

use crate::content::codebook::{self, BookOf};
use crate::content::forms::FormLayout;
use crate::content::groups::FormGrouping;
use crate::content::layout_of::LayoutOf;
use crate::content::{fhir, rows, skde, versions};
use crate::dataset::{Dataset, DatasetFormat};
use crate::error::{Error, malformed};
use crate::manifest::{AnonymitySummary, DatasetManifest, ManifestPeriod, instruments};
use crate::sources::{DatasetSources, StandingClock};
use crate::table::DatasetColumn;
use crate::write::workbook::{self, CoverSheet};
use crate::write::{ChunkJoin, ChunkWriter, TextPunctuation};

mod asked;
mod groups;

use asked::PullQuery;
pub(crate) use groups::FormGroups;

/// About so many forms are in a chunk.
const ROWS_PER_CHUNK: u64 = 50_000;
/// The most chunks that a pull may have.
const MOST_CHUNKS: u32 = 65_536;

/// A pull that was asked for by somebody who may.
pub(crate) struct DatasetPull {
    pub(crate) dataset: Dataset,
    pub(crate) format: DatasetFormat,
    pub(crate) purpose: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) first_chunk: u32,
    /// Months, bands and regions instead of days, ages and units.
    pub(crate) coarse: bool,
    pub(crate) token: Arc<AccessToken>,
    pub(crate) snapshot: Snapshot,
    /// Of a file of forms: who might be found in it.
    pub(crate) groups: Option<FormGroups>,
    /// A random number in hexadecimal digits.
    pub(crate) id: String,
    catalogue: Arc<Catalogue>,
    months: RangeInclusive<Month>,
    /// Of a file for the publication service: the months that it is of, if any.
    published: Option<RangeInclusive<Month>>,
}

/// A chunk that has been made.
pub(crate) struct FinishedChunk {
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: u64,
}

impl DatasetPull {
    /// Reads a request and takes its snapshot, or looks whether the one that it brings still stands.
    pub(crate) async fn begin(
        request: PullRequest,
        token: Arc<AccessToken>,
        sources: &DatasetSources,
        id: String,
        now_ms: i64,
    ) -> Result<Self, Error> {
        let brought = request.snapshot.is_some();
        let catalogue = sources.catalogue(request.snapshot.as_ref(), now_ms).await?;
        let asked = PullQuery::read(&request, &catalogue)?;
        let mut pull = Self {
            dataset: asked.dataset,
            format: asked.format,
            purpose: request.purpose.trim().to_owned(),
            from: request.from,
            to: request.to,
            first_chunk: request.first_chunk,
            coarse: request.coarse,
            token,
            snapshot: request.snapshot.unwrap_or_default(),
            groups: None,
            id,
            catalogue,
            months: asked.months,
            published: None,
        };
        if brought {
            pull.check(sources).await?;
        } else {
            pull.take_snapshot(sources, now_ms).await?;
        }
        if pull.first_chunk > pull.snapshot.chunks {
            return Err(malformed("first_chunk", "there are not so many chunks"));
        }
        if pull.dataset == Dataset::Skde {
            let shown = pull.shown_months(sources).await?;
            let is_asked = !pull.from.is_empty() || !pull.to.is_empty();
            pull.published = skde::months(is_asked.then_some(&pull.months), &shown);
        }
        pull.groups = pull.count_groups(sources).await?;
        Ok(pull)
    }

    /// The months that were shown when the snapshot was taken.
    async fn shown_months(&self, sources: &DatasetSources) -> Result<BTreeSet<Month>, Error> {
        let until = Month::from_yyyymm(self.snapshot.shown_until);
        let shown = sources.indicators.shown_months().await?.into_iter();
        Ok(shown.filter(|month| Some(*month) <= until).collect())
    }

    async fn take_snapshot(&mut self, sources: &DatasetSources, now_ms: i64) -> Result<(), Error> {
        self.snapshot = Snapshot {
            taken_at: now_ms,
            catalogue: self.catalogue.hash.as_bytes().to_vec(),
            chunks: 1,
            ..Snapshot::default()
        };
        match &self.dataset {
            Dataset::Codebook | Dataset::FhirQuestionnaire => {}
            Dataset::Indicators | Dataset::Skde | Dataset::FhirMeasureReport => {
                let shown = sources.indicators.shown_months().await?;
                let shown = shown.last().copied().zip(shown.first().copied());
                self.snapshot.shown_until = shown.map_or(0, |(last, _)| last.yyyymm());
                let years = shown.map_or(0, |(last, first)| last.year() - first.year() + 1);
                self.snapshot.chunks = years.unsigned_abs().max(1);
            }
            Dataset::Forms(source, id) => {
                self.snapshot.bounds = sources.registry.form_bounds(*source).await?;
                let query = self.forms(*source, id)?.1;
                let received = sources.registry.count_received(&query).await?;
                self.snapshot.rows = received;
                let chunks = self.snapshot.rows.div_ceil(ROWS_PER_CHUNK).max(1);
                let chunks = u32::try_from(chunks).unwrap_or(MOST_CHUNKS);
                self.snapshot.chunks = chunks.min(MOST_CHUNKS);
            }
        }
        Ok(())
    }

    /// The register still has what the snapshot counted, in every revision: forms only ever come
    /// behind its bounds, and go when somebody withdraws.
    pub(crate) async fn check(&self, sources: &DatasetSources) -> Result<(), Error> {
        if !(1..=MOST_CHUNKS).contains(&self.snapshot.chunks) {
            return Err(malformed("snapshot", "it is not one of ours"));
        }
        if let Some((source, id)) = self.dataset.forms() {
            let query = self.forms(source, id)?.1;
            let rows = sources.registry.count_received(&query).await?;
            if rows != self.snapshot.rows {
                return Err(Error::Changed);
            }
        }
        Ok(())
    }

    /// Makes the chunk of this number, with 0 as the first.
    pub(crate) async fn chunk(
        &self,
        number: u32,
        sources: &DatasetSources,
    ) -> Result<FinishedChunk, Error> {
        match &self.dataset {
            Dataset::Codebook => self.codebook(sources).await,
            Dataset::Indicators => {
                let found = self.rows(number, sources).await?;
                let lines = found
                    .iter()
                    .flat_map(|row| rows::lines(row, &self.catalogue.organisations));
                self.table(number, &rows::columns(), lines)
            }
            Dataset::Skde => {
                let found = self.published_rows(number, sources).await?;
                let (lines, _) = skde::lines(&self.catalogue, self.year(number), &found);
                self.table(number, &skde::columns(), lines)
            }
            Dataset::FhirQuestionnaire => {
                let all = medvirk_fhir::questionnaires(&self.catalogue);
                Ok(resources(&all))
            }
            Dataset::FhirMeasureReport => {
                let found = self.rows(number, sources).await?;
                let reports = found
                    .iter()
                    .flat_map(|row| fhir::reports(&self.catalogue, row));
                Ok(resources(&reports.collect::<Vec<_>>()))
            }
            Dataset::Forms(source, id) => {
                let (layout, query) = self.forms(*source, id)?;
                let of = self.snapshot.chunks;
                self.slice(PseudonymSlice { number, of }, &layout, &query, sources)
                    .await
            }
        }
    }

    async fn codebook(&self, sources: &DatasetSources) -> Result<FinishedChunk, Error> {
        let received = sources.received().await?;
        let datasets = Dataset::all(&self.catalogue, &received);
        let of = BookOf {
            format: self.format,
            coarse: self.coarse,
        };
        let forms = codebook::forms(&self.catalogue, &datasets, of);
        if self.format == DatasetFormat::Xlsx {
            let about = CoverSheet {
                day: self.day(),
                catalogue: &self.catalogue.hash.to_string(),
            };
            let (bytes, rows) = workbook::write(&forms, &about)?;
            return Ok(FinishedChunk { bytes, rows });
        }
        self.table(0, &codebook::columns(), codebook::lines(&forms))
    }

    fn table(
        &self,
        number: u32,
        columns: &[DatasetColumn],
        lines: impl IntoIterator<Item = Vec<crate::table::TableCell>>,
    ) -> Result<FinishedChunk, Error> {
        let punctuation = match self.dataset {
            Dataset::Codebook => TextPunctuation::Norwegian,
            _ => TextPunctuation::English,
        };
        let mut chunk = ChunkWriter::new(self.format, punctuation, columns, number == 0)?;
        for line in lines {
            chunk.row(&line)?;
        }
        let (bytes, rows) = chunk.finish()?;
        Ok(FinishedChunk { bytes, rows })
    }

    async fn slice(
        &self,
        slice: PseudonymSlice,
        layout: &FormLayout,
        query: &FormQuery,
        sources: &DatasetSources,
    ) -> Result<FinishedChunk, Error> {
        let first = slice.number == 0;
        let columns = layout.columns();
        let mut chunk = ChunkWriter::new(self.format, TextPunctuation::Norwegian, columns, first)?;
        let (mut cells, mut written) = (Vec::new(), Ok(()));
        let small = self.groups.as_ref().map(|groups| groups.places(query));
        let take = |form| {
            let region_only = small.as_ref().is_some_and(|small| small.has(&form));
            layout.fill(&form, region_only, &mut cells);
            if written.is_ok() {
                written = chunk.row(&cells);
            }
        };
        sources.registry.each_form(query, slice, take).await?;
        written?;
        let (bytes, rows) = chunk.finish()?;
        Ok(FinishedChunk { bytes, rows })
    }

    /// The rows of the year of a chunk that were shown when the snapshot was taken, and lie in the
    /// months that are asked for.
    async fn rows(
        &self,
        number: u32,
        sources: &DatasetSources,
    ) -> Result<Vec<IndicatorRow>, Error> {
        let Some(until) = Month::from_yyyymm(self.snapshot.shown_until) else {
            return Ok(Vec::new());
        };
        let year = self.year(number);
        let months = Month::new(year, 1).zip(Month::new(year, 12));
        let Some((january, december)) = months else {
            return Ok(Vec::new());
        };
        let first = january.max(*self.months.start());
        let query = RowQuery {
            span: Some(first..=december.min(*self.months.end())),
            ..RowQuery::default()
        };
        let mut rows = sources.indicators.rows(&query).await?;
        rows.retain(|row| row.close_month <= until);
        sources.readable(rows).await
    }

    /// Those of them that the publication service takes.
    async fn published_rows(
        &self,
        number: u32,
        sources: &DatasetSources,
    ) -> Result<Vec<IndicatorRow>, Error> {
        let Some(months) = &self.published else {
            return Ok(Vec::new());
        };
        let mut rows = self.rows(number, sources).await?;
        rows.retain(|it| months.contains(&it.row.first) && months.contains(&it.row.last));
        Ok(rows)
    }

    /// The year of a chunk of rows: a span lies in one.
    fn year(&self, number: u32) -> i32 {
        let last = Month::from_yyyymm(self.snapshot.shown_until).map_or(1900, Month::year);
        let chunks = i32::try_from(self.snapshot.chunks).unwrap_or(1);
        last - chunks + 1 + i32::try_from(number).unwrap_or(0)
    }

    /// The columns of forms, and which forms.
    fn forms(
        &self,
        source: FormSource,
        id: &InstrumentId,
    ) -> Result<(FormLayout, FormQuery), Error> {
        let versions = versions(&self.catalogue, id.as_str());
        if versions.is_empty() {
            return Err(Error::NoInstrument(id.to_string()));
        }
        let of = self.layout_of(source);
        let layout = FormLayout::new(&versions, of, &self.catalogue.organisations);
        let units = match &self.token.units {
            TokenUnits::All => None,
            TokenUnits::These(units) => Some(units.iter().cloned().collect()),
        };
        let last = self.months.end().next().first_day();
        let query = FormQuery {
            source,
            instrument: id.clone(),
            items: layout.items().to_vec(),
            reasons: layout.reasons().to_vec(),
            units,
            days: self.months.start().first_day()..=Day(last.0 - 1),
            bounds: self.snapshot.bounds.clone(),
        };
        Ok((layout, query))
    }

    /// Counts who might be found in a file of forms; other files have no groups.
    async fn count_groups(&self, sources: &DatasetSources) -> Result<Option<FormGroups>, Error> {
        let Some((source, id)) = self.dataset.forms() else {
            return Ok(None);
        };
        let versions = versions(&self.catalogue, id.as_str());
        let organisations = &self.catalogue.organisations;
        let grouping = FormGrouping::new(&versions, self.layout_of(source), organisations);
        let query = FormQuery {
            items: grouping.items(),
            reasons: Vec::new(),
            ..self.forms(source, id)?.1
        };
        let registry = &sources.registry;
        let counted = FormGroups::count(grouping, &query, self.coarse, registry).await?;
        Ok(Some(counted))
    }

    const fn layout_of(&self, source: FormSource) -> LayoutOf {
        LayoutOf {
            source,
            format: self.format,
            coarse: self.coarse,
        }
    }

    /// The day of the snapshot in Norway.
    fn day(&self) -> Day {
        medvirk_runtime::today(&StandingClock(self.snapshot.taken_at))
    }

    /// The folder that the format wants, and the file.
    pub(crate) fn place(&self) -> (String, String) {
        let day = self.day();
        let plain = crate::content::name(&self.dataset.name());
        let coarse = if self.coarse { "_coarse" } else { "" };
        let ending = self.format.ending();
        match (self.format, self.dataset.forms()) {
            (DatasetFormat::Openqreg, Some((source, id))) => {
                let file = match source {
                    FormSource::Register => crate::content::name(id.as_str()),
                    FormSource::Sessions => plain,
                };
                (day.to_string(), format!("{file}{coarse}.{ending}"))
            }
            (DatasetFormat::Mrs, Some((source, id))) => {
                let newest = versions(&self.catalogue, id.as_str());
                let title = newest.first().and_then(|it| it.title.get("nb"));
                let title = title.filter(|_| source == FormSource::Register);
                let title = title.map_or(plain, |title| file_name(title));
                let time = minutes(self.snapshot.taken_at);
                let file = format!("DataDump_Prod_{title}{coarse}_{day}_{time}.{ending}");
                (String::new(), file)
            }
            // A part of a year is not to be taken for the whole of it.
            _ if self.names_its_months() => {
                let ManifestPeriod { from, to } = self.period();
                let months = [from, to].map(Option::unwrap_or_default);
                (
                    String::new(),
                    format!("{plain}_{}_{}{coarse}.{ending}", months[0], months[1]),
                )
            }
            _ => (String::new(), format!("{plain}{coarse}.{ending}")),
        }
    }

    /// True for a file of years of which months were asked for, and which has any.
    fn names_its_months(&self) -> bool {
        let is_asked = !self.from.is_empty() || !self.to.is_empty();
        is_asked && self.published.is_some()
    }

    /// The months of the file where it has its own, otherwise those that were asked for.
    fn period(&self) -> ManifestPeriod {
        let asked = |text: &String| (!text.is_empty()).then(|| text.clone());
        match &self.published {
            Some(months) => ManifestPeriod {
                from: Some(months.start().to_string()),
                to: Some(months.end().to_string()),
            },
            None => ManifestPeriod {
                from: asked(&self.from),
                to: asked(&self.to),
            },
        }
    }

    pub(crate) const fn join(&self) -> ChunkJoin {
        ChunkJoin::of(self.format)
    }

    /// What the whole file is.
    pub(crate) async fn manifest(&self, sources: &DatasetSources) -> Result<String, Error> {
        let groups = self.groups.as_ref();
        let manifest = DatasetManifest {
            dataset: self.dataset.name(),
            about: self.dataset.about(&self.catalogue),
            format: self.format.name(),
            coarse: self.coarse,
            pull: &self.id,
            taken_at: rfc3339(self.snapshot.taken_at),
            who: &self.token.subject,
            purpose: &self.purpose,
            period: self.period(),
            time_zone: DatasetManifest::TIME_ZONE,
            units: self.token.units.words(),
            catalogue: self.catalogue.hash.to_string(),
            instruments: instruments(&self.catalogue, &self.dataset),
            rows: groups.map(|groups| groups.sizes.forms),
            chunks: self.snapshot.chunks,
            k_anonymity: groups.map(|groups| AnonymitySummary::of(groups.words(), groups.sizes)),
            left_out: self.left_out(sources).await?.into_iter().collect(),
            program: DatasetManifest::PROGRAM,
        };
        Ok(manifest.to_json())
    }

    async fn left_out(
        &self,
        sources: &DatasetSources,
    ) -> Result<BTreeSet<skde::OmittedFigure>, Error> {
        let mut left_out = BTreeSet::new();
        if self.dataset == Dataset::Skde {
            if self.from.is_empty() && self.to.is_empty() {
                let shown = self.shown_months(sources).await?;
                left_out.extend(skde::years_left_out(self.published.as_ref(), &shown));
            }
            for number in 0..self.snapshot.chunks {
                let rows = self.published_rows(number, sources).await?;
                let (_, of_year) = skde::lines(&self.catalogue, self.year(number), &rows);
                left_out.extend(of_year);
            }
        }
        Ok(left_out)
    }
}

/// A resource a line.
fn resources(all: &[serde_json::Value]) -> FinishedChunk {
    let lines = all.iter().map(|resource| format!("{resource}\n"));
    FinishedChunk {
        bytes: lines.collect::<String>().into_bytes(),
        rows: all.len() as u64,
    }
}

/// A title as part of a file's name: what a file system might not have is a hyphen.
fn file_name(title: &str) -> String {
    let letter = |letter: char| match letter {
        letter if letter.is_alphanumeric() => letter,
        _ => '-',
    };
    title.chars().take(60).map(letter).collect()
}

/// Hour and minute in Norway, as HHMM.
fn minutes(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.to_zoned(oslo()).strftime("%H%M").to_string()
}
