//! The topic `catalogue`: what is in force when, for everybody the same.

#![allow(clippy::unwrap_used)] // Helpers of tests may, as tests may.

use std::sync::Arc;

use medvirk_domain::catalogue::{
    CatalogueLimits, InvolvementAnswer, InvolvementAnswers, SourceFile, shipped,
};
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::time::Month;
use medvirk_eventlog::contract::{EmbeddedSandbox, LogSandbox as _, read_all};
use medvirk_eventlog::{Log, LogReadError, NewRecord, Topic};
use medvirk_records::catalogue::{
    Plan, PlanFollower, activate, ensure_plan, hash_of, tell_involvement,
};
use medvirk_records::codec::{encode_catalogue, encode_plan};
use medvirk_records::{ActivationError, PlanWriteError, PlansReadError};

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

/// The shipped catalogue with a remark, which changes its hash and nothing else.
fn remarked(remark: &str) -> Vec<SourceFile> {
    let mut files = shipped();
    files[0].text.push_str(&format!("\n# {remark}\n"));
    files
}

/// The shipped catalogue with one unit more, which only a January may bring.
fn with_another_unit() -> Vec<SourceFile> {
    let mut files = shipped();
    let mut all = files.iter_mut();
    let tree = all.find(|file| file.path == "organisations.toml").unwrap();
    tree.text.push_str(
        "\n[[units]]\nid = \"another\"\ninstitution = \"fjord-rus\"\nnumber = 9999\n\
         title = \"Another\"\n",
    );
    files
}

struct Setup {
    _sandbox: EmbeddedSandbox,
    log: Arc<dyn Log>,
    plans: PlanFollower,
}

impl Setup {
    async fn new() -> Self {
        let sandbox = EmbeddedSandbox::fresh();
        let log = sandbox.open().await;
        let plans = PlanFollower::open(log.clone(), CatalogueLimits::default())
            .await
            .unwrap();
        Self {
            _sandbox: sandbox,
            log,
            plans,
        }
    }

    async fn activate(
        &self,
        files: Vec<SourceFile>,
        from: &str,
    ) -> Result<CatalogueHash, ActivationError> {
        activate(&*self.log, &self.plans, files, month(from), None).await
    }

    async fn ensure(&self, of: &str) -> Result<Plan, PlanWriteError> {
        ensure_plan(&*self.log, &self.plans, month(of)).await
    }

    async fn records(&self) -> usize {
        read_all(&*self.log, Topic::Catalogue, 0).await.len()
    }

    async fn append(&self, value: Vec<u8>) {
        let record = NewRecord::new(Vec::new(), value);
        self.log.append(Topic::Catalogue, 0, record).await.unwrap();
    }
}

#[tokio::test]
async fn an_activated_catalogue_is_in_force_from_its_month_on() {
    let setup = Setup::new().await;
    assert!(setup.plans.latest_plan().is_none());
    let hash = setup.activate(shipped(), "2024-01").await.unwrap();
    assert_eq!(hash, hash_of(&shipped()));
    let later = setup.activate(remarked("later"), "2024-03").await.unwrap();

    let in_force = |text| setup.plans.in_force(month(text)).map(|it| it.hash);
    assert_eq!(in_force("2023-12"), None);
    assert_eq!(in_force("2024-01"), Some(hash));
    assert_eq!(in_force("2024-02"), Some(hash));
    assert_eq!(in_force("2024-03"), Some(later));
    assert_eq!(in_force("2030-01"), Some(later));
    assert_eq!(setup.plans.plan(month("2024-02")), None);
    let latest = setup.plans.latest_plan().unwrap();
    assert_eq!((latest.month, latest.catalogue), (month("2024-03"), later));
    assert!(
        setup
            .plans
            .files(&later)
            .is_some_and(|files| *files == remarked("later"))
    );
}

#[tokio::test]
async fn every_follower_reads_the_same() {
    let setup = Setup::new().await;
    let other = PlanFollower::open(setup.log.clone(), CatalogueLimits::default())
        .await
        .unwrap();
    let clone = other.clone();
    let hash = setup.activate(shipped(), "2024-01").await.unwrap();
    assert!(other.get(&hash).is_none(), "it has not read on");
    other.refresh().await.unwrap();
    assert!(clone.get(&hash).is_some(), "clones share what was read");
    let late = PlanFollower::open(setup.log.clone(), CatalogueLimits::default())
        .await
        .unwrap();
    assert_eq!(late.latest_plan(), other.latest_plan());
}

