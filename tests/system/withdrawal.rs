//! Withdrawal, through the whole system: whoever withdraws is in no table and in no later row, and
//! no byte of the answers is left in any file. And promise 8: a clinic's references are in no file
//! at all, nor is anything of an answer in what the program says.

mod unknown;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use medvirk_proto::admin::v1::RenewRequest;
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_proto::curve::v1::GetCurveRequest;
use medvirk_proto::curve::v1::curve_service_client::CurveServiceClient;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{EpisodeClosing, EpisodeOpening, Session};
use medvirk_runtime::pseudonym::PseudonymKey;
use medvirk_tests::cohort::{Person, Sending, everybody, rows_of, total};
use medvirk_tests::{PATIENCE, System, eventually, opening, session, submission};
use tonic::Code;
use uuid::Uuid;

const UNITS: [&str; 2] = ["north-a", "south-a"];

/// An answer that nobody else gives, in millionths.
const ANSWER: i64 = 777_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn who_withdraws_is_in_no_table_no_later_row_and_no_file() {
    let system = System::builder().cohort().start().await;
    let (january, february) = (everybody(&UNITS, "2024-01"), everybody(&UNITS, "2024-02"));
    // One withdraws before the close, one after it; both come again in February, one renewed.
    let (early, late) = (&january[3], &january[15]);
    assert_eq!((early.unit, late.unit), ("north-a", "south-a"));
    let planted = plant(&system, &january, early).await;
    assert_no_references(&system);

    system.withdraw(early.trust(), &early.reference()).await;
    until_gone(&system, &planted).await;
    assert_eq!(curve(&system, early).await, Some(Code::NotFound));
    system.close("2024-01").await;
    let without = |people: &[Person], whom: &Person| {
        let others = people.iter().filter(|person| *person != whom);
        others.cloned().collect::<Vec<_>>()
    };
    let mut expected = rows_of(&without(&january, early));
    assert_eq!(system.cohort_rows().await, expected);

    // The anonymous row stands, and nothing else.
    let traces = traces(&system, late, &[]);
    assert!(!found(&system, &traces).is_empty());
    system.withdraw(late.trust(), &late.reference()).await;
    until_gone(&system, &traces).await;
    assert_eq!(system.cohort_rows().await, expected);

    // Who comes back counts again; who does not is taken and erased.
    renew(&system, early).await;
    let again: Vec<Sending> = february
        .iter()
        .flat_map(|person| returning(person, [early, late]))
        .collect();
    let ids = again
        .iter()
        .filter(|(_, submission)| is_about(&submission.kind, late));
    let ids: Vec<Uuid> = ids
        .map(|(_, submission)| submission.submission_id.parse().unwrap())
        .collect();
    assert_eq!(ids.len(), 4);
    system.send_all(again.into_iter()).await;
    until_gone(&system, &self::traces(&system, late, &ids)).await;
    system.close("2024-02").await;
    expected.extend(rows_of(&without(&february, &february[15])));
    assert_eq!(system.cohort_rows().await, expected);
    assert_eq!(curve(&system, early).await, Some(Code::NotFound));
    assert_no_references(&system);

    // A new program that reads the log from its beginning knows nothing else.
    assert_eq!(system.terminate().await, Some(0));
    std::fs::remove_dir_all(system.data().join("checkpoints")).unwrap();
    std::fs::remove_dir_all(system.data().join("engine")).unwrap();
    system.start().await;
    let whole = || async { (system.try_cohort_rows().await? == expected).then_some(()) };
    eventually("the same rows are there again", whole).await;
    system.settled().await;
    assert!(found(&system, &planted).is_empty());
    assert_eq!(curve(&system, late).await, Some(Code::NotFound));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_trusts_may_call_two_persons_the_same() {
    let system = System::builder().cohort().start().await;
    let clinic = system.cohort_clinic(0).await;
    for unit in UNITS {
        let opened = opening("4711", unit, "2024-01-03");
        let session = session("4711", unit, "2024-01-04", 1, total(8.0));
        let sent = [Kind::EpisodeOpened(opened), Kind::Session(session)].map(submission);
        clinic.send(sent.to_vec()).await;
    }
    let stored = || async { (system.registry_sessions().await.len() == 2).then_some(()) };
    eventually("both are stored", stored).await;

    let file = system.data().join("reference");
    std::fs::write(&file, "4711\n").unwrap();
    let of = |command: &'static str, trust: &'static str| {
        let file = file.to_str().unwrap().to_owned();
        system.try_run(&["admin", command, "--patient", &file, "--trust", trust])
    };
    let refused = of("withdraw", "nroth");
    assert!(
        refused.code != 0 && refused.err.contains("trust"),
        "{}",
        refused.err
    );
    of("withdraw", "north").expect(0);
    let erased = || async { (system.registry_sessions().await.len() == 1).then_some(()) };
    eventually("one is erased", erased).await;
    system.settled().await;
    assert_eq!(system.registry_sessions().await.len(), 1, "the other stays");
    of("renew", "north").expect(0);
    assert!(of("renew", "nroth").code != 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_waits_until_it_is_carried_out_and_its_receipt_tells_it_later() {
    let system = System::builder().cohort().start().await;
    let people = everybody(&["north-a"], "2024-01");
    system.send_people(&people).await;
    system.settled().await;
    let whom = &people[3];
    let planted = traces(&system, whom, &[]);
    assert!(!found(&system, &planted).is_empty());

    let file = system.data().join("reference");
    std::fs::write(&file, whom.reference()).unwrap();
    let withdraw = ["admin", "withdraw", "--trust", "north", "--patient"];
    let withdraw = [&withdraw[..], &[file.to_str().unwrap()]].concat();
    let told = system.run(&withdraw);
    std::fs::remove_file(&file).unwrap();
    let done = "carried out: no row is left in the tables, and the log has tombstones\n\
                erased: 1 episode opened, 2 sessions, 1 episode closed\n\
                no byte of what was sent is left in the files of the log; the ids";
    assert!(told.contains(done), "{told}");
    assert!(found(&system, &planted).is_empty());

    // The receipt says when and where, not who; and goes on telling it after a restart.
    let receipt = told.split_once("\nreceipt ").unwrap().1;
    let receipt = receipt.split_once('\n').unwrap().0.to_owned();
    assert!(!told.contains(&whom.reference()));
    assert_eq!(system.terminate().await, Some(0));
    system.start().await;
    let asked = || async {
        let asked = system.try_run(&["admin", "withdrawal", &receipt, "--format", "json"]);
        let now: serde_json::Value = serde_json::from_str(&asked.out).unwrap();
        // The fold is at its place again in a moment.
        assert_eq!(
            asked.code,
            if now["progress"] == "waiting" { 75 } else { 0 }
        );
        (now["progress"] == "carried out").then_some(now)
    };
    let now = eventually("it is carried out", asked).await;
    assert_eq!(
        (&now["log"], &now["log_due"]),
        (&"erased".into(), &().into())
    );
    assert_eq!(now["partitions"].as_array().unwrap().len(), 2);
    let letter = system.run(&["admin", "withdrawal", &receipt, "--letter", "nn"]);
    assert!(
        letter.contains("Alt vi hadde samla om deg, er sletta"),
        "{letter}"
    );

    // Of another deployment, or copied badly.
    let other = System::builder().cohort().start().await;
    other.try_run(&["admin", "withdrawal", &receipt]).expect(2);
    let badly = &receipt[..receipt.len() - 1];
    let refused = system.try_run(&["admin", "withdrawal", badly]).expect(2);
    assert!(refused.err.contains("not a receipt of this deployment"));
}

/// Sends January, with an answer of `whom` that nobody else gives, and says what can be found of
/// that person in the log, the registry and the checkpoint.
async fn plant(system: &System, january: &[Person], whom: &Person) -> Vec<Trace> {
    let mut sendings: Vec<Sending> = january.iter().flat_map(Person::sendings).collect();
    let form = total(ANSWER as f64 / 1e6);
    let session = session(&whom.reference(), whom.unit, "2024-01-18", 3, form);
    sendings.push((0, submission(Kind::Session(session))));
    let own = sendings
        .iter()
        .filter(|(_, submission)| is_about(&submission.kind, whom));
    let ids: Vec<Uuid> = own
        .map(|(_, submission)| submission.submission_id.parse().unwrap())
        .collect();
    assert_eq!(ids.len(), 5);
    system.send_all(sendings.into_iter()).await;
    system.settled().await;
    // It writes a checkpoint when it ends.
    assert_eq!(system.terminate().await, Some(0));
    system.start().await;
    system.settled().await;
    assert_eq!(curve(system, whom).await, None);
    let mut planted = traces(system, whom, &ids);
    // As protobuf and the checkpoint have it.
    planted.push(Trace {
        other_forms: vec![
            ANSWER.to_le_bytes().to_vec(),
            ANSWER.to_string().into_bytes(),
        ],
        ..Trace::new("answer", &varint(ANSWER))
    });
    let found = found(system, &planted);
    for trace in &planted {
        assert!(
            found.iter().any(|(what, _)| *what == trace.what),
            "{} is nowhere",
            trace.what
        );
    }
    for place in ["log", "engine/registry", "checkpoints"] {
        let place = system.data().join(place);
        assert!(
            found.iter().any(|(_, file)| file.starts_with(&place)),
            "{}",
            place.display()
        );
    }
    planted
}

/// Bytes that tell of somebody.
struct Trace {
    what: String,
    bytes: Vec<u8>,
    /// The same as a statement, a table or a text would have it; these are nowhere from the start
    /// or gone in the end.
    other_forms: Vec<Vec<u8>>,
    /// A tombstone in the log goes on naming it.
    in_tombstones: bool,
}

impl Trace {
    fn new(what: &str, bytes: &[u8]) -> Self {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            what: what.to_owned(),
            bytes: bytes.to_vec(),
            other_forms: vec![hex.to_uppercase().into_bytes(), hex.into_bytes()],
            in_tombstones: false,
        }
    }

    fn is_in(&self, file: &[u8]) -> bool {
        let other = || self.other_forms.iter().any(|form| contains(file, form));
        contains(file, &self.bytes) || other()
    }
}

/// The pseudonym of the episode, and submission ids. That of the patient stays: it is what the
/// system remembers of a withdrawal.
fn traces(system: &System, whom: &Person, submissions: &[Uuid]) -> Vec<Trace> {
    let key = system.data().join("secrets").join("pseudonym.key");
    let pseudonyms = PseudonymKey::load_or_create(&key).unwrap();
    let episode = pseudonyms.episode(
        &whom.trust().parse().unwrap(),
        &whom.reference(),
        &format!("{}-1", whom.reference()),
    );
    let mut traces = vec![Trace::new("episode", episode.as_bytes())];
    for id in submissions {
        traces.push(Trace {
            in_tombstones: true,
            ..Trace::new(&format!("submission {id}"), id.as_bytes())
        });
    }
    traces
}

async fn until_gone(system: &System, traces: &[Trace]) {
    system.settled().await;
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if found(system, traces).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("still there: {:?}", found(system, traces));
}

/// Which traces are in which files.
fn found<'a>(system: &System, traces: &'a [Trace]) -> Vec<(&'a str, PathBuf)> {
    let mut found = Vec::new();
    for file in files(&system.data()) {
        // A file that is gone by now has nothing any more.
        let bytes = std::fs::read(&file).unwrap_or_default();
        let is_log = file.starts_with(system.data().join("log"));
        let searched = traces
            .iter()
            .filter(|trace| !(is_log && trace.in_tombstones));
        let here = searched.filter(|trace| trace.is_in(&bytes));
        found.extend(here.map(|trace| (trace.what.as_str(), file.clone())));
    }
    found
}

/// Nothing that a clinic calls a patient, an episode or a therapist is in any file, nor in what
/// the program said.
fn assert_no_references(system: &System) {
    let mut all = files(&system.data());
    assert!(all.len() > 20);
    all.push(system.log_path());
    for file in all {
        let bytes = std::fs::read(&file).unwrap_or_default();
        for reference in ["patient-north", "patient-south", "therapist-"] {
            let there = contains(&bytes, reference.as_bytes());
            assert!(!there, "{reference} is in {}", file.display());
        }
    }
    let told = system.told();
    assert!(!told.contains("777"), "{told}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let (first, rest) = wanted.split_first().unwrap();
    let mut left = bytes;
    while let Some(place) = memchr::memchr(*first, left) {
        left = &left[place + 1..];
        if left.starts_with(rest) {
            return true;
        }
    }
    false
}

/// A signed number as protobuf writes it.
fn varint(value: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let zigzag = (value << 1) ^ (value >> 63);
    prost::encoding::encode_varint(zigzag as u64, &mut bytes);
    bytes
}

/// What is refused when somebody asks for the patient's curve; none if it is there.
async fn curve(system: &System, person: &Person) -> Option<Code> {
    let clinic = system.cohort_clinic(0).await;
    let request = clinic.request(GetCurveRequest {
        patient: person.reference(),
        episode: format!("{}-1", person.reference()),
        unit: person.unit.to_owned(),
    });
    let mut curves = CurveServiceClient::new(clinic.channel());
    curves
        .get_curve(request)
        .await
        .err()
        .map(|status| status.code())
}

async fn renew(system: &System, person: &Person) {
    let (patient, trust) = (person.reference(), person.trust().to_owned());
    let mut admin = AdminServiceClient::new(system.channel().await);
    let request = system.as_admin(RenewRequest { patient, trust });
    admin.renew(request).await.unwrap();
}

/// What is sent about somebody; those with the number of one who was here before are that one, in
/// a new episode.
fn returning(person: &Person, before: [&Person; 2]) -> Vec<Sending> {
    let is_same =
        |earlier: &&&Person| (earlier.unit, earlier.number) == (person.unit, person.number);
    let mut sendings = person.sendings();
    if let Some(earlier) = before.iter().find(is_same) {
        for (_, submission) in &mut sendings {
            let (patient, episode) = names(submission.kind.as_mut()).unwrap();
            *patient = earlier.reference();
            *episode = format!("{patient}-again");
        }
    }
    sendings
}

fn is_about(kind: &Option<Kind>, person: &Person) -> bool {
    let mut kind = kind.clone();
    let names = names(kind.as_mut());
    names.is_some_and(|(patient, _)| *patient == person.reference())
}

/// The references to patient and episode.
fn names(kind: Option<&mut Kind>) -> Option<(&mut String, &mut String)> {
    match kind? {
        Kind::EpisodeOpened(EpisodeOpening {
            patient, episode, ..
        })
        | Kind::Session(Session {
            patient, episode, ..
        })
        | Kind::EpisodeClosed(EpisodeClosing {
            patient, episode, ..
        }) => Some((patient, episode)),
        _ => None,
    }
}
