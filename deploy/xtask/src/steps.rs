//! Named steps with their times.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The steps of one command, in order.
pub(crate) struct CommandSteps {
    command: &'static str,
    done: Vec<(&'static str, Duration)>,
    failed: Vec<&'static str>,
}

impl CommandSteps {
    /// A command that has not begun a step.
    pub(crate) fn start(command: &'static str) -> Self {
        Self {
            command,
            done: Vec::new(),
            failed: Vec::new(),
        }
    }

    /// A step that the following ones need.
    pub(crate) fn must<T>(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        eprintln!("== {name}");
        let from = Instant::now();
        let result = step();
        self.done.push((name, from.elapsed()));
        if result.is_err() {
            self.failed.push(name);
            self.summary();
        }
        result
    }

    /// A step that the following ones do not need: they run even if it fails.
    pub(crate) fn check(&mut self, name: &'static str, step: impl FnOnce() -> Result<()>) {
        eprintln!("== {name}");
        let from = Instant::now();
        if let Err(error) = step() {
            eprintln!("error: {error:#}");
            self.failed.push(name);
        }
        self.done.push((name, from.elapsed()));
    }

    /// Prints the times; fails if a step did.
    pub(crate) fn finish(self) -> Result<()> {
        self.summary();
        if !self.failed.is_empty() {
            bail!("{} failed: {}", self.command, self.failed.join(", "));
        }
        Ok(())
    }

    fn summary(&self) {
        eprintln!();
        for (name, time) in &self.done {
            let word = if self.failed.contains(name) {
                "failed"
            } else {
                "ok"
            };
            eprintln!(
                "{:>8.1} s  {word:<6}  {} {name}",
                time.as_secs_f64(),
                self.command
            );
        }
        let total: Duration = self.done.iter().map(|(_, time)| *time).sum();
        eprintln!("{:>8.1} s  in all", total.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{anyhow, bail};

    use super::CommandSteps;

    #[test]
    fn all_checks_run_and_one_failure_fails_the_command() {
        let mut steps = CommandSteps::start("lint");
        let mut ran = Vec::new();
        steps.check("first", || bail!("no"));
        steps.check("second", || {
            ran.push("second");
            Ok(())
        });

        let error = steps.finish().expect_err("the first check failed");

        assert_eq!(ran, ["second"]);
        assert_eq!(error.to_string(), "lint failed: first");
    }

    #[test]
    fn a_needed_step_gives_its_value_or_its_error() {
        let mut steps = CommandSteps::start("test");
        assert_eq!(steps.must("one", || Ok(1)).unwrap(), 1);
        let error = steps.must("two", || Err::<(), _>(anyhow!("no engine")));
        assert_eq!(error.unwrap_err().to_string(), "no engine");
    }
}
