//! What `medvirk simulate` takes on the command line.

use clap::Args;
use medvirk_client::arguments::TargetSystem;

#[derive(Args)]
pub struct SimulateArguments {
    /// How many units take part [default: all]
    #[arg(long)]
    pub clinics: Option<usize>,
    /// Submissions per second at most; 0 is as fast as it goes
    #[arg(long, default_value_t = 0)]
    pub rate: u32,
    /// First day, YYYY-MM-DD [default: a month ago]
    #[arg(long)]
    pub from: Option<String>,
    /// Last day, YYYY-MM-DD [default: today]
    #[arg(long)]
    pub to: Option<String>,
    /// The same seed gives the same clinics, patients and answers
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Close each month once it has been sent and is due
    #[arg(long)]
    pub close: bool,
    #[command(flatten)]
    pub target: TargetSystem,
}
