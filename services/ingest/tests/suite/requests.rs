//! What a clinic sends when nothing is wrong; tests change one thing.

use medvirk_proto::feedback::v1::item_response::Response;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{
    Correction, DischargeSurvey, Ending, EpisodeClosing, EpisodeOpening, Form, Invitation,
    ItemResponse, RegistryForm, Respondent, Session, Submission,
};
use medvirk_proto::feedback::v1::{SubmitBatchRequest, SubmitSessionRequest};

use crate::clinic::{codes, month};

pub const ID: &str = "0190a0a0-1111-7222-8333-444455556666";

pub fn ors() -> Form {
    Form {
        instrument: "ors".to_owned(),
        version: 1,
        respondent: Respondent::Self_.into(),
        items: vec![value("individual", 4.5), value("social", 6.0)],
        total: None,
        age: 0,
        coding: 0,
    }
}

pub fn bdi() -> Form {
    Form {
        instrument: "bdi".to_owned(),
        version: 1,
        respondent: Respondent::Self_.into(),
        items: Vec::new(),
        total: Some(17.0),
        age: 0,
        coding: 0,
    }
}

pub fn kem() -> Form {
    Form {
        instrument: "kem".to_owned(),
        version: 2,
        respondent: Respondent::Self_.into(),
        items: vec![value("heard", 4.0), value("helped", 5.0)],
        total: None,
        age: 0,
        coding: 0,
    }
}

pub fn value(item: &str, value: f64) -> ItemResponse {
    ItemResponse {
        item: item.to_owned(),
        response: Some(Response::Value(value)),
    }
}

pub fn missing(item: &str, reason: i32) -> ItemResponse {
    ItemResponse {
        item: item.to_owned(),
        response: Some(Response::Missing(reason)),
    }
}

pub fn session() -> Session {
    Session {
        patient: "patient-4711".to_owned(),
        episode: "episode-1".to_owned(),
        unit: "tau".to_owned(),
        date: "2026-11-20".to_owned(),
        number: 3,
        forms: vec![ors()],
        earlier: Vec::new(),
    }
}

pub fn correction() -> Correction {
    Correction {
        session: Some(session()),
        revision: 1,
    }
}

pub fn opening() -> EpisodeOpening {
    EpisodeOpening {
        patient: "patient-4711".to_owned(),
        episode: "episode-1".to_owned(),
        unit: "tau".to_owned(),
        date: "2026-11-01".to_owned(),
        therapist: "therapist-7".to_owned(),
    }
}

pub fn closing() -> EpisodeClosing {
    EpisodeClosing {
        patient: "patient-4711".to_owned(),
        episode: "episode-1".to_owned(),
        unit: "tau".to_owned(),
        date: "2026-11-21".to_owned(),
        ending: Ending::Planned.into(),
    }
}

pub fn invitation() -> Invitation {
    Invitation {
        unit: "tau".to_owned(),
        month: "2026-11".to_owned(),
    }
}

/// A survey with a good code of the unit `tau`.
pub fn survey() -> DischargeSurvey {
    DischargeSurvey {
        code: code(1, "2026-10"),
        form: Some(kem()),
    }
}

/// A new code of a unit and a month.
pub fn code(unit_number: u32, of: &str) -> String {
    codes().issue(unit_number, month(of)).unwrap().0
}

pub fn registry_form() -> RegistryForm {
    RegistryForm {
        patient: "patient-4711".to_owned(),
        episode: "episode-1".to_owned(),
        unit: "tau".to_owned(),
        date: "2026-11-20".to_owned(),
        form: Some(bdi()),
        revision: 0,
    }
}

pub fn submission(kind: Kind) -> Submission {
    Submission {
        submission_id: ID.to_owned(),
        kind: Some(kind),
    }
}

pub fn submit(session: Session) -> SubmitSessionRequest {
    SubmitSessionRequest {
        submission_id: ID.to_owned(),
        session: Some(session),
    }
}

pub fn batch(submissions: Vec<Submission>) -> SubmitBatchRequest {
    SubmitBatchRequest { submissions }
}
