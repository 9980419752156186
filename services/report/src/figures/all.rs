//! All figures that a question asks for.

use std::panic::resume_unwind;

use medvirk_domain::catalogue::Indicator;

use super::figure::Figure;
use super::query::CheckedQuery;
use super::sheet::MeasureSheet;
use super::table::RowTables;

impl CheckedQuery<'_> {
    /// The figures, by measure, indicator, organisation, part and span.
    ///
    /// Measures have nothing in common, so those of a large question are shared out to the
    /// processors.
    pub fn figures(&self, rows: &RowTables) -> Vec<Figure> {
        let by_measure = self.indicators.chunk_by(|a, b| a.measure == b.measure);
        let measures: Vec<&[&Indicator]> = by_measure.collect();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = processors.min(measures.len()).max(1);
        let share = |place: usize| {
            let mut figures = Vec::new();
            for of_measure in measures.iter().skip(place).step_by(threads) {
                let sheet = MeasureSheet::new(self, &of_measure[0].measure, rows);
                for indicator in *of_measure {
                    sheet.indicator(indicator, &mut figures);
                }
            }
            figures
        };
        let mut figures = std::thread::scope(|scope| {
            let share = &share;
            let others: Vec<_> = (1..threads)
                .map(|place| scope.spawn(move || share(place)))
                .collect();
            let mut figures = share(0);
            for other in others {
                figures.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            figures
        });
        // Stable, so that rows of one span keep the order of their closes.
        figures.sort_by(|a, b| a.key().cmp(&b.key()));
        figures
    }
}
