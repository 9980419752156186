//! Starting, killing and restarting `medvirk up`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_proto::admin::v1::{
    ClosePeriodRequest, GetStatusRequest, WithdrawRequest, WithdrawalScope, withdraw_request,
};
use medvirk_runtime::auth::{AccessToken, TokenIssuer, TokenRole, TokenUnits};
use medvirk_runtime::{Clock, SystemClock};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Child;
use tonic::transport::{Channel, Endpoint};

use crate::disk::Disk;
use crate::{Clinic, eventually, root};

/// The zone in which every process under test believes to be: 12 or 13 hours ahead of Norway, so
/// that a day of the machine's own is wrong more often than right.
pub(crate) const ELSEWHERE: &str = "Pacific/Kiritimati";

/// How long it may take to end: twice what those who run services usually wait, on a machine that
/// others use too.
const STOP: Duration = Duration::from_secs(60);

/// What a system is started with.
pub struct Builder {
    first_month: String,
    catalogue: Option<PathBuf>,
    arguments: Vec<String>,
    settings: Vec<(String, String)>,
    disk_megabytes: Option<u32>,
}

/// A running `medvirk up`.
pub struct System {
    // Dropped before the folder, so that nothing writes into it any more.
    child: Mutex<Option<Child>>,
    builder: Builder,
    pub(crate) disk: Option<Mutex<Disk>>,
    folder: TempDir,
}

/// A failed test leaves its data and what the program said.
impl Drop for System {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.keep_data();
            self.folder.disable_cleanup(true);
            eprintln!("left for a look: {}", self.folder.path().display());
            eprintln!("its last words:\n{}", self.last_words());
        }
    }
}

impl Default for Builder {
    fn default() -> Self {
        let free = "\"127.0.0.1:0\"".to_owned();
        let listen = [
            "LISTEN__GRPC",
            "LISTEN__HTTP",
            "LISTEN__ADMIN",
            "ENGINE__INDICATORS",
            "ENGINE__REGISTRY",
        ];
        let mut settings: Vec<_> = listen
            .iter()
            .map(|key| ((*key).to_owned(), free.clone()))
            .collect();
        settings.push(("AGGREGATOR__AUTO_CLOSE".into(), "false".into()));
        Self {
            first_month: "2024-01".to_owned(),
            catalogue: None,
            arguments: Vec::new(),
            settings,
            disk_megabytes: None,
        }
    }
}

impl Builder {
    /// The first month of the indicators.
    pub fn first_month(mut self, month: impl Into<String>) -> Self {
        self.first_month = month.into();
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

    /// One more argument of `up`.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// One more setting, such as `("LOG__PARTITIONS", "3")`.
    pub fn setting(mut self, key: &str, value: &str) -> Self {
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }

    /// With its data on a disk of so many MB, for a test that fills it; see
    /// [`crate::with_small_disks`].
    pub fn disk(mut self, megabytes: u32) -> Self {
        self.disk_megabytes = Some(megabytes);
        self
    }

    /// Starts it and waits until it is ready.
    pub async fn start(self) -> System {
        let system = self.prepare();
        system.start().await;
        system
    }

    /// A folder of its own; nothing is started.
    pub fn prepare(self) -> System {
        let folder = TempDir::with_prefix("medvirk-").expect("a temporary folder");
        let disk = self.disk_megabytes;
        let disk = disk.map(|size| Disk::put_at(&folder.path().join("data"), size));
        System {
            child: Mutex::new(None),
            builder: self,
            disk: disk.map(Mutex::new),
            folder,
        }
    }
}

impl System {
    /// With the defaults of a test: free ports, first month January 2024, nothing closes by
    /// itself.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The folder that holds the data.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts it (again) on the same data and waits until it is ready.
    pub async fn start(&self) {
        self.spawn();
        self.ready().await;
    }

    /// Starts it (again) on the same data.
    pub fn spawn(&self) {
        // Old addresses must not be mistaken for new ones.
        let _ = std::fs::remove_file(self.data().join("addresses.json"));
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log_path());
        let log = log.expect("a log file in the temporary folder");
        let mut command = tokio::process::Command::new(binary());
        command
            .arg("up")
            .arg("--data")
            .arg(self.data())
            .args(&self.builder.arguments);
        command.env("TZ", ELSEWHERE);
        command.env(
            "MEDVIRK__DEPLOYMENT__FIRST_MONTH",
            format!("\"{}\"", self.builder.first_month),
        );
        if let Some(dir) = &self.builder.catalogue {
            command.env(
                "MEDVIRK__DEPLOYMENT__CATALOGUE",
                format!("\"{}\"", dir.display()),
            );
        }
        for (key, value) in &self.builder.settings {
            command.env(format!("MEDVIRK__{key}"), value);
        }
        let stderr = log.try_clone().expect("a second handle");
        command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(stderr)
            .kill_on_drop(true);
        *self.child() = Some(command.spawn().expect("the program starts"));
    }

