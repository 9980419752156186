//! `organisations.toml` → the tree. Ids must be unique over all levels, since rows and queries
//! name an organisation by its id.

use std::ops::RangeInclusive;

use toml::Spanned;

use super::builder::{CatalogueBuilder, SourceLines};
use super::titles::names;
use crate::catalogue::organisation::{Institution, Nation, Region, Trust, Unit};
use crate::catalogue::source::{
    RawInstitution, RawOrganisations, RawReferencePattern, RawRegion, RawTrust, RawUnit,
};
use crate::reference::{ReferencePattern, ReferencePatterns};

/// How many digits a number has, and by which name a refusal names the rule.
struct DigitsRule {
    lengths: RangeInclusive<usize>,
    name: &'static str,
}

/// How long a number of a legal entity is, and the rule about it.
const ORGNR: DigitsRule = DigitsRule {
    lengths: 9..=9,
    name: "orgnr",
};
/// The same of a number in the register of health units.
const RESH: DigitsRule = DigitsRule {
    lengths: 1..=9,
    name: "resh",
};

impl CatalogueBuilder {
    /// Reads a file of its kind into the draft.
    pub(super) fn read_organisations(&mut self, source: &SourceLines<'_>) {
        if let Some(raw) = self.parse::<RawOrganisations>(source) {
            self.add_organisations(source, raw);
        }
    }

    fn add_organisations(&mut self, source: &SourceLines<'_>, raw: RawOrganisations) {
        let nation = raw.nation.into_inner();
        self.declare_organisation(
            source,
            source.line(&nation.id),
            nation.id.get_ref().as_str(),
        );
        self.draft.organisations.nation = Nation {
            id: nation.id.into_inner(),
            title: names(nation.title),
        };
        for region in raw.regions {
            self.add_region(source, region);
        }
        for trust in raw.trusts {
            self.add_trust(source, trust);
        }
        for institution in raw.institutions {
            self.add_institution(source, institution);
        }
        for unit in raw.units {
            self.add_unit(source, unit);
        }
    }

    fn add_region(&mut self, source: &SourceLines<'_>, raw: Spanned<RawRegion>) {
        let RawRegion { id, title } = raw.into_inner();
        if self.declare_organisation(source, source.line(&id), id.get_ref().as_str()) {
            let title = names(title);
            let regions = &mut self.draft.organisations.regions;
            regions.insert(id.into_inner(), Region { title });
        }
    }

    fn add_trust(&mut self, source: &SourceLines<'_>, raw: Spanned<RawTrust>) {
        let RawTrust {
            id,
            region,
            orgnr,
            reference_pattern,
            title,
        } = raw.into_inner();
        if self.declare_organisation(source, source.line(&id), id.get_ref().as_str()) {
            self.note_parent(source, id.get_ref().as_str(), source.line(&region));
            let trust = Trust {
                region: region.into_inner(),
                orgnr: self.digits(source, orgnr, ORGNR),
                references: self.reference_patterns(source, reference_pattern),
                title: names(title),
            };
            let trusts = &mut self.draft.organisations.trusts;
            trusts.insert(id.into_inner(), trust);
        }
    }

    fn add_institution(&mut self, source: &SourceLines<'_>, raw: Spanned<RawInstitution>) {
        let RawInstitution {
            id,
            trust,
            orgnr,
            title,
        } = raw.into_inner();
        if self.declare_organisation(source, source.line(&id), id.get_ref().as_str()) {
            self.note_parent(source, id.get_ref().as_str(), source.line(&trust));
            let institution = Institution {
                trust: trust.into_inner(),
                orgnr: self.digits(source, orgnr, ORGNR),
                title: names(title),
            };
            let institutions = &mut self.draft.organisations.institutions;
            institutions.insert(id.into_inner(), institution);
        }
    }

    fn add_unit(&mut self, source: &SourceLines<'_>, raw: Spanned<RawUnit>) {
        let raw = raw.into_inner();
        let id = raw.id.get_ref().as_str();
        if !self.declare_organisation(source, source.line(&raw.id), id) {
            return;
        }
        self.note_parent(source, id, source.line(&raw.institution));
        self.note_field(
            source,
            &format!("organisation/{id}"),
            "number",
            Some(&raw.number),
        );
        let unit = Unit {
            institution: raw.institution.into_inner(),
            number: raw.number.into_inner(),
            single_therapist: raw.single_therapist,
            single_device: raw.single_device,
            orgnr: self.digits(source, raw.orgnr, ORGNR),
            resh: self.digits(source, raw.resh, RESH),
            title: names(raw.title),
        };
        let units = &mut self.draft.organisations.units;
        units.insert(raw.id.into_inner(), unit);
    }

    fn reference_patterns(
        &mut self,
        source: &SourceLines<'_>,
        raw: Option<Spanned<RawReferencePattern>>,
    ) -> ReferencePatterns {
        let Some(raw) = raw else {
            return ReferencePatterns::default();
        };
        let line = source.line(&raw);
        let mut pattern = |written: Option<String>| {
            let read = ReferencePattern::new(&written?);
            read.map_err(|reason| self.refuse(source, line, "reference-pattern", reason))
                .ok()
        };
        let raw = raw.into_inner();
        ReferencePatterns {
            patient: pattern(raw.patient),
            episode: pattern(raw.episode),
            therapist: pattern(raw.therapist),
        }
    }

    /// A number that is written as text, so that it keeps its zeros.
    fn digits(
        &mut self,
        source: &SourceLines<'_>,
        raw: Option<Spanned<String>>,
        rule: DigitsRule,
    ) -> Option<String> {
        let raw = raw?;
        let text = raw.get_ref();
        let lengths = rule.lengths;
        if !lengths.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = format!("it has {} to {} digits", lengths.start(), lengths.end());
            self.refuse(source, source.line(&raw), rule.name, message);
        }
        Some(raw.into_inner())
    }

    fn declare_organisation(&mut self, source: &SourceLines<'_>, line: usize, id: &str) -> bool {
        self.declare(source, line, &format!("organisation/{id}"))
    }

    fn note_parent(&mut self, source: &SourceLines<'_>, id: &str, line: usize) {
        self.note(source, line, format!("organisation/{id}/parent"));
    }
}
