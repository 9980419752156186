//! JSON. Comes in: bytes. Goes out: a value. The invariant: nothing that was sent is silently left
//! out, so a name that stands twice in an object is an error, as anything that is not JSON is.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};

/// Where it is not JSON, or a name stands twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MisplacedJson {
    /// The number of the line, counted from 1.
    pub line: usize,
    /// From 1; 0 where there is nothing.
    pub column: usize,
    /// What is wrong there.
    pub fault: JsonFault,
}

/// Why bytes are not read as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonFault {
    /// They are not JSON.
    Syntax,
    /// A name stands twice in an object.
    NameTwice,
    /// Something other than white space stands behind the value.
    Trailing,
}

/// Reads JSON.
///
/// # Errors
/// With the place, and nothing of what stands there.
pub fn parse(bytes: &[u8]) -> Result<Value, MisplacedJson> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = StrictValue::deserialize(&mut json).map_err(|error| {
        // The only error that is not about syntax is our own.
        let twice = error.classify() == Category::Data;
        let fault = if twice {
            JsonFault::NameTwice
        } else {
            JsonFault::Syntax
        };
        MisplacedJson::at(&error, fault)
    })?;
    let ended = json.end();
    ended.map_err(|error| MisplacedJson::at(&error, JsonFault::Trailing))?;
    Ok(value.0)
}

impl MisplacedJson {
    fn at(error: &serde_json::Error, fault: JsonFault) -> Self {
        Self {
            line: error.line(),
            column: error.column(),
            fault,
        }
    }
}

/// A value of which every object has each name once.
struct StrictValue(Value);

impl<'de> Deserialize<'de> for StrictValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonReading).map(Self)
    }
}

struct JsonReading;

impl<'de> Visitor<'de> for JsonReading {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(StrictValue(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some((name, StrictValue(value))) = object.next_entry::<String, _>()? {
            if values.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(values.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_json_is_read_as_it_is() {
        for text in [
            "null",
            "[true, -7, 18446744073709551615, 4.5, \"a\\u00e5\", {}]",
            "{\"a\": {\"b\": [1]}, \"c\": {\"b\": 1}}",
        ] {
            let expect: Value = serde_json::from_str(text).unwrap();
            assert_eq!(parse(text.as_bytes()), Ok(expect));
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_an_error_wherever_it_is() {
        let at = |text: &str| parse(text.as_bytes()).unwrap_err();
        let place = |line, column, fault| MisplacedJson {
            line,
            column,
            fault,
        };
        assert_eq!(
            at("{\"a\": 1, \"a\": 1}"),
            place(1, 16, JsonFault::NameTwice)
        );
        assert_eq!(at("{} {}"), place(1, 4, JsonFault::Trailing));
        assert_eq!(at("[{\"b\":\n{\"a\": 1,\n\"a\": 2}}]").line, 3);
        assert_eq!(at(""), place(1, 0, JsonFault::Syntax));
        assert_eq!(at("{\"a\": x}"), place(1, 7, JsonFault::Syntax));
        assert!(parse(b"\"\xff\"").is_err() && parse(b"1 2").is_err() && parse(b"1e400").is_err());
    }
}
