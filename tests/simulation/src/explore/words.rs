//! Steps in words. Comes in: a step and the state before it. Goes out: a line. The invariant: no
//! line says what the step does not.

use super::actors::Actors;
use super::ground::{CloseId, Ground, MONTHS, PerMonth};
use super::script::{Answer, Call};
use super::state::{Message, NONE, State, Step, What, Who};

/// A line about a step.
pub(super) fn describe(step: Step, state: &State, ground: &Ground, actors: &Actors) -> String {
    let words = Words { ground };
    let (who, call) = match step.who {
        Who::Task(of) => (format!("{}'s fold", name(of)), Some(state.tasks[of])),
        Who::Publisher(of) => {
            let node = state.publishers[of];
            (format!("{}'s publisher", name(of)), Some(node))
        }
        Who::Process(of) => (name(of).to_owned(), None),
        Who::Eraser => ("the erasure".to_owned(), Some(state.eraser)),
        Who::World => ("meanwhile".to_owned(), None),
    };
    let call = call.map(|node| actors.call(node));
    let what = match step.what {
        What::Told(answer) => words.told(call, answer),
        What::Halfway => format!("{}: the rows are there", words.asks(call)),
        What::Unanswered(None) => format!("{}: lost, without an answer", words.asks(call)),
        What::Unanswered(Some(late)) => {
            let late = words.message(late);
            format!("{}: no answer; {late} may come later", words.asks(call))
        }
        What::Crashes(late) => {
            let late: Vec<String> = late
                .into_iter()
                .flatten()
                .map(|it| words.message(it))
                .collect();
            if late.is_empty() {
                "crashes".to_owned()
            } else {
                format!("crashes; {} comes later", late.join(" and "))
            }
        }
        What::Starts(NONE) => "starts from the beginning".to_owned(),
        What::Starts(from) => {
            let next = ground.book().checkpoint_of(from).next;
            format!("starts with a checkpoint, at record {next}")
        }
        What::Arrives(message) => format!("{} comes", words.message(message)),
        What::Compacts(bit) => format!("the log erases {}", words.records(bit)),
        What::Loses(month) => format!("the rows of {} are lost", ground.month(month)),
        What::Feeds(close) => format!("somebody appends {}", words.close(close)),
    };
    format!("{who}: {what}")
}

fn name(of: usize) -> &'static str {
    ["A", "B"][of]
}

struct Words<'a> {
    ground: &'a Ground,
}

impl Words<'_> {
    fn close(&self, close: CloseId) -> String {
        let book = self.ground.book();
        let close = book.close_of(close);
        format!("{} with {} rows", close.month, close.rows.len())
    }

    fn records(&self, bits: u32) -> String {
        let records = (0..).zip(&self.ground.tale);
        let named = records.filter(|(offset, _)| bits >> offset & 1 == 1);
        let labels: Vec<String> = named
            .map(|(offset, told)| format!("{offset} ({})", told.label))
            .collect();
        if labels.is_empty() {
            "nothing".to_owned()
        } else {
            labels.join(", ")
        }
    }

    fn months(&self, of: PerMonth) -> String {
        let there = (0..MONTHS).filter(|month| of[*month] > 0);
        let months: Vec<String> = there.map(|it| self.ground.month(it).to_string()).collect();
        if months.is_empty() {
            "nothing".to_owned()
        } else {
            months.join(", ")
        }
    }

    fn message(&self, message: Message) -> String {
        match message {
            Message::Close(close) => format!("the close of {}", self.close(close)),
            Message::Rows(close) => format!("the insert of {}", self.close(close)),
            Message::Mark(close) => format!("the mark of {}", self.close(close)),
            Message::Tombstones(bits) => format!("the tombstones of {}", self.records(bits)),
        }
    }

    fn asks(&self, call: Option<&Call>) -> String {
        match call {
            Some(Call::Append(close)) => format!("appends {} to the ledger", self.close(*close)),
            Some(Call::SetAside(offset)) => format!("sets aside {}", self.records(1 << offset)),
            Some(Call::Tombstones(bits)) => {
                format!("appends tombstones of {}", self.records(*bits))
            }
            Some(Call::Insert(close)) => format!("inserts {} into the tables", self.close(*close)),
            Some(Call::NoteWithdrawal) => "notes the withdrawal".to_owned(),
            Some(Call::DeleteRows) => "deletes the rows".to_owned(),
            Some(Call::DeleteKeys) => "deletes the keys".to_owned(),
            Some(Call::Marks) => "asks for the marks".to_owned(),
            Some(Call::Months | Call::Rows(_)) => "asks for the rows".to_owned(),
            Some(Call::Keys) => "asks for the keys".to_owned(),
            Some(Call::Ledger | Call::AwaitLedger(_)) => "reads the ledger".to_owned(),
            Some(Call::Events(from)) => format!("reads on at {from}"),
            Some(Call::Done | Call::Stopped(_)) | None => "has ended".to_owned(),
        }
    }

    fn told(&self, call: Option<&Call>, answer: Answer) -> String {
        let asks = self.asks(call);
        match answer {
            Answer::Events(bits, next) => format!("{asks}, up to {next}: {}", self.records(bits)),
            Answer::Ledger(ledger) => {
                let closes = self.ground.book().sequence_of(ledger);
                let closes: Vec<String> = closes.iter().map(|it| self.close(*it)).collect();
                format!("{asks}: [{}]", closes.join(", "))
            }
            Answer::Marks(of) | Answer::Rows(of) => format!("{asks}: {}", self.months(of)),
            Answer::Keys(bits) => format!("{asks}: {}", self.records(bits)),
            Answer::Done => format!("{asks}: done"),
            Answer::Unknown => format!("{asks}: nobody knows"),
        }
    }
}
