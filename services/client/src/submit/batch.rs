//! Batches of submissions. Comes in: the lines of a file. Goes out: batches that one call takes, by
//! count and by bytes, each with the lines that cannot be read. The invariants: every line that is
//! not blank is in one batch, as a submission or with a reason; batches keep the order of the file.

use std::io::Read;

use anyhow::Context;
use medvirk_front::MAX_MESSAGE_BYTES;
use medvirk_ingest::MAX_BATCH;
use medvirk_proto::feedback::v1::Submission;
use medvirk_terminal::{CommandExit, error};
use prost::Message as _;

use super::lines::{MAX_LINE, PhysicalLine, PhysicalLines};
use super::reading::LineReader;

/// What a batch may have: a call takes so much, and a little of that is for what is around it.
const BATCH_BYTES: usize = MAX_MESSAGE_BYTES - 1_024;

/// What the tag and the length of one submission take at most.
const AROUND_ONE: usize = 6;

/// So many lines that are no objects, before any that is one, and it is another kind of file.
const FOREIGN_LINES: usize = 100;

/// The batches of a file.
pub(super) struct SubmissionBatches<R> {
    name: String,
    lines: PhysicalLines<R>,
    reader: LineReader,
    /// Read already, and too much for the batch before.
    held: Option<(u64, Submission)>,
    /// False until a line was an object.
    has_objects: bool,
}

/// What is sent in one call, and what cannot be sent.
#[derive(Default)]
pub(super) struct SubmissionBatch {
    /// With the numbers of their lines.
    pub(super) submissions: Vec<(u64, Submission)>,
    /// Numbers of lines, and what is wrong with them.
    pub(super) refused: Vec<(u64, String)>,
    bytes: usize,
}

impl<R: Read> SubmissionBatches<R> {
    /// Of a file with that name.
    pub(super) fn new(file: R, name: &str) -> anyhow::Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            lines: PhysicalLines::new(file, name)?,
            reader: LineReader::new(),
            held: None,
            has_objects: false,
        })
    }

    /// How many bytes of the file have been read.
    pub(super) const fn bytes_read(&self) -> u64 {
        self.lines.bytes_read()
    }

    /// The next batch; none at the end of the file.
    pub(super) fn next_batch(&mut self) -> anyhow::Result<Option<SubmissionBatch>> {
        let mut batch = SubmissionBatch::default();
        batch.add(self.held.take());
        while batch.submissions.len() < MAX_BATCH && batch.refused.len() < MAX_BATCH {
            let line = self.lines.next_line();
            let Some(line) = line.with_context(|| format!("read {}", self.name))? else {
                break;
            };
            if is_blank(&line) {
                continue;
            }
            self.look_at(&line, &batch)?;
            match self.read(&line) {
                Err(reason) => batch.refused.push((line.number, reason)),
                Ok(submission) if batch.has_room_for(&submission) => {
                    batch.add(Some((line.number, submission)));
                }
                Ok(submission) => {
                    self.held = Some((line.number, submission));
                    break;
                }
            }
        }
        if !self.has_objects && !batch.refused.is_empty() {
            return Err(self.foreign(&batch));
        }
        let is_empty = batch.submissions.is_empty() && batch.refused.is_empty();
        Ok((!is_empty).then_some(batch))
    }

    fn read(&self, line: &PhysicalLine) -> Result<Submission, String> {
        let too_large = |bytes: String| {
            let most = BATCH_BYTES - AROUND_ONE;
            format!("too large: {bytes} bytes, and a submission must have at most {most}")
        };
        let Some(bytes) = &line.bytes else {
            return Err(too_large(format!("more than {MAX_LINE}")));
        };
        let submission = self.reader.read(bytes)?;
        let length = submission.encoded_len();
        if length + AROUND_ONE > BATCH_BYTES {
            return Err(too_large(length.to_string()));
        }
        Ok(submission)
    }

    /// Notes whether the file has objects; a long file without any need not be read to its end.
    fn look_at(&mut self, line: &PhysicalLine, batch: &SubmissionBatch) -> anyhow::Result<()> {
        let first = line
            .bytes
            .iter()
            .flatten()
            .find(|byte| !byte.is_ascii_whitespace());
        self.has_objects |= first.is_none_or(|byte| *byte == b'{');
        if !self.has_objects && batch.refused.len() == FOREIGN_LINES {
            return Err(self.foreign(batch));
        }
        Ok(())
    }

    fn foreign(&self, batch: &SubmissionBatch) -> anyhow::Error {
        let first = batch.refused.first().map_or(1, |(line, _)| *line);
        let message = format!(
            "{} is not a file of submissions (one JSON object a line); first error in line {first}. \
             Example: `medvirk submit --example`",
            self.name
        );
        error(CommandExit::Usage, message)
    }
}

