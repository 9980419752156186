//! Codebooks. Comes in: the canonical one of 23 columns (whole or sparse), OpenQReg's own, or a
//! sheet of the MRS one saved as CSV. Goes out: what each variable allows. The invariants: a
//! codebook that says two things of one variable is refused; where it says which codes are missing,
//! nothing else is.

use std::collections::BTreeMap;

use medvirk_extract::CODEBOOK_COLUMNS;
use medvirk_terminal::{CommandExit as Exit, error};

use super::super::table::{ImportTable, TableLine, decode, normal, refuse_other_files};
use super::super::values::{flag, number};
use crate::arguments::{FileEncoding, RegistryDialect};

/// Labels of codes that stand for no answer, where the codebook does not say which do.
const MISSING: [&str; 6] = [
    "---",
    "unknown",
    "none",
    "velg verdi",
    "ikke valgt",
    "ikkje vald",
];

/// What the variables of one form allow.
pub(super) struct RegistryCodebook {
    variables: BTreeMap<String, CodebookVariable>,
    /// False if it says of no code whether it is missing.
    says_missing: bool,
}

/// What a variable allows.
pub(super) struct CodebookVariable {
    id: String,
    kind: CodebookVariableKind,
    required: bool,
    codes: Vec<CodebookCode>,
    decimals: Option<usize>,
    min: Option<f64>,
    max: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CodebookVariableKind {
    Number,
    Category,
    Boolean,
    /// Text, days and times: no item has such values.
    Other,
}

struct CodebookCode {
    value: String,
    label: String,
    /// Whether it stands for no answer, where the codebook says so or no.
    missing: Option<bool>,
}

/// A value that the codebook allows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum CodebookValue {
    Number(f64),
    Missing,
}

/// Which codebook it is, and the names of its columns.
struct CodebookLayout {
    form: &'static str,
    id: &'static str,
    kind: &'static str,
    required: &'static str,
    value: &'static str,
    label: &'static str,
    missing: &'static str,
    decimals: &'static str,
    min: &'static str,
    max: &'static str,
}

const OF_CANONICAL: CodebookLayout = CodebookLayout {
    form: "skjema_id",
    id: "variabel_id",
    kind: "variabeltype",
    required: "obligatorisk",
    value: "verdi",
    label: "verditekst",
    missing: "manglande",
    decimals: "desimalar",
    min: "min",
    max: "maks",
};

/// Obligatory there only means: if it is shown.
const OF_OPENQREG: CodebookLayout = CodebookLayout {
    form: "tabell",
    id: "fysisk_feltnavn",
    kind: "type",
    required: "",
    value: "listeverdier",
    label: "listetekst",
    missing: "",
    decimals: "desimaler",
    min: "maksintervall_start_numerisk",
    max: "maksintervall_slutt_numerisk",
};

/// A sheet is a form, and its codes are in one cell: `1 = Aktiv`, a line each.
const OF_MRS: CodebookLayout = CodebookLayout {
    form: "",
    id: "variabelnavn",
    kind: "felttype",
    required: "",
    value: "mulige_verdier",
    label: "",
    missing: "",
    decimals: "",
    min: "",
    max: "",
};

// === impl RegistryCodebook ===

impl RegistryCodebook {
    /// Reads the variables of one form.
    pub(super) fn read(bytes: &[u8], form: Option<&str>) -> anyhow::Result<Self> {
        refuse_other_files(bytes, "the codebook")?;
        // Only codebooks come in this encoding without being asked.
        let text = match std::str::from_utf8(bytes) {
            Ok(_) => decode(bytes, None)?,
            Err(_) => decode(bytes, Some(FileEncoding::Windows1252))?,
        };
        let table = ImportTable::read(text.as_bytes(), None, None)?;
        let layout = layout(&table)?;
        let mut read = CodebookReading {
            table: &table,
            layout,
            wanted: form,
            forms: Vec::new(),
            form: None,
            variable: None,
            variables: BTreeMap::new(),
        };
        for line in table.rows() {
            read.line(line)
                .map_err(|reason| wrong(format!("row {} {reason}", line.number)))?;
        }
        read.done()
    }

