//! The closes that a task makes. Comes in: a view of one partition of the ledger. Goes out: the close
//! of a month that counts. The invariant: a close counts only once it was read back, so that two
//! tasks that write the same month obey the same record.

use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use medvirk_eventlog::PassingError as _;
use medvirk_records::ledger::LedgerView;

use crate::AggregatorError;
use crate::patience::pause;

/// The first close of the month in the ledger, and whether it was asked of `compute`. Where there
/// is none yet, appends what `compute` gives, as often as it takes until one is read.
pub(crate) async fn first_close(
    ledger: &mut LedgerView,
    month: Month,
    compute: impl FnOnce() -> Close,
) -> Result<(Close, bool), AggregatorError> {
    ledger.read_to_end().await?;
    if let Some(close) = ledger.closes().get(&month) {
        return Ok((close.clone(), false));
    }
    let computed = compute();
    loop {
        match ledger.append(&computed).await {
            Ok(()) => {}
            // Unknown is no reason to stop: the read decides, and a second copy is harmless.
            Err(error) if error.is_passing() => pause("append a close", &error).await,
            Err(error) => return Err(error.into()),
        }
        ledger.read_to_end().await?;
        if let Some(close) = ledger.closes().get(&month) {
            return Ok((close.clone(), true));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use medvirk_domain::ids::CatalogueHash;
    use medvirk_eventlog::{Log, NewRecord, Topic};
    use medvirk_records::codec;

    use super::*;

    use crate::tests::OddLedger;

    fn close(month: &str, offset: u64) -> Close {
        Close {
            month: month.parse().unwrap(),
            offset,
            catalogue: CatalogueHash::new([7; 32]),
            fold_version: 1,
            rows: Vec::new(),
        }
    }

    async fn log() -> (tempfile::TempDir, Arc<dyn Log>) {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("file:{}", dir.path().display());
        let log = medvirk_eventlog::open(&url, 2).await.unwrap();
        (dir, log)
    }

    #[tokio::test]
    async fn the_first_close_of_a_month_is_obeyed_also_when_it_is_somebody_elses() {
        let (_dir, log) = log().await;
        let mut ours = LedgerView::new(log.clone(), 1);
        let mut theirs = LedgerView::new(log, 1);
        let month = "2024-01".parse().unwrap();
        ours.read_to_end().await.unwrap();
        // They write between our computing and our appending.
        let (first, computed) = first_close(&mut theirs, month, || close("2024-01", 8))
            .await
            .unwrap();
        assert!(computed);
        let (obeyed, computed) = first_close(&mut ours, month, || unreachable!())
            .await
            .unwrap();
        assert!(!computed);
        assert_eq!(obeyed, first);
    }

    #[tokio::test]
    pub(crate) async fn a_close_that_comes_before_our_own_is_obeyed() {
        let (_dir, log) = log().await;
        let theirs = close("2024-01", 7);
        let log = OddLedger::first_has(log, codec::encode_close(&theirs));
        let mut ledger = LedgerView::new(log, 0);
        let ours = || close("2024-01", 8);
        let (obeyed, computed) = first_close(&mut ledger, theirs.month, ours).await.unwrap();
        assert!(computed);
        assert_eq!(obeyed, theirs);
    }

    #[tokio::test]
    pub(crate) async fn of_two_closes_of_a_month_in_the_ledger_the_first_counts() {
        let (_dir, log) = log().await;
        for offset in [3, 4] {
            let record = NewRecord::new(
                b"x".to_vec(),
                codec::encode_close(&close("2024-01", offset)),
            );
            log.append(Topic::Ledger, 0, record).await.unwrap();
        }
        let mut ledger = LedgerView::new(log, 0);
        ledger.read_to_end().await.unwrap();
        assert_eq!(
            ledger
                .closes()
                .values()
                .map(|close| close.offset)
                .collect::<Vec<_>>(),
            [3]
        );
    }
}
