//! `medvirk simulate`, and the demo: sends what simulated clinics would send. Comes in: a running
//! system, a seed, and days. Goes out: calls of the public gRPC interface, each with the token of
//! the tablet or the patient record that sends it. The invariant: the same seed sends the same
//! submissions under the same ids, so sending a month again changes nothing; only survey codes
//! are issued anew, and none for a closed month.

mod arguments;

// The clinics, pure, in reading order.
mod draw;

mod kit;

mod clinic;

mod sending;

mod world;

mod course;
mod register;

mod battery;
mod leaders;

mod person;

mod stream;

// Sending.
mod wire;

use std::collections::VecDeque;
use std::time::Duration;

use indicatif::ProgressBar;
use medvirk_client::arguments::TargetSystem;
use medvirk_client::submit::progress_bar;
use medvirk_domain::time::{Day, Month};
use medvirk_runtime::{Clock, StopToken, SystemClock, today};
use medvirk_terminal::output::note;
use medvirk_terminal::{CommandExit, error};

use sending::SimulatedSending;
use stream::SendingStream;
use wire::{ClinicConnections, SendingTally};
use world::SimulatedWorld;

pub use arguments::SimulateArguments;

/// Between two submissions of the day's plan when it is sent live.
const PAUSE: Duration = Duration::from_secs(10);
/// Between two consultations when the day's plan has been sent.
const LONG_PAUSE: Duration = Duration::from_secs(60);

/// Simulated clinics, connected to a running system.
pub struct ClinicSimulation {
    world: SimulatedWorld,
    wire: ClinicConnections,
}

impl ClinicSimulation {
    /// Connects to the system, whose catalogue says which clinics there are: the first `clinics`
    /// of them take part, or all. `rate` is in submissions per second; 0 is as fast as it goes.
    pub async fn open(
        target: &TargetSystem,
        seed: u64,
        clinics: Option<usize>,
        rate: u32,
    ) -> anyhow::Result<Self> {
        let (lines, catalogue) = wire::open(target).await?;
        let world = SimulatedWorld::new(&catalogue, seed, clinics);
        let wire = lines.equip(&world, rate)?;
        Ok(Self { world, wire })
    }

    /// Sends all that clinics send in those days, month by month, and closes each month that is
    /// whole and due if `close` says so.
    async fn fill(&self, from: Day, until: Day, close: bool) -> anyhow::Result<SendingTally> {
        let bar = progress_bar(self.expected(from, until));
        let mut stream = self.world.stream(from, true);
        let mut all = SendingTally::default();
        let mut month = from.month();
        while month <= until.month() {
            let end = last_day(month).min(until);
            bar.set_message(month.to_string());
            let tally = self.wire.send_all(stream.until(end), &bar).await?;
            self.wire.note_sent_until(end);
            if bar.is_hidden() && (month.ends_tertial() || end == until) {
                // Without a terminal there is no bar, but long work shows where it is.
                note(&format!("sent until {month}"));
            }
            all.add(tally);
            if month.number() == 1 || month == from.month() {
                // Leaders tell of last year.
                self.wire.tell(&self.world, month.year() - 1).await?;
            }
            if close && end == last_day(month) && SystemClock.now_ms() >= month.closes_from() {
                self.wire.close(month).await?;
            }
            month = month.next();
        }
        bar.finish_and_clear();
        Ok(all)
    }

    /// About how many submissions that is; the patients who are in treatment already are about
    /// two months' worth.
    fn expected(&self, from: Day, until: Day) -> u64 {
        let months = f64::from(until.0 - from.0 + 1) / 30.4 + 2.0;
        (self.world.volume() * months) as u64
    }