    /// A variable by its name, whatever the case.
    pub(super) fn variable(&self, name: &str) -> Option<&CodebookVariable> {
        self.variables.get(&normal(name))
    }

    /// True if codes of the variable are missing by their words alone.
    pub(super) fn guesses_missing(&self, variable: &CodebookVariable) -> bool {
        !self.says_missing && variable.codes.iter().any(CodebookCode::is_missing)
    }
}

fn wrong(what: String) -> anyhow::Error {
    error(Exit::Usage, format!("the codebook: {what}"))
}

fn layout(table: &ImportTable) -> anyhow::Result<&'static CodebookLayout> {
    let has = |header: &str| matches!(table.place(header), Ok(Some(_)));
    if table.headers() == CODEBOOK_COLUMNS {
        return Ok(&OF_CANONICAL);
    }
    if has(OF_OPENQREG.id) && has(OF_OPENQREG.form) && has(OF_OPENQREG.kind) {
        return Ok(&OF_OPENQREG);
    }
    if has(OF_MRS.id) && has(OF_MRS.kind) && has(OF_MRS.value) {
        return Ok(&OF_MRS);
    }
    let message = "it has neither the 23 columns of the canonical codebook in their order, nor \
         those of OpenQReg or of a sheet of the MRS one";
    Err(wrong(message.to_owned()))
}

/// A codebook that is being read, row by row.
struct CodebookReading<'t> {
    table: &'t ImportTable,
    layout: &'t CodebookLayout,
    wanted: Option<&'t str>,
    /// Forms that were met.
    forms: Vec<String>,
    form: Option<String>,
    /// The variable that a row without a name belongs to.
    variable: Option<String>,
    variables: BTreeMap<String, CodebookVariable>,
}

