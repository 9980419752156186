use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_700_000_000_000;
const HOUR: Duration = Duration::from_secs(3_600);

fn tablet() -> AccessToken {
    AccessToken {
        subject: "tablet-1".to_owned(),
        roles: BTreeSet::from([TokenRole::FeedbackSubmit]),
        units: TokenUnits::parse(["tau"]).unwrap(),
    }
}

/// Signs any claims with the issuer's key.
fn sign(issuer_pem: &[u8], claims: &Value) -> String {
    let key = EncodingKey::from_ec_pem(issuer_pem).unwrap();
    encode(&Header::new(Algorithm::ES256), claims, &key).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "tablet-1", "exp": NOW / 1_000 + 60,
        "roles": ["feedback.submit"], "units": ["tau"],
    })
}

/// Claims that are right but for one, which is changed or (where null) left out.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

#[test]
fn what_is_issued_is_verified_until_it_is_over() {
    let issuer = TokenIssuer::generate().unwrap();
    let verifier = issuer.verifier();
    let bearer = issuer.issue(&tablet(), HOUR, NOW).unwrap();
    let over = NOW + 3_600_000;
    assert_eq!(*verifier.verify(&bearer, NOW).unwrap(), tablet());
    assert_eq!(*verifier.verify(&bearer, over - 1).unwrap(), tablet());
    assert!(matches!(
        verifier.verify(&bearer, over),
        Err(TokenError::Time)
    ));
    // A verifier that does not remember it says the same.
    assert!(matches!(
        issuer.verifier().verify(&bearer, over),
        Err(TokenError::Time)
    ));
}

#[test]
fn a_key_file_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("issuer.pem");
    let bearer = TokenIssuer::load_or_create(&path)
        .unwrap()
        .issue(&tablet(), HOUR, NOW)
        .unwrap();
    let again = TokenIssuer::load_or_create(&path).unwrap();
    assert!(again.verifier().verify(&bearer, NOW).is_ok());
    let other = TokenIssuer::generate().unwrap().verifier();
    assert!(matches!(
        other.verify(&bearer, NOW),
        Err(TokenError::Invalid(_))
    ));
}

#[test]
fn every_required_claim_is_required() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("issuer.pem");
    let verifier = TokenIssuer::load_or_create(&path).unwrap().verifier();
    let pem = std::fs::read(&path).unwrap();
    assert!(verifier.verify(&sign(&pem, &claims()), NOW).is_ok());
    let wrong = [
        ("iss", Value::Null),
        ("iss", json!("somebody")),
        ("aud", Value::Null),
        ("aud", json!("others")),
        ("exp", Value::Null),
        ("exp", json!(NOW / 1_000)),
        ("nbf", json!(NOW / 1_000 + 1)),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!("x".repeat(129))),
        ("sub", json!("a\nb")),
        ("sub", json!(SURVEY_SUBJECT)),
        ("units", json!(["*", "tau"])),
        ("units", json!(["Not An Id"])),
    ];
    for (name, value) in wrong {
        let text = format!("{name} = {value}");
        let bearer = sign(&pem, &claims_with(name, value));
        assert!(verifier.verify(&bearer, NOW).is_err(), "{text}");
    }
}

#[test]
fn no_other_algorithm_is_taken() {
    let issuer = TokenIssuer::generate().unwrap();
    let verifier = issuer.verifier();
    // The public key as an HMAC secret: the classic confusion.
    let secret = EncodingKey::from_secret(issuer.public_key_pem().as_bytes());
    let hmac = encode(&Header::new(Algorithm::HS256), &claims(), &secret).unwrap();
    assert!(matches!(
        verifier.verify(&hmac, NOW),
        Err(TokenError::Invalid(_))
    ));
    let part = |json: &Value| data_encoding::BASE64URL_NOPAD.encode(json.to_string().as_bytes());
    let none = format!("{}.{}.", part(&json!({"alg": "none"})), part(&claims()));
    assert!(matches!(
        verifier.verify(&none, NOW),
        Err(TokenError::Invalid(_))
    ));
}

#[test]
fn a_changed_token_does_not_count() {
    let issuer = TokenIssuer::generate().unwrap();
    let (verifier, bearer) = (
        issuer.verifier(),
        issuer.issue(&tablet(), HOUR, NOW).unwrap(),
    );
    let mut parts: Vec<_> = bearer.split('.').map(str::to_owned).collect();
    parts[1] = data_encoding::BASE64URL_NOPAD.encode(claims().to_string().as_bytes());
    assert!(verifier.verify(&parts.join("."), NOW).is_err());
    for wrong in ["", "x", "a.b.c", &bearer[..bearer.len() - 4]] {
        assert!(verifier.verify(wrong, NOW).is_err(), "{wrong}");
    }
}

#[test]
fn the_header_is_read_as_http_says() {
    let issuer = TokenIssuer::generate().unwrap();
    let (verifier, bearer) = (
        issuer.verifier(),
        issuer.issue(&tablet(), HOUR, NOW).unwrap(),
    );
    for header in [format!("Bearer {bearer}"), format!("bearer  {bearer}")] {
        assert!(verifier.authenticate(Some(&header), NOW).is_ok());
    }
    for header in [
        None,
        Some(""),
        Some("Bearer"),
        Some("Basic abc"),
        Some(bearer.as_str()),
    ] {
        assert!(matches!(
            verifier.authenticate(header, NOW),
            Err(TokenError::Missing)
        ));
    }
    let header = format!("Bearer {bearer}");
    let refused = verifier
        .authorise(Some(&header), TokenRole::Admin, NOW)
        .unwrap_err();
    assert!(matches!(
        refused,
        TokenRefusal::Denied(RoleDenied {
            needed: TokenRole::Admin
        })
    ));
}

#[test]
fn roles_and_units_are_what_the_token_says() {
    let token = tablet();
    assert!(token.allows_unit(&"tau".parse().unwrap()));
    assert!(!token.allows_unit(&"btheb".parse().unwrap()));
    assert_eq!(token.require(TokenRole::FeedbackSubmit), Ok(()));
    for role in TokenRole::ALL {
        assert_eq!(role.as_str().parse(), Ok(role));
    }
    assert!("Admin".parse::<TokenRole>().is_err());
}

#[test]
fn only_tokens_that_counted_are_remembered() {
    let issuer = TokenIssuer::generate().unwrap();
    let (verifier, bearer) = (
        issuer.verifier(),
        issuer.issue(&tablet(), HOUR, NOW).unwrap(),
    );
    assert!(verifier.verify("a.b.c", NOW).is_err());
    assert!(verifier.verify(&bearer, NOW + 3_600_000).is_err());
    assert_eq!(verifier.remembered_count(), 0);
    assert!(verifier.verify(&bearer, NOW).is_ok());
    assert!(verifier.verify(&bearer, NOW + 1).is_ok());
    assert_eq!(verifier.remembered_count(), 1);
}

#[test]
fn keys_do_not_show_themselves() {
    let issuer = TokenIssuer::generate().unwrap();
    let shown = format!("{issuer:?} {:?}", issuer.verifier());
    assert_eq!(shown, "TokenIssuer(redacted) TokenVerifier");
}
