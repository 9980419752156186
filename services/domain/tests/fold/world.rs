//! What is in force in the tests. Comes in: a few numbers. Goes out: a catalogue for every month.
//! The catalogue's text is in `catalogue/`; k, r and what changes over time are set here.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use medvirk_domain::catalogue::{
    Catalogue, CatalogueLimits, CountedIdentity, FinestSpan, SourceFile,
};
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::time::Month;

/// What a world is made of.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// Codes: twice as many.
    pub(crate) k: u32,
    pub(crate) r: u32,
    /// The month of genesis, 1 to 12, in 2023.
    pub(crate) first: u32,
    /// The first January brings other k, flags, institutions and finest spans.
    pub(crate) january: bool,
    /// The months (counted from genesis) in which `m-extra` is in force; from the last change on
    /// as it was there.
    pub(crate) extra: Vec<bool>,
}

impl Setting {
    /// Everything in force from January 2023 on, nothing ever changes.
    pub(crate) fn plain(k: u32, r: u32) -> Self {
        Self {
            k,
            r,
            first: 1,
            january: false,
            extra: vec![true],
        }
    }
}

/// The plans of all months, made once.
pub(crate) struct World {
    pub(crate) first: Month,
    /// By the month from which each is in force.
    plans: Vec<(Month, Catalogue)>,
}

impl World {
    pub(crate) fn new(setting: &Setting) -> Self {
        let first = Month::new(2023, setting.first).expect("a month");
        let january = Month::new(2024, 1).expect("a month");
        let mut changes: BTreeSet<Month> = [first].into();
        changes.extend(setting.january.then_some(january));
        changes.extend((0..setting.extra.len()).map(|after| first.plus(after as i32)));
        let plans = changes.into_iter().enumerate().map(|(number, month)| {
            let after = (month.yyyymm() / 100 * 12 + month.number())
                - (first.yyyymm() / 100 * 12 + first.number());
            let last = setting.extra.len().checked_sub(1);
            let extra = last.is_some_and(|last| setting.extra[last.min(after as usize)]);
            let changed = setting.january && month >= january;
            (month, variant(number as u8, setting, changed, extra))
        });
        Self {
            first,
            plans: plans.collect(),
        }
    }

    /// What is in force in a month.
    pub(crate) fn plan(&self, month: Month) -> &Catalogue {
        let in_force = self.plans.iter().rev().find(|(from, _)| *from <= month);
        &in_force.unwrap_or(&self.plans[0]).1
    }

    /// The catalogue that an event names.
    pub(crate) fn named(&self, hash: &CatalogueHash) -> &Catalogue {
        let named = self.plans.iter().find(|(_, one)| one.hash == *hash);
        &named.expect("events name catalogues that there are").1
    }
}

/// The catalogue that all others are made from; checking one takes a while.
static BASE: LazyLock<Catalogue> = LazyLock::new(|| {
    let files = [
        (
            "organisations.toml",
            include_str!("catalogue/organisations.toml"),
        ),
        (
            "instruments/ally.toml",
            include_str!("catalogue/instruments/ally.toml"),
        ),
        (
            "instruments/exit.toml",
            include_str!("catalogue/instruments/exit.toml"),
        ),
        (
            "instruments/extra.toml",
            include_str!("catalogue/instruments/extra.toml"),
        ),
        (
            "instruments/mood.toml",
            include_str!("catalogue/instruments/mood.toml"),
        ),
        (
            "instruments/point.toml",
            include_str!("catalogue/instruments/point.toml"),
        ),
        (
            "instruments/tag.toml",
            include_str!("catalogue/instruments/tag.toml"),
        ),
        (
            "measures/e-care.toml",
            include_str!("catalogue/measures/e-care.toml"),
        ),
        (
            "measures/e-extra.toml",
            include_str!("catalogue/measures/e-extra.toml"),
        ),
        (
            "measures/e-mood.toml",
            include_str!("catalogue/measures/e-mood.toml"),
        ),
        (
            "measures/e-tag.toml",
            include_str!("catalogue/measures/e-tag.toml"),
        ),
        (
            "measures/m-ally.toml",
            include_str!("catalogue/measures/m-ally.toml"),
        ),
        (
            "measures/m-calm.toml",
            include_str!("catalogue/measures/m-calm.toml"),
        ),
        (
            "measures/m-extra.toml",
            include_str!("catalogue/measures/m-extra.toml"),
        ),
        (
            "measures/r-course.toml",
            include_str!("catalogue/measures/r-course.toml"),
        ),
        (
            "measures/r-first.toml",
            include_str!("catalogue/measures/r-first.toml"),
        ),
        (
            "measures/r-month.toml",
            include_str!("catalogue/measures/r-month.toml"),
        ),
        (
            "measures/s-exit.toml",
            include_str!("catalogue/measures/s-exit.toml"),
        ),
        (
            "measures/s-sent.toml",
            include_str!("catalogue/measures/s-sent.toml"),
        ),
    ];
    let files = files.map(|(path, text)| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    });
    Catalogue::load(
        &files,
        CatalogueHash::new([0; 32]),
        CatalogueLimits::for_tests(),
    )
    .unwrap_or_else(|problems| panic!("{problems}"))
});

fn variant(number: u8, setting: &Setting, january: bool, extra: bool) -> Catalogue {
    let mut catalogue = BASE.clone();
    catalogue.hash = CatalogueHash::new([number; 32]);
    for measure in catalogue.measures.values_mut() {
        let times = if measure.identity == CountedIdentity::Code {
            2
        } else {
            1
        };
        measure.k = times * (setting.k + u32::from(january));
        measure.r = setting.r;
    }
    if !extra {
        catalogue.measures.retain(|id, _| id.as_str() != "m-extra");
    }
    let units = &mut catalogue.organisations.units;
    if january {
        let moved = units.get_mut("ta1c").expect("a unit");
        moved.institution = "ta2".parse().expect("an id");
        moved.single_therapist = false;
        units.get_mut("tb1a").expect("a unit").single_device = true;
        let measures = &mut catalogue.measures;
        measures.get_mut("m-ally").expect("a measure").finest = FinestSpan::Tertial;
        measures.get_mut("e-mood").expect("a measure").parts = None;
    } else {
        // It opens in January.
        units.remove("tb2a");
    }
    catalogue
}