impl CodebookReading<'_> {
    fn cell<'l>(&self, line: &'l TableLine, header: &str) -> Option<&'l str> {
        line.cell(self.table.place(header).ok()??)
    }

    /// A row: a variable, or one more code of the last. What is blank is as in the row above.
    fn line(&mut self, line: &TableLine) -> Result<(), String> {
        if let Some(fault) = line.fault() {
            return Err(fault.to_owned());
        }
        if let Some(form) = self.cell(line, self.layout.form) {
            if self.form.as_deref() != Some(form) {
                self.variable = None;
            }
            self.form = Some(form.to_owned());
            if !self.forms.iter().any(|it| it == form) {
                self.forms.push(form.to_owned());
            }
        }
        if self.wanted.is_some()
            && self.form.as_deref() != self.wanted
            && !self.layout.form.is_empty()
        {
            return Ok(());
        }
        let named = self.cell(line, self.layout.id).map(normal);
        let id = named.or_else(|| self.variable.clone());
        let id = id.ok_or("has no variable")?;
        // OpenQReg lists a variable once for each form that shows it.
        if !self.variables.contains_key(&id) {
            let variable = self.variable_of(line, &id)?;
            self.variables.insert(id.clone(), variable);
        }
        self.variable = Some(id.clone());
        let codes = self.codes(line)?;
        let variable = self.variables.get_mut(&id).ok_or("has no variable")?;
        for code in codes {
            match variable.codes.iter_mut().find(|it| it.value == code.value) {
                None => variable.codes.push(code),
                Some(known) if known.label == code.label && known.agrees(&code) => {
                    known.missing = known.missing.or(code.missing);
                }
                Some(_) => return Err(format!("gives a second meaning to a code of {id}")),
            }
        }
        Ok(())
    }

    fn variable_of(&self, line: &TableLine, id: &str) -> Result<CodebookVariable, String> {
        let kind = self.cell(line, self.layout.kind).unwrap_or_default();
        let number_in = |header: &str| match self.cell(line, header) {
            None => Ok(None),
            // OpenQReg's limits may name another field; those are not used.
            Some(text) => match number(text) {
                None if self.layout.form != OF_OPENQREG.form => {
                    Err(format!("has a {header} that is no number"))
                }
                number => Ok(number),
            },
        };
        let required = self.cell(line, self.layout.required);
        let decimals = self.cell(line, self.layout.decimals);
        Ok(CodebookVariable {
            id: id.to_owned(),
            kind: kind_of(kind).ok_or("has a type that is not known")?,
            required: required.and_then(flag).unwrap_or(false),
            codes: Vec::new(),
            decimals: decimals.and_then(|it| it.parse().ok()),
            min: number_in(self.layout.min)?,
            max: number_in(self.layout.max)?,
        })
    }

    fn codes(&self, line: &TableLine) -> Result<Vec<CodebookCode>, String> {
        let Some(value) = self.cell(line, self.layout.value) else {
            return Ok(Vec::new());
        };
        if self.layout.label.is_empty() {
            let pairs = value.lines().filter_map(|line| line.split_once('='));
            let codes = pairs.map(|(value, label)| CodebookCode::new(value, label, None));
            return Ok(codes.collect());
        }
        let label = self.cell(line, self.layout.label).unwrap_or_default();
        let missing = match self.cell(line, self.layout.missing) {
            None => None,
            Some(word) => {
                let neither = format!("has a {} that is neither ja nor nei", self.layout.missing);
                Some(flag(word).ok_or(neither)?)
            }
        };
        Ok(vec![CodebookCode::new(value, label, missing)])
    }

    fn done(mut self) -> anyhow::Result<RegistryCodebook> {
        let forms = self.forms.join(", ");
        match self.wanted {
            None if self.forms.len() > 1 => {
                return Err(wrong(format!(
                    "it has several forms; name one with --form: {forms}"
                )));
            }
            Some(_) if self.variables.is_empty() => {
                return Err(wrong(format!("it has no such form; it has {forms}")));
            }
            _ => {}
        }
        let codes = self.variables.values().flat_map(|it| &it.codes);
        let says_missing = codes.clone().any(|code| code.missing.is_some());
        for variable in self.variables.values_mut() {
            for code in &mut variable.codes {
                let by_word = || !says_missing && is_missing_word(&code.label);
                code.missing = Some(code.missing.unwrap_or_else(by_word));
            }
            // In the MRS one, whatever has codes is one of them.
            if !variable.codes.is_empty() && variable.kind == CodebookVariableKind::Other {
                variable.kind = CodebookVariableKind::Category;
            }
            if variable.kind == CodebookVariableKind::Category && variable.codes.is_empty() {
                return Err(wrong(format!("{} has no codes", variable.id)));
            }
        }
        Ok(RegistryCodebook {
            variables: self.variables,
            says_missing,
        })
    }
}

/// Types of all three codebooks; those of the MRS one are not published, so what is not known
/// there is text.
fn kind_of(name: &str) -> Option<CodebookVariableKind> {
    Some(match name.to_lowercase().as_str() {
        "numerisk" | "utrekna" | "tallvariabel" | "tall" | "heltall" | "desimaltall" => {
            CodebookVariableKind::Number
        }
        "kategorisk" | "listevariabel" | "statusvariabel" | "enkeltvalg" => {
            CodebookVariableKind::Category
        }
        "boolsk" | "avkrysningsboks" | "avkrysning" => CodebookVariableKind::Boolean,
        "" => return None,
        _ => CodebookVariableKind::Other,
    })
}

// === impl Code ===

impl CodebookCode {
    fn new(value: &str, label: &str, missing: Option<bool>) -> Self {
        Self {
            value: value.trim().to_owned(),
            label: label.trim().to_owned(),
            missing,
        }
    }

    fn is_missing(&self) -> bool {
        self.missing == Some(true)
    }

    /// False if the other says something else of missing.
    fn agrees(&self, other: &Self) -> bool {
        self.missing
            .zip(other.missing)
            .is_none_or(|(one, two)| one == two)
    }

