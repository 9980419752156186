//! The topic `catalogue` as everybody reads it: which catalogues exist and what is in force when.
//!
//! Comes in: the records of the topic, and catalogues to activate. Goes out: loaded catalogues and
//! plans. The invariant: the first plan of a month that may follow what is in force then is its
//! plan, for every process and every replay; what is in force in a month never changes once the
//! month has a plan.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use medvirk_domain::catalogue::{
    Catalogue, CatalogueLimits, InvolvementAnswers, SourceFile, check_change,
};
use medvirk_domain::fold::FOLD_VERSION;
use medvirk_domain::ids::{CatalogueHash, TrustId, UnitId};
use medvirk_domain::time::Month;
use medvirk_eventlog::{
    DamagedRecord, Log, LogAppendError, LogReadError, LogWalk, NewRecord, StoredRecord, Topic,
};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

pub use crate::plan_record::Plan;

use crate::codec::{
    CatalogueRecord, decode_catalogue, encode_catalogue, encode_involvement, encode_plan,
};
use crate::error::{
    ActivationError, MissingPlan, PlanWriteError, PlansReadError, UndecodableRecord,
};

/// SHA-256 of a catalogue's content: of path, 0, length of the text (64 bits, big-endian) and
/// text of each file, in the order of the paths.
pub fn hash_of(files: &[SourceFile]) -> CatalogueHash {
    let mut files: Vec<&SourceFile> = files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut hasher = Sha256::new();
    for file in files {
        hasher.update(file.path.as_bytes());
        hasher.update([0]);
        hasher.update((file.text.len() as u64).to_be_bytes());
        hasher.update(file.text.as_bytes());
    }
    CatalogueHash::new(hasher.finalize().into())
}

/// A follower of the topic. Clones share what was read.
#[derive(Clone)]
pub struct PlanFollower {
    shared: Arc<SharedPlans>,
}

struct SharedPlans {
    log: Arc<dyn Log>,
    limits: CatalogueLimits,
    /// Where to read on; held while reading, so that records are taken in order.
    next: Mutex<u64>,
    known: RwLock<KnownCatalogues>,
}

#[derive(Default)]
struct KnownCatalogues {
    catalogues: BTreeMap<CatalogueHash, (Arc<Catalogue>, Arc<[SourceFile]>)>,
    plans: BTreeMap<Month, Plan>,
    /// Where in the topic each plan stands.
    places: BTreeMap<Month, u64>,
    /// What services said about themselves, with its place in the topic.
    involvement: Vec<(u64, InvolvementAnswers)>,
}

impl PlanFollower {
    /// Reads the topic to its end.
    pub async fn open(log: Arc<dyn Log>, limits: CatalogueLimits) -> Result<Self, PlansReadError> {
        let shared = SharedPlans {
            log,
            limits,
            next: Mutex::new(0),
            known: RwLock::default(),
        };
        let plans = Self {
            shared: Arc::new(shared),
        };
        plans.refresh().await?;
        Ok(plans)
    }

    /// Reads on to the present end of the topic. A catalogue that does not load is an error, and
    /// stays one: whoever meets it stops.
    pub async fn refresh(&self) -> Result<(), PlansReadError> {
        let end = self.shared.log.end(Topic::Catalogue, 0).await?;
        self.read_to(end).await
    }

    /// Follows the topic for ever; ends only with an error. Safe to drop at any moment.
    pub async fn follow(&self) -> Result<(), PlansReadError> {
        loop {
            let end = self.shared.log.end(Topic::Catalogue, 0).await?;
            self.read_to(end).await?;
            let wait = Duration::from_secs(5);
            let log = &self.shared.log;
            log.read(Topic::Catalogue, 0, end, 1, wait).await?;
        }
    }

    /// The catalogue of that hash.
    pub fn get(&self, hash: &CatalogueHash) -> Option<Arc<Catalogue>> {
        let known = self.known();
        known.catalogues.get(hash).map(|(loaded, _)| loaded.clone())
    }

    /// The files of the catalogue of that hash.
    pub fn files(&self, hash: &CatalogueHash) -> Option<Arc<[SourceFile]>> {
        let known = self.known();
        known.catalogues.get(hash).map(|(_, files)| files.clone())
    }

    /// The plan of a month: the first one in the topic that counts.
    pub fn plan(&self, month: Month) -> Option<Plan> {
        self.known().plans.get(&month).copied()
    }

    /// The plan of the first month that has one. It never changes: a month before one with a plan
    /// is refused.
    pub fn first_plan(&self) -> Option<Plan> {
        let known = self.known();
        known.plans.first_key_value().map(|(_, plan)| *plan)
    }

