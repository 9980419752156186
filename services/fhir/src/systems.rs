//! Every name that both sides must know. Those of Medvirk are `urn:medvirk:…`, since nobody has
//! published these forms; all others are of those who published them.

/// Codes of the Norwegian form tools for what is computed of a form: TS is the total, SS the score of
/// a section, QS that of a question.
pub const FORMULAS: &str = "http://ehelse.no/scoringFormulas";
/// The score of an option, as R4 has it.
pub const ORDINAL: &str = "http://hl7.org/fhir/StructureDefinition/ordinalValue";
/// Why there is no answer, as R4 has it.
pub const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
/// Of an identifier that is a URI.
pub const URI: &str = "urn:ietf:rfc:3986";
/// Before a UUID that is a URI.
pub const UUID: &str = "urn:uuid:";

/// Before the id of an instrument: the `url` of its Questionnaire, without version.
pub const INSTRUMENT: &str = "urn:medvirk:instrument:";
/// Of the one-time code of a discharge survey, which is what the response is based on.
pub const SURVEY_CODE: &str = "urn:medvirk:survey-code";

/// Profile of a form that was filled in at a session.
pub const SESSION: &str = "urn:medvirk:profile:session";
/// Profile of a form of the quality register.
pub const REGISTRY_FORM: &str = "urn:medvirk:profile:registry-form";
/// Profile of a discharge survey.
pub const DISCHARGE_SURVEY: &str = "urn:medvirk:profile:discharge-survey";

/// Before the name of an extension of Medvirk.
pub const EXTENSION: &str = "urn:medvirk:";
/// Id of the unit; a `valueString`, as the next one.
pub const UNIT: &str = "urn:medvirk:unit";
/// The clinic's own reference to the episode.
pub const EPISODE: &str = "urn:medvirk:episode";
/// The day of the session, or that the form is about; a `valueDate`.
pub const DATE: &str = "urn:medvirk:date";
/// Number of the session within the episode; a `valuePositiveInt`, as the next one.
pub const SESSION_NUMBER: &str = "urn:medvirk:session-number";
/// Revision of an amended form.
pub const REVISION: &str = "urn:medvirk:revision";
/// `child`, `adolescent` or `adult`; a `valueCode`, as the next one.
pub const AGE_BAND: &str = "urn:medvirk:age-band";
/// The code system of a score's direction: `agreement` or `higher-is-worse`.
pub const CODING: &str = "urn:medvirk:coding";

/// A score from before, for rules that look back and for adaptive forms; of parts.
pub const EARLIER: &str = "urn:medvirk:earlier-score";

/// The code system of an item's options.
pub fn options(instrument: &str, item: &str) -> String {
    format!("{INSTRUMENT}{instrument}:{item}")
}
