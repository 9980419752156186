//! Tables as bytes. Comes in: columns, then row after row. Goes out: a chunk of a file. The
//! invariant: chunks of one table, joined as [`ChunkJoin`] says, are a file of all their rows.

mod parquet;
mod text;
pub(crate) mod workbook;

use crate::dataset::DatasetFormat;
use crate::error::Error;
use crate::table::{DatasetColumn, TableCell};
use text::TextDialect;

/// How chunks become a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChunkJoin {
    /// One behind the other.
    Plain,
    /// Row group by row group.
    Parquet,
}

/// Writes a chunk of a table.
pub(crate) struct ChunkWriter {
    writer: FormatWriter,
    rows: u64,
}

enum FormatWriter {
    Text(Box<text::TextWriter>),
    Parquet(parquet::ParquetWriter),
}

/// Which separators a text has that is no dump of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextPunctuation {
    /// Comma, and a decimal point.
    English,
    /// Semicolon, and a decimal comma.
    Norwegian,
}

impl ChunkWriter {
    /// Begins a chunk; the first one of a text has the header. A workbook and JSON are no tables.
    pub(crate) fn new(
        format: DatasetFormat,
        punctuation: TextPunctuation,
        columns: &[DatasetColumn],
        first: bool,
    ) -> Result<Self, Error> {
        let dialect = match (format, punctuation) {
            (DatasetFormat::Parquet, _) => None,
            (DatasetFormat::Openqreg, _) => Some(TextDialect::OPENQREG),
            (DatasetFormat::Mrs, _) => Some(TextDialect::MRS),
            (_, TextPunctuation::English) => Some(TextDialect::ENGLISH),
            (_, TextPunctuation::Norwegian) => Some(TextDialect::NORWEGIAN),
        };
        let writer = match dialect {
            Some(dialect) => {
                FormatWriter::Text(Box::new(text::TextWriter::new(dialect, columns, first)?))
            }
            None => FormatWriter::Parquet(parquet::ParquetWriter::new(columns)),
        };
        Ok(Self { writer, rows: 0 })
    }

    /// Adds a row with as many cells as there are columns.
    pub(crate) fn row(&mut self, cells: &[TableCell]) -> Result<(), Error> {
        self.rows += 1;
        match &mut self.writer {
            FormatWriter::Text(writer) => writer.row(cells),
            FormatWriter::Parquet(writer) => {
                writer.row(cells);
                Ok(())
            }
        }
    }

    /// The bytes, and how many rows are in them.
    pub(crate) fn finish(self) -> Result<(Vec<u8>, u64), Error> {
        let bytes = match self.writer {
            FormatWriter::Text(writer) => writer.finish()?,
            FormatWriter::Parquet(writer) => writer.finish()?,
        };
        Ok((bytes, self.rows))
    }
}

impl ChunkJoin {
    pub(crate) const fn of(format: DatasetFormat) -> Self {
        match format {
            DatasetFormat::Parquet => Self::Parquet,
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
