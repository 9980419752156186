//! The cases, forms apart.

use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{
    Correction, DischargeSurvey, EpisodeClosing, EpisodeOpening, Invitation, RegistryForm, Session,
    Submission,
};
use tonic::Code;

use super::forms;
use crate::requests::{
    closing, code, correction, invitation, opening, registry_form, session, submission, survey,
};

/// What is sent, the code that it gets, and every field that must be named.
pub struct Case {
    pub what: &'static str,
    pub sent: Submission,
    pub code: Code,
    pub fields: Vec<&'static str>,
}

#[derive(Default)]
pub struct Table(Vec<Case>);

pub fn table() -> Vec<Case> {
    let mut table = Table::default();
    ids(&mut table);
    references(&mut table);
    pattern_of_the_trust(&mut table);
    days(&mut table);
    numbers(&mut table);
    invitations(&mut table);
    codes(&mut table);
    unknown_units(&mut table);
    foreign_units(&mut table);
    forms::add_to(&mut table);
    table.0
}

impl Table {
    /// One field is wrong.
    pub fn add(&mut self, what: &'static str, field: &'static str, kind: Kind) {
        self.add_all(what, &[field], kind);
    }

    /// Several fields are wrong.
    pub fn add_all(&mut self, what: &'static str, fields: &[&'static str], kind: Kind) {
        self.0.push(Case {
            what,
            sent: submission(kind),
            code: Code::InvalidArgument,
            fields: fields.to_vec(),
        });
    }
}

fn ids(table: &mut Table) {
    let long = "9".repeat(100_000);
    let ids = [
        ("no submission id", ""),
        ("a submission id that is no UUID", "not-a-uuid"),
        ("a UUID without hyphens", "0190a0a0111172228333444455556666"),
        ("a UUID in braces", "{0190a0a0-1111-7222-8333-444455556666}"),
        (
            "the id of all zeros",
            "00000000-0000-0000-0000-000000000000",
        ),
        ("a very long submission id", &long),
    ];
    for (what, id) in ids {
        table.add(what, "submission_id", Kind::Session(session()));
        table.0.last_mut().unwrap().sent.submission_id = id.to_owned();
    }
    table.add("no kind", "kind", Kind::Session(session()));
    table.0.last_mut().unwrap().sent.kind = None;
}

fn references(table: &mut Table) {
    let (long, wide) = ("x".repeat(129), "å".repeat(65));
    let references = [
        ("no reference", ""),
        ("a reference of 129 bytes", &long),
        ("a reference of 65 two-byte letters", &wide),
        ("a newline in a reference", "a\nb"),
        ("a nought byte in a reference", "a\0b"),
        ("a C1 control in a reference", "a\u{85}b"),
        ("a blank reference", " "),
        ("white space behind a reference", "ra1 "),
        ("a byte order mark before a reference", "\u{feff}ra1"),
        ("a zero-width space in a reference", "ra\u{200b}1"),
        ("a mark of direction in a reference", "ra\u{202e}1"),
        ("letters apart from their marks", "A\u{30a}se"),
    ];
    for (what, text) in references {
        let reference = || text.to_owned();
        let patient = Session {
            patient: reference(),
            ..session()
        };
        table.add(what, "session.patient", Kind::Session(patient));
        let episode = EpisodeClosing {
            episode: reference(),
            ..closing()
        };
        table.add(what, "episode_closed.episode", Kind::EpisodeClosed(episode));
        let patient = RegistryForm {
            patient: reference(),
            ..registry_form()
        };
        table.add(what, "registry_form.patient", Kind::RegistryForm(patient));
        if !text.is_empty() {
            let therapist = EpisodeOpening {
                therapist: reference(),
                ..opening()
            };
            table.add(
                what,
                "episode_opened.therapist",
                Kind::EpisodeOpened(therapist),
            );
        }
    }
}

fn pattern_of_the_trust(table: &mut Table) {
    let therapist = EpisodeOpening {
        therapist: "t#1".to_owned(),
        ..opening()
    };
    table.add(
        "a therapist that does not match the pattern of the trust",
        "episode_opened.therapist",
        Kind::EpisodeOpened(therapist),
    );
}

fn days(table: &mut Table) {
    let days = [
        ("no date", ""),
        ("tomorrow", "2026-11-22"),
        ("the 30th of February", "2026-02-30"),
        ("the 29th of February in a common year", "2026-02-29"),
        ("month 13", "2026-13-01"),
        ("a date with a time", "2026-11-20T10:00:00"),
        ("a date the other way round", "20.11.2026"),
        ("a date without noughts", "2026-1-2"),
        ("a date with other digits", "２０２６-11-20"),
        ("1899", "1899-12-31"),
        ("the year 9999", "9999-12-31"),
    ];
    for (what, text) in days {
        let date = || text.to_owned();
        let again = Session {
            date: date(),
            ..session()
        };
        table.add(what, "session.date", Kind::Session(again.clone()));
        let corrected = Correction {
            session: Some(again),
            revision: 1,
        };
        table.add(what, "correction.session.date", Kind::Correction(corrected));
        let opened = EpisodeOpening {
            date: date(),
            ..opening()
        };
        table.add(what, "episode_opened.date", Kind::EpisodeOpened(opened));
        let closed = EpisodeClosing {
            date: date(),
            ..closing()
        };
        table.add(what, "episode_closed.date", Kind::EpisodeClosed(closed));
        let form = RegistryForm {
            date: date(),
            ..registry_form()
        };
        table.add(what, "registry_form.date", Kind::RegistryForm(form));
    }
}

