//! Bytes in a message, in Base64 (RFC 4648 §4): a third more room than they need, where a list of numbers takes four times as much.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded(pub Vec<u8>);

impl Serialize for Encoded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Encoded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        STANDARD.decode(text.as_bytes()).map(Encoded).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_and_rubbish_is_refused() {
        for bytes in [vec![], vec![0, 255, 10], vec![7; 1000]] {
            let text = serde_json::to_string(&Encoded(bytes.clone())).unwrap();
            assert_eq!(serde_json::from_str::<Encoded>(&text).unwrap(), Encoded(bytes));
        }
        assert!(serde_json::from_str::<Encoded>(r#""%%%""#).is_err());
    }
}
