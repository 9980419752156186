//! A close whose call breaks.

use std::time::Duration;

use medvirk_proto::admin::v1::ClosePeriodRequest;
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_tests::System;
use medvirk_tests::cohort::{everybody, rows_of};

const MONTH: &str = "2024-01";

#[tokio::test(flavor = "multi_thread")]
async fn a_close_that_is_asked_for_again_is_answered_when_its_rows_are_there() {
    let system = System::builder().cohort().start().await;
    let people = everybody(&["north-a", "south-a"], MONTH);
    system.send_people(&people).await;
    let ask_in_vain = async {
        // The second call meets a month that the fold has closed and the tables have not.
        for _ in 0..2 {
            let month = MONTH.to_owned();
            let mut admin = AdminServiceClient::new(system.channel().await);
            let asked = admin.close_period(system.as_admin(ClosePeriodRequest { month }));
            let answer = tokio::time::timeout(Duration::from_secs(2), asked).await;
            assert!(answer.is_err(), "the tables cannot have it");
        }
    };
    assert!(system.frozen_engine("indicators", ask_in_vain).await);
    system.close(MONTH).await;
    assert_eq!(system.cohort_rows().await, rows_of(&people));
}
