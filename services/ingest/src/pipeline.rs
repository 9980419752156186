//! The way of a submission, top to bottom. Comes in: a submission and its bearer token. Goes out:
//! a receipt, after the log has acknowledged it. The invariant: log first, reply second; whatever
//! is refused is refused before anything of it is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::partition;
use medvirk_eventlog::{LogAppendError, NewRecord, Topic};
use medvirk_proto::feedback::v1::GetNextItemsRequest;
use medvirk_records::codec::{encode_event, event_key};
use medvirk_runtime::auth::{AccessToken, SURVEY_SUBJECT, TokenUnits};
use medvirk_runtime::today;
use tokio::time::Instant;
use tracing::{Instrument as _, error_span};
use uuid::Uuid;

use crate::Ingest;
use crate::admission::{
    self, AdmissionRules, AdmittedBody, AdmittedSubmission, NextQuestions, RefusedSubmission,
    SentSubmission, SubmissionKind, ViolationKind,
};
use crate::code::{self, CodeClaim};
use crate::event::{EventStamp, pseudonymise};
use crate::metrics;
use crate::refusal::SubmissionRefusal;
use crate::reply::{IssuedCode, SubmissionReceipt};

/// Who sends a submission.
#[derive(Clone)]
pub(crate) enum SubmissionSender {
    /// The bearer of a token.
    Bearer(Arc<AccessToken>),
    /// Somebody without a token, who may send what a survey code admits.
    Anybody,
}

/// A submission that only the log is still to take.
struct PreparedSubmission {
    submission_id: Uuid,
    partition: u32,
    record: NewRecord,
    receipt: SubmissionReceipt,
}

impl Ingest {
    /// Who sends, by the header `authorization`. A token that does not count is refused; that
    /// there is none is told when something needs one.
    pub(crate) fn sender(
        &self,
        header: Option<&str>,
    ) -> Result<SubmissionSender, SubmissionRefusal> {
        let now = self.0.deps.clock.now_ms();
        match header {
            None => Ok(SubmissionSender::Anybody),
            some => Ok(SubmissionSender::Bearer(
                self.0.deps.verifier.authenticate(some, now)?,
            )),
        }
    }

    /// Appends one submission to the log.
    pub(crate) async fn take(
        &self,
        sender: &SubmissionSender,
        sent: SentSubmission,
    ) -> Result<SubmissionReceipt, SubmissionRefusal> {
        self.take_read(sender, sent, true).await
    }

    /// Takes one submission, unless something of it could not be read by who makes a submission of
    /// it; then it is judged all the same, so that everything that is wrong is told at once.
    pub(crate) async fn take_read(
        &self,
        sender: &SubmissionSender,
        sent: SentSubmission,
        is_readable: bool,
    ) -> Result<SubmissionReceipt, SubmissionRefusal> {
        let taken = match self.prepare(sender, &sent) {
            Ok(_) if !is_readable => Err(SubmissionRefusal::invalid(Vec::new())),
            Ok(prepared) => {
                let (submission_id, partition) = (prepared.submission_id, prepared.partition);
                let appended = self.append(partition, vec![prepared.record]);
                let span = error_span!("submission", %submission_id, partition);
                appended.instrument(span).await.map(|()| prepared.receipt)
            }
            Err(refusal) => Err(refusal),
        };
        count(sent.what, &taken);
        taken
    }

    /// Takes many submissions, each by itself; those of one partition stay in their order. One
    /// result for each, in their order.
    pub(crate) async fn take_all(
        &self,
        sender: &SubmissionSender,
        all: &[SentSubmission],
    ) -> Vec<Result<SubmissionReceipt, SubmissionRefusal>> {
        let mut results = Vec::with_capacity(all.len());
        let mut groups: BTreeMap<u32, (Vec<usize>, Vec<NewRecord>)> = BTreeMap::new();
        for (place, sent) in all.iter().enumerate() {
            results.push(self.prepare(sender, sent).map(|prepared| {
                let (places, records) = groups.entry(prepared.partition).or_default();
                places.push(place);
                records.push(prepared.record);
                prepared.receipt
            }));
        }
        let appends = groups
            .into_iter()
            .map(async |(partition, (places, records))| {
                let span = error_span!("submissions", partition, count = records.len());
                let appended = self.append(partition, records).instrument(span);
                (places, appended.await)
            });
        for (places, appended) in join_all(appends).await {
            if let Err(refusal) = appended {
                for place in places {
                    results[place] = Err(refusal.clone());
                }
            }
        }
        for (sent, result) in all.iter().zip(&results) {
            count(sent.what, result);
        }
        results
    }

    /// Says which items of an adaptive form to ask next; nothing of it is kept.
    pub(crate) fn ask(
        &self,
        sender: &SubmissionSender,
        request: &GetNextItemsRequest,
    ) -> Result<NextQuestions, SubmissionRefusal> {
        let (_, units) = authorise(sender, SubmissionKind::Session)?;
        let catalogue = self.catalogue()?;
        let rules = self.rules(&catalogue, units);
        admission::ask(request, &rules).map_err(|refused| match refused {
            RefusedSubmission::Unit { field } => SubmissionRefusal::Unit { field },
            RefusedSubmission::Invalid { violations, kinds } => {
                SubmissionRefusal::Invalid { violations, kinds }
            }
        })
    }