    /// Waits until it is ready.
    pub async fn ready(&self) {
        eventually("medvirk up is ready", || self.is_ready()).await;
    }

    /// The process, if it was started; held for a moment only.
    pub(crate) fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn is_ready(&self) -> Option<()> {
        let addresses = self.addresses()?;
        let (status, _) = get(addresses["admin"].as_str()?, "/readyz", None).await?;
        (status == 200).then_some(())
    }

    /// What the file `addresses.json` says.
    pub fn addresses(&self) -> Option<Value> {
        let text = std::fs::read_to_string(self.data().join("addresses.json")).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Where it wrote what it had to say.
    pub fn log_path(&self) -> PathBuf {
        self.folder.path().join("up.log")
    }

    /// Id of the process.
    pub fn pid(&self) -> u32 {
        self.child()
            .as_ref()
            .and_then(Child::id)
            .expect("it is running")
    }

    /// Ids of its child processes: the two engines, unless one is just being started again.
    pub fn children(&self) -> Vec<u32> {
        // A child belongs to the thread that started it.
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid()));
        let of_thread = |task: std::fs::DirEntry| {
            std::fs::read_to_string(task.path().join("children")).unwrap_or_default()
        };
        let texts: Vec<String> = tasks
            .into_iter()
            .flatten()
            .flatten()
            .map(of_thread)
            .collect();
        texts
            .iter()
            .flat_map(|text| text.split_whitespace())
            .filter_map(|pid| pid.parse().ok())
            .collect()
    }

    /// SIGTERM; returns its exit code once it has ended.
    pub async fn terminate(&self) -> Option<i32> {
        signal(self.pid(), "TERM");
        self.ended().await
    }

    /// Waits until it ends, by itself or not; returns its exit code.
    pub async fn ended(&self) -> Option<i32> {
        let mut child = self.child().take().expect("it is running");
        let ended = tokio::time::timeout(STOP, child.wait()).await;
        ended
            .expect("it ends in time")
            .expect("our own child")
            .code()
    }

    /// What it said since the folder was made, on both outputs.
    pub fn told(&self) -> String {
        let told = std::fs::read(self.log_path()).expect("it was started");
        String::from_utf8_lossy(&told).into_owned()
    }

    /// The end of that, for a message.
    pub fn last_words(&self) -> String {
        let told = self.told();
        let lines: Vec<&str> = told.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }

    /// A clinic that sends as `credential`, for every unit, in every clinical role.
    pub async fn clinic(&self, credential: &str) -> Clinic {
        let roles = [
            TokenRole::FeedbackSubmit,
            TokenRole::SurveyInvite,
            TokenRole::EpisodeManage,
        ];
        self.sender(&self.token(credential, &roles, TokenUnits::All))
            .await
    }

    /// Somebody who sends with this token, whatever it is worth.
    pub async fn sender(&self, token: &str) -> Clinic {
        Clinic::new(self.channel().await, token)
    }

    /// A token for development, signed by the system's own key.
    pub fn token(&self, subject: &str, roles: &[TokenRole], units: TokenUnits) -> String {
        token(&self.data().join("secrets"), subject, roles, units)
    }

    /// A gRPC channel that connects when it is first used.
    pub async fn channel(&self) -> Channel {
        let grpc = eventually("addresses are known", || async { self.addresses() }).await;
        let url = format!("http://{}", grpc["grpc"].as_str().expect("an address"));
        Endpoint::from_shared(url)
            .expect("an address")
            .connect_lazy()
    }

    /// Closes a month and waits for the answer.
    pub async fn close(&self, month: &str) {
        let request = ClosePeriodRequest {
            month: month.to_owned(),
        };
        let mut admin = AdminServiceClient::new(self.channel().await);
        let closed = admin.close_period(self.as_admin(request)).await;
        closed.unwrap_or_else(|status| panic!("close {month}: {status}"));
    }

    /// Erases a patient of a trust, known or not.
    pub async fn withdraw(&self, trust: &str, patient: &str) {
        let subject = Some(withdraw_request::Subject::Patient(patient.to_owned()));
        let request = WithdrawRequest {
            subject,
            scope: WithdrawalScope::All.into(),
            trust: trust.to_owned(),
            even_if_unknown: true,
        };
        let mut admin = AdminServiceClient::new(self.channel().await);
        admin
            .withdraw(self.as_admin(request))
            .await
            .expect("a withdrawal");
    }

    /// Waits until everything in the log is folded and in the registry.
    pub async fn settled(&self) {
        let settled = || async {
            let mut admin = AdminServiceClient::new(self.channel().await);
            let status = admin.get_status(self.as_admin(GetStatusRequest {})).await;
            let status = status.ok()?.into_inner();
            (status.fold_lag == 0 && status.registry_lag == 0).then_some(())
        };
        eventually("everything is folded and in the registry", settled).await;
    }

    /// The last month whose rows are all there, YYYY-MM.
    pub async fn closed_until(&self) -> Option<String> {
        let mut admin = AdminServiceClient::new(self.channel().await);
        let status = admin.get_status(self.as_admin(GetStatusRequest {})).await;
        Some(status.ok()?.into_inner().closed_until)
    }

    /// A request with a token that may run the system.
    pub fn as_admin<T>(&self, message: T) -> tonic::Request<T> {
        authorised(
            message,
            &self.token("admin", &[TokenRole::Admin], TokenUnits::All),
        )
    }

    /// Runs the program as a user would and gives what it printed on standard output.
    pub fn run(&self, arguments: &[&str]) -> String {
        let data = self.data();
        let output = Command::new(binary())
            .env("TZ", ELSEWHERE)
            .args(arguments)
            .arg("--data")
            .arg(&data)
            .output()
            .expect("the program starts");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "medvirk {arguments:?}: {told}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// What `medvirk indicators --format json` prints.
    pub fn indicators(&self, arguments: &[&str]) -> Vec<Value> {
        let arguments = [&["indicators", "--format", "json"], arguments].concat();
        serde_json::from_str(&self.run(&arguments)).expect("an array of objects")
    }

    /// GET on the report's HTTP listener, with a token that may read indicators: status and body.
    pub async fn report(&self, path: &str) -> (u16, String) {
        let token = self.token("dashboard", &[TokenRole::IndicatorRead], TokenUnits::All);
        let addresses = self.addresses().expect("it is running");
        let address = addresses["http"].as_str().expect("an address");
        get(address, path, Some(&token))
            .await
            .expect("the report answers")
    }
}

