//! The audit of a declared coding. Comes in: forms as they were exported. Goes out: whether the
//! reversed items lie as declared. The invariant: it says "not applicable" where it cannot tell,
//! and it never chooses a coding.
//!
//! A scale's reversed items are put against each trusted scale. Coded so that higher is worse they
//! rise with it; coded as agreement they fall.

use medvirk_domain::catalogue::{Instrument, Scale};
use medvirk_proto::feedback::v1::Form;
use medvirk_proto::feedback::v1::item_response::Response;

use crate::arguments::CodingArgument;

/// Fewer pairs say nothing.
pub(super) const MIN_PAIRS: usize = 30;
/// A weaker correlation says nothing.
pub(super) const MIN_CORRELATION: f64 = 0.15;

/// What the audit has found.
#[derive(Debug, Default, PartialEq)]
pub(super) struct CodingAudit {
    /// Correlations that speak for "higher is worse".
    rising: usize,
    /// Correlations that speak for agreement.
    falling: usize,
    /// Correlations that say nothing.
    weak: usize,
}

/// How what was found fits what was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuditVerdict {
    Consistent,
    NotConsistent,
    Mixed,
    NotApplicable,
}

// === impl CodingAudit ===

impl CodingAudit {
    /// Looks at forms of different patients.
    pub(super) fn of(instrument: &Instrument, forms: &[&Form], trusted: &[String]) -> Self {
        let mut audit = Self::default();
        let reversed = |item: &&usize| instrument.items[**item].reversed;
        let is_trusted = |scale: &&Scale| {
            trusted.iter().any(|id| id == scale.id.as_str())
                && !scale.items.iter().any(|item| reversed(&item))
        };
        for scale in &instrument.scales {
            let items: Vec<usize> = scale.items.iter().filter(reversed).copied().collect();
            if items.is_empty() {
                continue;
            }
            for anchor in instrument.scales.iter().filter(is_trusted) {
                let pairs: Vec<(f64, f64)> = forms
                    .iter()
                    .filter_map(|form| {
                        let own = mean(instrument, form, &items)?;
                        Some((own, mean(instrument, form, &anchor.items)?))
                    })
                    .collect();
                match correlation(&pairs) {
                    Some(r) if r >= MIN_CORRELATION => audit.rising += 1,
                    Some(r) if r <= -MIN_CORRELATION => audit.falling += 1,
                    _ => audit.weak += 1,
                }
            }
        }
        audit
    }

    /// The verdict, and what it rests on.
    pub(super) fn judge(&self, declared: CodingArgument) -> (AuditVerdict, String) {
        let (with, against) = match declared {
            CodingArgument::HigherIsWorse => (self.rising, self.falling),
            CodingArgument::Agreement => (self.falling, self.rising),
        };
        let verdict = match (with, against) {
            (0, 0) => AuditVerdict::NotApplicable,
            (_, 0) => AuditVerdict::Consistent,
            (0, _) => AuditVerdict::NotConsistent,
            _ => AuditVerdict::Mixed,
        };
        let found = format!(
            "{with} correlations with trusted scales for it, {against} against it, {} too weak or \
             of fewer than {MIN_PAIRS} patients",
            self.weak
        );
        (verdict, found)
    }
}

// === impl AuditVerdict ===

impl AuditVerdict {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Consistent => "consistent with the declaration",
            Self::NotConsistent => "not consistent with the declaration",
            Self::Mixed => "mixed",
            Self::NotApplicable => "not applicable, so only the declaration says it",
        }
    }

    /// Nothing may be imported without a word of the user's.
    pub(super) fn is_against(self) -> bool {
        matches!(self, Self::NotConsistent | Self::Mixed)
    }
}

/// The mean of these items' values. Sentinels are no values.
fn mean(instrument: &Instrument, form: &Form, items: &[usize]) -> Option<f64> {
    let mut values = Vec::new();
    for item in items {
        let item = &instrument.items[*item];
        let found = form.items.iter().find(|it| it.item == item.id.as_str());
        if let Some(Response::Value(value)) = found.and_then(|it| it.response)
            && value >= item.min.to_f64()
            && value <= item.max.to_f64()
        {
            values.push(value);
        }
    }
    let sum: f64 = values.iter().sum();
    (!values.is_empty()).then(|| sum / values.len() as f64)
}

/// Pearson's, where there are enough pairs and both sides vary.
fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.len() < MIN_PAIRS {
        return None;
    }
    let n = pairs.len() as f64;
    let mean_x = pairs.iter().map(|(x, _)| x).sum::<f64>() / n;
    let mean_y = pairs.iter().map(|(_, y)| y).sum::<f64>() / n;
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        let (x, y) = (x - mean_x, y - mean_y);
        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
}

#[cfg(test)]
mod tests;
