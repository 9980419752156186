//! What a variable may read, and how.

use super::*;

const ALLIANCE: &str = "measures/fit.alliance.toml";
const BDI: &str = "measures/bdi.outcome.toml";
const KEM: &str = "measures/kem.experience.toml";
const RESPONSE: &str = "measures/kem.response.toml";

#[test]
fn a_variable_reads_what_is_known() {
    let check = |path: &str, from: &str, to: &str| breaks("value-fits", path, from, to);
    check(
        BDI,
        "id = \"first\"\nvalue = \"first\"",
        "id = \"first\" # here\nvalue = \"score\"",
    );
    check(
        BDI,
        "id = \"first\"\nvalue = \"first\"\nscale = \"total\"",
        "id = \"first\" # here\nvalue = \"first\"\nscale = \"sum\"",
    );
    check(
        ALLIANCE,
        "id = \"score\"\nvalue = \"score\"",
        "id = \"score\" # here\nvalue = \"first\"",
    );
    check(
        KEM,
        "id = \"milieu\"\nvalue = \"score\"",
        "id = \"milieu\" # here\nvalue = \"change\"",
    );
    check(
        RESPONSE,
        "id = \"answered\"\nvalue = \"answered\"\n",
        "id = \"answered\" # here\nvalue = \"forms\"\nmin = 0\nmax = 1\ngrain = 1\n",
    );
    // A flag without a condition is always 1.
    breaks_among_others(
        "value-fits",
        BDI,
        "id = \"improved\"\nflag = [{ value = \"change\", scale = \"total\", at_most = -9 }]",
        "id = \"improved\" # here\nflag = []",
    );
}

#[test]
fn a_variable_is_a_value_or_a_flag() {
    // Without its variable an indicator would be refused too.
    let without = |to: &str| {
        let mut files = patched(
            BDI,
            "id = \"sessions\"\nvalue = \"forms\"\n",
            &format!("id = \"sessions\" # here\n{to}\n"),
        );
        patch(
            &mut files,
            BDI,
            "variable = \"sessions\"",
            "variable = \"first\"",
        );
        refused(&files, "variable-value", BDI);
    };
    without("value = \"forms\"\nscale = \"total\"");
    without("value = \"first\"");
    without("");
    without("value = \"forms\"\nflag = [{ value = \"forms\", above = 3 }]");
}

#[test]
fn a_condition_has_one_bound() {
    let check = |to: &str| {
        let mut files = patched(
            BDI,
            "flag = [{ value = \"change\", scale = \"total\", at_most = -9 }]",
            &format!("flag = [{{ value = \"change\", scale = \"total\"{to} }}] # here"),
        );
        patch(
            &mut files,
            BDI,
            "variable = \"improved\"",
            "variable = \"first\"",
        );
        patch(&mut files, BDI, "\"proportion\"", "\"mean\"");
        patch(
            &mut files,
            BDI,
            "green = 60, yellow = 40",
            "green = 60, yellow = 4",
        );
        refused(&files, "condition", BDI);
    };
    check("");
    check(", below = 3, above = 1");
}