/// Every secret of a system, as it is in its file: keys, the engines' passwords, tokens; and keys in
/// hexadecimal too.
pub fn secrets_of(system: &System) -> Vec<Vec<u8>> {
    let folder = system.data().join("secrets");
    let mut secrets = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder of secrets") {
        let path = entry.expect("a file").path();
        let bytes = std::fs::read(&path).expect("a readable file");
        if let Ok(users) = serde_json::from_slice::<Vec<Value>>(&bytes) {
            let passwords = users.iter().filter_map(|user| user["password"].as_str());
            secrets.extend(passwords.map(|password| password.as_bytes().to_vec()));
        } else if path.extension().is_some_and(|extension| extension == "pem") {
            let lines = bytes.split(|byte| *byte == b'\n');
            let longest = lines.max_by_key(|line| line.len());
            secrets.extend(longest.map(<[u8]>::to_vec));
        } else {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            secrets.extend([bytes, hex.into_bytes()]);
        }
    }
    let tokens = std::fs::read(system.data().join("tokens.json")).expect("tokens");
    let tokens: Value = serde_json::from_slice(&tokens).expect("JSON");
    let tokens = tokens.as_object().expect("by credential").values();
    secrets.extend(
        tokens
            .filter_map(Value::as_str)
            .map(|token| token.as_bytes().to_vec()),
    );
    secrets
}

/// Sends a signal to a process that this test has started.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status();
    sent.expect("kill is part of every system");
}

/// A development token, by the key in a folder of secrets.
pub(crate) fn token(
    secrets: &Path,
    subject: &str,
    roles: &[TokenRole],
    units: TokenUnits,
) -> String {
    let issuer = TokenIssuer::load_or_create(&secrets.join("token-key.pem"));
    let token = AccessToken {
        subject: subject.to_owned(),
        roles: roles.iter().copied().collect(),
        units,
    };
    // Longer than any clock of a test is wrong.
    let life = Duration::from_hours(24);
    let issued = issuer
        .expect("the key of this system")
        .issue(&token, life, SystemClock.now_ms());
    issued.expect("a well-formed token")
}

/// A request with this token.
pub(crate) fn authorised<T>(message: T, token: &str) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let value = format!("Bearer {token}").parse();
    let value = value.expect("a token is plain text");
    request.metadata_mut().insert("authorization", value);
    request
}

/// The program under test: as the test command says, or as cargo has built it.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("MEDVIRK_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().expect("the test's own path");
    let beside = test.ancestors().nth(2).map(|folder| folder.join("medvirk"));
    let found = beside.filter(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!(
            "no program to test: run `cargo build --package medvirk` in {}",
            root().display()
        )
    })
}

/// A GET over HTTP/1.1: status and body, each as they are.
pub(crate) async fn get(address: &str, path: &str, token: Option<&str>) -> Option<(u16, String)> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.ok()?;
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    let authorization = authorization.unwrap_or_default();
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n{authorization}\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8(answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Some((status, body.to_owned()))
}
