//! A pull that is cut short, by whichever end and wherever, goes on to the same file, and keeps nobody
//! who has withdrawn.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use medvirk_runtime::auth::{TokenRole, TokenUnits};
use medvirk_tests::{System, eventually};
use serde_json::Value;
use tokio::process::{Child, Command};

use super::valve::Valve;
use super::{audit, write_private};

/// So many forms that a pull has three chunks, of about as many bytes each. The last piece of a chunk has
/// more than 32 KiB: less is sent together with what follows, and then the end of a chunk and the
/// manifest arrive together or not at all.
const MANY: u64 = 115_000;
const CHUNKS: u64 = 3;

/// Spread as keyed hashes are.
async fn plant_many(system: &System) {
    let sql = format!(
        "INSERT INTO registry_forms SELECT 0, number, toFixedString(leftPad(toString(number), 16, '0'), 16), \
         'epj', unhex(repeat('00', 32)), now64(3), \
         toFixedString(substring(SHA256(toString(number % 80000)), 1, 16), 16), \
         toFixedString(substring(SHA256(concat('e', toString(number))), 1, 16), 16), \
         'fjord-poliklinikk', toDate32('2024-01-01') + number % 300, 0, 'kvarus-basis', 1, 'other', \
         ['sex', 'age', 'alcohol-units'], [1000000 * (1 + number % 2), 1000000 * (18 + number % 60), 500000], \
         ['', '', ''], NULL, [], [], 18446744073709551615 - number FROM numbers({MANY})"
    );
    let writer = system.writer("registry");
    writer.query(&sql).execute().await.unwrap();
}

/// What is pulled, and where to.
struct Pull {
    format: &'static str,
    out: PathBuf,
}

impl Pull {
    fn arguments(&self) -> [&str; 8] {
        let out = self.out.to_str().unwrap();
        let format = self.format;
        [
            "pull",
            "registry.basis",
            "--format",
            format,
            "--purpose",
            "a test of extracts",
            "--out",
            out,
        ]
    }

    /// The command, by a line.
    fn over(&self, valve: &Valve, system: &System) -> Child {
        let token = self.out.with_extension("token");
        let text = system.token("registry", &[TokenRole::RegistryExtract], TokenUnits::All);
        write_private(&token, &text);
        let mut command = Command::new(medvirk_tests::binary());
        command
            .args(self.arguments())
            .args(["--target", &valve.url()])
            .arg("--token")
            .arg(token)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command.spawn().unwrap()
    }

    /// What a pull that is not finished has.
    fn folder(&self) -> PathBuf {
        let name = format!(".pull-registry.basis-{}", self.format);
        self.out.join(name)
    }

    fn whole_chunks(&self) -> u64 {
        let names = fs::read_dir(self.folder()).into_iter().flatten().flatten();
        let names = names.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| name.starts_with("chunk-")).count() as u64
    }

    /// The file, and its manifest without what differs from pull to pull.
    fn pulled(&self) -> (Vec<u8>, Value) {
        let file = match self.format {
            "parquet" => self.out.join("registry_basis.parquet"),
            _ => {
                let entries = fs::read_dir(&self.out).unwrap().flatten();
                let mut dated = entries.map(|it| it.path()).filter(|path| path.is_dir());
                dated.next().unwrap().join("kvarus_basis.csv")
            }
        };
        let manifest = fs::read(format!("{}.manifest.json", file.display())).unwrap();
        let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
        assert_eq!(manifest["rows"], MANY);
        for field in ["pull", "taken_at"] {
            assert!(manifest[field].take().is_string(), "{field}");
        }
        (fs::read(file).unwrap(), manifest)
    }

    /// Everything, undisturbed: what it is, and how many bytes that was on the way.
    async fn undisturbed(&self, system: &System) -> ((Vec<u8>, Value), u64) {
        let valve = Valve::to(address(system), u64::MAX).await;
        let mut child = self.over(&valve, system);
        assert!(child.wait().await.unwrap().success());
        (self.pulled(), valve.passed())
    }

    /// The same command again, to its end: the same as `expect`, behind `chunks` whole ones.
    async fn goes_on(&self, system: &System, chunks: u64, expect: &(Vec<u8>, Value)) {
        let told = system.run(&self.arguments());
        assert!(told.contains(&format!("({MANY} rows)")), "{told}");
        assert!(self.pulled() == *expect, "the same bytes");
        assert!(!self.folder().exists());
        let lines = audit(system);
        let begun = lines.iter().rfind(|line| line["event"] == "begun").unwrap();
        assert_eq!(begun["first_chunk"], chunks);
        let ended = |line: &Value| {
            (line["event"] == "ended" && line["pull"] == begun["pull"])
                .then(|| line["outcome"].clone())
        };
        let outcome = || async { audit(system).iter().find_map(ended) };
        assert_eq!(
            eventually("its end is written down", outcome).await,
            "whole"
        );
    }
}

