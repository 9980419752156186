//! Reading: a patient's own curve, and how many rows there are.

use medvirk_domain::ids::{CatalogueHash, DeploymentId, UnitId};
use medvirk_domain::record::EpisodeKey;

use super::CurveForm;
use super::wire::{CurveRow, literal};
use crate::connection::{ClickHouseServer, DatabaseConnection, fetch, fetch_one};
use crate::error::Error;
use crate::ownership::{self, TableOwnership};

/// Reads the views of the registry.
#[derive(Clone)]
pub struct RegistryReader {
    pub(super) server: ClickHouseServer,
}

#[derive(clickhouse::Row, serde::Deserialize)]
struct IdRow {
    submission_id: [u8; 16],
}

#[derive(clickhouse::Row, serde::Deserialize)]
struct UnitRow {
    catalogue: [u8; 32],
    unit: String,
}

/// A view of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryTable {
    /// Forms of sessions, one per session, instrument and respondent.
    SessionForm,
    /// Forms of sessions, every revision.
    SessionFormReceived,
    /// Forms of the quality register, one per unit, day, instrument, version and respondent.
    RegistryForm,
    /// Forms of the quality register, every revision.
    RegistryFormReceived,
    /// Discharge surveys, one per code.
    SurveyForm,
    /// Openings and closings, the first of each per episode.
    Episode,
    /// The table of survey codes that were issued.
    Invitation,
}

impl RegistryTable {
    const fn name(self) -> &'static str {
        match self {
            Self::SessionForm => "session_form",
            Self::SessionFormReceived => "session_form_received",
            Self::RegistryForm => "registry_form",
            Self::RegistryFormReceived => "registry_form_received",
            Self::SurveyForm => "survey_form",
            Self::Episode => "episode",
            Self::Invitation => "invitation",
        }
    }
}

impl RegistryReader {
    /// Connects nothing yet.
    ///
    /// # Errors
    /// If the database's name is no identifier.
    pub fn new(connection: &DatabaseConnection) -> Result<Self, Error> {
        let server = ClickHouseServer::new(connection)?;
        Ok(Self { server })
    }

    /// Whose tables these are. Asks for nothing else, and may be asked before the migration.
    ///
    /// # Errors
    /// [`Error::OtherDeployment`] where they name another one, or if the server fails.
    pub async fn ownership(&self, ours: DeploymentId) -> Result<TableOwnership, Error> {
        ownership::of_view(&self.server, ours).await
    }

    /// The forms of an episode, by day, session number and place in the log; empty where
    /// nothing is known of the pair of patient and episode.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn curve(&self, episode: &EpisodeKey) -> Result<Vec<CurveForm>, Error> {
        let sql = format!(
            "SELECT catalogue, partition, unit, day, number, instrument, version, respondent, \
             age, item, value, missing, total FROM session_form WHERE person = {} AND episode = {} \
             ORDER BY day, number, log_offset, place",
            literal(&episode.person),
            literal(&episode.episode)
        );
        let rows = fetch::<CurveRow>("read a curve", self.server.query(&sql)).await?;
        rows.into_iter().map(CurveForm::try_from).collect()
    }

    /// Units in which the episode was opened or closed, each with the catalogue that knows it.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn units_of(
        &self,
        episode: &EpisodeKey,
    ) -> Result<Vec<(CatalogueHash, UnitId)>, Error> {
        const READ: &str = "read the units of an episode";
        let sql = format!(
            "SELECT catalogue, unit FROM episode WHERE person = {} AND episode = {}",
            literal(&episode.person),
            literal(&episode.episode)
        );
        let foreign = |_| Error::Foreign {
            attempt: READ,
            column: "unit",
        };
        let known = |row: UnitRow| {
            let unit = row.unit.parse().map_err(foreign)?;
            Ok((CatalogueHash::new(row.catalogue), unit))
        };
        let rows = fetch::<UnitRow>(READ, self.server.query(&sql)).await?;
        rows.into_iter().map(known).collect()
    }

    /// How many rows a view has.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn count(&self, table: RegistryTable) -> Result<u64, Error> {
        let sql = format!("SELECT count() FROM {}", table.name());
        fetch_one("count rows", self.server.query(&sql)).await
    }

    /// The submission ids in a view, sorted.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn submission_ids(&self, table: RegistryTable) -> Result<Vec<[u8; 16]>, Error> {
        let sql = format!(
            "SELECT submission_id FROM {} ORDER BY submission_id",
            table.name()
        );
        let rows = fetch::<IdRow>("list submission ids", self.server.query(&sql)).await?;
        Ok(rows.into_iter().map(|row| row.submission_id).collect())
    }
}
