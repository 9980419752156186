//! Instruments as their files have them.

use toml::Spanned;

use super::keys::{tables, words};
use super::scalar::{RawTitles, SourceNumber};
use crate::form::{AgeBand, MissingReason, Respondent};
use crate::ids::{InstrumentId, ItemId, RuleId, ScaleId};

tables! {
    /// A file `instruments/ID.toml`: one instrument in one version.
    pub(in crate::catalogue) struct RawInstrument {
        /// Its id; the file has its name.
        pub(in crate::catalogue) id: Spanned<InstrumentId>,
        /// 1 for the first. Another version is another file, and a version that was in force never changes.
        pub(in crate::catalogue) version: Spanned<u32>,
        /// A neutral title, never the wording of the form.
        pub(in crate::catalogue) title: Spanned<RawTitles>,
        /// Who may fill it in.
        pub(in crate::catalogue) respondents: Spanned<Vec<Respondent>>,
        /// The age bands that a form may name; none where age plays no part.
        pub(in crate::catalogue) ages: Option<Spanned<Vec<AgeBand>>>,
        /// The age band of a form that names none; needed where there are age bands.
        pub(in crate::catalogue) default_age: Option<Spanned<AgeBand>>,
        /// Whether who sends a form must say how reversed items are coded; `true` where an item is reversed.
        pub(in crate::catalogue) coding_declared: Option<Spanned<bool>>,
        /// Numbers in what is sent that stand for a reason why there is no value.
        #[serde(default)]
        pub(in crate::catalogue) sentinels: Vec<Spanned<RawSentinel>>,
        /// The scale whose score may be sent alone, as a sum.
        pub(in crate::catalogue) total_only: Option<Spanned<ScaleId>>,
        /// The population that scores are compared with.
        pub(in crate::catalogue) norm: Option<Spanned<RawNorm>>,
        /// Where its rules come from.
        #[serde(default)]
        pub(in crate::catalogue) sources: Vec<String>,
        /// What of it nobody has checked, with the value in use.
        #[serde(default)]
        pub(in crate::catalogue) unverified: Vec<String>,
        /// The items, in the order of the form.
        #[serde(default)]
        pub(in crate::catalogue) items: Vec<Spanned<RawItem>>,
        /// What is computed from the items.
        #[serde(default)]
        pub(in crate::catalogue) scales: Vec<Spanned<RawScale>>,
        /// When the therapist is told to look.
        #[serde(default)]
        pub(in crate::catalogue) alerts: Vec<Spanned<RawAlert>>,
    }
}

tables! {
    /// An item of an instrument.
    pub(in crate::catalogue) struct RawItem {
        /// Its code, within the instrument.
        pub(in crate::catalogue) id: Spanned<ItemId>,
        /// A neutral label; left out, its code. Never the wording.
        pub(in crate::catalogue) label: Option<RawTitles>,
        /// The lowest value that may be sent.
        pub(in crate::catalogue) min: SourceNumber,
        /// The highest value that may be sent.
        pub(in crate::catalogue) max: SourceNumber,
        /// The distance between two values.
        pub(in crate::catalogue) step: SourceNumber,
        /// The reasons for which a value may be missing.
        #[serde(default)]
        pub(in crate::catalogue) missing: Vec<MissingReason>,
        /// Whether a form without it is refused.
        #[serde(default)]
        pub(in crate::catalogue) required: bool,
        /// Whether a high value is a low score: scales take min + max minus the value.
        #[serde(default)]
        pub(in crate::catalogue) reversed: bool,
        /// Whether it is asked from the second form on.
        #[serde(default)]
        pub(in crate::catalogue) not_at_first: bool,
        /// Whether others may know the value without the answer, such as sex, age or housing.
        #[serde(default)]
        pub(in crate::catalogue) seen: bool,
        /// What single values stand for, where they are codes.
        #[serde(default)]
        pub(in crate::catalogue) values: Vec<RawCoded>,
    }
}

tables! {
    /// A value that is a code.
    pub(in crate::catalogue) struct RawCoded {
        /// The value that the code stands for.
        pub(in crate::catalogue) value: SourceNumber,
        /// What it stands for.
        pub(in crate::catalogue) label: RawTitles,
        /// Whether it stands for no answer.
        #[serde(default)]
        pub(in crate::catalogue) missing: bool,
    }
}

tables! {
    /// A number that stands for no answer in what is sent.
    pub(in crate::catalogue) struct RawSentinel {
        /// The number, outside the values of all items.
        pub(in crate::catalogue) value: SourceNumber,
        /// What it stands for.
        pub(in crate::catalogue) reason: MissingReason,
    }
}

tables! {
    /// A population that scores are compared with.
    pub(in crate::catalogue) struct RawNorm {
        /// The id of the reference group.
        pub(in crate::catalogue) id: RuleId,
        /// What the reference group is.
        pub(in crate::catalogue) title: RawTitles,
        /// Where its figures come from.
        pub(in crate::catalogue) source: String,
    }
}

