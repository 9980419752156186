//! The records of the topic `catalogue`.

use std::fmt;

use medvirk_domain::catalogue::{InvolvementAnswers, SourceFile};
use medvirk_domain::ids::CatalogueHash;
use medvirk_proto::log::v1 as wire;
use medvirk_proto::log::v1::catalogue_record::Body;
use prost::Message as _;

use super::event::{hash, month};
use super::outline;
use super::undecodable::{DecodeError, Reason, SCHEMA_VERSION};
use crate::plan_record::Plan;

/// A record of the topic `catalogue`.
#[derive(Clone, PartialEq, Eq)]
pub enum CatalogueRecord {
    /// A catalogue's content; not yet checked against its hash.
    Catalogue {
        /// SHA-256 of the content.
        hash: CatalogueHash,
        /// The files of the catalogue, each with its path.
        files: Vec<SourceFile>,
    },
    /// What is in force in a month.
    Plan(Plan),
    /// What a service says about itself.
    Involvement(InvolvementAnswers),
}

impl fmt::Debug for CatalogueRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalogue { hash, files } => write!(f, "Catalogue({hash}, {})", files.len()),
            Self::Plan(plan) => plan.fmt(f),
            Self::Involvement(it) => write!(f, "Involvement({}, {})", it.unit, it.year),
        }
    }
}

/// The value of a catalogue.
pub fn encode_catalogue(hash: &CatalogueHash, files: &[SourceFile]) -> Vec<u8> {
    let file = |file: &SourceFile| wire::catalogue::File {
        path: file.path.clone(),
        text: file.text.clone(),
    };
    encode(Body::Catalogue(wire::Catalogue {
        hash: hash.as_bytes().to_vec(),
        files: files.iter().map(file).collect(),
    }))
}

/// The value of a plan.
pub fn encode_plan(plan: &Plan) -> Vec<u8> {
    encode(Body::Plan(wire::Plan {
        month: plan.month.yyyymm(),
        catalogue: plan.catalogue.as_bytes().to_vec(),
        fold_version: plan.fold_version,
    }))
}

/// The value of what a service says about itself.
pub fn encode_involvement(involvement: &InvolvementAnswers) -> Vec<u8> {
    encode(Body::Involvement(super::involvement::to_log(involvement)))
}

/// Decodes a value of the topic `catalogue`.
pub fn decode_catalogue(value: &[u8]) -> Result<CatalogueRecord, DecodeError> {
    let record: wire::CatalogueRecord = outline::decode(value)?;
    let decoded = match record.body {
        Some(Body::Catalogue(catalogue)) => content(catalogue),
        Some(Body::Plan(plan)) => planned(&plan),
        Some(Body::Involvement(it)) => {
            super::involvement::of_log(it).map(CatalogueRecord::Involvement)
        }
        None => Err(Reason::Body),
    };
    decoded.map_err(DecodeError::Malformed)
}

fn encode(body: Body) -> Vec<u8> {
    let record = wire::CatalogueRecord {
        schema_version: SCHEMA_VERSION,
        body: Some(body),
    };
    record.encode_to_vec()
}

fn content(catalogue: wire::Catalogue) -> Result<CatalogueRecord, Reason> {
    let file = |file: wire::catalogue::File| SourceFile {
        path: file.path,
        text: file.text,
    };
    Ok(CatalogueRecord::Catalogue {
        hash: hash(&catalogue.hash)?,
        files: catalogue.files.into_iter().map(file).collect(),
    })
}

fn planned(plan: &wire::Plan) -> Result<CatalogueRecord, Reason> {
    Ok(CatalogueRecord::Plan(Plan {
        month: month(plan.month)?,
        catalogue: hash(&plan.catalogue)?,
        fold_version: plan.fold_version,
    }))
}
