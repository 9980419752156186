//! Looking into the tables, as their readers may.

use std::collections::BTreeMap;

use clickhouse::{Client, Compression, Row};
use serde::Deserialize;
use serde_json::Value;

use crate::System;

/// A form of a session, as the registry shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Row, Deserialize)]
pub struct RegistryRow {
    /// In hexadecimal, capitals.
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
        let sql = "SELECT hex(submission_id) AS id, count() AS times FROM (\
            SELECT submission_id FROM session_form_received \
            UNION ALL SELECT submission_id FROM episode_received \
            ) GROUP BY id";
        let sql = sql.replace("episode_received", "episodes FINAL");
        let rows: Vec<(String, u64)> =
            self.reader("registry").query(&sql).fetch_all().await.ok()?;
        Some(rows.into_iter().collect())
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
        let users: Value =
            serde_json::from_slice(&std::fs::read(path).expect("the engine's users"))
                .expect("JSON");
        let user = users
            .as_array()
            .expect("a list")
            .iter()
            .find(|user| user["access"] == access);
        let user = user.expect("a user of this kind");
        let addresses = self.addresses().expect("it is running");
        Client::default()
            .with_url(format!(
                "http://{}",
                addresses[engine].as_str().expect("an address")
            ))
            .with_user(user["name"].as_str().expect("a name"))
            .with_password(user["password"].as_str().expect("a password"))
            .with_database("medvirk")
            .with_compression(Compression::None)
    }
}
