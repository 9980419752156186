//! What a process is made of. Comes in: a configuration and where the tables are. Goes out: the log,
//! checked to be this deployment's; catalogues; keys; and the roles built of them, each with clients
//! of its own tables, brought up to this version. The invariant: a role opens no database that is
//! not its own, and none of another deployment.

use std::sync::Arc;

use anyhow::Context;
use medvirk_administration::{AdminCalls, DoctorCalls};
use medvirk_aggregator as aggregator;
use medvirk_client::catalogue::read_dir;
use medvirk_doctor::Doctor;
use medvirk_domain::catalogue::{CatalogueLimits, shipped};
use medvirk_domain::time::Month;
use medvirk_eventlog::Log;
use medvirk_extract::{self as extract, Extract};
use medvirk_ingest::{self as ingest, Ingest};
use medvirk_records::ActivationError;
use medvirk_records::catalogue::{self, PlanFollower};
use medvirk_records::genesis::{self, Genesis};
use medvirk_registrar::{self as registrar, Registrar};
use medvirk_report::{self as report, Report};
use medvirk_runtime::auth::TokenVerifier;
use medvirk_runtime::{Clock, Readiness, SystemClock, this_month};
use medvirk_store::{
    IndicatorReader, IndicatorWriter, RegistryExaminer, RegistryReader, RegistryWriter,
    TableOwnership,
};
use medvirk_terminal::{CommandExit, error};
use tokio::sync::watch;

use super::super::private_folder::create_private;
use super::identity::{self, DeploymentIdentity, DeploymentKeys};
use super::tables::{DatabasePair, NodeDatabases, TablesInUse, needed, until_there};
use super::watch::NodeWatch;
use crate::config::MedvirkConfig;

/// What a process is made of.
pub(super) struct NodeParts {
    pub(super) log: Arc<dyn Log>,
    pub(super) plans: PlanFollower,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) identity: DeploymentIdentity,
    keys: DeploymentKeys,
    verifier: TokenVerifier,
    databases: NodeDatabases,
    /// Tables without which this process cannot do its work.
    in_use: Vec<TablesInUse>,
}

