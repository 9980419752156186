//! Single fields. Comes in: a field and its path. Goes out: its typed value, or nothing and a
//! violation noted. The invariant: `None` is returned only after a violation was noted.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use medvirk_domain::catalogue::FormViolation;
use medvirk_domain::record::EpisodeEnding;
use medvirk_domain::reference::{ReferenceKind, ReferencePatterns, check_reference};
use medvirk_domain::time::{Day, Month};
use medvirk_proto::feedback::v1 as wire;
use uuid::Uuid;

use super::rules::{AdmissionRules, UnitPlace, WrittenReferences};
use super::violation::{RefusedSubmission, ViolationKind};
use crate::code::{self, CodeClaim};

/// No more violations than this are noted for one submission.
const MAX_VIOLATIONS: usize = 100;

/// Notes everything that is wrong.
pub(super) struct FieldChecks<'a, 'r> {
    pub(super) rules: &'r AdmissionRules<'a>,
    violations: Vec<FormViolation>,
    kinds: BTreeSet<ViolationKind>,
    foreign_unit: Option<String>,
}

/// Where references stand in what was sent, and in which unit and trust where that is known.
#[derive(Clone, Copy)]
pub(super) struct ReferencesAt<'p, 'a> {
    pub(super) root: &'p str,
    pub(super) place: Option<UnitPlace<'a>>,
}

impl<'a, 'r> FieldChecks<'a, 'r> {
    pub(super) fn new(rules: &'r AdmissionRules<'a>) -> Self {
        Self {
            rules,
            violations: Vec::new(),
            kinds: BTreeSet::new(),
            foreign_unit: None,
        }
    }

    /// What was noted. That the sender may not send for the unit comes before all else: who is
    /// not allowed is not told what would be wrong.
    pub(super) fn done(self) -> Result<(), RefusedSubmission> {
        if let Some(field) = self.foreign_unit {
            return Err(RefusedSubmission::Unit { field });
        }
        if self.violations.is_empty() {
            return Ok(());
        }
        Err(RefusedSubmission::Invalid {
            violations: self.violations,
            kinds: self.kinds,
        })
    }

    /// Notes a field that is wrong.
    pub(super) fn note(&mut self, field: impl Display, rule: impl Into<String>) {
        self.note_kind(ViolationKind::Field, field, rule);
    }

    /// Notes a field that is wrong in a way that a client can tell from others.
    pub(super) fn note_kind(
        &mut self,
        kind: ViolationKind,
        field: impl Display,
        rule: impl Into<String>,
    ) {
        self.kinds.insert(kind);
        if self.violations.len() < MAX_VIOLATIONS {
            // A request whose fields are its own has no path before them.
            let field = field.to_string().trim_start_matches('.').to_owned();
            self.violations.push(FormViolation {
                field,
                rule: rule.into(),
            });
        }
    }

    /// Something that must be there is not.
    pub(super) fn missing<T>(&mut self, field: &str) -> Option<T> {
        self.note(field, "is required");
        None
    }

    pub(super) fn submission_id(&mut self, sent: &str) -> Option<[u8; 16]> {
        // The log's own records have the id of all zeros.
        let id = Uuid::try_parse(sent).ok().filter(|id| !id.is_nil());
        if let Some(id) = id.filter(|_| sent.len() == 36) {
            return Some(id.into_bytes());
        }
        let rule = "must be a UUID of 36 characters, not all zeros";
        self.note("submission_id", rule);
        None
    }

