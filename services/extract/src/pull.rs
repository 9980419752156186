//! A pull. Comes in: a request of somebody who may. Goes out: what the pull is of, its chunks one by
//! one, and its manifest. The invariants: every chunk of a pull is of the same snapshot, whichever
//! process makes it and whenever; a pull during which the register has lost somebody is never
//! finished.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::ids::{CatalogueHash, ItemId};
use medvirk_domain::time::{Day, Month};
use medvirk_proto::extract::v1::{PullRequest, Snapshot};
use medvirk_runtime::auth::{Token, Units};
use medvirk_store::registry::{Census, FormQuery, Slice};
use medvirk_store::{IndicatorRow, Query};

use crate::content::{codebook, fhir, forms::Layout, rows, skde, versions};
use crate::dataset::{Dataset, Format};
use crate::error::{Error, malformed};
use crate::manifest::{Anonymity, Manifest, Period, instruments};
use crate::service::Sources;
use crate::table::Column;
use crate::write::workbook::{self, About};
use crate::write::{Chunk, Join, Punctuation};

/// About so many forms are in a chunk.
const ROWS_PER_CHUNK: u64 = 50_000;
/// The most chunks that a pull may have.
const MOST_CHUNKS: u32 = 65_536;
/// How long a purpose may be, in characters.
const PURPOSE: RangeInclusive<usize> = 3..=500;

/// A pull that was asked for by somebody who may.
pub(crate) struct Pull {
    pub(crate) dataset: Dataset,
    pub(crate) format: Format,
    pub(crate) purpose: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) first_chunk: u32,
    pub(crate) token: Arc<Token>,
    pub(crate) snapshot: Snapshot,
    /// Random, in hexadecimal.
    pub(crate) id: String,
    catalogue: Arc<Catalogue>,
    months: RangeInclusive<Month>,
    /// Of a file for the publication service: the months that it is of, if any.
    published: Option<RangeInclusive<Month>>,
}

/// A chunk, made.
pub(crate) struct Made {
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: u64,
}

/// What was asked for, read.
struct Asked {
    dataset: Dataset,
    format: Format,
    months: RangeInclusive<Month>,
}