impl NodeParts {
    /// Opens and checks everything.
    pub(super) async fn open(
        config: &MedvirkConfig,
        log: Arc<dyn Log>,
        databases: NodeDatabases,
    ) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let secrets = config.secrets_dir();
        let known = genesis::read(log.as_ref()).await?;
        // Before anything is written into the log, which may be somebody else's.
        let keys =
            DeploymentKeys::load_or_create(&secrets, known.map(|genesis| genesis.deployment))?;
        let founded = found(config, log.as_ref(), clock.as_ref()).await?;
        identity::remember(&secrets, founded.deployment)?;
        let identity = DeploymentIdentity::new(founded.deployment, founded.first_month, &keys);
        let plans = open_plans(config, &log, founded.first_month).await?;
        let verifier = keys.issuer.verifier();
        Ok(Self {
            log,
            plans,
            clock,
            identity,
            keys,
            verifier,
            databases,
            in_use: Vec::new(),
        })
    }

    /// Waits until tables are ours, and remembers that this process needs them.
    async fn take_into_use(&mut self, tables: TablesInUse) -> anyhow::Result<()> {
        tables.wait_for(self.identity.deployment).await?;
        self.in_use.push(tables);
        Ok(())
    }

    /// Brings its tables up to this version, once they are seen to be ours.
    pub(super) async fn aggregator(
        &mut self,
        config: &MedvirkConfig,
    ) -> anyhow::Result<aggregator::Aggregator> {
        aggregator::describe_metrics();
        let login = needed(&self.databases.indicators.writer, "[indicators] writer")?.clone();
        let writer = IndicatorWriter::new(&login.connection)?;
        let adopted = until_there(&login, async || {
            let ours = self.identity.deployment;
            let adopted = aggregator::adopt(&self.log, &writer, ours).await;
            adopted.context("take the indicator tables into use")?;
            Ok(TableOwnership::Ours)
        });
        adopted.await?;
        self.in_use.push(TablesInUse::new(&login, &writer));
        let deps = aggregator::AggregatorDependencies {
            log: self.log.clone(),
            plans: self.plans.clone(),
            writer: Arc::new(writer),
            checkpoints: checkpoints(config),
            clock: self.clock.clone(),
        };
        let config = aggregator::AggregatorConfig {
            first_month: self.identity.first_month,
            compare_every: config.aggregator.compare_every,
        };
        Ok(aggregator::Aggregator::new(config, deps))
    }

    /// Brings its tables up to this version, once they are seen to be ours.
    pub(super) async fn registrar(&mut self) -> anyhow::Result<Registrar> {
        registrar::describe();
        let DatabasePair { writer, reader } = &self.databases.registry;
        let login = needed(writer, "[registry] writer")?.clone();
        let reading = needed(reader, "[registry] reader")?.clone();
        let writer = RegistryWriter::new(&login.connection)?;
        let adopted = until_there(&login, async || {
            let ours = self.identity.deployment;
            let adopted = registrar::adopt(self.log.as_ref(), &writer, ours).await;
            adopted.context("take the registry tables into use")?;
            Ok(TableOwnership::Ours)
        });
        adopted.await?;
        self.in_use.push(TablesInUse::new(&login, &writer));
        let reader = RegistryReader::new(&reading.connection)?;
        self.take_into_use(TablesInUse::new(&reading, &reader))
            .await?;
        let deps = registrar::RegistrarDependencies {
            log: self.log.clone(),
            plans: self.plans.clone(),
            writer: Arc::new(writer),
            reader,
            pseudonyms: self.keys.pseudonyms.clone(),
            verifier: self.verifier.clone(),
            clock: self.clock.clone(),
        };
        Ok(Registrar::new(registrar::RegistrarConfig::default(), deps))
    }

    pub(super) async fn report(&mut self) -> anyhow::Result<Report> {
        report::metrics::describe();
        let reader = self.indicator_reader().await?;
        let rows = Arc::new(reader);
        let plans = Arc::new(self.plans.clone());
        let (verifier, clock) = (self.verifier.clone(), self.clock.clone());
        Ok(Report::new(rows, plans, verifier, clock))
    }

    async fn indicator_reader(&mut self) -> anyhow::Result<IndicatorReader> {
        let login = needed(&self.databases.indicators.reader, "[indicators] reader")?.clone();
        let reader = IndicatorReader::new(&login.connection)?;
        self.take_into_use(TablesInUse::new(&login, &reader))
            .await?;
        Ok(reader)
    }

    /// Without an audit log that can be trusted it runs, says so, is not ready, and gives nothing out.
    pub(super) async fn extract(
        &mut self,
        config: &MedvirkConfig,
        readiness: &Readiness,
    ) -> anyhow::Result<Extract> {
        extract::metrics::describe();
        let indicators = self.indicator_reader().await?;
        let login = needed(&self.databases.registry.reader, "[registry] reader")?.clone();
        let registry = RegistryReader::new(&login.connection)?;
        self.take_into_use(TablesInUse::new(&login, &registry))
            .await?;
        let folder = config.data.join("extract");
        create_private(&folder)?;
        let audit = extract::AuditFile::open(&folder.join("audit.jsonl"));
        let audit = audit.inspect_err(|error| tracing::error!(%error, "no extract is given out"));
        readiness.set("audit", audit.is_ok());
        let deps = extract::ExtractDependencies {
            registry,
            indicators,
            plans: self.plans.clone(),
            verifier: self.verifier.clone(),
            clock: self.clock.clone(),
            audit: audit.ok(),
        };
        Ok(Extract::new(deps))
    }

    /// Watches over all that is needed.
    pub(super) fn watch(&self, readiness: Readiness) -> NodeWatch {
        NodeWatch {
            log: self.log.clone(),
            tables: self.in_use.clone(),
            deployment: self.identity.deployment,
            readiness,
        }
    }

    pub(super) fn ingest(&self, present: watch::Receiver<Month>) -> anyhow::Result<Ingest> {
        let deps = ingest::IngestDependencies {
            log: self.log.clone(),
            plans: self.plans.clone(),
            present,
            verifier: self.verifier.clone(),
            pseudonyms: self.keys.pseudonyms.clone(),
            codes: self.keys.codes.clone(),
            clock: self.clock.clone(),
        };
        Ok(Ingest::new(&ingest::IngestConfig::default(), deps)?)
    }

    pub(super) async fn admin(
        &mut self,
        config: &MedvirkConfig,
        aggregator: aggregator::AggregatorHandle,
        report: Option<Report>,
    ) -> anyhow::Result<AdminCalls> {
        let registry = self.databases.registry.reader.as_ref();
        let registry = registry.map(|reader| RegistryExaminer::new(&reader.connection));
        let doctor = Doctor {
            log: self.log.clone(),
            plans: self.plans.clone(),
            aggregator: aggregator.clone(),
            checkpoints: checkpoints(config),
            indicators: self.indicator_reader().await?,
            registry: registry.transpose()?,
            clock: self.clock.clone(),
            first_month: self.identity.first_month,
            auto_close: config.aggregator.auto_close,
            empty_months: config.aggregator.empty_months(),
            data: config.data.clone(),
        };
        Ok(AdminCalls {
            doctor: DoctorCalls::new(doctor),
            log: self.log.clone(),
            plans: self.plans.clone(),
            aggregator,
            report,
            pseudonyms: self.keys.pseudonyms.clone(),
            codes: self.keys.codes.clone(),
            verifier: self.verifier.clone(),
            clock: self.clock.clone(),
            first_month: self.identity.first_month,
        })
    }
}

