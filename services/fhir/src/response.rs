//! What comes in. Comes in: a QuestionnaireResponse as it was sent, and the catalogue in force. Goes
//! out: the submission that it stands for, and what of it cannot be read. The invariant: only what
//! FHIR can say wrong and a gRPC message cannot is judged here; everything else is left to admission,
//! whose words come back by [`ResponseReading::violations`] with the elements that they are about.

mod extensions;
mod form;
mod places;
mod reader;

use medvirk_domain::catalogue::{Catalogue, FormViolation};
use medvirk_proto::feedback::v1 as wire;
use medvirk_proto::feedback::v1::submission::Kind;
use serde_json::Value;

use crate::systems;
use extensions::FormExtensions;
use form::AnsweredForm;
use places::ItemPlaces;
use reader::{PlacedObject, ROOT, ResponseReader};

/// Elements of a QuestionnaireResponse in R4. What is not read is not kept.
const ELEMENTS: [&str; 18] = [
    "resourceType",
    "id",
    "meta",
    "language",
    "text",
    "contained",
    "extension",
    "identifier",
    "basedOn",
    "partOf",
    "questionnaire",
    "status",
    "subject",
    "encounter",
    "authored",
    "author",
    "source",
    "item",
];
/// What changes what all the rest means.
const MODIFIERS: [&str; 2] = ["implicitRules", "modifierExtension"];
/// What a discharge survey must not carry.
const PERSONS: [&str; 4] = ["subject", "author", "source", "encounter"];

/// A QuestionnaireResponse that has been read as far as it can be.
pub struct ResponseReading {
    /// The client's id of it; empty where there is none.
    pub id: String,
    /// What it stands for; nothing where its profile does not say.
    pub body: Option<Kind>,
    wrong: Vec<FormViolation>,
    places: ItemPlaces,
}

/// What a response is, by its profile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ResponseProfile {
    Session,
    RegistryForm,
    DischargeSurvey,
}

/// Reads a `QuestionnaireResponse` and collects everything that is wrong in it.
pub fn read(resource: &Value, catalogue: &Catalogue) -> ResponseReading {
    let mut reader = ResponseReader::default();
    let is_one = |object: &&_| reader::text_of(object, "resourceType") == Some(ROOT);
    let Some(object) = resource.as_object().filter(is_one) else {
        reader.note(ROOT, "must be a resource of this type");
        return ResponseReading {
            id: String::new(),
            body: None,
            wrong: reader.wrong,
            places: ItemPlaces::default(),
        };
    };
    let root = PlacedObject::root(object);
    reader.elements(&root, &ELEMENTS, &MODIFIERS);
    let id = submission_id(&mut reader, &root);
    let profile = profile(&mut reader, &root);
    let mut extensions = extensions::read(&mut reader, &root, catalogue);
    let revision = revision(&mut reader, &root, profile, &extensions);
    let with_source = profile != Some(ResponseProfile::DischargeSurvey);
    let answered = form::read(&mut reader, &root, catalogue, with_source);
    let AnsweredForm {
        mut form,
        mut places,
    } = answered;
    places.earlier = std::mem::take(&mut extensions.earlier_places);
    (form.age, form.coding) = (extensions.age, extensions.coding);
    let body = profile.map(|profile| match profile {
        ResponseProfile::Session => session(&mut reader, &root, extensions, form),
        ResponseProfile::RegistryForm => {
            registry_form(&mut reader, &root, extensions, revision, form)
        }
        ResponseProfile::DischargeSurvey => survey(&mut reader, &root, &extensions, form),
    });
    ResponseReading {
        id,
        body,
        wrong: reader.wrong,
        places,
    }
}

impl ResponseReading {
    /// Everything that is wrong, each with its element: what could not be read, and what admission
    /// says of the rest. Of an element that could not be read admission saw a stand-in, so what it
    /// says of that is left out.
    pub fn violations(&self, admission: Vec<FormViolation>) -> Vec<FormViolation> {
        let mut all = self.wrong.clone();
        for violation in admission {
            let field = self.places.element(&violation.field);
            if !self.wrong.iter().any(|known| covers(&known.field, &field)) {
                let rule = violation.rule;
                all.push(FormViolation { field, rule });
            }
        }
        all
    }

    /// False if something of it could not be read.
    pub fn is_readable(&self) -> bool {
        self.wrong.is_empty()
    }

    /// The element of a field of the submission.
    pub fn element(&self, field: &str) -> String {
        self.places.element(field)
    }
}

