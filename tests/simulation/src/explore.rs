//! Every interleaving of a small case. Comes in: a case. Goes out: how many states it has, or the
//! shortest way to a broken promise. The invariants: the code that runs is the aggregator's and
//! the registrar's own; every order of steps that a case allows is looked at.

// In reading order.
mod search;

mod state;

mod actors;

mod script;

mod ground;

mod tale;

mod words;

use std::sync::Arc;

use crate::Sabotage;
use actors::Actors;
use ground::Ground;
use search::Search;
use state::{Cast, Faults};

/// Which log is explored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// Seventeen records, three closes.
    Long,
    /// Nine records, three closes.
    Short,
}

/// One case that is searched in full.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The name of the case.
    pub name: &'static str,
    /// The log at the beginning.
    pub log: Log,
    /// Tasks that fold it, at most two.
    pub tasks: usize,
    /// Publishers, at most two.
    pub publishers: usize,
    /// The withdrawn person is erased.
    pub erasure: bool,
    /// The ledger is written by nobody in particular; for cases without tasks.
    pub fed: bool,
    /// All processes keep their checkpoints in one place.
    pub one_disk: bool,
    /// The largest number of crashes.
    pub crashes: u8,
    /// Requests without an answer, at most.
    pub unanswered: u8,
    /// Parts that the tables lose, at most.
    pub lost_parts: u8,
    /// The rule that is broken, if any.
    pub sabotage: Sabotage,
}

impl Case {
    /// Nobody and nothing but a log; the rest is to be said.
    pub fn new(name: &'static str, log: Log) -> Self {
        Self {
            name,
            log,
            tasks: 0,
            publishers: 0,
            erasure: false,
            fed: false,
            one_disk: false,
            crashes: 0,
            unanswered: 0,
            lost_parts: 0,
            sabotage: Sabotage::default(),
        }
    }
}

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The number of states that were seen.
    pub states: usize,
    /// The number of steps between the states.
    pub steps: u64,
    /// Steps to the farthest state, on the shortest way.
    pub depth: u16,
    /// States in which all is done.
    pub ends: usize,
    /// States of single actors.
    pub local: usize,
    /// How often the code was run.
    pub runs: u64,
    /// Answers that were tried after two histories.
    pub audited: u64,
}

/// A way to a broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterExample {
    /// The promise that was broken.
    pub what: String,
    /// The way, to be given back to [`follow`].
    pub choices: Vec<u16>,
    /// The same in words.
    pub steps: Vec<String>,
}

impl std::fmt::Display for CounterExample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in &self.steps {
            writeln!(f, "  {step}")?;
        }
        let choices: Vec<String> = self.choices.iter().map(u16::to_string).collect();
        write!(f, "{}\nMEDVIRK_STEPS={}", self.what, choices.join("."))
    }
}

/// Looks at every state of a case.
///
/// # Errors
/// A shortest way to a broken promise.
pub fn explore(case: &Case) -> Result<Report, CounterExample> {
    let (ground, cast) = prepare(case);
    let mut actors = Actors::new(&ground, case.sabotage.is_on());
    case.sabotage.begin();
    let mut search = Search::new(&cast, &ground, &mut actors);
    let found = search.run();
    let report = Report {
        states: search.len(),
        steps: search.steps,
        depth: search.depth(),
        ends: search.ends(),
        local: 0,
        runs: 0,
        audited: 0,
    };
    let outcome = match found {
        Err(way) => Err(in_words(way.choices, way.what, &cast, &ground, &mut actors)),
        Ok(()) => actors.audit().map_err(|what| CounterExample {
            what,
            choices: Vec::new(),
            steps: Vec::new(),
        }),
    };
    Sabotage::default().begin();
    Ok(Report {
        audited: outcome?,
        local: actors.len(),
        runs: actors.runs,
        ..report
    })
}

/// Follows a way, as a counter-example gave it. Says the steps, and what they break.
pub fn follow(case: &Case, choices: &[u16]) -> CounterExample {
    let (ground, cast) = prepare(case);
    let mut actors = Actors::new(&ground, case.sabotage.is_on());
    case.sabotage.begin();
    let none = "nothing is broken here".to_owned();
    let followed = in_words(choices.to_vec(), none, &cast, &ground, &mut actors);
    Sabotage::default().begin();
    followed
}

fn prepare(case: &Case) -> (Arc<Ground>, Cast) {
    let tale = match case.log {
        Log::Long => tale::long(),
        Log::Short => tale::short(),
    };
    let cast = Cast {
        tasks: case.tasks,
        publishers: case.publishers,
        eraser: case.erasure,
        fed: case.fed,
        one_disk: case.one_disk,
        faults: Faults {
            crashes: case.crashes,
            unanswered: case.unanswered,
            lost_parts: case.lost_parts,
        },
    };
    (Ground::new(tale), cast)
}

fn in_words(
    choices: Vec<u16>,
    otherwise: String,
    cast: &Cast,
    ground: &Ground,
    actors: &mut Actors,
) -> CounterExample {
    let mut steps = Vec::new();
    let followed = search::follow(&choices, cast, ground, actors, |step, state, actors| {
        steps.push(words::describe(step, state, ground, actors));
    });
    CounterExample {
        what: followed.err().unwrap_or(otherwise),
        choices,
        steps,
    }
}
