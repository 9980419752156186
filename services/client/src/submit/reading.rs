//! A line of JSON as a submission. Comes in: the bytes of a line. Goes out: a `Submission`, or what
//! is wrong with the line. The invariants: nothing of a line is silently left out; what is wrong is
//! told by place and rule, never by what stands there. The short words that messages and the
//! catalogue use (`agreement`) are taken as well as those of the schema (`CODING_AGREEMENT`).

use std::fmt;

use medvirk_fhir::json::{self, JsonFault, MisplacedJson};
use medvirk_proto::DESCRIPTORS;
use medvirk_proto::feedback::v1::Submission;
use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor,
};
use serde_json::Value;

/// Reads lines. It has decoded the descriptors once.
pub(crate) struct LineReader {
    submission: MessageDescriptor,
}

impl LineReader {
    pub(crate) fn new() -> Self {
        let pool = DescriptorPool::decode(DESCRIPTORS).expect("compiled with this program");
        let submission = pool.get_message_by_name("medvirk.feedback.v1.Submission");
        Self {
            submission: submission.expect("a message of ours"),
        }
    }

    /// The submission of a line.
    pub(crate) fn read(&self, line: &[u8]) -> Result<Submission, String> {
        let mut value = json::parse(line).map_err(misplaced)?;
        if !value.is_object() {
            return Err(NO_OBJECT.to_owned());
        }
        check_message(&mut value, &self.submission, &LinePlace::Root)?;
        // The text of its errors may quote the line.
        let message = DynamicMessage::deserialize(self.submission.clone(), value)
            .map_err(|_| "a value is not of its field's kind".to_owned())?;
        message
            .transcode_to()
            .map_err(|_| "not a Submission".to_owned())
    }

    /// A submission as a line.
    pub(crate) fn write(&self, submission: &Submission) -> anyhow::Result<String> {
        let mut message = DynamicMessage::new(self.submission.clone());
        message.transcode_from(submission)?;
        Ok(serde_json::to_string(&message)?)
    }
}

const NO_OBJECT: &str = "must be one JSON object";

fn misplaced(at: MisplacedJson) -> String {
    let column = at.column;
    match at.fault {
        JsonFault::Syntax => format!("no JSON, at column {column}"),
        JsonFault::NameTwice => format!("a name stands twice in an object, at column {column}"),
        JsonFault::Trailing => {
            format!("something stands behind the object, at column {column}: one object a line")
        }
    }
}

/// Where in a line something stands. It is written out only where something is wrong, since most
/// lines are right.
enum LinePlace<'p> {
    Root,
    Field(&'p Self, &'p FieldDescriptor),
    Entry(&'p Self, usize),
}

impl fmt::Display for LinePlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, field) => f.write_str(field.name()),
            Self::Field(outer, field) => write!(f, "{outer}.{}", field.name()),
            Self::Entry(outer, index) => write!(f, "{outer}[{index}]"),
        }
    }
}

impl LinePlace<'_> {
    /// The message about a rule that is broken here.
    fn told(&self, rule: impl fmt::Display) -> String {
        match self {
            Self::Root => rule.to_string(),
            place => format!("{place}: {rule}"),
        }
    }
}

/// Checks names and values, and turns short words into those of the schema.
fn check_message(
    value: &mut Value,
    message: &MessageDescriptor,
    place: &LinePlace<'_>,
) -> Result<(), String> {
    let Value::Object(object) = value else {
        return Err(place.told("must be an object"));
    };
    let mut seen: Vec<FieldDescriptor> = Vec::with_capacity(object.len());
    for (name, value) in object.iter_mut() {
        let field = message.get_field_by_json_name(name);
        let Some(field) = field.or_else(|| message.get_field_by_name(name)) else {
            let names: Vec<_> = message
                .fields()
                .map(|it| it.json_name().to_owned())
                .collect();
            let known = names.join(", ");
            return Err(place.told(format_args!("has a name that is none of: {known}")));
        };
        check_once(&field, &seen, place)?;
        if !value.is_null() {
            check_field(value, &field, &LinePlace::Field(place, &field))?;
            seen.push(field);
        }
    }
    Ok(())
}

/// A field has two names, and of some fields there may be one only.
fn check_once(
    field: &FieldDescriptor,
    seen: &[FieldDescriptor],
    place: &LinePlace<'_>,
) -> Result<(), String> {
    if seen.contains(field) {
        let name = field.json_name();
        return Err(place.told(format_args!("has {name} twice, under both its names")));
    }
    let Some(oneof) = field.containing_oneof() else {
        return Ok(());
    };
    if seen
        .iter()
        .any(|other| other.containing_oneof().as_ref() == Some(&oneof))
    {
        let names: Vec<_> = oneof.fields().map(|it| it.json_name().to_owned()).collect();
        return Err(place.told(format_args!("must have one only of: {}", names.join(", "))));
    }
    Ok(())
}

fn check_field(
    value: &mut Value,
    field: &FieldDescriptor,
    place: &LinePlace<'_>,
) -> Result<(), String> {
    if !field.is_list() {
        return check_value(value, &field.kind(), place);
    }
    let Value::Array(entries) = value else {
        return Err(place.told("must be a list"));
    };
    let kind = field.kind();
    for (index, entry) in entries.iter_mut().enumerate() {
        check_value(entry, &kind, &LinePlace::Entry(place, index))?;
    }
    Ok(())
}

fn check_value(value: &mut Value, kind: &Kind, place: &LinePlace<'_>) -> Result<(), String> {
    let (is_right, rule) = match kind {
        Kind::Message(message) => return check_message(value, message, place),
        Kind::Enum(words) => return check_word(value, words, place),
        Kind::String => (value.is_string(), "must be text"),
        Kind::Bool => (value.is_boolean(), "must be true or false"),
        // Protobuf JSON takes numbers in quotation marks too.
        _ => (value.is_number() || value.is_string(), "must be a number"),
    };
    is_right.then_some(()).ok_or_else(|| place.told(rule))
}

fn check_word(
    value: &mut Value,
    words: &EnumDescriptor,
    place: &LinePlace<'_>,
) -> Result<(), String> {
    let Value::String(word) = value else {
        let is_number = value.is_number();
        return is_number.then_some(()).ok_or_else(|| one_of(words, place));
    };
    if words.get_value_by_name(word).is_some() {
        return Ok(());
    }
    let name = format!("{}{}", prefix(words), word.to_uppercase().replace('-', "_"));
    let known = words.get_value_by_name(&name).filter(|it| it.number() != 0);
    *value = Value::String(known.ok_or_else(|| one_of(words, place))?.name().to_owned());
    Ok(())
}

/// What every value of an enumeration of ours begins with: `CODING_`.
fn prefix(words: &EnumDescriptor) -> String {
    let unspecified = words.default_value();
    let name = unspecified.name();
    name.strip_suffix("UNSPECIFIED").unwrap_or(name).to_owned()
}

fn one_of(words: &EnumDescriptor, place: &LinePlace<'_>) -> String {
    let prefix = prefix(words);
    let short = |name: &str| {
        let name = name.strip_prefix(&prefix).unwrap_or(name);
        name.to_lowercase().replace('_', "-")
    };
    let all = words.values().filter(|it| it.number() != 0);
    let all: Vec<_> = all.map(|it| short(it.name())).collect();
    place.told(format_args!("must be one of {}", all.join(", ")))
}

#[cfg(test)]
mod tests;
