//! The table of figures. Comes in: what each attack found, from any thread. Goes out: one table,
//! and below it what does not fit into a line.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was found so far.
#[derive(Debug, Default)]
pub struct Table(Mutex<Content>);

#[derive(Debug, Default)]
struct Content {
    /// By attack and data.
    lines: BTreeMap<(String, String), Line>,
    /// By attack: the victim's fault and the share that was found.
    broken: BTreeMap<String, Vec<String>>,
    /// The notes of each attack.
    notes: BTreeMap<String, Vec<String>>,
}

/// A line of the table.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// The name of the attack.
    pub attack: &'static str,
    /// What it knows beside the rows.
    pub knows: &'static str,
    /// Whom it was done to.
    pub data: String,
    /// How many were attacked,
    pub attacked: usize,
    /// of what kind they were,
    pub of: &'static str,
    /// and how many of them were isolated.
    pub isolated: usize,
    /// How much of the variance the best guess explains.
    pub r2: Option<f64>,
}

impl Table {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line to the table.
    pub fn line(&self, line: Line) {
        let key = (line.attack.to_owned(), line.data.clone());
        self.content().lines.insert(key, line);
    }

    /// Adds what an attack found in a broken victim, in percent.
    pub fn broken(&self, attack: &str, fault: &str, share: f64) {
        let found = format!("{fault}: {share:.0} %");
        let mut content = self.content();
        content
            .broken
            .entry(attack.to_owned())
            .or_default()
            .push(found);
    }

    /// Adds what does not fit into a line.
    pub fn note(&self, attack: &str, text: String) {
        let mut content = self.content();
        content
            .notes
            .entry(attack.to_owned())
            .or_default()
            .push(text);
    }
}

impl Line {
    fn cells(&self, broken: &str) -> [String; 7] {
        let share = 100.0 * self.isolated as f64 / self.attacked.max(1) as f64;
        [
            self.attack.to_owned(),
            self.knows.to_owned(),
            self.data.clone(),
            format!("{} {}", self.attacked, self.of),
            format!("{share:.2} %"),
            self.r2.map_or_else(String::new, |r2| format!("{r2:.2}")),
            broken.to_owned(),
        ]
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = self.content();
        let heading = [
            "attack",
            "knows",
            "data",
            "attacked",
            "isolated",
            "R²",
            "in broken victims",
        ];
        let mut table = vec![heading.map(str::to_owned)];
        let mut before = "";
        for ((attack, _), line) in &content.lines {
            let broken = content.broken.get(attack).filter(|_| before != attack);
            table.push(line.cells(&broken.map_or_else(String::new, |all| all.join("; "))));
            before = attack;
        }
        let width = |column: usize| {
            let cells = table.iter().map(|cells| cells[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..heading.len()).map(width).collect();
        for cells in &table {
            for (cell, width) in cells.iter().zip(&widths) {
                write!(f, "{cell:width$}  ")?;
            }
            writeln!(f)?;
        }
        for (attack, notes) in &content.notes {
            writeln!(f, "\n{attack}")?;
            for note in notes {
                writeln!(f, "  {note}")?;
            }
        }
        Ok(())
    }
}
