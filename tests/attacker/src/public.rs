//! What everybody may read. Goes out: the catalogues' facts and the rows in the order in which they
//! were published. The invariant: nothing here is known of a single person.

mod facts;

pub use facts::{
    Condition, Facts, Instrument, Kind, Measure, On, Part, Reading, Scale, Test, Unit, Value,
    Variable,
};

/// Everything that is public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Public {
    /// By the month from which they are in force.
    pub catalogues: Vec<Facts>,
    /// In the order of publication.
    pub rows: Vec<Row>,
}

/// The level of a row's organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The row is about a unit.
    Unit,
    /// The row is about an institution.
    Institution,
    /// The row is about a trust.
    Trust,
}

/// A row; months are counted from January of year 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Id of the measure.
    pub measure: String,
    /// Level of the organisation.
    pub level: Level,
    /// Id of the organisation.
    pub organisation: String,
    /// First month of the span.
    pub first: i32,
    /// Last month of the span.
    pub last: i32,
    /// Empty where joined or where there is none.
    pub part: String,
    /// Distinct persons, or codes.
    pub persons: u32,
    /// Persons who are in no earlier row of the year.
    pub new_in_year: Option<u32>,
    /// The unit has one therapist.
    pub single_therapist: bool,
    /// The unit has one device.
    pub single_device: bool,
    /// The month whose close published it.
    pub closed: i32,
    /// In the order of the measure's variables.
    pub figures: Vec<Figure>,
}

/// What a row says of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The sum in whole millionths.
    pub sum: i64,
    /// In units of 10⁻¹².
    pub sum_sq: Option<i128>,
}

impl Public {
    /// The catalogue in force in a month.
    pub fn facts(&self, month: i32) -> &Facts {
        Facts::in_force(&self.catalogues, month)
    }

    /// The measure of a row, as it was when the row was published.
    pub fn measure_of(&self, row: &Row) -> &Measure {
        let found = self.facts(row.closed).find(&row.measure);
        found.expect("rows name measures of their catalogue")
    }

    /// The last version of a measure that there was at any time.
    pub fn measure(&self, id: &str) -> &Measure {
        let found = self
            .catalogues
            .iter()
            .rev()
            .find_map(|facts| facts.find(id));
        found.expect("the measure is in a catalogue")
    }

    /// All variables of all measures, as measure and place.
    pub fn variables(&self) -> Vec<(String, usize)> {
        let measures = self.catalogues.iter().flat_map(|facts| &facts.measures);
        let of = |measure: &Measure| {
            let id = measure.id.clone();
            (0..measure.variables.len()).map(move |place| (id.clone(), place))
        };
        let mut variables: Vec<(String, usize)> = measures.flat_map(of).collect();
        variables.sort();
        variables.dedup();
        variables
    }
}

impl Row {
    /// Everything but the sums: what may never depend on a value.
    pub fn without_sums(&self) -> Self {
        let mut row = self.clone();
        for figure in &mut row.figures {
            figure.sum = 0;
            figure.sum_sq = figure.sum_sq.map(|_| 0);
        }
        row
    }
}
