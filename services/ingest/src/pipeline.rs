//! The way of a submission, top to bottom. Comes in: a submission and its bearer token. Goes out:
//! a receipt, after the log has acknowledged it. The invariant: log first, reply second; whatever
//! is refused is refused before anything of it is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::partition;
use medvirk_eventlog::{Error as LogError, NewRecord, Topic};
use medvirk_proto::feedback::v1::GetNextItemsRequest;
use medvirk_records::codec::{encode_event, event_key};
use medvirk_runtime::auth::{SURVEY_SUBJECT, Token, Units};
use medvirk_runtime::today;
use tokio::time::Instant;
use tracing::{Instrument as _, error_span};
use uuid::Uuid;

use crate::Ingest;
use crate::admission::{self, Admitted, Asked, Body, Refused, Rules, Sent, ViolationKind, What};
use crate::code::{self, Claim};
use crate::event::{Stamp, pseudonymise};
use crate::metrics;
use crate::refusal::Refusal;
use crate::reply::{IssuedCode, Receipt};

/// Who sends.
#[derive(Clone)]
pub(crate) enum Sender {
    /// The bearer of a token.
    Bearer(Arc<Token>),
    /// Somebody without a token, who may send what a survey code admits.
    Anybody,
}

/// A submission that only the log is still to take.
struct Prepared {
    submission_id: Uuid,
    partition: u32,
    record: NewRecord,
    receipt: Receipt,
}

impl Ingest {
    /// Who sends, by the header `authorization`. A token that does not count is refused; that
    /// there is none is told when something needs one.
    pub(crate) fn sender(&self, header: Option<&str>) -> Result<Sender, Refusal> {
        let now = self.0.deps.clock.now_ms();
        match header {
            None => Ok(Sender::Anybody),
            some => Ok(Sender::Bearer(
                self.0.deps.verifier.authenticate(some, now)?,
            )),
        }
    }

    /// Takes one submission.
    pub(crate) async fn take(&self, sender: &Sender, sent: Sent) -> Result<Receipt, Refusal> {
        self.take_read(sender, sent, true).await
    }

