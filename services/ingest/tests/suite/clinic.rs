//! The sandbox: ingest on a port of its own, in front of a log of its own.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, SourceFile};
use medvirk_domain::ids::{CatalogueHash, TrustId};
use medvirk_domain::time::{Day, Month};
use medvirk_eventlog::layer::LayeredLog;
use medvirk_front::{FrontConfig, FrontError, FrontServices};
use medvirk_ingest::code::SurveyCodes;
use medvirk_ingest::{Ingest, IngestConfig, IngestDependencies};
use medvirk_proto::episode::v1::episode_service_client::EpisodeServiceClient;
use medvirk_proto::feedback::v1::feedback_service_client::FeedbackServiceClient;
use medvirk_proto::registry::v1::registry_service_client::RegistryServiceClient;
use medvirk_proto::survey::v1::survey_service_client::SurveyServiceClient;
use medvirk_records::catalogue::{PlanFollower, activate};
use medvirk_runtime::auth::{AccessToken, TokenIssuer, TokenRole, TokenUnits};
use medvirk_runtime::pseudonym::PseudonymKey;
use medvirk_runtime::secret::SecretKey;
use medvirk_runtime::{Clock, ManualClock, StopToken};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::Request;
use tonic::transport::Channel;

use crate::log::MoodyLog;

/// Today, unless a test says otherwise.
pub const TODAY: &str = "2026-11-21";
/// The first month that is not closed.
pub const PRESENT: &str = "2026-11";

pub struct Clinic {
    pub log: Arc<LayeredLog<MoodyLog>>,
    pub clock: ManualClock,
    pub present: watch::Sender<Month>,
    pub issuer: TokenIssuer,
    pub stop: StopToken,
    pub serving: JoinHandle<Result<(), FrontError>>,
    pub channel: Channel,
    pub address: String,
    _dir: tempfile::TempDir,
}

impl Clinic {
    pub async fn open() -> Self {
        Self::with(IngestConfig::default(), FrontConfig::default()).await
    }

    pub async fn with(config: IngestConfig, limits: FrontConfig) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("file:{}", dir.path().display());
        let log = medvirk_eventlog::open(&url, 2).await.unwrap();
        let log = Arc::new(MoodyLog::layered(log));
        let plans = PlanFollower::open(log.clone(), CatalogueLimits::for_tests())
            .await
            .unwrap();
        activate(&*log, &plans, files(), month("2020-01"), None)
            .await
            .unwrap();
        let clock = ManualClock::at_noon(day(TODAY));
        let (present, present_seen) = watch::channel(month(PRESENT));
        let issuer = TokenIssuer::generate().unwrap();
        let deps = IngestDependencies {
            log: log.clone(),
            plans,
            present: present_seen,
            verifier: issuer.verifier(),
            pseudonyms: pseudonyms(),
            codes: codes(),
            clock: Arc::new(clock.clone()),
        };
        let ingest = Ingest::new(&config, deps).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let stop = StopToken::new();
        let serving = tokio::spawn({
            let stop = stop.clone();
            let services = FrontServices {
                routes: ingest.routes(),
                names: Ingest::SERVICES.to_vec(),
                http: Ingest::FHIR,
            };
            async move { medvirk_front::serve(&limits, listener, services, stop).await }
        });
        Self {
            log,
            clock,
            present,
            issuer,
            stop,
            serving,
            channel: connect(&address).await,
            address,
            _dir: dir,
        }
    }

    pub fn feedback(&self) -> FeedbackServiceClient<Channel> {
        FeedbackServiceClient::new(self.channel.clone()).max_decoding_message_size(usize::MAX)
    }

    pub fn surveys(&self) -> SurveyServiceClient<Channel> {
        SurveyServiceClient::new(self.channel.clone())
    }

    pub fn episodes(&self) -> EpisodeServiceClient<Channel> {
        EpisodeServiceClient::new(self.channel.clone())
    }

    pub fn registry(&self) -> RegistryServiceClient<Channel> {
        RegistryServiceClient::new(self.channel.clone())
    }

    /// A request from the device of the unit `tau`, which may do everything there.
    pub fn at_tau<T>(&self, message: T) -> Request<T> {
        self.sent_by(&token("tablet-1", &TokenRole::ALL, &["tau"]), message)
    }

    /// A request from the bearer of that token.
    pub fn sent_by<T>(&self, token: &AccessToken, message: T) -> Request<T> {
        let hour = Duration::from_secs(3_600);
        let bearer = self.issuer.issue(token, hour, self.clock.now_ms()).unwrap();
        with_header(message, &format!("Bearer {bearer}"))
    }
}

pub fn with_header<T>(message: T, authorization: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = authorization.parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

pub async fn connect(address: &str) -> Channel {
    Channel::from_shared(address.to_owned())
        .unwrap()
        .connect()
        .await
        .unwrap()
}

pub fn token(subject: &str, roles: &[TokenRole], units: &[&str]) -> AccessToken {
    AccessToken {
        subject: subject.to_owned(),
        roles: roles.iter().copied().collect(),
        units: TokenUnits::parse(units.iter().copied()).unwrap(),
    }
}

pub fn codes() -> SurveyCodes {
    SurveyCodes::new(&SecretKey::new(1, [3; 32])).unwrap()
}

pub fn pseudonyms() -> PseudonymKey {
    PseudonymKey::new(&SecretKey::new(1, [4; 32]))
}

/// That of all units.
pub fn trust() -> TrustId {
    "hf".parse().unwrap()
}

pub fn month(text: &str) -> Month {
    text.parse().unwrap()
}

pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub fn catalogue() -> Catalogue {
    let hash = CatalogueHash::new([0; 32]);
    Catalogue::load(&files(), hash, CatalogueLimits::for_tests()).unwrap()
}

fn files() -> Vec<SourceFile> {
    let files = [
        (
            "organisations.toml",
            include_str!("catalogue/organisations.toml"),
        ),
        ("instruments/ors.toml", include_str!("catalogue/ors.toml")),
        ("instruments/bdi.toml", include_str!("catalogue/bdi.toml")),
        ("instruments/kem.toml", include_str!("catalogue/kem.toml")),
        (
            "instruments/norse.toml",
            include_str!("catalogue/norse.toml"),
        ),
        (
            "instruments/course.toml",
            include_str!("catalogue/course.toml"),
        ),
        (
            "instruments/youth.toml",
            include_str!("catalogue/youth.toml"),
        ),
    ];
    let owned = |(path, text): (&str, &str)| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    files.map(owned).to_vec()
}

/// Waits until something is so, and fails when it is not in ten seconds.
pub async fn eventually<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    let so = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), so).await;
    assert!(in_time.is_ok(), "it did not become so in ten seconds");
}
