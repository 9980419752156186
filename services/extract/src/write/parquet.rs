//! Tables as Parquet: one row group a chunk, zstd. What a column is, and what its codes stand for, is
//! in the file's metadata under [`COLUMNS`], as JSON. The invariant: every column may be missing, so
//! that nothing has to stand in for a value.

use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use serde::Serialize;

use crate::error::Error;
use crate::table::{CellKind, DatasetColumn, TableCell, guid};

/// Under which key the columns are described.
pub(crate) const COLUMNS: &str = "medvirk.columns";

/// Writes one chunk as a Parquet file.
pub(super) struct ParquetWriter {
    columns: Vec<DatasetColumn>,
    data: Vec<ColumnData>,
    rows: usize,
}

/// The cells of a column.
struct ColumnData {
    values: ColumnValues,
    /// Per row: 1 where there is a value.
    present: Vec<i16>,
}

enum ColumnValues {
    Text(TextColumn),
    Integer(Vec<i64>),
    Decimal(Vec<f64>),
    Boolean(Vec<bool>),
    Day(Vec<i32>),
    Time(Vec<i64>),
}

/// Texts, one behind the other.
#[derive(Default)]
struct TextColumn {
    bytes: Vec<u8>,
    /// The offset at which each text ends.
    ends: Vec<usize>,
}

/// A column in the metadata.
#[derive(Serialize)]
struct DescribedColumn<'a> {
    name: &'a str,
    kind: &'static str,
    label: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    codes: Vec<DescribedCode<'a>>,
}

#[derive(Serialize)]
struct DescribedCode<'a> {
    value: f64,
    label: &'a str,
    missing: bool,
}

impl ParquetWriter {
    pub(super) fn new(columns: &[DatasetColumn]) -> Self {
        let data = columns.iter().map(|column| ColumnData {
            values: ColumnValues::of(column.kind),
            present: Vec::new(),
        });
        Self {
            data: data.collect(),
            columns: columns.to_vec(),
            rows: 0,
        }
    }

    pub(super) fn row(&mut self, cells: &[TableCell]) {
        self.rows += 1;
        for (data, cell) in self.data.iter_mut().zip(cells) {
            let present = data.values.push(cell);
            data.present.push(i16::from(present));
        }
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, Error> {
        let described = serde_json::to_string(&described(&self.columns));
        let described = described.expect("names and labels can be written as JSON");
        // Most of a file is pseudonyms, which no level makes smaller.
        let level = ZstdLevel::try_new(1)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_created_by("medvirk".to_owned())
            .set_key_value_metadata(Some(vec![KeyValue::new(COLUMNS.to_owned(), described)]))
            .build();
        let schema = Arc::new(parse_message_type(&schema(&self.columns))?);
        let mut bytes = Vec::new();
        let mut file = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties))?;
        if self.rows > 0 {
            let mut group = file.next_row_group()?;
            for data in self.data {
                let column = group.next_column()?;
                data.write(column.expect("the schema has as many columns as the table"))?;
            }
            group.close()?;
        }
        file.close()?;
        Ok(bytes)
    }
}

impl ColumnValues {
    fn of(kind: CellKind) -> Self {
        match kind {
            CellKind::Text => Self::Text(TextColumn::default()),
            CellKind::Integer => Self::Integer(Vec::new()),
            CellKind::Decimal => Self::Decimal(Vec::new()),
            CellKind::Boolean => Self::Boolean(Vec::new()),
            CellKind::Day => Self::Day(Vec::new()),
            CellKind::Time => Self::Time(Vec::new()),
        }
    }

    /// True if the cell has a value; one of another kind than the column's has none.
    fn push(&mut self, cell: &TableCell) -> bool {
        match (self, cell) {
            (Self::Text(texts), TableCell::Text(text)) => texts.push(text.as_bytes()),
            (Self::Text(texts), TableCell::Guid(bytes)) => texts.push(&guid(*bytes)),
            (Self::Integer(values), TableCell::Number(number)) => {
                values.push(number.micros() / 1_000_000);
            }
            (Self::Decimal(values), TableCell::Number(number)) => values.push(number.to_f64()),
            (Self::Decimal(values), TableCell::Squares(squares)) => {
                values.push(*squares as f64 / 1e12)
            }
            (Self::Boolean(values), TableCell::Boolean(value)) => values.push(*value),
            (Self::Day(values), TableCell::Day(day)) => values.push(day.0),
            (Self::Time(values), TableCell::Time(ms)) => values.push(*ms),
            _ => return false,
        }
        true
    }
}

impl TextColumn {
    fn push(&mut self, text: &[u8]) {
        self.bytes.extend(text);
        self.ends.push(self.bytes.len());
    }

    /// Parts of one piece of memory.
    fn arrays(self) -> Vec<ByteArray> {
        let all = ByteArray::from(self.bytes);
        let mut from = 0;
        let part = |end: usize| {
            let part = all.slice(from, end - from);
            from = end;
            part
        };
        self.ends.into_iter().map(part).collect()
    }
}

impl ColumnData {
    fn write(self, mut column: SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let present = Some(self.present.as_slice());
        match self.values {
            ColumnValues::Text(texts) => {
                column
                    .typed::<ByteArrayType>()
                    .write_batch(&texts.arrays(), present, None)?;
            }
            ColumnValues::Integer(values) | ColumnValues::Time(values) => {
                column
                    .typed::<Int64Type>()
                    .write_batch(&values, present, None)?;
            }
            ColumnValues::Decimal(values) => {
                column
                    .typed::<DoubleType>()
                    .write_batch(&values, present, None)?;
            }
            ColumnValues::Boolean(values) => {
                column
                    .typed::<BoolType>()
                    .write_batch(&values, present, None)?;
            }
            ColumnValues::Day(values) => {
                column
                    .typed::<Int32Type>()
                    .write_batch(&values, present, None)?;
            }
        }
        column.close()
    }
}

/// In the language in which Parquet writes schemas. Names are ours: letters, digits and '_'.
fn schema(columns: &[DatasetColumn]) -> String {
    let mut text = String::from("message medvirk {\n");
    for DatasetColumn { name, kind, .. } in columns {
        let column = match kind {
            CellKind::Text => format!("optional binary {name} (STRING);\n"),
            CellKind::Integer => format!("optional int64 {name};\n"),
            CellKind::Decimal => format!("optional double {name};\n"),
            CellKind::Boolean => format!("optional boolean {name};\n"),
            CellKind::Day => format!("optional int32 {name} (DATE);\n"),
            CellKind::Time => format!("optional int64 {name} (TIMESTAMP(MILLIS,true));\n"),
        };
        text.push_str(&column);
    }
    text + "}"
}

fn described(columns: &[DatasetColumn]) -> Vec<DescribedColumn<'_>> {
    let mut all = Vec::new();
    for column in columns {
        let codes = column.codes.iter().map(|code| DescribedCode {
            value: code.value.to_f64(),
            label: &code.label,
            missing: code.missing,
        });
        all.push(DescribedColumn {
            name: &column.name,
            kind: column.kind.name(),
            label: &column.label,
            codes: codes.collect(),
        });
    }
    all
}
