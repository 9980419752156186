//! What the leaders of simulated units say about them, year by year. Comes in: a unit and the form in
//! force. Goes out: answers that are asked for. The invariant: it is a function of seed, unit and
//! year, and changes little from one year to the next.

use medvirk_domain::catalogue::{InvolvementForm, InvolvementItem, InvolvementQuestion};
use medvirk_proto::involvement::v1::involvement_answer::Answer;
use medvirk_proto::involvement::v1::{
    Choices, Degree, InvolvementAnswer, SubmitInvolvementRequest,
};

use super::clinic::SimulatedClinic;
use super::draw::{DrawPurpose, SeededDraw};
use super::world::SimulatedWorld;

/// What every leader says about a year.
pub(super) fn say(
    world: &SimulatedWorld,
    year: i32,
) -> Vec<(&SimulatedClinic, SubmitInvolvementRequest)> {
    let Some(form) = &world.kit.involvement else {
        return Vec::new();
    };
    let said = |clinic| (clinic, say_of(world.seed, form, clinic, year));
    world.clinics.iter().map(said).collect()
}

fn say_of(
    seed: u64,
    form: &InvolvementForm,
    clinic: &SimulatedClinic,
    year: i32,
) -> SubmitInvolvementRequest {
    // What there was in the first year grows slowly.
    let mut draw = SeededDraw::new(seed, DrawPurpose::Leader(clinic.number));
    let grown = 0.06 * f64::from(year - 2020).clamp(0.0, 10.0);
    let mut answer = |item: &InvolvementItem| InvolvementAnswer {
        item: item.id.to_string(),
        answer: Some(answer(&item.asks, draw.share() + grown)),
    };
    SubmitInvolvementRequest {
        unit: clinic.unit.to_string(),
        year: year.unsigned_abs(),
        answers: form.items.iter().map(&mut answer).collect(),
    }
}

/// `much` is 0 where there is nothing of it, and 1 or more where there is all of it.
fn answer(asks: &InvolvementQuestion, much: f64) -> Answer {
    match asks {
        InvolvementQuestion::Degree => Answer::Degree(
            match much {
                ..0.5 => Degree::No,
                0.5..0.8 => Degree::Partly,
                _ => Degree::Yes,
            }
            .into(),
        ),
        InvolvementQuestion::Count(max) => Answer::Count(((3.0 * much) as u32).min(*max)),
        InvolvementQuestion::Choices(choices) => {
            let used = (much * choices.len() as f64) as usize;
            let used = choices.iter().take(used);
            Answer::Choices(Choices {
                choices: used.map(|choice| choice.id.to_string()).collect(),
            })
        }
    }
}
