//! What the simulated patients answer is within what is known of real ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use medvirk_proto::feedback::v1::Respondent;
use medvirk_proto::feedback::v1::item_response::Response;
use medvirk_proto::feedback::v1::submission::Kind;

use super::super::sending::SendingCredential;
use super::{catalogue, forms, score, sent};

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let middle = mean(values);
    let squares: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
    (squares / values.len() as f64).sqrt()
}

/// The scores of one instrument, by episode and in order of sessions; corrections left out.
fn courses(instrument: &str) -> Vec<Vec<f64>> {
    let catalogue = catalogue();
    let mut courses: BTreeMap<String, BTreeMap<u32, f64>> = BTreeMap::new();
    for sending in sent() {
        let Some(Kind::Session(session)) = &sending.submission.kind else {
            continue;
        };
        for form in session
            .forms
            .iter()
            .filter(|form| form.instrument == instrument && form.respondent() == Respondent::Self_)
        {
            let score = score(&catalogue, form, "total").unwrap();
            courses
                .entry(session.episode.clone())
                .or_default()
                .insert(session.number, score);
        }
    }
    courses
        .into_values()
        .map(|course| course.into_values().collect())
        .collect()
}

#[test]
fn courses_on_the_outcome_scale_are_plausible() {
    let courses = courses("fit-ors");
    let first: Vec<_> = courses.iter().map(|course| course[0]).collect();
    let longer = courses.iter().filter(|course| course.len() > 2);
    let change: Vec<_> = longer
        .map(|course| course[course.len() - 1] - course[0])
        .collect();
    let share = |found: &dyn Fn(&f64) -> bool, of: &[f64]| {
        of.iter().filter(|value| found(value)).count() as f64 / of.len() as f64
    };
    assert!((16.0..18.5).contains(&mean(&first)), "{}", mean(&first));
    assert!(
        (5.0..7.0).contains(&deviation(&first)),
        "{}",
        deviation(&first)
    );
    assert!((0.04..0.2).contains(&share(&|first| *first >= 25.0, &first)));
    assert!((3.0..6.5).contains(&mean(&change)), "{}", mean(&change));
    assert!((0.35..0.6).contains(&share(&|change| *change >= 5.0, &change)));
    assert!((0.05..0.2).contains(&share(&|change| *change <= -5.0, &change)));
    let sessions: Vec<_> = courses.iter().map(|course| course.len() as f64).collect();
    assert!((5.0..9.0).contains(&mean(&sessions)), "{}", mean(&sessions));
}

#[test]
fn alliance_is_high_and_depression_falls() {
    let alliance: Vec<_> = courses("fit-srs").into_iter().flatten().collect();
    assert!(
        (33.5..37.0).contains(&mean(&alliance)),
        "{}",
        mean(&alliance)
    );
    let low = alliance.iter().filter(|score| **score < 28.0).count() as f64;
    assert!((0.005..0.1).contains(&(low / alliance.len() as f64)));
    let depression = courses("bdi-total");
    assert!(depression.len() > 200);
    let ends: Vec<_> = depression
        .iter()
        .filter(|course| course.len() > 1)
        .collect();
    let change: Vec<_> = ends
        .iter()
        .map(|course| course[course.len() - 1] - course[0])
        .collect();
    assert!((-9.0..-3.0).contains(&mean(&change)), "{}", mean(&change));
}

#[test]
fn half_of_the_invited_answer_and_units_differ() {
    let catalogue = catalogue();
    let (mut invited, mut answered, mut unscored) = (HashMap::new(), 0, 0);
    let mut units: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for sending in sent() {
        if sending.is_invitation() {
            let SendingCredential::Tablet(unit, _) = sending.sender else {
                panic!("{sending:?}")
            };
            invited.insert(sending.submission.submission_id.clone(), unit);
        } else if sending.sender == SendingCredential::Code {
            // Those who were invited before the first day are not here.
            let Some(unit) = invited.get(&sending.invitation.clone().unwrap()) else {
                continue;
            };
            answered += 1;
            match score(&catalogue, &forms(sending)[0], "treatment") {
                Some(score) => units.entry(*unit).or_default().push(score),
                None => unscored += 1,
            }
        }
    }
    let share = f64::from(answered) / invited.len() as f64;
    assert!((0.35..0.55).contains(&share), "{share}");
    assert!(unscored < answered / 20, "{unscored}");
    let means: Vec<_> = units.values().map(|scores| mean(scores)).collect();
    assert!(
        means.iter().all(|mean| (45.0..85.0).contains(mean)),
        "{means:?}"
    );
    assert!(deviation(&means) > 3.0, "{means:?}");
}

/// By patient and episode: sex, age, and whether there was treatment before.
fn basics() -> BTreeMap<String, BTreeMap<String, [Option<f64>; 3]>> {
    let mut basics: BTreeMap<String, BTreeMap<String, _>> = BTreeMap::new();
    for sending in sent() {
        let Some(Kind::RegistryForm(told)) = &sending.submission.kind else {
            continue;
        };
        let form = told.form.as_ref().unwrap();
        if form.instrument != "kvarus-basis" {
            continue;
        }
        let value = |id: &str| {
            let item = form.items.iter().find(|item| item.item == id);
            match item.unwrap().response.as_ref().unwrap() {
                Response::Value(value) => Some(*value),
                Response::Missing(_) => None,
            }
        };
        let episodes = basics.entry(told.patient.clone()).or_default();
        let answers = ["sex", "age", "earlier-treatment"].map(value);
        let before = episodes.insert(told.episode.clone(), answers);
        assert!(before.is_none(), "one an episode");
    }
    basics
}

#[test]
fn the_register_hears_who_most_patients_are_and_alike_in_each_episode() {
    let basics = basics();
    let opened = sent()
        .iter()
        .filter_map(|sending| match &sending.submission.kind {
            Some(Kind::EpisodeOpened(opening)) => Some(&opening.episode),
            _ => None,
        });
    let opened: BTreeSet<_> = opened.collect();
    let told: usize = basics.values().map(BTreeMap::len).sum();
    let share = told as f64 / opened.len() as f64;
    assert!((0.7..0.9).contains(&share), "{share}");

    let twice = basics.values().filter(|episodes| episodes.len() == 2);
    let twice: Vec<_> = twice.collect();
    assert!(twice.len() > 20, "{}", twice.len());
    for episodes in twice {
        let mut answers = episodes.values();
        let (first, second) = (answers.next().unwrap(), answers.next().unwrap());
        assert_eq!(first[1], second[1]);
        // By reference, so the later episode comes second.
        assert_eq!(second[2], Some(1.0));
        let unasked = first[0] == Some(0.0) || second[0] == Some(0.0);
        assert!(unasked || first[0] == second[0]);
    }
    let of = |place: usize| -> Vec<f64> {
        let all = basics.values().flat_map(BTreeMap::values);
        all.filter_map(|answers| answers[place]).collect()
    };
    let men = of(0).iter().filter(|sex| **sex == 1.0).count() as f64 / of(0).len() as f64;
    assert!((0.55..0.75).contains(&men), "{men}");
    let ages = of(1);
    assert!((30.0..40.0).contains(&mean(&ages)), "{}", mean(&ages));
    assert!(ages.iter().all(|age| (8.0..=80.0).contains(age)));
    assert!(ages.iter().any(|age| *age < 13.0));
}
