//! AdminService: control records, catalogues, dead letters, rebuilds. Comes in: calls with the
//! role `admin`. Goes out: records in the log, and what became of them. The invariant: nothing is
//! done here that a record in the log does not say.

use medvirk_aggregator as aggregator;
use medvirk_domain::catalogue::SourceFile;
use medvirk_domain::partition;
use medvirk_domain::record::{Event, LogRecord, WithdrawalScope};
use medvirk_domain::time::Month;
use medvirk_eventlog::{NewRecord, OffsetReadError, Topic};
use medvirk_proto::admin::v1 as wire;
use medvirk_proto::admin::v1::admin_service_server::AdminService;
use medvirk_records::catalogue;
use medvirk_records::codec::{self, DeadLetter};
use medvirk_records::dead_letters::{StandingLetter, StandingLetters};
use medvirk_runtime::rfc3339;
use tonic::{Request, Response, Status};

use super::admin::AdminCalls;
use super::doctor::DoctorStream;
use super::status::{internal, status};
use super::withdrawal::{self, PartitionReached, WithdrawalReceipt};

type AdminAnswer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl AdminService for AdminCalls {
    async fn activate_catalogue(
        &self,
        request: Request<wire::ActivateCatalogueRequest>,
    ) -> AdminAnswer<wire::ActivateCatalogueResponse> {
        let request = self.admitted(request)?;
        let from = month("from", &request.from)?;
        let file = |file: wire::CatalogueFile| SourceFile {
            path: file.path,
            text: file.text,
        };
        let files = request.files.into_iter().map(file).collect();
        let last_closed = Some(self.aggregator.present().previous());
        let activated =
            catalogue::activate(self.log.as_ref(), &self.plans, files, from, last_closed);
        let hash = activated.await.map_err(status)?;
        Ok(Response::new(wire::ActivateCatalogueResponse {
            hash: hash.to_string(),
            from: from.to_string(),
        }))
    }

    async fn get_catalogue(
        &self,
        request: Request<wire::GetCatalogueRequest>,
    ) -> AdminAnswer<wire::GetCatalogueResponse> {
        self.admitted(request)?;
        let missing = || Status::internal("no catalogue is in force");
        let plan = self
            .plans
            .plan_in_force(self.aggregator.present())
            .ok_or_else(missing)?;
        let files = self.plans.files(&plan.catalogue).ok_or_else(missing)?;
        let file = |file: &SourceFile| wire::CatalogueFile {
            path: file.path.clone(),
            text: file.text.clone(),
        };
        Ok(Response::new(wire::GetCatalogueResponse {
            hash: plan.catalogue.to_string(),
            files: files.iter().map(file).collect(),
        }))
    }

    async fn close_period(
        &self,
        request: Request<wire::ClosePeriodRequest>,
    ) -> AdminAnswer<wire::ClosePeriodResponse> {
        let month = month("month", &self.admitted(request)?.month)?;
        if self.clock.now_ms() < month.closes_from() {
            let message = format!("{month} may be closed five days after its end, not before");
            return Err(Status::failed_precondition(message));
        }
        let closed = aggregator::close_until(&self.aggregator, month).await;
        let closed = closed.map_err(status)?;
        // Whoever has closed a month sees it in the next answer; elsewhere it takes up to a second.
        if let Some(report) = &self.report
            && let Err(error) = report.look().await
        {
            tracing::debug!(%error, "the close is shown with the next question");
        }
        let closed = closed.iter().map(ToString::to_string).collect();
        Ok(Response::new(wire::ClosePeriodResponse { closed }))
    }

    async fn withdraw(
        &self,
        request: Request<wire::WithdrawRequest>,
    ) -> AdminAnswer<wire::WithdrawResponse> {
        let request = self.admitted(request)?;
        let asked = request.scope();
        let scope = match asked {
            wire::WithdrawalScope::Registry => WithdrawalScope::Registry,
            wire::WithdrawalScope::All => WithdrawalScope::All,
            wire::WithdrawalScope::Unspecified => {
                return Err(Status::invalid_argument("scope: name REGISTRY or ALL"));
            }
        };
        let withdrawn = self.withdraw_subject(request, scope).await?;
        let receipt = WithdrawalReceipt::new(self.log.as_ref(), &withdrawn, asked).await;
        Ok(Response::new(wire::WithdrawResponse {
            at: rfc3339(withdrawn.at),
            receipt: receipt.map_err(status)?.text(),
            records: Some(withdrawn.records),
            other_spelling: withdrawn.other_spelling,
        }))
    }

    async fn get_withdrawal(
        &self,
        request: Request<wire::GetWithdrawalRequest>,
    ) -> AdminAnswer<wire::GetWithdrawalResponse> {
        let request = self.admitted(request)?;
        let log = self.log.as_ref();
        let receipt = WithdrawalReceipt::read(log, &request.receipt).await;
        let receipt = receipt.map_err(status)?.ok_or_else(|| {
            Status::invalid_argument("receipt: this is not a receipt of this deployment")
        })?;
        let reached = self.reached().await.map_err(status)?;
        let (within, now) = (log.erased_within(), self.clock.now_ms());
        let answer = withdrawal::answer(&receipt, &reached, within, now);
        Ok(Response::new(answer))
    }

    async fn renew(
        &self,
        request: Request<wire::RenewRequest>,
    ) -> AdminAnswer<wire::RenewResponse> {
        self.renew_person(self.admitted(request)?).await?;
        Ok(Response::new(wire::RenewResponse {}))
    }

    async fn list_dead_letters(
        &self,
        request: Request<wire::ListDeadLettersRequest>,
    ) -> AdminAnswer<wire::ListDeadLettersResponse> {
        self.admitted(request)?;
        let letters = self.dead_letters().await?;
        let dead_letters = letters
            .iter()
            .map(|letter| summary(letter.offset, &letter.kept))
            .collect();
        Ok(Response::new(wire::ListDeadLettersResponse {
            dead_letters,
        }))
    }

    async fn replay_dead_letters(
        &self,
        request: Request<wire::ReplayDeadLettersRequest>,
    ) -> AdminAnswer<wire::ReplayDeadLettersResponse> {
        let wanted = self.admitted(request)?.ids;
        let mut answer = wire::ReplayDeadLettersResponse::default();
        for StandingLetter {
            offset: id,
            kept: letter,
            ..
        } in self.dead_letters().await?
        {
            if !wanted.is_empty() && !wanted.contains(&id) {
                continue;
            }
            // What nobody can read or place yet would only come back.
            let event = match codec::decode_event(&letter.value) {
                Ok(LogRecord::Event(event)) => Some(event),
                _ => None,
            };
            let placed = event.and_then(|event| Some((self.partition_of(&event)?, event)));
            if let Some((partition, event)) = placed {
                let key = codec::event_key(event.submission_id);
                self.send_again(partition, NewRecord::new(key, letter.value.clone()))
                    .await?;
                self.discard(&letter).await?;
                answer.replayed += 1;
            } else {
                answer.refused.push(summary(id, &letter));
            }
        }
        Ok(Response::new(answer))
    }

    async fn rebuild_indicators(
        &self,
        request: Request<wire::RebuildIndicatorsRequest>,
    ) -> AdminAnswer<wire::RebuildIndicatorsResponse> {
        self.admitted(request)?;
        let rebuilt = self.aggregator.rebuild().await;
        let aggregator::RebuildResult { rows, months } =
            rebuilt.map_err(|error| internal("rebuild the indicators", &error))?;
        Ok(Response::new(wire::RebuildIndicatorsResponse {
            rows,
            months,
        }))
    }

    async fn get_status(
        &self,
        request: Request<wire::GetStatusRequest>,
    ) -> AdminAnswer<wire::GetStatusResponse> {
        self.admitted(request)?;
        let present = self.aggregator.present();
        let progress = self.aggregator.progress_of_all().await;
        let progress = progress.map_err(status)?;
        let published = progress
            .iter()
            .map(|progress| progress.published)
            .min()
            .flatten();
        let (mut fold_lag, mut registry_lag) = (0, 0);
        for (partition, folded) in (0..).zip(&progress) {
            let end = self.log.end(Topic::Events, partition).await;
            let end = end.map_err(status)?;
            // Registrars may be other processes; what they have committed is in the log.
            let log = &self.log;
            let stored = log.committed(medvirk_registrar::GROUP, Topic::Events, partition);
            let stored = stored.await.map_err(status)?;
            fold_lag += end.saturating_sub(folded.next);
            registry_lag += end.saturating_sub(stored.unwrap_or(0));
        }
        let plan = self.plans.plan_in_force(present);
        Ok(Response::new(wire::GetStatusResponse {
            catalogue: plan
                .map(|plan| plan.catalogue.to_string())
                .unwrap_or_default(),
            first_month: self.first_month.to_string(),
            closed_until: published.map(|month| month.to_string()).unwrap_or_default(),
            partitions: self.log.partitions(Topic::Events),
            fold_lag,
            registry_lag,
        }))
    }

    type ExamineStream = DoctorStream;

    async fn examine(
        &self,
        request: Request<wire::ExamineRequest>,
    ) -> AdminAnswer<Self::ExamineStream> {
        self.admitted(request)?;
        Ok(Response::new(self.doctor.begin()?))
    }
}

