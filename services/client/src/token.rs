//! `medvirk admin token`: makes a development token under the key of the local `up`. The invariant:
//! a unit that is named is in the catalogue, since a token for a misspelt one looks right and takes
//! nothing.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use medvirk_domain::catalogue::{Catalogue, SourceFile};
use medvirk_domain::ids::UnitId;
use medvirk_proto::admin::v1::GetCatalogueRequest;
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_runtime::auth::{AccessToken, TokenIssuer, TokenRole, TokenUnits};
use medvirk_runtime::{Clock, SystemClock};
use medvirk_terminal::{CommandExit, error};
use tonic::service::interceptor::InterceptedService;

use super::catalogue::{check, close_to, load};
use super::connect::{BearerToken, channel};
use crate::arguments::{self, ServiceRole, TargetSystem};

/// For how long the token lasts that asks for the catalogue.
const ASKING: Duration = Duration::from_secs(60);

/// Makes it and prints it.
pub(crate) async fn token(args: arguments::TokenArguments) -> anyhow::Result<()> {
    let key = args.data.join("secrets").join("token-key.pem");
    if !key.exists() {
        let message = format!(
            "{} is not there: start `medvirk up` once, or name its --data",
            key.display()
        );
        return Err(error(CommandExit::Usage, message));
    }
    let role = |word: &String| {
        let known = || TokenRole::ALL.map(TokenRole::as_str).join(", ");
        word.parse::<TokenRole>()
            .map_err(|_| error(CommandExit::Usage, format!("a role is one of {}", known())))
    };
    let roles: BTreeSet<TokenRole> = args.roles.iter().map(role).collect::<Result<_, _>>()?;
    let issuer = TokenIssuer::load_or_create(&key).context("read the key of the local `up`")?;
    let units = if args.units.is_empty() {
        TokenUnits::All
    } else {
        let units = TokenUnits::parse(args.units.iter().map(String::as_str))
            .map_err(|why| error(CommandExit::Usage, why.to_string()))?;
        let catalogue = match args.catalogue {
            Some(dir) => load(Some(dir))?,
            None => in_force(&args.data, &issuer).await?,
        };
        check_units(&args.units, &catalogue)?;
        units
    };
    let token = AccessToken {
        subject: args.subject,
        roles,
        units,
    };
    let life = Duration::from_secs(u64::from(args.days) * 86_400);
    Ok(writeln!(
        std::io::stdout(),
        "{}",
        issuer.issue(&token, life, SystemClock.now_ms())?
    )?)
}

/// The catalogue in force in the running system, which is asked under the same key.
async fn in_force(data: &Path, issuer: &TokenIssuer) -> anyhow::Result<Catalogue> {
    let target = TargetSystem {
        target: Vec::new(),
        data: data.to_owned(),
        token: None,
    };
    let channel = channel(&target, ServiceRole::Aggregate).await.map_err(|_| {
        let message = format!(
            "the units cannot be checked: no running Medvirk in {}. Start `medvirk up`, or name the \
             folder of the catalogue with --catalogue DIR",
            data.display()
        );
        error(CommandExit::Usage, message)
    })?;
    let asking = AccessToken {
        subject: "admin-token".to_owned(),
        roles: BTreeSet::from([TokenRole::Admin]),
        units: TokenUnits::All,
    };
    let bearer = BearerToken::new(&issuer.issue(&asking, ASKING, SystemClock.now_ms())?)?;
    let mut client = AdminServiceClient::new(InterceptedService::new(channel, bearer))
        .max_decoding_message_size(64 << 20);
    let answer = client.get_catalogue(GetCatalogueRequest {}).await;
    let files = answer
        .context("ask for the catalogue in force")?
        .into_inner()
        .files;
    let file = |file: medvirk_proto::admin::v1::CatalogueFile| SourceFile {
        path: file.path,
        text: file.text,
    };
    check(&files.into_iter().map(file).collect::<Vec<_>>())
}

fn check_units(named: &[String], catalogue: &Catalogue) -> anyhow::Result<()> {
    let units = &catalogue.organisations.units;
    for name in named {
        if units.contains_key(name.as_str()) {
            continue;
        }
        let close = close_to(name, units.keys().map(UnitId::as_str));
        let message =
            format!("no unit \"{name}\" in the catalogue. See `medvirk catalogue list`.{close}");
        return Err(error(CommandExit::Usage, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_is_not_in_the_catalogue_is_refused_with_those_that_are_close() {
        let catalogue = load(None).unwrap();
        let check = |unit: &str| check_units(&[unit.to_owned()], &catalogue);
        assert!(check("fjord-poliklinikk").is_ok());
        let told = check("fjord-poliklinik").unwrap_err();
        assert!(
            told.to_string().ends_with("Close: fjord-poliklinikk"),
            "{told}"
        );
        // An organisation of another level is no unit.
        let told = check("hf-fjord").unwrap_err().to_string();
        assert!(told.contains("no unit \"hf-fjord\""), "{told}");
    }
}