/// True if one of them is the other or a part of it. What is said of all items together is not said
/// of one.
fn covers(known: &str, field: &str) -> bool {
    let is_part = |whole: &str, part: &str| {
        let rest = part.strip_prefix(whole);
        let is_one = whole != ROOT && whole != "QuestionnaireResponse.item";
        is_one && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    known == field || is_part(known, field) || is_part(field, known)
}

fn submission_id(reader: &mut ResponseReader, root: &PlacedObject<'_>) -> String {
    let Some(identifier) = reader.object(root, "identifier") else {
        return String::new();
    };
    let is_uri = reader.text(&identifier, "system") == Some(systems::URI);
    let value = reader.text(&identifier, "value");
    let id = value.and_then(|value| value.strip_prefix(systems::UUID));
    match id.filter(|_| is_uri) {
        Some(id) => id.to_owned(),
        None => {
            let rule = format!(
                "must have the system {} and the value {} with a UUID, the same at every resubmission",
                systems::URI,
                systems::UUID
            );
            reader.note(&identifier.place, rule);
            String::new()
        }
    }
}

fn profile(reader: &mut ResponseReader, root: &PlacedObject<'_>) -> Option<ResponseProfile> {
    let known = |profile: &Value| match profile.as_str()? {
        systems::SESSION => Some(ResponseProfile::Session),
        systems::REGISTRY_FORM => Some(ResponseProfile::RegistryForm),
        systems::DISCHARGE_SURVEY => Some(ResponseProfile::DischargeSurvey),
        _ => None,
    };
    let meta = root.object.get("meta").and_then(|meta| meta.get("profile"));
    let profiles = meta.and_then(Value::as_array).into_iter().flatten();
    let found: Vec<_> = profiles.filter_map(known).collect();
    match found[..] {
        [profile] => Some(profile),
        _ => {
            let rule = format!(
                "must be one of: {}, {}, {}",
                systems::SESSION,
                systems::REGISTRY_FORM,
                systems::DISCHARGE_SURVEY
            );
            reader.note(places::PROFILE, rule);
            None
        }
    }
}

/// 0 for what is sent for the first time.
fn revision(
    reader: &mut ResponseReader,
    root: &PlacedObject<'_>,
    profile: Option<ResponseProfile>,
    extensions: &FormExtensions,
) -> u32 {
    let place = format!("{ROOT}.status");
    let rule = match (reader.text(root, "status"), profile) {
        (Some("completed"), _) => {
            if extensions.revision.is_some() {
                let rule = "must not be there: it is for forms whose status is amended";
                reader.note(places::extension(systems::REVISION), rule);
            }
            return 0;
        }
        (Some("amended"), Some(ResponseProfile::RegistryForm)) => {
            if extensions.revision.is_none() {
                reader.note(places::extension(systems::REVISION), "is required");
            }
            return extensions.revision.unwrap_or_default();
        }
        (Some("amended"), Some(ResponseProfile::Session)) => {
            "must be completed: a correction is the whole session with all its forms, and is taken \
             over gRPC, by FeedbackService.CorrectSession"
        }
        (_, Some(ResponseProfile::RegistryForm)) => "must be completed or amended",
        _ => "must be completed",
    };
    reader.note(place, rule);
    0
}

fn session(
    reader: &mut ResponseReader,
    root: &PlacedObject<'_>,
    extensions: FormExtensions,
    form: wire::Form,
) -> Kind {
    Kind::Session(wire::Session {
        patient: patient(reader, root),
        episode: extensions.episode.unwrap_or_default(),
        unit: extensions.unit.unwrap_or_default(),
        date: extensions.date.unwrap_or_default(),
        number: extensions.number.unwrap_or_default(),
        forms: vec![form],
        earlier: extensions.earlier,
    })
}

fn registry_form(
    reader: &mut ResponseReader,
    root: &PlacedObject<'_>,
    extensions: FormExtensions,
    revision: u32,
    form: wire::Form,
) -> Kind {
    let given = [
        (systems::SESSION_NUMBER, extensions.number.is_some()),
        (systems::EARLIER, !extensions.earlier.is_empty()),
    ];
    for (url, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
        let rule = "must not be there: a form of the register is of no session";
        reader.note(places::extension(url), rule);
    }
    Kind::RegistryForm(wire::RegistryForm {
        patient: patient(reader, root),
        episode: extensions.episode.unwrap_or_default(),
        unit: extensions.unit.unwrap_or_default(),
        date: extensions.date.unwrap_or_default(),
        form: Some(form),
        revision,
    })
}

/// The code says of which unit and month it is; who answers stays unknown.
fn survey(
    reader: &mut ResponseReader,
    root: &PlacedObject<'_>,
    extensions: &FormExtensions,
    form: wire::Form,
) -> Kind {
    for name in PERSONS
        .iter()
        .filter(|name| root.object.contains_key(**name))
    {
        let rule = "must not be there: a discharge survey names no person";
        reader.note(format_args!("{ROOT}.{name}"), rule);
    }
    let given = [
        (systems::UNIT, extensions.unit.is_some()),
        (systems::EPISODE, extensions.episode.is_some()),
        (systems::DATE, extensions.date.is_some()),
        (systems::SESSION_NUMBER, extensions.number.is_some()),
        (systems::EARLIER, !extensions.earlier.is_empty()),
    ];
    for (url, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
        let rule = "must not be there: the code of a discharge survey says it all";
        reader.note(places::extension(url), rule);
    }
    let code = survey_code(root).unwrap_or_default().to_owned();
    let form = Some(form);
    Kind::DischargeSurvey(wire::DischargeSurvey { code, form })
}

/// The code is what asked for the survey.
fn survey_code<'j>(root: &PlacedObject<'j>) -> Option<&'j str> {
    let orders = root.object.get("basedOn")?.as_array()?.iter();
    let mut identifiers = orders.filter_map(|order| order.get("identifier"));
    let is_code = |one: &&Value| {
        one.get("system")
            .is_some_and(|it| it == systems::SURVEY_CODE)
    };
    identifiers.find(is_code)?.get("value")?.as_str()
}

/// The clinic's own reference: the same text as over gRPC, or it would be another person.
fn patient(reader: &mut ResponseReader, root: &PlacedObject<'_>) -> String {
    let subject = reader.object(root, "subject");
    let identifier = subject.and_then(|subject| reader.object(&subject, "identifier"));
    let value = identifier.and_then(|identifier| reader.text(&identifier, "value"));
    value.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
