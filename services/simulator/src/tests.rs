use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, shipped};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form;
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::time::{Day, Month};
use medvirk_proto::feedback::v1 as wire;
use medvirk_proto::feedback::v1::submission::Kind;
use prost::Message as _;

use super::person::{self, episode_of};
use super::sending::{SendingCredential, SimulatedSending};
use super::stream::MONTHS;
use super::world::SimulatedWorld;

mod plausible;

fn catalogue() -> Catalogue {
    let hash = CatalogueHash::new([7; 32]);
    Catalogue::load(&shipped(), hash, CatalogueLimits::default()).unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn world(seed: u64) -> SimulatedWorld {
    SimulatedWorld::new(&catalogue(), seed, None)
}

/// What clinics send in two years.
fn years(seed: u64) -> Vec<SimulatedSending> {
    world(seed)
        .stream(day("2024-01-01"), true)
        .until(day("2025-12-31"))
}

/// Two years with the first seed, simulated once for all tests.
fn sent() -> &'static [SimulatedSending] {
    static SENT: LazyLock<Vec<SimulatedSending>> = LazyLock::new(|| years(1));
    &SENT
}

fn forms(sending: &SimulatedSending) -> Vec<wire::Form> {
    match &sending.submission.kind {
        Some(Kind::Session(session)) => session.forms.clone(),
        Some(Kind::Correction(correction)) => correction.session.clone().unwrap().forms,
        Some(Kind::DischargeSurvey(survey)) => survey.form.clone().into_iter().collect(),
        Some(Kind::RegistryForm(told)) => told.form.clone().into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The day that a sending is about.
fn about(sending: &SimulatedSending) -> Option<Day> {
    let date = match sending.submission.kind.as_ref().unwrap() {
        Kind::EpisodeOpened(opening) => &opening.date,
        Kind::Session(session) => &session.date,
        Kind::Correction(correction) => &correction.session.as_ref().unwrap().date,
        Kind::EpisodeClosed(closing) => &closing.date,
        Kind::RegistryForm(told) => &told.date,
        _ => return None,
    };
    Some(day(date))
}

/// The episode that a sending closes.
fn closing_of(sending: &SimulatedSending) -> Option<&str> {
    match &sending.submission.kind {
        Some(Kind::EpisodeClosed(closing)) => Some(&closing.episode),
        _ => None,
    }
}

/// As ingest reads it.
fn read(form: &wire::Form) -> form::Form {
    let response = |response: &wire::item_response::Response| match response {
        wire::item_response::Response::Value(value) => {
            form::ItemResponse::Value(FixedPoint::from_f64(*value).unwrap())
        }
        wire::item_response::Response::Missing(reason) => {
            form::ItemResponse::Missing(match wire::MissingReason::try_from(*reason).unwrap() {
                wire::MissingReason::NotApplicable => form::MissingReason::NotApplicable,
                wire::MissingReason::PreferNot => form::MissingReason::PreferNot,
                wire::MissingReason::ByDesign => form::MissingReason::ByDesign,
                _ => form::MissingReason::NotAnswered,
            })
        }
    };
    let item = |item: &wire::ItemResponse| {
        (
            item.item.parse().unwrap(),
            response(item.response.as_ref().unwrap()),
        )
    };
    let respondent = match form.respondent() {
        wire::Respondent::Self_ => form::Respondent::Patient,
        wire::Respondent::Caretaker => form::Respondent::Caretaker,
        wire::Respondent::Other => form::Respondent::Other,
        wire::Respondent::GroupMember => form::Respondent::GroupMember,
        wire::Respondent::Unspecified => panic!("somebody fills it in"),
    };
    form::Form {
        instrument: form.instrument.parse().unwrap(),
        version: form.version,
        respondent,
        items: form.items.iter().map(item).collect(),
        total: form.total.map(|total| FixedPoint::from_f64(total).unwrap()),
        age: match form.age() {
            wire::AgeBand::Unspecified => None,
            wire::AgeBand::Child => Some(form::AgeBand::Child),
            wire::AgeBand::Adolescent => Some(form::AgeBand::Adolescent),
            wire::AgeBand::Adult => Some(form::AgeBand::Adult),
        },
    }
}

fn score(catalogue: &Catalogue, form: &wire::Form, scale: &str) -> Option<f64> {
    let instrument = catalogue
        .instrument(&form.instrument, form.version)
        .unwrap();
    let scored = instrument
        .score(&read(form))
        .expect("it obeys its instrument");
    let found = scored
        .scores
        .iter()
        .find(|score| score.scale.as_str() == scale);
    found.unwrap().value.map(FixedPoint::to_f64)
}

#[test]
fn the_same_seed_sends_the_same_bytes_and_another_seed_others() {
    let bytes = |seed| -> Vec<Vec<u8>> {
        let sent = world(seed)
            .stream(day("2024-01-01"), true)
            .until(day("2024-03-31"));
        sent.iter()
            .map(|sending| sending.submission.encode_to_vec())
            .collect()
    };
    assert!(bytes(1) == bytes(1));
    let (one, two): (BTreeSet<_>, BTreeSet<_>) = (
        bytes(1).into_iter().collect(),
        bytes(2).into_iter().collect(),
    );
    assert!(one.is_disjoint(&two));
}

#[test]
fn what_a_day_has_does_not_depend_on_the_days_that_are_asked_for() {
    let world = world(1);
    let from = day("2024-05-06");
    let mut whole = world
        .stream(day("2024-01-01"), false)
        .until(day("2024-05-31"));
    whole.retain(|sending| sending.day >= from);
    let mut stream = world.stream(from, false);
    let mut by_day = Vec::new();
    for number in from.0..=day("2024-05-31").0 {
        let sent = stream.until(Day(number));
        assert!(sent.iter().all(|sending| sending.day == Day(number)));
        by_day.extend(sent);
    }
    let submissions = |sent: Vec<SimulatedSending>| -> BTreeSet<(Day, Vec<u8>)> {
        sent.into_iter()
            .map(|sending| (sending.day, sending.submission.encode_to_vec()))
            .collect()
    };
    assert!(whole.len() > 500);
    assert_eq!(whole.len(), by_day.len());
    assert!(submissions(whole) == submissions(by_day));
}

#[test]
fn fewer_clinics_are_the_same_clinics() {
    let bytes = |clinics| -> BTreeSet<Vec<u8>> {
        let world = SimulatedWorld::new(&catalogue(), 1, clinics);
        let sent = world
            .stream(day("2024-01-01"), false)
            .until(day("2024-01-31"));
        sent.iter()
            .map(|sending| sending.submission.encode_to_vec())
            .collect()
    };
    let (some, all) = (bytes(Some(3)), bytes(None));
    assert!(!some.is_empty() && some.is_subset(&all) && some.len() < all.len() / 2);
    assert!(bytes(Some(0)).is_empty());
}

#[test]
fn nothing_is_sent_before_the_day_it_is_about() {
    for sending in sent() {
        assert!(
            about(sending).is_none_or(|about| about <= sending.day),
            "{sending:?}"
        );
        if let Some(Kind::Invitation(invitation)) = &sending.submission.kind {
            assert_eq!(invitation.month, sending.day.month().to_string());
        }
    }
}

#[test]
fn every_form_obeys_its_instrument() {
    let catalogue = catalogue();
    let mut seen = BTreeSet::new();
    for sending in sent() {
        let forms = forms(sending);
        let by = |form: &wire::Form| (form.instrument.clone(), form.respondent);
        let by_whom: BTreeSet<_> = forms.iter().map(by).collect();
        assert_eq!(
            by_whom.len(),
            forms.len(),
            "one per instrument and respondent"
        );
        for form in &forms {
            let instrument = catalogue
                .instrument(&form.instrument, form.version)
                .unwrap();
            assert!(instrument.score(&read(form)).is_ok(), "{}", form.instrument);
            let declared = form.coding() != wire::Coding::Unspecified;
            assert_eq!(declared, instrument.coding_declared, "{}", form.instrument);
        }
        seen.extend(by_whom);
    }
    // Every form that a measure reads is sent by somebody.
    let measures = catalogue.measures.values();
    for form in measures.filter_map(|measure| measure.population.form()) {
        let respondent = match form.respondent {
            form::Respondent::Patient => wire::Respondent::Self_,
            form::Respondent::Caretaker => wire::Respondent::Caretaker,
            form::Respondent::Other => wire::Respondent::Other,
            form::Respondent::GroupMember => wire::Respondent::GroupMember,
        };
        let sent = (form.instrument.to_string(), i32::from(respondent));
        assert!(seen.contains(&sent), "{form:?}");
    }
}

#[test]
fn an_adaptive_form_is_asked_as_its_instrument_asks() {
    let catalogue = catalogue();
    let (mut bases, mut later) = (BTreeMap::new(), 0);
    for form in sent().iter().flat_map(forms) {
        if !form.instrument.starts_with("norse-") {
            continue;
        }
        let instrument = catalogue
            .instrument(&form.instrument, form.version)
            .unwrap();
        let scored = instrument.score(&read(&form)).unwrap();
        for score in &scored.scores {
            *bases.entry(score.basis.as_str()).or_insert(0) += 1;
        }
        let alliance = scored
            .scores
            .iter()
            .find(|it| it.scale.as_str() == "alliance");
        later += usize::from(alliance.unwrap().value.is_some());
    }
    // Most scales are closed, many are asked in full; the alliance is asked from the second form on.
    assert!(
        bases["trigger-only"] > 1_000 && bases["full"] > 1_000,
        "{bases:?}"
    );
    assert!(later > 100, "{later}");
}

#[test]
fn one_in_ten_is_sent_again_as_it_was_under_the_same_id() {
    let sent = sent();
    let mut by_id: HashMap<&str, Vec<&SimulatedSending>> = HashMap::new();
    for sending in sent {
        by_id
            .entry(&sending.submission.submission_id)
            .or_default()
            .push(sending);
    }
    for copies in by_id.values() {
        for copy in copies {
            assert!(copy.submission == copies[0].submission && copy.sender == copies[0].sender);
        }
    }
    let again = 1.0 - by_id.len() as f64 / sent.len() as f64;
    assert!((0.06..0.12).contains(&again), "{again}");
    // Some tablets make a new id for the same answers.
    let contents: BTreeSet<Vec<u8>> = by_id
        .values()
        .filter(|copies| copies[0].sender != SendingCredential::Code && !copies[0].is_invitation())
        .map(|copies| wire::Submission {
            submission_id: String::new(),
            ..copies[0].submission.clone()
        })
        .map(|submission| submission.encode_to_vec())
        .collect();
    let sessions = by_id
        .values()
        .filter(|copies| episode_of(copies[0]).is_some())
        .count();
    let renamed = sessions - contents.len();
    assert!((50..600).contains(&renamed), "{renamed}");
}

#[test]
fn a_correction_is_about_a_session_that_was_sent_before() {
    let mut sessions: HashMap<(String, u32), wire::Session> = HashMap::new();
    let mut revisions: HashMap<(String, u32), u32> = HashMap::new();
    let mut changed = 0;
    for sending in sent() {
        match sending.submission.kind.clone().unwrap() {
            Kind::Session(session) => {
                let key = (session.episode.clone(), session.number);
                let first = sessions.entry(key).or_insert_with(|| session.clone());
                assert!(*first == session);
            }
            Kind::Correction(correction) => {
                let session = correction.session.unwrap();
                let key = (session.episode.clone(), session.number);
                let first = &sessions[&key];
                let place =
                    |of: &wire::Session| (of.patient.clone(), of.unit.clone(), of.date.clone());
                assert_eq!(place(first), place(&session));
                assert_eq!(first.forms.len(), session.forms.len());
                changed += usize::from(first.forms != session.forms);
                let last = revisions.entry(key).or_default();
                assert!(correction.revision == *last + 1 || correction.revision == *last);
                *last = correction.revision;
            }
            _ => {}
        }
    }
    assert!((100..1_000).contains(&changed), "{changed}");
}

#[test]
fn volumes_are_those_of_clinics_of_many_sizes() {
    for seed in [1, 2, 3] {
        let world = world(seed);
        let sent = years(seed);
        assert!(
            (30_000..=55_000).contains(&sent.len()),
            "seed {seed}: {}",
            sent.len()
        );
        let closings = |clinic: u32| {
            let of =
                |sending: &&SimulatedSending| sending.sender == SendingCredential::Record(clinic);
            sent.iter()
                .filter(of)
                .filter_map(closing_of)
                .collect::<BTreeSet<_>>()
                .len()
                / 24
        };
        let mut sizes: Vec<_> = world
            .clinics
            .iter()
            .map(|clinic| closings(clinic.number))
            .collect();
        sizes.sort_unstable();
        assert!(
            (2..=5).contains(&sizes[0]) && (14..=22).contains(sizes.last().unwrap()),
            "{sizes:?}"
        );
        let expected = world.volume() * 24.0;
        assert!(
            (sent.len() as f64 / expected - 1.0).abs() < 0.2,
            "{} of {expected}",
            sent.len()
        );
    }
}

#[test]
fn months_are_full_from_the_first_to_the_last() {
    let mut months: BTreeMap<Month, usize> = BTreeMap::new();
    let mut opened = BTreeSet::new();
    let mut closed = Vec::new();
    for sending in sent() {
        *months.entry(sending.day.month()).or_default() += 1;
        match &sending.submission.kind {
            Some(Kind::EpisodeOpened(opening)) => drop(opened.insert(opening.episode.clone())),
            Some(Kind::EpisodeClosed(closing)) => closed.push(closing.episode.clone()),
            _ => {}
        }
    }
    assert_eq!(months.len(), 24);
    assert!(
        months.values().all(|sent| (500..5_000).contains(sent)),
        "{months:?}"
    );
    // With the backlog every episode that is closed was opened.
    assert!(closed.iter().all(|episode| opened.contains(episode)));
}

#[test]
fn most_patients_meet_one_tablet_and_every_tablet_is_used() {
    let world = world(1);
    let mut tablets: HashMap<String, BTreeSet<u32>> = HashMap::new();
    let mut used: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for sending in sent() {
        if let (SendingCredential::Tablet(unit, tablet), Some(episode)) =
            (sending.sender, episode_of(sending))
        {
            tablets
                .entry(episode.to_owned())
                .or_default()
                .insert(tablet);
            used.entry(unit).or_insert(vec![0; 3])[tablet as usize - 1] += 1;
        }
    }
    let one = tablets.values().filter(|used| used.len() == 1).count();
    assert!(one * 10 > tablets.len() * 8, "{one} of {}", tablets.len());
    for clinic in &world.clinics {
        let used = &used[&clinic.number];
        let (most, all) = (used.iter().max().unwrap(), used.iter().sum::<usize>());
        assert_eq!(clinic.tablets == 1, *most == all, "{used:?}");
        assert!(clinic.tablets == 1 || most * 100 < all * 65, "{used:?}");
        assert_eq!(
            SimulatedWorld::senders(clinic).len(),
            clinic.tablets as usize + 1
        );
    }
    assert!(world.clinics.iter().any(|clinic| clinic.tablets == 1));
    assert!(world.clinics.iter().any(|clinic| clinic.therapists == 1));
}

#[test]
fn nobody_sends_anything_after_the_months_that_a_stream_looks_back() {
    let world = world(1);
    let month: Month = "2023-06".parse().unwrap();
    let mut persons: HashMap<String, BTreeSet<String>> = HashMap::new();
    for clinic in &world.clinics {
        for cohort in 0..12 {
            for sending in person::cohort(&world, clinic, month.plus(cohort)) {
                assert!(
                    sending.day < month.plus(cohort + MONTHS).first_day(),
                    "{sending:?}"
                );
                assert!(sending.day >= month.plus(cohort).first_day(), "{sending:?}");
                if let Some(Kind::EpisodeOpened(opening)) = sending.submission.kind {
                    persons
                        .entry(opening.patient)
                        .or_default()
                        .insert(opening.episode);
                }
            }
        }
    }
    let twice = persons
        .values()
        .filter(|episodes| episodes.len() == 2)
        .count() as f64;
    assert!((0.04..0.13).contains(&(twice / persons.len() as f64)));
}

#[test]
fn a_consultation_is_no_treatment() {
    let world = world(1);
    // A Saturday: live, somebody is there on every day.
    let sent = world.consultation(day("2024-06-15"), 600);
    assert!(sent == world.consultation(day("2024-06-15"), 600));
    assert!(
        sent.iter()
            .all(|sending| about(sending) == Some(day("2024-06-15")))
    );
    let forms: BTreeSet<_> = sent
        .iter()
        .flat_map(forms)
        .map(|form| form.instrument)
        .collect();
    assert_eq!(Vec::from_iter(forms), ["fit-ors"]);
    // It stays open: closed episodes are counted.
    assert_eq!(sent.iter().filter_map(closing_of).count(), 0);
}

#[test]
fn what_is_sent_is_redacted() {
    let sent = &world(1).consultation(day("2024-06-15"), 600)[0];
    let shown = format!("{sent:?}");
    assert!(
        shown.contains("2024-06-15") && shown.contains("redacted"),
        "{shown}"
    );
    assert!(!shown.contains("-m600"), "{shown}");
}

#[test]
fn no_code_is_issued_again_for_a_closed_month_or_by_a_run_that_takes_over() {
    let mut sent = sent().iter();
    let invitation = sent
        .find(|sending| sending.is_invitation() && sending.day > day("2024-03-05"))
        .unwrap();
    let march = invitation.day.month();
    let again = |closed, resumed| invitation.invites_again(closed, resumed);
    assert!(!again(None, None) && !again(Some(march.previous()), None));
    assert!(again(Some(march), None) && again(Some(march.next()), None));
    let (today, tomorrow) = (invitation.day, Day(invitation.day.0 + 1));
    assert!(again(None, Some((march, tomorrow))));
    assert!(!again(None, Some((march, today))));
    assert!(!again(None, Some((march.previous(), tomorrow))));
}
