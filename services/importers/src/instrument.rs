//! Instruments by name, and who answered them. Comes in: the catalogue and the user's or the
//! file's words. Goes out: an instrument, a respondent, an age band. The invariant: a word that is
//! not known is refused.

use medvirk_domain::catalogue::{Catalogue, Instrument};
use medvirk_domain::form::Respondent as Allowed;
use medvirk_proto::feedback::v1::{AgeBand, Respondent};
use medvirk_terminal::{CommandExit, error};

/// An instrument by ID or ID@VERSION; without a version the newest one.
pub(super) fn find<'c>(catalogue: &'c Catalogue, named: &str) -> anyhow::Result<&'c Instrument> {
    let (id, version) = match named.split_once('@') {
        Some((id, version)) => (id, version.parse::<u32>().map(Some)),
        None => (named, Ok(None)),
    };
    let version = version.map_err(|_| {
        error(
            CommandExit::Usage,
            format!("{named}: a version is a number"),
        )
    })?;
    let wanted = |it: &&Instrument| {
        it.id.as_str() == id && version.is_none_or(|version| version == it.version)
    };
    let all = catalogue.instruments.values().filter(wanted);
    all.max_by_key(|it| it.version).ok_or_else(|| {
        let message = format!(
            "{named} is no instrument of the catalogue; `medvirk catalogue list` names them"
        );
        error(CommandExit::Usage, message)
    })
}

/// A respondent by the catalogue's word.
pub(super) fn respondent(word: &str) -> Option<Respondent> {
    Allowed::named(&word.to_lowercase()).map(Into::into)
}

/// The only respondent whom an instrument allows.
pub(super) fn only_respondent(instrument: &Instrument) -> Option<Respondent> {
    match instrument.respondents[..] {
        [respondent] => Some(respondent.into()),
        _ => None,
    }
}

/// An age band by the catalogue's word, or by years from 6 on.
pub(super) fn age(word: &str) -> Option<AgeBand> {
    match (word.to_lowercase().as_str(), word.parse::<u8>()) {
        ("child", _) | (_, Ok(6..=12)) => Some(AgeBand::Child),
        ("adolescent", _) | (_, Ok(13..=17)) => Some(AgeBand::Adolescent),
        ("adult", _) | (_, Ok(18..=120)) => Some(AgeBand::Adult),
        _ => None,
    }
}
