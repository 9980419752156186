//! Of logs that are folded again: in other partitions, after a crash, from a checkpoint, in another
//! order, with things sent twice, with things erased, under somebody else's closes.

use super::*;

proptest! {
    #![proptest_config(cases(80))]

    /// Promise 6: the number of partitions plays no part.
    #[test]
    fn any_number_of_partitions_gives_the_same_rows(scenario in scenario(Wildness::FULL)) {
        let (world, log) = told(&scenario);
        let one = by_content(rows_of(&world, &log));
        for partitions in [3, 12] {
            let mut all = Ledger::new();
            for partition in 0..partitions {
                let mut task = Task::of_partition(&world, partition, partitions);
                let mut ledger = Ledger::new();
                for record in &log {
                    task.apply(record, &mut ledger);
                }
                for (month, rows) in ledger {
                    all.entry(month).or_default().extend(rows);
                }
            }
            prop_assert_eq!(&by_content(all), &one);
        }
    }

    /// §5: a task that dies anywhere folds the log again and obeys what the ledger has.
    #[test]
    fn a_crash_anywhere_changes_nothing(scenario in scenario(Wildness::FULL), at in any::<prop::sample::Index>()) {
        let (world, log) = told(&scenario);
        let whole = rows_of(&world, &log);
        let at = at.index(log.len());
        let mut ledger = Ledger::new();
        let mut first = Task::alone(&world);
        log[..at].iter().for_each(|record| { first.apply(record, &mut ledger); });
        let mut second = Task::alone(&world);
        log.iter().for_each(|record| { second.apply(record, &mut ledger); });
        prop_assert_eq!(&ledger, &whole);
        // Without an erasure it computes the same rows even where it obeys.
        prop_assert_eq!(&second.computed, &whole);
    }

    /// §5: a checkpoint is an optimisation.
    #[test]
    fn a_checkpoint_anywhere_changes_nothing(scenario in scenario(Wildness::FULL), at in any::<prop::sample::Index>()) {
        let (world, log) = told(&scenario);
        let at = at.index(log.len());
        let mut ledger = Ledger::new();
        let mut task = Task::alone(&world);
        log[..at].iter().for_each(|record| { task.apply(record, &mut ledger); });
        let mut restored = task.restored();
        log[at..].iter().for_each(|record| { restored.apply(record, &mut ledger); });
        prop_assert_eq!(ledger, rows_of(&world, &log));
    }

    /// Promise 2: sent again later, with the same content and credential, nothing counts again.
    /// (Within 24 months: an episode that would have been forgotten is kept by what comes again.)
    #[test]
    fn what_is_sent_again_changes_no_row(
        scenario in scenario(Wildness { months: 24, ..Wildness::FULL }),
        again in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..60),
    ) {
        let (world, log) = told(&scenario);
        let mut repeated: Vec<(usize, LogRecord)> = log.iter().cloned().enumerate().collect();
        for (which, later) in &again {
            let which = which.index(log.len());
            let later = which + later.index(log.len() - which);
            if let LogRecord::Event(event) = &log[which]
                && !renews(&log, event)
            {
                repeated.push((later, log[which].clone()));
            }
        }
        repeated.sort_by_key(|(place, _)| *place);
        let repeated: Vec<LogRecord> = repeated.into_iter().map(|(_, record)| record).collect();
        prop_assert_eq!(rows_of(&world, &repeated), rows_of(&world, &log));
    }

    /// The order of submissions between two control records plays no part, unless two of them
    /// contradict each other.
    #[test]
    fn the_order_within_a_month_changes_no_row(
        scenario in scenario(Wildness { conflicts: false, ..Wildness::FULL }),
        keys in prop::collection::vec(any::<u16>(), 1..50),
    ) {
        let (world, log) = told(&without_contradictions(&scenario));
        let mut shuffled: Vec<(usize, u16, LogRecord)> = Vec::new();
        let mut block = 0;
        for (place, record) in log.iter().enumerate() {
            let is_control = matches!(record, LogRecord::Control(_));
            block += usize::from(is_control);
            shuffled.push((block, keys[place % keys.len()], record.clone()));
            block += usize::from(is_control);
        }
        shuffled.sort_by_key(|(block, key, _)| (*block, *key));
        let shuffled: Vec<LogRecord> = shuffled.into_iter().map(|(_, _, record)| record).collect();
        prop_assert_eq!(rows_of(&world, &shuffled), rows_of(&world, &log));
    }

    /// §5: after an erasure the replay knows less and gives the same later rows.
    #[test]
    fn an_erased_person_changes_no_later_row(scenario in scenario(Wildness::FULL), at in any::<prop::sample::Index>()) {
        let (world, mut log) = told(&scenario);
        let people: Vec<_> = log.iter().filter_map(|record| match record {
            LogRecord::Event(event) => person_of(event),
            LogRecord::Control(_) => None,
        }).collect();
        let person = people[at.index(people.len())];
        let withdrawal = ControlRecord::Withdrawal {
            subject: WithdrawalSubject::Person(person),
            scope: WithdrawalScope::All,
        };
        let at = at.index(log.len());
        log.insert(at, LogRecord::Control(withdrawal));
        let whole = rows_of(&world, &log);

        let erased = |record: &LogRecord| {
            matches!(record, LogRecord::Event(event) if person_of(event) == Some(person))
        };
        let before = log[..at].iter().filter(|record| !erased(record));
        let left: Vec<LogRecord> = before.chain(&log[at..]).cloned().collect();
        let mut ledger = rows_of(&world, &log[..at]);
        let mut replay = Task::alone(&world);
        left.iter().for_each(|record| { replay.apply(record, &mut ledger); });
        prop_assert_eq!(ledger, whole);
    }

    /// The same of the register: its forms are erased, the sessions stay.
    #[test]
    fn an_erasure_from_the_register_changes_no_later_row(scenario in scenario(Wildness::FULL), at in any::<prop::sample::Index>()) {
        let (world, mut log) = told(&scenario);
        let people: Vec<_> = log.iter().filter_map(|record| match record {
            LogRecord::Event(event) => person_of(event),
            LogRecord::Control(_) => None,
        }).collect();
        let person = people[at.index(people.len())];
        let withdrawal = ControlRecord::Withdrawal {
            subject: WithdrawalSubject::Person(person),
            scope: WithdrawalScope::Registry,
        };
        let at = at.index(log.len());
        log.insert(at, LogRecord::Control(withdrawal));
        let whole = rows_of(&world, &log);

        let erased = |record: &LogRecord| match record {
            LogRecord::Event(event) => {
                person_of(event) == Some(person) && matches!(event.body, EventBody::RegistryForm { .. })
            }
            LogRecord::Control(_) => false,
        };
        let before = log[..at].iter().filter(|record| !erased(record));
        let left: Vec<LogRecord> = before.chain(&log[at..]).cloned().collect();
        let mut ledger = rows_of(&world, &log[..at]);
        let mut replay = Task::alone(&world);
        left.iter().for_each(|record| { replay.apply(record, &mut ledger); });
        prop_assert_eq!(ledger, whole);
    }

    /// §5: the first close in the ledger is obeyed, whoever wrote it and from whatever state.
    #[test]
    fn somebody_elses_close_is_obeyed(
        scenario in scenario(Wildness::FULL),
        missing in prop::collection::vec(any::<bool>(), 1..40),
        months in prop::collection::vec(any::<bool>(), 1..20),
        pooled in any::<bool>(),
    ) {
        let (world, log) = told(&scenario);
        let known = |place: usize| !missing[place % missing.len()];
        let partial: Vec<LogRecord> = log.iter().enumerate()
            .filter(|(place, record)| matches!(record, LogRecord::Control(ControlRecord::PeriodClose { .. })) || known(*place))
            .map(|(_, record)| record.clone())
            .collect();
        let theirs: Ledger = rows_of(&world, &partial).into_iter().enumerate()
            .filter(|(place, _)| months[place % months.len()])
            .map(|(_, close)| close)
            .collect();
        let theirs = if pooled { strange(&world, theirs) } else { theirs };
        compare(&world, &log, &theirs);
    }
}

