//! What the log has of somebody. Comes in: pseudonyms and a partition. Goes out: whether anything is
//! known of each, how many records of which kinds there are, and whether they have withdrawn. The
//! invariant: it is a function of the log, so it is right also while the tables are behind it; what
//! has its tombstone is not there any more.

use std::collections::{HashMap, HashSet};

use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::{
    ControlRecord, Event, EventBody, LogRecord, WithdrawalScope, WithdrawalSubject,
};
use medvirk_eventlog::{Log, LogStep, LogStepError, LogWalk, StoredRecord, Topic};
use medvirk_proto::admin::v1::WithdrawnRecords;
use medvirk_records::codec;
use memchr::memmem::Finder;

/// A search for several pseudonyms in one partition. It can go on where it has ended.
pub(crate) struct SubjectSearch<'a> {
    log: &'a dyn Log,
    partition: u32,
    /// Offset of the next record.
    next: u64,
    found: Vec<SubjectFindings>,
    /// Records that cannot be read, so that nobody knows whose they are.
    damaged: u64,
}

/// What was found of one pseudonym.
struct SubjectFindings {
    subject: Pseudonym,
    finder: Finder<'static>,
    /// By the key in the log.
    records: HashMap<Vec<u8>, FoundRecord>,
    /// Whether the last control record about them is a withdrawal; none where there is no such
    /// record.
    withdrawn: Option<bool>,
}

/// One copy of a submission.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct FoundRecord {
    submission_id: [u8; 16],
    kind: RecordKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum RecordKind {
    EpisodeOpened,
    Session,
    Correction,
    EpisodeClosed,
    RegistryForm,
    Invitation,
    DischargeSurvey,
}

impl<'a> SubjectSearch<'a> {
    /// Begins at the beginning of the partition.
    pub(crate) fn new(
        log: &'a dyn Log,
        partition: u32,
        subjects: impl IntoIterator<Item = Pseudonym>,
    ) -> Self {
        let findings = |subject: Pseudonym| SubjectFindings {
            finder: Finder::new(subject.as_bytes()).into_owned(),
            subject,
            records: HashMap::new(),
            withdrawn: None,
        };
        Self {
            log,
            partition,
            next: 0,
            found: subjects.into_iter().map(findings).collect(),
            damaged: 0,
        }
    }

    /// Searches up to the present end of the log.
    pub(crate) async fn run(&mut self) -> Result<(), LogStepError> {
        let end = self.log.end(Topic::Events, self.partition).await?;
        self.run_until(end).await
    }

    /// Searches on up to that offset, which must be there.
    pub(crate) async fn run_until(&mut self, end: u64) -> Result<(), LogStepError> {
        let range = self.next..end;
        let mut walk = LogWalk::through(self.log, Topic::Events, self.partition, range);
        while let Some(step) = walk.step().await? {
            match step {
                LogStep::Damaged { .. } => self.damaged += 1,
                LogStep::Records { batch, .. } => {
                    for stored in &batch.records {
                        for findings in &mut self.found {
                            findings.look_at(stored);
                        }
                    }
                }
            }
        }
        self.next = self.next.max(end);
        Ok(())
    }

    /// Where it has come to in the partition.
    pub(crate) const fn partition(&self) -> u32 {
        self.partition
    }

    /// True where the log has anything of them, be it that they withdrew.
    pub(crate) fn knows(&self, subject: Pseudonym) -> bool {
        let known = |it: &SubjectFindings| !it.records.is_empty() || it.withdrawn.is_some();
        self.of(subject).is_some_and(known)
    }

    /// True where the last that is said of them is that they withdraw.
    pub(crate) fn has_withdrawn(&self, subject: Pseudonym) -> bool {
        self.of(subject).and_then(|it| it.withdrawn) == Some(true)
    }

    /// How many records cannot be read.
    pub(crate) const fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Adds what a withdrawal of that scope erases of them.
    pub(crate) fn count(
        &self,
        subject: Pseudonym,
        scope: WithdrawalScope,
        counts: &mut WithdrawnRecords,
    ) {
        let records = self
            .of(subject)
            .into_iter()
            .flat_map(|it| it.records.values());
        let submissions: HashSet<FoundRecord> = records.copied().collect();
        for FoundRecord { kind, .. } in submissions {
            if scope == WithdrawalScope::All || kind == RecordKind::RegistryForm {
                *kind.counter(counts) += 1;
            }
        }
    }

    fn of(&self, subject: Pseudonym) -> Option<&SubjectFindings> {
        self.found.iter().find(|it| it.subject == subject)
    }
}

impl SubjectFindings {
    fn look_at(&mut self, stored: &StoredRecord) {
        let Some(value) = &stored.value else {
            self.records.remove(&stored.key);
            return;
        };
        // Nearly every record is somebody else's, and need not be decoded.
        if self.finder.find(value).is_none() {
            return;
        }
        match codec::decode_event(value) {
            Ok(LogRecord::Event(event)) if event.subject() == self.subject => {
                self.records
                    .insert(stored.key.clone(), FoundRecord::of(&event));
            }
            Ok(LogRecord::Control(ControlRecord::Withdrawal { subject, .. })) => {
                let (WithdrawalSubject::Person(subject) | WithdrawalSubject::Code(subject)) =
                    subject;
                if subject == self.subject {
                    self.withdrawn = Some(true);
                }
            }
            Ok(LogRecord::Control(ControlRecord::Renewal { person })) if person == self.subject => {
                self.withdrawn = Some(false);
            }
            Ok(LogRecord::Event(_) | LogRecord::Control(_)) | Err(_) => {}
        }
    }
}

impl FoundRecord {
    fn of(event: &Event) -> Self {
        Self {
            submission_id: event.submission_id,
            kind: RecordKind::of(&event.body),
        }
    }
}

impl RecordKind {
    const fn of(body: &EventBody) -> Self {
        match body {
            EventBody::EpisodeOpened { .. } => Self::EpisodeOpened,
            EventBody::Session { revision: 0, .. } => Self::Session,
            EventBody::Session { .. } => Self::Correction,
            EventBody::EpisodeClosed { .. } => Self::EpisodeClosed,
            EventBody::RegistryForm { .. } => Self::RegistryForm,
            EventBody::InvitationIssued { .. } => Self::Invitation,
            EventBody::DischargeSurvey { .. } => Self::DischargeSurvey,
        }
    }

    const fn counter(self, counts: &mut WithdrawnRecords) -> &mut u64 {
        match self {
            Self::EpisodeOpened => &mut counts.episodes_opened,
            Self::Session => &mut counts.sessions,
            Self::Correction => &mut counts.corrections,
            Self::EpisodeClosed => &mut counts.episodes_closed,
            Self::RegistryForm => &mut counts.registry_forms,
            Self::Invitation => &mut counts.invitations,
            Self::DischargeSurvey => &mut counts.discharge_surveys,
        }
    }
}

#[cfg(test)]
mod tests;
