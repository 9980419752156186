//! The contract: what every backend of the log must hold, written once.
//!
//! Comes in: a [`LogSandbox`], which is a fresh log that can be opened again. Goes out: a panic that
//! says what does not hold. A backend instantiates all cases with
//! [`contract_suite!`](crate::contract_suite) in a test of its own; one that does not is not a
//! backend.

mod cases;
mod erasure;
#[cfg(feature = "kafka")]
mod kafka;
mod kill;
mod sandbox;

pub use cases::*;
pub use erasure::*;
#[cfg(feature = "kafka")]
pub use kafka::{KafkaSandbox, SOON_GONE};
pub use kill::{child, what_was_acknowledged_survives_a_kill};
pub use sandbox::{EmbeddedSandbox, LogSandbox, PARTITIONS, read_all};

/// Instantiates every case for a backend. `$fresh` is an expression that makes a new sandbox.
#[macro_export]
macro_rules! contract_suite {
    ($fresh:expr) => {
        $crate::contract_suite! { @cases $fresh;
            records_are_read_in_the_order_of_their_appends
            a_batch_is_appended_in_its_order
            partitions_and_topics_are_apart
            concurrent_appends_keep_the_order_of_each_writer
            a_waiting_reader_wakes_up
            a_reader_that_waits_in_vain_gets_an_empty_batch
            a_compacted_topic_refuses_records_without_key
            a_topic_kept_for_ever_refuses_tombstones
            unknown_partitions_and_offsets_beyond_the_end_are_errors
            large_records_are_read_one_by_one
            a_record_that_is_too_large_is_refused
            everything_is_there_after_opening_again
            committed_offsets_are_kept_by_group_and_partition
            the_number_of_partitions_is_fixed
            a_tombstone_erases_exactly_what_it_names
            erased_offsets_are_gaps_and_are_never_used_again
            what_is_erased_stays_erased_after_opening_again
            what_was_acknowledged_survives_a_kill
        }

        /// The process that `what_was_acknowledged_survives_a_kill` kills.
        #[test]
        fn contract_child() {
            $crate::contract::child();
        }
    };
    (@cases $fresh:expr; $($case:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let sandbox = $fresh;
                $crate::contract::$case(&sandbox).await;
            }
        )*
    };
}
