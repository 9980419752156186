//! Several brokers. Comes in: how many, where, on which ports. Goes out: a cluster that answers.
//! The invariant: what is in the folder already is kept.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context as _, Result, bail};

use crate::broker::{Broker, BrokerTie};
use crate::program::KafkaProgram;
use crate::settings::{BrokerPorts, LOG, properties, protected};

/// Every cluster of ours has this id: they never meet.
const CLUSTER_ID: &str = "bWVkdmlyay1rYWZrYS0wMQ";
/// How often a start on free ports is tried: another process may take one in between.
const ATTEMPTS: u32 = 3;

/// How a cluster is to be.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// How many brokers, 1 or more.
    pub brokers: usize,
    /// The first broker's port, the next ones' follow; 0 takes free ones.
    pub port: u16,
    /// Ports on the loopback address that clients and the other brokers are told instead of the
    /// brokers' own, one for each: of proxies that a test can cut. None says the truth.
    pub advertised: Vec<u16>,
    /// Settings of the brokers that differ from ours.
    pub settings: Vec<(String, String)>,
    /// Names and passwords of users who may say by SCRAM who they are; see
    /// [`ClusterOptions::protect`].
    pub users: Vec<(String, String)>,
    /// True where clients come over TLS.
    pub tls: bool,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            brokers: 1,
            port: 0,
            advertised: Vec::new(),
            settings: Vec::new(),
            users: Vec::new(),
            tls: false,
        }
    }
}

impl ClusterOptions {
    /// Clients come over TLS only and say who they are: by SCRAM as one of `users`, the first of
    /// which are the brokers themselves, or by a token. `keystore` is a PEM file with a key and its
    /// certificate, `ca` one with the authority that signed it. The brokers believe every token that
    /// has not expired.
    #[must_use]
    pub fn protect(mut self, keystore: &Path, ca: &Path, users: &[(&str, &str)]) -> Self {
        let owned = |(name, password): &(&str, &str)| ((*name).to_owned(), (*password).to_owned());
        self.users = users.iter().map(owned).collect();
        self.tls = true;
        let (user, password) = &self.users[0];
        self.settings
            .extend(protected(keystore, ca, user, password));
        self
    }
}

/// Brokers that belong together.
#[derive(Debug)]
pub struct BrokerCluster {
    brokers: Vec<Broker>,
}

impl BrokerCluster {
    /// A cluster in a temporary folder, which ends with this process or when it is dropped.
    ///
    /// # Errors
    /// When Kafka is not there or does not start.
    pub fn for_test(options: &ClusterOptions) -> Result<Self> {
        // The watchdogs remove it.
        let folder = tempfile::Builder::new().prefix("medvirk-kafka-").tempdir();
        let folder = folder.context("make a folder for Kafka")?.keep();
        Self::start(&KafkaProgram::find()?, options, &folder, BrokerTie::ForTest)
    }

    /// A cluster that stays when this process ends. What `folder` holds is kept.
    ///
    /// # Errors
    /// When Kafka is not there or does not start.
    pub fn that_stays(options: &ClusterOptions, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        let folder = folder.canonicalize().context("find the data folder")?;
        Self::start(&KafkaProgram::find()?, options, &folder, BrokerTie::Stays)
    }

    fn start(
        program: &KafkaProgram,
        options: &ClusterOptions,
        folder: &Path,
        tie: BrokerTie,
    ) -> Result<Self> {
        let mut attempt = 1;
        loop {
            let ports = choose_ports(options)?;
            let mut cluster = Self::prepare(program, options, folder, tie, &ports)?;
            match cluster.start_all() {
                Ok(()) => return Ok(cluster),
                Err(_) if options.port == 0 && attempt < ATTEMPTS => {
                    cluster.brokers.iter_mut().for_each(Broker::kill);
                    attempt += 1;
                }
                Err(error) => {
                    cluster.brokers.iter_mut().for_each(Broker::kill);
                    return Err(error);
                }
            }
        }
    }

