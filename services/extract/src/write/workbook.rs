//! The codebook as a workbook of the kind that MRS has: a sheet a form. The invariant: what is a
//! number or a day is one for the program that opens it, not a text that looks like one; and no text
//! becomes a formula, not even when a sheet is saved as text and opened again.

use std::collections::BTreeSet;

use medvirk_domain::time::Day;
use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, Workbook, Worksheet};

use crate::content::codebook::{FormBook, VariableKind};
use crate::content::explain::shown;
use crate::error::Error;
use crate::table::{CodedLabel, DatasetColumn, inert};

/// The columns of a form's sheet, and how wide they are.
const COLUMNS: [(&str, f64); 6] = [
    ("Visningsnavn", 34.0),
    ("Variabelnavn", 24.0),
    ("Felttype", 18.0),
    ("Mulige verdier", 44.0),
    ("Gyldighet", 22.0),
    ("Hjelpetekst", 44.0),
];

/// How high a line is, in points.
const LINE: f64 = 15.0;
/// The highest row that a workbook may have, in points.
const HIGHEST: f64 = 409.0;

/// What the first sheet says.
pub(crate) struct CoverSheet<'a> {
    pub(crate) day: Day,
    pub(crate) catalogue: &'a str,
}

/// The workbook, and how many variables are in it.
pub(crate) fn write(forms: &[FormBook], about: &CoverSheet<'_>) -> Result<(Vec<u8>, u64), Error> {
    let mut book = Workbook::new();
    first(book.add_worksheet(), forms, about)?;
    // The first sheet, and one that programs keep for themselves.
    let mut names = BTreeSet::from(["om".to_owned(), "history".to_owned()]);
    for form in forms {
        let sheet = book.add_worksheet();
        sheet.set_name(sheet_name(&form.id, &mut names))?;
        form_sheet(sheet, form)?;
    }
    let variables = forms.iter().map(|form| form.columns.len() as u64).sum();
    Ok((book.save_to_buffer()?, variables))
}

fn form_sheet(sheet: &mut Worksheet, form: &FormBook) -> Result<(), Error> {
    let head = Format::new().set_bold();
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    sheet.set_freeze_panes(1, 0)?;
    on_paper(sheet);
    for (column, (name, width)) in (0..).zip(COLUMNS) {
        sheet.write_with_format(0, column, name, &head)?;
        sheet.set_column_width(column, width)?;
    }
    for (row, variable) in (1..).zip(&form.columns) {
        let cells: [&str; 6] = [
            &variable.label,
            &variable.name,
            variable.variable_kind().mrs(),
            &codes(variable.listed_codes()),
            &validity(variable),
            &help(variable),
        ];
        for (column, text) in (0..).zip(cells) {
            if !text.is_empty() {
                sheet.write_with_format(row, column, &*inert(text), &wrapped)?;
            }
        }
        let widths = COLUMNS.iter().map(|(_, width)| *width);
        let lines = cells
            .iter()
            .zip(widths)
            .map(|(text, width)| lines(text, width));
        let height = LINE * f64::from(lines.max().unwrap_or(1));
        sheet.set_row_height(row, height.min(HIGHEST))?;
    }
    Ok(())
}

/// What it is, and every number with its smallest and largest value.
fn first(sheet: &mut Worksheet, forms: &[FormBook], about: &CoverSheet<'_>) -> Result<(), Error> {
    let head = Format::new().set_bold();
    let days = Format::new().set_num_format("dd.mm.yyyy");
    let (year, month, day) = about.day.civil();
    let date = ExcelDateTime::from_ymd(
        u16::try_from(year).unwrap_or(1900),
        u8::try_from(month).unwrap_or(1),
        u8::try_from(day).unwrap_or(1),
    )?;
    sheet.set_name("Om")?;
    on_paper(sheet);
    sheet.set_column_width(0, 24.0)?;
    sheet.set_column_width(1, 28.0)?;
    sheet.write(0, 0, "Dato")?;
    sheet.write_with_format(0, 1, &date, &days)?;
    sheet.write(1, 0, "Katalog")?;
    sheet.write(1, 1, about.catalogue)?;
    for (column, name) in (0..).zip(["Skjema", "Variabelnavn", "Min", "Maks", "Desimaler"]) {
        sheet.write_with_format(3, column, name, &head)?;
    }
    let mut row = 4;
    for form in forms {
        for variable in &form.columns {
            let Some((min, max)) = variable.details.range else {
                continue;
            };
            sheet.write(row, 0, &form.id)?;
            sheet.write(row, 1, &*inert(&variable.name))?;
            sheet.write(row, 2, min.to_f64())?;
            sheet.write(row, 3, max.to_f64())?;
            let is_number = variable.variable_kind() == VariableKind::Number;
            if let Some(decimals) = variable.details.decimals.filter(|_| is_number) {
                sheet.write(row, 4, decimals)?;
            }
            row += 1;
        }
    }
    Ok(())
}

/// All columns beside one another, on A4.
fn on_paper(sheet: &mut Worksheet) {
    sheet.set_paper_size(9);
    sheet.set_landscape();
    sheet.set_print_fit_to_pages(1, 0);
}

/// `1 = Aktiv`, a line each.
fn codes(codes: &[CodedLabel]) -> String {
    let code = |code: &CodedLabel| format!("{} = {}", code.value, code.label);
    codes.iter().map(code).collect::<Vec<_>>().join("\n")
}

/// How many lines a text has in a column of so many letters. Not every program finds that out when it
/// opens a workbook.
fn lines(text: &str, width: f64) -> u32 {
    let lines = text
        .lines()
        .map(|line| (line.chars().count() as f64 / width).ceil().max(1.0) as u32);
    lines.sum::<u32>().max(1)
}

fn validity(variable: &DatasetColumn) -> String {
    let mut said = Vec::new();
    if variable.details.required {
        said.push("Obligatorisk".to_owned());
    }
    if let Some((min, max)) = variable.details.range {
        said.push(format!("{} til {}", shown(min), shown(max)));
    }
    said.join("; ")
}

/// How its values are to be read, computed and asked, a line each.
fn help(variable: &DatasetColumn) -> String {
    let details = &variable.details;
    let said = [&details.explanation, &details.formula, &details.logic];
    let said = said.into_iter().filter(|text| !text.is_empty());
    said.map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// At most 31 letters, whatever the case no two the same; a form's name has none that a sheet may not
/// have.
fn sheet_name(id: &str, given: &mut BTreeSet<String>) -> String {
    let cut = |text: &str, letters: usize| text.chars().take(letters).collect::<String>();
    let numbered = (2_u32..).map(|number| format!("{}_{number}", cut(id, 27)));
    let mut all = std::iter::once(cut(id, 31)).chain(numbered);
    let free = all.find(|name| given.insert(name.to_lowercase()));
    free.expect("there are more numbers than forms")
}