/// Where the aggregator keeps its checkpoints.
fn checkpoints(config: &MedvirkConfig) -> Arc<dyn aggregator::CheckpointStore> {
    Arc::new(aggregator::CheckpointFolder::new(
        config.data.join("checkpoints"),
    ))
}

/// Founds the deployment, or checks that it is the one that was founded.
async fn found(
    config: &MedvirkConfig,
    log: &dyn Log,
    clock: &dyn Clock,
) -> anyhow::Result<Genesis> {
    let wanted: Option<Month> = match &config.deployment.first_month {
        Some(text) => Some(
            text.parse()
                .with_context(|| format!("deployment.first_month is {text}"))?,
        ),
        None => None,
    };
    // Without a wish, what was founded stands.
    let known = genesis::read(log).await?.map(|genesis| genesis.first_month);
    let first_month = wanted.or(known).unwrap_or_else(|| this_month(clock));
    let genesis = Genesis::new(config.partitions(), first_month);
    Ok(genesis::found_or_check(log, genesis).await?)
}

/// The catalogues in the log; at the first start, the configured one is put in force.
async fn open_plans(
    config: &MedvirkConfig,
    log: &Arc<dyn Log>,
    first: Month,
) -> anyhow::Result<PlanFollower> {
    let plans = PlanFollower::open(log.clone(), CatalogueLimits::default()).await?;
    if plans.plan(first).is_none() {
        let files = match &config.deployment.catalogue {
            Some(dir) => read_dir(dir)?,
            None => shipped(),
        };
        match catalogue::activate(log.as_ref(), &plans, files, first, None).await {
            Err(refused @ ActivationError::Refused(_)) => {
                return Err(error(CommandExit::Config, refused.to_string()));
            }
            // Another process that starts for the first time was first; its plan counts.
            Err(ActivationError::MonthTaken { .. }) => plans.refresh().await?,
            activated => _ = activated?,
        }
    }
    catalogue::ensure_plan(log.as_ref(), &plans, first).await?;
    if let Some(dir) = &config.deployment.catalogue {
        report_other_catalogue(dir, &plans);
    }
    Ok(plans)
}

/// The log decides what is in force, so a folder that was changed since changes nothing: whoever
/// changed it must hear of it, and how it comes into force.
fn report_other_catalogue(dir: &std::path::Path, plans: &PlanFollower) {
    let dir_name = dir.display().to_string();
    let files = match read_dir(dir) {
        Ok(files) => files,
        Err(why) => {
            tracing::warn!(
                catalogue = dir_name,
                error = format!("{why:#}"),
                "the configured catalogue cannot be read; what the log has stays in force"
            );
            return;
        }
    };
    let hash = catalogue::hash_of(&files);
    // The newest one, which may be planned for a month to come.
    let Some(plan) = plans.latest_plan().filter(|plan| plan.catalogue != hash) else {
        return;
    };
    tracing::warn!(
        catalogue = dir_name,
        configured = %hash,
        in_force = %plan.catalogue,
        command = format!("medvirk admin catalogue activate {dir_name} --from YYYY-MM"),
        "the configured catalogue is not the one in force, and is not used; put it in force with the \
         command"
    );
}
