//! `medvirk admin doctor`: what is in force, and whether log, ledger and tables agree. Comes in:
//! the status and the examination's stream. Goes out: plain words or JSON, and an exit code. The
//! invariant: 0 only if everything was looked at and nothing differs.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use indicatif::ProgressBar;
use medvirk_proto::admin::v1::{
    Check, ExamineRequest, Finding, GetStatusRequest, GetStatusResponse, Verdict,
    examine_response::Told,
};
use medvirk_terminal::hint;
use medvirk_terminal::{CommandExit, error};
use serde_json::{Value, json};

use super::call::{client, say};
use crate::arguments::{AnswerFormat, TargetSystem};

/// Examines the system and says what was found.
pub(super) async fn doctor(format: AnswerFormat, target: &TargetSystem) -> anyhow::Result<()> {
    let mut client = client(target).await?;
    let status = client.get_status(GetStatusRequest {}).await?.into_inner();
    if format == AnswerFormat::Text {
        say(status_text(&status).trim_end())?;
    }
    let mut examined = client.examine(ExamineRequest {}).await?.into_inner();
    let progress = if std::io::stderr().is_terminal() {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::hidden()
    };
    let mut checks = Vec::new();
    while let Some(response) = examined.message().await? {
        match response.told {
            Some(Told::Begun(name)) => {
                progress.set_message(format!("looking at the {name}"));
                progress.tick();
            }
            Some(Told::Check(check)) => {
                if format == AnswerFormat::Text {
                    progress.suspend(|| say(check_text(&check).trim_end()))?;
                }
                checks.push(check);
            }
            None => {}
        }
    }
    progress.finish_and_clear();
    if format == AnswerFormat::Json {
        say(&serde_json::to_string_pretty(&to_json(&status, &checks))?)?;
    }
    conclude(&checks)?;
    match format {
        AnswerFormat::Text => say("nothing differs"),
        AnswerFormat::Json => Ok(()),
    }
}

fn status_text(status: &GetStatusResponse) -> String {
    let closed_until = match status.closed_until.as_str() {
        "" => "none",
        month => month,
    };
    format!(
        "catalogue in force:        {}\n\
         first month:               {}\n\
         last month closed:         {closed_until}\n\
         partitions:                {}\n\
         records not yet folded:    {}\n\
         records not yet in tables: {}\n",
        status.catalogue,
        status.first_month,
        status.partitions,
        status.fold_lag,
        status.registry_lag
    )
}

/// One line, and two more for each finding.
fn check_text(check: &Check) -> String {
    let mut text = format!(
        "{:<13} {:<15} {}\n",
        check.name,
        word(check.verdict()),
        check.compared
    );
    for finding in &check.findings {
        let (found, advice) = (&finding.found, hint::runnable(&finding.advice));
        let word = word(finding.verdict());
        let _ = write!(text, "    {word}: {found}\n        next: {advice}\n");
    }
    if check.more > 0 {
        let _ = writeln!(text, "    and {} more findings", check.more);
    }
    text
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unspecified => "unknown",
        Verdict::Agrees => "agrees",
        Verdict::Waits => "waits",
        Verdict::NotComparable => "not comparable",
        Verdict::NotSeen => "not seen",
        Verdict::Differs => "differs",
    }
}

fn to_json(status: &GetStatusResponse, checks: &[Check]) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "verdict": word(finding.verdict()),
            "found": finding.found,
            "advice": hint::runnable(&finding.advice),
        })
    };
    let check = |check: &Check| {
        json!({
            "name": check.name,
            "verdict": word(check.verdict()),
            "compared": check.compared,
            "findings": check.findings.iter().map(finding).collect::<Vec<_>>(),
            "more": check.more,
        })
    };
    json!({
        "catalogue": status.catalogue,
        "first_month": status.first_month,
        "closed_until": status.closed_until,
        "partitions": status.partitions,
        "fold_lag": status.fold_lag,
        "registry_lag": status.registry_lag,
        "checks": checks.iter().map(check).collect::<Vec<_>>(),
    })
}

/// What differs weighs more than what was not seen.
fn conclude(checks: &[Check]) -> anyhow::Result<()> {
    let named = |verdict: Verdict| {
        let of_it = checks.iter().filter(|check| check.verdict() == verdict);
        of_it
            .map(|check| check.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (differs, not_seen) = (named(Verdict::Differs), named(Verdict::NotSeen));
    if !differs.is_empty() {
        return Err(error(
            CommandExit::Internal,
            format!("it differs: {differs}"),
        ));
    }
    if !not_seen.is_empty() || checks.is_empty() {
        let message = format!("it could not be looked at: {not_seen}");
        return Err(error(CommandExit::Temporary, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, verdict: Verdict) -> Check {
        let finding = Finding {
            verdict: verdict.into(),
            found: "2024-01 has no plan".to_owned(),
            advice: "activate one".to_owned(),
        };
        Check {
            name: name.to_owned(),
            verdict: verdict.into(),
            compared: "3 months".to_owned(),
            findings: vec![finding],
            more: 4,
        }
    }

    #[test]
    fn a_check_is_a_line_and_what_to_do_next() {
        let expected = "plans         differs         3 months\n    \
             differs: 2024-01 has no plan\n        next: activate one\n    \
             and 4 more findings\n";
        assert_eq!(check_text(&check("plans", Verdict::Differs)), expected);
    }

    #[test]
    fn the_exit_code_says_whether_a_promise_is_broken() {
        let code = |verdicts: &[Verdict]| {
            let checks: Vec<_> = verdicts.iter().map(|one| check("log", *one)).collect();
            let ended = conclude(&checks);
            ended.err().map(|error| {
                error
                    .downcast_ref::<medvirk_terminal::CodedError>()
                    .unwrap()
                    .0
            })
        };
        use Verdict::{Agrees, Differs, NotComparable, NotSeen, Waits};
        assert_eq!(code(&[Agrees, Waits, NotComparable]), None);
        assert_eq!(code(&[Agrees, NotSeen]), Some(CommandExit::Temporary));
        assert_eq!(code(&[NotSeen, Differs]), Some(CommandExit::Internal));
        assert_eq!(code(&[]), Some(CommandExit::Temporary));
    }
}
