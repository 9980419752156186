//! `medvirk submit`: sends a file of submissions. Comes in: one protobuf-JSON `Submission` a line.
//! Goes out: every line's fate. The invariant: a line that was not taken is named with its reason,
//! and sending the file again is harmless.

mod batch;

mod example;

mod lines;

mod reading;

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use medvirk_domain::catalogue::Catalogue;
use medvirk_proto::feedback::v1::feedback_service_client::FeedbackServiceClient;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{Submission, SubmissionResult, SubmitBatchRequest};
use medvirk_terminal::output::note;
use medvirk_terminal::{CommandExit, error};
use tokio::task::{JoinHandle, block_in_place};
use tonic::Status;

use super::catalogue::load;
use super::connect::{RoleConnection, connect, is_open};
use crate::arguments::SubmitArguments;
use batch::{SubmissionBatch, SubmissionBatches};

/// For how long a batch is sent again that nobody can say was taken.
const TRIES: u32 = 20;

/// The most that is read of one answer, in bytes: a batch of long forms has many scores.
const MAX_ANSWER: usize = 64 << 20;

/// Sends the file and says what became of each line.
pub async fn submit(args: SubmitArguments) -> anyhow::Result<()> {
    let Some(file) = args.file.filter(|_| !args.example) else {
        return medvirk_terminal::output::say(&example::lines()?);
    };
    // A folder that was named is looked at before anything is sent.
    let catalogue = args.catalogue.map(|dir| load(Some(dir))).transpose()?;
    let (reader, length) = open(&file)?;
    let progress = bytes_bar(length);
    let mut batches = SubmissionBatches::new(reader, &file.display().to_string())?;
    let client = client(connect(&args.target, "clinic").await?);
    let mut sum = SubmitSummary::default();
    let mut sending = None;
    // While one batch is on its way the next one is read.
    while let Some(batch) = block_in_place(|| batches.next_batch())? {
        sum.settle(sending.take(), &progress).await?;
        for (line, reason) in &batch.refused {
            tell(&progress, &format!("line {line}: {reason}"));
        }
        sum.refused += batch.refused.len() as u64;
        sending = Some(tokio::spawn(send_batch(client.clone(), batch)));
        progress.set_position(batches.bytes_read());
    }
    sum.settle(sending, &progress).await?;
    progress.finish_and_clear();
    note(&format!("{} taken, {} refused", sum.taken, sum.refused));
    if !sum.units.is_empty() {
        let catalogue = catalogue.map_or_else(|| load(None), Ok)?;
        let units = sum.units.iter().map(String::as_str);
        one_source(units, &catalogue)
            .iter()
            .for_each(|warning| note(warning));
    }
    if sum.refused > 0 {
        return Err(error(
            CommandExit::Usage,
            "not every line was taken; the reasons are above",
        ));
    }
    Ok(())
}

/// A client of the role ingest.
pub fn client(connected: RoleConnection) -> FeedbackServiceClient<RoleConnection> {
    FeedbackServiceClient::new(connected).max_decoding_message_size(MAX_ANSWER)
}

/// Sends a batch until somebody says what became of it.
pub async fn send(
    client: &mut FeedbackServiceClient<RoleConnection>,
    submissions: Vec<Submission>,
) -> anyhow::Result<Vec<SubmissionResult>> {
    let mut left: Vec<(usize, Submission)> = submissions.into_iter().enumerate().collect();
    let mut results = vec![SubmissionResult::default(); left.len()];
    for attempt in 0..TRIES {
        let submissions = left
            .iter()
            .map(|(_, submission)| submission.clone())
            .collect();
        match client
            .submit_batch(SubmitBatchRequest { submissions })
            .await
        {
            Ok(answer) => {
                let answered = answer.into_inner().results;
                let open =
                    |((place, submission), result): ((usize, Submission), SubmissionResult)| {
                        let again = is_open(&Status::new(result.code.into(), ""));
                        results[place] = result;
                        again.then_some((place, submission))
                    };
                left = left.into_iter().zip(answered).filter_map(open).collect();
                if left.is_empty() {
                    return Ok(results);
                }
            }
            Err(status) if is_open(&status) && attempt + 1 < TRIES => {}
            Err(status) => return Err(status).context("send submissions"),
        }
        tokio::time::sleep(Duration::from_millis(50 << attempt.min(6))).await;
    }
    Err(error(
        CommandExit::Temporary,
        "the system does not take submissions now; send the file again",
    ))
}

