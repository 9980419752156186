//! What everybody may read. Goes out: the catalogue's facts and the rows in the order in which
//! they were published. The invariant: nothing here is known of a single person.

/// Everything that is public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Public {
    /// The catalogue.
    pub facts: Facts,
    /// In the order of publication.
    pub rows: Vec<Row>,
}

/// What the catalogue says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// By id.
    pub measures: Vec<Measure>,
    /// By number.
    pub units: Vec<Unit>,
}

/// A measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Its id.
    pub id: String,
    /// At least this many persons (or codes, doubled already) in a row.
    pub k: u32,
    /// At least this many after taking away any one source.
    pub r: u32,
    /// One contribution per person, unit and month; otherwise one per episode or code.
    pub monthly: bool,
    /// It counts survey codes.
    pub codes: bool,
    /// In the order of the rows' figures.
    pub variables: Vec<Variable>,
}

/// A variable; numbers are in millionths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its id.
    pub id: String,
    /// Values are at least this,
    pub min: i64,
    /// at most this,
    pub max: i64,
    /// and multiples of this.
    pub grain: i64,
    /// Several contributions of a person in one row are added; otherwise the last one counts.
    pub adds: bool,
}

impl Variable {
    /// How many values it can have.
    pub fn steps(&self) -> i64 {
        (self.max - self.min) / self.grain + 1
    }
}

/// A unit and whom it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its id.
    pub id: String,
    /// Id of its institution.
    pub institution: String,
    /// Id of its trust.
    pub trust: String,
}

/// The level of a row's organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A unit.
    Unit,
    /// An institution.
    Institution,
    /// A trust.
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
    /// In millionths.
    pub sum: i64,
    /// In units of 10⁻¹².
    pub sum_sq: Option<i128>,
}

impl Facts {
    /// The measure with that id.
    pub fn measure(&self, id: &str) -> &Measure {
        let found = self.measures.iter().find(|measure| measure.id == id);
        found.expect("rows name measures of the catalogue")
    }

    /// True if the unit with that number is, or belongs to, the row's organisation.
    pub fn covers(&self, row: &Row, unit: usize) -> bool {
        let unit = &self.units[unit];
        let name = match row.level {
            Level::Unit => &unit.id,
            Level::Institution => &unit.institution,
            Level::Trust => &unit.trust,
        };
        *name == row.organisation
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
