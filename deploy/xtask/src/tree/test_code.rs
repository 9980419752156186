//! Which code is of tests alone.

use syn::{Attribute, Meta};

/// Whether an attribute keeps its item out of what is shipped: `#[cfg(test)]`.
pub(super) fn is_for_tests(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    list.path.is_ident("cfg") && list.tokens.to_string() == "test"
}