    /// The same number, or the same text whatever the case.
    fn has_value(&self, cell: &str) -> bool {
        match (number(&self.value), number(cell)) {
            (Some(one), Some(two)) => one == two,
            _ => is_same_text(&self.value, cell),
        }
    }

    fn reads_as(&self, other: &Self) -> bool {
        self.is_missing() == other.is_missing() && other.has_value(&self.value)
    }
}

fn is_same_text(one: &str, two: &str) -> bool {
    one.to_lowercase() == two.to_lowercase()
}

fn is_missing_word(label: &str) -> bool {
    MISSING.contains(&label.to_lowercase().as_str())
}

// === impl CodebookVariable ===

impl CodebookVariable {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The value of a cell, or what is wrong with it.
    pub(super) fn read(
        &self,
        cell: Option<&str>,
        dialect: RegistryDialect,
    ) -> Result<CodebookValue, String> {
        let Some(cell) = cell else {
            return if self.required {
                Err("is blank and obligatory in the codebook".to_owned())
            } else {
                Ok(CodebookValue::Missing)
            };
        };
        // A number may have codes too, such as 99 for no answer.
        let missing = self.codes.iter().find(|code| code.has_value(cell));
        if missing.is_some_and(CodebookCode::is_missing)
            && self.kind != CodebookVariableKind::Category
        {
            return Ok(CodebookValue::Missing);
        }
        match self.kind {
            CodebookVariableKind::Number => self.read_number(cell),
            CodebookVariableKind::Category => self.read_code(cell),
            CodebookVariableKind::Boolean => match (dialect, cell, flag(cell)) {
                (RegistryDialect::Mrs, "-1", _) => Ok(CodebookValue::Missing),
                (RegistryDialect::Mrs, _, Some(yes)) => {
                    Ok(CodebookValue::Number(f64::from(u8::from(yes))))
                }
                (RegistryDialect::Openqreg, "0" | "1", Some(yes)) => {
                    Ok(CodebookValue::Number(f64::from(u8::from(yes))))
                }
                (RegistryDialect::Mrs, ..) => Err("must be -1, 0, 1, False or True".to_owned()),
                (RegistryDialect::Openqreg, ..) => Err("must be 0 or 1".to_owned()),
            },
            CodebookVariableKind::Other => {
                Err("is text or a day in the codebook, and no item is".to_owned())
            }
        }
    }

    fn read_number(&self, cell: &str) -> Result<CodebookValue, String> {
        let value = number(cell).ok_or("must be a number")?;
        let part = cell.split_once([',', '.']).map_or("", |(_, part)| part);
        if self
            .decimals
            .is_some_and(|decimals| part.trim_end_matches('0').len() > decimals)
        {
            return Err("has more decimals than the codebook allows".to_owned());
        }
        let below = self.min.is_some_and(|min| value < min);
        if below || self.max.is_some_and(|max| value > max) {
            return Err("is outside the range of the codebook".to_owned());
        }
        Ok(CodebookValue::Number(value))
    }

    fn read_code(&self, cell: &str) -> Result<CodebookValue, String> {
        let code = self.code(cell)?;
        if code.is_missing() {
            return Ok(CodebookValue::Missing);
        }
        let value = number(&code.value).ok_or("has a code that is no number")?;
        Ok(CodebookValue::Number(value))
    }

    /// The code of a cell: by its value first, by its label only where no code has that value.
    fn code(&self, cell: &str) -> Result<&CodebookCode, String> {
        let readings: [&dyn Fn(&CodebookCode) -> bool; 4] = [
            &|code| code.value == cell,
            &|code| code.has_value(cell),
            &|code| code.label == cell,
            &|code| is_same_text(&code.label, cell),
        ];
        for reading in readings {
            let mut found = self.codes.iter().filter(|code| reading(code));
            let Some(first) = found.next() else { continue };
            if found.all(|other| first.reads_as(other)) {
                return Ok(first);
            }
            return Err("is two codes of the codebook, so it can be read in two ways".to_owned());
        }
        Err("is no code of the codebook".to_owned())
    }
}

#[cfg(test)]
mod tests;
