//! Columns. Comes in: a table, the headers that an importer expects, and what the user says.
//! Goes out: cells by our names, in our words. The invariant: a column is read under one name
//! only because the user or the format says so; none is guessed.

use std::collections::BTreeMap;

use medvirk_domain::reference::normalised_reference;
use medvirk_domain::time::Day;
use medvirk_proto::feedback::v1::Ending;
use medvirk_terminal::{CommandExit, error};

use super::reference::{change, damage};
use super::row::{EpisodeFacts, EpisodeReference, PlaceInTime, RowProblem};
use super::table::{ImportTable, TableLine};
use super::values::{DayOrder, moment};
use crate::arguments::ImportSource;

/// A column that an importer reads.
pub(super) struct WantedColumn {
    /// What we call it.
    pub(super) name: &'static str,
    /// The header that the format gives it; empty where it is known to have none.
    pub(super) header: &'static str,
    pub(super) required: bool,
}

/// Where our columns are in a table.
pub(super) struct NamedColumns {
    places: BTreeMap<&'static str, usize>,
    headers: BTreeMap<&'static str, String>,
    words: BTreeMap<(String, String), String>,
    unit: Option<String>,
    days: DayOrder,
}

/// What a session or form needs besides answers.
#[derive(Clone)]
pub(super) struct RowKeys {
    pub(super) about: EpisodeReference,
    pub(super) unit: String,
    pub(super) day: Day,
    /// Time of day, as text that sorts; may be empty.
    pub(super) time: String,
}

impl WantedColumn {
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

// === impl NamedColumns ===

impl NamedColumns {
    /// Finds them all, or says which one to name.
    pub(super) fn find(
        table: &ImportTable,
        wanted: &[WantedColumn],
        source: &ImportSource,
        days: DayOrder,
    ) -> anyhow::Result<Self> {
        let usage = |message: String| error(CommandExit::Usage, message);
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
                    let headers: Vec<&str> = wanted.iter().map(|it| it.header).collect();
                    if let Some(below) = table.headers_below(&headers) {
                        return Err(usage(below));
                    }
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
    pub(super) fn cell<'a>(&'a self, line: &'a TableLine, name: &str) -> Option<&'a str> {
        let cell = line.cell(*self.places.get(name)?)?;
        Some(self.in_our_words(name, cell))
    }

    fn in_our_words<'a>(&'a self, name: &str, cell: &'a str) -> &'a str {
        let ours = self.words.get(&(name.to_owned(), cell.to_lowercase()));
        ours.map_or(cell, String::as_str)
    }

    /// The header of one of our columns, for a message.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("row", String::as_str)
    }

    /// Whose row it is, as far as that can be read, also of a row with a fault.
    pub(super) fn about(&self, line: &TableLine) -> Option<EpisodeReference> {
        Some(EpisodeReference {
            patient: self.legible(line, "patient")?,
            episode: self.legible(line, "episode")?,
        })
    }

    /// A reference as far as it can be read, also of a row with a fault.
    pub(super) fn legible(&self, line: &TableLine, name: &str) -> Option<String> {
        let cell = line.legible_cell(*self.places.get(name)?)?;
        let reference = normalised_reference(self.in_our_words(name, cell));
        damage(&reference).is_none().then_some(reference)
    }

    /// How references of a row were normalised.
    pub(super) fn notes(&self, line: &TableLine) -> Vec<RowProblem> {
        let places = ["patient", "episode", "therapist"].into_iter();
        let places = places.filter_map(|name| Some((name, *self.places.get(name)?)));
        let cells = places.filter_map(|(name, place)| Some((name, line.raw_cell(place)?)));
        cells
            .filter(|(_, cell)| !cell.trim().is_empty())
            .filter_map(|(name, cell)| Some(RowProblem::new(self.header(name), change(cell)?)))
            .collect()
    }

