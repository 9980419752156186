//! Stopping in the middle of everything, and starting again.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use futures::future::join_all;
use medvirk_tests::cohort::{CREDENTIALS, Person, Sending, UNITS, everybody, rows_of};
use medvirk_tests::{System, eventually, is_open, registry_id};

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_ends_it_and_loses_nothing() {
    let system = System::builder().cohort().start().await;
    let people = everybody(&UNITS, "2024-01");
    let sendings: Vec<Sending> = people.iter().flat_map(Person::sendings).collect();
    let taken = Mutex::new(BTreeSet::new());
    let stop = async {
        let some = || async { (taken.lock().unwrap().len() > sendings.len() / 4).then_some(()) };
        eventually("a quarter is taken", some).await;
        assert_eq!(system.terminate().await, Some(0));
    };
    let clinics =
        (0..CREDENTIALS).map(|clinic| send_until_it_ends(&system, clinic, &sendings, &taken));
    tokio::join!(stop, join_all(clinics));

    system.start().await;
    let taken = taken.into_inner().unwrap();
    assert!(taken.len() < sendings.len(), "it was stopped in the middle");
    let there = || async {
        let counts = system.registry_counts().await?;
        taken.iter().all(|id| counts.contains_key(id)).then_some(())
    };
    eventually("everything that was acknowledged is there", there).await;

    // The clinics go on where they were; what they repeat counts once.
    system.send_all(sendings.into_iter()).await;
    system.close("2024-01").await;
    assert_eq!(system.cohort_rows().await, rows_of(&people));
}

/// Sends its part in small batches until nobody answers any more.
async fn send_until_it_ends(
    system: &System,
    credential: u32,
    sendings: &[Sending],
    taken: &Mutex<BTreeSet<String>>,
) {
    let clinic = system.cohort_clinic(credential).await;
    let own = sendings.iter().filter(|(sender, _)| *sender == credential);
    let own: Vec<_> = own.map(|(_, submission)| submission.clone()).collect();
    for batch in own.chunks(2) {
        match clinic.try_send(batch.to_vec()).await {
            Ok(results) => {
                let acknowledged = results.into_iter().filter(|result| result.code == 0);
                let ids = acknowledged.map(|result| registry_id(&result.submission_id));
                taken.lock().unwrap().extend(ids);
            }
            Err(status) => {
                assert!(is_open(&status), "refused: {status}");
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_also_while_it_starts() {
    let system = System::builder().cohort().start().await;
    assert_eq!(system.terminate().await, Some(0));
    for pause in [0, 50, 200, 400, 800] {
        system.spawn();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let code = system.terminate().await;
        // Before it listens to signals, a signal just ends it.
        assert!(matches!(code, Some(0) | None), "{code:?}");
    }
    system.start().await;
}
