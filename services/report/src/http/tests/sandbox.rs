//! The service over sources that a test may change behind its back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::time::Month;
use medvirk_runtime::ManualClock;
use medvirk_runtime::auth::{AccessToken, TokenIssuer, TokenRole, TokenUnits};
use medvirk_store::CloseMark;
use serde_json::Value;
use tower::ServiceExt;
use xxhash_rust::xxh3::xxh3_64;

use crate::answer::Report;
use crate::figures::ClosedRow;
use crate::sample;
use crate::source::{CatalogueSource, CloseSource, SourceFailure, YearClosed};

const NOW: i64 = 1_750_000_000_000;

/// What the sources hold, which a test may change behind the service's back.
#[derive(Clone)]
pub(in crate::http) struct Sources(Arc<Mutex<Held>>);

pub(in crate::http) struct Held {
    pub(in crate::http) shown: BTreeSet<Month>,
    pub(in crate::http) rows: Vec<ClosedRow>,
    /// The first month of each catalogue.
    pub(in crate::http) catalogues: Vec<(Month, Arc<Catalogue>)>,
    pub(in crate::http) broken: bool,
    /// Rows are missing just now.
    pub(in crate::http) torn: bool,
    /// Years that were read.
    pub(in crate::http) read: Vec<i32>,
    /// How often marks were looked at.
    pub(in crate::http) looks: usize,
}

pub(in crate::http) struct Sandbox {
    pub(in crate::http) report: Report,
    pub(in crate::http) sources: Sources,
    pub(in crate::http) clock: ManualClock,
    issuer: TokenIssuer,
}

impl Sources {
    pub(in crate::http) fn with<T>(&self, look: impl FnOnce(&mut Held) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl CloseSource for Sources {
    async fn marks(&self) -> Result<BTreeMap<Month, CloseMark>, SourceFailure> {
        self.with(|held| {
            held.looks += 1;
            if held.broken {
                return Err("secret address refused".into());
            }
            Ok(held.marks())
        })
    }

    async fn closed_in(&self, year: i32) -> Result<YearClosed, SourceFailure> {
        self.with(|held| {
            held.read.push(year);
            let of_year = |row: &&ClosedRow| row.closed.year() == year;
            Ok(YearClosed {
                rows: held.rows.iter().filter(of_year).cloned().collect(),
                whole: !held.torn,
            })
        })
    }
}

impl Held {
    /// As a store makes them: of what a close has.
    fn marks(&self) -> BTreeMap<Month, CloseMark> {
        let mark = |month: &Month| {
            let rows: Vec<_> = self
                .rows
                .iter()
                .filter(|row| row.closed == *month)
                .collect();
            (*month, CloseMark(xxh3_64(format!("{rows:?}").as_bytes())))
        };
        self.shown.iter().map(mark).collect()
    }
}

#[async_trait]
impl CatalogueSource for Sources {
    async fn of_closed(&self, month: Month) -> Result<Option<Arc<Catalogue>>, SourceFailure> {
        self.with(|held| {
            let mut in_force = held
                .catalogues
                .iter()
                .rev()
                .filter(|(from, _)| *from <= month);
            Ok(in_force.next().map(|(_, catalogue)| catalogue.clone()))
        })
    }

    async fn first(&self) -> Result<Option<Arc<Catalogue>>, SourceFailure> {
        self.with(|held| {
            Ok(held
                .catalogues
                .first()
                .map(|(_, catalogue)| catalogue.clone()))
        })
    }
}

impl Sandbox {
    pub(in crate::http) fn new() -> Self {
        let sources = Sources(Arc::new(Mutex::new(Held {
            shown: sample::months("2024-01", "2024-12"),
            rows: sample::rows(),
            catalogues: vec![(sample::month("2024-01"), Arc::new(sample::catalogue()))],
            broken: false,
            torn: false,
            read: Vec::new(),
            looks: 0,
        })));
        let clock = ManualClock::at(NOW);
        let issuer = TokenIssuer::generate().unwrap();
        let report = Report::new(
            Arc::new(sources.clone()),
            Arc::new(sources.clone()),
            issuer.verifier(),
            Arc::new(clock.clone()),
        );
        Self {
            report,
            sources,
            clock,
            issuer,
        }
    }

    pub(in crate::http) fn bearer(&self, role: TokenRole) -> String {
        let token = AccessToken {
            subject: "dashboard".to_owned(),
            roles: [role].into(),
            units: TokenUnits::All,
        };
        let issued = self
            .issuer
            .issue(&token, Duration::from_secs(60), NOW)
            .unwrap();
        format!("Bearer {issued}")
    }

    pub(in crate::http) async fn get(&self, path: &str) -> Response {
        self.send(
            path,
            &[("authorization", &self.bearer(TokenRole::IndicatorRead))],
        )
        .await
    }

    pub(in crate::http) async fn send(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        self.report.router().oneshot(request).await.unwrap()
    }

    pub(in crate::http) async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        serde_json::from_slice(&bytes(response).await).unwrap()
    }

    pub(in crate::http) fn grpc<T>(&self, message: T, role: TokenRole) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        let bearer = self.bearer(role).parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        request
    }
}

pub(in crate::http) async fn bytes(response: Response) -> Vec<u8> {
    response
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes()
        .to_vec()
}

pub(in crate::http) fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name);
    value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

pub(in crate::http) async fn problem(response: Response, status: StatusCode) -> String {
    assert_eq!(response.status(), status);
    assert_eq!(
        header(&response, "content-type"),
        "application/problem+json"
    );
    let body: Value = serde_json::from_slice(&bytes(response).await).unwrap();
    assert_eq!(body["status"], status.as_u16());
    assert_eq!(body["title"], status.canonical_reason().unwrap());
    body["detail"].as_str().unwrap().to_owned()
}
