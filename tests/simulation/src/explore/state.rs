//! The whole at one moment: every actor, the log, the tables, what is under way. Comes in: a step.
//! Goes out: what is then, or which promise was broken. The invariant: a state has no memory but
//! its fields, so two ways to equal states need no more looking at.

use super::actors::{Actors, NodeId};
use super::ground::{CheckpointId, CloseId, Ground, MONTHS, PerMonth, SequenceId};
use super::script::{Answer, Call, Role};

// In reading order.
mod steps;

mod change;

/// A process that is down, or a role that a case has not.
pub(super) const NOBODY: NodeId = NodeId::MAX;

/// There is no checkpoint at all.
pub(super) const NONE: CheckpointId = CheckpointId::MAX;

/// Messages that may be under way at once; one is sent by the fault that leaves it behind.
const UNDER_WAY: usize = 3;

/// What outlives whoever sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Message {
    Close(CloseId),
    Rows(CloseId),
    Mark(CloseId),
    Tombstones(u32),
}

/// Faults that can still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Faults {
    /// A process or the erasure ends and begins anew.
    pub(super) crashes: u8,
    /// A request gets no answer, whether it was carried out or not.
    pub(super) unanswered: u8,
    /// The rows of a month vanish, their mark does not.
    pub(super) lost_parts: u8,
}

/// The whole at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) tasks: [NodeId; 2],
    pub(super) publishers: [NodeId; 2],
    /// The insert of a task or a publisher has brought its rows, and not its mark yet.
    pub(super) half: [bool; 4],
    pub(super) eraser: NodeId,
    pub(super) ledger: SequenceId,
    pub(super) rows: PerMonth,
    /// 0, or one more than the number of the rows.
    pub(super) marks: PerMonth,
    /// Records with a tombstone, and those that are gone, as bits.
    pub(super) tombstones: u32,
    pub(super) erased: u32,
    /// Records that were set aside, as bits.
    pub(super) aside: u32,
    pub(super) registry: Registry,
    /// What each process has on its disk.
    pub(super) disks: [CheckpointId; 2],
    pub(super) under_way: [Option<Message>; UNDER_WAY],
    pub(super) left: Faults,
    /// Rows have vanished; a mark may be without them.
    pub(super) disturbed: bool,
}

/// What the registry has of the withdrawn person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Registry {
    pub(super) noted: bool,
    pub(super) rows_deleted: bool,
    pub(super) keys_deleted: bool,
}

/// Who makes a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Who {
    Task(usize),
    Publisher(usize),
    Process(usize),
    Eraser,
    World,
}

/// What happens in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// It gets an answer, and what it asked for is done if the answer says so.
    Told(Answer),
    /// Its insert brings the rows.
    Halfway,
    /// It never hears of it; this comes later, or nothing.
    Unanswered(Option<Message>),
    /// It ends; these come later.
    Crashes([Option<Message>; 2]),
    /// It begins, with a checkpoint or without one.
    Starts(CheckpointId),
    /// A message arrives at an actor.
    Arrives(Message),
    /// The log erases the first record that a tombstone names; more are more steps.
    Compacts(u32),
    /// The rows of a month vanish.
    Loses(usize),
    /// Somebody closes the next month, or the last one once more.
    Feeds(CloseId),
}

/// One step: who does what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Step {
    pub(super) who: Who,
    pub(super) what: What,
}

impl Step {
    /// True for what need not happen.
    pub(super) fn is_fault(self) -> bool {
        matches!(
            self.what,
            What::Unanswered(_) | What::Crashes(_) | What::Loses(_)
        )
    }
}

/// The actors that take part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cast {
    pub(super) tasks: usize,
    pub(super) publishers: usize,
    pub(super) eraser: bool,
    /// The ledger is written by nobody in particular.
    pub(super) fed: bool,
    pub(super) one_disk: bool,
    pub(super) faults: Faults,
}

