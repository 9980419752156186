//! How fast `medvirk submit` sends a file, beside a plain gRPC client that has its messages ready and
//! sends batches of 500 to the same system.
//!
//! Comes in: how many submissions are sent in each round (`MEDVIRK_SUBMISSIONS`, else 20,000), how
//! many rounds (`MEDVIRK_ROUNDS`, else 5), and the program (`MEDVIRK_BIN`, else the one beside). Goes
//! out: a table. Both take turns, so that what else the machine does meets them alike; the time of
//! `submit` has its start in it.

#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{Submission, SubmitBatchRequest};
use medvirk_tests::{Clinic, System, fit_ors, session, submission};

type Failed = Box<dyn std::error::Error + Send + Sync>;

const UNIT: &str = "fjord-poliklinikk";
/// As many as one call takes.
const BATCH: usize = 500;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let submissions = number("MEDVIRK_SUBMISSIONS", 20_000)?;
    let rounds = number("MEDVIRK_ROUNDS", 5)?;
    let system = System::builder().first_month("2024-01").start().await;
    let clinic = system.clinic("clinic").await;
    let (mut plain, mut submit) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        eprintln!("round {round} of {rounds}: {submissions} submissions by each");
        let ready = made(&format!("plain-{round}"), submissions);
        let begun = Instant::now();
        send(&clinic, ready).await?;
        let client = begun.elapsed().as_secs_f64();
        let file = system.data().join("submissions.jsonl");
        std::fs::write(
            &file,
            lines(&made(&format!("submit-{round}"), submissions))?,
        )?;
        let begun = Instant::now();
        let ended = Command::new(medvirk_tests::binary())
            .args(["submit".as_ref(), file.as_os_str()])
            .args(["--data".as_ref(), system.data().as_os_str()])
            .stderr(Stdio::null())
            .status()?;
        if !ended.success() {
            return Err("submit did not take every line".into());
        }
        // The first round is for caches.
        if round > 0 {
            plain.push(client);
            submit.push(begun.elapsed().as_secs_f64());
        }
    }
    let rate = |seconds: &[f64]| submissions as f64 / median(seconds.iter().copied());
    let ratios = plain
        .iter()
        .zip(&submit)
        .map(|(plain, submit)| plain / submit);
    println!("| submissions a second | | × plain client |\n|---|---|---|");
    println!(
        "| baseline: a gRPC client, batches of {BATCH} | {:.0} | 1.00 |",
        rate(&plain)
    );
    println!(
        "| `medvirk submit` | {:.0} | {:.2} |",
        rate(&submit),
        median(ratios)
    );
    Ok(())
}

/// Sessions of patients of their own.
fn made(prefix: &str, many: usize) -> Vec<Submission> {
    let one = |number: usize| {
        let patient = format!("{prefix}-{number}");
        let form = fit_ors([5.0, 6.0, 7.0, 8.0]);
        submission(Kind::Session(session(
            &patient,
            UNIT,
            "2024-03-01",
            1,
            form,
        )))
    };
    (0..many).map(one).collect()
}

async fn send(clinic: &Clinic, submissions: Vec<Submission>) -> Result<(), Failed> {
    let mut client = clinic.feedback();
    for batch in submissions.chunks(BATCH) {
        let submissions = batch.to_vec();
        let request = clinic.request(SubmitBatchRequest { submissions });
        let answer = client.submit_batch(request).await?.into_inner();
        if answer.results.iter().any(|result| result.code != 0) {
            return Err("the client's submissions were not all taken".into());
        }
    }
    Ok(())
}

/// The same as a file.
fn lines(submissions: &[Submission]) -> Result<String, Failed> {
    let mut file = String::new();
    for Submission {
        submission_id,
        kind,
    } in submissions
    {
        let Some(Kind::Session(session)) = kind else {
            return Err("only sessions are sent".into());
        };
        let (patient, episode) = (&session.patient, &session.episode);
        writeln!(
            file,
            r#"{{"submissionId":"{submission_id}","session":{{"patient":"{patient}","episode":"{episode}","unit":"{UNIT}","date":"{}","number":{},"forms":[{{"instrument":"fit-ors","version":1,"items":[{{"item":"individual","value":5.0}},{{"item":"interpersonal","value":6.0}},{{"item":"social","value":7.0}},{{"item":"overall","value":8.0}}]}}]}}}}"#,
            session.date, session.number
        )?;
    }
    Ok(file)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn number(name: &str, otherwise: usize) -> Result<usize, Failed> {
    match std::env::var(name) {
        Ok(number) => Ok(number.parse()?),
        Err(_) => Ok(otherwise),
    }
}
