//! From what is sent to what the log holds. Comes in: a form as it was sent, and how the sender
//! says that it is coded. Goes out: the same as the respondent marked it. The invariant: a coding
//! is never guessed, and what stands for "no value" is taken out before anything is reversed.

use super::instrument::{FormViolation, Instrument, Item};
use crate::fixed::FixedPoint;
use crate::form::{Coding, Form, ItemResponse};

impl Instrument {
    /// Takes sentinels out, and turns reversed items back to what the respondent marked.
    ///
    /// # Errors
    /// When the coding is not declared where it must be, or declared where there is none; then
    /// only the sentinels are out.
    pub fn as_marked(&self, form: &mut Form, coding: Option<Coding>) -> Result<(), FormViolation> {
        for (id, response) in &mut form.items {
            let Some(item) = self.items.iter().find(|item| item.id == *id) else {
                continue;
            };
            if let ItemResponse::Value(value) = *response {
                *response = self.response_as_marked(item, value, coding);
            }
        }
        let rule = match (self.coding_declared, coding) {
            (true, None) => {
                "is required: agreement or higher-is-worse; nothing in the values tells"
            }
            (false, Some(_)) => "must not be given: the instrument has one coding only",
            (true, Some(_)) | (false, None) => return Ok(()),
        };
        Err(FormViolation {
            field: "coding".to_owned(),
            rule: rule.to_owned(),
        })
    }

    fn response_as_marked(
        &self,
        item: &Item,
        value: FixedPoint,
        coding: Option<Coding>,
    ) -> ItemResponse {
        let sentinel = self.sentinels.iter().find(|(number, _)| *number == value);
        match (sentinel, coding) {
            // First, or "not relevant" would become the worst answer there is.
            (Some((_, reason)), _) => ItemResponse::Missing(*reason),
            (None, Some(Coding::HigherIsWorse)) => ItemResponse::Value(item.turned(value)),
            (None, Some(Coding::Agreement) | None) => ItemResponse::Value(value),
        }
    }
}

#[cfg(test)]
mod tests;
