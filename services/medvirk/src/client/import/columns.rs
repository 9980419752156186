//! Columns. Comes in: a table, the headers that an importer expects, and what the user says.
//! Goes out: cells by our names, in our words. The invariant: a column is read under one name
//! only because the user or the format says so; none is guessed.

use std::collections::BTreeMap;

use medvirk_domain::time::Day;
use medvirk_proto::feedback::v1::Ending;

use super::row::{Facts, Problem};
use super::table::{Line, Table};
use super::values::{Days, moment};
use crate::cli::Source;
use crate::exit::{Code, error};

/// A column that an importer reads.
pub(super) struct Wanted {
    /// Our name.
    pub(super) name: &'static str,
    /// The header that the format gives it; empty where it is known to have none.
    pub(super) header: &'static str,
    pub(super) required: bool,
}

/// Where our columns are in a table.
pub(super) struct Columns {
    places: BTreeMap<&'static str, usize>,
    headers: BTreeMap<&'static str, String>,
    words: BTreeMap<(String, String), String>,
    unit: Option<String>,
    days: Days,
}

/// What a session or form needs besides answers.
pub(super) struct Keys {
    pub(super) patient: String,
    pub(super) episode: String,
    pub(super) unit: String,
    pub(super) day: Day,
    /// Time of day, as text that sorts; may be empty.
    pub(super) time: String,
}

impl Wanted {
    pub(super) const fn required(name: &'static str, header: &'static str) -> Self {
        Self {
            name,
            header,
            required: true,
        }
    }

    pub(super) const fn optional(name: &'static str, header: &'static str) -> Self {
        Self {
            name,
            header,
            required: false,
        }
    }
}

// === impl Columns ===

impl Columns {
    /// Finds them all, or says which one to name.
    pub(super) fn find(
        table: &Table,
        wanted: &[Wanted],
        source: &Source,
        days: Days,
    ) -> anyhow::Result<Self> {
        let usage = |message: String| error(Code::Usage, message);
        for (name, _) in &source.columns {
            if !wanted.iter().any(|it| it.name == name) {
                let names: Vec<_> = wanted.iter().map(|it| it.name).collect();
                let names = names.join(", ");
                return Err(usage(format!("--column {name}: there are {names}")));
            }
        }
        let (mut places, mut headers) = (BTreeMap::new(), BTreeMap::new());
        for it in wanted {
            let given = source.columns.iter().find(|(name, _)| name == it.name);
            let header = given.map_or(it.header, |(_, header)| header.as_str());
            let name = it.name;
            headers.insert(
                name,
                if header.is_empty() { name } else { header }.to_owned(),
            );
            let place = table
                .place(header)
                .map_err(|()| usage(format!("two columns have the header {header}, for {name}")))?;
            let named = given.is_some() && !header.is_empty();
            match place {
                Some(place) => drop(places.insert(name, place)),
                None if it.required || named => {
                    let tried = match header {
                        "" => String::new(),
                        header => format!(" (there is no {header})"),
                    };
                    let option = format!("--column {name}=HEADER");
                    return Err(usage(format!("name the column of {name}{tried}: {option}")));
                }
                None => {}
            }
        }
        let words = source.words.iter();
        let words =
            words.map(|(name, theirs, ours)| ((name.clone(), theirs.to_lowercase()), ours.clone()));
        let columns = Self {
            places,
            headers,
            words: words.collect(),
            unit: source.unit.clone(),
            days,
        };
        if columns.unit.is_none() && !columns.has("unit") {
            let message =
                "name the unit of all rows with --unit, or its column with --column unit=HEADER";
            return Err(usage(message.to_owned()));
        }
        Ok(columns)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// Places of the columns that are read.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> + '_ {
        self.places.values().copied()
    }

    /// A cell that is not blank, in our words where the user gave any.
    pub(super) fn cell<'a>(&'a self, line: &'a Line, name: &str) -> Option<&'a str> {
        let cell = line.cell(*self.places.get(name)?)?;
        let ours = self.words.get(&(name.to_owned(), cell.to_lowercase()));
        Some(ours.map_or(cell, String::as_str))
    }

    /// The header of one of our columns, for a message.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("row", String::as_str)
    }

    /// Whose row it is, where and when; every problem is noted.
    pub(super) fn keys(&self, line: &Line, problems: &mut Vec<Problem>) -> Option<Keys> {
        let mut required = |name: &str| {
            let cell = self.cell(line, name).map(str::to_owned);
            if cell.is_none() {
                problems.push(Problem::new(self.header(name), "is blank"));
            }
            cell
        };
        let (patient, episode) = (required("patient"), required("episode"));
        let unit = match &self.unit {
            Some(unit) => Some(unit.clone()),
            None => required("unit"),
        };
        let moment = required("date").and_then(|_| self.moment(line, "date", problems));
        let (day, time) = moment?;
        Some(Keys {
            patient: patient?,
            episode: episode?,
            unit: unit?,
            day,
            time,
        })
    }

    /// What the row says of its episode; every problem is noted.
    pub(super) fn facts(
        &self,
        line: &Line,
        keys: &Keys,
        problems: &mut Vec<Problem>,
    ) -> Option<Facts> {
        let before = problems.len();
        let opened = self.moment(line, "opened", problems);
        let closed = self.moment(line, "closed", problems);
        let ending = match self.cell(line, "ending") {
            None => None,
            Some("planned") => Some(Ending::Planned),
            Some("unplanned") => Some(Ending::Unplanned),
            Some("transfer") => Some(Ending::Transfer),
            Some(_) => {
                let reason =
                    "must be planned, unplanned or transfer; give --word ending:THEIRS=OURS";
                problems.push(Problem::new(self.header("ending"), reason));
                None
            }
        };
        if closed.is_some() && ending.is_none() && problems.len() == before {
            let reason = "is blank where the episode is closed";
            problems.push(Problem::new(self.header("ending"), reason));
        }
        let day = |moment: (Day, String)| moment.0.to_string();
        (problems.len() == before).then(|| Facts {
            patient: keys.patient.clone(),
            episode: keys.episode.clone(),
            unit: keys.unit.clone(),
            opened: opened.map(day),
            therapist: self.cell(line, "therapist").map(str::to_owned),
            closed: closed.map(day).zip(ending),
        })
    }

    fn moment(
        &self,
        line: &Line,
        name: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<(Day, String)> {
        let cell = self.cell(line, name)?;
        let moment = moment(cell, self.days);
        if moment.is_none() {
            let form = match self.days {
                Days::Iso => "YYYY-MM-DD",
                Days::Norwegian => "DD.MM.YYYY",
                Days::Both => "YYYY-MM-DD or DD.MM.YYYY",
            };
            let reason = format!("must be a day, {form}");
            problems.push(Problem::new(self.header(name), reason));
        }
        moment
    }
}

/// What a row may say of its episode, in whatever columns the user names.
pub(super) const EPISODE: [Wanted; 4] = [
    Wanted::optional("therapist", ""),
    Wanted::optional("opened", ""),
    Wanted::optional("closed", ""),
    Wanted::optional("ending", ""),
];
