//! Sending for simulated clinics. Comes in: what they send. Goes out: calls, each under the
//! credential that it belongs to. The invariant: what one credential sends keeps its order, and a
//! survey is sent after the call that issued its code.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use indicatif::ProgressBar;
use medvirk_client::arguments::{ServiceRole, TargetSystem};
use medvirk_client::connect::{
    BearerToken, RoleChannel, RoleConnection, channel, connect, is_open,
};
use medvirk_client::submit;
use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, SourceFile};
use medvirk_domain::time::{Day, Month};
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_proto::admin::v1::{ClosePeriodRequest, GetCatalogueRequest, GetStatusRequest};
use medvirk_proto::feedback::v1::feedback_service_client::FeedbackServiceClient;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::involvement::v1::involvement_service_client::InvolvementServiceClient;
use medvirk_proto::survey::v1::SubmitSurveyRequest;
use medvirk_proto::survey::v1::survey_service_client::SurveyServiceClient;
use medvirk_records::catalogue::hash_of;
use medvirk_runtime::auth::{AccessToken, TokenIssuer, TokenRole, TokenUnits};
use medvirk_runtime::{Clock, SystemClock, today};
use medvirk_terminal::{CommandExit, error};
use tokio::time::Interval;
use tonic::service::interceptor::InterceptedService;
use tonic::{Code as Grpc, Status};

use super::clinic::SimulatedClinic;
use super::leaders;
use super::sending::{SendingCredential, SimulatedSending};
use super::world::SimulatedWorld;

/// As many as one call takes.
const BATCH: usize = 500;
/// Calls at the same time.
const CALLS: usize = 16;
/// For how often a call is made again that nobody can say was taken.
const TRIES: u32 = 12;
/// How long the clinics' tokens last.
const LIFE: Duration = Duration::from_secs(365 * 86_400);

/// A system, before it is known who sends.
pub(super) struct SystemConnections {
    channel: RoleChannel,
    admin: AdminServiceClient<RoleConnection>,
    issuer: TokenIssuer,
    resumed: Option<(Month, Day)>,
}

/// A system, and the tokens of all who send.
pub(super) struct ClinicConnections {
    admin: AdminServiceClient<RoleConnection>,
    surveys: SurveyServiceClient<RoleChannel>,
    clients: HashMap<SendingCredential, FeedbackServiceClient<RoleConnection>>,
    leaders: HashMap<u32, InvolvementServiceClient<RoleConnection>>,
    rate: u32,
    pace: Option<tokio::sync::Mutex<Interval>>,
    known: Mutex<SentSoFar>,
    /// Where months were closed before this run: the first that was open, and the day.
    resumed: Option<(Month, Day)>,
}

/// What was learnt on the way.
#[derive(Default)]
struct SentSoFar {
    /// Survey codes by the submission id of their invitation.
    codes: HashMap<String, String>,
    sent_until: Option<Day>,
}

/// What became of many submissions.
#[derive(Debug, Default)]
pub(super) struct SendingTally {
    pub(super) taken: u64,
    pub(super) refused: u64,
    /// Why the first of the refused was refused; never what was in it.
    pub(super) reason: Option<String>,
}

/// Finds the system and the catalogue that is in force.
pub(super) async fn open(target: &TargetSystem) -> anyhow::Result<(SystemConnections, Catalogue)> {
    let issuer = issuer(&target.data)?;
    let channel = channel(target, ServiceRole::Ingest).await?;
    let mut admin = AdminServiceClient::new(connect(target, "admin").await?);
    let closed = closed_until(&admin).await?;
    let resumed = closed.map(|closed| (closed.next(), today(&SystemClock)));
    let answer = admin.get_catalogue(GetCatalogueRequest {}).await;
    let files = answer
        .context("ask for the catalogue in force")?
        .into_inner()
        .files;
    let files: Vec<_> = files
        .into_iter()
        .map(|file| SourceFile {
            path: file.path,
            text: file.text,
        })
        .collect();
    // It is in force, whichever rules have come since.
    let catalogue = Catalogue::load_logged(&files, hash_of(&files), CatalogueLimits::default())
        .map_err(|problems| {
            error(
                CommandExit::Config,
                format!("the catalogue in force is refused:\n{problems}"),
            )
        })?;
    Ok((
        SystemConnections {
            channel,
            admin,
            issuer,
            resumed,
        },
        catalogue,
    ))
}

