//! Tables as text, in the dialects of the registries' platforms. The invariants: within one dialect a
//! cell of one kind has one spelling, and a missing one has none; no cell is a formula to a spreadsheet.

use std::fmt::Write as _;
use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use medvirk_domain::time::Day;

use crate::error::Error;
use crate::table::{DatasetColumn, TableCell, guid, inert};

/// How cells are spelt.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextDialect {
    separator: u8,
    decimal: char,
    /// Begins with a byte order mark.
    bom: bool,
    /// Every line ends with one separator too many.
    trailing: bool,
    /// `DD.MM.YYYY` instead of `YYYY-MM-DD`.
    norwegian_days: bool,
    booleans: [&'static str; 2],
}

impl TextDialect {
    pub(super) const ENGLISH: Self = Self {
        separator: b',',
        decimal: '.',
        bom: false,
        trailing: false,
        norwegian_days: false,
        booleans: ["false", "true"],
    };
    pub(super) const NORWEGIAN: Self = Self {
        separator: b';',
        decimal: ',',
        ..Self::ENGLISH
    };
    pub(super) const OPENQREG: Self = Self {
        booleans: ["0", "1"],
        ..Self::NORWEGIAN
    };
    pub(super) const MRS: Self = Self {
        bom: true,
        trailing: true,
        norwegian_days: true,
        booleans: ["False", "True"],
        ..Self::NORWEGIAN
    };
}

/// Writes one chunk as text with separators.
pub(super) struct TextWriter {
    dialect: TextDialect,
    writer: csv::Writer<Vec<u8>>,
    oslo: OsloTime,
    /// The spelling of the cell in hand.
    spelt: String,
}

/// Norwegian time. Between two changes of the clock it is UTC and a number of seconds, and most times
/// of a file lie between the same two.
struct OsloTime {
    zone: TimeZone,
    /// Milliseconds since 1970 to which `seconds` applies.
    known: Range<i64>,
    seconds: i64,
}

impl TextWriter {
    pub(super) fn new(
        dialect: TextDialect,
        columns: &[DatasetColumn],
        first: bool,
    ) -> Result<Self, Error> {
        let mut begun = Vec::new();
        if first && dialect.bom {
            begun.extend("\u{feff}".bytes());
        }
        let writer = csv::WriterBuilder::new()
            .delimiter(dialect.separator)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_writer(begun);
        let mut writer = Self {
            dialect,
            writer,
            oslo: OsloTime::new(),
            spelt: String::new(),
        };
        if first {
            for column in columns {
                writer.writer.write_field(&*inert(&column.name))?;
            }
            writer.end_line()?;
        }
        Ok(writer)
    }

