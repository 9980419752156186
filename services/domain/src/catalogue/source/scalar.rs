//! Values of files that are no tables: numbers and titles.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor, value::MapAccessDeserializer};

use crate::fixed::FixedPoint;

/// A whole number or a decimal.
#[derive(Clone, Copy)]
pub(in crate::catalogue) struct SourceNumber(pub(in crate::catalogue) FixedPoint);

impl<'de> Deserialize<'de> for SourceNumber {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = SourceNumber;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of at most six decimals, from -1000000 to 1000000")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<SourceNumber, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<SourceNumber, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<SourceNumber, E> {
        FixedPoint::from_f64(value)
            .map(SourceNumber)
            .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Float(value), &self))
    }
}

/// A title in several languages, or a name that is the same in all.
pub(in crate::catalogue) enum RawTitles {
    Name(String),
    ByLanguage(BTreeMap<String, String>),
}

impl<'de> Deserialize<'de> for RawTitles {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TitlesVisitor)
    }
}

struct TitlesVisitor;

impl<'de> Visitor<'de> for TitlesVisitor {
    type Value = RawTitles;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or texts by language: { nb = …, nn = …, en = … }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawTitles, E> {
        Ok(RawTitles::Name(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawTitles, A::Error> {
        BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(RawTitles::ByLanguage)
    }
}