/// Where figures will not be shown, since all sessions of these units come from one credential.
pub fn one_source<'u>(
    units: impl Iterator<Item = &'u str>,
    catalogue: &Catalogue,
) -> Option<String> {
    let several = |unit: &&str| {
        let unit = catalogue.organisations.units.get(*unit);
        unit.is_some_and(|unit| !unit.single_device)
    };
    let units: BTreeSet<&str> = units.filter(several).collect();
    let units: Vec<&str> = units.into_iter().collect();
    (!units.is_empty()).then(|| {
        format!(
            "all sessions come from one credential: figures of units are shown only where the \
             catalogue registers the unit as single_device, which these are not: {}",
            units.join(", ")
        )
    })
}

/// What became of the lines so far.
#[derive(Default)]
struct SubmitSummary {
    taken: u64,
    refused: u64,
    /// Of sessions that were taken.
    units: BTreeSet<String>,
}

type BatchInFlight = JoinHandle<anyhow::Result<(Vec<SentLine>, Vec<SubmissionResult>)>>;

/// What is remembered of a line while it is on its way.
struct SentLine {
    number: u64,
    /// The unit, where the line is a session.
    unit: Option<String>,
}

impl SubmitSummary {
    /// Waits for a batch that is on its way, and says what of it was refused.
    async fn settle(
        &mut self,
        sending: Option<BatchInFlight>,
        progress: &ProgressBar,
    ) -> anyhow::Result<()> {
        let Some(sending) = sending else {
            return Ok(());
        };
        let (lines, results) = sending.await.context("send submissions")??;
        for (line, result) in lines.into_iter().zip(results) {
            if result.code == 0 {
                self.taken += 1;
                self.units.extend(line.unit);
                continue;
            }
            self.refused += 1;
            tell(
                progress,
                &format!("line {}: {}", line.number, result.message),
            );
            for violation in &result.violations {
                let text = format!("  {}: {}", violation.field, violation.description);
                tell(progress, &text);
            }
        }
        Ok(())
    }
}

async fn send_batch(
    mut client: FeedbackServiceClient<RoleConnection>,
    batch: SubmissionBatch,
) -> anyhow::Result<(Vec<SentLine>, Vec<SubmissionResult>)> {
    let line = |(number, submission): &(u64, Submission)| SentLine {
        number: *number,
        unit: match &submission.kind {
            Some(Kind::Session(session)) => Some(session.unit.clone()),
            _ => None,
        },
    };
    let lines: Vec<SentLine> = batch.submissions.iter().map(line).collect();
    if lines.is_empty() {
        return Ok((lines, Vec::new()));
    }
    let submissions = batch.submissions.into_iter().map(|(_, it)| it).collect();
    let results = send(&mut client, submissions).await?;
    Ok((lines, results))
}

/// Above the progress bar, and also where that is hidden.
fn tell(progress: &ProgressBar, text: &str) {
    progress.suspend(|| note(text));
}

/// The file, and how long it is where that is known.
fn open(path: &Path) -> anyhow::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(std::io::stdin()), None));
    }
    let unreadable = |why| {
        error(
            CommandExit::Usage,
            format!("open {}: {why}", path.display()),
        )
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if about.is_dir() {
        let message = format!("{} is a folder; name a file of submissions", path.display());
        return Err(error(CommandExit::Usage, message));
    }
    Ok((Box::new(file), about.is_file().then_some(about.len())))
}

fn bytes_bar(length: Option<u64>) -> ProgressBar {
    let Some(length) = length else {
        return ProgressBar::no_length();
    };
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}, {eta} left")
        .expect("a constant template");
    ProgressBar::new(length).with_style(style)
}

/// On standard error, and hidden where that is no terminal.
pub fn progress_bar(length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec}, {eta} left")
        .expect("a constant template");
    ProgressBar::new(length).with_style(style)
}