/// Tokens for made-up devices can only be made where the signing key is.
fn issuer(data: &Path) -> anyhow::Result<TokenIssuer> {
    let key = data.join("secrets").join("token-key.pem");
    if !key.exists() {
        let message = format!(
            "simulate makes a token for every simulated device, with the key of the local `up`, \
             and {} is not there: start `medvirk up`, or name its data folder with --data",
            key.display()
        );
        return Err(error(CommandExit::Usage, message));
    }
    TokenIssuer::load_or_create(&key).context("read the key of the local `up`")
}

// === impl SystemConnections ===

impl SystemConnections {
    /// Makes a token for everybody who sends.
    pub(super) fn equip(
        self,
        world: &SimulatedWorld,
        rate: u32,
    ) -> anyhow::Result<ClinicConnections> {
        let (mut clients, mut leaders) = (HashMap::new(), HashMap::new());
        let connected = |token: &str| {
            let bearer = BearerToken::new(token)?;
            anyhow::Ok(InterceptedService::new(self.channel.clone(), bearer))
        };
        for clinic in &world.clinics {
            for sender in SimulatedWorld::senders(clinic) {
                let connected = connected(&self.token(clinic, sender)?)?;
                clients.insert(sender, submit::client(connected));
            }
            let leader = self.token_of(
                clinic,
                format!("{}-leader", clinic.unit),
                [TokenRole::ServiceManage].into(),
            )?;
            let client = InvolvementServiceClient::new(connected(&leader)?);
            leaders.insert(clinic.number, client);
        }
        let period = |rate| Duration::from_secs(1) / rate;
        Ok(ClinicConnections {
            admin: self.admin,
            surveys: SurveyServiceClient::new(self.channel),
            clients,
            leaders,
            rate,
            pace: (rate > 0).then(|| tokio::sync::Mutex::new(tokio::time::interval(period(rate)))),
            known: Mutex::default(),
            resumed: self.resumed,
        })
    }

    fn token(&self, clinic: &SimulatedClinic, sender: SendingCredential) -> anyhow::Result<String> {
        let roles = match sender {
            SendingCredential::Record(_) => BTreeSet::from([TokenRole::EpisodeManage]),
            SendingCredential::Tablet(..) | SendingCredential::Code => {
                BTreeSet::from([TokenRole::FeedbackSubmit, TokenRole::SurveyInvite])
            }
        };
        self.token_of(clinic, SimulatedWorld::subject(clinic, sender), roles)
    }

    fn token_of(
        &self,
        clinic: &SimulatedClinic,
        subject: String,
        roles: BTreeSet<TokenRole>,
    ) -> anyhow::Result<String> {
        let token = AccessToken {
            subject,
            roles,
            units: TokenUnits::These(BTreeSet::from([clinic.unit.clone()])),
        };
        Ok(self.issuer.issue(&token, LIFE, SystemClock.now_ms())?)
    }
}

// === impl ClinicConnections ===

impl ClinicConnections {
    /// Sends everything: what needs a token by credential, then the surveys.
    pub(super) async fn send_all(
        &self,
        sendings: Vec<SimulatedSending>,
        bar: &ProgressBar,
    ) -> anyhow::Result<SendingTally> {
        let closed = if sendings.iter().any(SimulatedSending::is_invitation) {
            closed_until(&self.admin).await?
        } else {
            None
        };
        let mut surveys = Vec::new();
        let mut senders: BTreeMap<SendingCredential, Vec<SimulatedSending>> = BTreeMap::new();
        for sending in sendings {
            match sending.sender {
                _ if sending.invites_again(closed, self.resumed) => {}
                SendingCredential::Code => surveys.push(sending),
                sender => senders.entry(sender).or_default().push(sending),
            }
        }
        let sent = stream::iter(senders)
            .map(|(sender, sendings)| self.send_as(sender, sendings, bar))
            .buffer_unordered(CALLS)
            .try_fold(SendingTally::default(), SendingTally::plus)
            .await?;
        let surveys = surveys
            .into_iter()
            .filter_map(|sending| self.with_code(sending));
        let surveys: Vec<_> = surveys.collect();
        stream::iter(surveys)
            .map(|survey| self.send_survey(survey, bar))
            .buffer_unordered(CALLS)
            .try_fold(sent, SendingTally::plus)
            .await
    }

    /// Sends what leaders say about a year.
    pub(super) async fn tell(&self, world: &SimulatedWorld, year: i32) -> anyhow::Result<()> {
        for (clinic, request) in leaders::say(world, year) {
            let client = self.leaders.get(&clinic.number);
            let client = client.context("tell of a unit that takes part")?;
            let call = || {
                let (mut client, request) = (client.clone(), request.clone());
                async move { client.submit_involvement(request).await }
            };
            let told = patiently(call).await;
            told.with_context(|| format!("tell of {}", clinic.unit))?;
        }
        Ok(())
    }

