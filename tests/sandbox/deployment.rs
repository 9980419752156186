//! Many processes on Kafka: brokers, two engines, and as many of each role as a test wants, each
//! by its own configuration file.
//!
//! Comes in: how many of what. Goes out: processes that can be killed, stopped and started one by
//! one, on a network that can be broken between any two of them. The invariant: every process ends
//! with the test, also when the test is killed; one that asks to be started again (exit code 75) is,
//! as whoever runs the system would, and one that ends otherwise fails the test.

// In reading order.
mod brokers;

mod clock;

mod config;

mod process;

mod supervisor;

mod reach;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use medvirk_runtime::auth::TokenIssuer;
use tempfile::TempDir;

use crate::network::{Caller, Network};
use crate::system::binary;
use crate::tally::Book;
use crate::{medvirk, root};
use clock::Clock;
use config::{Common, DATABASES};
use process::{Group, Process};
use supervisor::Nodes;

pub use brokers::{Brokers, name as broker_name};

/// What a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A ClickHouse engine as a process.
    Engine,
    /// The role that takes submissions.
    Ingest,
    /// The role that folds the log and closes months.
    Aggregator,
    /// The role that keeps the registry.
    Registrar,
}

/// What a deployment is started with.
pub struct Builder {
    first_month: String,
    catalogue: Option<PathBuf>,
    partitions: u32,
    brokers: usize,
    shared: Option<Arc<Brokers>>,
    roles: Vec<(Kind, usize)>,
}

/// The processes that run together.
pub struct Deployment {
    nodes: Arc<Nodes>,
    brokers: Arc<Brokers>,
    network: Network,
    common: Common,
    /// Where clients reach each node that they talk to.
    doors: Vec<(Kind, String)>,
    /// What became of what was sent.
    book: Book,
    folder: TempDir,
}

impl Kind {
    /// The command of `medvirk` that runs it.
    const fn command(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Ingest => "ingest",
            Self::Aggregator => "aggregate",
            Self::Registrar => "registrar",
        }
    }

    /// The database that it writes.
    const fn database(self) -> Option<&'static str> {
        match self {
            Self::Aggregator => Some("indicators"),
            Self::Registrar => Some("registry"),
            Self::Engine | Self::Ingest => None,
        }
    }

    /// What the process of this number is called, from 1; engines are called by their database.
    pub fn name(self, number: usize) -> String {
        match self {
            Self::Engine => DATABASES[number - 1].to_owned(),
            Self::Ingest => format!("ingest-{number}"),
            Self::Aggregator => format!("aggregator-{number}"),
            Self::Registrar => format!("registrar-{number}"),
        }
    }
}

impl Builder {
    /// The first month of the indicators.
    pub fn first_month(mut self, month: &str) -> Self {
        month.clone_into(&mut self.first_month);
        self
    }

    /// The folder of the catalogue in force.
    pub fn catalogue(mut self, dir: impl Into<PathBuf>) -> Self {
        self.catalogue = Some(dir.into());
        self
    }

    /// With the made-up catalogue of [`crate::cohort`].
    pub fn cohort(self) -> Self {
        self.catalogue(root().join("tests/data/cohort/catalogue"))
    }

    /// Partitions of the event log.
    pub fn partitions(mut self, partitions: u32) -> Self {
        self.partitions = partitions;
        self
    }

    /// So many brokers of its own.
    pub fn brokers(mut self, brokers: usize) -> Self {
        self.brokers = brokers;
        self
    }

    /// On these brokers, under names of its own.
    pub fn on(mut self, brokers: &Arc<Brokers>) -> Self {
        self.shared = Some(brokers.clone());
        self
    }

    /// So many processes of a role; without it, none.
    pub fn with(mut self, kind: Kind, many: usize) -> Self {
        self.roles.push((kind, many));
        self
    }

    /// Starts everything and waits until it is ready.
    pub async fn start(self) -> Deployment {
        let deployment = self.prepare().await;
        deployment.start().await;
        deployment
    }

