//! `involvement.toml` → the form that leaders of units fill in.

use super::builder::{CatalogueBuilder, SourceLines};
use super::titles::titles;
use crate::catalogue::involvement::{
    InvolvementChoice, InvolvementForm, InvolvementItem, InvolvementQuestion,
};
use crate::catalogue::source::{RawAsks, RawChoice, RawInvolvement, RawInvolvementItem};

impl CatalogueBuilder {
    /// Reads a file of its kind into the draft.
    pub(super) fn read_involvement(&mut self, source: &SourceLines<'_>) {
        if let Some(raw) = self.parse::<RawInvolvement>(source) {
            self.add_involvement(source, raw);
        }
    }

    fn add_involvement(&mut self, source: &SourceLines<'_>, raw: RawInvolvement) {
        self.declare(source, 1, "involvement");
        self.note(
            source,
            source.line(&raw.title),
            "involvement/title".to_owned(),
        );
        let mut items = Vec::new();
        for item in raw.items {
            let element = format!("involvement/item/{}", item.id.get_ref());
            if self.declare(source, source.line(&item.id), &element) {
                items.extend(self.involvement_item(source, item));
            }
        }
        self.draft.involvement = Some(InvolvementForm {
            title: titles(raw.title.into_inner()),
            items,
            sources: raw.sources,
            unverified: raw.unverified,
        });
    }

    fn involvement_item(
        &mut self,
        source: &SourceLines<'_>,
        raw: RawInvolvementItem,
    ) -> Option<InvolvementItem> {
        let choices = raw.choices.map(|choices| {
            let choices = choices.into_iter();
            let choice = |raw: RawChoice| InvolvementChoice {
                id: raw.id,
                title: titles(raw.title),
            };
            choices.map(choice).collect()
        });
        let asks = match (raw.asks, raw.max, choices) {
            (RawAsks::Degree, None, None) => InvolvementQuestion::Degree,
            (RawAsks::Count, Some(max), None) => InvolvementQuestion::Count(max),
            (RawAsks::Choices, None, Some(choices)) => InvolvementQuestion::Choices(choices),
            _ => {
                let message = "a count has max, choices have choices, a degree has neither";
                let line = source.line(&raw.id);
                self.refuse(source, line, "involvement", message.to_owned());
                return None;
            }
        };
        Some(InvolvementItem {
            id: raw.id.into_inner(),
            title: titles(raw.title),
            asks,
        })
    }
}