#[tokio::test]
async fn a_follower_is_woken() {
    let setup = Setup::new().await;
    let other = PlanFollower::open(setup.log.clone(), CatalogueLimits::default())
        .await
        .unwrap();
    let hash = setup.activate(shipped(), "2024-01").await.unwrap();
    let seen = async {
        while other.get(&hash).is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = other.follow() => panic!("it follows for ever: {ended:?}"),
        () = seen => {}
    }
}

#[tokio::test]
async fn the_month_before_is_carried_on() {
    let setup = Setup::new().await;
    let none = setup.ensure("2024-02").await;
    assert!(matches!(none, Err(PlanWriteError::NoPlan(_))));
    let hash = setup.activate(shipped(), "2024-01").await.unwrap();
    let plan = setup.ensure("2024-02").await.unwrap();
    assert_eq!((plan.month, plan.catalogue), (month("2024-02"), hash));
    let records = setup.records().await;
    assert_eq!(setup.ensure("2024-02").await.unwrap(), plan);
    assert_eq!(
        setup.records().await,
        records,
        "a plan that is there is not written again"
    );
}

#[tokio::test]
async fn a_month_with_a_plan_keeps_it() {
    let setup = Setup::new().await;
    setup.activate(shipped(), "2024-01").await.unwrap();
    setup.ensure("2024-02").await.unwrap();
    let records = setup.records().await;
    for taken in ["2024-02", "2024-01", "2023-12"] {
        let refused = setup.activate(remarked("late"), taken).await.err().unwrap();
        assert!(
            matches!(refused, ActivationError::MonthTaken { .. }),
            "{taken}"
        );
        assert!(refused.to_string().contains("take a month after 2024-02"));
    }
    // The same again is a repeat.
    setup.activate(shipped(), "2024-02").await.unwrap();
    assert_eq!(setup.records().await, records);
}

#[tokio::test]
async fn of_two_plans_for_a_month_the_first_counts() {
    let setup = Setup::new().await;
    let hash = setup.activate(shipped(), "2024-01").await.unwrap();
    let files = remarked("second");
    let second = hash_of(&files);
    let plan = Plan {
        month: month("2024-01"),
        catalogue: second,
        fold_version: 1,
    };
    setup.append(encode_catalogue(&second, &files)).await;
    setup.append(encode_plan(&plan)).await;
    setup.plans.refresh().await.unwrap();
    assert_eq!(setup.plans.in_force(month("2024-01")).unwrap().hash, hash);
    assert!(setup.plans.get(&second).is_some());
}

/// Two operators at the same time: each checks, then both write.
#[tokio::test]
async fn a_plan_whose_writer_had_not_seen_the_one_before_it_does_not_count() {
    let setup = Setup::new().await;
    let first = setup.activate(shipped(), "2024-01").await.unwrap();
    let files = with_another_unit();
    let january = setup.activate(files, "2025-01").await.unwrap();
    let remarked = remarked("again without the unit");
    let again = hash_of(&remarked);
    setup.append(encode_catalogue(&again, &remarked)).await;
    // After a January that the writer has not seen, and before it.
    for (of, catalogue) in [("2025-02", again), ("2024-05", again), ("2023-12", first)] {
        let plan = Plan {
            month: month(of),
            catalogue,
            fold_version: 1,
        };
        setup.append(encode_plan(&plan)).await;
        setup.plans.refresh().await.unwrap();
        assert_eq!(setup.plans.plan(plan.month), None);
    }
    let refused = setup.activate(remarked, "2025-02").await;
    assert!(matches!(refused, Err(ActivationError::Refused(_))));
    // What is in force is carried on, also between plans.
    for (of, hash) in [("2024-05", first), ("2025-02", january)] {
        assert_eq!(setup.ensure(of).await.unwrap().catalogue, hash);
    }
}

