//! A measure with its instrument, of which persons are drawn (`sample`) and values are made (`linear`).

use crate::catalogue::instrument::{Instrument, Scale};
use crate::catalogue::measure::{Measure, MemberValue};
use crate::fixed::FixedPoint;
use crate::ids::ScaleId;

/// A measure with the instrument that it reads.
pub(super) struct MeasuredInstrument<'a> {
    pub(super) measure: &'a Measure,
    pub(super) instrument: Option<&'a Instrument>,
}

impl MeasuredInstrument<'_> {
    /// Other rules find what is wrong with a measure that cannot be looked at.
    pub(super) fn is_sound(&self) -> bool {
        let scales_known = self
            .measure
            .values()
            .filter_map(MemberValue::scale)
            .all(|id| {
                self.instrument
                    .is_some_and(|instrument| instrument.scale(id).is_some())
            });
        let grids = self
            .measure
            .variables
            .iter()
            .all(|it| it.grain > FixedPoint::ZERO && it.min < it.max);
        let items = self.instrument.into_iter().flat_map(|it| &it.items);
        scales_known
            && grids
            && items
                .into_iter()
                .all(|it| it.step > FixedPoint::ZERO && it.min < it.max)
    }

    /// Reads a scale of the instrument; only of a scene that is sound.
    pub(super) fn scale<T>(&self, id: &ScaleId, read: impl Fn(&Instrument, &Scale) -> T) -> T {
        let instrument = self.instrument.expect("a sound scene has one");
        let scale = instrument
            .scale(id)
            .expect("a sound scene names known scales");
        read(instrument, scale)
    }
}
