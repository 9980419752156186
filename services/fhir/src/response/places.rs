//! Where things are. Comes in: the path of a field in a submission. Goes out: the element that it was
//! read from, in the simple FHIRPath that an OperationOutcome takes.

use super::reader::ROOT;
use crate::systems;

/// The element that says what a response is.
pub(super) const PROFILE: &str = "QuestionnaireResponse.meta.profile";

/// Where the items of a form were.
#[derive(Default)]
pub(super) struct ItemPlaces {
    /// Of each item of the form.
    pub(super) items: Vec<String>,
    /// Of the total, where one was sent.
    pub(super) total: Option<String>,
    /// Of each earlier score.
    pub(super) earlier: Vec<String>,
}

/// The value of one of our extensions.
pub(super) fn extension(url: &str) -> String {
    format!("{ROOT}.extension('{url}').value")
}

impl ItemPlaces {
    pub(super) fn element(&self, field: &str) -> String {
        if field == "submission_id" {
            return format!("{ROOT}.identifier");
        }
        let Some((_, of_body)) = field.split_once('.') else {
            return PROFILE.to_owned();
        };
        match of_body {
            "patient" => format!("{ROOT}.subject.identifier.value"),
            "episode" => extension(systems::EPISODE),
            "unit" => extension(systems::UNIT),
            "date" => extension(systems::DATE),
            "number" => extension(systems::SESSION_NUMBER),
            "revision" => extension(systems::REVISION),
            "code" => format!("{ROOT}.basedOn.identifier.value"),
            _ => match of_body.split_once('.') {
                Some(("form" | "forms[0]", of_form)) => self.of_form(of_form),
                Some((earlier, part)) => self.of_earlier(earlier, part),
                _ => ROOT.to_owned(),
            },
        }
    }

    fn of_form(&self, field: &str) -> String {
        match field {
            "instrument" | "version" => format!("{ROOT}.questionnaire"),
            "respondent" => format!("{ROOT}.source.type"),
            "age" => extension(systems::AGE_BAND),
            "coding" => extension(systems::CODING),
            "total" => self.total.clone().unwrap_or_else(|| format!("{ROOT}.item")),
            _ => self
                .of_item(field)
                .unwrap_or_else(|| format!("{ROOT}.item")),
        }
    }

    /// The place of a part of an earlier score: `earlier[2]` and `scale`.
    fn of_earlier(&self, entry: &str, part: &str) -> String {
        let index = entry
            .strip_prefix("earlier[")
            .and_then(|it| it.strip_suffix(']'));
        let place = index.and_then(|index| self.earlier.get(index.parse::<usize>().ok()?));
        let part = match part {
            "instrument" => "questionnaire",
            "number" => "session-number",
            "respondent" => "source",
            part => part,
        };
        place.map_or_else(
            || ROOT.to_owned(),
            |place| format!("{place}.extension('{part}').value"),
        )
    }

    /// The place of a field of an item: `items[2].value`.
    fn of_item(&self, field: &str) -> Option<String> {
        let (index, rest) = field.strip_prefix("items[")?.split_once(']')?;
        let item = self.items.get(index.parse::<usize>().ok()?)?;
        Some(match rest {
            ".item" => format!("{item}.linkId"),
            ".value" => format!("{item}.answer[0].value"),
            ".missing" => format!("{item}.extension('{}').value", systems::ABSENT),
            _ => item.clone(),
        })
    }
}