    pub(super) fn row(&mut self, cells: &[TableCell]) -> Result<(), Error> {
        for cell in cells {
            match cell {
                TableCell::Missing => self.writer.write_field("")?,
                TableCell::Text(text) => self.writer.write_field(&*inert(text))?,
                TableCell::Guid(bytes) => self.writer.write_field(guid(*bytes))?,
                spelt => {
                    self.spelt.clear();
                    self.spell(spelt);
                    self.writer.write_field(&self.spelt)?;
                }
            }
        }
        self.end_line()
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, Error> {
        let written = self.writer.into_inner();
        Ok(written.map_err(|error| csv::Error::from(error.into_error()))?)
    }

    fn end_line(&mut self) -> Result<(), Error> {
        if self.dialect.trailing {
            self.writer.write_field("")?;
        }
        Ok(self.writer.write_record(None::<&[u8]>)?)
    }

    fn spell(&mut self, cell: &TableCell) {
        let TextDialect {
            decimal, booleans, ..
        } = self.dialect;
        let spelt = &mut self.spelt;
        match cell {
            TableCell::Missing | TableCell::Text(_) | TableCell::Guid(_) => {}
            // Most values are whole.
            TableCell::Number(number) if number.micros() % 1_000_000 == 0 => {
                write!(spelt, "{}", number.micros() / 1_000_000)
                    .expect("a string takes everything");
            }
            TableCell::Number(number) => fraction(spelt, number.micros().into(), 6, decimal),
            TableCell::Squares(squares) => fraction(spelt, *squares, 12, decimal),
            TableCell::Boolean(value) => spelt.push_str(booleans[usize::from(*value)]),
            TableCell::Day(day) => self.day(*day),
            TableCell::Time(ms) => self.time(*ms),
        }
    }

    fn day(&mut self, day: Day) {
        let (year, month, day) = day.civil();
        let spelt = &mut self.spelt;
        if self.dialect.norwegian_days {
            two(spelt, day);
            spelt.push('.');
            two(spelt, month);
            write!(spelt, ".{year:04}").expect("a string takes everything");
        } else {
            write!(spelt, "{year:04}-").expect("a string takes everything");
            two(spelt, month);
            spelt.push('-');
            two(spelt, day);
        }
    }

    /// In Norway, to the second.
    fn time(&mut self, ms: i64) {
        let seconds = ms.div_euclid(1_000) + self.oslo.seconds(ms);
        let day = i32::try_from(seconds.div_euclid(86_400)).unwrap_or_default();
        self.day(Day(day));
        let second = seconds.rem_euclid(86_400) as u32;
        let parts = [
            (' ', second / 3_600),
            (':', second / 60 % 60),
            (':', second % 60),
        ];
        for (before, number) in parts {
            self.spelt.push(before);
            two(&mut self.spelt, number);
        }
    }
}

impl OsloTime {
    fn new() -> Self {
        let zone = TimeZoneDatabase::bundled().get("Europe/Oslo");
        Self {
            zone: zone.expect("the bundled time zone database has Europe/Oslo"),
            known: 0..0,
            seconds: 0,
        }
    }

    /// What it is ahead of UTC at that time.
    fn seconds(&mut self, ms: i64) -> i64 {
        if !self.known.contains(&ms) {
            let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
            // A change at this very time is behind it: what comes before a time is without it.
            let behind = Timestamp::from_millisecond(ms + 1).unwrap_or(at);
            let last = self.zone.preceding(behind).next();
            let next = self.zone.following(at).next();
            let last = last.map_or(i64::MIN, |change| change.timestamp().as_millisecond());
            let next = next.map_or(i64::MAX, |change| change.timestamp().as_millisecond());
            self.known = last.min(ms)..next;
            self.seconds = self.zone.to_offset(at).seconds().into();
        }
        self.seconds
    }
}

/// A number below 100, with both digits.
fn two(spelt: &mut String, number: u32) {
    let digit = |number: u32| char::from(b'0' + (number % 10) as u8);
    spelt.push(digit(number / 10));
    spelt.push(digit(number));
}

/// A number in units of 10^-`places`, without needless zeros.
fn fraction(spelt: &mut String, number: i128, places: usize, decimal: char) {
    let unit = 10_u128.pow(places as u32);
    let (whole, rest) = (number.unsigned_abs() / unit, number.unsigned_abs() % unit);
    let sign = if number < 0 { "-" } else { "" };
    write!(spelt, "{sign}{whole}").expect("a string takes everything");
    if rest > 0 {
        let digits = format!("{rest:0places$}");
        spelt.push(decimal);
        spelt.push_str(digits.trim_end_matches('0'));
    }
}

#[cfg(test)]
mod tests {
    use medvirk_domain::fixed::FixedPoint;

    use super::*;
    use crate::table::CellKind;

    fn written(dialect: TextDialect, cells: &[TableCell]) -> String {
        let columns: Vec<DatasetColumn> = (0..cells.len())
            .map(|place| DatasetColumn::new(format!("c{place}"), CellKind::Text, ""))
            .collect();
        let mut writer = TextWriter::new(dialect, &columns, true).unwrap();
        writer.row(cells).unwrap();
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }

    fn cells() -> Vec<TableCell> {
        vec![
            TableCell::text("a;b,\"c\""),
            TableCell::Number(FixedPoint::from_micros(-2_500_000)),
            TableCell::Boolean(true),
            TableCell::Day("2024-03-31".parse().unwrap()),
            // One second before summer time begins, and two before the day ends in Oslo.
            TableCell::Time(1_711_846_799_000),
            TableCell::Missing,
        ]
    }