    /// The plan of the last month that has one.
    pub fn latest_plan(&self) -> Option<Plan> {
        let known = self.known();
        known.plans.last_key_value().map(|(_, plan)| *plan)
    }

    /// The plan of a month, or else of the newest month before it that has one.
    pub fn plan_in_force(&self, month: Month) -> Option<Plan> {
        let known = self.known();
        known
            .plans
            .range(..=month)
            .next_back()
            .map(|(_, plan)| *plan)
    }

    /// The catalogue in force in a month: that of its plan, or else of the newest plan before it.
    pub fn in_force(&self, month: Month) -> Option<Arc<Catalogue>> {
        self.get(&self.plan_in_force(month)?.catalogue)
    }

    /// True if any catalogue has a trust of that id, also one that was there only before.
    pub fn know_trust(&self, id: &TrustId) -> bool {
        let known = self.known();
        let mut loaded = known.catalogues.values().map(|(loaded, _)| loaded);
        loaded.any(|catalogue| catalogue.organisations.trusts.contains_key(id))
    }

    /// What services had said about themselves when a month was planned: of each unit and year the
    /// last one. Nothing where the month has no plan. It never changes.
    pub fn involvement_before(&self, month: Month) -> Vec<InvolvementAnswers> {
        let known = self.known();
        let Some(place) = known.places.get(&month) else {
            return Vec::new();
        };
        let mut last: BTreeMap<(&UnitId, i32), &InvolvementAnswers> = BTreeMap::new();
        let before = known.involvement.iter().filter(|(at, _)| at < place);
        for (_, it) in before {
            last.insert((&it.unit, it.year), it);
        }
        last.into_values().cloned().collect()
    }

    async fn read_to(&self, end: u64) -> Result<(), PlansReadError> {
        let mut next = self.shared.next.lock().await;
        let mut walk = LogWalk::through(&*self.shared.log, Topic::Catalogue, 0, *next..end);
        while let Some(batch) = walk.batch().await? {
            for record in &batch.records {
                self.take(record)?;
                *next = record.offset + 1;
            }
            *next = batch.next;
        }
        Ok(())
    }

    fn take(&self, record: &StoredRecord) -> Result<(), PlansReadError> {
        let value = record.value.as_deref().unwrap_or_default();
        let decoded = decode_catalogue(value).map_err(|source| UndecodableRecord {
            topic: Topic::Catalogue,
            partition: 0,
            offset: record.offset,
            source,
        })?;
        let damaged = |what| {
            LogReadError::Damaged(DamagedRecord {
                topic: Topic::Catalogue,
                partition: 0,
                offset: record.offset,
                what,
            })
        };
        match decoded {
            CatalogueRecord::Catalogue { hash, files } if hash != hash_of(&files) => {
                return Err(damaged("a catalogue's content does not match its hash").into());
            }
            CatalogueRecord::Catalogue { hash, files } => {
                if self.get(&hash).is_some() {
                    return Ok(());
                }
                let loaded = Catalogue::load_logged(&files, hash, self.shared.limits)
                    .map_err(|problems| PlansReadError::Unloadable { hash, problems })?;
                let entry = (Arc::new(loaded), Arc::from(files));
                self.known_mut().catalogues.insert(hash, entry);
            }
            CatalogueRecord::Plan(plan) => {
                let Some(catalogue) = self.get(&plan.catalogue) else {
                    return Err(damaged("a plan names a catalogue that is not before it").into());
                };
                if self.counts(&plan, &catalogue) {
                    let mut known = self.known_mut();
                    known.plans.insert(plan.month, plan);
                    known.places.insert(plan.month, record.offset);
                }
            }
            CatalogueRecord::Involvement(it) => {
                self.known_mut().involvement.push((record.offset, it));
            }
        }
        Ok(())
    }

    /// The first plan of a month counts, unless it changes what it may not change (design §4.9) or
    /// comes before a month that has a plan. Whoever wrote it has checked that, but two who write
    /// at the same time do not see each other's plan; here everybody sees them in the same order.
    fn counts(&self, plan: &Plan, catalogue: &Catalogue) -> bool {
        let Some(latest) = self.latest_plan() else {
            return true;
        };
        let Some(before) = self.plan_in_force(plan.month) else {
            return false;
        };
        if before.month == plan.month || before.catalogue == plan.catalogue {
            return before.month != plan.month;
        }
        let old = self.get(&before.catalogue);
        let may_follow = |old: Arc<Catalogue>| check_change(&old, catalogue, plan.month).is_ok();
        latest.month < plan.month && old.is_some_and(may_follow)
    }

