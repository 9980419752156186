//! What services say about themselves: councils, peer workers, tools. Comes in: the topic
//! `catalogue`. Goes out: answers of units by year and item, with the titles of the form in force.
//! The invariant: shown is what had been said when the month after the last shown one was planned,
//! which is before its close, so nothing but a close changes an answer. It is about services and not
//! about persons: there is no k.

use medvirk_domain::catalogue::{
    Catalogue, InvolvementAnswer, InvolvementAnswers, InvolvementQuestion, Titles,
};
use medvirk_domain::ids::ItemId;
use medvirk_proto::indicator::v1 as wire;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::Report;
use crate::error::Error;
use crate::figures::QueryRefusal;
use crate::question::year;

/// What is asked; what is empty means all.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InvolvementQuery {
    /// Id of a unit.
    pub(crate) unit: String,
    /// The calendar year as YYYY.
    pub(crate) year: String,
}

/// What a unit says to one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportedAnswer {
    unit: String,
    year: i32,
    item: String,
    title: Titles,
    /// "no", "partly", "yes", a number, or ids of choices parted by commas.
    answer: String,
    /// What was chosen: ids and titles.
    choices: Vec<(String, Titles)>,
}

impl Report {
    /// By unit, year, and the order of the form.
    pub(crate) async fn involvement(
        &self,
        question: &InvolvementQuery,
    ) -> Result<Vec<wire::Involvement>, Error> {
        let year = year(&question.year)?;
        let held = self.held().await?;
        let catalogue = held.background.catalogue();
        let unit = question.unit.as_str();
        if !unit.is_empty() && !catalogue.organisations.units.contains_key(unit) {
            return Err(QueryRefusal::UnknownOrganisation(unit.to_owned()).into());
        }
        let Some(last) = held.background.shown_until() else {
            return Ok(Vec::new());
        };
        let mut told = self.told_before_close(last).await?;
        told.retain(|it| {
            year.is_none_or(|year| year == it.year) && (unit.is_empty() || unit == it.unit.as_str())
        });
        Ok(said(catalogue, &told).into_iter().map(Into::into).collect())
    }
}

/// In the order of the form; what it does not ask for any more is left out.
fn said(catalogue: &Catalogue, told: &[InvolvementAnswers]) -> Vec<ReportedAnswer> {
    let items = || catalogue.involvement.iter().flat_map(|form| &form.items);
    let of = |it: &InvolvementAnswers| -> Vec<ReportedAnswer> {
        let answer = |item: &_| it.answers.iter().find(|(id, _)| id == item);
        let found = items().filter_map(|item| Some((item, &answer(&item.id)?.1)));
        found
            .map(|(item, answer)| ReportedAnswer {
                unit: it.unit.to_string(),
                year: it.year,
                item: item.id.to_string(),
                title: item.title.clone(),
                answer: answer.to_string(),
                choices: chosen(&item.asks, answer),
            })
            .collect()
    };
    let known = |it: &&InvolvementAnswers| catalogue.organisations.units.contains_key(&it.unit);
    told.iter().filter(known).flat_map(of).collect()
}

/// What was chosen, in the order of the form; what it does not have any more comes last, without
/// a title.
fn chosen(asks: &InvolvementQuestion, answer: &InvolvementAnswer) -> Vec<(String, Titles)> {
    let InvolvementAnswer::Choices(ids) = answer else {
        return Vec::new();
    };
    let offered = match asks {
        InvolvementQuestion::Choices(offered) => offered.as_slice(),
        InvolvementQuestion::Degree | InvolvementQuestion::Count(_) => &[],
    };
    let known = offered.iter().filter(|choice| ids.contains(&choice.id));
    let is_offered = |id: &&ItemId| offered.iter().any(|choice| choice.id == **id);
    let gone = ids.iter().filter(|id| !is_offered(id));
    known
        .map(|choice| (choice.id.to_string(), choice.title.clone()))
        .chain(gone.map(|id| (id.to_string(), Titles::new())))
        .collect()
}

// === as messages ===

impl From<wire::QueryInvolvementRequest> for InvolvementQuery {
    fn from(request: wire::QueryInvolvementRequest) -> Self {
        Self {
            unit: request.unit,
            year: match request.year {
                0 => String::new(),
                year => year.to_string(),
            },
        }
    }
}

impl From<ReportedAnswer> for wire::Involvement {
    fn from(said: ReportedAnswer) -> Self {
        Self {
            unit: said.unit,
            year: said.year.unsigned_abs(),
            item: said.item,
            title: said.title.into_iter().collect(),
            answer: said.answer,
            choices: said
                .choices
                .into_iter()
                .map(|(choice, title)| wire::Chosen {
                    choice,
                    title: title.into_iter().collect(),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests;
