//! What others count as `medvirk catalogue` prints it: who counted, when, how many, and what is
//! known of its quality.

use std::collections::BTreeMap;
use std::fmt::{Result, Write as _};

use medvirk_domain::catalogue::{Catalogue, Denominator, Measure};

use super::titles::title;

/// One line for each kind and year.
pub(super) fn list(text: &mut String, catalogue: &Catalogue) -> Result {
    if !catalogue.denominators.is_empty() {
        writeln!(text, "Counted by others")?;
    }
    for (name, numbers) in by_name(catalogue) {
        let (source, date) = (&numbers[0].source, numbers[0].date);
        let organisations = numbers.len();
        writeln!(
            text,
            "  {name}: {source}, {date}, {organisations} organisations"
        )?;
    }
    Ok(())
}

/// The numbers of a kind and year, such as `episodes-2025`.
pub(super) fn show(text: &mut String, catalogue: &Catalogue, id: &str) -> Result {
    let Some(numbers) = by_name(catalogue).remove(id) else {
        return Ok(());
    };
    writeln!(text, "Counted by others, {id}")?;
    writeln!(text, "  source: {}", numbers[0].source)?;
    writeln!(text, "  date: {}", numbers[0].date)?;
    for (language, note) in &numbers[0].note {
        writeln!(text, "  quality, {language}: {note}")?;
    }
    for it in numbers {
        writeln!(
            text,
            "  {}: {} {}",
            it.organisation,
            it.number,
            it.counts.as_str()
        )?;
    }
    Ok(())
}

/// The shares of a measure.
pub(super) fn shares(text: &mut String, measure: &Measure, catalogue: &Catalogue) -> Result {
    let shares = catalogue.shares.iter();
    for share in shares.filter(|share| share.measure == measure.id) {
        let (id, over) = (&share.id, share.over.as_str());
        let of = share.variable.as_ref();
        let of = of.map_or("all members".to_owned(), |id| format!("those with {id}"));
        writeln!(text, "  share {id}: {}", title(&share.title))?;
        writeln!(text, "    {of}, over the {over} that others count")?;
        for (language, title) in &share.title {
            writeln!(text, "    {language}: {title}")?;
        }
    }
    Ok(())
}

fn by_name(catalogue: &Catalogue) -> BTreeMap<String, Vec<&Denominator>> {
    let mut by_name: BTreeMap<String, Vec<&Denominator>> = BTreeMap::new();
    for it in &catalogue.denominators {
        let name = format!("{}-{}", it.counts.as_str(), it.year);
        by_name.entry(name).or_default().push(it);
    }
    by_name
}
