//! A line of JSON as a submission. Comes in: the bytes of a line. Goes out: a `Submission`, or what
//! is wrong with the line. The invariants: nothing of a line is silently left out; what is wrong is
//! told by place and rule, never by what stands there. The short words that messages and the
//! catalogue use (`agreement`) are taken as well as those of the schema (`CODING_AGREEMENT`).

use medvirk_fhir::json::{self, Fault, Misplaced};
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
        check_message(&mut value, &self.submission, "")?;
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

fn misplaced(at: Misplaced) -> String {
    let column = at.column;
    match at.fault {
        Fault::Syntax => format!("no JSON, at column {column}"),
        Fault::NameTwice => format!("a name stands twice in an object, at column {column}"),
        Fault::Trailing => {
            format!("something stands behind the object, at column {column}: one object a line")
        }
    }
}

/// Checks names and values, and turns short words into those of the schema.
fn check_message(
    value: &mut Value,
    message: &MessageDescriptor,
    place: &str,
) -> Result<(), String> {
    let Value::Object(object) = value else {
        return Err(format!("{}must be an object", told(place)));
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
            return Err(format!(
                "{}has a name that is none of: {known}",
                told(place)
            ));
        };
        check_once(&field, &seen, place)?;
        if !value.is_null() {
            check_field(value, &field, &inner(place, &field))?;
            seen.push(field);
        }
    }
    Ok(())
}

/// A field has two names, and of some fields there may be one only.
fn check_once(
    field: &FieldDescriptor,
    seen: &[FieldDescriptor],
    place: &str,
) -> Result<(), String> {
    if seen.contains(field) {
        let name = field.json_name();
        return Err(format!(
            "{}has {name} twice, under both its names",
            told(place)
        ));
    }
    let Some(oneof) = field.containing_oneof() else {
        return Ok(());
    };
    if seen
        .iter()
        .any(|other| other.containing_oneof().as_ref() == Some(&oneof))
    {
        let names: Vec<_> = oneof.fields().map(|it| it.json_name().to_owned()).collect();
        return Err(format!(
            "{}must have one only of: {}",
            told(place),
            names.join(", ")
        ));
    }
    Ok(())
}

fn check_field(value: &mut Value, field: &FieldDescriptor, place: &str) -> Result<(), String> {
    if !field.is_list() {
        return check_value(value, &field.kind(), place);
    }
    let Value::Array(entries) = value else {
        return Err(format!("{place}: must be a list"));
    };
    for (index, entry) in entries.iter_mut().enumerate() {
        check_value(entry, &field.kind(), &format!("{place}[{index}]"))?;
    }
    Ok(())
}

fn check_value(value: &mut Value, kind: &Kind, place: &str) -> Result<(), String> {
    let rule = match kind {
        Kind::Message(message) => return check_message(value, message, place),
        Kind::Enum(words) => return check_word(value, words, place),
        Kind::String => value.is_string().then_some(()).ok_or("must be text"),
        Kind::Bool => value
            .is_boolean()
            .then_some(())
            .ok_or("must be true or false"),
        // Protobuf JSON takes numbers in quotation marks too.
        _ => (value.is_number() || value.is_string())
            .then_some(())
            .ok_or("must be a number"),
    };
    rule.map_err(|rule| format!("{place}: {rule}"))
}

fn check_word(value: &mut Value, words: &EnumDescriptor, place: &str) -> Result<(), String> {
    let Value::String(word) = value else {
        let known = value.is_number();
        return known.then_some(()).ok_or_else(|| one_of(words, place));
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

fn one_of(words: &EnumDescriptor, place: &str) -> String {
    let prefix = prefix(words);
    let short = |name: &str| {
        let name = name.strip_prefix(&prefix).unwrap_or(name);
        name.to_lowercase().replace('_', "-")
    };
    let all = words.values().filter(|it| it.number() != 0);
    let all: Vec<_> = all.map(|it| short(it.name())).collect();
    format!("{place}: must be one of {}", all.join(", "))
}

fn inner(place: &str, field: &FieldDescriptor) -> String {
    match place {
        "" => field.name().to_owned(),
        place => format!("{place}.{}", field.name()),
    }
}

fn told(place: &str) -> String {
    match place {
        "" => String::new(),
        place => format!("{place}: "),
    }
}

#[cfg(test)]
mod tests;
