//! `medvirk admin`: runs the system, through its AdminService.

mod call;

mod doctor;

mod letter;

mod reference_file;

mod withdrawal;

use std::path::Path;

use medvirk_domain::catalogue::SourceFile;
use medvirk_proto::admin::v1::{
    ActivateCatalogueRequest, CatalogueFile, ClosePeriodRequest, DeadLetterSummary,
    ListDeadLettersRequest, RebuildIndicatorsRequest, RenewRequest, ReplayDeadLettersRequest,
    withdraw_request::Subject,
};
use medvirk_terminal::{CommandExit, error};

use super::catalogue::{check, read_dir, warnings};
use super::token::token;
use crate::arguments::{AdminCatalogue, AdminCommand, DeadLetterCommand, TargetSystem};
use call::{client, say};
use reference_file::read_reference;
use withdrawal::WithdrawalExtent;

/// Does what the command says.
pub async fn admin(command: AdminCommand) -> anyhow::Result<()> {
    match command {
        AdminCommand::Catalogue(AdminCatalogue::Activate { dir, from, target }) => {
            activate(&dir, from, &target).await
        }
        AdminCommand::ClosePeriod { month, target } => close_period(month, &target).await,
        AdminCommand::DeadLetter(command) => dead_letter(command).await,
        AdminCommand::Withdraw {
            patient,
            trust,
            code,
            registry_only,
            even_if_unknown,
            no_wait,
            format,
            target,
        } => {
            let subject = subject(patient.as_deref(), code.as_deref())?;
            let extent = WithdrawalExtent {
                registry_only,
                even_if_unknown,
            };
            let request = withdrawal::request(subject, trust, extent);
            withdrawal::withdraw(request, !no_wait, format, &target).await
        }
        AdminCommand::Withdrawal {
            receipt,
            letter,
            format,
            target,
        } => withdrawal::tell(receipt, letter, format, &target).await,
        AdminCommand::Renew {
            patient,
            trust,
            target,
        } => renew(read_reference(&patient)?, trust, &target).await,
        AdminCommand::RebuildIndicators { target } => rebuild(&target).await,
        AdminCommand::Doctor { format, target } => doctor::doctor(format, &target).await,
        AdminCommand::Token(arguments) => token(arguments).await,
    }
}

async fn activate(dir: &Path, from: String, target: &TargetSystem) -> anyhow::Result<()> {
    let files = read_dir(dir)?;
    // Told here with the code of a bad catalogue; the system checks it again.
    check(&files)?;
    for warning in warnings(&files) {
        eprintln!("{warning}");
    }
    let file = |SourceFile { path, text }| CatalogueFile { path, text };
    let files = files.into_iter().map(file).collect();
    let request = ActivateCatalogueRequest { files, from };
    let answer = client(target)
        .await?
        .activate_catalogue(request)
        .await?
        .into_inner();
    say(&format!(
        "catalogue {} is in force from {}",
        answer.hash, answer.from
    ))
}

async fn close_period(month: String, target: &TargetSystem) -> anyhow::Result<()> {
    let answer = client(target)
        .await?
        .close_period(ClosePeriodRequest { month })
        .await?;
    match answer.into_inner().closed.as_slice() {
        [] => say("it was closed before"),
        closed => say(&format!("closed {}", closed.join(", "))),
    }
}

async fn dead_letter(command: DeadLetterCommand) -> anyhow::Result<()> {
    match command {
        DeadLetterCommand::List { target } => {
            let letters = list(&target).await?;
            letters
                .iter()
                .try_for_each(|letter| say(&describe(letter)))?;
            say(&format!("{} dead letters", letters.len()))
        }
        DeadLetterCommand::Show { id, target } => {
            let letters = list(&target).await?;
            let found = letters.iter().find(|letter| letter.id == id);
            say(&describe(found.ok_or_else(|| {
                error(CommandExit::Usage, "there is no such dead letter")
            })?))
        }
        DeadLetterCommand::Replay { ids, target } => {
            let request = ReplayDeadLettersRequest { ids };
            let answer = client(&target)
                .await?
                .replay_dead_letters(request)
                .await?
                .into_inner();
            answer
                .refused
                .iter()
                .try_for_each(|letter| say(&describe(letter)))?;
            say(&format!(
                "{} sent in again, {} still refused",
                answer.replayed,
                answer.refused.len()
            ))
        }
    }
}

async fn list(target: &TargetSystem) -> anyhow::Result<Vec<DeadLetterSummary>> {
    let answer = client(target)
        .await?
        .list_dead_letters(ListDeadLettersRequest {})
        .await?;
    Ok(answer.into_inner().dead_letters)
}

fn describe(letter: &DeadLetterSummary) -> String {
    let DeadLetterSummary {
        id,
        topic,
        partition,
        offset,
        reason,
        bytes,
        set_aside_at,
    } = letter;
    format!(
        "{id}: {reason}, set aside {set_aside_at} ({topic}, partition {partition}, offset {offset}, \
         {bytes} bytes)"
    )
}

async fn renew(patient: String, trust: String, target: &TargetSystem) -> anyhow::Result<()> {
    let request = RenewRequest { patient, trust };
    client(target).await?.renew(request).await?;
    say("takes part again; what was erased stays erased")
}

async fn rebuild(target: &TargetSystem) -> anyhow::Result<()> {
    let answer = client(target)
        .await?
        .rebuild_indicators(RebuildIndicatorsRequest {})
        .await?;
    let answer = answer.into_inner();
    say(&format!(
        "{} rows of {} months stand as in the ledger",
        answer.rows, answer.months
    ))
}

fn subject(patient: Option<&Path>, code: Option<&Path>) -> anyhow::Result<Subject> {
    match (patient, code) {
        (Some(path), None) => Ok(Subject::Patient(read_reference(path)?)),
        (None, Some(path)) => Ok(Subject::Code(read_reference(path)?)),
        _ => Err(error(
            CommandExit::Usage,
            "name one of --patient FILE and --code FILE",
        )),
    }
}
