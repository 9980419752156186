//! A task as the aggregator is one: folds a partition, closes its months, obeys the ledger.

use std::collections::BTreeMap;

use medvirk_domain::fold::Fold;
use medvirk_domain::partition;
use medvirk_domain::record::{Event, LogRecord};
use medvirk_domain::row::{Row, RowLevel, RowParts};
use medvirk_domain::time::Month;

use crate::reference::{Closing, Reference};
use crate::world::World;

/// The first close of each month.
pub(crate) type Ledger = BTreeMap<Month, Vec<Row>>;

/// A fold with the loop around it.
pub(crate) struct Task<'w> {
    world: &'w World,
    partition: u32,
    partitions: u32,
    fold: Fold,
    /// What it computed itself, whatever the ledger had.
    pub(crate) computed: Ledger,
    /// How many closes it made.
    closes: usize,
}

impl<'w> Task<'w> {
    /// The only task of a log of one partition.
    pub(crate) fn alone(world: &'w World) -> Self {
        Self::of_partition(world, 0, 1)
    }

    pub(crate) fn of_partition(world: &'w World, partition: u32, partitions: u32) -> Self {
        let fold = Fold::new(partition, partitions, world.first, world.plan(world.first));
        Self {
            world,
            partition,
            partitions,
            fold,
            computed: Ledger::new(),
            closes: 0,
        }
    }

    /// Folds a record and makes the closes that it asks for. False if it is refused.
    pub(crate) fn apply(&mut self, record: &LogRecord, ledger: &mut Ledger) -> bool {
        match record {
            LogRecord::Event(event) if self.is_here(event) => {
                let catalogue = self.world.named(&event.catalogue);
                self.fold.apply_event(event, catalogue).is_ok()
            }
            LogRecord::Event(_) => true,
            LogRecord::Control(control) => {
                for month in self.fold.apply_control(control) {
                    self.close(month, ledger);
                }
                true
            }
        }
    }

    fn close(&mut self, month: Month, ledger: &mut Ledger) {
        let (plan, next) = (self.world.plan(month), self.world.plan(month.next()));
        let waiting = self.fold.begin_close(month, plan);
        let rows = self.fold.release(&waiting, plan);
        self.computed.insert(month, rows.clone());
        self.closes += 1;
        let rows = ledger.entry(month).or_insert(rows);
        self.fold.obey(waiting, rows, plan, next);
    }

    /// Events of unknown units go anywhere: they are refused.
    fn is_here(&self, event: &Event) -> bool {
        let organisations = &self.world.named(&event.catalogue).organisations;
        let trust = organisations.trust_of(&event.unit);
        let place = trust.map_or(0, |trust| partition::of_trust(trust, self.partitions));
        place == self.partition
    }

    /// The same task from a checkpoint of it.
    pub(crate) fn restored(&self) -> Self {
        let bytes = postcard::to_allocvec(&self.fold).expect("a fold can be written");
        Self {
            world: self.world,
            partition: self.partition,
            partitions: self.partitions,
            fold: postcard::from_bytes(&bytes).expect("what was written can be read"),
            computed: self.computed.clone(),
            closes: self.closes,
        }
    }
}

/// Folds a whole log with nothing in the ledger and gives the rows of each close.
pub(crate) fn rows_of(world: &World, log: &[LogRecord]) -> Ledger {
    let mut ledger = Ledger::new();
    let mut task = Task::alone(world);
    for record in log {
        task.apply(record, &mut ledger);
    }
    ledger
}

/// Closes as a stranger may write them: every other row is about all parts, and every third about
/// a higher organisation, in any month. Our own fold does that in Decembers only.
pub(crate) fn strange(world: &World, mut ledger: Ledger) -> Ledger {
    for (month, rows) in &mut ledger {
        let organisations = &world.plan(*month).organisations;
        for (place, row) in rows.iter_mut().enumerate() {
            let unit = organisations.units.get(row.organisation());
            let (level, organisation) = match (place % 3, unit) {
                (1, Some(unit)) => (RowLevel::Institution, unit.institution.to_string()),
                (2, Some(unit)) => {
                    let institution = &organisations.institutions[&unit.institution];
                    (RowLevel::Trust, institution.trust.to_string())
                }
                _ => (row.level(), row.organisation().to_owned()),
            };
            *row = Row::from_ledger(RowParts {
                measure: row.measure().clone(),
                level,
                organisation,
                first: row.first(),
                last: row.last(),
                part: match place % 2 {
                    0 => String::new(),
                    _ => row.part().to_owned(),
                },
                persons: row.persons(),
                new_in_year: row.new_in_year(),
                single_therapist: row.single_therapist(),
                single_device: row.single_device(),
                variables: row.variables().to_vec(),
            });
        }
    }
    ledger
}

/// Folds a whole log with fold and reference, which must agree on every close and every refusal,
/// and gives the reference's closes. Where `theirs` has a close, both obey that one.
pub(crate) fn compare(world: &World, log: &[LogRecord], theirs: &Ledger) -> Vec<Closing> {
    let truth = truth(world, log, theirs);
    if let Err(differs) = check(world, log, theirs, &truth) {
        panic!("{differs}");
    }
    truth.closes
}

/// What the reference says of a log.
pub(crate) struct Truth {
    /// After each record: whether it was taken, and how many closes there are.
    after: Vec<(bool, usize)>,
    closes: Vec<Closing>,
}

/// Folds a whole log with the reference.
pub(crate) fn truth(world: &World, log: &[LogRecord], theirs: &Ledger) -> Truth {
    let mut reference = Reference::new(world);
    let (mut after, mut closes) = (Vec::new(), Vec::new());
    for record in log {
        let mut taken = true;
        match record {
            LogRecord::Event(event) => taken = reference.event(event),
            LogRecord::Control(control) => {
                for month in reference.control(control) {
                    let closing = reference.close(month);
                    let rows = theirs.get(&month).cloned();
                    let rows = rows.unwrap_or_else(|| closing.rows());
                    closes.push(closing.clone());
                    reference.obey(closing, &rows);
                }
            }
        }
        after.push((taken, closes.len()));
    }
    Truth { after, closes }
}

/// Folds a whole log with the fold and says where it differs from what the reference says.
pub(crate) fn check(
    world: &World,
    log: &[LogRecord],
    theirs: &Ledger,
    truth: &Truth,
) -> Result<(), String> {
    let mut ledger = theirs.clone();
    let mut task = Task::alone(world);
    let mut seen = 0;
    for (offset, (record, (taken, closes))) in log.iter().zip(&truth.after).enumerate() {
        if task.apply(record, &mut ledger) != *taken {
            return Err(format!("refusal at offset {offset}"));
        }
        if task.closes != *closes {
            return Err(format!("{} closes up to offset {offset}", task.closes));
        }
        for closing in &truth.closes[seen..*closes] {
            same(
                closing.month,
                task.computed.get(&closing.month),
                &closing.rows(),
            )?;
        }
        seen = *closes;
    }
    Ok(())
}

fn same(month: Month, fold: Option<&Vec<Row>>, reference: &[Row]) -> Result<(), String> {
    let fold = fold.ok_or_else(|| format!("the fold has not closed {month}"))?;
    if fold == reference {
        return Ok(());
    }
    let missing: Vec<_> = reference.iter().filter(|row| !fold.contains(row)).collect();
    let extra: Vec<_> = fold.iter().filter(|row| !reference.contains(row)).collect();
    Err(if missing.is_empty() && extra.is_empty() {
        format!("{month}: the same rows in another order")
    } else {
        format!("{month}: only the reference has {missing:#?}\nonly the fold has {extra:#?}")
    })
}
