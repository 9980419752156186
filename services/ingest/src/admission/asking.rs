//! What earlier scores change: alerts that look back, and what is asked next. Comes in: scores that
//! the tablet knows of the episode. Goes out: the same for each form. The invariant: they are for
//! the reply; nothing of them reaches the log.

use medvirk_domain::catalogue::{AdaptiveQuestions, AlertContext, EarlierScore, Instrument};
use medvirk_domain::form::{Form, Respondent};
use medvirk_proto::feedback::v1 as wire;

use super::check::FieldChecks;
use super::form::{CheckedForm, FormPath};
use super::rules::AdmissionRules;
use super::violation::RefusedSubmission;

/// The most earlier scores of one session.
const MAX_EARLIER: usize = 2_000;

/// An earlier score, and of what.
struct KnownScore<'s> {
    instrument: &'s str,
    version: u32,
    respondent: Respondent,
    number: u32,
    score: EarlierScore,
}

/// A form that is being filled in, and what to ask next.
pub struct NextQuestions {
    /// The form so far.
    pub form: Form,
    /// Which items to ask next.
    pub asking: AdaptiveQuestions,
}

/// Says what to ask next.
///
/// # Errors
/// When the sender may not send for the unit, or with everything that is wrong.
pub fn ask(
    sent: &wire::GetNextItemsRequest,
    rules: &AdmissionRules<'_>,
) -> Result<NextQuestions, RefusedSubmission> {
    let mut check = FieldChecks::new(rules);
    check.unit("", &sent.unit);
    let at = FormPath {
        root: "",
        list: "form",
        index: None,
    };
    let form = match &sent.form {
        Some(form) => check.unfinished(at, form),
        None => check.missing("form"),
    };
    let earlier = check.earlier("", &sent.earlier, u32::MAX);
    check.done()?;
    let ((form, instrument), known) = form
        .zip(earlier)
        .expect("whatever is missing has been noted as a violation");
    let earlier = of_form(&known, &form, instrument);
    let asking = instrument.ask(&form, &earlier);
    Ok(NextQuestions { form, asking })
}

impl<'a> FieldChecks<'a, '_> {
    /// Judges the forms of a session by what was before it. In session 1 nothing was; in
    /// any other, that nothing is told means that nothing is known.
    pub(super) fn look_back(
        &mut self,
        root: &str,
        sent: &wire::Session,
        filled: Option<Vec<CheckedForm<'a>>>,
    ) -> Option<Vec<CheckedForm<'a>>> {
        let known = self.earlier(root, &sent.earlier, sent.number);
        let (mut filled, known) = filled.zip(known)?;
        let told = sent.number == 1 || !known.is_empty();
        let session: Vec<_> = filled.iter().map(|it| (&it.form, &it.scored)).collect();
        let judge = |one: &CheckedForm<'a>| {
            let earlier = of_form(&known, &one.form, one.instrument);
            let context = AlertContext {
                earlier: told.then_some(&earlier[..]),
                session: &session,
            };
            let alerts = one.instrument.alerts(&one.form, &one.scored, context);
            let next = || {
                one.instrument
                    .ask_next_time(&one.form, &one.scored, &earlier)
            };
            (alerts, one.instrument.is_adaptive().then(next))
        };
        let judged: Vec<_> = filled.iter().map(judge).collect();
        for (one, (alerts, next)) in filled.iter_mut().zip(judged) {
            (one.alerts, one.next) = (alerts, next);
        }
        Some(filled)
    }

    /// Earlier scores by number of their session, all from before session `before`.
    fn earlier<'s>(
        &mut self,
        root: &str,
        sent: &'s [wire::EarlierScore],
        before: u32,
    ) -> Option<Vec<KnownScore<'s>>> {
        let dot = if root.is_empty() { "" } else { "." };
        let root = format!("{root}{dot}earlier");
        if sent.len() > MAX_EARLIER {
            let rule = format!("must have at most {MAX_EARLIER} scores");
            self.note(root, rule);
            return None;
        }
        let mut all = Vec::with_capacity(sent.len());
        let mut whole = true;
        for (index, score) in sent.iter().enumerate() {
            match self.earlier_score(&format!("{root}[{index}]"), score, before) {
                Some(known) => all.extend(known),
                None => whole = false,
            }
        }
        all.sort_by_key(|known| known.number);
        whole.then_some(all)
    }

    /// One of them; none where its version is not in the catalogue, since it is not compared.
    fn earlier_score<'s>(
        &mut self,
        at: &str,
        sent: &'s wire::EarlierScore,
        before: u32,
    ) -> Option<Option<KnownScore<'s>>> {
        let respondent = self.respondent(format_args!("{at}.respondent"), sent.respondent);
        let in_order = (1..before).contains(&sent.number);
        if !in_order {
            let rule = "must be from 1 and below the number of this session";
            self.note(format_args!("{at}.number"), rule);
        }
        let value = match sent.value {
            Some(value) => self.number(value, format_args!("{at}.value")).map(Some),
            None => Some(None),
        };
        let catalogue = self.rules.catalogue;
        let mut ids = catalogue.instruments.keys();
        if !ids.any(|(id, _)| id.as_str() == sent.instrument) {
            let rule = "must be the id of an instrument in the catalogue";
            self.note(format_args!("{at}.instrument"), rule);
            return None;
        }
        let (respondent, value) = respondent.zip(value).filter(|_| in_order)?;
        let Some(instrument) = catalogue.instrument(&sent.instrument, sent.version) else {
            return Some(None);
        };
        let mut scales = instrument.scales.iter();
        let Some(scale) = scales.find(|scale| scale.id.as_str() == sent.scale) else {
            self.note(
                format_args!("{at}.scale"),
                "must be a scale of the instrument",
            );
            return None;
        };
        if value.is_some_and(|value| value < scale.min || value > scale.max) {
            let rule = format!("must be from {} to {}", scale.min, scale.max);
            self.note(format_args!("{at}.value"), rule);
            return None;
        }
        Some(Some(KnownScore {
            instrument: &sent.instrument,
            version: sent.version,
            respondent,
            number: sent.number,
            score: EarlierScore {
                scale: scale.id.clone(),
                value,
                open: sent.open,
            },
        }))
    }
}

/// Those of the same instrument, version and respondent.
fn of_form(known: &[KnownScore<'_>], form: &Form, instrument: &Instrument) -> Vec<EarlierScore> {
    let same = known.iter().filter(|it| {
        it.instrument == instrument.id.as_str()
            && it.version == instrument.version
            && it.respondent == form.respondent
    });
    same.map(|it| it.score.clone()).collect()
}