    /// A reference, unless a spreadsheet has made something else of it.
    fn reference(
        &self,
        line: &TableLine,
        name: &str,
        problems: &mut Vec<RowProblem>,
    ) -> Option<String> {
        let reference = normalised_reference(self.cell(line, name)?);
        if let Some(reason) = damage(&reference) {
            problems.push(RowProblem::new(self.header(name), reason));
            return None;
        }
        Some(reference)
    }

    /// Whose row it is, where and when; every problem is noted.
    pub(super) fn keys(&self, line: &TableLine, problems: &mut Vec<RowProblem>) -> Option<RowKeys> {
        for name in ["patient", "episode", "unit", "date"] {
            let is_given = name == "unit" && self.unit.is_some();
            if !is_given && self.cell(line, name).is_none() {
                problems.push(RowProblem::new(self.header(name), "is blank"));
            }
        }
        let patient = self.reference(line, "patient", problems);
        let episode = self.reference(line, "episode", problems);
        let unit = match &self.unit {
            Some(unit) => Some(unit.clone()),
            None => self.cell(line, "unit").map(str::to_owned),
        };
        let (day, time) = self.moment(line, "date", problems)?;
        let about = EpisodeReference {
            patient: patient?,
            episode: episode?,
        };
        Some(RowKeys {
            about,
            unit: unit?,
            day,
            time,
        })
    }

    /// What the row says of its episode; every problem is noted.
    pub(super) fn facts(
        &self,
        line: &TableLine,
        keys: &RowKeys,
        problems: &mut Vec<RowProblem>,
    ) -> Option<EpisodeFacts> {
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
                problems.push(RowProblem::new(self.header("ending"), reason));
                None
            }
        };
        if closed.is_some() && ending.is_none() && problems.len() == before {
            let reason = "is blank where the episode is closed";
            problems.push(RowProblem::new(self.header("ending"), reason));
        }
        let (opened, closed) = (opened.map(|it| it.0), closed.map(|it| it.0));
        if opened
            .zip(closed)
            .is_some_and(|(opened, closed)| closed < opened)
        {
            problems.push(RowProblem::new(self.header("closed"), CLOSED_BEFORE_OPENED));
        }
        let therapist = self.reference(line, "therapist", problems);
        let number = self.cell(line, "number").and_then(|it| it.parse().ok());
        (problems.len() == before).then(|| EpisodeFacts {
            about: keys.about.clone(),
            place: PlaceInTime {
                day: keys.day,
                time: keys.time.clone(),
                number: number.unwrap_or(0),
            },
            unit: keys.unit.clone(),
            opened: opened.map(|day| day.to_string()),
            therapist,
            closed: closed.map(|day| day.to_string()).zip(ending),
        })
    }

    fn moment(
        &self,
        line: &TableLine,
        name: &str,
        problems: &mut Vec<RowProblem>,
    ) -> Option<(Day, String)> {
        let cell = self.cell(line, name)?;
        let moment = moment(cell, self.days);
        if moment.is_none() {
            let form = match self.days {
                DayOrder::Iso => "YYYY-MM-DD",
                DayOrder::Norwegian => "DD.MM.YYYY",
                DayOrder::Both => "YYYY-MM-DD or DD.MM.YYYY",
            };
            let reason = format!(
                "must be a day, {form}; a time behind it is HH:MM or HH:MM:SS, and Z or an offset \
                 such as +02:00 where it is not Norwegian time"
            );
            problems.push(RowProblem::new(self.header(name), reason));
        }
        moment
    }
}

/// Why an episode cannot have ended so.
pub(super) const CLOSED_BEFORE_OPENED: &str = "is before the day on which the episode was opened";

/// What a row may say of its episode, in whatever columns the user names.
pub(super) const EPISODE: [WantedColumn; 4] = [
    WantedColumn::optional("therapist", ""),
    WantedColumn::optional("opened", ""),
    WantedColumn::optional("closed", ""),
    WantedColumn::optional("ending", ""),
];
