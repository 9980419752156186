//! The search. Comes in: a case. Goes out: how many states it has, or the shortest way to one that
//! breaks a promise. The invariant: every state that any order of steps can reach was looked at,
//! and from each of them a good end can be reached without a fault.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::actors::Actors;
use super::ground::Ground;
use super::state::{Cast, State, Step};

/// Where a state was first reached from: the state and the number of the step there.
type From = (u32, u16);

pub(super) struct Search<'a> {
    pub(super) cast: &'a Cast,
    pub(super) ground: &'a Ground,
    pub(super) actors: &'a mut Actors,
    states: Vec<State>,
    from: Vec<From>,
    depths: Vec<u16>,
    /// By canonical state; exact, since the states themselves are compared.
    known: HashTable<u32>,
    /// Steps that are no faults, backwards.
    back: Vec<(u32, u32)>,
    good: Vec<u32>,
    pub(super) steps: u64,
}

/// A way to a broken promise.
pub(super) struct Way {
    /// Which of the possible steps, each time.
    pub(super) choices: Vec<u16>,
    pub(super) what: String,
}

impl<'a> Search<'a> {
    pub(super) fn new(cast: &'a Cast, ground: &'a Ground, actors: &'a mut Actors) -> Self {
        Self {
            cast,
            ground,
            actors,
            states: Vec::new(),
            from: Vec::new(),
            depths: Vec::new(),
            known: HashTable::new(),
            back: Vec::new(),
            good: Vec::new(),
            steps: 0,
        }
    }

    /// Breadth first, so that the first way that is found is a shortest one.
    pub(super) fn run(&mut self) -> Result<(), Way> {
        let first = State::first(self.cast, self.actors);
        self.note(first, (0, 0), 0);
        let mut next = 0;
        while next < self.states.len() {
            self.visit(next as u32)?;
            next += 1;
        }
        self.everybody_arrives()
    }

    fn visit(&mut self, id: u32) -> Result<(), Way> {
        let state = self.states[id as usize];
        let lacks = state.lacks(self.cast, self.ground, self.actors);
        if lacks.is_none() {
            self.good.push(id);
        }
        let mut goes_on = false;
        let steps = state.steps(self.cast, self.ground, self.actors);
        for (choice, step) in (0..).zip(steps) {
            self.steps += 1;
            let after = state.after(step, self.cast, self.ground, self.actors);
            let after = after.map_err(|what| {
                let mut choices = self.way_to(id);
                choices.push(choice);
                Way { choices, what }
            })?;
            let depth = self.depths[id as usize] + 1;
            let to = self.note(after, (id, choice), depth);
            if !step.is_fault() && to != id {
                goes_on = true;
                self.back.push((to, id));
            }
        }
        match lacks {
            Some(what) if !goes_on => Err(Way {
                choices: self.way_to(id),
                what: format!("nothing goes on: {what}"),
            }),
            _ => Ok(()),
        }
    }

    fn note(&mut self, state: State, from: From, depth: u16) -> u32 {
        let Self {
            cast,
            states,
            known,
            ..
        } = self;
        let canonical = state.canonical(cast);
        let hash = |state: State| FixedState::default().hash_one(state);
        let same = |id: &u32| states[*id as usize].canonical(cast) == canonical;
        let entry = known.entry(hash(canonical), same, |id| {
            hash(states[*id as usize].canonical(cast))
        });
        match entry {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                let id = states.len() as u32;
                free.insert(id);
                self.states.push(state);
                self.from.push(from);
                self.depths.push(depth);
                id
            }
        }
    }

    fn way_to(&self, mut id: u32) -> Vec<u16> {
        let mut choices = Vec::new();
        while id > 0 {
            let (before, choice) = self.from[id as usize];
            choices.push(choice);
            id = before;
        }
        choices.reverse();
        choices
    }

    /// From every state a good end can be reached without a fault: nothing stalls.
    fn everybody_arrives(&mut self) -> Result<(), Way> {
        let mut back = std::mem::take(&mut self.back);
        back.sort_unstable();
        let mut arrives = vec![false; self.states.len()];
        let mut open = self.good.clone();
        open.iter().for_each(|id| arrives[*id as usize] = true);
        while let Some(id) = open.pop() {
            let begin = back.partition_point(|(to, _)| *to < id);
            for (_, from) in back[begin..].iter().take_while(|(to, _)| *to == id) {
                if !std::mem::replace(&mut arrives[*from as usize], true) {
                    open.push(*from);
                }
            }
        }
        match arrives.iter().position(|arrives| !arrives) {
            Some(id) => Err(Way {
                choices: self.way_to(id as u32),
                what: "from here nothing leads to a good end".to_owned(),
            }),
            None => Ok(()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    pub(super) fn ends(&self) -> usize {
        self.good.len()
    }

    pub(super) fn depth(&self) -> u16 {
        self.depths.last().copied().unwrap_or_default()
    }
}

/// Follows choices from the first state on. Says what was done, and what it broke.
pub(super) fn follow(
    choices: &[u16],
    cast: &Cast,
    ground: &Ground,
    actors: &mut Actors,
    mut say: impl FnMut(Step, &State, &Actors),
) -> Result<State, String> {
    let mut state = State::first(cast, actors);
    for choice in choices {
        let steps = state.steps(cast, ground, actors);
        let step = steps.get(usize::from(*choice));
        let step = *step.ok_or("there is no such step")?;
        say(step, &state, actors);
        state = state.after(step, cast, ground, actors)?;
    }
    Ok(state)
}