    fn known(&self) -> std::sync::RwLockReadGuard<'_, KnownCatalogues> {
        let known = self.shared.known.read();
        known.unwrap_or_else(PoisonError::into_inner)
    }

    fn known_mut(&self) -> std::sync::RwLockWriteGuard<'_, KnownCatalogues> {
        let known = self.shared.known.write();
        known.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts a catalogue in force from a month on: checks it, by itself and against the one before
/// (design §4.9), and writes it and its plan. `last_closed` is the last closed month.
///
/// Refused: a month that is closed, and a month that has a plan of another catalogue or lies
/// before one that has a plan. To activate what is in force from that very month is a repeat.
pub async fn activate(
    log: &dyn Log,
    plans: &PlanFollower,
    files: Vec<SourceFile>,
    from: Month,
    last_closed: Option<Month>,
) -> Result<CatalogueHash, ActivationError> {
    plans.refresh().await?;
    let hash = hash_of(&files);
    let new = match plans.get(&hash) {
        Some(known) => known,
        None => {
            let loaded = Catalogue::load(&files, hash, plans.shared.limits);
            Arc::new(loaded.map_err(ActivationError::Refused)?)
        }
    };
    if is_planned(plans, from, hash)? {
        return Ok(hash);
    }
    // What the log holds may be older than the rule `apart`; put in force anew it has to obey it.
    if !new.withheld().is_empty() {
        Catalogue::load(&files, hash, plans.shared.limits).map_err(ActivationError::Refused)?;
    }
    let closed = last_closed.filter(|closed| from <= *closed);
    if let Some(last_closed) = closed {
        return Err(ActivationError::MonthClosed {
            month: from,
            last_closed,
        });
    }
    may_follow(plans, &new, from)?;
    let plan = Plan {
        month: from,
        catalogue: hash,
        fold_version: FOLD_VERSION,
    };
    let records = vec![
        NewRecord::new(hash.as_bytes().to_vec(), encode_catalogue(&hash, &files)),
        NewRecord::new(plan_key(from), encode_plan(&plan)),
    ];
    log.append_all(Topic::Catalogue, 0, records).await?;
    plans.refresh().await?;
    // Somebody else may have been first, with this month or with one before it.
    if is_planned(plans, from, hash)? {
        return Ok(hash);
    }
    may_follow(plans, &new, from)?;
    Err(MissingPlan { month: from }.into())
}

/// An error if `new` may not follow what is in force in `from`.
fn may_follow(plans: &PlanFollower, new: &Catalogue, from: Month) -> Result<(), ActivationError> {
    match plans.in_force(from) {
        Some(old) => check_change(&old, new, from).map_err(ActivationError::Refused),
        None => Ok(()),
    }
}

/// True if `month` has this plan already; an error if it has another one, or if a later one has.
fn is_planned(
    plans: &PlanFollower,
    month: Month,
    hash: CatalogueHash,
) -> Result<bool, ActivationError> {
    if let Some(plan) = plans.plan(month)
        && plan.catalogue == hash
    {
        return Ok(true);
    }
    match plans.latest_plan() {
        Some(latest) if month <= latest.month => Err(ActivationError::MonthTaken {
            month,
            latest: latest.month,
        }),
        _ => Ok(false),
    }
}

/// Writes the plan of `month`, the same as the one before it, where it has none. To be called
/// before the `PeriodClose` of the month before.
pub async fn ensure_plan(
    log: &dyn Log,
    plans: &PlanFollower,
    month: Month,
) -> Result<Plan, PlanWriteError> {
    plans.refresh().await?;
    let before = plans.plan_in_force(month).ok_or(MissingPlan { month })?;
    if before.month == month {
        return Ok(before);
    }
    let plan = Plan { month, ..before };
    let record = NewRecord::new(plan_key(month), encode_plan(&plan));
    log.append(Topic::Catalogue, 0, record).await?;
    plans.refresh().await?;
    Ok(plans.plan(month).ok_or(MissingPlan { month })?)
}

/// Writes what a service says about itself; whoever calls it has checked it.
pub async fn tell_involvement(
    log: &dyn Log,
    involvement: &InvolvementAnswers,
) -> Result<(), LogAppendError> {
    let key = format!("involvement {} {}", involvement.unit, involvement.year);
    let record = NewRecord::new(key.into_bytes(), encode_involvement(involvement));
    log.append(Topic::Catalogue, 0, record).await.map(|_| ())
}

fn plan_key(month: Month) -> Vec<u8> {
    format!("plan {month}").into_bytes()
}
