//! Where the aggregator stands: its checkpoints, and whether a close is overdue. Comes in: what
//! lies in the folder, the log's ends, the clock. Goes out: two checks.

use std::sync::Arc;
use std::time::Duration;

use medvirk_aggregator::PartitionProgress;
use medvirk_aggregator::{CheckpointStore, PartitionCheckpoint};
use medvirk_domain::time::Month;

use crate::check::DoctorCheck;
use crate::run::count;

/// A close that is due is looked for every half minute, and takes its time.
const PATIENCE: Duration = Duration::from_secs(600);

/// Each partition has a checkpoint that the next start can use.
pub(crate) fn checkpoints(
    kept: Arc<dyn CheckpointStore>,
    progress: &[PartitionProgress],
    ends: &[Option<u64>],
) -> DoctorCheck {
    let mut check = DoctorCheck::new("checkpoints");
    let (mut there, mut oldest) = (0, 0);
    for (partition, (progress, end)) in (0..).zip(progress.iter().zip(ends)) {
        let known = kept.get(partition).is_some();
        match PartitionCheckpoint::new(kept.clone(), partition).read() {
            Some((_, next)) if end.is_some_and(|end| next > end) => check.differs(
                format!("the checkpoint of partition {partition} is ahead of the log"),
                "find out whether the log was replaced by an older copy; the checkpoint is not \
                 used",
            ),
            Some((_, next)) => {
                there += 1;
                oldest = progress.next.saturating_sub(next).max(oldest);
            }
            None if known => check.differs(
                format!("the checkpoint of partition {partition} is torn or of another program"),
                "nothing is lost: it is not used, and written anew at the next close or stop; if \
                 it is torn again, look at the disk",
            ),
            None if progress.next > 0 => check.waits(
                format!("partition {partition} has no checkpoint yet"),
                "nothing: the first follows the first close, withdrawal or stop",
            ),
            None => {}
        }
    }
    check.compared = format!(
        "{there} of {} read back whole; the oldest is {} behind",
        count(progress.len() as u64, "checkpoint", "checkpoints"),
        count(oldest, "record", "records")
    );
    check
}

/// Whether anybody has to ask for the close of the present month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClosesByItself {
    /// It closes when it is due.
    WhenDue,
    /// The log has no record of it; it closes when it is due and has one.
    OnceRecorded,
    /// The configuration says that months do not close by themselves.
    Never,
}

/// No month that may be closed is left open.
pub(crate) fn closing(present: Month, now_ms: i64, by_itself: ClosesByItself) -> DoctorCheck {
    let mut check = DoctorCheck::new("closing");
    check.compared = format!("{present}, the first month not closed, with the clock");
    let patience = PATIENCE.as_millis() as i64;
    let from = present.closes_from();
    if from > now_ms {
        return check;
    }
    if by_itself == ClosesByItself::Never {
        check.waits(
            format!(
                "{present} may be closed; nobody does it by itself (aggregator.auto_close is off)"
            ),
            "when all of the month has been sent: `medvirk admin close-period YYYY-MM`",
        );
    } else if by_itself == ClosesByItself::OnceRecorded {
        check.waits(
            format!("{present} may be closed, and the log has no record of it"),
            "submit what belongs to it; or close it empty, for ever: `medvirk admin close-period \
             YYYY-MM`, or aggregator.close_empty = true for every such month",
        );
    } else if from + patience <= now_ms {
        check.differs(
            format!("the close of {present} is overdue"),
            "look at the system's own log lines for what holds it up; \
             `medvirk admin close-period YYYY-MM` closes it too",
        );
    } else {
        check.waits(format!("{present} is about to be closed"), "nothing");
    }
    check
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io;
    use std::sync::Mutex;

    use crate::check::DoctorVerdict;
    use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, shipped};
    use medvirk_domain::fold::Fold;
    use medvirk_domain::ids::CatalogueHash;

    use super::*;

    #[derive(Default)]
    struct Memory(Mutex<BTreeMap<u32, Vec<u8>>>);

    impl CheckpointStore for Memory {
        fn put(&self, partition: u32, bytes: &[u8]) -> io::Result<()> {
            self.0.lock().unwrap().insert(partition, bytes.to_vec());
            Ok(())
        }

        fn get(&self, partition: u32) -> Option<Vec<u8>> {
            self.0.lock().unwrap().get(&partition).cloned()
        }
    }

    fn with_one() -> Arc<Memory> {
        let kept = Arc::new(Memory::default());
        let hash = CatalogueHash::new([1; 32]);
        let catalogue = Catalogue::load(&shipped(), hash, CatalogueLimits::default()).unwrap();
        let fold = Fold::new(0, 1, "2024-01".parse().unwrap(), &catalogue);
        PartitionCheckpoint::new(kept.clone(), 0)
            .write(&fold, 40)
            .unwrap();
        kept
    }

    fn look(kept: Arc<Memory>, end: u64) -> DoctorCheck {
        let progress = PartitionProgress {
            next: 42,
            ..PartitionProgress::default()
        };
        checkpoints(kept, &[progress], &[Some(end)])
    }

    #[test]
    fn a_checkpoint_is_read_back_and_its_age_told() {
        let check = look(with_one(), 42);
        assert_eq!(check.verdict, DoctorVerdict::Agrees);
        let expected = "1 of 1 checkpoint read back whole; the oldest is 2 records behind";
        assert_eq!(check.compared, expected);
    }

    #[test]
    fn a_checkpoint_that_is_torn_missing_or_ahead_is_found() {
        let torn = with_one();
        torn.0.lock().unwrap().get_mut(&0).unwrap().pop();
        assert_eq!(look(torn, 42).verdict, DoctorVerdict::Differs);
        assert_eq!(look(with_one(), 39).verdict, DoctorVerdict::Differs);
        assert_eq!(look(Arc::default(), 42).verdict, DoctorVerdict::Waits);
    }

    #[test]
    fn a_close_is_overdue_when_it_should_have_come_by_itself() {
        let month: Month = "2024-01".parse().unwrap();
        let from = month.closes_from();
        let verdict = |now, by_itself| closing(month, now, by_itself).verdict;
        let when_due = ClosesByItself::WhenDue;
        assert_eq!(verdict(from - 1, when_due), DoctorVerdict::Agrees);
        assert_eq!(verdict(from + 1, when_due), DoctorVerdict::Waits);
        assert_eq!(verdict(from + 600_000, when_due), DoctorVerdict::Differs);
        let never = ClosesByItself::Never;
        assert_eq!(verdict(from + 600_000, never), DoctorVerdict::Waits);
    }

    #[test]
    fn a_month_without_a_record_says_what_can_be_done() {
        let month: Month = "2024-01".parse().unwrap();
        let check = closing(
            month,
            month.closes_from() + 600_000,
            ClosesByItself::OnceRecorded,
        );
        assert_eq!(check.verdict, DoctorVerdict::Waits);
        assert!(check.findings[0].advice.contains("aggregator.close_empty"));
    }
}