fn numbers(table: &mut Table) {
    for (what, number) in [("session 0", 0), ("session 10001", 10_001)] {
        let wrong = Session {
            number,
            ..session()
        };
        table.add(what, "session.number", Kind::Session(wrong));
    }
    let again = RegistryForm {
        revision: 1_001,
        ..registry_form()
    };
    let kind = Kind::RegistryForm(again);
    table.add("revision 1001", "registry_form.revision", kind);
    for (what, revision) in [("revision 0", 0), ("revision 1001", 1_001)] {
        let wrong = Correction {
            revision,
            ..correction()
        };
        table.add(what, "correction.revision", Kind::Correction(wrong));
    }
    let nothing = Correction {
        session: None,
        ..correction()
    };
    table.add(
        "a correction of nothing",
        "correction.session",
        Kind::Correction(nothing),
    );
    for (what, ending) in [("an unknown ending", 4), ("a negative ending", -1)] {
        let wrong = EpisodeClosing {
            ending,
            ..closing()
        };
        table.add(what, "episode_closed.ending", Kind::EpisodeClosed(wrong));
    }
}

fn invitations(table: &mut Table) {
    let months = [
        ("no month", ""),
        ("a day for a month", "2026-11-01"),
        ("month 0", "2026-00"),
        ("next month", "2026-12"),
        ("a month whose codes are over", "2026-08"),
    ];
    for (what, month) in months {
        let wrong = Invitation {
            month: month.to_owned(),
            ..invitation()
        };
        table.add(what, "invitation.month", Kind::Invitation(wrong));
    }
}

fn codes(table: &mut Table) {
    let good = code(1, "2026-10");
    let last = if good.ends_with('Z') { 'Y' } else { 'Z' };
    let codes = [
        ("no code", String::new()),
        ("not a code", "HELLO".to_owned()),
        (
            "a letter that codes do not have",
            format!("U{}", &good[1..]),
        ),
        ("a wrong checksum", format!("{}{last}", &good[..38])),
        ("a code cut short", good[..34].to_owned()),
        ("a code and more", format!("{good}0")),
        ("a code of a megabyte", "0".repeat(1 << 20)),
        ("a code that is over", code(1, "2026-08")),
        ("a code of a unit that is not there", code(99, "2026-10")),
    ];
    for (what, code) in codes {
        let wrong = DischargeSurvey { code, ..survey() };
        table.add(what, "discharge_survey.code", Kind::DischargeSurvey(wrong));
    }
}

fn unknown_units(table: &mut Table) {
    let units = [
        ("no unit", ""),
        ("an unknown unit", "nowhere"),
        ("an institution for a unit", "clinic"),
        ("a unit in capitals", "TAU"),
    ];
    for (what, unit) in units {
        for (field, kind) in of_unit(unit) {
            table.add(what, field, kind);
        }
    }
}

/// The sender may not send for the unit; then nothing else that is wrong is told.
fn foreign_units(table: &mut Table) {
    let more = Session {
        number: 0,
        unit: "btheb".to_owned(),
        ..session()
    };
    let more = [("session.unit", Kind::Session(more))];
    for (field, kind) in of_unit("btheb").into_iter().chain(more) {
        table.add("a unit of somebody else", field, kind);
        table.0.last_mut().unwrap().code = Code::PermissionDenied;
    }
}

/// Everything that names a unit, and where.
fn of_unit(unit: &str) -> [(&'static str, Kind); 6] {
    let unit = || unit.to_owned();
    let sent = Session {
        unit: unit(),
        ..session()
    };
    let corrected = Correction {
        session: Some(sent.clone()),
        ..correction()
    };
    let opened = EpisodeOpening {
        unit: unit(),
        ..opening()
    };
    let closed = EpisodeClosing {
        unit: unit(),
        ..closing()
    };
    let invited = Invitation {
        unit: unit(),
        ..invitation()
    };
    let form = RegistryForm {
        unit: unit(),
        ..registry_form()
    };
    [
        ("session.unit", Kind::Session(sent)),
        ("correction.session.unit", Kind::Correction(corrected)),
        ("episode_opened.unit", Kind::EpisodeOpened(opened)),
        ("episode_closed.unit", Kind::EpisodeClosed(closed)),
        ("invitation.unit", Kind::Invitation(invited)),
        ("registry_form.unit", Kind::RegistryForm(form)),
    ]
}
