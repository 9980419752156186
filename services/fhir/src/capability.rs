//! What a FHIR client asks first. Goes out: a CapabilityStatement. The invariant: it is the same for
//! everybody, at any time.

use serde_json::{Value, json};

use crate::systems;

/// The statement of what this server offers, as FHIR asks for it.
pub fn statement() -> Value {
    let answered = "Takes the answers to a Questionnaire of Medvirk and answers 200 with scores and \
                    alerts as Parameters. Nothing can be read back, so there is no Location. Send it \
                    again with the same identifier while the answer is 429 or 503: it counts once.";
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-22",
        "kind": "capability",
        "software": { "name": "Medvirk", "version": env!("CARGO_PKG_VERSION") },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{
            "mode": "server",
            "security": { "description": "A bearer token, but for discharge surveys." },
            "resource": [{
                "type": "QuestionnaireResponse",
                "supportedProfile": [
                    systems::SESSION,
                    systems::REGISTRY_FORM,
                    systems::DISCHARGE_SURVEY,
                ],
                "documentation": answered,
                "interaction": [{ "code": "create" }],
            }],
        }],
    })
}
