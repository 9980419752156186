//! What services are asked about themselves, as `medvirk catalogue` prints it.

use std::fmt::{Result, Write as _};

use medvirk_domain::catalogue::{InvolvementForm, InvolvementQuestion};

use super::titles::{notes, title, titles};

/// The name under which the form is shown.
pub(super) const NAME: &str = "involvement";

/// Every item, with what it asks for.
pub(super) fn show(text: &mut String, form: &InvolvementForm) -> Result {
    writeln!(text, "Asked of services, {NAME}: {}", title(&form.title))?;
    titles(text, &form.title)?;
    for item in &form.items {
        let asks = match &item.asks {
            InvolvementQuestion::Degree => "no, partly or yes".to_owned(),
            InvolvementQuestion::Count(max) => format!("a number from 0 to {max}"),
            InvolvementQuestion::Choices(choices) => {
                let one = |id: &str, name: &str| format!("{id} ({name})");
                let choices = choices.iter();
                let choices = choices.map(|it| one(it.id.as_str(), title(&it.title)));
                format!("some of {}", choices.collect::<Vec<_>>().join(", "))
            }
        };
        writeln!(text, "  item {}: {asks}", item.id)?;
        for (language, title) in &item.title {
            writeln!(text, "    {language}: {title}")?;
        }
    }
    notes(text, &form.sources, &form.unverified)
}
