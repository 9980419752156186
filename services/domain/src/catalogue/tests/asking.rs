//! Rules of what is asked, of what stands for no value, and of norms.

use super::*;

const NORSE: &str = "instruments/norse-2.toml";
const SUICIDE: &str = "adaptive = { trigger = \"q19\", opens_above = 3.5, closes_below = 1.5 }";

#[test]
fn there_is_something_to_declare() {
    let kem = "instruments/kem.toml";
    let from = "respondents = [\"self\"]";
    let to = "respondents = [\"self\"]\ncoding_declared = true # here";
    breaks("coding", kem, from, to);
    accepted(
        kem,
        from,
        "respondents = [\"self\"]\ncoding_declared = false",
    );
}

#[test]
fn a_sentinel_is_no_answer() {
    let check = |to: &str| {
        let from = "sentinels = [{ value = -98, reason = \"not-applicable\" }";
        breaks("sentinel", NORSE, from, &format!("sentinels = [\n{to}"));
    };
    check("{ value = 7, reason = \"not-applicable\" } # here\n");
    check("{ value = -98, reason = \"by-design\" } # here\n");
    check(
        "{ value = -98, reason = \"not-applicable\" }, \n{ value = -98, reason = \"prefer-not\" } # here\n",
    );
}

#[test]
fn a_reason_counts_as_an_answer_that_there_is() {
    let check = |to: &str| {
        let from = "missing_as = [{ reason = \"not-applicable\", value = 1 }]\nadaptive = { trigger = \"q19\"";
        breaks(
            "missing-as",
            NORSE,
            from,
            &format!("{to}\nadaptive = {{ trigger = \"q19\""),
        );
    };
    check("missing_as = [{ reason = \"not-applicable\", value = 8 }] # here");
    check("missing_as = [{ reason = \"by-design\", value = 1 }] # here");
    check(
        "missing_as = [{ reason = \"not-applicable\", value = 1 },\n{ reason = \"not-applicable\", value = 2 }] # here",
    );
    let ors = "instruments/fit-ors.toml";
    let with = "method = \"sum\"\nmissing_as = [{ reason = \"not-applicable\", value = 0 }] # here";
    breaks("missing-as", ors, "method = \"sum\"", with);
}

#[test]
fn an_adaptive_scale_can_open_and_close() {
    let check = |to: &str| breaks("adaptive", NORSE, SUICIDE, to);
    check("adaptive = { trigger = \"q19\", opens_above = 7, closes_below = 1.5 } # here");
    check("adaptive = { trigger = \"q19\", opens_above = 0.5, closes_below = 1.5 } # here");
    check("adaptive = { trigger = \"q19\", opens_above = 3.5, closes_below = 1 } # here");
    check("adaptive = { trigger = \"q19\", opens_above = 3.5, closes_below = 7.1 } # here");
    let sleep = "id = \"sleep\"\ntitle = { nb = \"Søvn\", nn = \"Søvn\", en = \"Sleep\" }";
    let with = "id = \"sleep\"\nadaptive = { trigger = \"q149\", opens_above = 3, closes_below = 2 } # here\ntitle = { nb = \"Søvn\", nn = \"Søvn\", en = \"Sleep\" }";
    breaks("adaptive", NORSE, sleep, with);
}

#[test]
fn a_trigger_is_an_item() {
    let to = "adaptive = { trigger = \"q999\", opens_above = 3.5, closes_below = 1.5 } # here";
    breaks_among_others("adaptive", NORSE, SUICIDE, to);
}

#[test]
fn what_is_left_out_by_design_is_what_can_be() {
    let check = |from: &str, to: &str| breaks("by-design", NORSE, from, to);
    let item = |id: &str, missing: &str| {
        format!("{{ id = \"{id}\", min = 1, max = 7, step = 1, missing = [{missing}]")
    };
    let all = "\"not-applicable\", \"prefer-not\", \"not-answered\"";
    let design = "\"not-applicable\", \"prefer-not\", \"not-answered\", \"by-design\"";
    let marked =
        |id: &str, missing: &str, rest: &str| format!("{}{rest} }}, # here\n", item(id, missing));
    // An item of an adaptive scale, its trigger, and one that is always asked.
    check(
        &format!("{} }},\n", item("q105", design)),
        &marked("q105", all, ""),
    );
    check(
        &format!("{} }},\n", item("q19", all)),
        &marked("q19", design, ""),
    );
    check(
        &format!("{} }},\n", item("q149", all)),
        &marked("q149", design, ""),
    );
    // One that is not asked at first.
    let later = ", not_at_first = true";
    check(
        &format!("{}{later} }},\n", item("q11", design)),
        &marked("q11", all, later),
    );
}

#[test]
fn a_norm_is_of_figures_that_there_can_be() {
    let norm = "norm = { mean = 2.02808, sd = 1.370838, n = 1104 }";
    let check = |to: &str| breaks("norm", NORSE, norm, to);
    check("norm = { mean = 2.02808, sd = 0, n = 1104 } # here");
    check("norm = { mean = 7.1, sd = 1.370838, n = 1104 } # here");
    check("norm = { mean = 2.02808, sd = 1.370838, n = 0 } # here");
    let ors = "instruments/fit-ors.toml";
    let with = "method = \"sum\"\nnorm = { mean = 30, sd = 6, n = 100 } # here";
    breaks("norm", ors, "method = \"sum\"", with);
}
