//! The lines of a file of submissions. Comes in: bytes. Goes out: every physical line with its
//! number. The invariant: a line ends with a line feed, a carriage return, or both together, as
//! every editor shows it; nothing of the file is left out but a byte order mark at its beginning.

use std::io::{BufRead as _, BufReader, Chain, Cursor, Read};

use anyhow::Context;
use medvirk_terminal::{CommandExit, error};

/// No line is kept in memory beyond this, in bytes: no submission that is taken is as long.
pub(super) const MAX_LINE: usize = 32 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of a file.
pub(super) struct PhysicalLines<R> {
    reader: BufReader<Chain<Cursor<Vec<u8>>, R>>,
    number: u64,
    bytes_read: u64,
}

/// One line, without what ends it. It has answers, so it is never shown.
pub(super) struct PhysicalLine {
    /// Its place in the file, from 1.
    pub(super) number: u64,
    /// None where it is longer than [`MAX_LINE`].
    pub(super) bytes: Option<Vec<u8>>,
}

impl<R: Read> PhysicalLines<R> {
    /// Looks at the beginning of the file, whose name is for messages.
    pub(super) fn new(mut file: R, name: &str) -> anyhow::Result<Self> {
        let mut begin = Vec::new();
        // A pipe may give its first bytes one by one.
        let read = file.by_ref().take(3).read_to_end(&mut begin);
        read.with_context(|| format!("read {name}"))?;
        let marked = begin.starts_with(b"\xff\xfe") || begin.starts_with(b"\xfe\xff");
        // Without a mark, every other byte of UTF-16 is nought.
        if marked || begin.contains(&0) {
            let message = format!("{name} is UTF-16; save it as UTF-8");
            return Err(error(CommandExit::Usage, message));
        }
        let bytes_read = if begin == BYTE_ORDER_MARK { 3 } else { 0 };
        if bytes_read > 0 {
            begin.clear();
        }
        Ok(Self {
            reader: BufReader::with_capacity(1 << 16, Cursor::new(begin).chain(file)),
            number: 0,
            bytes_read,
        })
    }

    /// How many bytes have been read, for a progress bar.
    pub(super) const fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The next line; none at the end of the file.
    pub(super) fn next_line(&mut self) -> std::io::Result<Option<PhysicalLine>> {
        let (mut bytes, mut length) = (Vec::new(), 0_usize);
        let mut begun = false;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                if !begun {
                    return Ok(None);
                }
                break;
            }
            begun = true;
            let end = memchr::memchr2(b'\n', b'\r', buffer);
            let part = &buffer[..end.unwrap_or(buffer.len())];
            length += part.len();
            if length <= MAX_LINE {
                bytes.extend_from_slice(part);
            }
            let ended_by = end.map(|end| buffer[end]);
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            self.bytes_read += used as u64;
            if let Some(byte) = ended_by {
                self.skip_line_feed_after(byte)?;
                break;
            }
        }
        self.number += 1;
        Ok(Some(PhysicalLine {
            number: self.number,
            bytes: (length <= MAX_LINE).then_some(bytes),
        }))
    }

    /// A carriage return and a line feed are one end.
    fn skip_line_feed_after(&mut self, byte: u8) -> std::io::Result<()> {
        if byte == b'\r' && self.reader.fill_buf()?.first() == Some(&b'\n') {
            self.reader.consume(1);
            self.bytes_read += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, as a pipe may.
    struct Drop<'a>(&'a [u8]);

    impl Read for Drop<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let length = into.len().min(1);
            self.0.read(&mut into[..length])
        }
    }

    fn lines(file: &[u8]) -> Vec<String> {
        let all = |mut lines: PhysicalLines<_>| {
            let mut texts = Vec::new();
            while let Some(line) = lines.next_line().unwrap() {
                assert_eq!(line.number as usize, texts.len() + 1);
                texts.push(String::from_utf8(line.bytes.unwrap()).unwrap());
            }
            assert_eq!(lines.bytes_read() as usize, file.len());
            texts
        };
        let slow = all(PhysicalLines::new(Box::new(Drop(file)) as Box<dyn Read>, "f").unwrap());
        let fast = all(PhysicalLines::new(Box::new(file) as Box<dyn Read>, "f").unwrap());
        assert_eq!(slow, fast);
        slow
    }

    #[test]
    fn every_end_of_a_line_ends_one() {
        assert_eq!(lines(b""), [""; 0]);
        assert_eq!(lines(b"a"), ["a"]);
        assert_eq!(lines(b"a\n"), ["a"]);
        assert_eq!(lines(b"a\rb\r\nc\n\rd"), ["a", "b", "c", "", "d"]);
        assert_eq!(lines(b"\r\r\n\n"), ["", "", ""]);
        assert_eq!(lines(b"a\r"), ["a"]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped_at_the_beginning_alone() {
        assert_eq!(lines(b"\xef\xbb\xbfa\nb"), ["a", "b"]);
        assert_eq!(lines(b"\xef\xbb\xbf"), [""; 0]);
        assert_eq!(lines(b"a\n\xef\xbb\xbfb"), ["a", "\u{feff}b"]);
    }

    #[test]
    fn utf_16_is_named() {
        for file in [&b"\xff\xfe{\0"[..], b"\xfe\xff\0{", b"{\0\"\0", b"\0{\0\""] {
            let told = PhysicalLines::new(file, "F").err().unwrap().to_string();
            assert_eq!(told, "F is UTF-16; save it as UTF-8");
        }
    }

    #[test]
    fn a_line_that_is_far_too_long_is_not_kept() {
        let mut file = vec![b' '; MAX_LINE + 1];
        file.extend(b"\nb");
        let mut lines = PhysicalLines::new(&file[..], "f").unwrap();
        assert_eq!(lines.next_line().unwrap().unwrap().bytes, None);
        assert_eq!(
            lines.next_line().unwrap().unwrap().bytes,
            Some(b"b".to_vec())
        );
    }
}
