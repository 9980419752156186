//! Engines that hang for good: alive, and no answer.

use std::time::Duration;

use medvirk_tests::cohort::{UNITS, everybody, rows_of};
use medvirk_tests::{System, eventually, is_alive};

/// So soon an engine that answers nothing is killed, where it is to be killed.
const SOON: &str = "\"3s\"";
/// So late that no busy machine makes an engine look dead.
const LATE: &str = "\"60s\"";

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_hangs_for_good_is_killed_and_started_again_and_nothing_is_lost() {
    let system = started(SOON).await;
    let people = everybody(&UNITS, "2024-01");
    let (before, after) = people.split_at(people.len() / 2);
    system.send_people(before).await;

    for engine in ["indicators", "registry"] {
        let hung = system.hang_engine(engine).expect("it runs");
        let other = || async { system.engine(engine).filter(|pid| *pid != hung) };
        system.send_people(after).await;
        eventually("another engine is in its place", other).await;
        assert!(!is_alive(hung), "the one that hung is gone");
    }
    system.close("2024-01").await;
    assert_eq!(system.cohort_rows().await, rows_of(&people));
    system.settled().await;

    let (_, metrics) = system.health("/metrics").await;
    // On a busy machine an engine may have been silent once more.
    for engine in ["indicators", "registry"] {
        let silent = format!("engine_restarts_total{{engine=\"{engine}\",reason=\"silent\"}} ");
        assert!(metrics.contains(&silent), "{silent}\n{metrics}");
        let never = format!("{silent}0\n");
        assert!(!metrics.contains(&never), "{metrics}");
        let ended = format!("engine_restarts_total{{engine=\"{engine}\",reason=\"ended\"}} 0");
        assert!(metrics.contains(&ended), "{ended}\n{metrics}");
    }
    assert!(system.told().contains("engine does not answer; killing it"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_stands_still_for_a_moment_is_left_alone() {
    let system = started(LATE).await;
    let engine = system.engine("registry").expect("it runs");
    let moment = tokio::time::sleep(Duration::from_millis(1_200));
    assert!(system.frozen_engine("registry", moment).await);
    system.send_people(&everybody(&UNITS[..1], "2024-01")).await;
    system.settled().await;
    assert_eq!(system.engine("registry"), Some(engine));
}

/// Nobody is left who would kill it, and its standard input tells it nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_hung_when_up_was_killed_is_no_obstacle_to_the_next() {
    let system = started(SOON).await;
    let people = everybody(&UNITS, "2024-01");
    system.send_people(&people).await;
    system.settled().await;
    let hung = system.hang_engine("registry").expect("it runs");
    system.kill_at_once().await;
    system.start().await;
    assert!(!is_alive(hung), "the one that hung is gone");
    system.close("2024-01").await;
    assert_eq!(system.cohort_rows().await, rows_of(&people));
    assert!(
        system
            .told()
            .contains("an engine that was left behind does not end")
    );
}

/// A system whose engines may answer nothing for so long.
async fn started(silence: &str) -> System {
    let builder = System::builder().cohort();
    builder.setting("ENGINE__SILENCE", silence).start().await
}
