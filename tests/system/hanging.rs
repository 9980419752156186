//! Engines that hang for good: alive, and no answer.

use std::time::Duration;

use medvirk_tests::cohort::{UNITS, everybody, rows_of};
use medvirk_tests::{System, eventually, is_alive};

/// So soon an engine that answers nothing is killed here.
const SILENCE: (&str, &str) = ("ENGINE__SILENCE", "\"3s\"");

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_hangs_for_good_is_killed_and_started_again_and_nothing_is_lost() {
    let system = started().await;
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
    for engine in ["indicators", "registry"] {
        let silent = format!("engine_restarts_total{{engine=\"{engine}\",reason=\"silent\"}} 1");
        assert!(metrics.contains(&silent), "{silent}\n{metrics}");
        let ended = format!("engine_restarts_total{{engine=\"{engine}\",reason=\"ended\"}} 0");
        assert!(metrics.contains(&ended), "{ended}\n{metrics}");
    }
    let told = system.told();
    assert_eq!(
        told.matches("engine does not answer; killing it").count(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_stands_still_for_a_moment_is_left_alone() {
    let system = started().await;
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
    let system = started().await;
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

async fn started() -> System {
    let (key, value) = SILENCE;
    System::builder().cohort().setting(key, value).start().await
}
