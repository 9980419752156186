//! What is not the usual course of an episode. Comes in: chance. Goes out: survey codes, forms of
//! the register, catalogues, records that nobody can fold. The invariant: a code has one bit for
//! its first answer and another for its second, so that a row's sum says which one counted.

use medvirk_domain::record::{EpisodeKey, EventBody, WithdrawalSubject};
use medvirk_domain::time::Month;

use super::{Action, CODES, UNITS, Writer, bit, code, form, more, named, person};
use crate::rules::{SECOND, THIRD, Version};

impl Writer<'_> {
    /// Invitations and discharge surveys; often enough of one month to fill a row.
    pub(super) fn codes(&mut self) {
        let together = self.random.percent(40);
        let group = self.random.below(self.months);
        let codes = if together {
            u64::from(CODES) - self.random.below(4)
        } else {
            self.random.below(8)
        };
        for number in 0..codes as u8 {
            let alone = self.random.below(self.months);
            let month = if together { group } else { alone };
            self.code(number, month);
            if self.random.percent(20) {
                self.withdrawal(WithdrawalSubject::Code(code(number)));
            }
        }
    }

    fn code(&mut self, number: u8, after: u64) {
        let (code, month) = (code(number), self.first.plus(after as i32));
        if self.random.percent(90) {
            let late = self.late();
            let issued = EventBody::InvitationIssued { code, month };
            self.send(after + late, UNITS[0], "desk-ta1a", issued);
        }
        let first = (0, after + self.random.below(3));
        let second = (CODES, after + self.random.below(4));
        let expired = (0, after + 3 + self.random.below(2));
        let answers = match self.random.below(8) {
            0 => vec![],
            1 => vec![expired],
            // Two answers for one nonce: the first one in the log counts.
            2 | 3 => vec![first, second],
            _ => vec![first],
        };
        for (bits, at) in answers {
            let form = bit("exit", number + bits);
            let body = EventBody::DischargeSurvey { code, month, form };
            self.send(at, UNITS[0], "surveys", body);
        }
    }

    /// A form of the register, now and then one of an instrument that nobody knows.
    pub(super) fn register_form(&mut self, episode: EpisodeKey, unit: &str, month: u64) {
        let form = if self.random.percent(85) {
            more("reg", month)
        } else {
            form("nobody-knows-it", &[])
        };
        let (day, late) = (self.day(month), self.late());
        let body = EventBody::RegistryForm {
            episode,
            day,
            revision: 0,
            form,
        };
        self.send(month + late, unit, "clinic", body);
    }

    pub(super) fn oddities(&mut self) {
        if self.random.percent(50) {
            self.catalogues();
        }
        for _ in 0..self.random.below(3) {
            let at = self.random.below(self.months);
            let garbage = (0..self.random.below(9))
                .map(|byte| 0xff - byte as u8)
                .collect();
            self.arrive(at, Action::Garbage(garbage));
        }
        if self.random.percent(40) {
            self.unknown_instrument();
        }
    }

    /// Another catalogue; in every third case two operators want one at the same time. Now and then
    /// a third one comes later.
    fn catalogues(&mut self) {
        let at = self.random.below(self.months);
        let mut wanted = vec![self.catalogue(at)];
        if self.random.percent(35) {
            wanted.push(self.catalogue(at));
        }
        self.arrive(at, Action::Activate(wanted));
        if self.random.percent(30) {
            let later = at + 1 + self.random.below(4);
            let wanted = vec![self.catalogue(later)];
            self.arrive(later, Action::Activate(wanted));
        }
    }

    fn catalogue(&mut self, at: u64) -> (Month, &'static Version) {
        let from = self.first.plus(at as i32 + 1 + self.random.below(2) as i32);
        let version = if self.random.percent(60) {
            &SECOND
        } else {
            &THIRD
        };
        (from, version)
    }

    fn unknown_instrument(&mut self) {
        let at = self.random.below(self.months);
        let day = self.day(at);
        let key = EpisodeKey {
            person: person(0),
            episode: named(b'x', 0),
        };
        let body = EventBody::Session {
            episode: key,
            day,
            number: 1,
            revision: 0,
            forms: vec![form("nobody-knows-it", &[])],
        };
        self.send(at, UNITS[0], "tablet-0", body);
    }
}
