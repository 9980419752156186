//! The letter that confirms a withdrawal. Comes in: what the system says of it, and a language. Goes
//! out: a text to send. The invariant: there is none before the withdrawal is carried out, and none
//! names who it is for.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use clap::ValueEnum as _;
use jiff::Timestamp;
use medvirk_proto::admin::v1::{
    GetWithdrawalResponse, LogErasure, WithdrawalScope, WithdrawnRecords,
};
use medvirk_runtime::clock::oslo;

use crate::arguments::LetterLanguage;

const TEXTS: &str = include_str!("letter.toml");

/// The letter; the withdrawal is carried out.
pub(super) fn letter(
    now: &GetWithdrawalResponse,
    language: LetterLanguage,
) -> anyhow::Result<String> {
    let texts: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(TEXTS)?;
    let language = language.to_possible_value();
    let language = language.context("every language has a name")?;
    let texts = texts.get(language.get_name()).context("no such language")?;
    let say = |key: &str| {
        texts
            .get(key)
            .map(String::as_str)
            .context("a text is missing")
    };
    let dated = |key: &str, at: &str| anyhow::Ok(say(key)?.replace("{date}", &day(at)?));
    let mut paragraphs = vec![say("title")?.to_owned(), dated("withdrawn", &now.at)?];
    let erased = match now.scope() {
        WithdrawalScope::All => "everything",
        WithdrawalScope::Registry => "register",
        WithdrawalScope::Unspecified => bail!("the receipt does not say what was erased"),
    };
    let counts = now.records.as_ref().map(counts);
    let erased_before = now.records.is_some_and(|records| records.withdrawn_before);
    let counts = counts.filter(|counts| !(counts.is_empty() && erased_before));
    match counts.as_deref() {
        // A receipt from before records were counted, or what was there is erased already.
        None => paragraphs.push(say(erased)?.to_owned()),
        Some([]) => paragraphs.push(say(&format!("{erased}-nothing"))?.to_owned()),
        Some(counts) => {
            let kinds: anyhow::Result<Vec<String>> = counts
                .iter()
                .map(|(kind, count)| Ok(format!("{}: {count}", say(kind)?)))
                .collect();
            let listed = say("counts")?.replace("{counts}", &kinds?.join("; "));
            paragraphs.push(format!("{} {listed}", say(erased)?));
        }
    }
    paragraphs.push(say("remains")?.to_owned());
    if now.log() == LogErasure::Due {
        paragraphs.push(dated("log", &now.log_due)?);
    }
    paragraphs.extend([say("stays")?.to_owned(), say("care")?.to_owned()]);
    Ok(paragraphs.join("\n\n"))
}

/// The kinds of which anything was found, by the keys of their texts.
fn counts(records: &WithdrawnRecords) -> Vec<(&'static str, u64)> {
    let all = [
        ("opened", records.episodes_opened),
        ("sessions", records.sessions),
        ("corrections", records.corrections),
        ("closed", records.episodes_closed),
        ("forms", records.registry_forms),
        ("codes", records.invitations),
        ("surveys", records.discharge_surveys),
    ];
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// The day in Norway, as one writes it there.
fn day(at: &str) -> anyhow::Result<String> {
    let at: Timestamp = at.parse().context("a time of the system")?;
    Ok(at.to_zoned(oslo()).strftime("%d.%m.%Y").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(scope: WithdrawalScope, log: LogErasure) -> GetWithdrawalResponse {
        GetWithdrawalResponse {
            // Past midnight in Norway.
            at: "2026-03-31T22:30:00Z".to_owned(),
            log_due: "2026-04-16T10:00:00Z".to_owned(),
            scope: scope.into(),
            log: log.into(),
            ..GetWithdrawalResponse::default()
        }
    }

    #[test]
    fn a_letter_says_when_what_and_until_when_in_each_language() {
        for language in LetterLanguage::value_variants() {
            let all = told(WithdrawalScope::All, LogErasure::Due);
            let all = letter(&all, *language).unwrap();
            assert!(
                all.contains("01.04.2026") && all.contains("16.04.2026"),
                "{all}"
            );
            assert!(!all.contains('{'), "{all}");
            let register = told(WithdrawalScope::Registry, LogErasure::Erased);
            let register = letter(&register, *language).unwrap();
            assert!(!register.contains("16.04.2026"), "{register}");
            assert_ne!(all, register);
        }
    }

    #[test]
    fn a_letter_says_how_many_of_which_kinds_or_that_nothing_was_found() {
        for language in LetterLanguage::value_variants() {
            let mut all = told(WithdrawalScope::All, LogErasure::Erased);
            let uncounted = letter(&all, *language).unwrap();
            all.records = Some(WithdrawnRecords {
                sessions: 41,
                registry_forms: 7,
                ..WithdrawnRecords::default()
            });
            let counted = letter(&all, *language).unwrap();
            assert!(
                counted.contains(": 41; ") && counted.contains(": 7."),
                "{counted}"
            );
            all.records = Some(WithdrawnRecords::default());
            let nothing = letter(&all, *language).unwrap();
            let mut register = told(WithdrawalScope::Registry, LogErasure::Erased);
            register.records = all.records;
            let of_register = letter(&register, *language).unwrap();
            let different =
                std::collections::BTreeSet::from([uncounted, counted, nothing, of_register]);
            assert_eq!(different.len(), 4);
            assert!(different.iter().all(|text| !text.contains('{')));
        }
    }

    #[test]
    fn what_an_old_receipt_does_not_say_is_not_made_up() {
        let told = told(WithdrawalScope::Unspecified, LogErasure::Erased);
        assert!(letter(&told, LetterLanguage::Nb).is_err());
    }
}