    /// What submissions are judged by.
    fn rules<'a>(&'a self, catalogue: &'a Catalogue, units: &'a TokenUnits) -> AdmissionRules<'a> {
        let deps = &self.0.deps;
        AdmissionRules {
            catalogue,
            today: today(&*deps.clock),
            present: *deps.present.borrow(),
            codes: &deps.codes,
            units,
        }
    }

    /// Everything but the log, in the order in which it happens.
    fn prepare(
        &self,
        sender: &SubmissionSender,
        sent: &SentSubmission,
    ) -> Result<PreparedSubmission, SubmissionRefusal> {
        let deps = &self.0.deps;
        let now = deps.clock.now_ms();
        // May this sender send such a thing at all?
        let (subject, units) = authorise(sender, sent.what)?;
        // Is every field right, by the catalogue in force? The forms are scored on the way.
        let catalogue = self.catalogue()?;
        let admitted = self.admit(sender, sent, now, &self.rules(&catalogue, units))?;
        // An invitation gets its code here, since admission knows no chance.
        let (issued, claim) = self.issue(&admitted.body)?.unzip();
        let receipt = SubmissionReceipt::of(&admitted.filled, issued);
        // What is pooled together must be in one partition.
        let partitions = deps.log.partitions(Topic::Events);
        let partition = partition::of_trust(admitted.trust, partitions);
        // From here on nothing knows who the patient is.
        let stamp = EventStamp {
            sender: subject.to_owned(),
            ingested_at: now,
            catalogue: catalogue.hash,
        };
        let event = pseudonymise(admitted, claim, stamp, &deps.pseudonyms);
        // A fresh key for every append, so that a tombstone names exactly one copy.
        let record = NewRecord::new(event_key(event.submission_id), encode_event(&event));
        Ok(PreparedSubmission {
            submission_id: Uuid::from_bytes(event.submission_id),
            partition,
            record,
            receipt,
        })
    }

    /// The catalogue of the first month that is not closed.
    pub(crate) fn catalogue(&self) -> Result<Arc<Catalogue>, SubmissionRefusal> {
        let present = *self.0.deps.present.borrow();
        let in_force = self.0.deps.plans.in_force(present);
        in_force.ok_or(SubmissionRefusal::NoCatalogue)
    }

    fn admit<'a>(
        &'a self,
        sender: &SubmissionSender,
        sent: &'a SentSubmission,
        now: i64,
        rules: &AdmissionRules<'a>,
    ) -> Result<AdmittedSubmission<'a>, SubmissionRefusal> {
        // Guessing is bounded for those without a token; a device with one is known.
        let bounded = matches!(sender, SubmissionSender::Anybody)
            && matches!(sent.what, SubmissionKind::DischargeSurvey);
        if bounded && !self.0.attempts.allowed(now) {
            return Err(SubmissionRefusal::Attempts);
        }
        admission::admit(sent, rules).map_err(|refused| match refused {
            RefusedSubmission::Unit { field } => SubmissionRefusal::Unit { field },
            RefusedSubmission::Invalid { violations, kinds } => {
                if bounded && kinds.contains(&ViolationKind::WrongCode) {
                    self.0.attempts.wrong(now);
                }
                SubmissionRefusal::Invalid { violations, kinds }
            }
        })
    }

    fn issue(
        &self,
        body: &AdmittedBody<'_>,
    ) -> Result<Option<(IssuedCode, CodeClaim)>, SubmissionRefusal> {
        let AdmittedBody::Invitation { unit_number, month } = *body else {
            return Ok(None);
        };
        let (text, claim) = self
            .0
            .deps
            .codes
            .issue(unit_number, month)
            .map_err(|error| {
                tracing::error!(%error, "cannot issue a survey code");
                SubmissionRefusal::Internal
            })?;
        let expires = code::last_month(month).to_string();
        Ok(Some((IssuedCode { text, expires }, claim)))
    }

    /// Returns only when the log has them.
    async fn append(
        &self,
        partition: u32,
        records: Vec<NewRecord>,
    ) -> Result<(), SubmissionRefusal> {
        let begun = Instant::now();
        let log = &self.0.deps.log;
        match log.append_all(Topic::Events, partition, records).await {
            Ok(_) => {
                metrics::acknowledged(begun.elapsed());
                Ok(())
            }
            Err(error) => {
                // A full log is told by its metrics; anything else is for a person.
                if !matches!(error, LogAppendError::Full) {
                    tracing::error!(%error, "cannot append to the log");
                }
                Err(error.into())
            }
        }
    }
}

/// The credential and the units of a sender who may send such a thing.
fn authorise(
    sender: &SubmissionSender,
    what: SubmissionKind,
) -> Result<(&str, &TokenUnits), SubmissionRefusal> {
    match (sender, what.role()) {
        (SubmissionSender::Bearer(token), Some(role)) => {
            token.require(role)?;
            Ok((&token.subject, &token.units))
        }
        // The code says which unit it is for, not the token.
        (SubmissionSender::Bearer(token), None) => Ok((&token.subject, &TokenUnits::All)),
        (SubmissionSender::Anybody, None) => Ok((SURVEY_SUBJECT, &TokenUnits::All)),
        (SubmissionSender::Anybody, Some(_)) => {
            Err(medvirk_runtime::auth::TokenError::Missing.into())
        }
    }
}

fn count(what: SubmissionKind, result: &Result<SubmissionReceipt, SubmissionRefusal>) {
    let outcome = result
        .as_ref()
        .err()
        .map_or(metrics::TAKEN, SubmissionRefusal::label);
    metrics::submission(what.as_str(), outcome);
}
