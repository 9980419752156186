//! Rules of titles, whatever has them.

use crate::catalogue::organisation::Titles;
use crate::catalogue::problem::ProblemReport;

/// Titles are needed in Norwegian (both) and English, may be in Sami, and are not blank.
pub(super) fn check_titles(element: &str, titles: &Titles, report: &mut ProblemReport<'_>) {
    for language in ["nb", "nn", "en"] {
        if !titles.contains_key(language) {
            let message = format!("has no title in {language}");
            report.add(element, "title", message);
        }
    }
    for (language, text) in titles {
        if !["nb", "nn", "en", "se"].contains(&language.as_str()) {
            let message = format!("{language} is none of nb, nn, en and se");
            report.add(element, "title", message);
        }
        if text.trim().is_empty() {
            let message = format!("the title in {language} is blank");
            report.add(element, "title", message);
        }
    }
}
