//! What the doctor says. Comes in: what was compared and what was found. Goes out: checks, reported
//! one by one. The invariant: a finding is a sentence about places and numbers, never about a person,
//! and it comes with what to do next.

use tokio::sync::mpsc;

/// So many findings of a check are told in words; the others are counted.
const TOLD: usize = 10;

/// How a check came out, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DoctorVerdict {
    /// What was compared is the same.
    Agrees,
    /// Something is still to be done, and will be done by itself or by an operator.
    Waits,
    /// What was compared can differ for a good reason.
    NotComparable,
    /// It could not be looked at.
    NotSeen,
    /// A promise is broken.
    Differs,
}

impl DoctorVerdict {
    /// The words for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Waits => "waits",
            Self::NotComparable => "not comparable",
            Self::NotSeen => "not seen",
            Self::Differs => "differs",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoctorFinding {
    /// How bad it is.
    pub verdict: DoctorVerdict,
    /// What is there, or is not.
    pub found: String,
    /// What to do next.
    pub advice: &'static str,
}

/// One comparison of the doctor, with what it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoctorCheck {
    /// A short name, the same in every report.
    pub name: &'static str,
    /// What was compared with what, and how many.
    pub compared: String,
    /// The worst verdict of all findings.
    pub verdict: DoctorVerdict,
    /// The first findings; [`DoctorCheck::found`] counts all of them.
    pub findings: Vec<DoctorFinding>,
    /// How many more there are.
    pub more: u64,
}

/// What an examination tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoctorMessage {
    /// A check has begun.
    Begun(&'static str),
    /// A check is done.
    Done(DoctorCheck),
}

/// Where an examination tells what it finds. Clones tell the same listener; nobody need listen.
#[derive(Clone)]
pub struct DoctorReport(mpsc::Sender<DoctorMessage>);

impl DoctorReport {
    /// An examination and its listener.
    pub fn new() -> (Self, mpsc::Receiver<DoctorMessage>) {
        let (sender, receiver) = mpsc::channel(16);
        (Self(sender), receiver)
    }

    /// Tells that a check begins.
    pub async fn begin(&self, name: &'static str) {
        // Who does not listen any more does not want to know.
        let _ = self.0.send(DoctorMessage::Begun(name)).await;
    }

    /// Tells what a check has found.
    pub async fn tell(&self, check: DoctorCheck) {
        let _ = self.0.send(DoctorMessage::Done(check)).await;
    }

    /// Waits until nobody listens any more.
    pub async fn abandoned(&self) {
        self.0.closed().await;
    }
}

impl DoctorCheck {
    /// A check that has found nothing yet.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            compared: String::new(),
            verdict: DoctorVerdict::Agrees,
            findings: Vec::new(),
            more: 0,
        }
    }

    /// Adds one finding to the check.
    pub fn find(&mut self, verdict: DoctorVerdict, found: impl Into<String>, advice: &'static str) {
        self.verdict = self.verdict.max(verdict);
        // What is worse must be among those that are told.
        let place = self
            .findings
            .partition_point(|known| known.verdict >= verdict);
        let found = found.into();
        let finding = DoctorFinding {
            verdict,
            found,
            advice,
        };
        self.findings.insert(place, finding);
        if self.findings.len() > TOLD {
            self.findings.truncate(TOLD);
            self.more += 1;
        }
    }

    /// Something is not as it was promised.
    pub fn differs(&mut self, found: impl Into<String>, advice: &'static str) {
        self.find(DoctorVerdict::Differs, found, advice);
    }

    /// Something could not be looked at.
    pub fn not_seen(&mut self, found: impl Into<String>, advice: &'static str) {
        self.find(DoctorVerdict::NotSeen, found, advice);
    }

    /// Something may differ for a good reason.
    pub fn not_comparable(&mut self, found: impl Into<String>, advice: &'static str) {
        self.find(DoctorVerdict::NotComparable, found, advice);
    }

    /// Something is still to be done.
    pub fn waits(&mut self, found: impl Into<String>, advice: &'static str) {
        self.find(DoctorVerdict::Waits, found, advice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_decides_and_is_told_first() {
        let mut check = DoctorCheck::new("tables");
        assert_eq!(check.verdict, DoctorVerdict::Agrees);
        check.waits("a month is being published", "wait");
        check.differs("a row is missing", "rebuild");
        check.not_comparable("records were erased", "nothing");
        assert_eq!(check.verdict, DoctorVerdict::Differs);
        let told: Vec<_> = check.findings.iter().map(|one| one.verdict).collect();
        let worst_first = [
            DoctorVerdict::Differs,
            DoctorVerdict::NotComparable,
            DoctorVerdict::Waits,
        ];
        assert_eq!(told, worst_first);
    }

    #[test]
    fn a_thousand_findings_are_counted_and_the_worst_is_told() {
        let mut check = DoctorCheck::new("rows");
        for number in 0..1_000 {
            check.waits(format!("row {number}"), "wait");
        }
        check.differs("a row is missing", "rebuild");
        assert_eq!((check.findings.len(), check.more), (TOLD, 991));
        assert_eq!(check.findings[0].found, "a row is missing");
    }

    #[tokio::test]
    async fn nobody_need_listen() {
        let (report, listener) = DoctorReport::new();
        drop(listener);
        for _ in 0..100 {
            report.begin("log").await;
        }
        report.abandoned().await;
    }
}
