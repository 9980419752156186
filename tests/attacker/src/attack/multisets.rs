//! Multisets. Knowledge: nothing but a row's persons, sum and sum of squares, and the catalogue's
//! grain; perhaps the answer of one member (one's own). How many sets of answers fit?

use crate::public::Variable;

/// A row's figures in steps from the variable's minimum.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// The number of persons in the row.
    pub n: i64,
    /// The sum in steps of the scale.
    pub sum: i64,
    /// Sum of squares of steps.
    pub sum_sq: i64,
    /// The largest number of steps.
    pub top: i64,
}

/// After so many places looked at, the search is given up.
const BUDGET: u32 = 200_000;

impl Figures {
    /// From a row's figures in millionths.
    pub fn of_row(persons: u32, sum: i64, sum_sq: i128, variable: &Variable) -> Self {
        let (n, min, grain) = (i64::from(persons), variable.min, variable.grain);
        let (wide, sum_wide) = (i128::from(min), i128::from(sum));
        let squares = sum_sq - 2 * wide * sum_wide + i128::from(n) * wide * wide;
        Self {
            n,
            sum: (sum - n * min) / grain,
            sum_sq: (squares / (i128::from(grain) * i128::from(grain))) as i64,
            top: variable.steps() - 1,
        }
    }

    /// Of some answers, in steps.
    pub fn of_answers(answers: &[i64], top: i64) -> Self {
        Self {
            n: answers.len() as i64,
            sum: answers.iter().sum(),
            sum_sq: answers.iter().map(|answer| answer * answer).sum(),
            top,
        }
    }

    /// Without one member whose answer is known.
    #[must_use]
    pub fn without(self, answer: i64) -> Self {
        Self {
            n: self.n - 1,
            sum: self.sum - answer,
            sum_sq: self.sum_sq - answer * answer,
            ..self
        }
    }

    /// How many multisets of answers fit, counted up to `most`; `None` if the search was given up.
    pub fn solutions(self, most: u32) -> Option<u32> {
        let mut search = Search {
            most,
            found: 0,
            budget: BUDGET,
        };
        search.go(self);
        (search.budget > 0 || search.found >= most).then_some(search.found)
    }
}

struct Search {
    most: u32,
    found: u32,
    budget: u32,
}

impl Search {
    /// Chooses the largest answer, then the rest, which are at most as large.
    fn go(&mut self, left: Figures) {
        if left.n == 0 {
            self.found += u32::from(left.sum == 0 && left.sum_sq == 0);
            return;
        }
        for answer in (0..=left.top).rev() {
            if self.found >= self.most || self.budget == 0 {
                return;
            }
            self.budget -= 1;
            let rest = Figures {
                top: answer,
                ..left.without(answer)
            };
            if rest.may_fit() {
                self.go(rest);
            }
        }
    }
}

impl Figures {
    /// False if no answers of 0 to `top` have this sum and this sum of squares.
    fn may_fit(self) -> bool {
        if self.sum < 0 || self.sum > self.n * self.top || (self.sum + self.sum_sq) % 2 != 0 {
            return false;
        }
        if self.n == 0 || self.top == 0 {
            return self.sum == 0 && self.sum_sq == 0;
        }
        let (each, over) = (self.sum / self.n, self.sum % self.n);
        let least = self.n * each * each + over * (2 * each + 1);
        let (full, rest) = (self.sum / self.top, self.sum % self.top);
        let largest = full * self.top * self.top + rest * rest;
        (least..=largest).contains(&self.sum_sq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All multisets, one by one.
    fn slow(figures: Figures, n: i64, top: i64, sum: i64, squares: i64) -> u32 {
        if n == 0 {
            return u32::from(sum == figures.sum && squares == figures.sum_sq);
        }
        let next = |one| slow(figures, n - 1, one, sum + one, squares + one * one);
        (0..=top).map(next).sum()
    }

    #[test]
    fn all_solutions_are_found() {
        for answers in [
            [0, 0, 0, 0],
            [3, 1, 4, 1],
            [5, 5, 0, 2],
            [6, 0, 6, 0],
            [2, 3, 3, 4],
        ] {
            let figures = Figures::of_answers(&answers, 6);
            assert_eq!(figures.solutions(1000), Some(slow(figures, 4, 6, 0, 0)));
        }
    }
}
