//! What can happen next. Comes in: a state. Goes out: every step from it, always in the same
//! order. The invariant: what is left out here is left out of the whole search; the README says
//! what that is.

use super::{Cast, Message, NOBODY, NONE, State, Step, What, Who, half_of};
use crate::explore::actors::{Actors, NodeId};
use crate::explore::ground::{Ground, MONTHS};
use crate::explore::script::{Answer, Call};

impl State {
    /// Every step that is possible.
    pub(in crate::explore) fn steps(
        &self,
        cast: &Cast,
        ground: &Ground,
        actors: &Actors,
    ) -> Vec<Step> {
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
        let named = self.tombstones & !self.erased;
        if named != 0 {
            push(What::Compacts(1 << named.trailing_zeros()));
        }
        if self.left.lost_parts > 0 {
            let there = (0..MONTHS).filter(|month| self.rows[*month] != 0);
            there.for_each(|month| push(What::Loses(month)));
        }
        if cast.fed {
            let closes = ground.book().sequence_of(self.ledger);
            let firsts = closes
                .iter()
                .collect::<std::collections::BTreeSet<_>>()
                .len();
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
            Call::Insert(close) => late.push(Some(if self.half[half_of(who)] {
                Message::Mark(close)
            } else {
                Message::Rows(close)
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
