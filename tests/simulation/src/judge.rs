//! The judge. Comes in: the whole log, also what was erased, and what came of it. Goes out: the
//! first promise that was broken. The invariant: it folds without log, tables, crash or clock, so
//! nothing that goes wrong in them can go wrong here too.
//!
//! It folds twice: the log with nothing erased, and the log as it is left. The first must give the
//! ledger; the second, obeying the ledger, must give every row that no later withdrawal touches.

mod people;
mod reading;

use std::collections::{BTreeMap, BTreeSet};

use medvirk_domain::catalogue::{Catalogue, check_change};
use medvirk_domain::fold::{Fold, WaitingContributions};
use medvirk_domain::record::LogRecord;
use medvirk_domain::row::{Close, Row};
use medvirk_domain::time::Month;
use medvirk_eventlog::Topic;
use medvirk_records::catalogue::Plan;
use medvirk_records::codec::{self, CatalogueRecord};

use crate::rules::Version;
use crate::world::{Counts, State};
use people::Seen;
use reading::Reading;

/// What is in force when.
struct Plans(BTreeMap<Month, Plan>);

/// What one partition of the log says, if nothing ever goes wrong.
struct Verdict {
    closes: BTreeMap<Month, Close>,
    /// Offsets of the records that are set aside.
    bad: BTreeSet<u64>,
    /// Episodes that were forgotten.
    forgotten: u64,
}

/// The first promise that was broken; or what the judge has counted.
pub(crate) fn judge(state: &State, first: Month) -> Result<Counts, String> {
    let plans = Plans::read(state)?;
    let mut counts = Counts {
        activations: plans.changes()?,
        ..Counts::default()
    };
    let readings: Vec<_> = (0..state.partitions)
        .map(|partition| Reading::new(state, partition))
        .collect();
    let (mut seen, mut bad) = (Seen::default(), BTreeSet::new());
    for (partition, reading) in (0..).zip(&readings) {
        let ledger = &state.closes[partition as usize];
        let told = Told {
            places: (partition, state.partitions),
            first,
            plans: &plans,
            reading,
        };
        let verdict = told.fold()?;
        compare(partition, ledger, &verdict.closes)?;
        told.fold_what_is_left(ledger)?;
        for close in ledger.values() {
            seen.look_at(close, reading)?;
            counts.count(close);
        }
        people::registry(state, partition, reading, &verdict.bad)?;
        bad.extend(verdict.bad.iter().map(|offset| (partition, *offset)));
        counts.forgotten += verdict.forgotten;
    }
    seen.once(&readings)?;
    people::dead_letters(state, &readings, &bad)?;
    Ok(counts)
}

impl Counts {
    fn count(&mut self, close: &Close) {
        let of_codes = |row: &&Row| row.measure().as_str().starts_with("s-");
        self.closes += 1;
        self.rows += close.rows.len() as u64;
        self.code_rows += close.rows.iter().filter(of_codes).count() as u64;
    }
}

impl Plans {
    /// The first plan of a month counts, if it may follow what is in force then.
    fn read(state: &State) -> Result<Self, String> {
        let mut plans: BTreeMap<Month, Plan> = BTreeMap::new();
        for slot in state.records.of(Topic::Catalogue, 0) {
            let value = slot.record.value.as_deref().unwrap_or_default();
            let record = codec::decode_catalogue(value).map_err(|error| error.to_string())?;
            let CatalogueRecord::Plan(plan) = record else {
                continue;
            };
            let before = plans.range(..=plan.month).next_back();
            let counts = match before.map(|(_, before)| before) {
                None => plans.is_empty(),
                Some(before) if before.month == plan.month => false,
                Some(before) if before.catalogue == plan.catalogue => true,
                Some(before) => {
                    let is_last = plans.keys().all(|month| *month < plan.month);
                    is_last && may_follow(before, &plan)
                }
            };
            if counts {
                plans.insert(plan.month, plan);
            }
        }
        Ok(Self(plans))
    }

    /// How often another catalogue came into force. Each may follow the one before it.
    fn changes(&self) -> Result<u64, String> {
        let mut changes = 0;
        for (before, after) in self.0.values().zip(self.0.values().skip(1)) {
            if !may_follow(before, after) {
                return Err(format!("{} has a plan that it may not have", after.month));
            }
            changes += u64::from(before.catalogue != after.catalogue);
        }
        Ok(changes)
    }

    fn in_force(&self, month: Month) -> Result<&'static Catalogue, String> {
        let plan = self.0.get(&month).ok_or(format!("{month} has no plan"))?;
        Ok(Version::of(&plan.catalogue).loaded.as_ref())
    }
}

