//! The judge. Comes in: the whole log, also what was erased, and what came of it. Goes out: the
//! first promise that was broken. The invariant: it folds without log, tables, crash or clock, so
//! nothing that goes wrong in them can go wrong here too.

use std::collections::{BTreeMap, BTreeSet};

use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::fold::Fold;
use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::{Control, Event, EventBody, Record, Scope, Subject};
use medvirk_domain::row::{Close, Row};
use medvirk_domain::time::Month;
use medvirk_eventlog::Topic;
use medvirk_eventlog::catalogue::Plan;
use medvirk_eventlog::codec::{self, CatalogueRecord};

use crate::rules::Version;
use crate::story::{self, PERSONS};
use crate::world::State;

/// What one partition of the log says, if nothing ever goes wrong.
struct Verdict {
    closes: BTreeMap<Month, Close>,
    /// Offsets of the records that are set aside.
    bad: BTreeSet<u64>,
    /// Withdrawals and renewals, in log order.
    marks: Vec<(u64, Pseudonym, bool)>,
    /// Whose each event is.
    events: Vec<(u64, Pseudonym)>,
}

/// The first promise that was broken.
pub(crate) fn judge(state: &State, first: Month) -> Result<(), String> {
    let plans = plans_of(state)?;
    let mut seen = [0_u64; PERSONS as usize];
    let mut bad = BTreeSet::new();
    for partition in 0..state.partitions {
        let verdict = fold(state, partition, first, &plans)?;
        compare(
            partition,
            &state.closes[partition as usize],
            &verdict.closes,
        )?;
        for close in state.closes[partition as usize].values() {
            who(close, &verdict.marks, &mut seen)?;
        }
        registry(state, partition, &verdict)?;
        bad.extend(verdict.bad.iter().map(|offset| (partition, *offset)));
    }
    let closed = closed_episodes(state);
    for (number, times) in seen.iter().enumerate() {
        let most = closed
            .iter()
            .filter(|(whose, _)| usize::from(*whose) == number)
            .count();
        if *times > most as u64 {
            return Err(format!(
                "person {number} is in {times} rows of {most} episodes"
            ));
        }
    }
    dead_letters(state, &bad)
}

fn plans_of(state: &State) -> Result<BTreeMap<Month, Plan>, String> {
    let mut plans = BTreeMap::new();
    for slot in state.records.of(Topic::Catalogue, 0) {
        let value = slot.record.value.as_deref().unwrap_or_default();
        let record = codec::decode_catalogue(value).map_err(|error| error.to_string())?;
        if let CatalogueRecord::Plan(plan) = record {
            plans.entry(plan.month).or_insert(plan);
        }
    }
    Ok(plans)
}

fn fold(
    state: &State,
    partition: u32,
    first: Month,
    plans: &BTreeMap<Month, Plan>,
) -> Result<Verdict, String> {
    let in_force = |month: Month| -> Result<&'static Catalogue, String> {
        let plan = plans.get(&month).ok_or(format!("{month} has no plan"))?;
        Ok(Version::of(&plan.catalogue).loaded.as_ref())
    };
    let mut fold = Fold::new(partition, state.partitions, first, in_force(first)?);
    let mut verdict = Verdict {
        closes: BTreeMap::new(),
        bad: BTreeSet::new(),
        marks: Vec::new(),
        events: Vec::new(),
    };
    for (offset, slot) in (0..).zip(state.records.of(Topic::Events, partition)) {
        let Some(value) = &slot.record.value else {
            continue;
        };
        let control = match codec::decode_event(value) {
            Ok(Record::Event(event)) => {
                let catalogue = &Version::of(&event.catalogue).loaded;
                verdict.events.push((offset, subject_of(&event)));
                if fold.apply_event(&event, catalogue).is_err() {
                    verdict.bad.insert(offset);
                }
                continue;
            }
            Ok(Record::Control(control)) => control,
            Err(_) => {
                verdict.bad.insert(offset);
                continue;
            }
        };
        verdict.mark(offset, &control);
        for month in fold.apply_control(&control) {
            let (catalogue, next) = (in_force(month)?, in_force(month.next())?);
            let waiting = fold.begin_close(month, catalogue);
            let rows = fold.release(&waiting, catalogue);
            fold.obey(waiting, &rows, catalogue, next);
            let close = Close {
                month,
                offset,
                catalogue: catalogue.hash,
                fold_version: 1,
                rows,
            };
            verdict.closes.insert(month, close);
        }
    }
    Ok(verdict)
}

impl Verdict {
    /// True for what came before a withdrawal, or between one and a renewal.
    fn is_gone(&self, offset: u64, whose: Pseudonym) -> bool {
        let mut marks = self.marks.iter().filter(|mark| mark.1 == whose);
        let before = marks.clone().rev().find(|mark| mark.0 < offset);
        before.is_some_and(|mark| mark.2) || marks.any(|mark| mark.0 > offset && mark.2)
    }

