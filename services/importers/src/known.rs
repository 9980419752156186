//! What earlier files have brought. Comes in: what is about to be sent, and the memory beside the
//! key. Goes out: whether an earlier file has said something else of the same form. The invariants:
//! the system takes the first of two forms for good, and answers both alike, so the second is never
//! told as sent; the memory holds keyed digests and revisions, and nothing that can be read without
//! the key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac as _};
use medvirk_client::arguments::{ServiceRole, TargetSystem};
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{
    EpisodeClosing, EpisodeOpening, Form, RegistryForm, Session, Submission,
};
use medvirk_runtime::secret;
use medvirk_terminal::{CommandExit, error};
use prost::Message as _;
use sha2::Sha256;

use super::ids::SubmissionIds;
use crate::arguments::ImportSource;

const FIRST_LINE: &str = "medvirk import: forms that were sent, version 1";

/// What is remembered between files, for one system.
pub(super) struct KnownForms {
    /// Nothing is remembered without a key.
    path: Option<PathBuf>,
    keyed: Hmac<Sha256>,
    /// By what a form is: its revision and the digest of what it says.
    forms: BTreeMap<String, KnownContent>,
}

/// What was said of a form: its revision, and the digest of the rest.
#[derive(Clone, PartialEq, Eq)]
struct KnownContent {
    revision: u32,
    content: String,
}

/// Forms, openings and closings of a submission, as they are remembered.
pub(super) struct FormClaims(Vec<(String, KnownContent)>);

// === impl KnownForms ===

impl KnownForms {
    /// A memory that is empty and stays so.
    pub(super) fn nothing(ids: &SubmissionIds) -> Self {
        Self {
            path: None,
            keyed: ids.keyed(),
            forms: BTreeMap::new(),
        }
    }

    /// What is remembered beside the key.
    pub(super) fn beside(
        key: &Path,
        source: &ImportSource,
        ids: &SubmissionIds,
    ) -> anyhow::Result<Self> {
        let mut path = key.as_os_str().to_owned();
        path.push(".known");
        let path = PathBuf::from(path);
        let mut keyed = ids.keyed();
        // One key may serve several systems, and what one knows is nothing to another.
        keyed.update(system(&source.target)?.as_bytes());
        keyed.update(&[0]);
        Ok(Self {
            forms: read(&path)?,
            path: Some(path),
            keyed,
        })
    }

    /// What a submission says, and of what.
    pub(super) fn claims(&self, kind: &Kind) -> FormClaims {
        let claim = |part: ClaimedPart| {
            let said = KnownContent {
                revision: part.revision,
                content: self.digest(part.said),
            };
            (self.digest(part.of), said)
        };
        FormClaims(parts(kind).into_iter().map(claim).collect())
    }

    /// True if something else was said of the same, and this has no higher revision.
    pub(super) fn contradicts(&self, claims: &FormClaims) -> bool {
        claims.0.iter().any(|(of, said)| {
            let known = self.forms.get(of);
            known.is_some_and(|it| it.content != said.content && it.revision >= said.revision)
        })
    }

    /// Remembers what was sent.
    pub(super) fn learn(&mut self, claims: FormClaims) {
        for (of, said) in claims.0 {
            remember(&mut self.forms, of, said);
        }
    }

    /// Writes it whole or not at all. What another import has written meanwhile stays.
    pub(super) fn save(&self) -> anyhow::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let mut forms = read(path)?;
        for (of, said) in &self.forms {
            remember(&mut forms, of.clone(), said.clone());
        }
        let mut text = format!("{FIRST_LINE}\n");
        for (of, KnownContent { revision, content }) in &forms {
            text.push_str(&format!("{of} {revision} {content}\n"));
        }
        secret::replace(path, text.as_bytes()).with_context(|| format!("write {}", path.display()))
    }

    fn digest(&self, kind: Kind) -> String {
        let submission = Submission {
            submission_id: String::new(),
            kind: Some(kind),
        };
        let mut keyed = self.keyed.clone();
        keyed.update(b"medvirk import known 1\0");
        keyed.update(&submission.encode_to_vec());
        HEXLOWER.encode(&keyed.finalize().into_bytes()[..16])
    }
}

/// The highest revision stays, and of equal ones the first.
fn remember(forms: &mut BTreeMap<String, KnownContent>, of: String, said: KnownContent) {
    let known = forms.entry(of).or_insert_with(|| said.clone());
    if said.revision > known.revision {
        *known = said;
    }
}

