//! Several of each role, and nothing happens to them.

use std::time::Duration;

use medvirk_tests::cohort::{UNITS, everybody};
use medvirk_tests::{Deployment, Kind};

use crate::crowd::Crowd;
use crate::judge;

const MONTHS: [&str; 2] = ["2024-01", "2024-02"];

#[tokio::test(flavor = "multi_thread")]
async fn two_of_each_role_count_everybody_once() {
    let deployment = Deployment::builder()
        .cohort()
        .with(Kind::Ingest, 2)
        .with(Kind::Aggregator, 2)
        .with(Kind::Registrar, 2)
        .start()
        .await;
    let mut people = Vec::new();
    for month in MONTHS {
        let of_month = everybody(&UNITS, month);
        deployment.send_people(&of_month).await;
        deployment.close(month, Duration::from_secs(60)).await;
        people.extend(of_month);
    }
    deployment.settled(Duration::from_secs(30)).await;

    let verdict = judge::judge(&deployment, &Crowd::few().catalogue(), &people).await;
    eprintln!("{verdict}");
}