    fn mark(&mut self, offset: u64, control: &Control) {
        match *control {
            Control::Withdrawal {
                subject: Subject::Person(whom) | Subject::Code(whom),
                scope: Scope::All,
            } => self.marks.push((offset, whom, true)),
            Control::Renewal { person } => self.marks.push((offset, person, false)),
            _ => {}
        }
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
            let missing = close
                .rows
                .iter()
                .filter(|row| !got.rows.contains(row))
                .count();
            let extra = got
                .rows
                .iter()
                .filter(|row| !close.rows.contains(row))
                .count();
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

/// Who is in a row, by its powers of two.
fn bits(row: &Row) -> u64 {
    let sums = row
        .variables()
        .iter()
        .map(|variable| (variable.sum / 1_000_000) as u64);
    (0..).zip(sums).map(|(ten, sum)| sum << (10 * ten)).sum()
}

fn who(
    close: &Close,
    marks: &[(u64, Pseudonym, bool)],
    seen: &mut [u64; PERSONS as usize],
) -> Result<(), String> {
    let tagged = close
        .rows
        .iter()
        .filter(|row| row.measure().as_str() == "e-tag");
    for row in tagged {
        let bits = bits(row);
        if bits.count_ones() != row.persons() {
            return Err(format!(
                "{}: a row of {} holds {bits:b}",
                close.month,
                row.persons()
            ));
        }
        for (number, times) in seen.iter_mut().enumerate() {
            if bits >> number & 1 == 0 {
                continue;
            }
            *times += 1;
            let before = |mark: &&(u64, Pseudonym, bool)| {
                mark.0 < close.offset && mark.1 == story::person(number as u8)
            };
            if marks.iter().rev().find(before).is_some_and(|mark| mark.2) {
                return Err(format!(
                    "{}: {number} has withdrawn and is in a row",
                    close.month
                ));
            }
        }
    }
    Ok(())
}

/// Person and episode of every ending.
fn closed_episodes(state: &State) -> BTreeSet<(u8, Pseudonym)> {
    let all = (0..state.partitions).flat_map(|p| state.records.of(Topic::Events, p));
    let values = all.filter_map(|slot| slot.record.value.as_deref());
    values
        .filter_map(|value| match codec::decode_event(value) {
            Ok(Record::Event(event)) => match event.body {
                EventBody::EpisodeClosed { episode, .. } => {
                    Some((story::number_of(&episode.person), episode.episode))
                }
                _ => None,
            },
            _ => None,
        })
        .collect()
}

fn subject_of(event: &Event) -> Pseudonym {
    match &event.body {
        EventBody::EpisodeOpened { episode, .. }
        | EventBody::Session { episode, .. }
        | EventBody::EpisodeClosed { episode, .. }
        | EventBody::RegistryForm { episode, .. } => episode.person,
        EventBody::InvitationIssued { code, .. } | EventBody::DischargeSurvey { code, .. } => *code,
    }
}

/// Every event is in the registry tables, or it is gone from tables and log alike.
fn registry(state: &State, partition: u32, verdict: &Verdict) -> Result<(), String> {
    let slots = state.records.of(Topic::Events, partition);
    for (offset, whose) in &verdict.events {
        let place = (partition, *offset);
        let has_key = state.registry.keys.contains_key(&place);
        let has_row = state.registry.rows.contains_key(&place);
        let is_erased = slots[*offset as usize].erased;
        let is_bad = verdict.bad.contains(offset);
        let what = match verdict.is_gone(*offset, *whose) {
            true if !is_erased => "withdrawn and still in the log",
            true if has_key || has_row => "withdrawn and still in the registry",
            false if is_erased => "erased, though nobody withdrew",
            false if !has_key => "not known to the registry by its key",
            false if has_row == is_bad => "good without a row, or bad with one",
            _ => continue,
        };
        return Err(format!("{place:?} is {what}"));
    }
    Ok(())
}

fn dead_letters(state: &State, bad: &BTreeSet<(u32, u64)>) -> Result<(), String> {
    let mut aside = BTreeSet::new();
    for slot in state.records.of(Topic::DeadLetter, 0) {
        if let Some(value) = &slot.record.value {
            let letter = codec::decode_dead_letter(value).map_err(|error| error.to_string())?;
            aside.insert((letter.partition, letter.offset));
        }
    }
    // What was erased before anybody folded it needs none.
    let erased = |(partition, offset): &(u32, u64)| {
        state.records.of(Topic::Events, *partition)[*offset as usize].erased
    };
    let mut missing = bad.difference(&aside).filter(|place| !erased(place));
    if let Some(place) = missing.next() {
        return Err(format!("{place:?} is bad and was not set aside"));
    }
    match aside.difference(bad).next() {
        Some(place) => Err(format!("{place:?} was set aside and is good")),
        None => Ok(()),
    }
}
