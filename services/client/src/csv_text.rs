//! Rows as CSV, with a header line.

use serde::Serialize;

pub(crate) fn csv_text<T: Serialize>(covered: &[T]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for it in covered {
        writer.serialize(it)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
