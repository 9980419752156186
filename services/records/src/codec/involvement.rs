//! What services say about themselves, as it is on the wire and in the log.

use medvirk_domain::catalogue::{InvolvementAnswer, InvolvementAnswers, InvolvementDegree};
use medvirk_domain::ids::ItemId;
use medvirk_proto::involvement::v1::involvement_answer::Answer;
use medvirk_proto::involvement::v1::{self as wire, Choices};
use medvirk_proto::log::v1 as log;

use super::undecodable::Reason;

/// The years that there may be.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2199;

/// Answers as they are sent, or what is wrong with which of them.
pub fn read_answers(
    answers: &[wire::InvolvementAnswer],
) -> Result<Vec<(ItemId, InvolvementAnswer)>, (usize, Reason)> {
    let read = |(place, answer)| read(answer).map_err(|reason| (place, reason));
    answers.iter().enumerate().map(read).collect()
}

/// A calendar year, if it is one.
pub fn read_year(year: u32) -> Option<i32> {
    YEARS.contains(&year).then_some(year.cast_signed())
}

/// Answers as they are sent.
pub fn write_answers(answers: &[(ItemId, InvolvementAnswer)]) -> Vec<wire::InvolvementAnswer> {
    let write = |(item, answer): &(ItemId, InvolvementAnswer)| wire::InvolvementAnswer {
        item: item.to_string(),
        answer: Some(match answer {
            InvolvementAnswer::Degree(degree) => Answer::Degree(
                match degree {
                    InvolvementDegree::No => wire::Degree::No,
                    InvolvementDegree::Partly => wire::Degree::Partly,
                    InvolvementDegree::Yes => wire::Degree::Yes,
                }
                .into(),
            ),
            InvolvementAnswer::Count(count) => Answer::Count(*count),
            InvolvementAnswer::Choices(ids) => Answer::Choices(Choices {
                choices: ids.iter().map(ToString::to_string).collect(),
            }),
        }),
    };
    answers.iter().map(write).collect()
}

fn read(answer: &wire::InvolvementAnswer) -> Result<(ItemId, InvolvementAnswer), Reason> {
    let item = answer.item.parse().map_err(|_| Reason::Item)?;
    let answer = match answer.answer.as_ref().ok_or(Reason::Response)? {
        Answer::Degree(degree) => {
            InvolvementAnswer::Degree(match wire::Degree::try_from(*degree) {
                Ok(wire::Degree::No) => InvolvementDegree::No,
                Ok(wire::Degree::Partly) => InvolvementDegree::Partly,
                Ok(wire::Degree::Yes) => InvolvementDegree::Yes,
                Ok(wire::Degree::Unspecified) | Err(_) => return Err(Reason::Response),
            })
        }
        Answer::Count(count) => InvolvementAnswer::Count(*count),
        Answer::Choices(choices) => {
            let ids = choices.choices.iter().map(|id| id.parse());
            let ids = ids.collect::<Result<_, _>>();
            InvolvementAnswer::Choices(ids.map_err(|_| Reason::Item)?)
        }
    };
    Ok((item, answer))
}

pub(super) fn to_log(it: &InvolvementAnswers) -> log::Involvement {
    log::Involvement {
        unit: it.unit.to_string(),
        year: it.year.cast_unsigned(),
        answers: write_answers(&it.answers),
        sender: it.sender.clone(),
        ingested_at: it.ingested_at,
    }
}

pub(super) fn of_log(it: log::Involvement) -> Result<InvolvementAnswers, Reason> {
    Ok(InvolvementAnswers {
        unit: it.unit.parse().map_err(|_| Reason::Unit)?,
        year: read_year(it.year).ok_or(Reason::Month)?,
        answers: read_answers(&it.answers).map_err(|(_, reason)| reason)?,
        sender: it.sender,
        ingested_at: it.ingested_at,
    })
}