fn may_follow(before: &Plan, after: &Plan) -> bool {
    let [old, new] = [before, after].map(|plan| &Version::of(&plan.catalogue).loaded);
    before.catalogue == after.catalogue || check_change(old, new, after.month).is_ok()
}

/// What there is to fold.
struct Told<'a> {
    /// The partition, and how many there are.
    places: (u32, u32),
    first: Month,
    plans: &'a Plans,
    reading: &'a Reading,
}

impl Told<'_> {
    fn new_fold(&self) -> Result<Fold, String> {
        let (partition, partitions) = self.places;
        let catalogue = self.plans.in_force(self.first)?;
        Ok(Fold::new(partition, partitions, self.first, catalogue))
    }

    /// The whole log, also what was erased.
    fn fold(&self) -> Result<Verdict, String> {
        let mut fold = self.new_fold()?;
        let mut verdict = Verdict {
            closes: BTreeMap::new(),
            bad: BTreeSet::new(),
            forgotten: 0,
        };
        for told in self.reading.records() {
            let control = match &told.record {
                Ok(LogRecord::Event(event)) => {
                    let catalogue = &Version::of(&event.catalogue).loaded;
                    if fold.apply_event(event, catalogue).is_err() {
                        verdict.bad.insert(told.offset);
                    }
                    continue;
                }
                Ok(LogRecord::Control(control)) => control,
                Err(_) => {
                    verdict.bad.insert(told.offset);
                    continue;
                }
            };
            for month in fold.apply_control(control) {
                let close = self.close(&mut fold, month, told.offset, None)?;
                verdict.forgotten += close.1;
                verdict.closes.insert(month, close.0);
            }
        }
        Ok(verdict)
    }

    /// The log without what was erased, as a task folds it that starts anew. A row that somebody
    /// was in who has withdrawn since is not computed any more; every other one is.
    fn fold_what_is_left(&self, ledger: &BTreeMap<Month, Close>) -> Result<(), String> {
        if !self.reading.is_erased_in_part() {
            return Ok(());
        }
        let mut fold = self.new_fold()?;
        for told in self.reading.records().filter(|told| !told.erased) {
            let control = match &told.record {
                Ok(LogRecord::Event(event)) => {
                    let catalogue = &Version::of(&event.catalogue).loaded;
                    // Whether it is bad was looked at before.
                    let _ = fold.apply_event(event, catalogue);
                    continue;
                }
                Ok(LogRecord::Control(control)) => control,
                Err(_) => continue,
            };
            for month in fold.apply_control(control) {
                let stands = ledger.get(&month).ok_or("a close is not in the ledger")?;
                let (close, _) = self.close(&mut fold, month, told.offset, Some(stands))?;
                if !self.reading.lost_before(told.offset) && close.rows != stands.rows {
                    return Err(format!("{month}: what is left of the log gives other rows"));
                }
            }
        }
        Ok(())
    }

    /// Computes a close and obeys the one that stands, or else its own. Says how many episodes were
    /// forgotten with it.
    fn close(
        &self,
        fold: &mut Fold,
        month: Month,
        offset: u64,
        stands: Option<&Close>,
    ) -> Result<(Close, u64), String> {
        let (catalogue, next) = (
            self.plans.in_force(month)?,
            self.plans.in_force(month.next())?,
        );
        let waiting: WaitingContributions = fold.begin_close(month, catalogue);
        let close = Close {
            month,
            offset,
            catalogue: catalogue.hash,
            fold_version: 1,
            rows: fold.release(&waiting, catalogue),
        };
        let episodes = fold.episodes();
        fold.obey(waiting, &stands.unwrap_or(&close).rows, catalogue, next);
        Ok((close, (episodes - fold.episodes()) as u64))
    }
}

fn compare(
    partition: u32,
    ledger: &BTreeMap<Month, Close>,
    wanted: &BTreeMap<Month, Close>,
) -> Result<(), String> {
    for (month, close) in wanted {
        let Some(got) = ledger.get(month) else {
            return Err(format!("partition {partition}: the ledger lacks {month}"));
        };
        if got != close {
            let lacks = |rows: &[Row], of: &[Row]| {
                let lacking = of.iter().filter(|row| !rows.contains(row));
                lacking.count()
            };
            let missing = lacks(&got.rows, &close.rows);
            let extra = lacks(&close.rows, &got.rows);
            let places = (got.offset, close.offset);
            return Err(format!(
                "partition {partition}, {month}: {missing} rows missing, {extra} too many, \
                 offsets {places:?}"
            ));
        }
    }
    match ledger.keys().find(|month| !wanted.contains_key(month)) {
        Some(month) => Err(format!("partition {partition}: nobody closed {month}")),
        None => Ok(()),
    }
}
