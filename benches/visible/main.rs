//! How long it takes from the acknowledgement of a session until the patient's own curve has it and
//! until its row can be queried, on a quiet system and on one that takes all it can.
//!
//! Comes in: how many sessions are watched (`MEDVIRK_WATCHED`, else 100 in each phase), and the
//! program (`MEDVIRK_BIN`, else the one beside). Goes out: a table, with what asking once costs as
//! the baseline. The clock starts when the tablet has its answer.

#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use medvirk_proto::curve::v1::GetCurveRequest;
use medvirk_proto::curve::v1::curve_service_client::CurveServiceClient;
use medvirk_proto::feedback::v1::SubmitSessionRequest;
use medvirk_tests::{Clinic, System, fit_ors, session, submission};

type Failed = Box<dyn std::error::Error + Send + Sync>;

const UNIT: &str = "fjord-poliklinikk";
const DATE: &str = "2024-03-01";
/// Tablets that send one session after another in the second phase.
const SENDERS: usize = 32;
/// Between two watched sessions, so that none meets the batch of the one before.
const PAUSE: Duration = Duration::from_millis(330);
/// Between two questions: how exactly the moment is met.
const POLL: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(30);

/// What one watched session took.
struct Watched {
    acknowledged: Duration,
    curve: Duration,
    row: Duration,
    /// Asking once for a curve that is there, and for a row that is there.
    asked: [Duration; 2],
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let watched = match std::env::var("MEDVIRK_WATCHED") {
        Ok(number) => number.parse()?,
        Err(_) => 100,
    };
    let system = System::builder().first_month("2024-01").start().await;
    let clinic = system.clinic("tablets").await;
    println!("| milliseconds | p50 | p99 | most |\n|---|---|---|---|");
    eprintln!("{watched} sessions on a quiet system");
    let quiet = watch(&system, &clinic, "quiet", watched).await?;
    table("one session at a time", &quiet);
    let (sent, stop) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let senders: Vec<_> = (0..SENDERS)
        .map(|number| {
            tokio::spawn(keep_sending(
                clinic.clone(),
                number,
                sent.clone(),
                stop.clone(),
            ))
        })
        .collect();
    eprintln!("{watched} sessions beside {SENDERS} tablets that send without a pause");
    let begun = Instant::now();
    let busy = watch(&system, &clinic, "busy", watched).await?;
    let rate = sent.load(Relaxed) as f64 / begun.elapsed().as_secs_f64();
    stop.store(true, Relaxed);
    for sender in senders {
        sender.await?;
    }
    table(&format!("beside {rate:.0} sessions a second"), &busy);
    Ok(())
}

/// Sends sessions and waits for each to be seen.
async fn watch(
    system: &System,
    clinic: &Clinic,
    phase: &str,
    many: usize,
) -> Result<Vec<Watched>, Failed> {
    let registry = system.reader("registry");
    let mut all = Vec::with_capacity(many);
    for number in 0..many {
        let patient = format!("{phase}-{number}");
        let begun = Instant::now();
        let id = send(clinic, &patient).await?;
        let (acknowledged, seen) = (begun.elapsed(), Instant::now());
        let curve = async {
            until(async || has_curve(clinic, &patient).await).await?;
            Ok::<_, Failed>(seen.elapsed())
        };
        let row = async {
            until(async || has_row(&registry, &id).await).await?;
            Ok::<_, Failed>(seen.elapsed())
        };
        let (curve, row) = tokio::try_join!(curve, row)?;
        let once = Instant::now();
        has_curve(clinic, &patient).await?;
        let of_curve = once.elapsed();
        has_row(&registry, &id).await?;
        all.push(Watched {
            acknowledged,
            curve,
            row,
            asked: [of_curve, once.elapsed() - of_curve],
        });
        tokio::time::sleep(PAUSE).await;
    }
    Ok(all)
}

/// A session by its own call; gives its id in hexadecimal.
async fn send(clinic: &Clinic, patient: &str) -> Result<String, Failed> {
    let session = session(patient, UNIT, DATE, 1, fit_ors([5.0, 6.0, 7.0, 8.0]));
    let id = submission(medvirk_proto::feedback::v1::submission::Kind::Session(
        session.clone(),
    ))
    .submission_id;
    let request = clinic.request(SubmitSessionRequest {
        submission_id: id.clone(),
        session: Some(session),
    });
    clinic.feedback().submit_session(request).await?;
    Ok(id.replace('-', ""))
}

async fn has_curve(clinic: &Clinic, patient: &str) -> Result<bool, Failed> {
    let request = clinic.request(GetCurveRequest {
        patient: patient.to_owned(),
        episode: format!("{patient}-1"),
        unit: UNIT.to_owned(),
    });
    let mut curves = CurveServiceClient::new(clinic.channel());
    match curves.get_curve(request).await {
        Ok(curve) => Ok(!curve.into_inner().series.is_empty()),
        Err(status) if status.code() == tonic::Code::NotFound => Ok(false),
        Err(status) => Err(status.into()),
    }
}

async fn has_row(registry: &clickhouse::Client, id: &str) -> Result<bool, Failed> {
    let sql = "SELECT count() FROM session_form_received WHERE submission_id = unhex(?)";
    let rows: u64 = registry.query(sql).bind(id).fetch_one().await?;
    Ok(rows > 0)
}

/// Asks until it is so.
async fn until(ask: impl AsyncFn() -> Result<bool, Failed>) -> Result<(), Failed> {
    let begun = Instant::now();
    while !ask().await? {
        if begun.elapsed() > PATIENCE {
            return Err("it was not seen in 30 seconds".into());
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// One session after another, each of a patient of its own; what is not taken is sent again.
async fn keep_sending(clinic: Clinic, sender: usize, sent: Arc<AtomicU64>, stop: Arc<AtomicBool>) {
    for number in 0u64.. {
        if stop.load(Relaxed) {
            return;
        }
        match send(&clinic, &format!("load-{sender}-{number}")).await {
            Ok(_) => {
                sent.fetch_add(1, Relaxed);
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn table(phase: &str, watched: &[Watched]) {
    println!("| **{phase}** | | | |");
    let line = |what: &str, of: &dyn Fn(&Watched) -> Duration| {
        let mut all: Vec<f64> = watched
            .iter()
            .map(|it| of(it).as_secs_f64() * 1e3)
            .collect();
        all.sort_by(f64::total_cmp);
        let at = |share: f64| all[((all.len() - 1) as f64 * share).round() as usize];
        println!(
            "| {what} | {:.1} | {:.1} | {:.1} |",
            at(0.5),
            at(0.99),
            at(1.0)
        );
    };
    line("baseline: asking once for a curve that is there", &|it| {
        it.asked[0]
    });
    line("baseline: asking once for a row that is there", &|it| {
        it.asked[1]
    });
    line("sent → acknowledged", &|it| it.acknowledged);
    line("acknowledged → in the own curve", &|it| it.curve);
    line("acknowledged → in the registry's view", &|it| it.row);
}
