//! How many events a core folds in a second, beside what decoding the same bytes costs alone.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use medvirk_benches::Load;
use medvirk_domain::fold::Fold;
use medvirk_domain::record::LogRecord;
use medvirk_domain::time::Month;
use medvirk_proto::log::v1::Envelope;
use medvirk_records::codec::decode_event;
use prost::Message;

/// Enough that the state does not fit a cache.
const EPISODES: u32 = 20_000;

fn fold(criterion: &mut Criterion) {
    let load = Load::new();
    let records = load.records(EPISODES);
    let first: Month = "2024-01".parse().expect("a month");
    let mut group = criterion.benchmark_group("fold");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(records.len() as u64));
    group.bench_function("baseline: prost decode of the same records", |bencher| {
        bencher.iter(|| {
            for record in &records {
                black_box(Envelope::decode(record.as_slice()).expect("our own record"));
            }
        });
    });
    group.bench_function("decode, check, score and fold", |bencher| {
        let fresh = || Fold::new(0, 1, first, &load.catalogue);
        let all = |mut fold: Fold| {
            for record in &records {
                let Ok(LogRecord::Event(event)) = decode_event(record) else {
                    unreachable!()
                };
                fold.apply_event(&event, &load.catalogue)
                    .expect("a good record");
            }
            fold
        };
        bencher.iter_batched(fresh, all, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, fold);
criterion_main!(benches);
