//! What a step changes. Comes in: a state and a step. Goes out: the state after it, or the promise
//! that it broke. The invariants that are watched at every change: the first closes of the ledger
//! are those of the fault-free fold, in order; the tables have only what the ledger has; a marked
//! close is whole.

use medvirk_domain::row::Close;

use super::{Cast, Message, NOBODY, NONE, State, Step, What, Who, half_of};
use crate::explore::actors::{Actors, NodeId};
use crate::explore::ground::{CheckpointId, Ground};
use crate::explore::script::{Answer, Call, Role};

impl State {
    /// What is after a step, or what it broke.
    pub(in crate::explore) fn after(
        mut self,
        step: Step,
        cast: &Cast,
        ground: &Ground,
        actors: &mut Actors,
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
                    Who::Process(of) => self.end(of),
                    _ => self.eraser = actors.start(Role::Eraser, None),
                }
            }
            What::Starts(from) => {
                let Who::Process(of) = step.who else {
                    unreachable!("only processes start");
                };
                self.begin(of, from, cast, actors);
            }
            What::Arrives(message) => {
                let there = self.under_way.iter_mut();
                for slot in there.filter(|slot| **slot == Some(message)).take(1) {
                    *slot = None;
                }
                self.under_way.sort_unstable();
                self.arrive(message, ground)?;
            }
            What::Compacts(bit) => self.erased |= bit,
            What::Loses(month) => {
                self.left.lost_parts -= 1;
                self.disturbed = true;
                self.rows[month] = 0;
            }
            What::Feeds(close) => self.arrive(Message::Close(close), ground)?,
        }
        Ok(self)
    }

    fn end(&mut self, of: usize) {
        self.tasks[of] = NOBODY;
        self.publishers[of] = NOBODY;
        self.half[of] = false;
        self.half[2 + of] = false;
    }

    fn begin(&mut self, of: usize, from: CheckpointId, cast: &Cast, actors: &mut Actors) {
        let from = (from != NONE).then_some(from);
        if of < cast.tasks {
            self.tasks[of] = actors.start(Role::Task, from);
        }
        if of < cast.publishers {
            self.publishers[of] = actors.start(Role::Publisher, None);
        }
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
                return Err(format!(
                    "the view has rows of {month} that the ledger has not"
                ));
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
}

fn differs(ground: &Ground, month: usize, got: &Close) -> String {
    let what = match ground.wanted.get(month) {
        Some(_) => "which is not what the log says",
        None => "and nobody has closed it",
    };
    let (month, rows) = (ground.month(month), got.rows.len());
    format!("{month} gets {rows} rows in the ledger, {what}")
}
