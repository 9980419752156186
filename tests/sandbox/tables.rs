//! Looking into the tables, as their readers may.

use std::collections::BTreeMap;
use std::path::Path;

use clickhouse::{Client, Compression, Row};
use serde::Deserialize;
use serde_json::Value;

use crate::System;

/// A form of a session, as the registry shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Row, Deserialize)]
pub struct RegistryRow {
    /// The id in hexadecimal digits, in capitals.
    pub submission_id: String,
    /// Id of the unit.
    pub unit: String,
    /// Number of the session.
    pub number: u32,
    /// Id of the instrument.
    pub instrument: String,
}

/// A submission id as the registry's counts have it.
pub fn registry_id(submission_id: &str) -> String {
    submission_id.replace('-', "").to_uppercase()
}

/// How often each submission id stands in a registry, whatever it was about; none if it does not
/// answer.
pub async fn registry_counts(registry: &Client) -> Option<BTreeMap<String, u64>> {
    let sql = "SELECT hex(submission_id) AS id, count() AS times FROM (\
        SELECT submission_id FROM session_form_received \
        UNION ALL SELECT submission_id FROM episodes FINAL) GROUP BY id";
    let rows: Vec<(String, u64)> = registry.query(sql).fetch_all().await.ok()?;
    Some(rows.into_iter().collect())
}

impl System {
    /// Every form of a session that the registry holds, by submission id.
    pub async fn registry_sessions(&self) -> Vec<RegistryRow> {
        let sql = "SELECT hex(submission_id) AS submission_id, toString(unit) AS unit, number, \
            toString(instrument) AS instrument FROM session_form_received ORDER BY submission_id";
        self.reader("registry")
            .query(sql)
            .fetch_all()
            .await
            .expect("the registry answers")
    }

    /// How often each submission id stands in the registry, whatever it was about.
    pub async fn registry_counts(&self) -> Option<BTreeMap<String, u64>> {
        registry_counts(&self.reader("registry")).await
    }

    /// A client with the reader's password of one of the engines.
    pub fn reader(&self, engine: &str) -> Client {
        self.client(engine, "reader")
    }

    /// A client with the writer's password of one of the engines: the system's own, which no test
    /// should need but to damage something.
    pub fn writer(&self, engine: &str) -> Client {
        self.client(engine, "writer")
    }

    fn client(&self, engine: &str, access: &str) -> Client {
        let path = self
            .data()
            .join("secrets")
            .join(format!("engine-{engine}.json"));
        let addresses = self.addresses().expect("it is running");
        let address = addresses[engine].as_str().expect("an address");
        client_of(&path, access, address)
    }
}

/// A client with the reader's password of an engine, by the file of its users.
pub(crate) fn reader_of(users: &Path, address: &str) -> Client {
    client_of(users, "reader", address)
}

fn client_of(users: &Path, access: &str, address: &str) -> Client {
    let users = std::fs::read(users).expect("the engine's users");
    let users: Value = serde_json::from_slice(&users).expect("JSON");
    let mut users = users.as_array().expect("a list").iter();
    let user = users.find(|user| user["access"] == access);
    let user = user.expect("a user of this kind");
    Client::default()
        .with_url(format!("http://{address}"))
        .with_user(user["name"].as_str().expect("a name"))
        .with_password(user["password"].as_str().expect("a password"))
        .with_database("medvirk")
        .with_compression(Compression::None)
}