    /// Brokers with topics, folders and files; no role is started.
    pub async fn prepare(self) -> Deployment {
        let folder = TempDir::with_prefix("medvirk-").expect("a temporary folder");
        let brokers = match self.shared {
            Some(brokers) => brokers,
            None => Brokers::start(self.brokers).await,
        };
        let common = Common {
            secrets: folder.path().join("secrets"),
            brokers: brokers.addresses().to_vec(),
            prefix: format!("d{:08x}.", rand::random::<u32>()),
            partitions: self.partitions,
            first_month: self.first_month,
            catalogue: self.catalogue,
        };
        std::fs::create_dir(&common.secrets).expect("a fresh folder");
        common.write_passwords();
        TokenIssuer::load_or_create(&common.secrets.join("token-key.pem")).expect("a fresh key");
        let network = brokers.network();
        let mut nodes = Nodes::new(Group::begin(), network.clone());
        for number in 1..=DATABASES.len() {
            let (kind, name, process) = engine(&common, folder.path(), number);
            nodes.add(kind, name, process);
        }
        let mut doors = Vec::new();
        for (kind, many) in self.roles {
            for number in 1..=many {
                let name = kind.name(number);
                let (kind, node, process) =
                    role(&common, &network, folder.path(), kind, &name).await;
                nodes.add(kind, node, process);
                let door = network
                    .listen(Caller::Named("client".to_owned()), &name)
                    .await;
                doors.push((kind, format!("http://{door}")));
            }
        }
        create_topics(&common, folder.path());
        let nodes = Arc::new(nodes);
        nodes.supervise();
        Deployment {
            nodes,
            brokers,
            network,
            common,
            doors,
            book: Book::default(),
            folder,
        }
    }
}

/// A process in the folder of its name.
fn engine(common: &Common, folder: &Path, number: usize) -> (Kind, String, Process) {
    let database = DATABASES[number - 1];
    let (folder, users) = (folder.join(database), common.users_of(database));
    std::fs::create_dir(&folder).expect("a fresh folder");
    let text = |path: PathBuf| path.display().to_string();
    let said = folder.join("log.txt");
    let arguments = [
        "--data",
        &text(folder.join("data")),
        "--users",
        &text(users),
    ]
    .map(str::to_owned)
    .to_vec();
    let mut all = vec![Kind::Engine.command().to_owned()];
    all.extend(arguments);
    all.extend(["--listen", "127.0.0.1:0"].map(str::to_owned));
    let process = Process::new(binary(), all, said, None);
    (Kind::Engine, database.to_owned(), process)
}

async fn role(
    common: &Common,
    network: &Network,
    folder: &Path,
    kind: Kind,
    name: &str,
) -> (Kind, String, Process) {
    let folder = folder.join(name);
    std::fs::create_dir(&folder).expect("a fresh folder");
    let mut databases = Vec::new();
    for database in DATABASES {
        // Each role its own, but the doctor of an aggregator looks into both.
        if kind == Kind::Aggregator || kind.database() == Some(database) {
            let caller = Caller::Named(name.to_owned());
            databases.push((database, network.listen(caller, database).await));
        }
    }
    let text = common.of_role(kind, name, &folder.join("data"), &databases);
    let config = folder.join("config.toml");
    std::fs::write(&config, text).expect("a fresh folder");
    let arguments = [kind.command(), "--config", &config.display().to_string()];
    let arguments = arguments.map(str::to_owned).to_vec();
    let clock = Clock::new(folder.join("clock"));
    let process = Process::new(binary(), arguments, folder.join("log.txt"), Some(clock));
    (kind, name.to_owned(), process)
}

/// As whoever sets it up does.
fn create_topics(common: &Common, folder: &Path) {
    let config = folder.join("topics.toml");
    let text = common.of_role(Kind::Ingest, "admin", &folder.join("admin"), &[]);
    std::fs::write(&config, text).expect("a fresh folder");
    let config = config.display().to_string();
    // Several brokers that have hardly begun take their time.
    let patience = [("MEDVIRK__LOG__KAFKA__REQUEST_TIMEOUT", "\"60s\"")];
    let create = || medvirk(&["admin", "topics", "--config", &config], &patience).expect(0);
    tokio::task::block_in_place(create);
}

/// A failed test leaves its data and what everybody said.
impl Drop for Deployment {
    fn drop(&mut self) {
        self.nodes.end();
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            eprintln!("left for a look: {}", self.folder.path().display());
            eprintln!("last words:\n{}", self.nodes.last_words());
        }
    }
}