/// The rows of each close in an order of their own.
fn by_content(ledger: Ledger) -> BTreeMap<Month, Vec<String>> {
    let sorted = |rows: Vec<Row>| {
        let mut lines: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
        lines.sort_unstable();
        lines
    };
    ledger
        .into_iter()
        .map(|(month, rows)| (month, sorted(rows)))
        .collect()
}

/// True if the event's person ever comes back: what is sent again then is new.
fn renews(log: &[LogRecord], event: &Event) -> bool {
    let who = person_of(event);
    log.iter().any(|record| match record {
        LogRecord::Control(ControlRecord::Renewal { person }) => Some(*person) == who,
        _ => false,
    })
}

/// One episode of each key, one session of each day: whatever is sent twice is sent alike.
fn without_contradictions(scenario: &Scenario) -> Scenario {
    let mut calm = scenario.clone();
    let mut keys = BTreeSet::new();
    calm.courses
        .retain(|course| keys.insert((course.person, course.episode)));
    for course in &mut calm.courses {
        let mut sessions = BTreeSet::new();
        course
            .visits
            .retain(|visit| sessions.insert((visit.after, visit.day, visit.number, visit.away)));
        let mut points = BTreeSet::new();
        course
            .points
            .retain(|one| points.insert((one.after, one.day, one.away)));
    }
    calm
}
