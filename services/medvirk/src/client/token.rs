//! `medvirk admin token`: makes a development token under the key of the local `up`.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Context;
use medvirk_runtime::auth::{Issuer, Role, Token, Units};
use medvirk_runtime::{Clock, SystemClock};

use crate::cli;
use crate::exit::{Code, error};

/// Makes it and prints it.
pub(crate) fn token(args: cli::Token) -> anyhow::Result<()> {
    let key = args.data.join("secrets").join("token-key.pem");
    if !key.exists() {
        let message = format!(
            "{} is not there: start `medvirk up` once, or name its --data",
            key.display()
        );
        return Err(error(Code::Usage, message));
    }
    let role = |word: &String| {
        let known = || Role::ALL.map(Role::as_str).join(", ");
        word.parse::<Role>()
            .map_err(|_| error(Code::Usage, format!("a role is one of {}", known())))
    };
    let units = match args.units.is_empty() {
        true => Units::All,
        false => Units::parse(args.units.iter().map(String::as_str))
            .map_err(|why| error(Code::Usage, why.to_string()))?,
    };
    let token = Token {
        subject: args.subject,
        roles: args.roles.iter().map(role).collect::<Result<_, _>>()?,
        units,
    };
    let issuer = Issuer::load_or_create(&key).context("read the key of the local `up`")?;
    let life = Duration::from_secs(u64::from(args.days) * 86_400);
    Ok(writeln!(
        std::io::stdout(),
        "{}",
        issuer.issue(&token, life, SystemClock.now_ms())?
    )?)
}
