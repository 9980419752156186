//! What is shown, in memory. Comes in: marks of closes, and where they differ from those that are
//! held, the rows of that year and the catalogues. Goes out: what every answer is made of. The
//! invariant: an answer is made of the closes whose marks stood together when it was asked for, or
//! at most a second before; once a close was looked at, no later answer is without it; and a year
//! whose rows are not those of its marks is not kept.
//!
//! Rows of a close never change, so a year is read again only when one of its months is closed, or
//! when its rows were incomplete. While somebody reads, marks are looked at beside the questions
//! ([`AnswerMemory::keep_fresh`]); where that does not happen or fails, each question looks by itself.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::time::Month;
use medvirk_runtime::Clock;
use medvirk_store::CloseMark;
use tokio::sync::{Mutex, watch};

use crate::error::Error;
use crate::figures::{ClosedRow, FigureBackground, RowTables};
use crate::source::{CatalogueSource, CloseSource, SourceFailure};

/// How often marks are looked at while somebody reads.
const EVERY: Duration = Duration::from_millis(500);
/// How long after a look answers are made without another, in milliseconds.
const TRUSTED_MS: i64 = 1_000;
/// How long after a question there may be another soon, in milliseconds.
const READING_MS: i64 = 300_000;

/// Where rows and catalogues come from, and what was read of them.
pub(crate) struct AnswerMemory {
    rows: Arc<dyn CloseSource>,
    catalogues: Arc<dyn CatalogueSource>,
    clock: Arc<dyn Clock>,
    /// What is held; nothing before the first question.
    now: RwLock<Option<MemoryClock>>,
    /// Whoever reads rows, alone.
    reading: Mutex<()>,
    /// When the last question came.
    asked: watch::Sender<Option<i64>>,
}

struct MemoryClock {
    held: Arc<HeldAnswers>,
    /// When its marks were found standing by [`AnswerMemory::refresh`].
    looked: Option<i64>,
}

/// What answers are made of; it never changes.
pub(crate) struct HeldAnswers {
    pub(crate) background: FigureBackground,
    pub(crate) tables: RowTables,
    marks: BTreeMap<Month, CloseMark>,
    years: BTreeMap<i32, RememberedYear>,
}

/// The rows that were closed in a year, under the marks of its months.
#[derive(Clone)]
struct RememberedYear {
    marks: BTreeMap<Month, CloseMark>,
    tables: RowTables,
    whole: bool,
}

// === impl Memory ===

