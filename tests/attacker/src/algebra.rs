//! Linear algebra. Comes in: equations over unknowns. Goes out: what they determine exactly
//! (modulo a prime, so that no rounding hides or feigns a solution), and the best guess of the
//! rest (least squares).

use std::collections::{BTreeMap, BTreeSet};

/// 2⁶¹ − 1, a prime.
const PRIME: u64 = (1 << 61) - 1;

/// One equation: coefficients by unknown, and the sum.
#[derive(Clone, Debug, Default)]
pub struct Equation {
    /// The coefficient of each unknown; one that is not here is 0.
    pub terms: BTreeMap<usize, i64>,
    /// The sum of all terms.
    pub sum: i64,
}

/// Equations in reduced row echelon form.
#[derive(Default)]
pub struct Reduced {
    /// By their pivot, whose coefficient is 1.
    rows: BTreeMap<usize, (BTreeMap<usize, u64>, u64)>,
}

fn residue(value: i64) -> u64 {
    i128::from(value).rem_euclid(i128::from(PRIME)) as u64
}

fn times(one: u64, other: u64) -> u64 {
    // 2⁶¹ is 1 modulo the prime, so the upper half is simply added.
    let product = u128::from(one) * u128::from(other);
    let sum = (product as u64 & PRIME) + (product >> 61) as u64;
    if sum >= PRIME { sum - PRIME } else { sum }
}

fn inverse(value: u64) -> u64 {
    let (mut power, mut left, mut product) = (value, PRIME - 2, 1);
    while left > 0 {
        if left & 1 == 1 {
            product = times(product, power);
        }
        power = times(power, power);
        left >>= 1;
    }
    product
}

type Sparse = (BTreeMap<usize, u64>, u64);

/// `row -= factor * other`.
fn subtract(row: &mut Sparse, factor: u64, other: &Sparse) {
    let minus = PRIME - factor;
    for (unknown, coefficient) in &other.0 {
        let sum = (row.0.get(unknown).copied().unwrap_or(0) + times(minus, *coefficient)) % PRIME;
        if sum == 0 {
            row.0.remove(unknown);
        } else {
            row.0.insert(*unknown, sum);
        }
    }
    row.1 = (row.1 + times(minus, other.1)) % PRIME;
}

impl Reduced {
    /// Reduces equations to as few as say the same.
    pub fn of(equations: &[Equation]) -> Self {
        let mut reduced = Self::default();
        for equation in equations {
            reduced.add(equation);
        }
        reduced
    }

    fn add(&mut self, equation: &Equation) {
        let terms = equation
            .terms
            .iter()
            .map(|(unknown, value)| (*unknown, residue(*value)));
        let terms = terms.filter(|(_, value)| *value != 0);
        let mut row: Sparse = (terms.collect(), residue(equation.sum));
        let pivots: Vec<usize> = row.0.keys().copied().collect();
        for pivot in pivots {
            if let (Some(known), Some(factor)) = (self.rows.get(&pivot), row.0.get(&pivot).copied())
            {
                subtract(&mut row, factor, known);
            }
        }
        let Some((&pivot, &leading)) = row.0.iter().next() else {
            return;
        };
        let scale = inverse(leading);
        row.0
            .values_mut()
            .for_each(|value| *value = times(*value, scale));
        row.1 = times(row.1, scale);
        for known in self.rows.values_mut() {
            if let Some(factor) = known.0.get(&pivot).copied() {
                subtract(known, factor, &row);
            }
        }
        self.rows.insert(pivot, row);
    }

    /// The unknowns that are determined, with their values. An unknown is determined exactly if
    /// the row of its pivot has no other unknown.
    pub fn solved(&self) -> BTreeMap<usize, i64> {
        let alone = self.rows.iter().filter(|(_, row)| row.0.len() == 1);
        alone.map(|(pivot, row)| (*pivot, centred(row.1))).collect()
    }

    /// The unknowns of which some combination of two is determined. Exact as well: a combination
    /// that is zero at all other pivots is a multiple of one reduced row, or of two solved ones.
    pub fn in_pairs(&self) -> BTreeSet<usize> {
        let few = self.rows.values().filter(|row| row.0.len() <= 2);
        few.flat_map(|row| row.0.keys().copied()).collect()
    }

