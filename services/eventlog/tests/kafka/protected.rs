//! Brokers that want TLS and want to know who is there.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test that calls them"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use data_encoding::BASE64URL_NOPAD as BASE64;
use medvirk_eventlog::contract::{KafkaSandbox, PARTITIONS, read_all};
use medvirk_eventlog::kafka::{
    KafkaConfig, KafkaSasl, KafkaSecurity, KafkaTls, ScramHash, create_topics,
};
use medvirk_eventlog::{LogOpenError, NewRecord, Topic, open_kafka};
use medvirk_kafka::{BrokerCluster, ClusterOptions};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use secrecy::SecretString;
use tempfile::TempDir;

const USERS: [(&str, &str); 2] = [("broker", "broker-secret"), ("medvirk", "medvirk-secret")];

/// An authority, and what it has signed for the brokers.
struct Authority {
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Another name than that of what it signs, or that would pass for signed by itself.
        params
            .distinguished_name
            .push(DnType::CommonName, "authority");
        let key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&key).unwrap();
        fs::write(folder.path().join("ca.pem"), ca.pem()).unwrap();
        let issuer = Issuer::new(params, key);
        let own = KeyPair::generate().unwrap();
        let names = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let signed = names.signed_by(&own, &issuer).unwrap();
        let keystore = format!("{}{}", own.serialize_pem(), signed.pem());
        fs::write(folder.path().join("broker.pem"), keystore).unwrap();
        Self { folder }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn keystore(&self) -> PathBuf {
        self.folder.path().join("broker.pem")
    }
}

fn scram(hash: ScramHash, user: &str, password: &str) -> KafkaSasl {
    KafkaSasl::Scram {
        hash,
        user: user.to_owned(),
        password: SecretString::from(password.to_owned()),
    }
}

fn oauth(token_url: &str) -> KafkaSasl {
    KafkaSasl::OAuth {
        token_url: token_url.to_owned(),
        client_id: "medvirk".to_owned(),
        client_secret: SecretString::from("client-secret"),
        scope: "kafka".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_a_user_and_a_token_get_in_and_nobody_else() {
    let authority = Authority::new();
    let options = ClusterOptions::default().protect(&authority.keystore(), &authority.ca(), &USERS);
    let cluster = BrokerCluster::for_test(&options).unwrap();
    let plain = KafkaSandbox::without_topics(&cluster.bootstrap()).config();
    let with = |ca: PathBuf, sasl| KafkaConfig {
        security: KafkaSecurity {
            tls: Some(KafkaTls {
                ca_file: Some(ca),
                certificate: None,
            }),
            sasl,
        },
        request_timeout: Duration::from_secs(10),
        ..plain.clone()
    };
    let user = || scram(ScramHash::Sha512, "medvirk", "medvirk-secret");
    create_topics(&with(authority.ca(), Some(user())), PARTITIONS)
        .await
        .unwrap();

    let provider = provider();
    for sasl in [
        user(),
        scram(ScramHash::Sha256, "medvirk", "medvirk-secret"),
        oauth(&provider),
    ] {
        let log = open_kafka(with(authority.ca(), Some(sasl)), PARTITIONS)
            .await
            .unwrap();
        let record = NewRecord::new(b"key".into(), b"value".into());
        let offset = log.append(Topic::Events, 0, record).await.unwrap();
        let read = read_all(log.as_ref(), Topic::Events, 0).await;
        assert_eq!(read.last().unwrap().offset, offset);
        log.commit("group", Topic::Events, 0, offset).await.unwrap();
        let known = log.committed("group", Topic::Events, 0).await.unwrap();
        assert_eq!(known, Some(offset));
    }

    let stranger = Authority::new();
    for refused in [
        plain.clone(),
        with(authority.ca(), None),
        with(
            authority.ca(),
            Some(scram(ScramHash::Sha512, "medvirk", "canary-wrong")),
        ),
        with(
            authority.ca(),
            Some(scram(ScramHash::Sha512, "nobody", "canary-wrong")),
        ),
        with(stranger.ca(), Some(user())),
    ] {
        let brief = KafkaConfig {
            request_timeout: Duration::from_secs(3),
            ..refused
        };
        let told = open_kafka(brief, PARTITIONS).await.err().unwrap();
        assert!(matches!(told, LogOpenError::Unreachable(_)), "{told:?}");
        assert!(!format!("{told} {told:?}").contains("canary"));
    }
}

/// An identity provider: whoever posts the client's credentials gets a token, unsigned, for a
/// minute. It ends with the process.
fn provider() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            let (mut length, mut authorised) = (0, false);
            loop {
                let mut line = String::new();
                lines.read_line(&mut line).unwrap();
                let line = line.trim().to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.parse().unwrap();
                }
                // The names are as they are sent; base64 in lower case is still this client's.
                authorised |= line == "authorization: basic bwvkdmlyazpjbgllbnqtc2vjcmv0";
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            lines.read_exact(&mut body).unwrap();
            let body = String::from_utf8(body).unwrap();
            assert!(authorised && body.contains("client_credentials") && body.contains("kafka"));
            let token = format!(
                "{{\"access_token\":\"{}\",\"token_type\":\"bearer\"}}",
                token()
            );
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{token}",
                token.len()
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

#[expect(
    clippy::disallowed_methods,
    reason = "the broker compares it with its own clock"
)]
fn token() -> String {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let claims = format!("{{\"sub\":\"medvirk\",\"iat\":{now},\"exp\":{}}}", now + 60);
    let header = BASE64.encode(b"{\"alg\":\"none\"}");
    format!("{header}.{}.", BASE64.encode(claims.as_bytes()))
}
