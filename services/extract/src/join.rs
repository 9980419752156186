//! Chunks put together, for whoever pulls. Comes in: files with one chunk each. Goes out: the file
//! that they are, on the disk. The invariants: memory is bounded by a buffer, or by the metadata of
//! the row groups; nothing is decoded and encoded again, so a file has what the chunks have.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use sha2::{Digest, Sha256};

/// So much is written at once, in bytes.
const BUFFER: usize = 1 << 18;

/// Why chunks could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// A file could not be read or written.
    #[error("cannot put the chunks together")]
    Io(#[from] std::io::Error),
    /// A chunk is no Parquet file, or no file could be made of it.
    #[error("cannot put the row groups together")]
    Parquet(#[source] ParquetError),
    /// The server names a way that this program does not know.
    #[error("the chunks are to be joined as {0}, which this program does not know")]
    Unknown(String),
}

impl From<ParquetError> for JoinError {
    fn from(error: ParquetError) -> Self {
        Self::Parquet(error)
    }
}

/// The file that was written, as the manifest describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedFile {
    /// The size of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of them, in hexadecimal.
    pub sha256: String,
}

/// Joins `chunks`, in their order, as `way` says (`bytes` or `parquet`), into `file`, which is on the
/// disk when this returns.
///
/// # Errors
/// If a file cannot be read or written, or a chunk is not what `way` says.
pub fn join(way: &str, chunks: &[PathBuf], file: &Path) -> Result<JoinedFile, JoinError> {
    let out = HashingFile::new(File::create(file)?);
    let mut out = match way {
        "bytes" => bytes(chunks, BufWriter::with_capacity(BUFFER, out))?,
        "parquet" => parquet(chunks, BufWriter::with_capacity(BUFFER, out))?,
        other => return Err(JoinError::Unknown(other.to_owned())),
    };
    out.flush()?;
    let HashingFile {
        file,
        hasher,
        bytes,
    } = out.into_inner().map_err(|error| error.into_error())?;
    file.sync_all()?;
    let sha256 = HEXLOWER.encode(&hasher.finalize());
    Ok(JoinedFile { bytes, sha256 })
}

/// A file, and the checksum of what was written so far.
struct HashingFile {
    file: File,
    hasher: Sha256,
    bytes: u64,
}

impl HashingFile {
    fn new(file: File) -> Self {
        Self {
            file,
            hasher: Sha256::new(),
            bytes: 0,
        }
    }
}

impl Write for HashingFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

fn bytes(
    chunks: &[PathBuf],
    mut out: BufWriter<HashingFile>,
) -> Result<BufWriter<HashingFile>, JoinError> {
    for chunk in chunks {
        std::io::copy(&mut File::open(chunk)?, &mut out)?;
    }
    Ok(out)
}

/// Row groups are copied as they are; schema and metadata are those of the first chunk.
fn parquet(
    chunks: &[PathBuf],
    out: BufWriter<HashingFile>,
) -> Result<BufWriter<HashingFile>, JoinError> {
    let Some(first) = chunks.first() else {
        return Ok(out);
    };
    let first = SerializedFileReader::new(File::open(first)?)?;
    let metadata = first.metadata().file_metadata();
    let properties = WriterProperties::builder()
        .set_created_by("medvirk".to_owned())
        .set_key_value_metadata(metadata.key_value_metadata().cloned())
        .build();
    let schema = metadata.schema_descr().root_schema_ptr();
    let mut writer = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
    for chunk in chunks {
        let file = File::open(chunk)?;
        let reader = SerializedFileReader::new(file.try_clone()?)?;
        for group in reader.metadata().row_groups() {
            let mut copy = writer.next_row_group()?;
            for column in group.columns() {
                let closed = ColumnCloseResult {
                    bytes_written: column.compressed_size().unsigned_abs(),
                    rows_written: group.num_rows().unsigned_abs(),
                    metadata: column.clone(),
                    bloom_filter: None,
                    column_index: None,
                    offset_index: None,
                };
                copy.append_column(&file, closed)?;
            }
            copy.close()?;
        }
    }
    Ok(writer.into_inner()?)
}
