//! Withdrawals and renewals. Comes in: a reference or a survey code. Goes out: control records, and
//! what they erase. The invariants: nobody is told of an erasure that is none, so a subject of whom
//! the log has nothing is named as unknown; every spelling under which somebody is known is erased;
//! no message has anything of the reference.

use medvirk_domain::ids::{Pseudonym, TrustId};
use medvirk_domain::partition;
use medvirk_domain::record::{ControlRecord, WithdrawalScope, WithdrawalSubject};
use medvirk_domain::reference::{
    ReferenceKind, check_reference, normalised_reference, spellings_of_reference,
};
use medvirk_eventlog::{Log, Topic};
use medvirk_proto::admin::v1 as wire;
use tonic::Status;

use crate::admin::AdminCalls;
use crate::status::status;
use crate::withdrawal::{RecordedWithdrawal, SubjectSearch};

/// Quotation marks in which spreadsheets and shells leave texts.
const QUOTES: [char; 8] = ['"', '\'', '«', '»', '“', '”', '„', '’'];

/// Whoever a request may mean.
struct SoughtSubject {
    /// The given spelling first, then the others.
    subjects: Vec<WithdrawalSubject>,
    /// The one that doors take from now on; none where they take no spelling of it.
    taken: Option<WithdrawalSubject>,
    /// The partitions in which there can be anything of them.
    partitions: Vec<u32>,
    /// What may be the reason where nobody is known.
    hint: String,
}

impl AdminCalls {
    /// Erases whoever is known by the reference or the code; with `even_if_unknown` also whoever
    /// may come under it.
    pub(crate) async fn withdraw_subject(
        &self,
        request: wire::WithdrawRequest,
        scope: WithdrawalScope,
    ) -> Result<RecordedWithdrawal, Status> {
        let sought = self.sought(request.subject, &request.trust)?;
        let mut searches = self.searches(&sought).await?;
        let known = sought.known(&searches);
        if known.is_empty() && !request.even_if_unknown {
            return Err(sought.unknown(&searches));
        }
        if known.is_empty() && sought.taken.is_none() {
            let message = format!(
                "nothing can ever come under this reference, so nothing was written: {}",
                sought.hint
            );
            return Err(Status::invalid_argument(message));
        }
        let other_spelling = known.first().is_some_and(|first| !sought.is_given(*first));
        // Doors take one spelling; somebody who is known by another one may come under it later.
        let mut withdrawing = known;
        withdrawing.extend(sought.taken.filter(|it| !withdrawing.contains(it)));
        let (mut at, mut offsets) = (0, Vec::new());
        for subject in &withdrawing {
            let control = ControlRecord::Withdrawal {
                subject: *subject,
                scope,
            };
            // The last one stands behind the others in every partition.
            (at, offsets) = self.broadcast(control).await?;
        }
        let before = |subject: &WithdrawalSubject| {
            let pseudonym = pseudonym(*subject);
            searches
                .iter()
                .any(|search| search.has_withdrawn(pseudonym))
        };
        let mut records = wire::WithdrawnRecords {
            withdrawn_before: withdrawing.iter().any(before),
            ..wire::WithdrawnRecords::default()
        };
        for search in &mut searches {
            // Also what came while it was searched, up to the withdrawal itself.
            let end = offsets.get(search.partition() as usize).copied();
            let rest = search.run_until(end.unwrap_or_default()).await;
            rest.map_err(status)?;
            for subject in &withdrawing {
                search.count(pseudonym(*subject), scope, &mut records);
            }
        }
        Ok(RecordedWithdrawal {
            at,
            offsets,
            records,
            other_spelling,
        })
    }

    /// Lets whoever is known by the reference, and has withdrawn, take part again.
    pub(crate) async fn renew_person(&self, request: wire::RenewRequest) -> Result<(), Status> {
        let subject = wire::withdraw_request::Subject::Patient(request.patient);
        let sought = self.sought(Some(subject), &request.trust)?;
        let searches = self.searches(&sought).await?;
        let known = sought.known(&searches);
        if known.is_empty() {
            return Err(sought.unknown(&searches));
        }
        let withdrawn = |subject: &&WithdrawalSubject| {
            let pseudonym = pseudonym(**subject);
            searches.iter().any(|it| it.has_withdrawn(pseudonym))
        };
        let renewing: Vec<Pseudonym> = known
            .iter()
            .filter(withdrawn)
            .map(|it| pseudonym(*it))
            .collect();
        if renewing.is_empty() {
            let message = "this patient takes part: there is no withdrawal to take back";
            return Err(Status::failed_precondition(message));
        }
        for person in renewing {
            self.broadcast(ControlRecord::Renewal { person }).await?;
        }
        Ok(())
    }

    /// A wrong trust would erase nobody and say that it had, so it must be one that there is.
    fn trust(&self, id: &str) -> Result<TrustId, Status> {
        let trust = id.parse().ok().filter(|id| self.plans.know_trust(id));
        trust.ok_or_else(|| {
            Status::invalid_argument("trust: name the trust whose reference it is, by its id")
        })
    }

