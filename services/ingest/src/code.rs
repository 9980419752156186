//! One-time survey codes. Comes in: a unit and a month of discharge. Goes out: 32 characters that
//! can be typed, and from them the same again. The invariant: without the key nobody makes a code
//! that is read as one, and the check takes the same time however wrong a code is.
//!
//! 160 bits, big-endian: version 2, key id 3, months since January 2000 11, number of the unit 32,
//! nonce 48, and the first 64 bits of HMAC-SHA-256 over the rest. In Crockford's base 32, in
//! groups of four.

use std::fmt;
use std::path::Path;

use data_encoding::{Encoding, Specification};
use hmac::{Hmac, KeyInit as _, Mac as _};
use medvirk_domain::ids::Pseudonym;
use medvirk_domain::limits::CODE_MONTHS;
use medvirk_domain::time::Month;
use medvirk_runtime::pseudonym::PseudonymKey;
use medvirk_runtime::secret::{self, SecretKey};
use sha2::Sha256;

const VERSION: u64 = 1;
const LAST_KEY_ID: u32 = 7;
const LAST_MONTH: i32 = 2_047;
/// Bytes of a code that are signed.
const SIGNED: usize = 12;
/// No code is longer, however it is typed.
const MAX_TYPED: usize = 64;

/// Issues and reads codes under one key.
#[derive(Clone)]
pub struct SurveyCodes {
    key_id: u32,
    keyed: Hmac<Sha256>,
    letters: Encoding,
}

/// What a code says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CodeClaim {
    unit_number: u32,
    month: Month,
    signed: [u8; SIGNED],
}

/// A text that is no code of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a valid code")]
pub struct WrongCode;

/// Why a code cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// The key cannot be had.
    #[error("the key of the survey codes cannot be had")]
    Secret(#[from] secret::SecretError),
    /// A code has no room for it.
    #[error("the key of the survey codes has id {0}; it must be at most {LAST_KEY_ID}")]
    KeyId(u32),
    /// A code has no room for it.
    #[error("{0} is not a month from 2000-01 to 2170-08")]
    Month(Month),
}

// === impl Codes ===

impl SurveyCodes {
    /// Under that key.
    ///
    /// # Errors
    /// When the key's id is too large for a code.
    pub fn new(key: &SecretKey) -> Result<Self, CodeError> {
        if key.id() > LAST_KEY_ID {
            return Err(CodeError::KeyId(key.id()));
        }
        let mut crockford = Specification::new();
        crockford
            .symbols
            .push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
        crockford
            .translate
            .from
            .push_str("abcdefghjkmnpqrstvwxyzOoIiLl");
        crockford
            .translate
            .to
            .push_str("ABCDEFGHJKMNPQRSTVWXYZ001111");
        crockford.ignore.push_str("- ");
        Ok(Self {
            key_id: key.id(),
            keyed: Hmac::new_from_slice(key.bytes()).expect("HMAC takes a key of any length"),
            letters: crockford
                .encoding()
                .expect("Crockford's letters are 32 different ones"),
        })
    }

    /// Under the key of a file, which is made if there is none.
    ///
    /// # Errors
    /// When the file cannot be had, or its key's id is too large for a code.
    pub fn load_or_create(path: &Path) -> Result<Self, CodeError> {
        Self::new(&SecretKey::load_or_create(path)?)
    }

    /// A new code for one discharge from the unit with that number in that month.
    ///
    /// # Errors
    /// When the month does not fit, or the machine has no random bytes.
    pub fn issue(&self, unit_number: u32, month: Month) -> Result<(String, CodeClaim), CodeError> {
        self.issue_with(unit_number, month, secret::random()?)
    }

    /// Reads a code as it was typed: letter case, hyphens and blanks do not matter, O is 0, I and
    /// L are 1.
    ///
    /// # Errors
    /// When it is not a code under this key.
    pub fn read(&self, typed: &str) -> Result<CodeClaim, WrongCode> {
        if typed.len() > MAX_TYPED {
            return Err(WrongCode);
        }
        let bytes = self
            .letters
            .decode(typed.as_bytes())
            .map_err(|_| WrongCode)?;
        let (signed, tag) = bytes.split_first_chunk().ok_or(WrongCode)?;
        if tag.len() != 8 {
            return Err(WrongCode);
        }
        self.mac(signed)
            .verify_truncated_left(tag)
            .map_err(|_| WrongCode)?;
        CodeClaim::read(*signed, self.key_id).ok_or(WrongCode)
    }

    fn issue_with(
        &self,
        unit_number: u32,
        month: Month,
        nonce: [u8; 6],
    ) -> Result<(String, CodeClaim), CodeError> {
        let months = (month.year() - 2_000) * 12 + month.number() as i32 - 1;
        if !(0..=LAST_MONTH).contains(&months) {
            return Err(CodeError::Month(month));
        }
        let head = VERSION << 46
            | u64::from(self.key_id) << 43
            | u64::from(months.unsigned_abs()) << 32
            | u64::from(unit_number);
        let mut signed = [0; SIGNED];
        signed[..6].copy_from_slice(&head.to_be_bytes()[2..]);
        signed[6..].copy_from_slice(&nonce);
        let tag = self.mac(&signed).finalize().into_bytes();
        let text = self.letters.encode(&[&signed, &tag[..8]].concat());
        let groups: Vec<_> = text
            .as_bytes()
            .chunks(4)
            .map(String::from_utf8_lossy)
            .collect();
        let claim = CodeClaim {
            unit_number,
            month,
            signed,
        };
        Ok((groups.join("-"), claim))
    }