tables! {
    /// A scale of an instrument.
    pub(in crate::catalogue) struct RawScale {
        /// Its id, within the instrument.
        pub(in crate::catalogue) id: Spanned<ScaleId>,
        /// A title that quotes nothing of the instrument.
        pub(in crate::catalogue) title: RawTitles,
        /// Ids of its items; none where only a total is ever sent.
        #[serde(default)]
        pub(in crate::catalogue) items: Vec<Spanned<ItemId>>,
        /// How the score is computed.
        pub(in crate::catalogue) method: Spanned<RawMethod>,
        /// From how many answered items on there is a score; of `index` and `mean`.
        pub(in crate::catalogue) min_answered: Option<Spanned<u32>>,
        /// The lowest score; only where the scale has no items.
        pub(in crate::catalogue) min: Option<Spanned<SourceNumber>>,
        /// The highest score; only where the scale has no items.
        pub(in crate::catalogue) max: Option<Spanned<SourceNumber>>,
        /// The distance between two totals; only where the scale has no items.
        pub(in crate::catalogue) step: Option<Spanned<SourceNumber>>,
        /// Whether a higher score is better.
        pub(in crate::catalogue) higher_is_better: bool,
        /// The clinical cut-off for everybody; the clinical range is strictly on its worse side.
        pub(in crate::catalogue) cutoff: Option<Spanned<SourceNumber>>,
        /// Cut-offs that differ by respondent or age band.
        #[serde(default)]
        pub(in crate::catalogue) cutoffs: Vec<Spanned<RawCutoff>>,
        /// The smallest change between two scores that counts as reliable.
        pub(in crate::catalogue) reliable_change: Option<Spanned<SourceNumber>>,
        /// Reasons that count as an answer; any other reason leaves the item out.
        #[serde(default)]
        pub(in crate::catalogue) missing_as: Vec<Spanned<RawMissingAs>>,
        /// When it is asked in full.
        pub(in crate::catalogue) adaptive: Option<Spanned<RawAdaptive>>,
        /// Its figures in the population of the norm.
        pub(in crate::catalogue) norm: Option<Spanned<RawScaleNorm>>,
    }
}

tables! {
    /// The cut-off between clinical and other scores.
    pub(in crate::catalogue) struct RawCutoff {
        /// For whose answers; left out, anybody's.
        pub(in crate::catalogue) respondent: Option<Respondent>,
        /// For which age band; left out, any.
        pub(in crate::catalogue) age: Option<AgeBand>,
        /// A score strictly on its worse side is in the clinical range.
        pub(in crate::catalogue) value: SourceNumber,
    }
}

tables! {
    /// A reason that counts as an answer.
    pub(in crate::catalogue) struct RawMissingAs {
        /// The reason why the value is missing.
        pub(in crate::catalogue) reason: MissingReason,
        /// What it counts as, in the direction of the scale: it is not reversed.
        pub(in crate::catalogue) value: SourceNumber,
    }
}

tables! {
    /// When a scale is asked in full.
    pub(in crate::catalogue) struct RawAdaptive {
        /// The item that opens it; it is always asked.
        pub(in crate::catalogue) trigger: Spanned<ItemId>,
        /// It opens where the trigger, in the direction of the scale, is above this.
        pub(in crate::catalogue) opens_above: SourceNumber,
        /// It closes where the mean of its last three scores is below this.
        pub(in crate::catalogue) closes_below: SourceNumber,
    }
}

tables! {
    /// A scale's figures in the population of the norm.
    pub(in crate::catalogue) struct RawScaleNorm {
        /// The mean score of the group.
        pub(in crate::catalogue) mean: SourceNumber,
        /// The standard deviation of the group's scores.
        pub(in crate::catalogue) sd: SourceNumber,
        /// Of how many persons.
        pub(in crate::catalogue) n: u32,
    }
}

words! {
    /// How a score is computed.
    pub(in crate::catalogue) enum RawMethod {
        Sum,
        Index,
        Mean,
    }
}

tables! {
    /// A rule that tells the therapist to look; it has one of `below`, `above` and `when`.
    pub(in crate::catalogue) struct RawAlert {
        /// Its id, within the instrument.
        pub(in crate::catalogue) id: Spanned<RuleId>,
        /// The scale that it looks at.
        pub(in crate::catalogue) scale: Spanned<ScaleId>,
        /// It fires where the score is strictly below this.
        pub(in crate::catalogue) below: Option<SourceNumber>,
        /// It fires where the score is strictly above this.
        pub(in crate::catalogue) above: Option<SourceNumber>,
        /// What it fires at.
        pub(in crate::catalogue) when: Option<RawWhen>,
        /// By how much; of `worse-than-last` and `worse-than-first`. Left out, the reliable change.
        pub(in crate::catalogue) by: Option<SourceNumber>,
        /// From which score on; of `no-change`.
        pub(in crate::catalogue) scores: Option<u32>,
        /// Where the expected score is; of `worse-than-expected`.
        pub(in crate::catalogue) expected: Option<RawExpected>,
    }
}

tables! {
    /// Where the expected score of a session is.
    pub(in crate::catalogue) struct RawExpected {
        /// The instrument that it is sent on.
        pub(in crate::catalogue) instrument: InstrumentId,
        /// The scale that the score is of.
        pub(in crate::catalogue) scale: ScaleId,
    }
}

words! {
    /// What an alert fires at.
    pub(in crate::catalogue) enum RawWhen {
        Clinical,
        Opens,
        StartsOutsideClinical,
        WorseThanLast,
        WorseThanFirst,
        NoChange,
        Recovered,
        WorseThanExpected,
    }
}