impl AdminCalls {
    /// How far each partition of the events was worked through, by whichever process.
    async fn reached(&self) -> Result<Vec<PartitionReached>, OffsetReadError> {
        let mut all = Vec::new();
        for (partition, progress) in (0..).zip(self.aggregator.progress_of_all().await?) {
            let group = medvirk_registrar::GROUP;
            let kept = self.log.committed(group, Topic::Events, partition).await?;
            all.push(PartitionReached {
                kept: kept.unwrap_or(0),
                folded: progress.next,
            });
        }
        Ok(all)
    }

    /// Every dead letter that stands, once, by its place in the topic.
    async fn dead_letters(&self) -> Result<Vec<StandingLetter<DeadLetter>>, Status> {
        let mut letters = StandingLetters::new(usize::MAX);
        let read = letters.read_on(self.log.as_ref(), Some).await;
        read.map_err(status)?;
        Ok(letters.into_ordered())
    }

    /// Where ingest would put it; none if the catalogue that it names does not know its unit.
    fn partition_of(&self, event: &Event) -> Option<u32> {
        let catalogue = self.plans.get(&event.catalogue)?;
        let trust = catalogue.organisations.trust_of(&event.unit)?;
        let partitions = self.log.partitions(Topic::Events);
        Some(partition::of_trust(trust, partitions))
    }

    /// Appends it once more, as an ordinary resubmission.
    async fn send_again(&self, partition: u32, record: NewRecord) -> Result<(), Status> {
        let sent = self.log.append(Topic::Events, partition, record).await;
        sent.map(|_| ()).map_err(status)
    }

    async fn discard(&self, letter: &DeadLetter) -> Result<(), Status> {
        let tombstone = NewRecord::tombstone(letter.key.clone());
        let sent = self.log.append(Topic::DeadLetter, 0, tombstone).await;
        sent.map(|_| ()).map_err(status)
    }
}

fn summary(id: u64, letter: &DeadLetter) -> wire::DeadLetterSummary {
    wire::DeadLetterSummary {
        id,
        topic: letter.topic.name().to_owned(),
        partition: letter.partition,
        offset: letter.offset,
        reason: letter.reason.clone(),
        bytes: letter.value.len() as u64,
        set_aside_at: rfc3339(letter.set_aside_at),
    }
}

fn month(field: &str, text: &str) -> Result<Month, Status> {
    let wrong = |_| Status::invalid_argument(format!("{field}: a month is YYYY-MM"));
    text.parse().map_err(wrong)
}
