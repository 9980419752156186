//! Rows as closes leave them. Comes in: a catalogue and a span. Goes out: closes of every month, in
//! the indicator tables. What a unit has in a month is a row of its own or waits, by about the
//! shares that the release rule gives (the design's simulation: monthly measures 97 % of months;
//! closed episodes about a third by month, the rest by tertial or year); at the end of the year the
//! rest is joined in the institution. So spans, parts and flags are those of true closes.

use medvirk_domain::catalogue::{Catalogue, CountedPer, FinestSpan, Measure, Variable};
use medvirk_domain::row::{Close, Row, RowLevel, RowParts, VariableSum};
use medvirk_domain::time::Month;
use medvirk_store::IndicatorWriter;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Rows of that many persons have a sum of squares.
const WITH_SPREAD: u32 = 12;
const MICRO: i64 = 1_000_000;

/// How likely what is due becomes a row: of a month, of a tertial, of a year.
const MONTHLY: [f64; 3] = [0.97, 0.95, 0.9];
const EPISODES: [f64; 3] = [0.35, 0.9, 0.9];

/// Makes the closes of one year, one trust at a time.
struct Closes<'a> {
    catalogue: &'a Catalogue,
    random: StdRng,
    /// First month from which something waits, by measure, unit and part.
    waits: Vec<Option<Month>>,
    first: Month,
}

/// Writes every close of the span, and gives the number of rows.
pub(crate) async fn fill(
    writer: &IndicatorWriter,
    catalogue: &Catalogue,
    first: Month,
    last: Month,
    partitions: u32,
) -> Result<usize, crate::Failed> {
    let seed = match std::env::var("MEDVIRK_SEED") {
        Ok(seed) => seed.parse()?,
        Err(_) => 1,
    };
    let mut closes = Closes {
        catalogue,
        random: StdRng::seed_from_u64(seed),
        waits: Vec::new(),
        first,
    };
    let (mut month, mut count) = (first, 0);
    while month <= last {
        let mut of_partitions: Vec<Vec<Row>> = vec![Vec::new(); partitions as usize];
        for (place, row) in closes.rows(month) {
            of_partitions[place % partitions as usize].push(row);
        }
        for (partition, rows) in (0..).zip(of_partitions) {
            count += rows.len();
            let close = Close {
                month,
                offset: 0,
                catalogue: catalogue.hash,
                fold_version: 1,
                rows,
            };
            writer.insert_close(partition, partitions, &close).await?;
        }
        if month.number() == 12 {
            writer.optimise(month.year()).await?;
        }
        month = month.next();
    }
    Ok(count)
}

impl Closes<'_> {
    /// Rows of a close, with the place of their institution.
    fn rows(&mut self, month: Month) -> Vec<(usize, Row)> {
        let mut rows = Vec::new();
        let mut slot = 0;
        let institutions: Vec<&str> = self
            .catalogue
            .organisations
            .institutions
            .keys()
            .map(|id| id.as_str())
            .collect();
        for measure in self.catalogue.measures.values() {
            let parts = measure.parts.as_ref();
            let parts = parts.map_or(vec![""], |p| vec![p.then.as_str(), p.otherwise.as_str()]);
            let mut left = vec![false; institutions.len()];
            for (unit, about) in &self.catalogue.organisations.units {
                let of = about.institution.as_str();
                let of = institutions.iter().position(|id| *id == of).unwrap_or(0);
                for part in &parts {
                    match self.due(slot, measure, month) {
                        Some(first) => {
                            let about = (RowLevel::Unit, unit.as_str(), *part);
                            rows.push((of, self.row(measure, about, (first, month))));
                        }
                        None => left[of] |= month.number() == 12,
                    }
                    slot += 1;
                }
            }
            for (of, _) in left.iter().enumerate().filter(|(_, left)| **left) {
                let about = (RowLevel::Institution, institutions[of], "");
                rows.push((of, self.row(measure, about, (month.year_start(), month))));
            }
        }
        rows
    }

    /// The first month of the row that a group gives now, or nothing where it waits.
    fn due(&mut self, slot: usize, measure: &Measure, month: Month) -> Option<Month> {
        if self.waits.len() <= slot {
            self.waits.resize(slot + 1, None);
        }
        let chances = match measure.per {
            CountedPer::Month => MONTHLY,
            CountedPer::Episode => EPISODES,
        };
        let inside = !month.ends_tertial();
        let from = match self.waits[slot] {
            _ if inside => month,
            None if measure.finest == FinestSpan::Tertial => month.tertial_start(),
            None => month,
            Some(from) if month.number() == 12 && from < month.tertial_start() => {
                month.year_start()
            }
            Some(_) => month.tertial_start(),
        };
        let chance = match () {
            () if from == month => chances[0],
            () if from == month.tertial_start() => chances[1],
            () => chances[2],
        };
        let hidden = inside && measure.finest == FinestSpan::Tertial;
        let released = !hidden && self.random.random_bool(chance);
        if !released {
            self.waits[slot] = self.waits[slot].or(Some(month));
        }
        if month.number() == 12 || (released && !inside) {
            self.waits[slot] = None;
        }
        released.then_some(from.max(self.first))
    }

    fn row(
        &mut self,
        measure: &Measure,
        about: (RowLevel, &str, &str),
        span: (Month, Month),
    ) -> Row {
        let (level, organisation, part) = about;
        let (first, last) = span;
        let months = last.yyyymm() - first.yyyymm() + 1;
        let persons = measure.k + self.random.random_range(0..20 + 6 * months.min(12));
        let fresh = match (measure.per, first.number()) {
            (CountedPer::Month, 2..) => persons / 3,
            _ => persons,
        };
        let sums = measure.variables.iter();
        Row::from_ledger(RowParts {
            measure: measure.id.clone(),
            level,
            organisation: organisation.to_owned(),
            first,
            last,
            part: part.to_owned(),
            persons,
            new_in_year: measure.parts.is_none().then_some(fresh),
            single_therapist: false,
            single_device: false,
            variables: sums.map(|one| self.sum(one, persons)).collect(),
        })
    }

    /// Persons about a mean that differs from row to row.
    fn sum(&mut self, variable: &Variable, persons: u32) -> VariableSum {
        let (min, max) = (variable.min.micros(), variable.max.micros());
        let n = i64::from(persons);
        let share = self.random.random_range(0.35..0.75);
        let whole = min * n + ((max - min) as f64 * share) as i64 * n;
        // Flags are counted, and everything else has some digits only.
        let digits = variable.grain.micros().clamp(1, MICRO);
        let sum = whole / digits * digits;
        let deviation = i128::from(max - min) / 5;
        let squares = i128::from(sum).pow(2) / i128::from(n) + i128::from(n) * deviation.pow(2);
        VariableSum {
            variable: variable.id.clone(),
            sum,
            sum_sq: (variable.spread && persons >= WITH_SPREAD).then_some(squares),
        }
    }
}
