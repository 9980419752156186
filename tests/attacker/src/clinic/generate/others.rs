//! What others than adult patients fill in, and adaptive monitoring. Comes in: a patient's care.
//! Goes out: forms of a session. The invariant: it has chance of its own, so that what else happens
//! does not depend on it.

use super::super::Form;
use super::super::catalogues::{
    CARETAKER, CHILD_ALLIANCE, CHILD_CARETAKER, CHILD_OUTCOME, GROUP_ALLIANCE, MONITORING_2,
    MONITORING_3, ONE, monitoring, outcome,
};
use super::{Care, Writer, near};

impl Writer<'_> {
    /// By the unit: children with caretakers; groups and the older monitoring; the newer one; none
    /// in every other unit.
    pub(super) fn others(&mut self, care: &Care, well: f64) -> Vec<Form> {
        match care.unit % 6 {
            0 => self.children(well),
            2 => {
                let group = self.tenths(0.6 + 0.5 * well);
                let mut forms = vec![Form {
                    instrument: GROUP_ALLIANCE,
                    scores: vec![Some(group)],
                }];
                forms.extend(self.monitored(MONITORING_2, well));
                forms
            }
            4 => self.monitored(MONITORING_3, well).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn children(&mut self, well: f64) -> Vec<Form> {
        let mut forms = Vec::new();
        for instrument in [CHILD_OUTCOME, CHILD_CARETAKER, CARETAKER] {
            // Not everybody comes along every time.
            if self.more.percent(80) {
                let total = self.tenths(0.2 + well);
                forms.push(outcome(instrument, total));
            }
        }
        let alliance = self.tenths(0.6 + 0.5 * well);
        forms.push(Form {
            instrument: CHILD_ALLIANCE,
            scores: vec![Some(alliance)],
        });
        forms
    }

    /// Not every time; now and then a trigger is declined.
    fn monitored(&mut self, instrument: usize, well: f64) -> Option<Form> {
        if self.more.percent(40) {
            return None;
        }
        let mut scores = Vec::new();
        for (scale, _) in monitoring::scales(instrument) {
            let (min, max) = monitoring::marks(scale);
            let steps = ((max - min) / ONE) as f64;
            let score = min + near(&mut self.more, 0.8 - well, steps) * ONE;
            scores.push((!self.more.percent(2)).then_some(score));
        }
        Some(Form { instrument, scores })
    }

    fn tenths(&mut self, centre: f64) -> i64 {
        near(&mut self.more, centre, 400.0) * ONE / 10
    }
}
