//! The catalogue that comes with the program. Goes out: its files, as they stand in the folder
//! `catalogue` of this crate. The invariant: it obeys all rules, which a test checks.

use super::problem::SourceFile;

/// The files of the catalogue that comes with the program.
pub fn shipped() -> Vec<SourceFile> {
    macro_rules! files {
        ($($path:literal,)*) => {
            vec![$(SourceFile {
                path: $path.to_owned(),
                text: include_str!(concat!("../../catalogue/", $path)).to_owned(),
            },)*]
        };
    }
    files![
        "denominators/discharges-2025.toml",
        "denominators/episodes-2025.toml",
        "denominators/patients-2025.toml",
        "instruments/bdi-total.toml",
        "instruments/fit-cors.toml",
        "instruments/fit-csrs.toml",
        "instruments/fit-expected.toml",
        "instruments/fit-gsrs.toml",
        "instruments/fit-ors.toml",
        "instruments/fit-srs.toml",
        "instruments/kem-short.toml",
        "instruments/kem.toml",
        "instruments/kvarus-basis.toml",
        "instruments/kvarus-point.toml",
        "instruments/lar-status.toml",
        "instruments/norse-2.toml",
        "instruments/norse-3.toml",
        "involvement.toml",
        "measures/bdi.outcome.toml",
        "measures/fit.alliance-sessions.toml",
        "measures/fit.alliance.toml",
        "measures/fit.child-alliance-sessions.toml",
        "measures/fit.child-alliance.toml",
        "measures/fit.child-course.toml",
        "measures/fit.child-outcome-caretaker.toml",
        "measures/fit.child-outcome.toml",
        "measures/fit.course.toml",
        "measures/fit.group-alliance-sessions.toml",
        "measures/fit.group-alliance.toml",
        "measures/fit.outcome-caretaker.toml",
        "measures/fit.outcome.toml",
        "measures/kem.experience.toml",
        "measures/kem.response.toml",
        "measures/kem.short-experience.toml",
        "measures/kvarus.course.toml",
        "measures/kvarus.start.toml",
        "measures/lar.status.toml",
        "measures/norse-2.alliance.toml",
        "measures/norse-2.forms.toml",
        "measures/norse-2.state.toml",
        "measures/norse-2.substance-use.toml",
        "measures/norse-2.suicide.toml",
        "measures/norse-3.alliance.toml",
        "measures/norse-3.forms.toml",
        "measures/norse-3.state.toml",
        "measures/norse-3.substance-use.toml",
        "measures/norse-3.suicide.toml",
        "organisations.toml",
    ]
}
