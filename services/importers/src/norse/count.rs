//! Numbers of sessions where the file has none. Comes in: the assessments of a file. Goes out: the
//! place of each in its treatment, by date and time. The invariants: numbers do not depend on the
//! order of rows; equal assessments are one; an assessment has a number only if every one before it
//! is known, so that a number never moves when a row is put right and the file is imported again.

use std::collections::BTreeMap;

use medvirk_proto::feedback::v1::Form;
use prost::Message as _;

use super::draft::{DraftedRow, TEST_ACCOUNT};
use crate::columns::RowKeys;
use crate::row::EpisodeReference;

/// A row that stands somewhere in a treatment, nobody knows where; or before others, and is none yet.
struct NumberObstacle {
    line: usize,
    /// Whom it may be of; one of them may be unknown.
    patient: Option<String>,
    episode: Option<String>,
    kind: ObstacleKind,
}

enum ObstacleKind {
    Undated,
    /// Its day and time.
    NotSubmitted(RowMoment),
}

type RowMoment = (medvirk_domain::time::Day, String);

/// How the rows of a treatment follow one another in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RowOrder {
    /// There is nothing to compare.
    Unknown,
    OldestFirst,
    NewestFirst,
    Mixed,
}

/// Counts the assessments of each treatment, and holds back those behind an obstacle. How many
/// have the day and time of another one and other answers.
pub(super) fn count_sessions(drafts: &mut [DraftedRow]) -> usize {
    let mut treatments: BTreeMap<EpisodeReference, Vec<usize>> = BTreeMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        if let (Some(keys), None) = (&draft.keys, draft.skip) {
            treatments
                .entry(keys.about.clone())
                .or_default()
                .push(index);
        }
    }
    let obstacles: Vec<NumberObstacle> = drafts.iter().filter_map(NumberObstacle::of).collect();
    let orders = treatments
        .values()
        .map(|places| RowOrder::of(drafts, places));
    let of_file = orders.fold(RowOrder::Unknown, RowOrder::and);
    let mut patients: BTreeMap<String, usize> = BTreeMap::new();
    for treatment in treatments.keys() {
        *patients.entry(treatment.episode.clone()).or_default() += 1;
    }
    let mut tied = 0;
    for (treatment, mut places) in treatments {
        let order = match RowOrder::of(drafts, &places) {
            RowOrder::Unknown => of_file,
            known => known,
        };
        places.sort_by_cached_key(|index| sort_key(&drafts[*index]));
        tied += number(drafts, &places);
        let is_only = patients.get(&treatment.episode) == Some(&1);
        for obstacle in obstacles.iter().filter(|it| it.is_of(&treatment, is_only)) {
            for index in &places {
                let draft = &mut drafts[*index];
                if obstacle.is_before(draft, order) {
                    draft.number = None;
                    draft.hold.get_or_insert_with(|| obstacle.reason());
                }
            }
        }
    }
    tied
}

/// Numbers the assessments of a treatment, which are sorted.
fn number(drafts: &mut [DraftedRow], sorted: &[usize]) -> usize {
    let (mut count, mut tied) = (0, 0);
    let mut before: Option<usize> = None;
    for index in sorted {
        let same_moment = before.is_some_and(|it| moment(&drafts[it]) == moment(&drafts[*index]));
        let equal = before.is_some_and(|it| content(&drafts[it]) == content(&drafts[*index]));
        if !(same_moment && equal) {
            count += 1;
            tied += usize::from(same_moment);
        }
        drafts[*index].number = Some(count);
        before = Some(*index);
    }
    tied
}

/// By day and time, then by what it says, so that the order of rows is nothing.
fn sort_key(draft: &DraftedRow) -> (Option<RowMoment>, (String, Vec<u8>), usize) {
    (moment(draft), content(draft), draft.line)
}

fn moment(draft: &DraftedRow) -> Option<RowMoment> {
    let keys = draft.keys.as_ref()?;
    Some((keys.day, keys.time.clone()))
}

fn content(draft: &DraftedRow) -> (String, Vec<u8>) {
    let unit = draft.keys.as_ref().map(|keys: &RowKeys| keys.unit.clone());
    let form = draft.form.as_ref().map(Form::encode_to_vec);
    (unit.unwrap_or_default(), form.unwrap_or_default())
}

// === impl NumberObstacle ===

impl NumberObstacle {
    fn of(draft: &DraftedRow) -> Option<Self> {
        let kind = match (draft.skip, moment(draft)) {
            (Some(TEST_ACCOUNT), _) => return None,
            (Some(_), Some(moment)) => ObstacleKind::NotSubmitted(moment),
            (None, Some(_)) => return None,
            (_, None) => ObstacleKind::Undated,
        };
        // Of a row that says of nobody, nobody is held back.
        if draft.patient.is_none() && draft.episode.is_none() {
            return None;
        }
        Some(Self {
            line: draft.line,
            patient: draft.patient.clone(),
            episode: draft.episode.clone(),
            kind,
        })
    }

    /// A row without a patient is of a treatment whose name only one patient has; one without a
    /// treatment is of all of the patient's.
    fn is_of(&self, treatment: &EpisodeReference, is_only: bool) -> bool {
        let episode = self
            .episode
            .as_ref()
            .is_none_or(|it| *it == treatment.episode);
        match &self.patient {
            Some(patient) => episode && *patient == treatment.patient,
            None => episode && is_only,
        }
    }

    /// True if it is, or may be, before an assessment.
    fn is_before(&self, draft: &DraftedRow, order: RowOrder) -> bool {
        match (&self.kind, order) {
            (ObstacleKind::NotSubmitted(at), _) => moment(draft).is_some_and(|it| it >= *at),
            (ObstacleKind::Undated, RowOrder::OldestFirst) => draft.line > self.line,
            (ObstacleKind::Undated, RowOrder::NewestFirst) => draft.line < self.line,
            // Where the rows tell no order it may be before any of them.
            (ObstacleKind::Undated, RowOrder::Unknown | RowOrder::Mixed) => true,
        }
    }

    fn reason(&self) -> String {
        let line = self.line;
        match self.kind {
            ObstacleKind::Undated => format!(
                "row {line} of the same treatment cannot be read or dated, and may be before this \
                 one: put it right, and import the file again"
            ),
            ObstacleKind::NotSubmitted(_) => format!(
                "row {line} of the same treatment, which is not later, is not submitted: import the \
                 file again when it is, or take it out of the file if it never will be"
            ),
        }
    }
}

// === impl RowOrder ===

impl RowOrder {
    fn of(drafts: &[DraftedRow], places: &[usize]) -> Self {
        let pairs = places.iter().zip(places.iter().skip(1));
        pairs.fold(Self::Unknown, |known, (one, two)| {
            let step = match moment(&drafts[*one]).cmp(&moment(&drafts[*two])) {
                std::cmp::Ordering::Less => Self::OldestFirst,
                std::cmp::Ordering::Equal => Self::Unknown,
                std::cmp::Ordering::Greater => Self::NewestFirst,
            };
            known.and(step)
        })
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, order) | (order, Self::Unknown) => order,
            (one, two) if one == two => one,
            _ => Self::Mixed,
        }
    }
}