impl Pull {
    /// Reads a request and takes its snapshot, or looks whether the one that it brings still stands.
    pub(crate) async fn begin(
        request: PullRequest,
        token: Arc<Token>,
        sources: &Sources,
        (id, now_ms): (String, i64),
    ) -> Result<Self, Error> {
        let asked = Asked::read(&request)?;
        let brought = request.snapshot.is_some();
        let catalogue = sources.catalogue(request.snapshot.as_ref(), now_ms).await?;
        let mut pull = Self {
            dataset: asked.dataset,
            format: asked.format,
            purpose: request.purpose.trim().to_owned(),
            from: request.from,
            to: request.to,
            first_chunk: request.first_chunk,
            token,
            snapshot: request.snapshot.unwrap_or_default(),
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
        Ok(pull)
    }

    /// The months that were shown when the snapshot was taken.
    async fn shown_months(&self, sources: &Sources) -> Result<BTreeSet<Month>, Error> {
        let until = Month::from_yyyymm(self.snapshot.shown_until);
        let shown = sources.indicators.shown_months().await?.into_iter();
        Ok(shown.filter(|month| Some(*month) <= until).collect())
    }

    async fn take_snapshot(&mut self, sources: &Sources, now_ms: i64) -> Result<(), Error> {
        self.snapshot = Snapshot {
            taken_at: now_ms,
            catalogue: self.catalogue.hash.as_bytes().to_vec(),
            chunks: 1,
            ..Snapshot::default()
        };
        match self.dataset {
            Dataset::Codebook | Dataset::FhirQuestionnaire => {}
            Dataset::Indicators | Dataset::Skde | Dataset::FhirMeasureReport => {
                let shown = sources.indicators.shown_months().await?;
                let shown = shown.last().copied().zip(shown.first().copied());
                self.snapshot.shown_until = shown.map_or(0, |(last, _)| last.yyyymm());
                let years = shown.map_or(0, |(last, first)| last.year() - first.year() + 1);
                self.snapshot.chunks = years.unsigned_abs().max(1);
            }
            Dataset::RegistryBasis | Dataset::RegistryMeasurementPoint => {
                self.snapshot.bounds = sources.registry.form_bounds().await?;
                let received = sources.registry.count_received(&self.forms()?.1).await?;
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
    pub(crate) async fn check(&self, sources: &Sources) -> Result<(), Error> {
        if !(1..=MOST_CHUNKS).contains(&self.snapshot.chunks) {
            return Err(malformed("snapshot", "it is not one of ours"));
        }
        if self.dataset.instrument().is_some() {
            let rows = sources.registry.count_received(&self.forms()?.1).await?;
            if rows != self.snapshot.rows {
                return Err(Error::Changed);
            }
        }
        Ok(())
    }

    /// Makes a chunk.
    pub(crate) async fn chunk(&self, number: u32, sources: &Sources) -> Result<Made, Error> {
        match self.dataset {
            Dataset::Codebook => self.codebook(),
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
            Dataset::RegistryBasis | Dataset::RegistryMeasurementPoint => {
                let (layout, query) = self.forms()?;
                let of = self.snapshot.chunks;
                self.slice(Slice { number, of }, &layout, &query, sources)
                    .await
            }
        }
    }

    fn codebook(&self) -> Result<Made, Error> {
        if self.format == Format::Xlsx {
            let forms = codebook::forms(&self.catalogue);
            let about = About {
                day: self.day(),
                catalogue: &self.catalogue.hash.to_string(),
            };
            let (bytes, rows) = workbook::write(&forms, &about)?;
            return Ok(Made { bytes, rows });
        }
        self.table(0, &codebook::columns(), codebook::lines(&self.catalogue))
    }

    fn table(
        &self,
        number: u32,
        columns: &[Column],
        lines: impl IntoIterator<Item = Vec<crate::table::Cell>>,
    ) -> Result<Made, Error> {
        let punctuation = match self.dataset {
            Dataset::Codebook => Punctuation::Norwegian,
            _ => Punctuation::English,
        };
        let mut chunk = Chunk::new(self.format, punctuation, columns, number == 0)?;
        for line in lines {
            chunk.row(&line)?;
        }
        let (bytes, rows) = chunk.finish()?;
        Ok(Made { bytes, rows })
    }

    async fn slice(
        &self,
        slice: Slice,
        layout: &Layout,
        query: &FormQuery,
        sources: &Sources,
    ) -> Result<Made, Error> {
        let first = slice.number == 0;
        let columns = layout.columns();
        let mut chunk = Chunk::new(self.format, Punctuation::Norwegian, columns, first)?;
        let (mut cells, mut written) = (Vec::new(), Ok(()));
        let take = |form| {
            layout.fill(&form, &mut cells);
            if written.is_ok() {
                written = chunk.row(&cells);
            }
        };
        sources.registry.each_form(query, slice, take).await?;
        written?;
        let (bytes, rows) = chunk.finish()?;
        Ok(Made { bytes, rows })
    }

    /// The rows of the year of a chunk that were shown when the snapshot was taken, and lie in the
    /// months that are asked for.
    async fn rows(&self, number: u32, sources: &Sources) -> Result<Vec<IndicatorRow>, Error> {
        let Some(until) = Month::from_yyyymm(self.snapshot.shown_until) else {
            return Ok(Vec::new());
        };
        let year = self.year(number);
        let months = Month::new(year, 1).zip(Month::new(year, 12));
        let Some((january, december)) = months else {
            return Ok(Vec::new());
        };
        let first = january.max(*self.months.start());
        let query = Query {
            span: Some(first..=december.min(*self.months.end())),
            ..Query::default()
        };
        let mut rows = sources.indicators.rows(&query).await?;
        rows.retain(|row| row.close_month <= until);
        sources.readable(rows).await
    }

    /// Those of them that the publication service takes.
    async fn published_rows(
        &self,
        number: u32,
        sources: &Sources,
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

    /// The columns of a form of the register, and which forms.
    fn forms(&self) -> Result<(Layout, FormQuery), Error> {
        let id = self.dataset.instrument().unwrap_or_default();
        let versions = versions(&self.catalogue, id);
        let newest = versions
            .first()
            .ok_or(Error::NoInstrument(id_of(self.dataset)))?;
        let layout = Layout::new(&versions, self.format, &self.catalogue.organisations);
        let units = match &self.token.units {
            Units::All => None,
            Units::These(units) => Some(units.iter().cloned().collect()),
        };
        let last = self.months.end().next().first_day();
        let query = FormQuery {
            instrument: newest.id.clone(),
            items: layout.items().to_vec(),
            units,
            days: self.months.start().first_day()..=Day(last.0 - 1),
            bounds: self.snapshot.bounds.clone(),
        };
        Ok((layout, query))
    }

    /// The day of the snapshot in Norway.
    fn day(&self) -> Day {
        medvirk_runtime::today(&At(self.snapshot.taken_at))
    }

    /// The folder that the format wants, and the file.
    pub(crate) fn place(&self) -> (String, String) {
        let day = self.day();
        let plain = crate::content::name(self.dataset.name());
        let ending = self.format.ending();
        match (self.format, self.dataset.instrument()) {
            (Format::Openqreg, Some(id)) => {
                let id = crate::content::name(id);
                (day.to_string(), format!("{id}.{ending}"))
            }
            (Format::Mrs, Some(id)) => {
                let instrument = versions(&self.catalogue, id);
                let title = instrument.first().and_then(|it| it.title.get("nb"));
                let title = title.map_or(plain, |title| title.replace(' ', "-"));
                let time = minutes(self.snapshot.taken_at);
                (
                    String::new(),
                    format!("DataDump_Prod_{title}_{day}_{time}.{ending}"),
                )
            }
            // A part of a year is not to be taken for the whole of it.
            _ if self.names_its_months() => {
                let Period { from, to } = self.period();
                let months = [from, to].map(Option::unwrap_or_default);
                (
                    String::new(),
                    format!("{plain}_{}_{}.{ending}", months[0], months[1]),
                )
            }
            _ => (String::new(), format!("{plain}.{ending}")),
        }
    }

    /// True for a file of years of which months were asked for, and which has any.
    fn names_its_months(&self) -> bool {
        let is_asked = !self.from.is_empty() || !self.to.is_empty();
        is_asked && self.published.is_some()
    }

    /// The months of the file where it has its own, otherwise those that were asked for.
    fn period(&self) -> Period {
        let asked = |text: &String| (!text.is_empty()).then(|| text.clone());
        match &self.published {
            Some(months) => Period {
                from: Some(months.start().to_string()),
                to: Some(months.end().to_string()),
            },
            None => Period {
                from: asked(&self.from),
                to: asked(&self.to),
            },
        }
    }

    pub(crate) const fn join(&self) -> Join {
        Join::of(self.format)
    }

    /// What the whole file is.
    pub(crate) async fn manifest(&self, sources: &Sources) -> Result<String, Error> {
        let census = self.census(sources).await?;
        let manifest = Manifest {
            dataset: self.dataset.name(),
            about: self.dataset.about(),
            format: self.format.name(),
            pull: &self.id,
            taken_at: rfc3339(self.snapshot.taken_at),
            who: &self.token.subject,
            purpose: &self.purpose,
            period: self.period(),
            time_zone: Manifest::TIME_ZONE,
            units: self.token.units.words(),
            catalogue: self.catalogue.hash.to_string(),
            instruments: instruments(&self.catalogue, self.dataset),
            rows: census.map(|census| census.forms),
            chunks: self.snapshot.chunks,
            k_anonymity: census.map(|census| self.anonymity(census)),
            left_out: self.left_out(sources).await?.into_iter().collect(),
            program: Manifest::PROGRAM,
        };
        Ok(manifest.to_json())
    }

    /// The whole file once more, in figures; none where it is of no form of the register.
    async fn census(&self, sources: &Sources) -> Result<Option<Census>, Error> {
        if self.dataset.instrument().is_none() {
            return Ok(None);
        }
        let (_, query) = self.forms()?;
        let named = self.dataset.quasi_identifiers().iter();
        let items = named.filter_map(|id| id.parse::<ItemId>().ok());
        let items: Vec<ItemId> = items.filter(|id| query.items.contains(id)).collect();
        Ok(Some(sources.registry.census(&query, &items).await?))
    }

    fn anonymity(&self, census: Census) -> Anonymity {
        let mut quasi_identifiers = vec!["unit"];
        match self.dataset.quasi_identifiers() {
            [] => quasi_identifiers.push("month"),
            named => quasi_identifiers.extend(named),
        }
        Anonymity {
            quasi_identifiers,
            smallest_group: census.smallest_group,
        }
    }

    async fn left_out(&self, sources: &Sources) -> Result<BTreeSet<skde::LeftOut>, Error> {
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

impl Asked {
    fn read(request: &PullRequest) -> Result<Self, Error> {
        let dataset = Dataset::named(&request.dataset).ok_or(Error::UnknownDataset)?;
        let formats = dataset.formats();
        let named = |format: &&Format| format.name() == request.format;
        let format = match request.format.as_str() {
            "" => formats.first(),
            _ => formats.iter().find(named),
        };
        let names: Vec<&str> = formats.iter().map(|format| format.name()).collect();
        let format = format.ok_or_else(|| malformed("format", names.join(" or ")))?;
        let purpose = request.purpose.trim().chars();
        if !PURPOSE.contains(&purpose.clone().count()) || purpose.clone().any(char::is_control) {
            return Err(malformed(
                "purpose",
                "say in 3 to 500 characters what it is for",
            ));
        }
        let month = |field, text: &str, otherwise: Option<Month>| match text {
            "" => Ok(otherwise.expect("the first and the last month exist")),
            text => text
                .parse()
                .map_err(|_| malformed(field, "a month is YYYY-MM")),
        };
        let from = month("from", &request.from, Month::new(1900, 1))?;
        let to = month("to", &request.to, Month::new(2199, 11))?;
        if from > to {
            return Err(malformed("to", "it is before `from`"));
        }
        if request.snapshot.is_none() && request.first_chunk > 0 {
            return Err(malformed(
                "first_chunk",
                "it needs the snapshot of the pull",
            ));
        }
        Ok(Self {
            dataset,
            format: *format,
            months: from..=to,
        })
    }
}

/// A resource a line.
fn resources(all: &[serde_json::Value]) -> Made {
    let lines = all.iter().map(|resource| format!("{resource}\n"));
    Made {
        bytes: lines.collect::<String>().into_bytes(),
        rows: all.len() as u64,
    }
}

/// A clock that stands.
pub(crate) struct At(pub(crate) i64);

impl medvirk_runtime::Clock for At {
    fn now_ms(&self) -> i64 {
        self.0
    }
}

const fn id_of(dataset: Dataset) -> &'static str {
    match dataset.instrument() {
        Some(id) => id,
        None => "",
    }
}

pub(crate) fn rfc3339(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms);
    at.map(|at| at.to_string()).unwrap_or_default()
}

/// HHMM in Norway.
fn minutes(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let oslo = jiff::tz::TimeZoneDatabase::bundled().get("Europe/Oslo");
    let oslo = oslo.expect("the bundled time zone database has Europe/Oslo");
    at.to_zoned(oslo).strftime("%H%M").to_string()
}

/// The hash that a snapshot names.
pub(crate) fn catalogue_of(snapshot: &Snapshot) -> Option<CatalogueHash> {
    let bytes: [u8; 32] = snapshot.catalogue.as_slice().try_into().ok()?;
    Some(CatalogueHash::new(bytes))
}