fn address(system: &System) -> std::net::SocketAddr {
    let addresses = system.addresses().unwrap();
    addresses["grpc"].as_str().unwrap().parse().unwrap()
}

/// Begins a pull that comes so far and no further: all of it has arrived, and what is whole of it is
/// on the disk.
async fn stuck(pull: &Pull, system: &System, most: u64, chunks: u64) -> (Child, Valve) {
    let valve = Valve::to(address(system), most).await;
    let child = pull.over(&valve, system);
    valve.shut().await;
    let whole = || async { (pull.whole_chunks() == chunks).then_some(()) };
    eventually("what has arrived is kept", whole).await;
    (child, valve)
}

fn interrupt(child: &Child) {
    let pid = child.id().unwrap().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(sent.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_ends_anywhere_goes_on_to_the_same_file() {
    let system = System::builder().start().await;
    plant_many(&system).await;
    let folder = tempfile::tempdir().unwrap();
    let to = |name: &str| Pull {
        format: "openqreg",
        out: folder.path().join(name),
    };
    let (expect, bytes) = to("whole").undisturbed(&system).await;

    // Before anything is whole; within a chunk; within the manifest, which has some 900 bytes.
    let a_third = bytes / CHUNKS;
    let places = [
        (500, 0),
        (a_third / 2, 0),
        (a_third * 3 / 2, 1),
        (bytes - 100, CHUNKS),
    ];
    for (most, chunks) in places {
        let pull = to(&format!("kill-{most}"));
        let (mut child, _valve) = stuck(&pull, &system, most, chunks).await;
        child.kill().await.unwrap();
        pull.goes_on(&system, chunks, &expect).await;
    }

    // Ctrl-C, twice in one pull; and what a pull that was thrown away has left is no part of it.
    let pull = to("interrupted");
    fs::create_dir_all(pull.folder()).unwrap();
    fs::write(pull.folder().join("chunk-000000-1"), "of another pull").unwrap();
    for (most, chunks) in [(a_third * 3 / 2, 1), (a_third * 3 / 2, 2)] {
        let (child, _valve) = stuck(&pull, &system, most, chunks).await;
        interrupt(&child);
        let ended = child.wait_with_output().await.unwrap();
        assert_eq!(ended.status.code(), Some(75));
        let told = String::from_utf8(ended.stderr).unwrap();
        assert!(told.contains("goes on from here"), "{told}");
    }
    pull.goes_on(&system, 2, &expect).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_goes_on_after_kill_9_of_the_server_to_the_same_file() {
    let system = System::builder().start().await;
    plant_many(&system).await;
    let folder = tempfile::tempdir().unwrap();
    for (killed, (format, chunks)) in (1..).zip([("openqreg", 1), ("parquet", 2)]) {
        let to = |name: &str| Pull {
            format,
            out: folder.path().join(name),
        };
        let (expect, bytes) = to("whole").undisturbed(&system).await;
        let pull = to("cut");
        let most = bytes / CHUNKS * chunks + bytes / CHUNKS / 2;
        let (child, valve) = stuck(&pull, &system, most, chunks).await;
        system.kill().await;
        drop(valve);
        let ended = child.wait_with_output().await.unwrap();
        assert_eq!(ended.status.code(), Some(75));
        system.start().await;
        pull.goes_on(&system, chunks, &expect).await;
        // Of what the killed server gave, it is known that all of it may have left.
        let lines = audit(&system);
        let of = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
        assert_eq!(of("begun"), of("ended") + killed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_that_was_cut_short_never_keeps_who_has_withdrawn() {
    let system = System::builder().start().await;
    plant_many(&system).await;
    let folder = tempfile::tempdir().unwrap();
    let pull = Pull {
        format: "openqreg",
        out: folder.path().join("late"),
    };
    let (_, bytes) = pull.undisturbed(&system).await;
    let (mut child, _valve) = stuck(&pull, &system, bytes / 2, 1).await;
    child.kill().await.unwrap();
    let mark = "INSERT INTO withdrawals SELECT 0, 1000000, \
        toFixedString(substring(SHA256('7'), 1, 16), 16), 'registry'";
    let writer = system.writer("registry");
    writer.query(mark).execute().await.unwrap();
    let told = system.try_run(&pull.arguments()).expect(75).err;
    assert!(told.contains("thrown away"), "{told}");
    assert!(!pull.folder().exists());
    let told = system.try_run(&pull.arguments()).expect(0).out;
    assert!(told.contains(&format!("({} rows)", MANY - 2)), "{told}");
    let cut_short = || async {
        let lines = audit(&system);
        let cut = lines.iter().any(|line| line["outcome"] == "cut-short");
        cut.then_some(())
    };
    eventually("the server knows that nobody reads any more", cut_short).await;
}
