//! `medvirk pull`: takes a dataset. Comes in: chunks. Goes out: one file and its manifest. The
//! invariants: a chunk counts once it is whole, checked and on the disk, so a pull that was cut short
//! at any moment goes on behind its last whole chunk; a file has its name only when all of it is there;
//! who might be found in a file is said before it comes.

mod groups;
mod partial;

use anyhow::Context;
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use medvirk_proto::extract::v1::extract_service_client::ExtractServiceClient;
use medvirk_proto::extract::v1::pull_response::Part;
use medvirk_proto::extract::v1::{Chunk, ListDatasetsRequest, PullRequest, PullResponse};
use medvirk_terminal::{CommandExit, error};
use tonic::Streaming;

use super::connect::{RoleConnection, connect};
use crate::arguments::PullArguments;
use partial::{ChunkDraft, PartialPull, WantedDataset};

/// Takes a dataset, or lists all.
pub async fn pull(args: PullArguments) -> anyhow::Result<()> {
    let mut client = ExtractServiceClient::new(connect(&args.target, "registry").await?);
    if args.list {
        return list(&mut client).await;
    }
    let named = args.dataset.zip(args.out).zip(args.purpose);
    let ((dataset, out), purpose) = named.expect("the command line needs all three");
    let wanted = WantedDataset {
        dataset,
        format: args.format.unwrap_or_default(),
        purpose,
        from: args.from.unwrap_or_default(),
        to: args.to.unwrap_or_default(),
        coarse: args.coarse,
    };
    let partial = PartialPull::open(&out, wanted, args.fresh)?;
    let took = take(&mut client, partial).await?;
    medvirk_terminal::output::say(&took)
}

async fn list(client: &mut ExtractServiceClient<RoleConnection>) -> anyhow::Result<()> {
    let answer = client.list_datasets(ListDatasetsRequest {}).await?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["dataset", "formats", "holds"]);
    for dataset in answer.into_inner().datasets {
        let formats = dataset.formats.join(", ");
        table.add_row([dataset.name, formats, dataset.about]);
    }
    medvirk_terminal::output::say(&table.to_string())
}

/// Gives what to say of it.
async fn take(
    client: &mut ExtractServiceClient<RoleConnection>,
    partial: PartialPull,
) -> anyhow::Result<String> {
    let folder = partial.folder().to_owned();
    let pulled = tokio::select! {
        pulled = chunks(client, partial) => pulled,
        pressed = tokio::signal::ctrl_c() => {
            pressed.context("listen for Ctrl-C")?;
            let message = "stopped; the same command goes on from here";
            return Err(error(CommandExit::Temporary, message));
        }
    };
    // What is left of somebody who has withdrawn goes.
    let status = |why: &anyhow::Error| why.downcast_ref().map(tonic::Status::code);
    if pulled.as_ref().err().and_then(status) == Some(tonic::Code::Aborted) {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("throw away {}", folder.display()))?;
        let message = "the register has lost somebody since this pull began; what was pulled is \
             thrown away, give the same command again";
        return Err(error(CommandExit::Temporary, message));
    }
    pulled
}

async fn chunks(
    client: &mut ExtractServiceClient<RoleConnection>,
    mut partial: PartialPull,
) -> anyhow::Result<String> {
    let request = PullRequest {
        snapshot: partial.snapshot()?,
        first_chunk: partial.whole(),
        ..partial.wanted().request()
    };
    let asked = client.pull(request).await;
    if asked.is_err() && !partial.has_begun() {
        // What was refused leaves nothing behind.
        std::fs::remove_dir_all(partial.folder())?;
    }
    let mut parts = asked?.into_inner();
    let Some(Part::Begun(begun)) = next(&mut parts).await? else {
        return Err(unexpected());
    };
    if let Some(groups) = &begun.groups {
        eprintln!("{}", groups::in_words(groups, partial.wanted().coarse));
    }
    let progress = progress_bar(begun.snapshot.as_ref().map_or(1, |it| it.chunks));
    partial.begun(begun)?;
    loop {
        progress.set_position(partial.whole().into());
        progress.set_message(format!("{} rows", partial.rows()));
        match next(&mut parts).await? {
            Some(Part::Chunk(head)) => chunk(&mut parts, &mut partial, head).await?,
            Some(Part::Ended(ended)) => {
                progress.finish_and_clear();
                return tokio::task::block_in_place(|| partial.finish(&ended.manifest));
            }
            Some(Part::Begun(_) | Part::Bytes(_)) => return Err(unexpected()),
            None => {
                let message = "the pull was cut short; the same command goes on from here";
                return Err(error(CommandExit::Temporary, message));
            }
        }
    }
}

/// Takes the bytes of a chunk.
async fn chunk(
    parts: &mut Streaming<PullResponse>,
    partial: &mut PartialPull,
    head: Chunk,
) -> anyhow::Result<()> {
    let mut draft: ChunkDraft = partial.draft(&head)?;
    let mut left = head.bytes;
    while left > 0 {
        let Some(Part::Bytes(bytes)) = next(parts).await? else {
            return Err(unexpected());
        };
        let length = bytes.len() as u64;
        left = left.checked_sub(length).ok_or_else(unexpected)?;
        draft.write(&bytes)?;
    }
    partial.keep(draft, &head)
}

async fn next(parts: &mut Streaming<PullResponse>) -> anyhow::Result<Option<Part>> {
    let answer = parts.message().await?;
    Ok(answer.and_then(|answer| answer.part))
}

fn unexpected() -> anyhow::Error {
    anyhow::anyhow!("the server sends what this program does not expect; is it another version?")
}

fn progress_bar(chunks: u32) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} chunks  {msg}  {eta} left");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(chunks.into()).with_style(style)
}
