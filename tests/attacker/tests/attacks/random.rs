//! Made-up catalogues: whatever the loader accepts must be as safe as what the program brings.

use std::collections::BTreeMap;
use std::rc::Rc;

use medvirk_attacker::attack::{presence, removal};
use medvirk_attacker::clinic::catalogues;
use medvirk_attacker::clinic::generate_under;
use medvirk_attacker::rng::Rng;
use medvirk_attacker::table::{Line, Table};
use medvirk_attacker::victim::Victim;

use crate::apart::Told;
use crate::figures::{squares, tell_apart};
use crate::linear::Ranked;
use crate::{Attack, Seen, habits, seeds};

pub(crate) const ATTACKS: &[Attack] = &[(
    "whatever_catalogue_is_accepted_is_safe",
    whatever_catalogue_is_accepted_is_safe,
)];

/// Clinics under a made-up catalogue, or the rules for which it is refused.
fn made_up(seed: u64) -> Result<Seen, Vec<&'static str>> {
    let mut rng = Rng::new(seed);
    let habits = habits(&mut rng);
    let units = habits.units(&mut rng);
    let catalogues = vec![catalogues::random(&mut rng, 2023 * 12, units)];
    let victim = Rc::new(Victim::load(&catalogues)?);
    let story = generate_under(rng.bits(), &habits, catalogues);
    Ok(Seen::with(story, victim))
}

/// The first so many that are accepted, and how often each rule refused others.
fn accepted(runs: u64) -> (Vec<Seen>, BTreeMap<&'static str, usize>) {
    let (mut accepted, mut refused) = (Vec::new(), BTreeMap::new());
    let wanted = seeds(runs).len();
    for seed in seeds(runs * 40) {
        match made_up(seed) {
            Ok(seen) => accepted.push(seen),
            Err(rules) => {
                for rule in rules {
                    *refused.entry(rule).or_default() += 1;
                }
            }
        }
        if accepted.len() == wanted {
            break;
        }
    }
    assert_eq!(accepted.len(), wanted, "{refused:?}");
    (accepted, refused)
}

fn whatever_catalogue_is_accepted_is_safe(table: &Table) {
    let (accepted, refused) = accepted(40);
    let (mut ranked, mut rows, mut predicted, mut measures) = (Ranked::default(), 0, 0, 0);
    let mut told = Told::default();
    for seen in &accepted {
        ranked.attack(seen, None);
        told.attack(seen);
        let left = removal::attack(&seen.public, &seen.calendar);
        assert!(left.broken.is_empty(), "{:#?}", left.broken);
        let found = presence::attack(&seen.public, &seen.calendar);
        assert!(
            found.missing.is_empty() && found.unexpected.is_empty(),
            "{found:#?}"
        );
        rows += seen.public.rows.len();
        predicted += found.predicted;
        measures += seen.public.catalogues[0].measures.len();
    }
    assert!(rows > 300, "there is something to attack");
    assert_eq!(told.claims, 0, "what others see tells no answer");
    assert!(told.rows > 50, "{} rows have what others see", told.rows);
    told.tell(table, "random catalogues");
    assert!(refused.len() > 5, "unsafe ones are among them: {refused:?}");
    let note = format!(
        "{} catalogues of {measures} measures accepted; others refused for {refused:?}",
        accepted.len()
    );
    table.note("random catalogues", note);
    ranked.tell(table, "random catalogues");
    let line = |attack, knows, attacked, of| Line {
        attack,
        knows,
        data: "random catalogues".to_owned(),
        attacked,
        of,
        ..Line::default()
    };
    let source = "the calendar, and all of one source or organisation";
    table.line(line(
        "removal of a source or organisation",
        source,
        rows,
        "rows",
    ));
    table.line(line("presence of rows", "the calendar", predicted, "rows"));
    squares(table, "random catalogues", accepted.iter());
    tell_apart(table, "random catalogues", &accepted);
}