impl AnswerMemory {
    pub(crate) fn new(
        rows: Arc<dyn CloseSource>,
        catalogues: Arc<dyn CatalogueSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            rows,
            catalogues,
            clock,
            now: RwLock::default(),
            reading: Mutex::default(),
            asked: watch::Sender::new(None),
        }
    }

    /// What an answer is made of.
    pub(crate) async fn held(&self) -> Result<Arc<HeldAnswers>, Error> {
        let asked = self.clock.now_ms();
        self.asked.send_replace(Some(asked));
        match self.trusted(asked) {
            Some(held) => Ok(held),
            None => self.look().await,
        }
    }

    /// Looks at the marks while somebody reads, so that questions need not wait for it.
    pub(crate) async fn keep_fresh(&self) -> Infallible {
        loop {
            if let Err(error) = self.refresh().await {
                tracing::debug!(%error, "questions look at the marks of closes by themselves");
            }
            tokio::time::sleep(EVERY).await;
            let is_recent = |asked: i64| (0..READING_MS).contains(&(self.clock.now_ms() - asked));
            let mut asked = self.asked.subscribe();
            let reading = asked.wait_for(|asked| asked.is_some_and(is_recent));
            let _ = reading.await;
        }
    }

    /// Looks at the marks once; answers of the next second rest on it.
    pub(crate) async fn refresh(&self) -> Result<(), Error> {
        let looked = self.clock.now_ms();
        let held = self.look().await?;
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        // Another look may have found a later close meanwhile.
        let same = now.as_mut().filter(|now| Arc::ptr_eq(&now.held, &held));
        if let Some(now) = same.filter(|_| held.is_whole()) {
            now.looked = Some(looked);
        }
        Ok(())
    }

    /// What is shown at this moment.
    pub(crate) async fn look(&self) -> Result<Arc<HeldAnswers>, Error> {
        let marks = self.marks().await?;
        if let Some(held) = self.current().filter(|held| held.stands(&marks)) {
            return Ok(held);
        }
        let _alone = self.reading.lock().await;
        // Meanwhile another question may have had it read, or a month may have been closed.
        let marks = self.marks().await?;
        let before = self.current();
        if let Some(held) = before.as_ref().filter(|held| held.stands(&marks)) {
            return Ok(held.clone());
        }
        let held = Arc::new(self.read(marks, before.as_deref()).await?);
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        *now = Some(MemoryClock {
            held: held.clone(),
            looked: None,
        });
        Ok(held)
    }

    pub(crate) fn catalogues(&self) -> &dyn CatalogueSource {
        &*self.catalogues
    }

    fn current(&self) -> Option<Arc<HeldAnswers>> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        now.as_ref().map(|now| now.held.clone())
    }

    /// What is held, if its marks were found standing within the last second.
    fn trusted(&self, asked: i64) -> Option<Arc<HeldAnswers>> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        let now = now.as_ref()?;
        let age = asked - now.looked?;
        (0..TRUSTED_MS).contains(&age).then(|| now.held.clone())
    }

    async fn marks(&self) -> Result<BTreeMap<Month, CloseMark>, Error> {
        let marks = self.rows.marks().await;
        marks.map_err(failed("read the shown months"))
    }

    async fn read(
        &self,
        marks: BTreeMap<Month, CloseMark>,
        before: Option<&HeldAnswers>,
    ) -> Result<HeldAnswers, Error> {
        let mut of_years: BTreeMap<i32, BTreeMap<Month, CloseMark>> = BTreeMap::new();
        for (month, mark) in &marks {
            let year = of_years.entry(month.year()).or_default();
            year.insert(*month, *mark);
        }
        let mut catalogues = BTreeMap::new();
        for (year, marks) in &of_years {
            let last = *marks.keys().last().expect("a year is of a month");
            catalogues.insert(*year, self.of_closed(last).await?);
        }
        let shown: BTreeSet<Month> = marks.keys().copied().collect();
        let background = FigureBackground::new(self.in_force(&shown).await?, &catalogues, shown);
        let mut years = BTreeMap::new();
        for (year, marks) in of_years {
            let known = before.and_then(|before| before.years.get(&year));
            let known = known.filter(|known| known.whole && known.marks == marks);
            let read = match known {
                Some(known) => known.clone(),
                None => self.year(year, marks, &background).await?,
            };
            years.insert(year, read);
        }
        Ok(HeldAnswers {
            tables: RowTables::joined(years.values().map(|year| &year.tables)),
            background,
            marks,
            years,
        })
    }

    async fn year(
        &self,
        year: i32,
        marks: BTreeMap<Month, CloseMark>,
        background: &FigureBackground,
    ) -> Result<RememberedYear, Error> {
        let found = self.rows.closed_in(year).await;
        let found = found.map_err(failed("read rows"))?;
        if !found.whole {
            tracing::warn!(year, "rows of closes are missing just now");
        }
        let rows = self.readable(found.rows, background).await?;
        Ok(RememberedYear {
            marks,
            tables: RowTables::new(&rows, background),
            whole: found.whole,
        })
    }

    /// The rows of shown months without what the rule `apart` withholds, each by the catalogue
    /// under which it was closed. No figure is made of anything else, so none can show it.
    async fn readable(
        &self,
        rows: Vec<ClosedRow>,
        background: &FigureBackground,
    ) -> Result<Vec<ClosedRow>, Error> {
        let mut catalogues: BTreeMap<Month, Arc<Catalogue>> = BTreeMap::new();
        let mut readable = Vec::with_capacity(rows.len());
        for ClosedRow { closed, row } in rows {
            if !background.shown().contains(&closed) {
                continue;
            }
            let catalogue = match catalogues.entry(closed) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(self.of_closed(closed).await?),
            };
            let row = catalogue.readable(row);
            readable.extend(row.map(|row| ClosedRow { closed, row }));
        }
        Ok(readable)
    }

    /// The catalogue of the last shown month, so that an activation shows only after a close; of
    /// the first month of all while none is shown.
    async fn in_force(&self, shown: &BTreeSet<Month>) -> Result<Arc<Catalogue>, Error> {
        match shown.last() {
            Some(month) => self.of_closed(*month).await,
            None => {
                let first = self.catalogues.first().await;
                first
                    .map_err(failed("read the catalogue"))?
                    .ok_or(Error::NoCatalogue)
            }
        }
    }

    async fn of_closed(&self, month: Month) -> Result<Arc<Catalogue>, Error> {
        let catalogue = self.catalogues.of_closed(month).await;
        catalogue
            .map_err(failed("read the catalogue"))?
            .ok_or(Error::NoCatalogue)
    }
}

// === impl Held ===

impl HeldAnswers {
    /// True if it is of these marks, and whole.
    fn stands(&self, marks: &BTreeMap<Month, CloseMark>) -> bool {
        self.marks == *marks && self.is_whole()
    }

    fn is_whole(&self) -> bool {
        self.years.values().all(|year| year.whole)
    }
}

pub(crate) fn failed(attempt: &'static str) -> impl Fn(SourceFailure) -> Error {
    move |source| Error::Source { attempt, source }
}
