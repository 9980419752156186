//! What a catalogue says, in plain numbers (millionths where it is about values). The invariant:
//! these are texts that the project publishes; the rules of a measure are worked out from them
//! here once more, and not asked of the code that is attacked.

/// A catalogue, from a month on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// In force from the close of the month before this one; months count from January of year 0.
    pub from: i32,
    /// Instruments and measures are those that the program brings (limits, parts and finest spans
    /// apart); otherwise they are made up.
    pub shipped: bool,
    /// It is loaded without the rule that keeps what others can see apart from answers; of the
    /// program's own it is then the one that was shipped before that rule.
    pub joined: bool,
    /// Forms name them by their place.
    pub instruments: Vec<Instrument>,
    /// Rows name them by their id.
    pub measures: Vec<Measure>,
    /// Events name them by their place; one that is not [`there`](Unit::there) is left out.
    pub units: Vec<Unit>,
}

/// An instrument as the catalogue declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// The id of the instrument.
    pub id: String,
    /// How its scores come about.
    pub kind: Kind,
    /// In the order of a form's scores.
    pub scales: Vec<Scale>,
}

/// How the scores of an instrument come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One total is sent, without items.
    Total,
    /// Every scale has one item, which may be left out.
    Items,
    /// Every scale is an index of 0 to 100 of several items of 1 to 5.
    Indices,
    /// The same of the survey's short form.
    ShortIndices,
    /// A form of the register in which every scale is one item of its name.
    Point,
    /// The yearly status form of the register.
    Status,
    /// Every scale is a mean of several items, of which the trigger may be the only one.
    Monitoring,
}

/// A scale, in millionths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// The id of the scale.
    pub id: String,
    /// Scores are at least this,
    pub min: i64,
    /// and at most this,
    pub max: i64,
    /// and so far apart.
    pub step: i64,
    /// Others know it without an answer, as sex or age.
    pub seen: bool,
    /// Its item must be answered; of made-up instruments of items only.
    pub required: bool,
}

/// A measure as the catalogue declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// The id of the measure.
    pub id: String,
    /// Who counts in the measure.
    pub on: On,
    /// At least this many persons (or codes, doubled already) in a row.
    pub k: u32,
    /// At least this many after taking away any one source.
    pub r: u32,
    /// No row is shorter than a tertial.
    pub tertial: bool,
    /// What splits it, if anything does.
    pub part: Option<Part>,
    /// In the order of the rows' figures.
    pub variables: Vec<Variable>,
}

/// What makes a member of a measure's population; instruments are named by their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// A session with the form, or the form in the register, once a person, unit and month.
    Session(usize),
    /// A patient's first form in the register.
    First(usize),
    /// A closed episode with such forms.
    Closed(usize),
    /// A survey code that was answered.
    Survey(usize),
    /// A code that has expired.
    Invitation,
}

/// What splits a measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// All of it must hold,
    pub when: Vec<Condition>,
    /// for a member of this part;
    pub then: String,
    /// otherwise it is this one.
    pub otherwise: String,
}

/// A variable; numbers are in millionths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The id of the variable.
    pub id: String,
    /// What it says of a member.
    pub reading: Reading,
    /// Values are at least this,
    pub min: i64,
    /// and at most this,
    pub max: i64,
    /// and multiples of this.
    pub grain: i64,
    /// Several contributions of a person in one row are added; otherwise the last one counts.
    pub adds: bool,
    /// Rows of enough persons have a sum of squares.
    pub spread: bool,
}

/// What a variable says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A number that is known of a member.
    Number(Value),
    /// 1 if all of it holds, else 0.
    Flag(Vec<Condition>),
}

/// A number; scales are named by their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// The score of the form.
    Score(usize),
    /// The first score of an episode,
    First(usize),
    /// its last one, if it is another,
    Last(usize),
    /// and the last less the first.
    Change(usize),
    /// How many forms there are.
    Forms,
    /// The days of an episode,
    Days,
    /// the longest time in it without a form,
    Gap,
    /// and whether the patient ended it,
    Unplanned,
    /// or another service took over.
    Transfer,
    /// Whether the code was answered.
    Answered,
}

