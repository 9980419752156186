//! A full disk at chosen moments.

use medvirk_proto::admin::v1::ClosePeriodRequest;
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_tests::cohort::{everybody, rows_of};
use medvirk_tests::{System, eventually, with_small_disks};
use tonic::Code;

const MONTH: &str = "2024-01";

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_full_disk_says_so_and_goes_well_once_there_is_room() {
    if !with_small_disks(
        "full_disk::a_start_on_a_full_disk_says_so_and_goes_well_once_there_is_room",
    ) {
        return;
    }
    let system = System::builder().cohort().disk(64).prepare();
    let people = everybody(&["north-a", "south-a"], MONTH);
    // The first time there is nothing yet; the second time there is a log and a close.
    for time in 1..=2 {
        system.fill_disk();
        system.spawn();
        assert_eq!(system.ended().await, Some(75), "{}", system.last_words());
        let words = system.last_words();
        let says = ["disk is full", "No space left"]
            .iter()
            .any(|text| words.contains(text));
        assert!(says, "{words}");
        system.free_disk();
        system.start().await;
        if time == 1 {
            system.send_people(&people).await;
            system.close(MONTH).await;
            system.kill().await;
        }
    }
    assert_eq!(system.cohort_rows().await, rows_of(&people));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_nothing_and_a_close_goes_on_once_there_is_room() {
    if !with_small_disks(
        "full_disk::a_full_disk_ends_nothing_and_a_close_goes_on_once_there_is_room",
    ) {
        return;
    }
    let system = System::builder().cohort().disk(64).start().await;
    let people = everybody(&["north-a", "south-a"], MONTH);
    system.send_people(&people).await;
    system.fill_disk();
    let refused = || async {
        let month = MONTH.to_owned();
        let mut admin = AdminServiceClient::new(system.channel().await);
        let asked = admin
            .close_period(system.as_admin(ClosePeriodRequest { month }))
            .await;
        let code = asked.expect_err("there is no room for a record").code();
        assert_eq!(code, Code::Unavailable);
        Some(())
    };
    eventually("the close is refused", refused).await;
    assert!(system.is_running(), "{}", system.last_words());
    system.free_disk();
    system.close(MONTH).await;
    assert_eq!(system.cohort_rows().await, rows_of(&people));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_on_a_full_disk_too() {
    if !with_small_disks("full_disk::a_signal_ends_it_on_a_full_disk_too") {
        return;
    }
    let system = System::builder().cohort().disk(64).start().await;
    let people = everybody(&["north-a", "south-a"], MONTH);
    system.send_people(&people).await;
    system.fill_disk();
    assert_eq!(system.terminate().await, Some(0), "{}", system.last_words());
    system.free_disk();
    system.start().await;
    system.close(MONTH).await;
    assert_eq!(system.cohort_rows().await, rows_of(&people));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_has_no_room_loses_nothing_that_it_had() {
    if !with_small_disks("full_disk::an_engine_that_has_no_room_loses_nothing_that_it_had") {
        return;
    }
    let system = System::builder().cohort().disk(64).start().await;
    let people = everybody(&["north-a", "south-a"], MONTH);
    let (some, rest) = people.split_at(people.len() / 2);
    system.send_people(some).await;
    system.settled().await;
    // The rest is in the log only when there is no room left.
    let fall_behind = async {
        system.send_people(rest).await;
        system.fill_disk();
    };
    assert!(system.frozen_engine("registry", fall_behind).await);
    let words = "what=\"insert\"";
    let meets = || async { system.told().contains(words).then_some(()) };
    eventually("the registry's engine has no room", meets).await;
    system.free_disk();
    system.settled().await;
    let counts = system.registry_counts().await.unwrap();
    assert_eq!(counts.len(), people.len() * 4, "four submissions each");
    system.close(MONTH).await;
    assert_eq!(system.cohort_rows().await, rows_of(&people));
}
