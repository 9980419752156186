//! The rules of the design that a test run breaks on purpose, and the switch that breaks one.
//!
//! No service depends on this crate. `cargo xtask mutants` copies the workspace, changes the copy
//! by the files in `rules/`, and runs there the tests that must notice each broken rule. The
//! README says how, and how often each rule is noticed.

use std::cell::Cell;

/// Declares the rules, listed by the run that must notice.
macro_rules! rules {
    ($($(#[$about:meta])* $list:ident { $($(#[$says:meta])* $rule:ident,)* })*) => {
        /// A rule of the design that holds unless it is broken on purpose.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule {
            $($($(#[$says])* $rule,)*)*
        }

        impl Rule {
            $($(#[$about])* pub const $list: &'static [Self] = &[$(Self::$rule),*];)*

            /// Every rule, in the order of the lists.
            pub const ALL: &'static [Self] = &[$($(Self::$rule,)*)*];
        }
    };
}

rules! {
    /// Rules of the fold: the comparison with the plain reference notices, in this crate's tests.
    FOLD {
        // === §4.2 One person once ===
        /// A month's contribution is the person's, not the episode's.
        OncePerPerson,
        /// It is that of one unit; another unit's is another one.
        OncePerUnit,
        /// The last session of the month gives its values.
        LastSession,
        /// An `episode` measure counts episodes; another episode is another contribution.
        OncePerEpisode,
        /// An episode's contribution belongs to the unit that closed it.
        ClosingUnit,
        /// The number in a row is persons, not contributions.
        PersonsInRow,
        /// A person with several contributions is placed by the last.
        PlacedByLast,
        /// A variable that says `last` is the last one's.
        LastOverMonths,
        /// A variable that says `sum` is that of all months.
        SumOverMonths,
        /// A patient counts with the first form of the register.
        FirstOfPatient,
        /// Forms of the register and of sessions are not the same.
        RegisterApart,
        /// Of one session, instrument and respondent the first submission counts.
        FirstSubmission,
        /// Of a session the highest revision counts.
        HighestRevision,
        /// A correction is the whole session.
        WholeSession,
        /// A correction cannot change the date.
        SameDate,
        /// A correction cannot change the number.
        SameNumber,
        /// A correction cannot change the unit.
        SameUnit,
        /// What has entered a row is remembered.
        EnteredOnce,
        /// It is remembered for 24 months by its own month,
        MonthsRemembered,
        /// or as long as its episode,
        EpisodesRemembered,
        /// or as long as its code.
        CodesRemembered,
        /// What comes when it is older than that is for the registry only.
        TooOldToCome,
        /// So is what is older than that when it would be counted.
        TooOldToCount,
        /// An episode is forgotten 24 months after its last event.
        EpisodeForgotten,
        /// That is the later of the event's month and its arrival.
        LastEvent,
        /// The first closing of an episode counts.
        FirstClosing,
        /// The first opening fixes therapist and opener.
        FirstOpening,

        // === §4.3 Who counts, and §3 of codes ===
        /// A form that the opener sent never counts.
        OpenerNeverCounts,
        /// A form that comes before its episode waits.
        FormsWait,
        /// While the opener is not known, any sender's may turn out to count.
        EverySenderWaits,
        /// Nothing of an expired code is taken.
        CodeExpires,
        /// The first response to a code counts.
        FirstResponse,
        /// What became of a code is known when it expires.
        KnownWhenExpired,
        /// Only a code that was issued can be left without an answer.
        IssuedOnly,

        // === §4.4 When ===
        /// A month is not closed before it is over.
        NotTooEarly,
        /// A repeated close does nothing.
        RepeatDoesNothing,
        /// Skipped months are closed first.
        SkippedFirst,
        /// A late contribution keeps its own month,
        OwnMonth,
        /// and waits with the present one;
        WaitsWithPresent,
        /// it stays there when that is closed.
        WaitsOn,
        /// What is older than the first month is for the registry only.
        FirstMonth,
        /// What lies after the month that is closed is not counted yet.
        NotBeforeItsMonth,

        // === §4.5 Releasable ===
        /// A row has at least k persons.
        AtLeastK,
        /// k counts persons, not contributions.
        DistinctPersons,
        /// At least r are left.
        AtLeastR,
        /// Without any one therapist.
        WithoutAnyTherapist,
        /// Therapists who are not named are one.
        UnnamedAsOne,
        /// Without any one credential.
        WithoutAnyCredential,
        /// Each that sent a form that the contribution reads,
        CredentialsOfAllForms,
        /// of all contributions that are in the row,
        CredentialsOfAllMonths,
        /// or that corrected it.
        CorrectionsCredential,
        /// Neither rule for codes.
        NoSourcesOfCodes,
        /// A unit's flag switches off its half,
        FlagSwitchesOff,
        /// and not the other one,
        OnlyItsHalf,
        /// and neither in pooled rows.
        BothWhenPooled,
        /// In an institution's row k are left without any unit.
        WithoutAnyUnit,
        /// In a trust's row k are left without any institution.
        WithoutAnyInstitution,

        // === §4.6 A close ===
        /// Rows come in key order.
        KeyOrder,
        /// Inside a tertial the month's is due.
        InsideTertial,
        /// At its end all that waits from it.
        TertialEnd,
        /// At the year's end all that waits from the year.
        YearEnd,
        /// With `finest = "tertial"` nothing is due inside one.
        FinestTertial,
        /// The span is the month, where all of it waited with that.
        SpanMonth,
        /// Else the tertial, where all of it waited with that.
        SpanTertial,
        /// With `finest = "tertial"` it is no month.
        SpanFinest,
        /// The rest is joined in December only,
        JoinsInDecember,
        /// over the parts of a measure,
        JoinsParts,
        /// then within the institution,
        JoinsInstitution,
        /// then within the trust.
        JoinsTrust,
        /// Nothing waits across years.
        RestDropped,

        // === §4.7 A row ===
        /// New is who was in no row of that year,
        NewInYear,
        /// in a row at that unit.
        NewAtUnit,
        /// It is not told of measures with parts.
        NewWithoutParts,
        /// A sum of squares is of at least 12 persons,
        SpreadPersons,
        /// or of 24 codes,
        SpreadCodes,
        /// where the variable says so,
        SpreadDeclared,
        /// and not of sums over months.
        SpreadOfLast,

        // === §4.9 Changes ===
        /// A new measure counts from its first month on.
        NewMeasure,
        /// At a close the next month's catalogue comes into force.
        GoesOver,

        // === §5 Obeying, withdrawals ===
        /// A row empties all parts where it names none.
        EmptiesParts,
        /// A row empties what waits in its span and nothing else.
        EmptiesSpan,
        /// A row empties all units below its organisation.
        EmptiesBelow,
        /// A withdrawal drops what waits.
        WithdrawalDrops,
        /// One from the register only does not,
        RegistryScope,
        /// but for the register's forms,
        RegistryDrops,
        /// of which later ones do not count,
        RegistryRemembered,
        /// nor what was before a return to the register.
        RegistryStartsAnew,
        /// A withdrawal is remembered for later records.
        WithdrawalRemembered,
        /// Of several the widest holds.
        WidestScope,
        /// A renewal ends it.
        RenewalEnds,
        /// What happened before a renewal does not count again,
        RenewalStartsAnew,
        /// nor does an episode that began before.
        EpisodeStartsAnew,
    }
    /// Rules of delivery: the simulation notices.
    DELIVERY {
        /// A task obeys the first close in the ledger, not its own.
        ObeyTheFirst,
        /// The ledger is read before a close is computed, and of several closes the first counts.
        FirstCounts,
        /// An append counts when it was read back, not when it was sent.
        ReadBack,
        /// The ledger has a row before the tables have it.
        LedgerBeforeTables,
        /// The ledger is read to its end after the view.
        LedgerAfterView,
        /// Rows are compared with the ledger, not only marks.
        CompareRows,
        /// A checkpoint says that a close is behind it only when the close was obeyed.
        CheckpointAfterClose,
        /// A torn checkpoint is as good as none.
        WholeCheckpoint,
        /// December, as any month, closes under the catalogue that was in force in it.
        OldVersionCloses,
        /// A control record is in all partitions when its broadcast succeeds.
        BroadcastToAll,
        /// A bad record is set aside.
        SetAside,
        /// It is set aside until that is acknowledged.
        SetAsideAcknowledged,
        /// A withdrawal erases nothing before the ledger has the closes that precede it.
        LedgerBeforeErasure,
        /// The registrar commits an offset when its rows are in the tables.
        CommitAfterInsert,
        /// It commits a withdrawal when that was carried out.
        CommitAfterErasure,
        /// It reads nothing after a withdrawal before that.
        StandsStill,
        /// What comes from a withdrawn person later is erased at once.
        LateErased,
        /// Log keys are deleted after their tombstones are in the log.
        TombstonesBeforeKeys,
        /// The upkeep repeats every standing erasure.
        ErasedAgain,
    }
    /// Rules of one task of the aggregator that few schedules meet: tests of that crate notice.
    TASK {
        /// Rows that differ are inserted again.
        InsertAgain,
        /// Rows that the ledger lacks are a stop.
        LedgerHasAll,
        /// A fold version that is not known is a stop.
        KnownVersion,
        /// So is a record of a newer schema.
        KnownSchema,
        /// The scheduler closes no month that is not over.
        DueByTheClock,
        /// The next month has a plan before a month is closed.
        PlanBeforeClose,
    }
    /// Rules of the log: tests of that crate notice.
    LOG {
        /// A deployment is founded once.
        FirstGenesis,
        /// The first plan of a month is its plan.
        FirstPlan,
        /// A closed month takes no catalogue.
        OpenMonth,
        /// Nor does one that has a plan.
        FreeMonth,
    }
    /// Rules of the catalogue's loader: its tests notice.
    LOADER {
        /// k is doubled for codes.
        DoubledForCodes,
        /// What rows are made of changes in a January.
        JanuaryOnly,
        /// k and r may rise in any month, and fall in a January.
        MayRise,
        /// A unit that changes trust is a new one.
        TrustStays,
        /// A sum of squares needs a variable of 20 steps.
        SpreadSteps,
        /// What others can see stays apart from what only answers tell.
        Apart,
    }
    /// Rules of what is let in: tests of ingest notice.
    DOOR {
        /// Only a credential that may manage episodes opens and closes them.
        ManagerOpens,
        /// A code that is over is refused.
        CodeIsOver,
    }
}

thread_local! {
    static BROKEN: Cell<Option<Rule>> = const { Cell::new(None) };
}

/// Breaks one rule in this thread, or none.
pub fn break_rule(rule: Option<Rule>) {
    BROKEN.set(rule);
}

/// True if the rule is broken in this thread. The changed copy of the workspace asks this.
pub fn broken(rule: Rule) -> bool {
    BROKEN.get() == Some(rule)
}

/// True if a test, which must pass while every rule holds, fails while this rule is broken.
pub fn is_noticed_by(rule: Rule, test: fn()) -> bool {
    test();
    break_rule(Some(rule));
    let ended = std::panic::catch_unwind(test);
    break_rule(None);
    ended.is_err()
}