    fn sought(
        &self,
        subject: Option<wire::withdraw_request::Subject>,
        trust: &str,
    ) -> Result<SoughtSubject, Status> {
        match subject {
            Some(wire::withdraw_request::Subject::Patient(patient)) => {
                Ok(self.sought_patient(self.trust(trust)?, &patient))
            }
            Some(wire::withdraw_request::Subject::Code(code)) => self.sought_code(&code),
            None => Err(Status::invalid_argument("subject: name patient or code")),
        }
    }

    fn sought_patient(&self, trust: TrustId, patient: &str) -> SoughtSubject {
        let subject = |text: &str| WithdrawalSubject::Person(self.pseudonyms.patient(&trust, text));
        let catalogue = self.plans.in_force(self.aggregator.present());
        let entry = catalogue
            .as_ref()
            .and_then(|it| it.organisations.trusts.get(&trust));
        let patterns = entry.map(|it| it.references.clone()).unwrap_or_default();
        let taken = normalised_reference(patient);
        let checked = check_reference(ReferenceKind::Patient, &taken, &patterns);
        let quoted = is_quoted(patient.trim());
        let hint = match &checked {
            _ if quoted => "it stands in quotation marks; take them away".to_owned(),
            Err(fault) => format!("a reference {fault}"),
            Ok(()) => String::new(),
        };
        // Doors would take a reference in quotation marks, but nobody calls a patient so.
        let is_taken = checked.is_ok() && !quoted;
        let partitions = self.log.partitions(Topic::Events);
        SoughtSubject {
            subjects: spellings_of_reference(patient)
                .iter()
                .map(|text| subject(text))
                .collect(),
            taken: is_taken.then(|| subject(&taken)),
            partitions: vec![partition::of_trust(&trust, partitions)],
            hint,
        }
    }

    fn sought_code(&self, code: &str) -> Result<SoughtSubject, Status> {
        let claim = self
            .codes
            .read(code)
            .map_err(|_| Status::invalid_argument("code: this is not a code of this service"))?;
        let subject = WithdrawalSubject::Code(claim.pseudonym(&self.pseudonyms));
        let partitions = self.log.partitions(Topic::Events);
        let catalogue = self.plans.in_force(self.aggregator.present());
        let trust = catalogue.as_ref().and_then(|catalogue| {
            let organisations = &catalogue.organisations;
            organisations.trust_of(organisations.unit_numbered(claim.unit_number())?)
        });
        Ok(SoughtSubject {
            subjects: vec![subject],
            taken: Some(subject),
            // A unit that is in the catalogue no more may have been in any trust.
            partitions: match trust {
                Some(trust) => vec![partition::of_trust(trust, partitions)],
                None => (0..partitions).collect(),
            },
            hint: String::new(),
        })
    }

    async fn searches(&self, sought: &SoughtSubject) -> Result<Vec<SubjectSearch<'_>>, Status> {
        let mut searches = Vec::new();
        for partition in &sought.partitions {
            let subjects = sought.subjects.iter().chain(&sought.taken);
            let pseudonyms: std::collections::BTreeSet<_> =
                subjects.map(|subject| pseudonym(*subject)).collect();
            let log: &dyn Log = self.log.as_ref();
            let mut search = SubjectSearch::new(log, *partition, pseudonyms);
            search.run().await.map_err(status)?;
            searches.push(search);
        }
        Ok(searches)
    }
}

impl SoughtSubject {
    /// Those of whom the log has anything, the given spelling first.
    fn known(&self, searches: &[SubjectSearch<'_>]) -> Vec<WithdrawalSubject> {
        let known = |subject: &&WithdrawalSubject| {
            let pseudonym = pseudonym(**subject);
            searches.iter().any(|search| search.knows(pseudonym))
        };
        self.subjects.iter().filter(known).copied().collect()
    }

    fn is_given(&self, subject: WithdrawalSubject) -> bool {
        self.subjects.first() == Some(&subject)
    }

    fn unknown(&self, searches: &[SubjectSearch<'_>]) -> Status {
        let mut message = match self.subjects.first() {
            Some(WithdrawalSubject::Code(_)) => {
                "unknown: nothing in the log is of this code, and nothing was written".to_owned()
            }
            _ => {
                "unknown: nobody in the log of this trust has this reference, as given, in NFC or \
                  NFD, or without outer white space; nothing was written. Look at its spelling"
                    .to_owned()
            }
        };
        if !self.hint.is_empty() {
            message = format!("{message}: {}", self.hint);
        }
        let damaged: u64 = searches.iter().map(SubjectSearch::damaged).sum();
        if damaged > 0 {
            let lost = format!(
                ". {damaged} records of the log are damaged, and nobody knows whose they are"
            );
            message.push_str(&lost);
        }
        Status::not_found(message)
    }
}

/// True for a text that a spreadsheet or a shell has put in quotation marks.
fn is_quoted(text: &str) -> bool {
    text.chars().count() > 1 && text.starts_with(QUOTES) && text.ends_with(QUOTES)
}

const fn pseudonym(subject: WithdrawalSubject) -> Pseudonym {
    let (WithdrawalSubject::Person(pseudonym) | WithdrawalSubject::Code(pseudonym)) = subject;
    pseudonym
}
