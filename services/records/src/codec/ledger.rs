//! The records of the topic `indicator.ledger`.

use medvirk_domain::ids::DeploymentId;
use medvirk_domain::row::{Close, Row, RowLevel, RowParts, VariableSum};
use medvirk_domain::time::Month;
use medvirk_proto::log::v1 as wire;
use medvirk_proto::log::v1::ledger_record::Body;
use prost::Message as _;

use super::event::{hash, month};
use super::outline;
use super::undecodable::{DecodeError, Reason, SCHEMA_VERSION};
use crate::genesis_record::Genesis;

/// A record of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerRecord {
    /// What is fixed for the life of a deployment.
    Genesis(Genesis),
    /// The rows of one month.
    Close(Close),
}

/// The value of a genesis.
pub fn encode_genesis(genesis: &Genesis) -> Vec<u8> {
    encode(Body::Genesis(wire::Genesis {
        deployment: genesis.deployment.as_bytes().to_vec(),
        partitions: genesis.partitions,
        partitioner: genesis.partitioner.clone(),
        first_month: genesis.first_month.yyyymm(),
    }))
}

/// The value of a close. The same close gives the same bytes.
pub fn encode_close(close: &Close) -> Vec<u8> {
    encode(Body::Close(wire::Close {
        month: close.month.yyyymm(),
        offset: close.offset,
        catalogue: close.catalogue.as_bytes().to_vec(),
        fold_version: close.fold_version,
        rows: close.rows.iter().map(row_of).collect(),
    }))
}

/// Decodes a value of the ledger.
pub fn decode_ledger(value: &[u8]) -> Result<LedgerRecord, DecodeError> {
    let record: wire::LedgerRecord = outline::decode(value)?;
    let decoded = match record.body {
        Some(Body::Genesis(genesis)) => founded(genesis).map(LedgerRecord::Genesis),
        Some(Body::Close(close)) => closed(close).map(LedgerRecord::Close),
        None => Err(Reason::Body),
    };
    decoded.map_err(DecodeError::Malformed)
}

/// What a record of the ledger is, without its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerOutline {
    /// What is fixed for the life of a deployment.
    Genesis,
    /// The rows of a month.
    Close {
        /// The month that is closed.
        month: Month,
    },
}

/// A record of the ledger of which only the kind and the month are read.
#[derive(Clone, PartialEq, prost::Message)]
struct OutlinedRecord {
    #[prost(message, optional, tag = "2")]
    genesis: Option<()>,
    #[prost(message, optional, tag = "3")]
    close: Option<OutlinedClose>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct OutlinedClose {
    #[prost(uint32, tag = "1")]
    month: u32,
}

/// Decodes what a record of the ledger is, and no row of it.
pub fn outline_ledger(value: &[u8]) -> Result<LedgerOutline, DecodeError> {
    let record: OutlinedRecord = outline::decode(value)?;
    let outlined = match (record.genesis, record.close) {
        (_, Some(close)) => month(close.month).map(|month| LedgerOutline::Close { month }),
        (Some(()), None) => Ok(LedgerOutline::Genesis),
        (None, None) => Err(Reason::Body),
    };
    outlined.map_err(DecodeError::Malformed)
}

fn encode(body: Body) -> Vec<u8> {
    let record = wire::LedgerRecord {
        schema_version: SCHEMA_VERSION,
        body: Some(body),
    };
    record.encode_to_vec()
}

fn row_of(row: &Row) -> wire::Row {
    wire::Row {
        measure: row.measure().to_string(),
        level: row.level().as_str().to_owned(),
        organisation: row.organisation().to_owned(),
        first_month: row.first().yyyymm(),
        last_month: row.last().yyyymm(),
        part: row.part().to_owned(),
        persons: row.persons(),
        new_in_year: row.new_in_year(),
        single_therapist: row.single_therapist(),
        single_device: row.single_device(),
        variables: row
            .variables()
            .iter()
            .map(|sum| wire::VariableSum {
                variable: sum.variable.to_string(),
                sum: sum.sum,
                sum_sq: sum
                    .sum_sq
                    .map_or_else(Vec::new, |squares| squares.to_be_bytes().to_vec()),
            })
            .collect(),
    }
}

fn founded(genesis: wire::Genesis) -> Result<Genesis, Reason> {
    if genesis.partitions == 0 {
        return Err(Reason::Partitions);
    }
    Ok(Genesis {
        deployment: <[u8; 16]>::try_from(genesis.deployment.as_slice())
            .map(DeploymentId::new)
            .map_err(|_| Reason::Deployment)?,
        partitions: genesis.partitions,
        partitioner: genesis.partitioner,
        first_month: month(genesis.first_month)?,
    })
}

fn closed(close: wire::Close) -> Result<Close, Reason> {
    Ok(Close {
        month: month(close.month)?,
        offset: close.offset,
        catalogue: hash(&close.catalogue)?,
        fold_version: close.fold_version,
        rows: close.rows.into_iter().map(row).collect::<Result<_, _>>()?,
    })
}

fn row(row: wire::Row) -> Result<Row, Reason> {
    let (first, last) = span(row.first_month, row.last_month)?;
    Ok(Row::from_ledger(RowParts {
        measure: row.measure.parse().map_err(|_| Reason::Measure)?,
        level: RowLevel::parse(&row.level).ok_or(Reason::Level)?,
        organisation: row.organisation,
        first,
        last,
        part: row.part,
        persons: row.persons,
        new_in_year: row.new_in_year,
        single_therapist: row.single_therapist,
        single_device: row.single_device,
        variables: row
            .variables
            .into_iter()
            .map(variable)
            .collect::<Result<_, _>>()?,
    }))
}

fn span(first: u32, last: u32) -> Result<(Month, Month), Reason> {
    let (first, last) = (month(first)?, month(last)?);
    if first <= last {
        Ok((first, last))
    } else {
        Err(Reason::Month)
    }
}

fn variable(sum: wire::VariableSum) -> Result<VariableSum, Reason> {
    let sum_sq = match sum.sum_sq.as_slice() {
        [] => None,
        bytes => {
            let bytes = <[u8; 16]>::try_from(bytes).map_err(|_| Reason::SumOfSquares)?;
            Some(i128::from_be_bytes(bytes))
        }
    };
    Ok(VariableSum {
        variable: sum.variable.parse().map_err(|_| Reason::Variable)?,
        sum: sum.sum,
        sum_sq,
    })
}
