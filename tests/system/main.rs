//! Whole-system tests: a real `medvirk up`, its real engines, and what its users see of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod architecture;

mod real_input;

mod bad_input;

mod side_by_side;

mod rebuild;

mod stopping;

mod hanging;

mod commands;

mod imports;

mod dead_letters;

mod on_kafka;

mod python_client;

mod telemetry;

mod poller;

mod page;

mod figures;

mod demo;

mod attack;

mod withdrawal;

mod doctor;

mod operator;

mod canaries;

mod outsider;

mod yearly;

mod worked_example;

mod extract;

mod fhir;