fn read(path: &Path) -> anyhow::Result<BTreeMap<String, KnownContent>> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let reading = || format!("read {}", path.display());
    let text = std::fs::read_to_string(path).with_context(reading)?;
    let mut lines = text.lines();
    let known = match lines.next() {
        Some(FIRST_LINE) => lines.map(known_form).collect::<Option<_>>(),
        _ => None,
    };
    let message = || {
        format!(
            "{} is not what an earlier import has written; put it back, or take it away: then a \
             form that an earlier file brought with other content is not noticed",
            path.display()
        )
    };
    known.ok_or_else(|| error(CommandExit::Usage, message()))
}

fn known_form(line: &str) -> Option<(String, KnownContent)> {
    let mut parts = line.split(' ');
    let (of, revision, content) = (parts.next()?, parts.next()?, parts.next()?);
    let revision = revision.parse().ok()?;
    let content = content.to_owned();
    (parts.next().is_none()).then(|| (of.to_owned(), KnownContent { revision, content }))
}

/// A name of the system that is sent to.
fn system(target: &TargetSystem) -> anyhow::Result<String> {
    if let Some(address) = target.url_of(ServiceRole::Ingest)? {
        return Ok(address.trim_end_matches('/').to_owned());
    }
    let data = std::fs::canonicalize(&target.data).unwrap_or_else(|_| target.data.clone());
    Ok(data.to_string_lossy().into_owned())
}

/// A part of a submission that the system keeps once.
struct ClaimedPart {
    /// Which one it is.
    of: Kind,
    /// What is said of it.
    said: Kind,
    revision: u32,
}

/// The parts of a submission. The system keeps one form of a session, instrument and respondent; of
/// the register one of a unit, day, instrument, version and respondent; one opening and one closing
/// of an episode.
fn parts(kind: &Kind) -> Vec<ClaimedPart> {
    match kind {
        Kind::Session(session) => of_session(session, 0),
        Kind::Correction(correction) => {
            let session = correction.session.as_ref();
            session.map_or_else(Vec::new, |it| of_session(it, correction.revision))
        }
        Kind::RegistryForm(form) => vec![of_register(form)],
        Kind::EpisodeOpened(opening) => vec![of_opening(opening)],
        Kind::EpisodeClosed(closing) => vec![of_closing(closing)],
        _ => Vec::new(),
    }
}

fn of_session(session: &Session, revision: u32) -> Vec<ClaimedPart> {
    let part = |form: &Form| {
        let of = Session {
            patient: session.patient.clone(),
            episode: session.episode.clone(),
            number: session.number,
            forms: vec![Form {
                version: 0,
                ..without_answers(form)
            }],
            ..Session::default()
        };
        let said = Session {
            forms: vec![form.clone()],
            ..session.clone()
        };
        ClaimedPart {
            of: Kind::Session(of),
            said: Kind::Session(said),
            revision,
        }
    };
    session.forms.iter().map(part).collect()
}

fn of_register(form: &RegistryForm) -> ClaimedPart {
    let said = RegistryForm {
        revision: 0,
        ..form.clone()
    };
    let of = RegistryForm {
        form: form.form.as_ref().map(without_answers),
        ..said.clone()
    };
    ClaimedPart {
        of: Kind::RegistryForm(of),
        said: Kind::RegistryForm(said),
        revision: form.revision,
    }
}

fn of_opening(opening: &EpisodeOpening) -> ClaimedPart {
    let of = EpisodeOpening {
        patient: opening.patient.clone(),
        episode: opening.episode.clone(),
        ..EpisodeOpening::default()
    };
    let said = EpisodeOpening {
        date: opening.date.clone(),
        ..of.clone()
    };
    ClaimedPart {
        of: Kind::EpisodeOpened(of),
        said: Kind::EpisodeOpened(said),
        revision: 0,
    }
}

fn of_closing(closing: &EpisodeClosing) -> ClaimedPart {
    let of = EpisodeClosing {
        patient: closing.patient.clone(),
        episode: closing.episode.clone(),
        ..EpisodeClosing::default()
    };
    let said = EpisodeClosing {
        date: closing.date.clone(),
        ending: closing.ending,
        ..of.clone()
    };
    ClaimedPart {
        of: Kind::EpisodeClosed(of),
        said: Kind::EpisodeClosed(said),
        revision: 0,
    }
}

/// Which form it is, and nothing of what it says.
pub(super) fn without_answers(form: &Form) -> Form {
    Form {
        instrument: form.instrument.clone(),
        version: form.version,
        respondent: form.respondent,
        ..Form::default()
    }
}

#[cfg(test)]
mod tests;
