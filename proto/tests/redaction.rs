//! No message that can hold an answer, a reference or a code shows more than its name in `Debug`.

use std::fs;
use std::path::Path;

use medvirk_proto::DESCRIPTORS;
use medvirk_proto::feedback::v1::{
    Form, ItemResponse, Session, Submission, item_response, submission,
};
use medvirk_proto::indicator::v1::Figure;
use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};

/// Packages that keep a derived `Debug`, because nothing in them is about one person.
const OPEN: [&str; 1] = ["medvirk.indicator.v1"];

const PACKAGES: [&str; 10] = [
    "medvirk.admin.v1",
    "medvirk.curve.v1",
    "medvirk.episode.v1",
    "medvirk.extract.v1",
    "medvirk.feedback.v1",
    "medvirk.indicator.v1",
    "medvirk.involvement.v1",
    "medvirk.log.v1",
    "medvirk.registry.v1",
    "medvirk.survey.v1",
];

fn pool() -> DescriptorPool {
    DescriptorPool::decode(DESCRIPTORS).expect("the descriptors are compiled by our own build")
}

fn messages() -> Vec<MessageDescriptor> {
    let pool = pool();
    pool.all_messages()
        .filter(|message| message.package_name().starts_with("medvirk."))
        .collect()
}

#[test]
fn the_descriptors_hold_every_package() {
    let mut packages: Vec<String> = messages()
        .iter()
        .map(|message| message.package_name().to_owned())
        .collect();
    packages.sort();
    packages.dedup();
    assert_eq!(packages, PACKAGES);
}

#[test]
fn every_generated_type_of_a_closed_package_leaves_debug_to_us() {
    let closed = PACKAGES.iter().filter(|package| !OPEN.contains(package));
    for package in closed {
        let generated = Path::new(env!("OUT_DIR")).join(format!("{package}.rs"));
        let code = fs::read_to_string(generated).expect("the build wrote one file per package");
        let mut types = 0;
        // From one derive to the next: the attributes and the type that they are for.
        for item in code.split("#[derive(").skip(1) {
            let derives = item.split(')').next().unwrap_or_default();
            if derives.contains("::prost::Message") || derives.contains("::prost::Oneof") {
                let name = item.split("pub ").nth(1).unwrap_or_default();
                let name = name.lines().next().unwrap_or_default();
                assert!(!derives.contains("Debug"), "{package}: {name}");
                let attributes = item.split("pub ").next().unwrap_or_default();
                assert!(attributes.contains("skip_debug"), "{package}: {name}");
                types += 1;
            }
        }
        assert!(types > 0, "{package} has messages");
    }
}

#[test]
fn every_message_of_a_closed_package_has_a_redacted_debug() {
    let redacted = fs::read_to_string(Path::new(env!("OUT_DIR")).join("redacted.rs"))
        .expect("the build wrote the redacted impls");
    for message in messages() {
        if OPEN.contains(&message.package_name()) || message.is_map_entry() {
            continue;
        }
        let line = format!("f.write_str(\"{}(redacted)\")", message.name());
        assert!(redacted.contains(&line), "{}", message.full_name());
    }
}

#[test]
fn an_open_package_reaches_no_message_of_a_closed_one() {
    for message in messages() {
        if !OPEN.contains(&message.package_name()) {
            continue;
        }
        for field in message.fields() {
            if let Kind::Message(inner) = field.kind() {
                assert!(
                    OPEN.contains(&inner.package_name()),
                    "{} holds {}",
                    field.full_name(),
                    inner.full_name()
                );
            }
        }
    }
}

#[test]
fn an_answer_and_a_reference_do_not_show() {
    let form = Form {
        instrument: "fit-ors".to_owned(),
        items: vec![ItemResponse {
            item: "individual".to_owned(),
            response: Some(item_response::Response::Value(7.25)),
        }],
        ..Form::default()
    };
    let session = Session {
        patient: "patient-4711".to_owned(),
        forms: vec![form.clone()],
        ..Session::default()
    };
    let submission = Submission {
        kind: Some(submission::Kind::Session(session.clone())),
        ..Submission::default()
    };

    let shown = format!(
        "{form:?} {:?} {session:#?} {submission:?} {:?}",
        form.items, submission.kind
    );

    assert!(
        !shown.contains("7.25") && !shown.contains("4711"),
        "{shown}"
    );
    assert!(shown.contains("Form(redacted)"), "{shown}");
}

#[test]
fn a_figure_shows_because_it_is_about_nobody() {
    let figure = Figure {
        organisation: "north".to_owned(),
        ..Figure::default()
    };
    assert!(format!("{figure:?}").contains("north"));
}
