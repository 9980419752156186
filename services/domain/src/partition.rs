//! Which partition a trust belongs to. Comes in: the id of a trust. Goes out: a partition. The
//! invariant: murmur2 as Kafka's Java client has it, for ever; the same trust is never in two
//! places, whoever wrote the record.

use crate::ids::TrustId;

/// One partition of the log, among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPartition {
    /// Its number, from 0.
    pub number: u32,
    /// How many partitions the log has.
    pub of: u32,
}

impl LogPartition {
    /// True if everything that happens in the trust belongs here.
    pub fn holds(self, trust: &TrustId) -> bool {
        of_trust(trust, self.of) == self.number
    }
}

/// The partition of everything that happens in a trust. `partitions` is at least 1.
pub fn of_trust(trust: &TrustId, partitions: u32) -> u32 {
    // Kafka makes the hash positive by clearing its sign, not by negating it.
    (murmur2(trust.as_str().as_bytes()) & 0x7fff_ffff) % partitions
}

/// Austin Appleby's murmur2 (public domain) with the seed of `org.apache.kafka.common.utils.Utils`.
fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const MULTIPLIER: u32 = 0x5bd1_e995;
    let (words, rest) = data.as_chunks::<4>();
    // Kafka's keys are far shorter than 4 GiB, and Java counts in 32 bits as well.
    let mut hash = SEED ^ data.len() as u32;
    for word in words {
        let mut word = u32::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        word ^= word >> 24;
        hash = hash.wrapping_mul(MULTIPLIER) ^ word.wrapping_mul(MULTIPLIER);
    }
    if !rest.is_empty() {
        for (place, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * place);
        }
        hash = hash.wrapping_mul(MULTIPLIER);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_agrees_with_kafka() {
        // org.apache.kafka.common.utils.UtilsTest.testMurmur2
        let check = |text: &str, hash: i32| assert_eq!(murmur2(text.as_bytes()) as i32, hash);
        check("21", -973_932_308);
        check("foobar", -790_332_482);
        check("a-little-bit-long-string", -985_981_536);
        check("a-little-bit-longer-string", -1_486_304_829);
        check(
            "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
            -58_897_971,
        );
        check("abc", 479_470_107);
    }

    #[test]
    fn a_trust_lies_in_one_of_the_partitions() {
        let trust: TrustId = "foobar".parse().unwrap();
        // (-790332482 & 0x7fffffff) is 1357151166.
        assert_eq!(of_trust(&trust, 12), 1_357_151_166 % 12);
        assert_eq!(of_trust(&trust, 1), 0);
    }
}