    /// Closes a month; that it is closed already is well.
    pub(super) async fn close(&self, month: Month) -> anyhow::Result<()> {
        let call = || {
            let mut admin = self.admin.clone();
            let request = ClosePeriodRequest {
                month: month.to_string(),
            };
            async move { admin.close_period(request).await }
        };
        patiently(call)
            .await
            .map(drop)
            .with_context(|| format!("close {month}"))
    }

    /// The last day of what was sent in this run.
    pub(super) fn sent_until(&self) -> Option<Day> {
        self.known().sent_until
    }

    pub(super) fn note_sent_until(&self, day: Day) {
        self.known().sent_until = Some(day);
    }

    async fn send_as(
        &self,
        sender: SendingCredential,
        sendings: Vec<SimulatedSending>,
        bar: &ProgressBar,
    ) -> anyhow::Result<SendingTally> {
        let client = self
            .clients
            .get(&sender)
            .context("send for a clinic that takes part")?;
        let mut client = client.clone();
        let mut tally = SendingTally::default();
        let size = match self.rate {
            0 => BATCH,
            rate => BATCH.min(rate.div_ceil(4) as usize),
        };
        for batch in sendings.chunks(size) {
            self.wait(batch.len()).await;
            let batch = batch
                .iter()
                .map(|sending| sending.submission.clone())
                .collect();
            for result in submit::send(&mut client, batch).await? {
                tally.count(result.code, result.message);
                if !result.code_issued.is_empty() {
                    self.known()
                        .codes
                        .insert(result.submission_id, result.code_issued);
                }
                bar.inc(1);
            }
        }
        Ok(tally)
    }

    async fn send_survey(
        &self,
        request: SubmitSurveyRequest,
        bar: &ProgressBar,
    ) -> anyhow::Result<SendingTally> {
        self.wait(1).await;
        let call = || {
            let (mut surveys, request) = (self.surveys.clone(), request.clone());
            async move { surveys.submit_survey(request).await }
        };
        let mut tally = SendingTally::default();
        match patiently(call).await {
            Ok(_) => tally.count(0, String::new()),
            Err(status) if is_refusal(&status) => {
                tally.count(status.code().into(), status.message().to_owned());
            }
            Err(status) => return Err(status).context("send a discharge survey"),
        }
        bar.inc(1);
        Ok(tally)
    }

    /// The survey, if this run knows its code.
    fn with_code(&self, sending: SimulatedSending) -> Option<SubmitSurveyRequest> {
        let code = self.known().codes.get(&sending.invitation?)?.clone();
        let Some(Kind::DischargeSurvey(mut survey)) = sending.submission.kind else {
            return None;
        };
        survey.code = code;
        Some(SubmitSurveyRequest {
            submission_id: sending.submission.submission_id,
            survey: Some(survey),
        })
    }

    /// Waits until that many may be sent.
    async fn wait(&self, submissions: usize) {
        if let Some(pace) = &self.pace {
            let mut pace = pace.lock().await;
            for _ in 0..submissions {
                pace.tick().await;
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, SentSoFar> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl SendingTally ===

impl SendingTally {
    pub(super) fn add(&mut self, other: Self) {
        self.taken += other.taken;
        self.refused += other.refused;
        self.reason = self.reason.take().or(other.reason);
    }

    async fn plus(mut self, other: Self) -> anyhow::Result<Self> {
        self.add(other);
        Ok(self)
    }

    fn count(&mut self, code: i32, message: String) {
        if code == 0 {
            self.taken += 1;
        } else {
            self.refused += 1;
            self.reason.get_or_insert(message);
        }
    }
}

/// The last month that is closed.
async fn closed_until(admin: &AdminServiceClient<RoleConnection>) -> anyhow::Result<Option<Month>> {
    let call = || {
        let mut admin = admin.clone();
        async move { admin.get_status(GetStatusRequest {}).await }
    };
    let status = patiently(call)
        .await
        .context("ask how far the system has come")?;
    Ok(status.into_inner().closed_until.parse().ok())
}

/// Makes a call again while the system is away or has too much to do.
async fn patiently<T, F>(mut call: impl FnMut() -> F + Send) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>> + Send,
{
    let mut tries = 0;
    loop {
        match call().await {
            Err(status) if is_open(&status) && tries < TRIES => {}
            answer => return answer,
        }
        tokio::time::sleep(Duration::from_millis(50 << tries.min(6))).await;
        tries += 1;
    }
}

fn is_refusal(status: &Status) -> bool {
    matches!(
        status.code(),
        Grpc::InvalidArgument | Grpc::FailedPrecondition | Grpc::PermissionDenied | Grpc::NotFound
    )
}
