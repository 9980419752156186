//! Lines as `medvirk submit` takes them: an episode is opened, a session of it follows.

use medvirk_proto::feedback::v1::item_response::Response;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{EpisodeOpening, Form, ItemResponse, Session, Submission};

use super::reading::LineReader;

const UNIT: &str = "fjord-poliklinikk";

/// Two lines for a unit of the shipped catalogue.
pub(super) fn lines() -> anyhow::Result<String> {
    let reader = LineReader::new();
    let lines: anyhow::Result<Vec<String>> =
        submissions().iter().map(|it| reader.write(it)).collect();
    Ok(lines?.join("\n"))
}

fn submissions() -> [Submission; 2] {
    let opening = EpisodeOpening {
        patient: "example-1".to_owned(),
        episode: "example-1-1".to_owned(),
        unit: UNIT.to_owned(),
        date: "2026-01-05".to_owned(),
        ..EpisodeOpening::default()
    };
    let item = |(item, value): (&str, f64)| ItemResponse {
        item: item.to_owned(),
        response: Some(Response::Value(value)),
    };
    let items = [
        ("individual", 4.5),
        ("interpersonal", 6.0),
        ("social", 5.5),
        ("overall", 5.0),
    ];
    let form = Form {
        instrument: "fit-ors".to_owned(),
        version: 1,
        items: items.map(item).into(),
        ..Form::default()
    };
    let session = Session {
        patient: "example-1".to_owned(),
        episode: "example-1-1".to_owned(),
        unit: UNIT.to_owned(),
        date: "2026-01-12".to_owned(),
        number: 1,
        forms: vec![form],
        ..Session::default()
    };
    [
        (
            "6b0f7a52-2f0e-4a51-9d53-3f6a3f6f2a01",
            Kind::EpisodeOpened(opening),
        ),
        (
            "6b0f7a52-2f0e-4a51-9d53-3f6a3f6f2a02",
            Kind::Session(session),
        ),
    ]
    .map(|(id, kind)| Submission {
        submission_id: id.to_owned(),
        kind: Some(kind),
    })
}

#[cfg(test)]
mod tests {
    use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, shipped};
    use medvirk_ingest::admission::{AdmissionRules, SentSubmission, SubmissionKind, admit};
    use medvirk_ingest::code::SurveyCodes;
    use medvirk_records::catalogue::hash_of;
    use medvirk_runtime::auth::TokenUnits;
    use medvirk_runtime::secret::SecretKey;

    use super::*;

    #[test]
    fn the_example_is_taken_by_the_shipped_catalogue() {
        let files = shipped();
        let catalogue =
            Catalogue::load(&files, hash_of(&files), CatalogueLimits::default()).unwrap();
        let today: medvirk_domain::time::Day = "2026-11-30".parse().unwrap();
        let rules = AdmissionRules {
            catalogue: &catalogue,
            today,
            present: today.month(),
            codes: &SurveyCodes::new(&SecretKey::new(1, [0; 32])).unwrap(),
            units: &TokenUnits::All,
        };
        let reader = LineReader::new();
        for line in lines().unwrap().lines() {
            let submission = reader.read(line.as_bytes()).unwrap();
            let what = SubmissionKind::of(submission.kind.as_ref());
            let sent = SentSubmission {
                id: submission.submission_id,
                what,
                root: what.as_str(),
                body: submission.kind,
            };
            assert!(admit(&sent, &rules).is_ok(), "{line}");
        }
    }
}
