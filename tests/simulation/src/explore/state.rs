//! The whole at one moment: every actor, the log, the tables, what is under way. Comes in: a step.
//! Goes out: what is then, or which promise was broken. The invariant: a state has no memory but
//! its fields, so two ways to equal states need no more looking at.

use super::actors::{Actors, NodeId};
use super::ground::{CheckpointId, CloseId, Ground, MONTHS, PerMonth, SequenceId};
use super::script::{Answer, Call, Role};

/// A process that is down, or a role that a case has not.
pub(super) const NOBODY: NodeId = NodeId::MAX;

/// No checkpoint.
pub(super) const NONE: CheckpointId = CheckpointId::MAX;

/// Messages that may be under way at once; one is sent by the fault that leaves it behind.
const UNDER_WAY: usize = 4;

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
    /// Something arrives.
    Arrives(Message),
    /// The log erases what tombstones name.
    Compacts,
    /// The rows of a month vanish.
    Loses(usize),
    /// Somebody closes the next month, or the last one once more.
    Feeds(CloseId),
}

/// Who does what.
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

/// What takes part.
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
        let start = |there: bool, role, actors: &mut Actors| match there {
            true => actors.start(role, None),
            false => NOBODY,
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
        let one = |of: usize| (self.tasks[of], self.publishers[of], self.disks[of]);
        if !cast.one_disk && one(1) < one(0) || cast.one_disk && one(1) < one(0) {
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

    /// Every step that is possible.
    pub(super) fn steps(&self, cast: &Cast, ground: &Ground, actors: &Actors) -> Vec<Step> {
        let mut steps = Vec::with_capacity(16);
        for of in 0..2 {
            if self.tasks[of] != NOBODY {
                let who = Who::Task(of);
                self.answers(who, actors.call(self.tasks[of]), ground, &mut steps);
            }
            if self.publishers[of] != NOBODY {
                let who = Who::Publisher(of);
                self.answers(who, actors.call(self.publishers[of]), ground, &mut steps);
            }
            self.ends_and_begins(of, cast, actors, &mut steps);
        }
        if self.eraser != NOBODY {
            let call = actors.call(self.eraser);
            self.answers(Who::Eraser, call, ground, &mut steps);
            if self.left.crashes > 0 && *call != Call::Done {
                for late in self.leftovers(Who::Eraser, call) {
                    let what = What::Crashes([late, None]);
                    let who = Who::Eraser;
                    steps.push(Step { who, what });
                }
            }
        }
        self.of_the_world(cast, ground, &mut steps);
        steps
    }

    fn of_the_world(&self, cast: &Cast, ground: &Ground, steps: &mut Vec<Step>) {
        let who = Who::World;
        let mut push = |what| steps.push(Step { who, what });
        self.under_way
            .iter()
            .flatten()
            .for_each(|message| push(What::Arrives(*message)));
        if self.tombstones & !self.erased != 0 {
            push(What::Compacts);
        }
        if self.left.lost_parts > 0 {
            let there = (0..MONTHS).filter(|month| self.rows[*month] != 0);
            there.for_each(|month| push(What::Loses(month)));
        }
        if cast.fed {
            let closes = ground.book().sequence_of(self.ledger);
            let firsts = closes.iter().collect::<std::collections::BTreeSet<_>>().len();
            if let Some(next) = ground.wanted.get(firsts) {
                push(What::Feeds(*next));
            }
            // A second copy, once.
            if closes.len() == firsts && firsts > 0 {
                push(What::Feeds(closes[firsts - 1]));
            }
        }
    }

    fn ends_and_begins(&self, of: usize, cast: &Cast, actors: &Actors, steps: &mut Vec<Step>) {
        let who = Who::Process(of);
        let mut push = |what| steps.push(Step { who, what });
        let (task, publisher) = (self.tasks[of], self.publishers[of]);
        let is_cast = of < cast.tasks.max(cast.publishers);
        if task == NOBODY && publisher == NOBODY && is_cast {
            push(What::Starts(NONE));
            let disk = self.disks[if cast.one_disk { 0 } else { of }];
            if disk != NONE && cast.tasks > 0 {
                push(What::Starts(disk));
            }
        } else if is_cast && self.left.crashes > 0 {
            let late = |who, node: NodeId| match node {
                NOBODY => vec![None],
                _ => self.leftovers(who, actors.call(node)),
            };
            for first in late(Who::Task(of), task) {
                for second in late(Who::Publisher(of), publisher) {
                    push(What::Crashes([first, second]));
                }
            }
        }
    }

    /// What may still come of a request whose sender ends or hears no more of it.
    fn leftovers(&self, who: Who, call: &Call) -> Vec<Option<Message>> {
        let mut late = vec![None];
        match *call {
            Call::Append(close) => late.push(Some(Message::Close(close))),
            Call::Insert(close) => late.push(Some(match self.half[half_of(who)] {
                false => Message::Rows(close),
                true => Message::Mark(close),
            })),
            // Of several records the first ones.
            Call::Tombstones(bits) => {
                let mut some = 0;
                for offset in (0..32).filter(|offset| bits >> offset & 1 == 1) {
                    some |= 1 << offset;
                    late.push(Some(Message::Tombstones(some)));
                }
            }
            _ => {}
        }
        late
    }

    /// What an actor may be told now.
    fn answers(&self, who: Who, call: &Call, ground: &Ground, steps: &mut Vec<Step>) {
        let mut push = |what| steps.push(Step { who, what });
        let ledger = || Answer::Ledger(self.ledger);
        let answer = match *call {
            Call::Events(from) => {
                for to in ground.cuts.iter().copied().filter(|to| *to > from) {
                    let some = ((1_u64 << to) - (1 << from)) as u32 & !self.erased;
                    push(What::Told(Answer::Events(some, to)));
                }
                return;
            }
            Call::Ledger => ledger(),
            Call::AwaitLedger(from) => {
                let end = ground.book().sequence_of(self.ledger).len() as u64 + 1;
                if end <= from {
                    return;
                }
                ledger()
            }
            Call::Marks => Answer::Marks(self.marks),
            Call::Months | Call::Rows(_) => Answer::Rows(self.rows),
            Call::Keys if self.registry.keys_deleted => Answer::Keys(0),
            Call::Keys => Answer::Keys(ground.victim),
            Call::Insert(_) if !self.half[half_of(who)] => {
                push(What::Halfway);
                self.unanswered(who, call, steps);
                return;
            }
            Call::Append(_) | Call::SetAside(_) | Call::Tombstones(_) | Call::Insert(_) => {
                push(What::Told(Answer::Done));
                self.unanswered(who, call, steps);
                return;
            }
            Call::NoteWithdrawal | Call::DeleteRows | Call::DeleteKeys => Answer::Done,
            Call::Done | Call::Stopped(_) => return,
        };
        push(What::Told(answer));
    }

    fn unanswered(&self, who: Who, call: &Call, steps: &mut Vec<Step>) {
        if self.left.unanswered > 0 {
            let late = self.leftovers(who, call).into_iter();
            steps.extend(late.map(|late| Step {
                who,
                what: What::Unanswered(late),
            }));
        }
    }
}

fn half_of(who: Who) -> usize {
    match who {
        Who::Task(of) => of,
        Who::Publisher(of) => 2 + of,
        _ => unreachable!("nobody else inserts"),
    }
}

impl State {
    /// What is after a step, or what it broke.
    pub(super) fn after(
        mut self,
        step: Step,
        cast: &Cast,
        (ground, actors): (&Ground, &mut Actors),
    ) -> Result<Self, String> {
        match step.what {
            What::Told(answer) => {
                let call = actors.call(*self.place(step.who)).clone();
                if answer == Answer::Done {
                    self.carry_out(step.who, &call, ground)?;
                }
                self.tell(step.who, answer, cast, actors)?;
            }
            What::Halfway => {
                if let Call::Insert(close) = *actors.call(*self.place(step.who)) {
                    self.arrive(Message::Rows(close), ground)?;
                }
                self.half[half_of(step.who)] = true;
            }
            What::Unanswered(late) => {
                self.left.unanswered -= 1;
                self.send(late);
                if let Who::Task(_) | Who::Publisher(_) = step.who {
                    self.half[half_of(step.who)] = false;
                }
                self.tell(step.who, Answer::Unknown, cast, actors)?;
            }
            What::Crashes(late) => {
                self.left.crashes -= 1;
                late.into_iter().for_each(|late| self.send(late));
                match step.who {
                    Who::Process(of) => {
                        self.tasks[of] = NOBODY;
                        self.publishers[of] = NOBODY;
                        self.half[of] = false;
                        self.half[2 + of] = false;
                    }
                    _ => self.eraser = actors.start(Role::Eraser, None),
                }
            }
            What::Starts(from) => {
                let Who::Process(of) = step.who else {
                    unreachable!("only processes start");
                };
                let from = (from != NONE).then_some(from);
                if of < cast.tasks {
                    self.tasks[of] = actors.start(Role::Task, from);
                }
                if of < cast.publishers {
                    self.publishers[of] = actors.start(Role::Publisher, None);
                }
            }
            What::Arrives(message) => {
                let there = self.under_way.iter_mut();
                for slot in there.filter(|slot| **slot == Some(message)).take(1) {
                    *slot = None;
                }
                self.under_way.sort_unstable();
                self.arrive(message, ground)?;
            }
            What::Compacts => self.erased |= self.tombstones,
            What::Loses(month) => {
                self.left.lost_parts -= 1;
                self.disturbed = true;
                self.rows[month] = 0;
            }
            What::Feeds(close) => self.arrive(Message::Close(close), ground)?,
        }
        Ok(self)
    }

    fn place(&mut self, who: Who) -> &mut NodeId {
        match who {
            Who::Task(of) => &mut self.tasks[of],
            Who::Publisher(of) => &mut self.publishers[of],
            _ => &mut self.eraser,
        }
    }

    fn tell(
        &mut self,
        who: Who,
        answer: Answer,
        cast: &Cast,
        actors: &mut Actors,
    ) -> Result<(), String> {
        let place = self.place(who);
        let edge = actors.answer(*place, answer);
        *place = edge.to;
        if let (Who::Task(of), Some(put)) = (who, edge.put) {
            self.disks[if cast.one_disk { 0 } else { of }] = put;
        }
        match actors.call(edge.to) {
            Call::Stopped(why) => Err(format!("{who:?} stopped: {why}")),
            _ => Ok(()),
        }
    }

    fn send(&mut self, late: Option<Message>) {
        if late.is_some() {
            let free = self.under_way.iter_mut().find(|slot| slot.is_none());
            *free.expect("few faults in a case") = late;
            self.under_way.sort_unstable();
        }
    }

    fn carry_out(&mut self, who: Who, call: &Call, ground: &Ground) -> Result<(), String> {
        match *call {
            Call::Append(close) => self.arrive(Message::Close(close), ground)?,
            Call::SetAside(offset) => self.aside |= 1 << offset,
            Call::Tombstones(bits) => self.tombstones |= bits,
            Call::Insert(close) => {
                self.half[half_of(who)] = false;
                self.arrive(Message::Mark(close), ground)?;
            }
            Call::NoteWithdrawal => self.registry.noted = true,
            Call::DeleteRows => self.registry.rows_deleted = true,
            Call::DeleteKeys => self.registry.keys_deleted = true,
            _ => {}
        }
        Ok(())
    }

    fn arrive(&mut self, message: Message, ground: &Ground) -> Result<(), String> {
        let mut book = ground.book();
        match message {
            Message::Tombstones(bits) => self.tombstones |= bits,
            Message::Close(close) => {
                let firsts = book.firsts(ground.first, self.ledger);
                let month = ground.index_of(book.close_of(close).month);
                let closed = firsts.iter().flatten().count();
                if month > closed {
                    return Err(format!("{} is closed out of order", ground.month(month)));
                }
                if month == closed && ground.wanted.get(month) != Some(&close) {
                    return Err(differs(ground, month, book.close_of(close)));
                }
                let mut closes = book.sequence_of(self.ledger).to_vec();
                closes.push(close);
                self.ledger = book.sequence(&closes);
                return Ok(());
            }
            Message::Rows(close) => {
                let month = ground.index_of(book.close_of(close).month);
                let more = book.content_of(close);
                self.rows[month] = book.merged(self.rows[month], more);
            }
            Message::Mark(close) => {
                let month = ground.index_of(book.close_of(close).month);
                self.marks[month] = book.content_of(close) + 1;
            }
        }
        let firsts = book.firsts(ground.first, self.ledger);
        for (month, first) in firsts.into_iter().enumerate() {
            let (rows, mark) = (self.rows[month], self.marks[month]);
            let ledger = first.map(|first| book.content_of(first));
            if !book.is_within(rows, ledger.unwrap_or(0)) {
                let month = ground.month(month);
                return Err(format!("the view has rows of {month} that the ledger has not"));
            }
            if mark > 0 && ledger.is_none() {
                let month = ground.month(month);
                return Err(format!("{month} is marked and the ledger has it not"));
            }
            if mark > 0 && !self.disturbed && ledger != Some(rows) {
                let month = ground.month(month);
                return Err(format!("{month} is marked and not whole"));
            }
        }
        Ok(())
    }

    /// True if nothing is left to do and all is well.
    pub(super) fn is_good_end(&self, cast: &Cast, ground: &Ground, actors: &Actors) -> bool {
        let end = ground.events.len() as u64;
        let all = |role: &[NodeId; 2], cast: usize, done: &dyn Fn(NodeId) -> bool| {
            role[..cast].iter().all(|node| *node != NOBODY && done(*node))
        };
        let tasks = all(&self.tasks, cast.tasks, &|node| {
            *actors.call(node) == Call::Events(end)
        });
        let publishers = all(&self.publishers, cast.publishers, &|node| {
            *actors.call(node) == Call::Marks && actors.is_at_rest(node)
        });
        let erased = !cast.eraser
            || *actors.call(self.eraser) == Call::Done
                && self.erased & ground.victim == ground.victim
                && self.registry.noted
                && self.registry.rows_deleted
                && self.registry.keys_deleted;
        let firsts = ground.book().firsts(ground.first, self.ledger);
        let closes: Vec<CloseId> = firsts.into_iter().flatten().collect();
        let ledger = closes == ground.wanted;
        let aside = cast.tasks == 0 || self.aside == ground.bad;
        let quiet = self.under_way.iter().all(Option::is_none);
        let tables = cast.publishers == 0 || self.tables_are_complete(ground);
        tasks && publishers && erased && ledger && aside && quiet && tables
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

fn differs(ground: &Ground, month: usize, got: &medvirk_domain::row::Close) -> String {
    let book = ground.wanted.get(month).copied();
    let what = match book {
        Some(_) => "otherwise than the log says",
        None => "though nobody has closed it",
    };
    let (month, rows) = (ground.month(month), got.rows.len());
    format!("{month} gets {rows} rows in the ledger, {what}")
}