    /// Writes the settings and formats the data folders.
    fn prepare(
        program: &KafkaProgram,
        options: &ClusterOptions,
        folder: &Path,
        tie: BrokerTie,
        ports: &[BrokerPorts],
    ) -> Result<Self> {
        let mut brokers = Vec::new();
        for number in 1..=options.brokers {
            let folder = folder.join(format!("broker-{number}"));
            let data = folder.join("data");
            fs::create_dir_all(&data).context("make a broker's folder")?;
            let text = properties(number, ports, &data, &options.settings);
            fs::write(folder.join("server.properties"), text).context("write settings")?;
            fs::write(folder.join("log4j2.properties"), LOG).context("write settings")?;
            brokers.push(Broker {
                program: program.clone(),
                port: ports[number - 1].clients,
                folder,
                tls: options.tls,
                tie,
                process: None,
            });
        }
        let formatting: Vec<_> = brokers
            .iter()
            .map(|broker| {
                (
                    program.clone(),
                    broker.folder.clone(),
                    options.users.clone(),
                )
            })
            .map(|(program, folder, users)| {
                thread::spawn(move || format(&program, &folder, &users))
            })
            .collect();
        for formatted in formatting {
            let formatted = formatted.join();
            formatted.unwrap_or_else(|_| bail!("a broker's folder could not be formatted"))?;
        }
        Ok(Self { brokers })
    }

    /// Starts all at once: alone, none of several would ever answer.
    fn start_all(&mut self) -> Result<()> {
        self.brokers.iter_mut().try_for_each(Broker::launch)?;
        self.brokers.iter().try_for_each(Broker::ready)
    }

    /// Where clients find the cluster: addresses with commas between them.
    pub fn bootstrap(&self) -> String {
        let addresses = self
            .brokers
            .iter()
            .map(|broker| broker.address().to_string());
        addresses.collect::<Vec<_>>().join(",")
    }

    /// The brokers of this cluster, in the order of their ids.
    pub fn brokers(&self) -> &[Broker] {
        &self.brokers
    }

    /// One of them, counted from 0, to be killed or started again.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn broker(&mut self, index: usize) -> &mut Broker {
        &mut self.brokers[index]
    }
}

/// Makes the data folder one of this cluster, if it is not one yet.
fn format(program: &KafkaProgram, folder: &Path, users: &[(String, String)]) -> Result<()> {
    let formatted: PathBuf = folder.join("data/meta.properties");
    if formatted.exists() {
        return Ok(());
    }
    let mut tool = program.command("kafka.tools.StorageTool", &folder.join("log4j2.properties"));
    tool.args(["format", "--cluster-id", CLUSTER_ID, "--config"]);
    tool.arg(folder.join("server.properties"));
    for (name, password) in users {
        for hash in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
            let user = format!("{hash}=[name={name},password={password}]");
            tool.args(["--add-scram", &user]);
        }
    }
    let done = tool.output().context("start Kafka's storage tool")?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        bail!("Kafka's storage tool failed: {}", said.trim());
    }
    Ok(())
}

/// Free ports are held until all are known, so that none is given twice.
fn choose_ports(options: &ClusterOptions) -> Result<Vec<BrokerPorts>> {
    let mut held = Vec::new();
    let mut free = || -> Result<u16> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
        let port = listener.local_addr().context("find a free port")?.port();
        held.push(listener);
        Ok(port)
    };
    let mut ports = Vec::new();
    for index in 0..options.brokers {
        let index = u16::try_from(index).context("so many brokers")?;
        let clients = match options.port {
            0 => free()?,
            first => first + index,
        };
        let advertised = options.advertised.get(usize::from(index));
        ports.push(BrokerPorts {
            clients,
            advertised: advertised.copied().unwrap_or(clients),
            controller: free()?,
        });
    }
    Ok(ports)
}
