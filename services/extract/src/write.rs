//! Tables as bytes. Comes in: columns, then row after row. Goes out: a chunk of a file. The
//! invariant: chunks of one table, joined as [`Join`] says, are a file of all their rows.

mod parquet;
mod text;
pub(crate) mod workbook;

use crate::dataset::Format;
use crate::error::Error;
use crate::table::{Cell, Column};
use text::Dialect;

/// How chunks become a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    /// One behind the other.
    Plain,
    /// Row group by row group.
    Parquet,
}

/// Writes a chunk of a table.
pub(crate) struct Chunk {
    writer: Writer,
    rows: u64,
}

enum Writer {
    Text(Box<text::Writer>),
    Parquet(parquet::Writer),
}

/// Which separators a text has that is no dump of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Punctuation {
    /// Comma, and a decimal point.
    English,
    /// Semicolon, and a decimal comma.
    Norwegian,
}

impl Chunk {
    /// Begins a chunk; the first one of a text has the header. A workbook and JSON are no tables.
    pub(crate) fn new(
        format: Format,
        punctuation: Punctuation,
        columns: &[Column],
        first: bool,
    ) -> Result<Self, Error> {
        let dialect = match (format, punctuation) {
            (Format::Parquet, _) => None,
            (Format::Openqreg, _) => Some(Dialect::OPENQREG),
            (Format::Mrs, _) => Some(Dialect::MRS),
            (_, Punctuation::English) => Some(Dialect::ENGLISH),
            (_, Punctuation::Norwegian) => Some(Dialect::NORWEGIAN),
        };
        let writer = match dialect {
            Some(dialect) => Writer::Text(Box::new(text::Writer::new(dialect, columns, first)?)),
            None => Writer::Parquet(parquet::Writer::new(columns)),
        };
        Ok(Self { writer, rows: 0 })
    }

    /// Adds a row with as many cells as there are columns.
    pub(crate) fn row(&mut self, cells: &[Cell]) -> Result<(), Error> {
        self.rows += 1;
        match &mut self.writer {
            Writer::Text(writer) => writer.row(cells),
            Writer::Parquet(writer) => {
                writer.row(cells);
                Ok(())
            }
        }
    }

    /// The bytes, and how many rows are in them.
    pub(crate) fn finish(self) -> Result<(Vec<u8>, u64), Error> {
        let bytes = match self.writer {
            Writer::Text(writer) => writer.finish()?,
            Writer::Parquet(writer) => writer.finish()?,
        };
        Ok((bytes, self.rows))
    }
}

impl Join {
    pub(crate) const fn of(format: Format) -> Self {
        match format {
            Format::Parquet => Self::Parquet,
            _ => Self::Plain,
        }
    }

    /// Its name on the wire.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "bytes",
            Self::Parquet => "parquet",
        }
    }
}
