//! How messages become bytes and back. Comes in: what gRPC transports. Goes out: messages, or a status
//! whose source is [`UnreadableMessage`]. The invariant: bytes that are no message can be told from any
//! other failure by that type, without the words of a library.

use std::marker::PhantomData;
use std::sync::Arc;

use prost::{DecodeError, Message};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic_prost::{ProstCodec, ProstEncoder};

/// The codec of every service of this crate.
pub struct MessageCodec<T, U>(PhantomData<(T, U)>);

/// Reads one message and keeps the reason of a failure.
pub struct MessageDecoder<U>(PhantomData<U>);

/// The bytes are not the message that they should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableMessage {
    /// The field that cannot be read, by its path from the message; empty where it is none.
    pub field: String,
}

impl UnreadableMessage {
    /// What a decoder said of a status, if that is why the status came to be.
    pub fn of(status: &Status) -> Option<&Self> {
        std::error::Error::source(status)?.downcast_ref()
    }

    /// `Session.patient: SubmitSessionRequest.session: invalid string value` is `session.patient`: the
    /// library begins with the innermost, and tells the path in its text alone.
    fn new(error: &DecodeError) -> Self {
        let text = error.to_string();
        let place = text.split_once(": ").map_or("", |(_, place)| place);
        let mut fields: Vec<_> = place.split(": ").map_while(field_of_message).collect();
        fields.reverse();
        Self {
            field: fields.join("."),
        }
    }
}

/// `Session.patient` is `patient`; anything else is no field.
fn field_of_message(part: &str) -> Option<&str> {
    let is_name = |text: &str| {
        let mut letters = text.bytes();
        letters.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let (message, field) = part.split_once('.')?;
    (is_name(message) && is_name(field)).then_some(field)
}

impl std::fmt::Display for UnreadableMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the bytes are not the message that they should be")
    }
}

impl std::error::Error for UnreadableMessage {}

// === impl MessageCodec ===

impl<T, U> Default for MessageCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for MessageCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = MessageDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::default().encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        MessageDecoder(PhantomData)
    }
}

// === impl MessageDecoder ===

impl<U: Message + Default> Decoder for MessageDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        U::decode(bytes).map(Some).map_err(|error| {
            let unreadable = UnreadableMessage::new(&error);
            let mut status = Status::internal(unreadable.to_string());
            status.set_source(Arc::new(unreadable));
            status
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::v1::{Session, SubmitSessionRequest};

    fn field(bytes: &[u8]) -> String {
        let error = SubmitSessionRequest::decode(bytes).expect_err("no message");
        UnreadableMessage::new(&error).field
    }

    #[test]
    fn the_path_of_an_unreadable_field_is_told() {
        let session = Session {
            patient: "abc".to_owned(),
            ..Session::default()
        };
        let request = SubmitSessionRequest {
            session: Some(session),
            ..SubmitSessionRequest::default()
        };
        let mut bytes = request.encode_to_vec();
        assert_eq!(field(b"\x07"), "", "there is no wire type 7");
        *bytes.last_mut().expect("a letter of the patient") = 0xff;
        assert_eq!(field(&bytes), "session.patient");
    }

    #[test]
    fn a_status_says_whether_it_was_the_bytes() {
        let mut status = Status::internal("x");
        assert_eq!(UnreadableMessage::of(&status), None);
        let unreadable = UnreadableMessage {
            field: "session".to_owned(),
        };
        status.set_source(Arc::new(unreadable.clone()));
        assert_eq!(UnreadableMessage::of(&status), Some(&unreadable));
    }
}
