//! What the deployment was founded with, and what is in force when. Comes in: the first record of
//! the ledger, and the topic `catalogue`. Goes out: a check, and the plans as they were read anew.

use std::fmt::Display;

use medvirk_domain::catalogue::CatalogueLimits;
use medvirk_domain::fold::FOLD_VERSION;
use medvirk_domain::ids::DeploymentId;
use medvirk_domain::time::Month;
use medvirk_eventlog::{LogSettingsError, PassingError, Topic, UnsafeSettings};
use medvirk_records::catalogue::{Plan, PlanFollower};
use medvirk_records::genesis::{self, Genesis, PARTITIONER};
use medvirk_store::{Error as StoreError, IndicatorReader, TableOwnership};

use crate::check::DoctorCheck;
use crate::run::{DoctorRun, LATER, RESTORE, count};

const CONFIGURATION: &str = "start the system with the configuration it was founded with";
const PLAN: &str = "activate a catalogue from that month on: \
    `medvirk admin catalogue activate DIR --from YYYY-MM`";
const NEWER: &str = "install the version of medvirk that wrote it";

/// Genesis and plans. Reading the topic anew checks that each catalogue is what its hash says and
/// comes before the plans that name it.
pub(crate) async fn check(
    run: &mut DoctorRun,
    present: Month,
    reader: &IndicatorReader,
) -> (DoctorCheck, Option<PlanFollower>) {
    let mut check = DoctorCheck::new("deployment");
    match genesis::read(run.log.as_ref()).await {
        Ok(Some(genesis)) => {
            compare(&genesis, run, &mut check);
            owner(reader, genesis.deployment, &mut check).await;
        }
        Ok(None) => check.differs("the ledger has no genesis", RESTORE),
        Err(error) => refused("the genesis", &error, &mut check),
    }
    settings(run, &mut check).await;
    let plans = match PlanFollower::open(run.log.clone(), CatalogueLimits::default()).await {
        Ok(plans) => Some(plans),
        Err(error) => {
            refused("the topic catalogue", &error, &mut check);
            None
        }
    };
    if let Some(plans) = &plans {
        let months = months(
            run.first_month,
            present,
            |month| plans.plan(month),
            &mut check,
        );
        check.compared = format!(
            "genesis with the configuration and the indicator tables; settings of the topics; plans of \
             {} from {} to {present}, each catalogue with its hash",
            count(months, "month", "months"),
            run.first_month
        );
        check.compared.push_str(&withheld(plans, present));
        tally(run, &mut check).await;
    }
    (check, plans)
}

/// The indicator tables name the deployment of the log.
async fn owner(reader: &IndicatorReader, ours: DeploymentId, check: &mut DoctorCheck) {
    match reader.ownership(ours).await {
        Ok(TableOwnership::Ours) => {}
        Ok(TableOwnership::Unclaimed) => check.differs(
            "the indicator tables name no deployment",
            "start the aggregator anew, which writes it down",
        ),
        Err(error @ StoreError::OtherDeployment { .. }) => check.differs(
            error.to_string(),
            "stop the roles, and look at [indicators] url and database of each",
        ),
        Err(error) => check.not_seen(error.to_string(), LATER),
    }
}

/// The settings on which promises rest are still safe.
async fn settings(run: &DoctorRun, check: &mut DoctorCheck) {
    const SET: &str = "set it right with Kafka's own tools; until then what was acknowledged may be lost \
        or may outlive its erasure";
    match run.log.check_settings().await {
        Ok(()) => {}
        Err(LogSettingsError::Unsafe(UnsafeSettings(settings))) => {
            for setting in settings {
                check.differs(setting.to_string(), SET);
            }
        }
        Err(error) if error.is_passing() => {
            check.not_seen(
                format!("the settings of the topics could not be read: {error}"),
                LATER,
            );
        }
        Err(error) => check.differs(error.to_string(), SET),
    }
}

/// Each month from the first to the present has a plan that this program can follow.
fn months(
    first: Month,
    present: Month,
    plan: impl Fn(Month) -> Option<Plan>,
    check: &mut DoctorCheck,
) -> u64 {
    let (mut month, mut months) = (first, 0);
    while month <= present {
        match plan(month) {
            None => check.differs(format!("{month} has no plan"), PLAN),
            Some(plan) if plan.fold_version == 0 || plan.fold_version > FOLD_VERSION => {
                let version = plan.fold_version;
                check.differs(format!("{month} wants fold version {version}"), NEWER);
            }
            Some(_) => {}
        }
        (month, months) = (month.next(), months + 1);
    }
    months
}

