//! What a process is made of. Comes in: a configuration and where the tables are. Goes out: the log,
//! checked to be this deployment's; catalogues; keys; clients of the tables, brought up to this
//! version; and the roles built of them.

use std::sync::Arc;

use anyhow::Context;
use medvirk_aggregator as aggregator;
use medvirk_domain::catalogue::{Limits, shipped};
use medvirk_domain::time::Month;
use medvirk_eventlog::Log;
use medvirk_eventlog::catalogue::{self, Plans};
use medvirk_eventlog::genesis::{self, Genesis};
use medvirk_ingest::code::Codes;
use medvirk_ingest::{self as ingest, Ingest};
use medvirk_registrar::{self as registrar, Registrar};
use medvirk_report::Report;
use medvirk_runtime::auth::{Issuer, Verifier};
use medvirk_runtime::pseudonym::Pseudonyms;
use medvirk_runtime::{Clock, SystemClock, this_month};
use medvirk_store::{
    Connection, IndicatorReader, IndicatorWriter, RegistryExaminer, RegistryReader, RegistryWriter,
};
use tokio::sync::watch;

use super::super::Roles;
use super::super::admin_service::Admin;
use super::super::examination::Examinations;
use crate::client::read_dir;
use crate::config::{Config, Database};
use crate::exit::{Code, error};

/// Where the tables are, and who writes and reads them.
pub(crate) struct Databases {
    pub(crate) indicators: Pair,
    pub(crate) registry: Pair,
}

/// The two users of one database.
pub(crate) struct Pair {
    pub(crate) writer: Connection,
    pub(crate) reader: Connection,
}

/// What a process is made of.
pub(super) struct Parts {
    log: Arc<dyn Log>,
    pub(super) plans: Plans,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) first_month: Month,
    keys: Keys,
    verifier: Verifier,
    stores: Stores,
}

/// The keys of a deployment, in the folder `secrets`; made at the first start.
struct Keys {
    issuer: Issuer,
    pseudonyms: Pseudonyms,
    codes: Codes,
}

/// Clients of the tables, brought up to this version.
#[derive(Clone)]
struct Stores {
    indicator_writer: IndicatorWriter,
    indicator_reader: IndicatorReader,
    registry_writer: RegistryWriter,
    registry_reader: RegistryReader,
    registry_examiner: RegistryExaminer,
}

impl Databases {
    /// Both, from the configuration.
    pub(crate) fn configured(config: &Config) -> anyhow::Result<Self> {
        let pair = |database: &Option<Database>, name: &str| {
            let missing = || {
                let message = format!(
                    "the configuration names no [{name}] database; only `up` brings its own"
                );
                error(Code::Config, message)
            };
            let database = database.as_ref().ok_or_else(missing)?;
            anyhow::Ok(Pair {
                writer: database.writer()?,
                reader: database.reader()?,
            })
        };
        Ok(Self {
            indicators: pair(&config.indicators, "indicators")?,
            registry: pair(&config.registry, "registry")?,
        })
    }
}

impl Parts {
    /// Opens and checks everything.
    pub(super) async fn open(
        config: &Config,
        roles: Roles,
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
        let stores = Stores::open(databases, roles).await?;
        Ok(Self {
            log,
            plans,
            clock,
            first_month,
            keys,
            verifier,
            stores,
        })
    }

    pub(super) fn aggregator(&self, config: &Config) -> aggregator::Aggregator {
        let deps = aggregator::Deps {
            log: self.log.clone(),
            plans: self.plans.clone(),
            writer: Arc::new(self.stores.indicator_writer.clone()),
            checkpoints: Arc::new(aggregator::Folder::new(config.data.join("checkpoints"))),
            clock: self.clock.clone(),
        };
        let config = aggregator::Config {
            first_month: self.first_month,
            compare_every: config.aggregator.compare_every,
        };
        aggregator::Aggregator::new(config, deps)
    }

    pub(super) fn registrar(&self) -> Registrar {
        let deps = registrar::Deps {
            log: self.log.clone(),
            plans: self.plans.clone(),
            writer: Arc::new(self.stores.registry_writer.clone()),
            reader: self.stores.registry_reader.clone(),
            pseudonyms: self.keys.pseudonyms.clone(),
            verifier: self.verifier.clone(),
            clock: self.clock.clone(),
        };
        Registrar::new(registrar::Config::default(), deps)
    }

    pub(super) fn report(&self) -> Report {
        let rows = Arc::new(self.stores.indicator_reader.clone());
        let plans = Arc::new(self.plans.clone());
        Report::new(rows, plans, self.verifier.clone(), self.clock.clone())
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
        roles: Roles,
        (aggregator, registrar): (aggregator::Handle, registrar::Handle),
    ) -> Admin {
        let indicators = aggregator::Examiner {
            reader: self.stores.indicator_reader.clone(),
            auto_close: config.aggregator.auto_close,
        };
        let registry = roles.registrar.then(|| registrar::Examiner {
            log: self.log.clone(),
            plans: self.plans.clone(),
            tables: self.stores.registry_examiner.clone(),
        });
        Admin {
            examinations: Examinations::new(indicators, registry, config.data.clone()),
            log: self.log.clone(),
            plans: self.plans.clone(),
            aggregator,
            registrar,
            pseudonyms: self.keys.pseudonyms.clone(),
            codes: self.keys.codes.clone(),
            verifier: self.verifier.clone(),
            clock: self.clock.clone(),
            first_month: self.first_month,
        }
    }
}

impl Stores {
    async fn open(databases: Databases, roles: Roles) -> anyhow::Result<Self> {
        let Databases {
            indicators,
            registry,
        } = databases;
        let stores = Self {
            indicator_writer: IndicatorWriter::new(&indicators.writer)?,
            indicator_reader: IndicatorReader::new(&indicators.reader)?,
            registry_writer: RegistryWriter::new(&registry.writer)?,
            registry_reader: RegistryReader::new(&registry.reader)?,
            registry_examiner: RegistryExaminer::new(&registry.reader)?,
        };
        if roles.aggregate {
            stores
                .indicator_writer
                .migrate()
                .await
                .context("migrate the indicator tables")?;
        }
        if roles.registrar {
            stores
                .registry_writer
                .migrate()
                .await
                .context("migrate the registry tables")?;
        }
        Ok(stores)
    }
}

impl Keys {
    fn load_or_create(config: &Config) -> anyhow::Result<Self> {
        let secrets = config.data.join("secrets");
        Ok(Self {
            issuer: Issuer::load_or_create(&secrets.join("token-key.pem"))?,
            pseudonyms: Pseudonyms::load_or_create(&secrets.join("pseudonym.key"))?,
            codes: Codes::load_or_create(&secrets.join("code.key"))?,
        })
    }
}

/// The configured log. Whoever opens it first finds out that another process has it.
pub(crate) async fn open_log(config: &Config) -> anyhow::Result<Arc<dyn Log>> {
    let url = config.log_url();
    let log = medvirk_eventlog::open(&url, config.log.partitions).await;
    log.with_context(|| format!("open log {url}"))
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
    let genesis = Genesis::new(config.log.partitions, first_month);
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
        let activated = catalogue::activate(log.as_ref(), &plans, files, first, None).await;
        activated.map_err(|refused| match refused {
            refused @ medvirk_eventlog::Error::Refused(_) => {
                error(Code::Config, refused.to_string())
            }
            other => other.into(),
        })?;
    }
    catalogue::ensure_plan(log.as_ref(), &plans, first).await?;
    Ok(plans)
}
