//! ClickHouse's block framing, as a request body with `decompress=1` carries it.
//!
//! Comes in: the whole body. Goes out: the bytes it stands for. Kept: no block is used before
//! its CityHash128 checksum is verified, and the result never grows beyond the limit given.
//!
//! A block is: checksum (16 bytes, little endian, halves swapped) of all that follows; method
//! (1 byte); size with this header of 9 bytes (u32); size when unpacked (u32); the data.

use crate::exception::EngineException;

const CHECKSUM: usize = 16;
const HEADER: usize = 9;
const LZ4: u8 = 0x82;
const STORED: u8 = 0x02;

/// Unpacks all blocks of `body` into at most `limit` bytes.
pub(crate) fn unpack(mut body: &[u8], limit: usize) -> Result<Vec<u8>, EngineException> {
    let mut unpacked = Vec::new();
    while !body.is_empty() {
        let (block, rest) = split_block(body)?;
        append_block(&mut unpacked, block, limit)?;
        body = rest;
    }
    Ok(unpacked)
}

/// Cuts the first block off and verifies its checksum; the block is returned without it.
fn split_block(body: &[u8]) -> Result<(&[u8], &[u8]), EngineException> {
    let (checksum, rest) = body.split_first_chunk::<CHECKSUM>().ok_or_else(cut_short)?;
    if rest.len() < HEADER {
        return Err(cut_short());
    }
    let size = little_endian(&rest[1..5]);
    if size < HEADER {
        return Err(EngineException::cannot_decompress(
            "a block's size is smaller than its header",
        ));
    }
    if rest.len() < size {
        return Err(cut_short());
    }
    let (block, rest) = rest.split_at(size);
    let expected = u128::from_le_bytes(*checksum).rotate_right(64);
    if cityhash_rs::cityhash_102_128(block) != expected {
        return Err(EngineException::checksum_mismatch());
    }
    Ok((block, rest))
}

fn append_block(unpacked: &mut Vec<u8>, block: &[u8], limit: usize) -> Result<(), EngineException> {
    let (header, data) = block.split_at(HEADER);
    let size = little_endian(&header[5..9]);
    let start = unpacked.len();
    if size > limit.saturating_sub(start) {
        return Err(EngineException::too_large(limit));
    }
    match header[0] {
        STORED if data.len() == size => unpacked.extend_from_slice(data),
        STORED => {
            return Err(EngineException::cannot_decompress(
                "a stored block has another size than it says",
            ));
        }
        LZ4 => {
            unpacked.resize(start + size, 0);
            let written = lz4_flex::block::decompress_into(data, &mut unpacked[start..])
                .map_err(|_| EngineException::cannot_decompress("a block is not LZ4"))?;
            if written != size {
                return Err(EngineException::cannot_decompress(
                    "an LZ4 block has another size than it says",
                ));
            }
        }
        method => return Err(EngineException::unknown_compression(method)),
    }
    Ok(())
}

fn little_endian(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rev()
        .fold(0, |value, byte| value << 8 | usize::from(*byte))
}

fn cut_short() -> EngineException {
    EngineException::cannot_decompress("the body ends inside a block")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(method: u8, data: &[u8], size: usize) -> Vec<u8> {
        let mut block = vec![method];
        block.extend_from_slice(&u32::try_from(data.len() + HEADER).unwrap().to_le_bytes());
        block.extend_from_slice(&u32::try_from(size).unwrap().to_le_bytes());
        block.extend_from_slice(data);
        let checksum = cityhash_rs::cityhash_102_128(&block).rotate_right(64);
        [checksum.to_le_bytes().as_slice(), &block].concat()
    }

    fn refused(body: &[u8]) -> u32 {
        unpack(body, 1000).expect_err("must be refused").code
    }

    #[test]
    fn blocks_of_both_methods_are_joined() {
        let text = b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\nb";
        let body = [
            pack(LZ4, &lz4_flex::block::compress(text), text.len()),
            pack(STORED, b"\n\n", 2),
        ]
        .concat();
        assert_eq!(
            unpack(&body, 1000).unwrap(),
            [text.as_slice(), b"\n\n"].concat()
        );
    }

    #[test]
    fn any_flipped_bit_is_refused() {
        let body = pack(STORED, b"hello", 5);
        for bit in 0..body.len() * 8 {
            let mut broken = body.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            assert!(unpack(&broken, 1000).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_body_cut_anywhere_is_refused() {
        let body = pack(STORED, b"hello", 5);
        for length in 1..body.len() {
            assert_eq!(refused(&body[..length]), 271, "length {length}");
        }
    }

    #[test]
    fn sizes_that_lie_are_refused() {
        assert_eq!(refused(&pack(STORED, b"hello", 6)), 271);
        assert_eq!(
            refused(&pack(LZ4, &lz4_flex::block::compress(b"hello"), 7)),
            271
        );
        assert_eq!(
            refused(&pack(LZ4, &lz4_flex::block::compress(b"hello"), 4)),
            271
        );
        assert_eq!(refused(&pack(LZ4, b"x", 2_000)), 307);
    }

    #[test]
    fn zstd_is_refused_by_name() {
        assert_eq!(refused(&pack(0x90, b"hello", 5)), 89);
    }
}
