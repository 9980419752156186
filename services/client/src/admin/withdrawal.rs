//! `medvirk admin withdraw` and `admin withdrawal`: erases, waits, and says how far it has come.
//! Comes in: whom to erase, or a receipt. Goes out: plain words or JSON, and an exit code. The
//! invariants: 0 only if it is carried out, or if nobody wanted to wait; the receipt is told before
//! anything is waited for; whoever withdrew is told nowhere.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_proto::admin::v1::{
    GetWithdrawalRequest, GetWithdrawalResponse, LogErasure, WithdrawRequest, WithdrawalPartition,
    WithdrawalProgress, WithdrawalScope, WithdrawnRecords, withdraw_request::Subject,
};
use medvirk_terminal::{CommandExit, error};
use serde_json::{Value, json};
use tonic::Status;

use super::call::{client, say};
use super::letter;
use crate::arguments::{AnswerFormat, LetterLanguage, TargetSystem};
use crate::connect::{RoleConnection, is_open};

/// How often it is asked, and how often at most: for ten minutes.
const EVERY: Duration = Duration::from_millis(500);
const TIMES: u32 = 1_200;

/// What an erasure leaves, since "erased" must not say more than is true.
const STAYS: &str = "the ids of the submissions and the pseudonym of who withdrew stay, without \
                     any answer: by them what comes again is erased";

/// How far a withdrawal goes.
#[derive(Clone, Copy)]
pub(super) struct WithdrawalExtent {
    /// It is about the register's forms alone.
    pub(super) registry_only: bool,
    /// It is written also where nothing is known of the subject.
    pub(super) even_if_unknown: bool,
}

/// What is asked of the system.
pub(super) fn request(
    subject: Subject,
    trust: Option<String>,
    extent: WithdrawalExtent,
) -> WithdrawRequest {
    let scope = if extent.registry_only {
        WithdrawalScope::Registry
    } else {
        WithdrawalScope::All
    };
    WithdrawRequest {
        subject: Some(subject),
        scope: scope.into(),
        trust: trust.unwrap_or_default(),
        even_if_unknown: extent.even_if_unknown,
    }
}

/// Erases, and waits for it if asked to.
pub(super) async fn withdraw(
    request: WithdrawRequest,
    wait: bool,
    format: AnswerFormat,
    target: &TargetSystem,
) -> anyhow::Result<()> {
    let mut client = client(target).await?;
    let begun = client
        .withdraw(request)
        .await
        .map_err(unknown)?
        .into_inner();
    if format == AnswerFormat::Text {
        say(&format!("withdrawn at {}", begun.at))?;
        say(&format!("receipt {}", begun.receipt))?;
        if begun.other_spelling {
            say("found under another spelling of the reference; every spelling is withdrawn")?;
        }
    }
    if !wait {
        return match format {
            AnswerFormat::Text => say("the erasure follows by itself"),
            AnswerFormat::Json => {
                let begun = json!({
                    "withdrawn_at": begun.at,
                    "receipt": begun.receipt,
                    "records": begun.records.as_ref().map(records_json),
                    "other_spelling": begun.other_spelling,
                });
                say(&serde_json::to_string_pretty(&begun)?)
            }
        };
    }
    let now = until_done(&mut client, &begun.receipt).await?;
    show(&now, &begun.receipt, format)?;
    conclude(&now)
}

/// Says how far a withdrawal has come.
pub(super) async fn tell(
    receipt: String,
    letter: Option<LetterLanguage>,
    format: AnswerFormat,
    target: &TargetSystem,
) -> anyhow::Result<()> {
    let asked = GetWithdrawalRequest {
        receipt: receipt.clone(),
    };
    let now = client(target).await?.get_withdrawal(asked).await?;
    let now = now.into_inner();
    if let Some(language) = letter.filter(|_| is_done(&now)) {
        return say(&letter::letter(&now, language)?);
    }
    if format == AnswerFormat::Text {
        say(&format!("withdrawn at {}", now.at))?;
    }
    show(&now, &receipt, format)?;
    conclude(&now)
}

