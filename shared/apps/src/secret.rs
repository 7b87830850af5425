//! Secrets as they are written.

use std::fmt;

use auth::Secret;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// A secret as it is written: a text. What is refused is not quoted. Written out only where secrets are kept.
#[derive(Debug, Clone)]
pub struct SecretText(pub Secret);

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match str::from_utf8(self.0.expose()) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Err(serde::ser::Error::custom("a secret is a text")),
        }
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text).map(|text| Self(Secret::new(text)))
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret as a text in quotes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    // The usual refusal of these quotes what was written.

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<String, E> {
        Err(no_text())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<String, E> {
        Err(no_text())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<String, E> {
        Err(no_text())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<String, E> {
        Err(no_text())
    }
}

fn no_text<E: de::Error>() -> E {
    E::custom("a secret is a text in quotes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_secret_is_not_quoted() {
        for bad in ["12345", "-12345", "12345.5", "true", "[\"12345\"]", "{\"a\":\"12345\"}"] {
            let error = serde_json::from_str::<SecretText>(bad).unwrap_err().to_string();
            assert!(!error.contains("12345") && !error.contains("true"), "{error}");
        }
        let secret: SecretText = serde_json::from_str("\"hush\"").unwrap();
        assert!(secret.0.is(b"hush") && !format!("{secret:?}").contains("hush"));
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"hush\"");
    }
}
