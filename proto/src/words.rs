//! The enumerations of forms in the words of the wire and of the domain. Comes in: either. Goes out:
//! the other. The invariant: there and back is the same, and what is unspecified is nothing.

use medvirk_domain::catalogue::Basis;
use medvirk_domain::form::{AgeBand, Coding, MissingReason, Respondent};

use crate::feedback::v1 as wire;

/// Both directions, for an enumeration that names all of the other beside `Unspecified`.
macro_rules! words {
    ($($name:ident { $($wire:ident = $domain:ident),* $(,)? })*) => {
        $(
            impl From<$name> for wire::$name {
                fn from(word: $name) -> Self {
                    match word {
                        $($name::$domain => Self::$wire,)*
                    }
                }
            }

            impl From<Option<$name>> for wire::$name {
                fn from(word: Option<$name>) -> Self {
                    word.map_or(Self::Unspecified, Self::from)
                }
            }

            impl From<wire::$name> for Option<$name> {
                fn from(word: wire::$name) -> Self {
                    match word {
                        wire::$name::Unspecified => None,
                        $(wire::$name::$wire => Some($name::$domain),)*
                    }
                }
            }
        )*
    };
}

words! {
    Respondent {
        Self_ = Patient,
        Caretaker = Caretaker,
        Other = Other,
        GroupMember = GroupMember,
    }
    AgeBand {
        Child = Child,
        Adolescent = Adolescent,
        Adult = Adult,
    }
    Coding {
        Agreement = Agreement,
        HigherIsWorse = HigherIsWorse,
    }
    MissingReason {
        NotAnswered = NotAnswered,
        NotApplicable = NotApplicable,
        PreferNot = PreferNot,
        ByDesign = ByDesign,
    }
    Basis {
        Total = Total,
        Full = Full,
        Partial = Partial,
        TriggerOnly = TriggerOnly,
        Closed = Closed,
        Missing = Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word that the wire has, there and back; the same number of them has the domain.
    #[test]
    fn every_word_is_the_same_there_and_back() {
        macro_rules! round_trip {
            ($($name:ident),*) => {$(
                let mut specified = 0;
                for number in 0..100 {
                    let Ok(word) = wire::$name::try_from(number) else { continue };
                    let known: Option<$name> = word.into();
                    assert_eq!(known.is_none(), number == 0, "{}", word.as_str_name());
                    let back = wire::$name::from(known);
                    assert_eq!(back.as_str_name(), word.as_str_name());
                    specified += i32::from(known.is_some());
                }
                assert!(specified > 1);
            )*};
        }
        round_trip!(Respondent, AgeBand, Coding, MissingReason, Basis);
        let patient = wire::Respondent::from(Respondent::Patient);
        assert_eq!(patient.as_str_name(), "RESPONDENT_SELF");
    }
}