#[tokio::test]
async fn a_closed_month_takes_no_catalogue() {
    let setup = Setup::new().await;
    let closed = Some(month("2024-05"));
    let refused = activate(
        &*setup.log,
        &setup.plans,
        shipped(),
        month("2024-05"),
        closed,
    )
    .await;
    assert!(matches!(refused, Err(ActivationError::MonthClosed { .. })));
    assert_eq!(setup.records().await, 0);
    let taken = activate(
        &*setup.log,
        &setup.plans,
        shipped(),
        month("2024-06"),
        closed,
    )
    .await;
    assert!(taken.is_ok());
}

#[tokio::test]
async fn a_catalogue_that_breaks_a_rule_is_not_written() {
    let setup = Setup::new().await;
    let mut broken = shipped();
    broken[0].text.push_str("\n[unknown]\n");
    let refused = setup.activate(broken, "2024-01").await.err().unwrap();
    assert!(matches!(refused, ActivationError::Refused(_)));
    assert_eq!(setup.records().await, 0);
}

#[tokio::test]
async fn a_change_of_the_tree_takes_a_january() {
    let setup = Setup::new().await;
    setup.activate(shipped(), "2024-01").await.unwrap();
    let refused = setup.activate(with_another_unit(), "2024-05").await;
    assert!(matches!(refused, Err(ActivationError::Refused(_))));
    setup
        .activate(with_another_unit(), "2025-01")
        .await
        .unwrap();
}

#[tokio::test]
async fn damage_in_the_topic_stops_every_follower() {
    // A catalogue under another's hash.
    let setup = Setup::new().await;
    let hash = hash_of(&shipped());
    setup
        .append(encode_catalogue(&hash, &remarked("forged")))
        .await;
    for _ in 0..2 {
        let stopped = setup.plans.refresh().await;
        assert!(matches!(
            stopped,
            Err(PlansReadError::Read(LogReadError::Damaged(_)))
        ));
    }
    // A plan without its catalogue.
    let setup = Setup::new().await;
    let plan = Plan {
        month: month("2024-01"),
        catalogue: hash,
        fold_version: 1,
    };
    setup.append(encode_plan(&plan)).await;
    let stopped = setup.plans.refresh().await;
    assert!(matches!(
        stopped,
        Err(PlansReadError::Read(LogReadError::Damaged(_)))
    ));
    // Something else.
    let setup = Setup::new().await;
    setup.append(b"text".to_vec()).await;
    let stopped = setup.plans.refresh().await;
    assert!(matches!(stopped, Err(PlansReadError::Undecodable(_))));
}

#[test]
fn the_hash_is_of_the_content_and_not_of_the_order() {
    let hash = hash_of(&shipped());
    let mut turned = shipped();
    turned.reverse();
    assert_eq!(hash_of(&turned), hash);
    assert_ne!(hash_of(&remarked("x")), hash);
    let file = |path: &str, text: &str| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let split = [file("a", "x"), file("b", "y")];
    let joined = [file("a", "xb\0y")];
    assert_ne!(hash_of(&split), hash_of(&joined));
}

#[cfg(feature = "mutants")]
#[test]
fn every_broken_rule_of_plans_is_noticed() {
    use medvirk_mutants::{Rule, is_noticed_by};
    let tests: [(Rule, fn()); 3] = [
        (Rule::FirstPlan, of_two_plans_for_a_month_the_first_counts),
        (Rule::OpenMonth, a_closed_month_takes_no_catalogue),
        (Rule::FreeMonth, a_month_with_a_plan_keeps_it),
    ];
    for (rule, test) in tests {
        assert!(is_noticed_by(rule, test), "{rule:?}");
    }
}

