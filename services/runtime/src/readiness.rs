//! Readiness. Comes in: each part of a role says whether it is ready. Goes out: whether all are,
//! and which are not. The invariant: a part that was named and has not spoken is not ready.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

/// What is ready; clones share it.
#[derive(Debug, Clone)]
pub struct Readiness(Arc<watch::Sender<BTreeMap<&'static str, bool>>>);

impl Readiness {
    /// All `parts` must be ready; none is yet.
    pub fn of(parts: &[&'static str]) -> Self {
        let parts = parts.iter().map(|part| (*part, false)).collect();
        Self(Arc::new(watch::Sender::new(parts)))
    }

    /// Says whether `part` is ready. A part that was not named before counts from now on.
    pub fn set(&self, part: &'static str, ready: bool) {
        self.0
            .send_if_modified(|parts| parts.insert(part, ready) != Some(ready));
    }

    /// The parts that are not ready, in alphabetical order.
    pub fn missing(&self) -> Vec<&'static str> {
        let parts = self.0.borrow();
        let missing = parts.iter().filter(|(_, ready)| !**ready);
        missing.map(|(part, _)| *part).collect()
    }

    /// True if every part is ready.
    pub fn is_ready(&self) -> bool {
        self.0.borrow().values().all(|ready| *ready)
    }

    /// Waits until every part is ready.
    pub async fn ready(&self) {
        let mut parts = self.0.subscribe();
        let all = |parts: &BTreeMap<_, _>| parts.values().all(|ready| *ready);
        parts
            .wait_for(all)
            .await
            .expect("self holds the sender while this waits");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_parts_must_be_ready() {
        let readiness = Readiness::of(&["log", "store"]);
        readiness.set("log", true);
        assert_eq!(readiness.missing(), ["store"]);
        let waiting = tokio::spawn({
            let readiness = readiness.clone();
            async move { readiness.ready().await }
        });
        readiness.set("store", true);
        waiting.await.unwrap();
        assert!(readiness.is_ready());
        readiness.set("log", false);
        assert_eq!(readiness.missing(), ["log"]);
    }
}
