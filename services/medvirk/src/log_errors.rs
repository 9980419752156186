//! What an error of the log means for whoever started the process. Comes in: one cause out of a
//! chain of causes. Goes out: whether waiting helps, or another configuration. The invariant: every
//! error of an operation of the log or of its records that can end a process is listed here.

use std::error::Error as StdError;

use medvirk_aggregator::MonthCloseError;
use medvirk_eventlog::{
    ClientStartError, CompactionError, LogAppendError, LogConfigError, LogOpenError, LogReadError,
    LogSettingsError, LogStepError, OffsetCommitError, OffsetReadError, PassingError, QuorumError,
    TopicCreationError, UnavailableLog,
};
use medvirk_records::{
    ActivationError, FoundingError, GenesisReadError, LedgerReadError, PlanWriteError,
    PlansReadError,
};

type CauseTest = fn(&(dyn StdError + 'static)) -> bool;

/// Every error that may pass, by the operation that fails with it.
const MAY_PASS: [CauseTest; 18] = [
    passes::<LogOpenError>,
    passes::<TopicCreationError>,
    passes::<LogSettingsError>,
    passes::<QuorumError>,
    passes::<LogAppendError>,
    passes::<LogReadError>,
    passes::<LogStepError>,
    passes::<OffsetReadError>,
    passes::<OffsetCommitError>,
    passes::<CompactionError>,
    passes::<ActivationError>,
    passes::<PlanWriteError>,
    passes::<PlansReadError>,
    passes::<FoundingError>,
    passes::<GenesisReadError>,
    passes::<LedgerReadError>,
    passes::<MonthCloseError>,
    // The work of a group is not shared out.
    |cause| cause.is::<UnavailableLog>(),
];

fn passes<E: StdError + PassingError + 'static>(cause: &(dyn StdError + 'static)) -> bool {
    cause.downcast_ref::<E>().is_some_and(E::is_passing)
}

/// True if the same may succeed later without anybody's help.
pub(crate) fn is_passing(cause: &(dyn StdError + 'static)) -> bool {
    MAY_PASS.iter().any(|passes| passes(cause))
}

/// Somebody else has the log open, or nobody has created its topics yet.
pub(crate) fn is_not_there_yet(cause: &(dyn StdError + 'static)) -> bool {
    let opening = cause.downcast_ref();
    let creation = cause.downcast_ref();
    matches!(
        opening,
        Some(LogOpenError::Locked { .. } | LogOpenError::NoTopics(_))
    ) || matches!(
        creation,
        Some(TopicCreationError::Settings(LogSettingsError::NoTopics(_)))
    )
}

/// The configuration does not fit the log, or the log does not fit this program.
pub(crate) fn is_configuration(cause: &(dyn StdError + 'static)) -> bool {
    let creation = cause.downcast_ref();
    cause.is::<LogConfigError>()
        || matches!(
            cause.downcast_ref(),
            Some(LogOpenError::Config(_) | LogOpenError::Partitions(_) | LogOpenError::Unsafe(_))
        )
        || matches!(
            creation,
            Some(TopicCreationError::Config(_) | TopicCreationError::NotCreated { .. })
        )
        || matches!(creation, Some(TopicCreationError::Settings(error)) if is_unfit(error))
        || is_of_another_founding(cause)
        || matches!(cause.downcast_ref(), Some(ActivationError::Refused(_)))
}

fn is_unfit(error: &LogSettingsError) -> bool {
    matches!(
        error,
        LogSettingsError::Client(ClientStartError::Setting(_))
            | LogSettingsError::Partitions(_)
            | LogSettingsError::Unsafe(_)
    )
}

/// The ledger was founded for another deployment, or for none.
fn is_of_another_founding(cause: &(dyn StdError + 'static)) -> bool {
    matches!(cause.downcast_ref(), Some(GenesisReadError::NotFirst))
        || matches!(
            cause.downcast_ref(),
            Some(FoundingError::Mismatch(_) | FoundingError::Genesis(GenesisReadError::NotFirst))
        )
}

#[cfg(test)]
mod tests {
    use medvirk_aggregator::AggregatorError;
    use medvirk_eventlog::{MissingTopics, UnusableSetting};

    use super::*;

    fn any_of(error: AggregatorError, test: CauseTest) -> bool {
        anyhow::Error::from(error).chain().any(test)
    }

    #[test]
    fn what_passes_is_found_however_deep_in_the_chain_it_is() {
        let full = PlanWriteError::Append(LogAppendError::Full);
        assert!(any_of(MonthCloseError::Plan(full).into(), is_passing));
        let read = LogReadError::Unavailable(UnavailableLog::attempting("read log"));
        let ledger = LedgerReadError::Read(read);
        assert!(any_of(ledger.into(), is_passing));
        assert!(!any_of(AggregatorError::Panicked, is_passing));
    }

    #[test]
    fn a_setting_is_the_configurations_and_missing_topics_come_in_time() {
        let name = "acks".to_owned();
        let setting = LogOpenError::from(ClientStartError::from(UnusableSetting { name }));
        assert!(is_configuration(&setting) && !is_passing(&setting));
        let missing = || MissingTopics {
            topics: vec!["catalogue".to_owned()],
        };
        let created = TopicCreationError::Settings(missing().into());
        for error in [
            &LogOpenError::from(missing()) as &(dyn StdError + 'static),
            &created,
        ] {
            assert!(is_not_there_yet(error) && !is_configuration(error));
        }
    }
}
