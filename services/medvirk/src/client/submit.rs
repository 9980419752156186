//! `medvirk submit`: sends a file of submissions. Comes in: one protobuf-JSON `Submission` a line.
//! Goes out: every line's fate. The invariant: a line that was not taken is named with its reason,
//! and sending the file again is harmless.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use medvirk_proto::DESCRIPTORS;
use medvirk_proto::feedback::v1::feedback_service_client::FeedbackServiceClient;
use medvirk_proto::feedback::v1::{Submission, SubmissionResult, SubmitBatchRequest};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use tonic::Status;

use super::connect::{Connected, connect, is_open};
use crate::cli::Submit;
use crate::exit::{Code, error};

/// As many as one call takes.
const BATCH: usize = 500;

/// For how long a batch is sent again that nobody can say was taken.
const TRIES: u32 = 20;

/// Sends the file and says what became of each line.
pub(crate) async fn submit(args: Submit) -> anyhow::Result<()> {
    let lines = read_lines(&args.file)?;
    let mut client = FeedbackServiceClient::new(connect(&args.target, "clinic").await?);
    let progress = progress_bar(lines.len() as u64);
    let mut refused = 0;
    let mut batch = Vec::new();
    for (done, (number, line)) in (1..).zip(&lines) {
        match parse(line) {
            Ok(submission) => batch.push((*number, submission)),
            Err(reason) => {
                tell(&progress, &format!("line {number}: {reason}"));
                refused += 1;
            }
        }
        if batch.len() == BATCH || done == lines.len() {
            refused += send_and_tell(&mut client, std::mem::take(&mut batch), &progress).await?;
        }
        progress.set_position(done as u64);
    }
    progress.finish_and_clear();
    let taken = lines.len() - refused;
    eprintln!("{taken} taken, {refused} refused");
    if refused > 0 {
        return Err(error(
            Code::Usage,
            "not every line was taken; the reasons are above",
        ));
    }
    Ok(())
}

/// Sends a batch until somebody says what became of it.
pub(crate) async fn send(
    client: &mut FeedbackServiceClient<Connected>,
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
        Code::Temporary,
        "the system does not take submissions now; send the file again",
    ))
}

async fn send_and_tell(
    client: &mut FeedbackServiceClient<Connected>,
    batch: Vec<(usize, Submission)>,
    progress: &ProgressBar,
) -> anyhow::Result<usize> {
    if batch.is_empty() {
        return Ok(0);
    }
    let (lines, submissions): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    let results = send(client, submissions).await?;
    let mut refused = 0;
    for (line, result) in lines
        .into_iter()
        .zip(results)
        .filter(|(_, result)| result.code != 0)
    {
        refused += 1;
        tell(progress, &format!("line {line}: {}", result.message));
        for violation in &result.violations {
            let text = format!("  {}: {}", violation.field, violation.description);
            tell(progress, &text);
        }
    }
    Ok(refused)
}

/// Above the progress bar, and also where that is hidden.
fn tell(progress: &ProgressBar, text: &str) {
    progress.suspend(|| eprintln!("{text}"));
}

/// Every line that is not blank, with its number in the file.
fn read_lines(path: &Path) -> anyhow::Result<Vec<(usize, Vec<u8>)>> {
    let reader: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        let file = std::fs::File::open(path);
        let file =
            file.map_err(|why| error(Code::Usage, format!("open {}: {why}", path.display())))?;
        Box::new(file)
    };
    let lines: Result<Vec<Vec<u8>>, _> = BufReader::new(reader).split(b'\n').collect();
    let lines = (1..).zip(lines.context("read submissions")?);
    let blank = |line: &[u8]| line.iter().all(u8::is_ascii_whitespace);
    Ok(lines.filter(|(_, line)| !blank(line)).collect())
}

/// The text of serde_json's errors may quote the line, so only the place is told.
fn parse(line: &[u8]) -> Result<Submission, String> {
    let mut json = serde_json::Deserializer::from_slice(line);
    let message = DynamicMessage::deserialize(descriptor(), &mut json).map_err(|error| {
        format!(
            "not a Submission in protobuf JSON, at column {}",
            error.column()
        )
    })?;
    message
        .transcode_to()
        .map_err(|_| "not a Submission".to_owned())
}

fn descriptor() -> MessageDescriptor {
    let pool = DescriptorPool::decode(DESCRIPTORS).expect("compiled with this program");
    pool.get_message_by_name("medvirk.feedback.v1.Submission")
        .expect("a message of ours")
}

/// On standard error, and hidden where that is no terminal.
pub(crate) fn progress_bar(length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec}, {eta} left")
        .expect("a constant template");
    ProgressBar::new(length).with_style(style)
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    /// A submission as a line of a file.
    fn to_line(submission: &Submission) -> String {
        let mut message = DynamicMessage::new(descriptor());
        message
            .merge(submission.encode_to_vec().as_slice())
            .expect("the same message");
        serde_json::to_string(&message).expect("protobuf JSON has text keys")
    }

    #[test]
    fn a_line_reads_back_as_it_was_written() {
        let line = br#"{"submissionId":"8a2c","session":{"patient":"p","number":3,"forms":[{"instrument":"fit-ors","version":1,"items":[{"item":"social","value":0}]}]}}"#;
        let submission = parse(line).unwrap();
        assert_eq!(parse(to_line(&submission).as_bytes()), Ok(submission));
    }

    #[test]
    fn a_bad_line_is_refused_without_being_quoted() {
        let told =
            parse(br#"{"submissionId":"planted-secret","session":{"nosuch":1}}"#).unwrap_err();
        assert!(!told.contains("planted"), "{told}");
        assert!(told.contains("column"), "{told}");
    }
}
