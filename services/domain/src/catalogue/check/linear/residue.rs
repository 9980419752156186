//! Arithmetic modulo a prime, where fractions are exact. Comes in: rows of residues. Goes out:
//! the first column that follows from those before it.

/// A Mersenne prime. That a determinant is a multiple of it by chance does not happen to anybody.
const PRIME: u64 = (1 << 61) - 1;

/// Rows in echelon form: for each column the row that starts there.
pub(super) struct EchelonForm(Vec<Option<Vec<u64>>>);

impl EchelonForm {
    pub(super) fn new(width: usize) -> Self {
        Self(vec![None; width])
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.iter().all(Option::is_some)
    }

    /// The first column that is a linear function of those before it.
    pub(super) fn gap(&self) -> Option<usize> {
        self.0.iter().position(Option::is_none)
    }

    pub(super) fn add(&mut self, mut row: Vec<u64>) {
        for column in 0..row.len() {
            let head = row[column];
            if head == 0 {
                continue;
            }
            let Some(known) = &self.0[column] else {
                let scaled = row.iter().map(|value| over(*value, head)).collect();
                self.0[column] = Some(scaled);
                return;
            };
            for (value, known) in row.iter_mut().zip(known) {
                *value = minus(*value, times(*known, head));
            }
        }
    }
}

pub(super) fn residue(value: i128) -> u64 {
    value.rem_euclid(PRIME.into()) as u64
}

pub(super) fn plus(left: u64, right: u64) -> u64 {
    (left + right) % PRIME
}

pub(super) fn minus(left: u64, right: u64) -> u64 {
    (left + PRIME - right) % PRIME
}

fn times(left: u64, right: u64) -> u64 {
    (u128::from(left) * u128::from(right) % u128::from(PRIME)) as u64
}

/// Division by a residue that is not nought, by Fermat.
pub(super) fn over(left: u64, right: u64) -> u64 {
    let (mut inverse, mut base, mut exponent) = (1, right, PRIME - 2);
    while exponent > 0 {
        if exponent % 2 == 1 {
            inverse = times(inverse, base);
        }
        base = times(base, base);
        exponent /= 2;
    }
    times(left, inverse)
}
