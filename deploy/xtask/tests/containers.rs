//! The container files say what they seem to say. Nothing here needs a container runtime.

use std::fs;
use std::path::Path;

use saphyr::{LoadableYamlNode as _, Yaml};

fn deploy(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    fs::read_to_string(&path).expect("the file is in deploy/")
}

#[test]
fn compose_publishes_no_port_beyond_the_loopback_address() {
    let text = deploy("compose.yaml");
    let documents = Yaml::load_from_str(&text).expect("compose.yaml is YAML");
    let services = documents[0]["services"].as_mapping().expect("a mapping");
    assert!(!services.is_empty());
    for (name, service) in services {
        let ports = service.as_mapping_get("ports").and_then(Yaml::as_vec);
        for port in ports.into_iter().flatten() {
            let port = port.as_str().expect("ports are written as strings");
            assert!(port.starts_with("127.0.0.1:"), "{name:?} publishes {port}");
        }
    }
}

#[test]
fn every_image_has_a_version() {
    let text = deploy("Dockerfile");
    let images = text.lines().filter_map(|line| line.strip_prefix("FROM "));
    let mut seen = 0;
    for image in images {
        let image = image.split(' ').next().unwrap_or_default();
        let tag = image.split_once(':').map(|(_, tag)| tag);
        assert!(tag.is_some_and(|tag| tag != "latest"), "{image}");
        seen += 1;
    }
    assert_eq!(seen, 2);
}

#[test]
fn there_is_one_compiler_for_checkout_image_and_crates() {
    let toolchain = value_of(&deploy("../rust-toolchain.toml"), "channel = ");
    let crates = value_of(&deploy("../Cargo.toml"), "rust-version = ");
    assert!(toolchain.starts_with(&crates), "{toolchain}, {crates}");
    let image = deploy("Dockerfile");
    assert!(image.contains(&format!("FROM rust:{toolchain}-")));
    assert!(image.contains(&format!("ENV RUSTUP_TOOLCHAIN={toolchain}\n")));
}

fn value_of(text: &str, key: &str) -> String {
    let value = text.lines().find_map(|line| line.strip_prefix(key));
    value
        .expect("the key is there")
        .trim_matches('"')
        .to_owned()
}

#[test]
fn the_container_does_not_run_as_root() {
    let text = deploy("Dockerfile");
    let user = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("USER "));
    assert_eq!(user, Some("medvirk"));
}