    /// Takes one submission, unless something of it could not be read by who makes a submission of
    /// it; then it is judged all the same, so that everything that is wrong is told at once.
    pub(crate) async fn take_read(
        &self,
        sender: &Sender,
        sent: Sent,
        is_readable: bool,
    ) -> Result<Receipt, Refusal> {
        let taken = match self.prepare(sender, &sent) {
            Ok(_) if !is_readable => Err(Refusal::invalid(Vec::new())),
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
        sender: &Sender,
        all: &[Sent],
    ) -> Vec<Result<Receipt, Refusal>> {
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
        sender: &Sender,
        request: &GetNextItemsRequest,
    ) -> Result<Asked, Refusal> {
        let (_, units) = authorise(sender, What::Session)?;
        let catalogue = self.catalogue()?;
        let rules = self.rules(&catalogue, units);
        admission::ask(request, &rules).map_err(|refused| match refused {
            Refused::Unit { field } => Refusal::Unit { field },
            Refused::Invalid { violations, kinds } => Refusal::Invalid { violations, kinds },
        })
    }

    /// What submissions are judged by.
    fn rules<'a>(&'a self, catalogue: &'a Catalogue, units: &'a Units) -> Rules<'a> {
        let deps = &self.0.deps;
        Rules {
            catalogue,
            today: today(&*deps.clock),
            present: *deps.present.borrow(),
            codes: &deps.codes,
            units,
        }
    }

    /// Everything but the log, in the order in which it happens.
    fn prepare(&self, sender: &Sender, sent: &Sent) -> Result<Prepared, Refusal> {
        let deps = &self.0.deps;
        let now = deps.clock.now_ms();
        // May this sender send such a thing at all?
        let (subject, units) = authorise(sender, sent.what)?;
        // Is every field right, by the catalogue in force? The forms are scored on the way.
        let catalogue = self.catalogue()?;
        let admitted = self.admit(sender, sent, now, &self.rules(&catalogue, units))?;
        // An invitation gets its code here, since admission knows no chance.
        let (issued, claim) = self.issue(&admitted.body)?.unzip();
        let receipt = Receipt::of(&admitted.filled, issued);
        // What is pooled together must be in one partition.
        let partitions = deps.log.partitions(Topic::Events);
        let partition = partition::of_trust(admitted.trust, partitions);
        // From here on nothing knows who the patient is.
        let stamp = Stamp {
            sender: subject.to_owned(),
            ingested_at: now,
            catalogue: catalogue.hash,
        };
        let event = pseudonymise(admitted, claim, stamp, &deps.pseudonyms);
        // A fresh key for every append, so that a tombstone names exactly one copy.
        let record = NewRecord::new(event_key(event.submission_id), encode_event(&event));
        Ok(Prepared {
            submission_id: Uuid::from_bytes(event.submission_id),
            partition,
            record,
            receipt,
        })
    }

    /// The catalogue of the first month that is not closed.
    pub(crate) fn catalogue(&self) -> Result<Arc<Catalogue>, Refusal> {
        let present = *self.0.deps.present.borrow();
        let in_force = self.0.deps.plans.in_force(present);
        in_force.ok_or(Refusal::NoCatalogue)
    }

    fn admit<'a>(
        &'a self,
        sender: &Sender,
        sent: &'a Sent,
        now: i64,
        rules: &Rules<'a>,
    ) -> Result<Admitted<'a>, Refusal> {
        // Guessing is bounded for those without a token; a device with one is known.
        let bounded =
            matches!(sender, Sender::Anybody) && matches!(sent.what, What::DischargeSurvey);
        if bounded && !self.0.attempts.allowed(now) {
            return Err(Refusal::Attempts);
        }
        admission::admit(sent, rules).map_err(|refused| match refused {
            Refused::Unit { field } => Refusal::Unit { field },
            Refused::Invalid { violations, kinds } => {
                if bounded && kinds.contains(&ViolationKind::WrongCode) {
                    self.0.attempts.wrong(now);
                }
                Refusal::Invalid { violations, kinds }
            }
        })
    }

    fn issue(&self, body: &Body<'_>) -> Result<Option<(IssuedCode, Claim)>, Refusal> {
        let Body::Invitation { unit_number, month } = *body else {
            return Ok(None);
        };
        let (text, claim) = self
            .0
            .deps
            .codes
            .issue(unit_number, month)
            .map_err(|error| {
                tracing::error!(%error, "cannot issue a survey code");
                Refusal::Internal
            })?;
        let expires = code::last_month(month).to_string();
        Ok(Some((IssuedCode { text, expires }, claim)))
    }

    /// Returns only when the log has them.
    async fn append(&self, partition: u32, records: Vec<NewRecord>) -> Result<(), Refusal> {
        let begun = Instant::now();
        let log = &self.0.deps.log;
        match log.append_all(Topic::Events, partition, records).await {
            Ok(_) => {
                metrics::acknowledged(begun.elapsed());
                Ok(())
            }
            Err(error) => {
                // A full log is told by its metrics; anything else is for a person.
                if !matches!(error, LogError::Full) {
                    tracing::error!(%error, "cannot append to the log");
                }
                Err(error.into())
            }
        }
    }
}

/// The credential and the units of a sender who may send such a thing.
fn authorise(sender: &Sender, what: What) -> Result<(&str, &Units), Refusal> {
    match (sender, what.role()) {
        (Sender::Bearer(token), Some(role)) => {
            token.require(role)?;
            Ok((&token.subject, &token.units))
        }
        // The code says which unit it is for, not the token.
        (Sender::Bearer(token), None) => Ok((&token.subject, &Units::All)),
        (Sender::Anybody, None) => Ok((SURVEY_SUBJECT, &Units::All)),
        (Sender::Anybody, Some(_)) => Err(medvirk_runtime::auth::Error::Missing.into()),
    }
}

fn count(what: What, result: &Result<Receipt, Refusal>) {
    let outcome = result.as_ref().err().map_or(metrics::TAKEN, Refusal::label);
    metrics::submission(what.as_str(), outcome);
}