impl SubmissionBatch {
    fn has_room_for(&self, submission: &Submission) -> bool {
        self.bytes + submission.encoded_len() + AROUND_ONE <= BATCH_BYTES
    }

    fn add(&mut self, read: Option<(u64, Submission)>) {
        if let Some((line, submission)) = read {
            self.bytes += submission.encoded_len() + AROUND_ONE;
            self.submissions.push((line, submission));
        }
    }
}

fn is_blank(line: &PhysicalLine) -> bool {
    let bytes = line.bytes.as_deref();
    bytes.is_some_and(|bytes| bytes.iter().all(u8::is_ascii_whitespace))
}

#[cfg(test)]
mod tests {
    use medvirk_proto::feedback::v1::SubmitBatchRequest;

    use super::*;

    fn all(file: &str) -> anyhow::Result<Vec<SubmissionBatch>> {
        let mut batches = SubmissionBatches::new(file.as_bytes(), "F")?;
        let mut all = Vec::new();
        while let Some(batch) = batches.next_batch()? {
            all.push(batch);
        }
        Ok(all)
    }

    fn line_of(bytes: usize) -> String {
        format!("{{\"submissionId\":\"{}\"}}\n", "x".repeat(bytes))
    }

    #[test]
    fn batches_are_made_by_count() {
        let batches = all(&line_of(3).repeat(MAX_BATCH * 2 + 1)).unwrap();
        let sizes: Vec<_> = batches
            .iter()
            .map(|batch| batch.submissions.len())
            .collect();
        assert_eq!(sizes, [MAX_BATCH, MAX_BATCH, 1]);
        assert_eq!(batches[2].submissions[0].0, 1_001);
    }

    #[test]
    fn batches_are_made_by_bytes_and_each_is_one_that_a_call_takes() {
        let batches = all(&line_of(1_000_000).repeat(9)).unwrap();
        let numbers: Vec<Vec<u64>> = batches
            .iter()
            .map(|batch| batch.submissions.iter().map(|(line, _)| *line).collect())
            .collect();
        assert_eq!(numbers, [vec![1, 2, 3, 4], vec![5, 6, 7, 8], vec![9]]);
        for batch in batches {
            let submissions = batch.submissions.into_iter().map(|(_, it)| it).collect();
            let request = SubmitBatchRequest { submissions };
            assert!(request.encoded_len() <= MAX_MESSAGE_BYTES);
        }
    }

    #[test]
    fn the_line_that_is_too_large_is_named_and_the_others_are_sent() {
        let file = [line_of(3), line_of(MAX_MESSAGE_BYTES), line_of(4)].concat();
        let batches = all(&file).unwrap();
        let batch = &batches[0];
        let sent: Vec<_> = batch.submissions.iter().map(|(line, _)| *line).collect();
        assert_eq!((batches.len(), sent), (1, vec![1, 3]));
        assert!(
            batch.refused[0].1.starts_with("too large: 4194309 bytes"),
            "{:?}",
            batch.refused
        );
        assert_eq!(batch.refused[0].0, 2);
    }

    #[test]
    fn a_file_of_another_kind_is_named_for_what_it_is() {
        for file in ["# Title\n\ntext\n", "a;b\n1;2\n", "[\n{}\n]", "x\n"] {
            let told = all(file).err().map(|error| error.to_string());
            if file.contains("\n{") {
                // One line is an object, so the others are named.
                assert_eq!(told, None);
                continue;
            }
            let told = told.unwrap();
            assert!(told.starts_with("F is not a file of submissions"), "{told}");
            assert!(told.contains("line 1. Example"), "{told}");
        }
        let long = "x\n".repeat(FOREIGN_LINES * 10) + "{}";
        assert!(all(&long).is_err());
        assert_eq!(all("\n \r\r\n").unwrap().len(), 0);
    }

    #[test]
    fn blank_lines_count_as_lines() {
        let batches = all("\n \n{}\r\r{ ").unwrap();
        let batch = &batches[0];
        assert_eq!(batch.submissions[0].0, 3);
        assert_eq!(batch.refused[0].0, 5);
    }
}