/// What readers do not get while the catalogue in force is older than the rule `apart`; nothing
/// where it obeys it.
fn withheld(plans: &PlanFollower, present: Month) -> String {
    let withheld = plans.in_force(present).map(|it| it.withheld());
    match withheld.unwrap_or_default() {
        none if none.is_empty() => String::new(),
        some => format!(
            "; withheld from readers, since it joins what others can see with what was answered: \
             {}; take a catalogue without it: `medvirk admin catalogue activate DIR --from {}`",
            some.join(", "),
            present.year_start().plus(12)
        ),
    }
}

fn compare(genesis: &Genesis, run: &DoctorRun, check: &mut DoctorCheck) {
    let differences = [
        (
            genesis.partitions != run.partitions,
            format!(
                "founded with {} partitions, running with {}",
                genesis.partitions, run.partitions
            ),
        ),
        (
            genesis.partitioner != PARTITIONER,
            format!("trusts are not placed by {PARTITIONER}"),
        ),
        (
            genesis.first_month != run.first_month,
            format!(
                "the first month is {}, not {}",
                genesis.first_month, run.first_month
            ),
        ),
    ];
    for (differs, found) in differences {
        if differs {
            check.differs(found, CONFIGURATION);
        }
    }
}

/// Counts the records of the topic, which [`Plans`] has read.
async fn tally(run: &mut DoctorRun, check: &mut DoctorCheck) {
    match run.log.end(Topic::Catalogue, 0).await {
        Ok(end) => run.tally.records += end,
        Err(error) => refused("the topic catalogue", &error, check),
    }
}

fn refused(what: &str, error: &(impl PassingError + Display), check: &mut DoctorCheck) {
    if error.is_passing() {
        check.not_seen(format!("{what} could not be read: {error}"), LATER);
    } else {
        check.differs(format!("{what} is not as it was written: {error}"), RESTORE);
    }
}

#[cfg(test)]
mod tests {
    use crate::check::DoctorVerdict;
    use medvirk_domain::catalogue::{SourceFile, shipped};
    use medvirk_domain::ids::CatalogueHash;
    use medvirk_eventlog::NewRecord;
    use medvirk_records::catalogue::hash_of;
    use medvirk_records::codec::{encode_catalogue, encode_plan};

    use super::*;

    #[test]
    fn a_month_without_a_plan_and_a_fold_of_the_future_are_found() {
        let month = |text: &str| text.parse::<Month>().unwrap();
        let plan = |at: Month| {
            let fold_version = if at == month("2024-03") { 9 } else { 1 };
            let catalogue = CatalogueHash::new([1; 32]);
            (at != month("2024-02")).then_some(Plan {
                month: at,
                catalogue,
                fold_version,
            })
        };
        let mut check = DoctorCheck::new("deployment");
        let looked = months(month("2024-01"), month("2024-04"), plan, &mut check);
        assert_eq!((looked, check.verdict), (4, DoctorVerdict::Differs));
        let found: Vec<_> = check
            .findings
            .iter()
            .map(|one| one.found.as_str())
            .collect();
        assert_eq!(
            found,
            ["2024-02 has no plan", "2024-03 wants fold version 9"]
        );
    }

    /// What the doctor says of a deployment that was founded with these files.
    async fn said_of(files: &[SourceFile]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file:{}", folder.path().display());
        let log = medvirk_eventlog::open(&url, 1).await.unwrap();
        let first: Month = "2026-01".parse().unwrap();
        let hash = hash_of(files);
        let plan = Plan {
            month: first,
            catalogue: hash,
            fold_version: 1,
        };
        for value in [encode_catalogue(&hash, files), encode_plan(&plan)] {
            let record = NewRecord::new(Vec::new(), value);
            log.append(Topic::Catalogue, 0, record).await.unwrap();
        }
        let plans = PlanFollower::open(log, CatalogueLimits::default())
            .await
            .unwrap();
        withheld(&plans, "2026-11".parse().unwrap())
    }

    #[tokio::test]
    async fn what_readers_do_not_get_of_an_old_catalogue_is_said_with_the_way_out() {
        assert_eq!(said_of(&shipped()).await, "");
        let root = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/data/before-apart/"
        );
        let alliance = "measures/fit.alliance.toml";
        let mut files = shipped();
        files.retain(|file| file.path != "measures/fit.alliance-sessions.toml");
        for file in files.iter_mut().filter(|file| file.path == alliance) {
            file.text = std::fs::read_to_string(root.to_owned() + alliance).unwrap();
        }
        let said = said_of(&files).await;
        assert!(said.contains("fit.alliance/sessions"), "{said}");
        assert!(said.ends_with("--from 2027-01`"), "{said}");
    }
}
