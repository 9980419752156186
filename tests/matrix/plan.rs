//! What happens in a run. Comes in: a seed, how many processes and faults. Goes out: faults in their
//! order, and months. The invariant: the same seed gives the same plan; only the moments are
//! the machine's.

use std::fmt;
use std::time::Duration;

use medvirk_tests::{Kind, Weather, broker_name};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};

/// The first month of a run.
pub(crate) const FIRST_MONTH: &str = "2012-01";

/// So many faults strike in a month, in a run of mixed faults.
const MIXED_PER_MONTH: usize = 3;

/// How many months a run of rolling kills has.
const ROLLING_MONTHS: usize = 6;

/// Brokers and groups miss somebody after six seconds without a sign.
const MISSED: Duration = Duration::from_secs(6);

/// How late everything comes on a slow line.
const SLOW: Duration = Duration::from_millis(400);

/// How wrong a clock may be: a summer time set twice, a zone, a day, either way.
const WRONG: [i64; 4] = [-26 * 3_600, -3_601, 3_601, 20 * 3_600];

/// Something that goes wrong during the run.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) what: What,
    /// How long it lasts; a process that was killed is started again after that.
    pub(crate) lasts: Duration,
}

/// What happens to whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// The process is ended by `kill -9`.
    Killed(String),
    /// The process stands still for a while.
    Hung(String),
    /// It stands still, and a month is closed without it; then it goes on as if nothing had been.
    Asleep(String),
    /// Its clock jumps by so many seconds, and later back.
    Jumped(String, i64),
    /// Something is wrong between two.
    Line(String, String, Weather),
}

/// Every kind of fault that there is.
#[derive(Debug, Clone, Copy)]
enum Sort {
    Killed(Kind),
    BrokerKilled,
    Hung(Kind),
    BrokerHung,
    Asleep,
    /// The clock of a role.
    Jumped(Kind),
    /// Between clients and a role.
    Clients(Kind, Weather),
    /// Between a role and a broker.
    Brokers(Weather),
    /// The line between two brokers is bad.
    BetweenBrokers(Weather),
    /// Between a role and the tables it writes.
    Tables(Weather),
}

const SORTS: [Sort; 26] = [
    Sort::Killed(Kind::Ingest),
    Sort::Killed(Kind::Aggregator),
    Sort::Killed(Kind::Registrar),
    Sort::Killed(Kind::Engine),
    Sort::BrokerKilled,
    Sort::Hung(Kind::Ingest),
    Sort::Hung(Kind::Registrar),
    Sort::Hung(Kind::Engine),
    Sort::BrokerHung,
    Sort::Asleep,
    Sort::Jumped(Kind::Ingest),
    Sort::Jumped(Kind::Aggregator),
    Sort::Jumped(Kind::Registrar),
    Sort::Clients(Kind::Ingest, Weather::Cut),
    Sort::Clients(Kind::Ingest, Weather::Deaf),
    Sort::Clients(Kind::Aggregator, Weather::Deaf),
    Sort::Brokers(Weather::Cut),
    Sort::Brokers(Weather::Silent),
    Sort::Brokers(Weather::Slow(SLOW)),
    Sort::Brokers(Weather::Deaf),
    Sort::BetweenBrokers(Weather::Cut),
    Sort::Tables(Weather::Cut),
    Sort::Tables(Weather::Silent),
    Sort::Tables(Weather::Deaf),
    Sort::Tables(Weather::Refusing(401)),
    Sort::Tables(Weather::Refusing(500)),
];

/// How many of each there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) brokers: usize,
    /// The number of processes of each role.
    pub(crate) each: usize,
}

/// The plan of a run.
pub(crate) struct Plan {
    /// The faults in their order.
    pub(crate) faults: Vec<Fault>,
    /// The months as YYYY-MM, without gaps.
    pub(crate) months: Vec<String>,
    /// So many faults strike while the people of one month are sent.
    per_month: usize,
    /// True where everything must be caught up before the next fault strikes.
    pub(crate) one_by_one: bool,
}

impl Plan {
    /// So many faults; no sort comes again before every other one has come.
    pub(crate) fn draw(rng: &mut StdRng, size: Size, faults: usize) -> Self {
        let mut all = Vec::new();
        while all.len() < faults {
            let mut sorts = SORTS;
            sorts.shuffle(rng);
            let possible =
                |sort: &Sort| size.brokers > 1 || !matches!(sort, Sort::BetweenBrokers(_));
            let sorts = sorts.into_iter().filter(possible);
            all.extend(sorts.map(|sort| sort.draw(rng, size)));
        }
        all.truncate(faults);
        // Where a fault wants a close, a month does not wait for its faults.
        let hurried = all.iter().filter(|fault| fault.what.wants_close()).count();
        let months = faults.div_ceil(MIXED_PER_MONTH) + hurried + 1;
        Self {
            faults: all,
            months: months_from(FIRST_MONTH, months),
            per_month: MIXED_PER_MONTH,
            one_by_one: false,
        }
    }