#[tokio::test]
async fn what_services_say_is_fixed_with_the_plan_of_a_month() {
    let setup = Setup::new().await;
    setup.activate(shipped(), "2024-01").await.unwrap();
    let said = |unit: &str, count| InvolvementAnswers {
        unit: unit.parse().unwrap(),
        year: 2024,
        answers: vec![(
            "peer-workers".parse().unwrap(),
            InvolvementAnswer::Count(count),
        )],
        sender: "leader".to_owned(),
        ingested_at: 0,
    };
    let tell = async |it: &InvolvementAnswers| tell_involvement(&*setup.log, it).await.unwrap();
    tell(&said("fjord-dogn", 1)).await;
    tell(&said("fjord-poliklinikk", 2)).await;
    tell(&said("fjord-dogn", 3)).await;
    setup.ensure("2024-02").await.unwrap();
    tell(&said("fjord-dogn", 4)).await;
    // A second plan of the month is none.
    let plan = setup.plans.plan(month("2024-02")).unwrap();
    setup.append(encode_plan(&plan)).await;
    setup.ensure("2024-03").await.unwrap();

    let fresh = PlanFollower::open(setup.log.clone(), CatalogueLimits::default())
        .await
        .unwrap();
    for plans in [&setup.plans, &fresh] {
        let before = |text: &str| plans.involvement_before(month(text));
        assert_eq!(before("2024-01"), []);
        let first = [said("fjord-dogn", 3), said("fjord-poliklinikk", 2)];
        assert_eq!(before("2024-02"), first);
        let second = [said("fjord-dogn", 4), said("fjord-poliklinikk", 2)];
        assert_eq!(before("2024-03"), second);
        // Not planned yet: nobody knows what will stand before it.
        assert_eq!(before("2024-04"), []);
    }
}

// === the rule `apart`, which is younger than some catalogues ===

/// The catalogue that was shipped before the rule.
fn before_the_rule() -> Vec<SourceFile> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = root.join("../../tests/data/before-apart");
    let mut files = shipped();
    files.retain(|file| {
        !file.path.ends_with("-sessions.toml") && !file.path.ends_with(".forms.toml")
    });
    for file in &mut files {
        if let Ok(text) = std::fs::read_to_string(root.join(&file.path)) {
            file.text = text;
        }
    }
    files
}

impl Setup {
    /// A deployment whose log got its catalogue from a program that did not have the rule.
    async fn old() -> (Self, CatalogueHash) {
        let setup = Self::new().await;
        let files = before_the_rule();
        let hash = hash_of(&files);
        let plan = Plan {
            month: month("2026-01"),
            catalogue: hash,
            fold_version: 1,
        };
        setup.append(encode_catalogue(&hash, &files)).await;
        setup.append(encode_plan(&plan)).await;
        setup.plans.refresh().await.unwrap();
        (setup, hash)
    }
}

#[tokio::test]
async fn a_catalogue_that_is_older_than_the_rule_loads_and_is_not_put_in_force_anew() {
    let (setup, hash) = Setup::old().await;
    let loaded = setup.plans.in_force(month("2026-11")).unwrap();
    assert_eq!(loaded.hash, hash);
    assert_eq!(loaded.withheld().len(), 8);
    setup.ensure("2026-12").await.unwrap();

    // The same again is a repeat; another month is a choice, and nothing is written.
    let records = setup.records().await;
    setup.activate(before_the_rule(), "2026-12").await.unwrap();
    let refused = setup.activate(before_the_rule(), "2027-01").await;
    let Err(ActivationError::Refused(problems)) = refused else {
        panic!("{refused:?}");
    };
    assert!(problems.0.iter().all(|problem| problem.rule == "apart"));
    let mut remarked = before_the_rule();
    remarked[0].text.push_str("\n# a remark\n");
    let refused = setup.activate(remarked, "2027-01").await;
    assert!(
        matches!(refused, Err(ActivationError::Refused(_))),
        "{refused:?}"
    );
    assert_eq!(setup.records().await, records);
}

#[tokio::test]
async fn an_old_deployment_takes_the_shipped_catalogue_in_a_january() {
    let (setup, old) = Setup::old().await;
    let too_early = setup.activate(shipped(), "2026-12").await;
    let Err(ActivationError::Refused(problems)) = too_early else {
        panic!("{too_early:?}");
    };
    assert!(problems.0.iter().all(|problem| problem.rule == "january"));
    let new = setup.activate(shipped(), "2027-01").await.unwrap();
    let in_force = |of| setup.plans.in_force(month(of)).unwrap();
    assert_eq!(in_force("2026-12").hash, old);
    assert_eq!(in_force("2027-01").hash, new);
    assert_eq!(in_force("2027-01").withheld(), [""; 0]);
}
