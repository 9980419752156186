//! How long `medvirk up` needs until it is ready, on data that is there, beside an engine alone.
//!
//! Comes in: the program (`MEDVIRK_BIN`, else the one beside). Goes out: a table. `up` starts two
//! engines; ready is what `/readyz` says.

#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]

use std::time::{Duration, Instant};

use medvirk_store::sandbox::{EngineSandbox, serve_if_asked};
use medvirk_tests::System;

type Failed = Box<dyn std::error::Error>;

const STARTS: usize = 9;

fn main() -> Result<(), Failed> {
    // The engine is another process of this program.
    if serve_if_asked() {
        return Ok(());
    }
    tokio::runtime::Runtime::new()?.block_on(run())
}

async fn run() -> Result<(), Failed> {
    let begun = Instant::now();
    let system = System::builder().start().await;
    let first = begun.elapsed();
    let (mut engines, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        system.terminate().await;
        let begun = Instant::now();
        let engine = EngineSandbox::start("the engine of a benchmark");
        engines.push(begun.elapsed());
        drop(engine);
        let begun = Instant::now();
        system.start().await;
        warm.push(begun.elapsed());
    }
    println!("| milliseconds | p50 | most |\n|---|---|---|");
    table("baseline: an engine alone", engines);
    table("`up` for the first time", vec![first]);
    table("`up` on data that is there", warm);
    Ok(())
}

fn table(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let ms = |place: usize| times[place].as_secs_f64() * 1e3;
    println!(
        "| {what} | {:.0} | {:.0} |",
        ms(times.len() / 2),
        ms(times.len() - 1)
    );
}
