//! Whole-system tests: a real `medvirk up`, its real engines, and what its users see of it.

mod architecture;

mod real_input;