    /// Both references; `at` says where they stand and, if that is known, in which trust.
    pub(super) fn who(
        &mut self,
        at: ReferencesAt<'_, 'a>,
        patient: &'a str,
        episode: &'a str,
    ) -> Option<WrittenReferences<'a>> {
        let patient = self.reference(at, ReferenceKind::Patient, patient);
        let episode = self.reference(at, ReferenceKind::Episode, episode);
        Some(WrittenReferences {
            patient: patient?,
            episode: episode?,
        })
    }

    pub(super) fn therapist(
        &mut self,
        at: ReferencesAt<'_, 'a>,
        sent: &'a str,
    ) -> Option<Option<&'a str>> {
        match sent {
            "" => Some(None),
            sent => self.reference(at, ReferenceKind::Therapist, sent).map(Some),
        }
    }

    fn reference(
        &mut self,
        at: ReferencesAt<'_, 'a>,
        kind: ReferenceKind,
        sent: &'a str,
    ) -> Option<&'a str> {
        let field = match kind {
            ReferenceKind::Patient => "patient",
            ReferenceKind::Episode => "episode",
            ReferenceKind::Therapist => "therapist",
        };
        let trusts = &self.rules.catalogue.organisations.trusts;
        let trust = at.place.and_then(|place| trusts.get(place.trust));
        let none = ReferencePatterns::default();
        let patterns = trust.map_or(&none, |trust| &trust.references);
        match check_reference(kind, sent, patterns) {
            Ok(()) => Some(sent),
            Err(fault) => {
                self.note(format_args!("{}.{field}", at.root), fault.to_string());
                None
            }
        }
    }

    pub(super) fn unit(&mut self, root: &str, sent: &str) -> Option<UnitPlace<'a>> {
        let organisations = &self.rules.catalogue.organisations;
        let Some((unit, entry)) = organisations.units.get_key_value(sent) else {
            let rule = "must be the id of a unit in the catalogue";
            self.note(format_args!("{root}.unit"), rule);
            return None;
        };
        if !self.rules.units.allow(unit) {
            self.foreign_unit = Some(format!("{root}.unit").trim_start_matches('.').to_owned());
            return None;
        }
        let trust = organisations.trust_of(unit)?;
        Some(UnitPlace {
            unit,
            trust,
            number: entry.number,
        })
    }

    pub(super) fn day(&mut self, root: &str, sent: &str) -> Option<Day> {
        let (kind, rule) = match sent.parse::<Day>() {
            Ok(day) if day <= self.rules.today => return Some(day),
            Ok(_) => (ViolationKind::TooEarly, "must not be in the future"),
            Err(_) => (
                ViolationKind::Field,
                "must be a day of the calendar, YYYY-MM-DD, from 1900-01-01 on",
            ),
        };
        self.note_kind(kind, format_args!("{root}.date"), rule);
        None
    }

    /// The month of an invitation; as old as a code of it is still taken.
    pub(super) fn invitation_month(&mut self, root: &str, sent: &str) -> Option<Month> {
        let (kind, rule) = match sent.parse::<Month>() {
            Err(_) => (ViolationKind::Field, "must be a month, YYYY-MM"),
            Ok(month) if month > self.rules.today.month() => {
                (ViolationKind::TooEarly, "must not be in the future")
            }
            Ok(month) if code::is_over(month, self.rules.present) => (
                ViolationKind::Field,
                "must not be so old that its codes are over",
            ),
            Ok(month) => return Some(month),
        };
        self.note_kind(kind, format_args!("{root}.month"), rule);
        None
    }

    /// A number from 1 to `max`.
    pub(super) fn between(
        &mut self,
        field: impl Display,
        sent: u32,
        allowed: RangeInclusive<u32>,
    ) -> Option<u32> {
        if allowed.contains(&sent) {
            return Some(sent);
        }
        self.note(
            field,
            format!("must be from {} to {}", allowed.start(), allowed.end()),
        );
        None
    }

    pub(super) fn ending(&mut self, root: &str, sent: i32) -> Option<EpisodeEnding> {
        match wire::Ending::try_from(sent) {
            Ok(wire::Ending::Unspecified) => Some(EpisodeEnding::Unknown),
            Ok(wire::Ending::Planned) => Some(EpisodeEnding::Planned),
            Ok(wire::Ending::Unplanned) => Some(EpisodeEnding::Unplanned),
            Ok(wire::Ending::Transfer) => Some(EpisodeEnding::Transfer),
            Err(_) => {
                self.note(format_args!("{root}.ending"), "must be a known ending");
                None
            }
        }
    }

    /// The unit and the claim of a survey code.
    pub(super) fn code(&mut self, root: &str, sent: &str) -> Option<(UnitPlace<'a>, CodeClaim)> {
        let organisations = &self.rules.catalogue.organisations;
        let (kind, rule) = match self.rules.codes.read(sent) {
            Err(wrong) => (ViolationKind::WrongCode, wrong.to_string()),
            Ok(claim) if code::is_over(claim.month(), self.rules.present) => {
                (ViolationKind::CodeIsOver, "is over".to_owned())
            }
            Ok(claim) => {
                let unit = organisations.unit_numbered(claim.unit_number());
                let place = unit.and_then(|unit| {
                    let trust = organisations.trust_of(unit)?;
                    let number = claim.unit_number();
                    Some(UnitPlace {
                        unit,
                        trust,
                        number,
                    })
                });
                match place {
                    Some(place) => return Some((place, claim)),
                    None => (
                        ViolationKind::CodeIsOver,
                        "is for a unit that is not in the catalogue any more".to_owned(),
                    ),
                }
            }
        };
        self.note_kind(kind, format_args!("{root}.code"), rule);
        None
    }
}