impl State {
    pub(super) fn first(cast: &Cast, actors: &mut Actors) -> Self {
        let start = |there: bool, role, actors: &mut Actors| {
            if there {
                actors.start(role, None)
            } else {
                NOBODY
            }
        };
        let first_task = start(cast.tasks > 0, Role::Task, actors);
        let publisher = |of: usize, actors: &mut Actors| {
            // A second process begins when it likes.
            let is_up = of == 0 || cast.tasks == 0;
            start(is_up && of < cast.publishers, Role::Publisher, actors)
        };
        Self {
            tasks: [first_task, NOBODY],
            publishers: [publisher(0, actors), publisher(1, actors)],
            half: [false; 4],
            eraser: start(cast.eraser, Role::Eraser, actors),
            ledger: 0,
            rows: [0; MONTHS],
            marks: [0; MONTHS],
            tombstones: 0,
            erased: 0,
            aside: 0,
            registry: Registry::default(),
            disks: [NONE; 2],
            under_way: [None; UNDER_WAY],
            left: cast.faults,
            disturbed: false,
        }
    }

    /// The same whichever process is called the first: they run the same code.
    pub(super) fn canonical(mut self, cast: &Cast) -> Self {
        let disk = |of: usize| if cast.one_disk { NONE } else { self.disks[of] };
        let half = |of: usize| (self.half[of], self.half[2 + of]);
        let one = |of: usize| (self.tasks[of], self.publishers[of], disk(of), half(of));
        if one(1) < one(0) {
            self.tasks.swap(0, 1);
            self.publishers.swap(0, 1);
            self.half.swap(0, 1);
            self.half.swap(2, 3);
            if !cast.one_disk {
                self.disks.swap(0, 1);
            }
        }
        self
    }

    /// What is still lacking; nothing if all is done and all is well.
    pub(super) fn lacks(
        &self,
        cast: &Cast,
        ground: &Ground,
        actors: &Actors,
    ) -> Option<&'static str> {
        let end = Call::Events(ground.events.len() as u64);
        let at_end = |node: &NodeId| *node != NOBODY && *actors.call(*node) == end;
        let at_rest = |node: &NodeId| {
            *node != NOBODY && *actors.call(*node) == Call::Marks && actors.is_at_rest(*node)
        };
        let firsts = ground.book().firsts(ground.first, self.ledger);
        let Registry {
            noted,
            rows_deleted,
            keys_deleted,
        } = self.registry;
        let lacking = [
            (
                self.under_way.iter().any(Option::is_some),
                "something is under way",
            ),
            (
                !self.tasks[..cast.tasks].iter().all(at_end),
                "a task is not at the end of the log",
            ),
            (
                !self.publishers[..cast.publishers].iter().all(at_rest),
                "a publisher is at work",
            ),
            (
                !firsts
                    .into_iter()
                    .flatten()
                    .eq(ground.wanted.iter().copied()),
                "the ledger lacks a close",
            ),
            (
                cast.tasks > 0 && self.aside != ground.bad,
                "a bad record is not set aside",
            ),
            (
                cast.publishers > 0 && !self.tables_are_complete(ground),
                "the tables are not complete",
            ),
            (
                cast.eraser && *actors.call(self.eraser) != Call::Done,
                "the erasure is at work",
            ),
            (
                cast.eraser && self.erased != ground.victim,
                "the log still has records of whom was to be erased",
            ),
            (
                cast.eraser && !(noted && rows_deleted && keys_deleted),
                "the registry still has rows of whom was to be erased",
            ),
        ];
        lacking
            .iter()
            .find(|(lacks, _)| *lacks)
            .map(|(_, what)| *what)
    }

    fn tables_are_complete(&self, ground: &Ground) -> bool {
        let book = ground.book();
        let mut wanted = ground.wanted.iter().enumerate();
        wanted.all(|(month, close)| {
            let content = book.content_of(*close);
            self.rows[month] == content && self.marks[month] == content + 1
        })
    }
}

fn half_of(who: Who) -> usize {
    match who {
        Who::Task(of) => of,
        Who::Publisher(of) => 2 + of,
        _ => unreachable!("nobody else inserts"),
    }
}