/// A comparison of a number with a bound in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// The number that is compared.
    pub value: Value,
    /// How it is compared.
    pub test: Test,
    /// The bound that it is compared with.
    pub bound: i64,
}

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// At most the bound.
    AtMost,
    /// At least the bound.
    AtLeast,
    /// The number is below the bound.
    Below,
    /// The number is above the bound.
    Above,
}

/// A unit and whom it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The id of the unit.
    pub id: String,
    /// Id of its institution.
    pub institution: String,
    /// Id of its trust.
    pub trust: String,
    /// Registered as having one therapist.
    pub single_therapist: bool,
    /// Registered as having one device.
    pub single_device: bool,
    /// False while the catalogue does not have it.
    pub there: bool,
}

impl Facts {
    /// The one of several that is in force in a month.
    pub fn in_force(all: &[Self], month: i32) -> &Self {
        let begun = all.iter().rfind(|facts| facts.from <= month);
        begun.unwrap_or(&all[0])
    }

    /// The measure with that id.
    pub fn find(&self, id: &str) -> Option<&Measure> {
        self.measures.iter().find(|measure| measure.id == id)
    }

    /// True if others know the number without an answer.
    pub fn is_seen(&self, measure: &Measure, value: Value) -> bool {
        let scale = match value {
            Value::Score(scale)
            | Value::First(scale)
            | Value::Last(scale)
            | Value::Change(scale) => scale,
            Value::Forms
            | Value::Days
            | Value::Gap
            | Value::Unplanned
            | Value::Transfer
            | Value::Answered => return true,
        };
        measure
            .instrument()
            .is_some_and(|place| self.instruments[place].scales[scale].seen)
    }

    /// True if the unit with that number is, or belongs to, the row's organisation.
    pub fn covers(&self, row: &super::Row, unit: usize) -> bool {
        let unit = &self.units[unit];
        let name = match row.level {
            super::Level::Unit => &unit.id,
            super::Level::Institution => &unit.institution,
            super::Level::Trust => &unit.trust,
        };
        unit.there && *name == row.organisation
    }
}

impl Measure {
    /// Place of the instrument that is read.
    pub fn instrument(&self) -> Option<usize> {
        match self.on {
            On::Session(place) | On::First(place) | On::Closed(place) | On::Survey(place) => {
                Some(place)
            }
            On::Invitation => None,
        }
    }

    /// One contribution per person, unit and month; otherwise one per episode or code.
    pub fn is_monthly(&self) -> bool {
        matches!(self.on, On::Session(_))
    }

    /// It counts survey codes.
    pub fn counts_codes(&self) -> bool {
        matches!(self.on, On::Survey(_) | On::Invitation)
    }

    /// Fewer patients than this must not be found together: a patient may hold two codes.
    pub fn fewest(&self) -> usize {
        self.k as usize / if self.counts_codes() { 2 } else { 1 }
    }
}

impl Reading {
    /// Every number that is read.
    pub fn values(&self) -> Vec<Value> {
        match self {
            Self::Number(value) => vec![*value],
            Self::Flag(conditions) => conditions.iter().map(|one| one.value).collect(),
        }
    }
}

impl Variable {
    /// How many values it can have.
    pub fn steps(&self) -> i64 {
        (self.max - self.min) / self.grain + 1
    }

    /// What a number becomes in a row: within the range, on the grain, half away from zero.
    pub fn shown(&self, number: i64) -> i64 {
        let number = number.clamp(self.min, self.max);
        let half = self.grain / 2 * number.signum();
        (number + half) / self.grain * self.grain
    }
}

impl Condition {
    /// True if a number passes.
    pub fn holds(&self, number: i64) -> bool {
        match self.test {
            Test::AtMost => number <= self.bound,
            Test::AtLeast => number >= self.bound,
            Test::Below => number < self.bound,
            Test::Above => number > self.bound,
        }
    }
}
