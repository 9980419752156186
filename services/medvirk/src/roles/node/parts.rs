//! What a process is made of. Comes in: a configuration and where the tables are. Goes out: the log,
//! checked to be this deployment's; catalogues; keys; and the roles built of them, each with clients
//! of its own tables, brought up to this version. The invariant: a role opens no database that is
//! not its own.

use std::sync::Arc;

use anyhow::Context;
use medvirk_aggregator as aggregator;
use medvirk_domain::catalogue::{Limits, shipped};
use medvirk_domain::time::Month;
use medvirk_eventlog::Log;
use medvirk_eventlog::catalogue::{self, Plans};
use medvirk_eventlog::genesis::{self, Genesis};
use medvirk_extract::{self as extract, Extract};
use medvirk_ingest::code::Codes;
use medvirk_ingest::{self as ingest, Ingest};
use medvirk_registrar::{self as registrar, Registrar};
use medvirk_report::{self as report, Report};
use medvirk_runtime::auth::{Issuer, Verifier};
use medvirk_runtime::pseudonym::Pseudonyms;
use medvirk_runtime::{Clock, SystemClock, this_month};
use medvirk_store::{
    Connection, IndicatorReader, IndicatorWriter, RegistryExaminer, RegistryReader, RegistryWriter,
};
use tokio::sync::watch;

use super::super::admin_service::Admin;
use super::super::create_private;
use super::super::examination::Examinations;
use crate::client::read_dir;
use crate::config::{Backend, Config, Database};
use crate::exit::{Code, error};

/// Where the tables are, and who writes and reads them, as far as this process may.
#[derive(Default)]
pub(crate) struct Databases {
    pub(crate) indicators: Pair,
    pub(crate) registry: Pair,
}

/// The two users of one database.
#[derive(Default)]
pub(crate) struct Pair {
    pub(crate) writer: Option<Connection>,
    pub(crate) reader: Option<Connection>,
}

/// What a process is made of.
pub(super) struct Parts {
    log: Arc<dyn Log>,
    pub(super) plans: Plans,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) first_month: Month,
    keys: Keys,
    verifier: Verifier,
    databases: Databases,
}

/// The keys of a deployment, in the folder `secrets`; made at the first start.
struct Keys {
    issuer: Issuer,
    pseudonyms: Pseudonyms,
    codes: Codes,
}

impl Databases {
    /// Both, from the configuration.
    pub(crate) fn configured(config: &Config) -> anyhow::Result<Self> {
        let pair = |database: &Option<Database>| {
            let Some(database) = database else {
                return Ok(Pair::default());
            };
            anyhow::Ok(Pair {
                writer: database.writer()?,
                reader: database.reader()?,
            })
        };
        Ok(Self {
            indicators: pair(&config.indicators)?,
            registry: pair(&config.registry)?,
        })
    }
}

/// A user without whom a role cannot be.
fn needed<'a>(user: &'a Option<Connection>, name: &str) -> anyhow::Result<&'a Connection> {
    user.as_ref().ok_or_else(|| {
        let message = format!("this role needs {name}, and the configuration names none");
        error(Code::Config, message)
    })
}

