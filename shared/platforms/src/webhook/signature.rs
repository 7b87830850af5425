//! Signatures of Standard Webhooks 1.0, both sides. Pure.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// What a secret begins with (Standard Webhooks, "Secrets").
const PREFIX: &str = "whsec_";
/// Length of a key in bytes (Standard Webhooks: 24 to 64).
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Most secrets of one account. Ours: a rotation has two.
const KEYS: usize = 4;
/// Most signatures in one header that are looked at. Ours.
const SIGNATURES: usize = 16;
/// How far a timestamp may be off, in seconds (the reference libraries' five minutes).
const TOLERANCE_S: u64 = 300;

/// The keys of one receiver; several while they are changed.
#[derive(Clone)]
pub struct Keys(Vec<Vec<u8>>);

/// A text that is not a list of secrets. It does not repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "A webhook's secret is whsec_ and then 24 to 64 random bytes in base64, such as the output of \
     `echo whsec_$(openssl rand -base64 32)`; up to 4 of them, with spaces between, while you change it."
)]
pub struct KeysError;

/// Why a request is not from whom it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The timestamp is not a number.
    #[error("webhook-timestamp is missing or not a number of seconds.")]
    BadTimestamp,
    /// Too old or from the future: it may be an old request, sent again.
    #[error("webhook-timestamp is more than five minutes off.")]
    Stale,
    /// No signature fits.
    #[error("webhook-signature does not fit the body.")]
    BadSignature,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({} of them)", self.0.len())
    }
}

impl Keys {
    /// Reads one secret, or several with spaces between.
    ///
    /// # Errors
    /// When there is none, too many, or one is malformed.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let keys: Vec<_> = text.split_ascii_whitespace().map(key).collect::<Result<_, _>>()?;
        if (1..=KEYS).contains(&keys.len()) { Ok(Self(keys)) } else { Err(KeysError) }
    }

    /// The value of `webhook-signature`: one signature per key.
    pub fn sign(&self, id: &str, timestamp_s: u64, body: &[u8]) -> String {
        let timestamp = timestamp_s.to_string();
        let signatures = self.0.iter().map(|key| signature(key, id, &timestamp, body));
        signatures.collect::<Vec<_>>().join(" ")
    }

    /// Checks a request that came in at `now_s`, in seconds since 1970 UTC. Takes the same time whatever signature fits.
    ///
    /// # Errors
    /// When it is too old or not signed with one of the keys.
    pub fn verify(
        &self,
        id: &str,
        timestamp: &str,
        signatures: &str,
        body: &[u8],
        now_s: u64,
    ) -> Result<(), VerifyError> {
        let sent_s: u64 = timestamp.parse().map_err(|_| VerifyError::BadTimestamp)?;
        if sent_s.abs_diff(now_s) > TOLERANCE_S {
            return Err(VerifyError::Stale);
        }
        let mut fits = Choice::from(0);
        for key in &self.0 {
            let expected = signature(key, id, timestamp, body);
            for candidate in signatures.split(' ').take(SIGNATURES) {
                fits |= expected.as_bytes().ct_eq(candidate.as_bytes());
            }
        }
        if fits.into() { Ok(()) } else { Err(VerifyError::BadSignature) }
    }
}

fn key(secret: &str) -> Result<Vec<u8>, KeysError> {
    let text = secret.strip_prefix(PREFIX).ok_or(KeysError)?;
    let key = BASE64_STANDARD.decode(text).map_err(|_| KeysError)?;
    if KEY_BYTES.contains(&key.len()) { Ok(key) } else { Err(KeysError) }
}

fn signature(key: &[u8], id: &str, timestamp: &str, body: &[u8]) -> String {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes a key of any length")
    };
    let mac = mac
        .chain_update(id)
        .chain_update(".")
        .chain_update(timestamp)
        .chain_update(".")
        .chain_update(body);
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The specification's own example.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT_S: u64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn the_specifications_example() {
        let keys = Keys::parse(SECRET).unwrap();
        assert_eq!(keys.sign(ID, AT_S, BODY), SIGNATURE);
        assert_eq!(keys.verify(ID, "1614265330", SIGNATURE, BODY, AT_S), Ok(()));
    }

    #[test]
    fn what_is_verified() {
        let keys = Keys::parse(SECRET).unwrap();
        let several = format!("v1a,xx v1,AAAA {SIGNATURE}");
        let table = [
            (ID, "1614265330", several.as_str(), AT_S, Ok(())),
            (ID, "1614265330", SIGNATURE, AT_S + 300, Ok(())),
            (ID, "1614265330", SIGNATURE, AT_S - 300, Ok(())),
            (ID, "1614265330", SIGNATURE, AT_S + 301, Err(VerifyError::Stale)),
            (ID, "1614265330", SIGNATURE, AT_S - 301, Err(VerifyError::Stale)),
            (ID, "1614265331", SIGNATURE, AT_S, Err(VerifyError::BadSignature)),
            (ID, "", SIGNATURE, AT_S, Err(VerifyError::BadTimestamp)),
            (ID, "now", SIGNATURE, AT_S, Err(VerifyError::BadTimestamp)),
            ("msg_other", "1614265330", SIGNATURE, AT_S, Err(VerifyError::BadSignature)),
            (ID, "1614265330", "", AT_S, Err(VerifyError::BadSignature)),
            (ID, "1614265330", &SIGNATURE[3..], AT_S, Err(VerifyError::BadSignature)),
            (ID, "1614265330", &SIGNATURE[..40], AT_S, Err(VerifyError::BadSignature)),
        ];
        for (id, timestamp, signatures, now_s, expected) in table {
            assert_eq!(
                keys.verify(id, timestamp, signatures, BODY, now_s),
                expected,
                "{id} {timestamp} {signatures}"
            );
        }
        assert_eq!(
            keys.verify(ID, "1614265330", SIGNATURE, b"{}", AT_S),
            Err(VerifyError::BadSignature)
        );
    }

    #[test]
    fn a_change_of_keys_signs_with_both_and_accepts_either() {
        let new = format!("whsec_{}", BASE64_STANDARD.encode([7; 32]));
        let both = Keys::parse(&format!("{new} {SECRET}")).unwrap();
        let signed = both.sign(ID, AT_S, BODY);
        assert!(signed.ends_with(SIGNATURE) && signed.matches("v1,").count() == 2, "{signed}");
        for receiver in [new.as_str(), SECRET] {
            let keys = Keys::parse(receiver).unwrap();
            assert_eq!(keys.verify(ID, "1614265330", &signed, BODY, AT_S), Ok(()));
        }
    }

    #[test]
    fn secrets_are_checked_and_never_repeated() {
        let of = |bytes: usize| format!("whsec_{}", BASE64_STANDARD.encode(vec![1; bytes]));
        for good in [of(24), of(64), format!("  {}  {} ", of(24), of(32))] {
            assert!(Keys::parse(&good).is_ok(), "{good}");
        }
        let five = [of(24), of(24), of(24), of(24), of(24)].join(" ");
        for bad in [
            of(23),
            of(65),
            of(32)[6..].to_owned(),
            "whsec_".into(),
            "whsec_§".into(),
            String::new(),
            five,
        ] {
            assert_eq!(Keys::parse(&bad).err(), Some(KeysError), "{bad}");
        }
        assert_eq!(format!("{:?}", Keys::parse(SECRET).unwrap()), "Keys(1 of them)");
    }
}