    #[test]
    fn each_dialect_spells_cells_its_own_way() {
        let openqreg =
            "c0;c1;c2;c3;c4;c5\n\"a;b,\"\"c\"\"\";-2,5;1;2024-03-31;2024-03-31 01:59:59;\n";
        assert_eq!(written(TextDialect::OPENQREG, &cells()), openqreg);
        let mrs = "\u{feff}c0;c1;c2;c3;c4;c5;\n\"a;b,\"\"c\"\"\";-2,5;True;31.03.2024;31.03.2024 01:59:59;;\n";
        assert_eq!(written(TextDialect::MRS, &cells()), mrs);
        let english =
            "c0,c1,c2,c3,c4,c5\n\"a;b,\"\"c\"\"\",-2.5,true,2024-03-31,2024-03-31 01:59:59,\n";
        assert_eq!(written(TextDialect::ENGLISH, &cells()), english);
    }

    #[test]
    fn no_cell_is_a_formula_whatever_the_dialect() {
        let cells = [
            TableCell::text("=HYPERLINK(\"x\")"),
            TableCell::text("-98"),
            TableCell::Number(FixedPoint::from_int(-98)),
        ];
        for dialect in [
            TextDialect::OPENQREG,
            TextDialect::MRS,
            TextDialect::ENGLISH,
        ] {
            let written = written(dialect, &cells);
            let line = written.lines().nth(1).unwrap();
            assert!(line.starts_with("\"'=HYPERLINK(\"\"x\"\")\""), "{line}");
            assert!(
                line[20..].contains("-98") && !line.contains("'-98"),
                "{line}"
            );
        }
    }

    #[test]
    fn a_time_is_that_of_norway_whatever_the_season() {
        let spelt = |ms| written(TextDialect::OPENQREG, &[TableCell::Time(ms)]);
        assert!(spelt(1_711_846_800_000).ends_with("2024-03-31 03:00:00\n"));
        // 23:30 UTC on New Year's Eve is the new year in Oslo.
        assert!(spelt(1_735_687_800_000).ends_with("2025-01-01 00:30:00\n"));
    }

    #[test]
    fn what_is_known_of_the_clock_is_right_between_its_changes() {
        let zone = OsloTime::new().zone;
        let from: Timestamp = "2019-01-01T00:00:00Z".parse().unwrap();
        let changes = zone.following(from).take(16);
        let changes: Vec<i64> = changes.map(|it| it.timestamp().as_millisecond()).collect();
        let around = [-86_400_000, -1, 0, 1, 999, 86_400_000];
        let mut times: Vec<i64> = changes
            .iter()
            .flat_map(|change| around.map(|ms| change + ms))
            .collect();
        let check = |times: &[i64]| {
            let mut oslo = OsloTime::new();
            for ms in times {
                let at = Timestamp::from_millisecond(*ms).unwrap();
                let expect = i64::from(zone.to_offset(at).seconds());
                assert_eq!(oslo.seconds(*ms), expect, "{at}");
            }
        };
        check(&times);
        times.reverse();
        check(&times);
        // Each as the first one, with all others after it.
        for first in 0..times.len() {
            times.swap(0, first);
            check(&times);
        }
    }

    #[test]
    fn numbers_have_no_needless_zeros_and_lose_nothing() {
        let check = |micros, expect: &str| {
            let mut spelt = String::new();
            fraction(&mut spelt, micros, 6, ',');
            assert_eq!(spelt, expect);
        };
        check(0, "0");
        check(-1, "-0,000001");
        check(10_000_000, "10");
        check(1_230_000, "1,23");
        let mut spelt = String::new();
        fraction(&mut spelt, 1_000_000_000_001, 12, '.');
        assert_eq!(spelt, "1.000000000001");
    }

    #[test]
    fn only_the_first_chunk_has_a_header_and_a_mark() {
        let columns = [DatasetColumn::new("c", CellKind::Text, "")];
        let mut writer = TextWriter::new(TextDialect::MRS, &columns, false).unwrap();
        writer.row(&[TableCell::text("x")]).unwrap();
        assert_eq!(writer.finish().unwrap(), b"x;\n");
    }
}
