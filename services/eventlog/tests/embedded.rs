//! The embedded log holds the contract of every log.

use medvirk_eventlog::contract::EmbeddedSandbox;

medvirk_eventlog::contract_suite!(EmbeddedSandbox::fresh());