    fn mac(&self, signed: &[u8; SIGNED]) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        mac.update(b"survey-code\0");
        mac.update(signed);
        mac
    }
}

impl fmt::Debug for SurveyCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SurveyCodes({}, redacted)", self.key_id)
    }
}

// === impl Claim ===

impl CodeClaim {
    /// Number of the unit that discharged the patient.
    pub const fn unit_number(&self) -> u32 {
        self.unit_number
    }

    /// The month of the discharge.
    pub const fn month(&self) -> Month {
        self.month
    }

    /// What stands for the code in the log: its nonce, with the unit and month that it is signed
    /// for, so that 48 random bits are enough.
    pub fn pseudonym(&self, pseudonyms: &PseudonymKey) -> Pseudonym {
        pseudonyms.nonce(&self.signed)
    }

    fn read(signed: [u8; SIGNED], key_id: u32) -> Option<Self> {
        let mut head = [0; 8];
        head[2..].copy_from_slice(&signed[..6]);
        let head = u64::from_be_bytes(head);
        let (version, found_key) = (head >> 46, (head >> 43) & 0b111);
        let months = ((head >> 32) & 0x7ff) as i32;
        let month = Month::new(2_000 + months / 12, (months % 12) as u32 + 1)?;
        (version == VERSION && found_key == u64::from(key_id)).then_some(Self {
            unit_number: head as u32,
            month,
            signed,
        })
    }
}

impl fmt::Debug for CodeClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeClaim(redacted)")
    }
}

/// The last month at whose close a code of `month` is still taken.
pub const fn last_month(month: Month) -> Month {
    month.plus(CODE_MONTHS)
}

/// True if a code of `month` is over, where `present` is the first month that is not closed.
pub fn is_over(month: Month, present: Month) -> bool {
    last_month(month) < present
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(byte: u8) -> SurveyCodes {
        SurveyCodes::new(&SecretKey::new(1, [byte; 32])).unwrap()
    }

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let codes = codes(1);
        for (unit, text) in [(0, "2000-01"), (7, "2026-11"), (u32::MAX, "2170-08")] {
            let (code, claim) = codes.issue(unit, month(text)).unwrap();
            assert_eq!(code.len(), 39);
            assert_eq!(code.replace('-', "").len(), 32);
            assert_eq!((claim.unit_number(), claim.month()), (unit, month(text)));
            let typed = [
                code.clone(),
                code.to_lowercase(),
                code.replace('-', ""),
                code.replace('-', " "),
                code.replace('0', "O").replace('1', "l"),
                code.replace('0', "o").replace('1', "I"),
            ];
            for typed in typed {
                assert!(codes.read(&typed) == Ok(claim), "{typed}");
            }
        }
        assert!(matches!(
            codes.issue(1, month("1999-12")),
            Err(CodeError::Month(_))
        ));
    }

    #[test]
    fn a_changed_code_or_one_of_another_key_is_wrong() {
        let codes = codes(1);
        let (code, _) = codes.issue(7, month("2026-11")).unwrap();
        let (foreign, _) = super::tests::codes(2).issue(7, month("2026-11")).unwrap();
        let other_id = SurveyCodes::new(&SecretKey::new(2, [1; 32])).unwrap();
        let (other_id, _) = other_id.issue(7, month("2026-11")).unwrap();
        for wrong in [
            "",
            "A",
            "U",
            "é",
            &foreign,
            &other_id,
            &code[..35],
            &"0".repeat(65),
        ] {
            assert_eq!(codes.read(wrong).err(), Some(WrongCode), "{wrong}");
        }
        assert_eq!(codes.read(&format!("{code}0")).err(), Some(WrongCode));
        // Any one letter changed.
        for place in (0..code.len()).filter(|place| place % 5 != 4) {
            let mut bytes = code.clone().into_bytes();
            bytes[place] = if bytes[place] == b'Z' { b'Y' } else { b'Z' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(codes.read(&changed).err(), Some(WrongCode), "{changed}");
        }
    }

    #[test]
    fn every_code_is_a_new_one_with_a_pseudonym_of_its_own() {
        let codes = codes(1);
        let pseudonyms = PseudonymKey::new(&SecretKey::new(1, [9; 32]));
        let (one, first) = codes.issue(7, month("2026-11")).unwrap();
        let (two, second) = codes.issue(7, month("2026-11")).unwrap();
        assert_ne!(one, two);
        assert_ne!(first.pseudonym(&pseudonyms), second.pseudonym(&pseudonyms));
        let again = codes.read(&one).unwrap();
        assert_eq!(first.pseudonym(&pseudonyms), again.pseudonym(&pseudonyms));
    }

    #[test]
    fn a_code_is_over_at_the_close_of_the_second_month_after_its_own() {
        let of = month("2024-11");
        assert!(!is_over(of, month("2025-01")));
        assert!(is_over(of, month("2025-02")));
    }
}