    /// Every process is killed, one after the other, and then every one again.
    pub(crate) fn rolling(rng: &mut StdRng, size: Size) -> Self {
        let mut everybody: Vec<String> = (1..=size.brokers).map(broker_name).collect();
        everybody.extend((1..=2).map(|number| Kind::Engine.name(number)));
        for kind in [Kind::Ingest, Kind::Aggregator, Kind::Registrar] {
            everybody.extend((1..=size.each).map(|number| kind.name(number)));
        }
        let mut all = Vec::new();
        for _ in 0..2 {
            everybody.shuffle(rng);
            all.extend(everybody.iter().map(|who| Fault {
                what: What::Killed(who.clone()),
                lasts: Duration::from_millis(500),
            }));
        }
        Self {
            per_month: all.len().div_ceil(ROLLING_MONTHS),
            faults: all,
            months: months_from(FIRST_MONTH, ROLLING_MONTHS),
            one_by_one: true,
        }
    }

    /// The place of the month in which the fault of this place strikes, at the earliest.
    pub(crate) fn month_of(&self, fault: usize) -> usize {
        fault / self.per_month
    }

    /// How many faults must have struck before the month of this place is closed.
    pub(crate) fn faults_until(&self, place: usize) -> usize {
        self.faults.len().min(self.per_month * (place + 1))
    }
}

impl What {
    /// True where nothing would be hit if no month were closed meanwhile.
    pub(crate) fn wants_close(&self) -> bool {
        match self {
            Self::Asleep(_) => true,
            Self::Jumped(who, _) => who.starts_with("aggregator"),
            Self::Killed(_) | Self::Hung(_) => false,
            Self::Line(from, to, _) => {
                let aggregator = |who: &str| who.starts_with("aggregator");
                aggregator(to) || (aggregator(from) && *to == Kind::Engine.name(1))
            }
        }
    }
}

impl Sort {
    fn draw(self, rng: &mut StdRng, size: Size) -> Fault {
        let one = rng.random_range(1..=size.brokers);
        let (one, other) = (broker_name(one), broker_name(one % size.brokers + 1));
        let mut of = |kind: Kind| {
            let many = if kind == Kind::Engine { 2 } else { size.each };
            kind.name(rng.random_range(1..=many))
        };
        let what = match self {
            Self::Killed(kind) => What::Killed(of(kind)),
            Self::BrokerKilled => What::Killed(one),
            Self::Hung(kind) => What::Hung(of(kind)),
            Self::BrokerHung => What::Hung(one),
            Self::Asleep => What::Asleep(of(Kind::Aggregator)),
            Self::Jumped(kind) => {
                let who = of(kind);
                What::Jumped(who, WRONG.choose(rng).copied().unwrap_or_default())
            }
            Self::Clients(kind, weather) => What::Line("client".to_owned(), of(kind), weather),
            Self::Brokers(weather) => {
                let roles = [Kind::Ingest, Kind::Aggregator, Kind::Registrar].map(&mut of);
                let role = roles.choose(rng).cloned();
                What::Line(role.unwrap_or_default(), one, weather)
            }
            Self::BetweenBrokers(weather) => What::Line(one, other, weather),
            Self::Tables(weather) => {
                let (aggregator, registrar) = (of(Kind::Aggregator), of(Kind::Registrar));
                if rng.random() {
                    What::Line(aggregator, Kind::Engine.name(1), weather)
                } else {
                    What::Line(registrar, Kind::Engine.name(2), weather)
                }
            }
        };
        let millis = match &what {
            // What nobody is told of must last until they miss it.
            What::Hung(_) | What::Asleep(_) | What::Line(_, _, Weather::Silent) => 500..1_500,
            What::Killed(_) => 0..1_000,
            What::Jumped(..) => 1_500..4_000,
            What::Line(..) => 500..4_000,
        };
        let missed = match &what {
            What::Hung(_) | What::Asleep(_) | What::Line(_, _, Weather::Silent) => MISSED,
            _ => Duration::ZERO,
        };
        let lasts = missed + Duration::from_millis(rng.random_range(millis));
        Fault { what, lasts }
    }
}

fn months_from(first: &str, many: usize) -> Vec<String> {
    let first: medvirk_domain::time::Month = first.parse().unwrap();
    let months = std::iter::successors(Some(first), |month| Some(month.next()));
    months.take(many).map(|month| month.to_string()).collect()
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {:.1?}", self.what, self.lasts)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed(who) => write!(f, "{who} killed"),
            Self::Hung(who) => write!(f, "{who} hung"),
            Self::Asleep(who) => write!(f, "{who} asleep while a month is closed"),
            Self::Jumped(who, seconds) => write!(f, "{who}: the clock is {seconds:+} s wrong"),
            Self::Line(from, to, weather) => write!(f, "{from} to {to}: {weather:?}"),
        }
    }
}