    /// Sends what is to be sent up to yesterday at once, today's bit by bit, and so on.
    async fn go_on(&self) -> anyhow::Result<()> {
        let now = today(&SystemClock);
        let sent_until = self.wire.sent_until();
        let from = sent_until.map_or(now.month().previous().first_day(), |day| Day(day.0 + 1));
        let mut stream = self.world.stream(from, false);
        let mut missed = stream.until(Day(now.0 - 1));
        if sent_until.is_none() {
            // Another run may have sent these, and a code that is issued again is another code.
            missed.retain(|sending| !sending.is_invitation());
        }
        while let Err(why) = self
            .wire
            .send_all(missed.clone(), &ProgressBar::hidden())
            .await
        {
            tell(&why);
            tokio::time::sleep(PAUSE).await;
        }
        self.day_by_day(stream).await
    }

    async fn day_by_day(&self, mut stream: SendingStream<'_>) -> anyhow::Result<()> {
        let mut plan: VecDeque<Vec<SimulatedSending>> = VecDeque::new();
        loop {
            let now = today(&SystemClock);
            plan.extend(stream.until(now).into_iter().map(|sending| vec![sending]));
            let pause = if plan.is_empty() { LONG_PAUSE } else { PAUSE };
            if plan.is_empty() {
                plan.push_back(self.world.consultation(now, minute_of_day()));
            }
            if let Some(next) = plan.pop_front()
                && let Err(why) = self
                    .wire
                    .send_all(next.clone(), &ProgressBar::hidden())
                    .await
            {
                tell(&why);
                plan.push_front(next);
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// Sends month by month everything of those months, up to today, and closes each that is due if
/// `close` says so.
pub async fn history(
    sim: &ClinicSimulation,
    from: Month,
    until: Month,
    close: bool,
) -> anyhow::Result<()> {
    let until = last_day(until).min(today(&SystemClock));
    let tally = sim.fill(from.first_day(), until, close).await?;
    if let Some(reason) = tally.reason {
        tracing::warn!(
            refused = tally.refused,
            reason,
            "some of the simulated submissions were refused"
        );
    }
    Ok(())
}

/// Goes on in real time, a few submissions a minute, until it is stopped. A system that is away
/// for a while is waited for.
pub async fn live(sim: &ClinicSimulation, stop: StopToken) -> anyhow::Result<()> {
    tokio::select! {
        () = stop.stopped() => Ok(()),
        gone = sim.go_on() => gone,
    }
}

/// Sends what clinics send from one day to another.
pub async fn simulate(args: SimulateArguments) -> anyhow::Result<()> {
    let now = today(&SystemClock);
    let until = args
        .to
        .as_deref()
        .map_or(Ok(now), |text| day("--to", text))?;
    let from = args
        .from
        .as_deref()
        .map_or(Ok(Day(now.0 - 30)), |text| day("--from", text))?;
    if from > until || until > now {
        let message = "--from is not after --to, and --to is not after today";
        return Err(error(CommandExit::Usage, message));
    }
    let sim = ClinicSimulation::open(&args.target, args.seed, args.clinics, args.rate).await?;
    let tally = sim.fill(from, until, args.close).await?;
    note(&format!("{} taken, {} refused", tally.taken, tally.refused));
    match tally.reason {
        Some(reason) => Err(error(
            CommandExit::Usage,
            format!("not everything was taken: {reason}"),
        )),
        None => Ok(()),
    }
}

fn day(option: &str, text: &str) -> anyhow::Result<Day> {
    let wrong = |_| error(CommandExit::Usage, format!("{option} is a day, YYYY-MM-DD"));
    text.parse().map_err(wrong)
}

fn last_day(month: Month) -> Day {
    Day(month.next().first_day().0 - 1)
}

/// In UTC: what matters is only that no two minutes of a day are the same.
fn minute_of_day() -> u32 {
    (SystemClock.now_ms() / 60_000).rem_euclid(1_440) as u32
}

fn tell(why: &anyhow::Error) {
    tracing::warn!(
        error = format!("{why:#}"),
        "simulated clinics cannot send now; trying again"
    );
}

#[cfg(test)]
mod tests;