    /// The unknowns of each reduced row.
    pub fn supports(&self) -> impl Iterator<Item = BTreeSet<usize>> + '_ {
        self.rows
            .values()
            .map(|row| row.0.keys().copied().collect())
    }
}

/// The integer of least magnitude.
fn centred(value: u64) -> i64 {
    let value = value as i64;
    if value > (PRIME / 2) as i64 {
        value - PRIME as i64
    } else {
        value
    }
}

/// The best linear guess of every unknown from equations and a common mean. `noise` is how much of
/// what differs, for each term of an equation, is no difference between unknowns, as a ratio of
/// variances: with 0 it is the guess nearest to the mean that fulfils the equations.
pub fn guesses(equations: &[Equation], unknowns: usize, mean: f64, noise: f64) -> Vec<f64> {
    let size = equations.len();
    let mut matrix = vec![vec![0.0; size + 1]; size];
    for (place, one) in equations.iter().enumerate() {
        for (other_place, other) in equations.iter().enumerate() {
            let common = one.terms.iter().map(|(unknown, value)| {
                (*value * other.terms.get(unknown).copied().unwrap_or(0)) as f64
            });
            matrix[place][other_place] = common.sum();
        }
        // Equations that say the same twice have no unique weights; this picks small ones.
        matrix[place][place] += 1e-6 + noise * one.terms.len() as f64;
        let expected: i64 = one.terms.values().sum();
        matrix[place][size] = one.sum as f64 - mean * expected as f64;
    }
    let weights = solve(matrix);
    let mut guesses = vec![mean; unknowns];
    for (equation, weight) in equations.iter().zip(weights) {
        for (unknown, value) in &equation.terms {
            guesses[*unknown] += weight * *value as f64;
        }
    }
    guesses
}

/// Gauss with pivoting; the last column is the right side.
fn solve(mut matrix: Vec<Vec<f64>>) -> Vec<f64> {
    let size = matrix.len();
    for step in 0..size {
        let best = (step..size).max_by(|one, other| {
            matrix[*one][step]
                .abs()
                .total_cmp(&matrix[*other][step].abs())
        });
        matrix.swap(step, best.unwrap_or(step));
        let pivot = matrix[step].clone();
        for row in matrix.iter_mut().skip(step + 1) {
            let factor = row[step] / pivot[step];
            if factor != 0.0 {
                row.iter_mut()
                    .zip(&pivot)
                    .for_each(|(value, other)| *value -= factor * other);
            }
        }
    }
    let mut solution = vec![0.0; size];
    for step in (0..size).rev() {
        let known: f64 = (step + 1..size)
            .map(|place| matrix[step][place] * solution[place])
            .sum();
        solution[step] = (matrix[step][size] - known) / matrix[step][step];
    }
    solution
}

/// How much of the variance the guesses explain: 1 is all, 0 is no better than the mean.
pub fn r_squared(guesses: &[f64], truth: &[f64]) -> f64 {
    let mean = truth.iter().sum::<f64>() / truth.len() as f64;
    let left: f64 = guesses
        .iter()
        .zip(truth)
        .map(|(guess, true_one)| (guess - true_one).powi(2))
        .sum();
    let all: f64 = truth.iter().map(|true_one| (true_one - mean).powi(2)).sum();
    1.0 - left / all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equation(terms: &[(usize, i64)], sum: i64) -> Equation {
        Equation {
            terms: terms.iter().copied().collect(),
            sum,
        }
    }

    #[test]
    fn what_is_determined_is_found_and_nothing_else() {
        let equations = [
            equation(&[(0, 1), (1, 1), (2, 1)], -4),
            equation(&[(0, 1), (1, 1)], 3),
            equation(&[(3, 1), (4, 1)], 9),
        ];
        let reduced = Reduced::of(&equations);
        assert_eq!(reduced.solved(), [(2, -7)].into());
        assert_eq!(reduced.in_pairs(), [0, 1, 2, 3, 4].into());
    }

    #[test]
    fn guesses_fulfil_the_equations() {
        let equations = [equation(&[(0, 1), (1, 1)], 10), equation(&[(1, 1)], 8)];
        let found = guesses(&equations, 3, 4.0, 0.0);
        let close = |one: f64, other: f64| (one - other).abs() < 1e-3;
        assert!(close(found[0], 2.0) && close(found[1], 8.0) && close(found[2], 4.0));
        assert!(close(r_squared(&found, &[2.0, 8.0, 4.0]), 1.0));
    }
}