impl Parts {
    /// Opens and checks everything.
    pub(super) async fn open(
        config: &Config,
        log: Arc<dyn Log>,
        databases: Databases,
    ) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let first_month = found(config, log.as_ref(), clock.as_ref())
            .await?
            .first_month;
        let plans = open_plans(config, &log, first_month).await?;
        let keys = Keys::load_or_create(config)?;
        let verifier = keys.issuer.verifier();
        Ok(Self {
            log,
            plans,
            clock,
            first_month,
            keys,
            verifier,
            databases,
        })
    }

    /// Brings its tables up to this version.
    pub(super) async fn aggregator(
        &self,
        config: &Config,
    ) -> anyhow::Result<aggregator::Aggregator> {
        aggregator::describe_metrics();
        let writer = needed(&self.databases.indicators.writer, "[indicators] writer")?;
        let writer = IndicatorWriter::new(writer)?;
        let migrated = writer.migrate().await;
        migrated.context("migrate the indicator tables")?;
        let deps = aggregator::Deps {
            log: self.log.clone(),
            plans: self.plans.clone(),
            writer: Arc::new(writer),
            checkpoints: Arc::new(aggregator::Folder::new(config.data.join("checkpoints"))),
            clock: self.clock.clone(),
        };
        let config = aggregator::Config {
            first_month: self.first_month,
            compare_every: config.aggregator.compare_every,
        };
        Ok(aggregator::Aggregator::new(config, deps))
    }

    /// Brings its tables up to this version.
    pub(super) async fn registrar(&self) -> anyhow::Result<Registrar> {
        registrar::describe();
        let Pair { writer, reader } = &self.databases.registry;
        let writer = RegistryWriter::new(needed(writer, "[registry] writer")?)?;
        let migrated = writer.migrate().await;
        migrated.context("migrate the registry tables")?;
        let deps = registrar::Deps {
            log: self.log.clone(),
            plans: self.plans.clone(),
            writer: Arc::new(writer),
            reader: RegistryReader::new(needed(reader, "[registry] reader")?)?,
            pseudonyms: self.keys.pseudonyms.clone(),
            verifier: self.verifier.clone(),
            clock: self.clock.clone(),
        };
        Ok(Registrar::new(registrar::Config::default(), deps))
    }

    pub(super) fn report(&self) -> anyhow::Result<Report> {
        report::metrics::describe();
        let reader = needed(&self.databases.indicators.reader, "[indicators] reader")?;
        let rows = Arc::new(IndicatorReader::new(reader)?);
        let plans = Arc::new(self.plans.clone());
        let (verifier, clock) = (self.verifier.clone(), self.clock.clone());
        Ok(Report::new(rows, plans, verifier, clock))
    }

    /// Without an audit log that can be trusted it runs, says so, and gives nothing out.
    pub(super) fn extract(&self, config: &Config) -> anyhow::Result<Extract> {
        extract::metrics::describe();
        let Databases {
            indicators,
            registry,
        } = &self.databases;
        let registry = needed(&registry.reader, "[registry] reader")?;
        let indicators = needed(&indicators.reader, "[indicators] reader")?;
        let folder = config.data.join("extract");
        create_private(&folder)?;
        let audit = extract::Audit::open(&folder.join("audit.jsonl"));
        let audit = audit.inspect_err(|error| tracing::error!(%error, "no extract is given out"));
        let deps = extract::Deps {
            registry: RegistryReader::new(registry)?,
            indicators: IndicatorReader::new(indicators)?,
            plans: self.plans.clone(),
            verifier: self.verifier.clone(),
            clock: self.clock.clone(),
            audit: audit.ok(),
        };
        Ok(Extract::new(deps))
    }

    pub(super) fn ingest(&self, present: watch::Receiver<Month>) -> anyhow::Result<Ingest> {
        let deps = ingest::Deps {
            log: self.log.clone(),
            plans: self.plans.clone(),
            present,
            verifier: self.verifier.clone(),
            pseudonyms: self.keys.pseudonyms.clone(),
            codes: self.keys.codes.clone(),
            clock: self.clock.clone(),
        };
        Ok(Ingest::new(&ingest::Config::default(), deps)?)
    }

    pub(super) fn admin(
        &self,
        config: &Config,
        aggregator: aggregator::Handle,
        report: Option<Report>,
    ) -> anyhow::Result<Admin> {
        let Databases {
            indicators,
            registry,
        } = &self.databases;
        let indicators = needed(&indicators.reader, "[indicators] reader")?;
        let indicators = aggregator::Examiner {
            reader: IndicatorReader::new(indicators)?,
            auto_close: config.aggregator.auto_close,
        };
        let registry = registry.reader.as_ref().map(|reader| {
            anyhow::Ok(registrar::Examiner {
                log: self.log.clone(),
                plans: self.plans.clone(),
                tables: RegistryExaminer::new(reader)?,
            })
        });
        let registry = registry.transpose()?;
        Ok(Admin {
            examinations: Examinations::new(indicators, registry, config.data.clone()),
            log: self.log.clone(),
            plans: self.plans.clone(),
            aggregator,
            report,
            pseudonyms: self.keys.pseudonyms.clone(),
            codes: self.keys.codes.clone(),
            verifier: self.verifier.clone(),
            clock: self.clock.clone(),
            first_month: self.first_month,
        })
    }
}

impl Keys {
    fn load_or_create(config: &Config) -> anyhow::Result<Self> {
        let secrets = config.secrets_dir();
        Ok(Self {
            issuer: Issuer::load_or_create(&secrets.join("token-key.pem"))?,
            pseudonyms: Pseudonyms::load_or_create(&secrets.join("pseudonym.key"))?,
            codes: Codes::load_or_create(&secrets.join("code.key"))?,
        })
    }
}

/// The configured log. Whoever opens the embedded one first finds out that another process has it.
pub(crate) async fn open_log(config: &Config) -> anyhow::Result<Arc<dyn Log>> {
    match config.log.backend {
        Backend::Embedded => {
            let dir = config.log_dir();
            let url = format!("file:{}", dir.display());
            let log = medvirk_eventlog::open(&url, config.partitions()).await;
            log.with_context(|| format!("open log {}", dir.display()))
        }
        Backend::Kafka => {
            let kafka = (&config.log.kafka).into();
            let log = medvirk_eventlog::open_kafka(kafka, config.partitions()).await;
            log.context("open log")
        }
    }
}

/// Founds the deployment, or checks that it is the one that was founded.
async fn found(config: &Config, log: &dyn Log, clock: &dyn Clock) -> anyhow::Result<Genesis> {
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
async fn open_plans(config: &Config, log: &Arc<dyn Log>, first: Month) -> anyhow::Result<Plans> {
    let plans = Plans::open(log.clone(), Limits::default()).await?;
    if plans.plan(first).is_none() {
        let files = match &config.deployment.catalogue {
            Some(dir) => read_dir(dir)?,
            None => shipped(),
        };
        match catalogue::activate(log.as_ref(), &plans, files, first, None).await {
            Err(refused @ medvirk_eventlog::Error::Refused(_)) => {
                return Err(error(Code::Config, refused.to_string()));
            }
            // Another process that starts for the first time was first; its plan counts.
            Err(medvirk_eventlog::Error::MonthTaken { .. }) => plans.refresh().await?,
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
fn report_other_catalogue(dir: &std::path::Path, plans: &Plans) {
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
