//! Whole-system tests: a real `medvirk up`, its real engines, and what its users see of it.

mod architecture;

mod real_input;

mod bad_input;

mod kills;

mod side_by_side;
