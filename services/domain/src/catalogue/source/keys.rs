//! What a catalogue's files may say, as the structures that read them say it: each key once, with what
//! it is and whether it is needed. Comes in: those structures. Goes out: the reference of all keys, and
//! what is wrong with the keys of a file. The invariant: a key that is read is in the reference, since
//! one declaration makes both.

use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::reference::RawReferencePattern;
use super::scalar::{RawTitles, SourceNumber};
use crate::form::{AgeBand, MissingReason, Respondent};
use crate::ids::{
    IndicatorId, InstitutionId, InstrumentId, ItemId, MeasureId, NationId, PartId, RegionId,
    RuleId, ScaleId, TrustId, UnitId, VariableId,
};

/// A table of a file.
pub(in crate::catalogue) struct KeyTable {
    /// The structure that reads it, so that a table is described once.
    pub(in crate::catalogue) name: &'static str,
    /// What the table is about.
    pub(in crate::catalogue) about: &'static str,
    pub(in crate::catalogue) keys: Vec<TableKey>,
}

/// A key of a table.
pub(in crate::catalogue) struct TableKey {
    pub(in crate::catalogue) name: &'static str,
    /// What the key says.
    pub(in crate::catalogue) about: &'static str,
    /// The table is refused without it.
    pub(in crate::catalogue) needed: bool,
    pub(in crate::catalogue) shape: KeyShape,
}

/// What stands behind a key.
pub(in crate::catalogue) enum KeyShape {
    /// A value: what it may be, and what is wrong with one.
    Value(String, fn(Spanned<DeValue<'_>>) -> Option<String>),
    /// A table with keys of its own.
    Table(fn() -> KeyTable),
    /// A list of these.
    List(Box<Self>),
}

/// A structure that reads a table.
pub(in crate::catalogue) trait DescribedKeys {
    /// The table that it reads.
    fn block() -> KeyTable;
}

/// A type that stands behind a key.
pub(in crate::catalogue) trait KeyType {
    /// The key may be left out.
    const MAY_BE_LEFT_OUT: bool = false;

    /// What stands behind the key.
    fn shape() -> KeyShape;
}

/// Declares structures that read tables, each key with what it says.
macro_rules! tables {
    ($(
        $(#[doc = $about:literal])+
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])+
                $(#[serde($default:ident)])?
                $within:vis $key:ident: $type:ty,
            )*
        }
    )*) => { $(
        $(#[doc = $about])+
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        $vis struct $name {
            $(
                $(#[doc = $doc])+
                $(#[serde($default)])?
                $within $key: $type,
            )*
        }

        impl $crate::catalogue::source::keys::DescribedKeys for $name {
            fn block() -> $crate::catalogue::source::keys::KeyTable {
                use $crate::catalogue::source::keys::{KeyTable, TableKey, KeyType};
                let defaults = [$([$(stringify!($default),)? ""].len() > 1,)*];
                let mut defaults = defaults.into_iter();
                let mut has_default = || defaults.next().unwrap_or(false);
                KeyTable {
                    name: stringify!($name),
                    about: concat!($($about),+),
                    keys: vec![$(TableKey {
                        name: stringify!($key),
                        about: concat!($($doc),+),
                        needed: !has_default() && !<$type as KeyType>::MAY_BE_LEFT_OUT,
                        shape: <$type as KeyType>::shape(),
                    },)*],
                }
            }
        }

        impl $crate::catalogue::source::keys::KeyType for $name {
            fn shape() -> $crate::catalogue::source::keys::KeyShape {
                $crate::catalogue::source::keys::KeyShape::Table(
                    <Self as $crate::catalogue::source::keys::DescribedKeys>::block,
                )
            }
        }
    )* };
}

/// Declares words of which one stands behind a key.
macro_rules! words {
    ($(
        $(#[doc = $about:literal])+
        $vis:vis enum $name:ident { $($word:ident,)+ }
    )*) => { $(
        $(#[doc = $about])+
        #[derive(serde::Deserialize, Clone, Copy, PartialEq, Eq)]
        #[serde(rename_all = "kebab-case")]
        $vis enum $name { $($word,)+ }

        impl $crate::catalogue::source::keys::KeyType for $name {
            fn shape() -> $crate::catalogue::source::keys::KeyShape {
                $crate::catalogue::source::keys::one_of::<Self>(&[$(stringify!($word),)+])
            }
        }
    )* };
}

pub(super) use {tables, words};

/// One of these variants, as files write them.
pub(in crate::catalogue) fn one_of<T: DeserializeOwned>(variants: &[&str]) -> KeyShape {
    let quoted = variants
        .iter()
        .map(|variant| format!("`{}`", kebab(variant)));
    let words = quoted.collect::<Vec<_>>().join(", ");
    KeyShape::Value(words, wrong::<T>)
}

/// The name of a variant as it is written in a file: `FirstClinical` as `first-clinical`.
fn kebab(variant: &str) -> String {
    let mut word = String::new();
    for letter in variant.chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

/// Why a value is not of this type; `None` if it is.
fn wrong<T: DeserializeOwned>(value: Spanned<DeValue<'_>>) -> Option<String> {
    let read = T::deserialize(ValueDeserializer::from(value));
    read.err()
        .map(|error| error.message().trim().replace('\n', " "))
}

macro_rules! values {
    ($($what:literal: $($type:ty),+;)*) => { $($(
        impl KeyType for $type {
            fn shape() -> KeyShape {
                KeyShape::Value($what.to_owned(), wrong::<$type>)
            }
        }
    )+)* };
}

values! {
    "text": String;
    "true or false": bool;
    "whole number": u32, u64, i32;
    "number": SourceNumber;
    "title": RawTitles;
    "regular expression, or table with one for each of `patient`, `episode`, `therapist`":
        RawReferencePattern;
    "id": IndicatorId, InstitutionId, InstrumentId, ItemId, MeasureId, NationId, PartId, RegionId,
        RuleId, ScaleId, TrustId, UnitId, VariableId;
    "two ids": [VariableId; 2];
}

macro_rules! known_words {
    ($($type:ty),+) => { $(
        impl KeyType for $type {
            fn shape() -> KeyShape {
                let words = <$type>::ALL.map(|it| format!("`{}`", it.as_str()));
                KeyShape::Value(words.join(", "), wrong::<$type>)
            }
        }
    )+ };
}

known_words!(Respondent, AgeBand, MissingReason);

impl<T: KeyType> KeyType for Spanned<T> {
    const MAY_BE_LEFT_OUT: bool = T::MAY_BE_LEFT_OUT;

    fn shape() -> KeyShape {
        T::shape()
    }
}

impl<T: KeyType> KeyType for Option<T> {
    const MAY_BE_LEFT_OUT: bool = true;

    fn shape() -> KeyShape {
        T::shape()
    }
}

impl<T: KeyType> KeyType for Vec<T> {
    fn shape() -> KeyShape {
        KeyShape::List(Box::new(T::shape()))
    }
}

impl KeyShape {
    /// What may stand there, in words.
    pub(in crate::catalogue) fn words(&self) -> String {
        match self {
            Self::Value(words, _) => words.clone(),
            Self::Table(block) => {
                let mut words = "table".to_owned();
                let _ = write!(words, " ({})", heading(block().name));
                words
            }
            Self::List(of) => format!("list of {}", of.words()),
        }
    }
}

/// How a table is called in the reference: `RawScaleNorm` as "scale norm".
pub(in crate::catalogue) fn heading(name: &str) -> String {
    kebab(name.strip_prefix("Raw").unwrap_or(name)).replace('-', " ")
}