/// Asks until it is carried out, or for ten minutes. A system that does not answer for a moment is
/// asked again.
async fn until_done(
    client: &mut AdminServiceClient<RoleConnection>,
    receipt: &str,
) -> anyhow::Result<GetWithdrawalResponse> {
    let progress = progress_bar();
    let mut asked = 0;
    loop {
        asked += 1;
        let request = GetWithdrawalRequest {
            receipt: receipt.to_owned(),
        };
        match client.get_withdrawal(request).await {
            Ok(now) => {
                let now = now.into_inner();
                progress.set_length(now.partitions.len() as u64);
                progress.set_position(done(&now));
                if is_done(&now) || asked == TIMES {
                    progress.finish_and_clear();
                    return Ok(now);
                }
            }
            Err(status) if is_open(&status) && asked < TIMES => progress.tick(),
            Err(status) => return Err(status.into()),
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} partitions  {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

fn is_done(now: &GetWithdrawalResponse) -> bool {
    now.progress() == WithdrawalProgress::CarriedOut
}

/// In how many partitions it is carried out.
fn done(now: &GetWithdrawalResponse) -> u64 {
    let done = |one: &&WithdrawalPartition| one.progress() == WithdrawalProgress::CarriedOut;
    now.partitions.iter().filter(done).count() as u64
}

fn show(now: &GetWithdrawalResponse, receipt: &str, format: AnswerFormat) -> anyhow::Result<()> {
    match format {
        AnswerFormat::Text => say(text(now, receipt).trim_end()),
        AnswerFormat::Json => say(&serde_json::to_string_pretty(&to_json(now))?),
    }
}

fn text(now: &GetWithdrawalResponse, receipt: &str) -> String {
    let (done, all) = (done(now), now.partitions.len());
    let mut lines = vec![if is_done(now) {
        "carried out: no row is left in the tables, and the log has tombstones".to_owned()
    } else {
        format!("carried out in {done} of {all} partitions")
    }];
    lines.extend(
        now.records
            .as_ref()
            .map(|it| records_text(it, is_done(now))),
    );
    let waiting = now
        .partitions
        .iter()
        .filter(|one| one.progress() != WithdrawalProgress::CarriedOut);
    lines.extend(waiting.map(|one| {
        let WithdrawalPartition {
            partition,
            records_before,
            ..
        } = one;
        format!("    partition {partition} waits; {records_before} records come before it")
    }));
    lines.extend(match now.log() {
        LogErasure::Unspecified | LogErasure::Waiting => None,
        LogErasure::Erased => Some(format!(
            "no byte of what was sent is left in the files of the log; {STAYS}"
        )),
        LogErasure::Due => Some(format!(
            "the brokers must have compacted what was sent out of their files by {}; {STAYS}",
            now.log_due
        )),
    });
    if now.receipt != receipt {
        lines.push(format!("receipt from now on: {}", now.receipt));
    }
    lines.join("\n")
}

fn to_json(now: &GetWithdrawalResponse) -> Value {
    let partition = |one: &WithdrawalPartition| {
        json!({
            "partition": one.partition,
            "progress": word(one.progress()),
            "records_before": one.records_before,
        })
    };
    json!({
        "withdrawn_at": now.at,
        "progress": word(now.progress()),
        "partitions": now.partitions.iter().map(partition).collect::<Vec<_>>(),
        "log": match now.log() {
            LogErasure::Unspecified | LogErasure::Waiting => "waiting",
            LogErasure::Due => "due",
            LogErasure::Erased => "erased",
        },
        "log_due": (!now.log_due.is_empty()).then_some(&now.log_due),
        "receipt": now.receipt,
        "records": now.records.as_ref().map(records_json),
    })
}

/// What was found, by kind: of one, of several, and how many.
fn kinds(records: &WithdrawnRecords) -> [(&'static str, &'static str, u64); 7] {
    [
        ("episode opened", "episodes opened", records.episodes_opened),
        ("session", "sessions", records.sessions),
        ("correction", "corrections", records.corrections),
        ("episode closed", "episodes closed", records.episodes_closed),
        ("register form", "register forms", records.registry_forms),
        ("survey code", "survey codes", records.invitations),
        (
            "discharge survey",
            "discharge surveys",
            records.discharge_surveys,
        ),
    ]
}

fn records_text(records: &WithdrawnRecords, done: bool) -> String {
    let there = kinds(records).into_iter().filter(|(.., count)| *count > 0);
    let there: Vec<_> = there
        .map(|(one, several, count)| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {several}"),
        })
        .collect();
    match (there.is_empty(), done) {
        (true, _) if records.withdrawn_before => {
            "nothing more was found: they had withdrawn before".to_owned()
        }
        (true, _) => "nothing was found; whatever comes from now on is erased".to_owned(),
        (false, true) => format!("erased: {}", there.join(", ")),
        (false, false) => format!("to be erased: {}", there.join(", ")),
    }
}

fn records_json(records: &WithdrawnRecords) -> Value {
    let counts = kinds(records).map(|(_, kind, count)| (kind.replace(' ', "_"), count.into()));
    Value::Object(counts.into_iter().collect())
}

/// Nobody is known: the reason, and what may be done all the same.
fn unknown(status: Status) -> anyhow::Error {
    if status.code() != tonic::Code::NotFound {
        return status.into();
    }
    let message = format!(
        "{}. Where a tablet may still hold something, --even-if-unknown withdraws all the same",
        status.message()
    );
    error(CommandExit::Usage, message)
}

const fn word(progress: WithdrawalProgress) -> &'static str {
    match progress {
        WithdrawalProgress::Unspecified | WithdrawalProgress::Waiting => "waiting",
        WithdrawalProgress::CarriedOut => "carried out",
    }
}

fn conclude(now: &GetWithdrawalResponse) -> anyhow::Result<()> {
    if is_done(now) {
        Ok(())
    } else {
        Err(error(
            CommandExit::Temporary,
            "it is not carried out yet; it goes on by itself, and the receipt tells how far it is",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(progress: [WithdrawalProgress; 2], log: LogErasure) -> GetWithdrawalResponse {
        let partition = |(number, progress): (u32, WithdrawalProgress)| WithdrawalPartition {
            partition: number,
            progress: progress.into(),
            records_before: 3,
        };
        GetWithdrawalResponse {
            at: "2026-01-01T00:00:00Z".to_owned(),
            progress: progress[0].into(),
            partitions: (0..).zip(progress).map(partition).collect(),
            log: log.into(),
            log_due: "2026-01-15T00:00:00Z".to_owned(),
            receipt: "mw1AA".to_owned(),
            scope: WithdrawalScope::All.into(),
            records: None,
        }
    }

    #[test]
    fn what_waits_is_told_by_partition_and_ends_with_75() {
        use WithdrawalProgress::{CarriedOut, Waiting};
        let waits = answer([Waiting, CarriedOut], LogErasure::Waiting);
        let expected = "carried out in 1 of 2 partitions\n    \
             partition 0 waits; 3 records come before it";
        assert_eq!(text(&waits, "mw1AA"), expected);
        let ended = conclude(&waits).unwrap_err();
        let code = ended
            .downcast_ref::<medvirk_terminal::CodedError>()
            .unwrap()
            .0;
        assert_eq!(code, CommandExit::Temporary);
    }

    #[test]
    fn what_is_carried_out_says_what_is_known_of_the_files_and_what_stays() {
        let done = |log| answer([WithdrawalProgress::CarriedOut; 2], log);
        let first = "carried out: no row is left in the tables, and the log has tombstones\n";
        let erased =
            format!("{first}no byte of what was sent is left in the files of the log; {STAYS}");
        assert_eq!(text(&done(LogErasure::Erased), "mw1AA"), erased);
        let due = format!(
            "{first}the brokers must have compacted what was sent out of their files by \
             2026-01-15T00:00:00Z; {STAYS}\nreceipt from now on: mw1AA"
        );
        assert_eq!(text(&done(LogErasure::Due), "mw1BB"), due);
        conclude(&done(LogErasure::Due)).unwrap();
    }

    #[test]
    fn the_receipt_says_how_many_records_of_which_kinds() {
        let records = WithdrawnRecords {
            sessions: 12,
            registry_forms: 1,
            ..WithdrawnRecords::default()
        };
        let counts = "12 sessions, 1 register form";
        assert_eq!(records_text(&records, true), format!("erased: {counts}"));
        assert_eq!(
            records_text(&records, false),
            format!("to be erased: {counts}")
        );
        let nothing = records_text(&WithdrawnRecords::default(), true);
        assert!(nothing.starts_with("nothing was found"), "{nothing}");
        assert_eq!(records_json(&records)["register_forms"], 1);
    }

    #[test]
    fn who_is_unknown_is_named_so_with_what_may_be_done() {
        let told = unknown(Status::not_found("unknown: nobody"));
        assert!(told.to_string().contains("--even-if-unknown"), "{told}");
        assert_eq!(
            told.downcast_ref::<medvirk_terminal::CodedError>()
                .unwrap()
                .0,
            CommandExit::Usage
        );
    }
}
