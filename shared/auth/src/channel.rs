//! Signatures of subscriptions: `socket_id:channel`, or `socket_id:channel:channel_data`.

use protocol::SocketId;

use crate::{AuthError, KeyPair, Purpose, check, clip};

/// Signs a subscription: `key:signature`, as the auth endpoint answers it.
pub fn sign_channel(
    pair: &KeyPair,
    socket: SocketId,
    channel: &str,
    channel_data: Option<&str>,
) -> String {
    format!("{}:{}", pair.key, pair.sign(text(socket, channel, channel_data).as_bytes()))
}

/// Checks a subscription's signature against all keys of the app, in constant time.
///
/// # Errors
/// [`AuthError`] with the text that Pusher sends.
pub fn verify_channel(
    keys: &[KeyPair],
    socket: SocketId,
    channel: &str,
    channel_data: Option<&str>,
    auth: &str,
) -> Result<(), AuthError> {
    let purpose = Purpose {
        verb: format!("subscribe to {}", clip(channel)),
        noun: format!("subscription to {}", clip(channel)),
        kind: "subscription",
    };
    check(keys, &text(socket, channel, channel_data), auth, purpose)
}

/// What is signed. `channel_data` belongs to it on every kind of channel, not only on presence.
fn text(socket: SocketId, channel: &str, channel_data: Option<&str>) -> String {
    match channel_data {
        Some(data) => format!("{socket}:{channel}:{data}"),
        None => format!("{socket}:{channel}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn docs() -> KeyPair {
        KeyPair::new("278d425bdf160c739803", "7ad3773142a6692b25b8")
    }

    fn ours() -> KeyPair {
        KeyPair::new("pb-key", "pb-secret")
    }

    fn check(pair: &KeyPair, socket: (u64, u64), channel: &str, data: Option<&str>, hex: &str) {
        let socket = SocketId::from_random(socket.0, socket.1);
        let auth = format!("{}:{hex}", pair.key);
        assert_eq!(sign_channel(pair, socket, channel, data), auth);
        let keys = [KeyPair::new("other", "other"), pair.clone()];
        assert_eq!(verify_channel(&keys, socket, channel, data, &auth), Ok(()));
    }

    /// Vectors of Pusher's documentation (today's and an older edition), and made with the npm package `pusher` 5.3.4.
    #[test]
    fn vectors() {
        check(
            &docs(),
            (1234, 1234),
            "private-foobar",
            None,
            "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4",
        );
        for (name, hex) in [
            ("Mr. Channels", "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80"),
            ("Mr. Pusher", "afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c"),
        ] {
            let data = format!(r#"{{"user_id":10,"user_info":{{"name":"{name}"}}}}"#);
            check(&docs(), (1234, 1234), "presence-foobar", Some(&data), hex);
        }
        for (channel, data, hex) in [
            (
                "private-orders",
                None,
                "c513e10e0ec844b7b31516715163b519d68d55e2c098153e11b23f9095fc9d80",
            ),
            (
                "private-orders",
                Some(r#"{"user_id":"u1"}"#),
                "7823d8c541e6ef484cc691e1847cc6beedcdbd050e1490ca4ecc2b148a1a73d4",
            ),
            (
                "presence-team",
                Some(r#"{"user_id":"u1","user_info":{"name":"Ada"}}"#),
                "e072d8ffdff6ec8eb8a789e1fb86b72febb39e6915d7f5c7bb86417a7def34c6",
            ),
            (
                "private-encrypted-orders",
                None,
                "c3ae2d3f7ed40c48bde06092eb4bf2dff255ef1092f0c18de0036ff769f23423",
            ),
        ] {
            check(&ours(), (1234, 5678), channel, data, hex);
        }
    }

    #[test]
    fn refusals_use_pushers_words_and_never_tell_the_signature() {
        let socket = SocketId::from_random(1234, 5678);
        let shown = |auth: &str| {
            let refused = verify_channel(&[ours()], socket, "private-orders", None, auth);
            refused.map_or_else(|e| e.to_string(), |()| "accepted".into())
        };
        assert_eq!(shown(""), "Auth info required to subscribe to private-orders");
        assert_eq!(
            shown("pb-key"),
            "Auth value for subscription to private-orders is invalid: should be of format 'key:signature'"
        );
        assert_eq!(shown("nobody:00"), "Invalid key in subscription auth data: 'nobody'");
        for wrong in ["pb-key:00", "pb-key:", "pb-key:a:b"] {
            let got = wrong.strip_prefix("pb-key:").unwrap();
            assert_eq!(
                shown(wrong),
                format!(
                    "Invalid signature: Expected HMAC SHA256 hex digest of 1234.5678:private-orders, but got {got}"
                )
            );
        }
    }

    #[test]
    fn upper_case_hex_and_the_secret_of_another_key_are_refused() {
        let socket = SocketId::from_random(1, 2);
        let auth = sign_channel(&ours(), socket, "private-a", None);
        let shouted = format!("pb-key:{}", auth.split_once(':').unwrap().1.to_uppercase());
        assert!(verify_channel(&[ours()], socket, "private-a", None, &shouted).is_err());
        let other = KeyPair::new("pb-key", "rotated");
        assert!(verify_channel(&[other], socket, "private-a", None, &auth).is_err());
    }

    proptest! {
        #[test]
        fn what_is_signed_is_accepted_and_nothing_else(
            socket: (u64, u64),
            channel in "private-[a-z0-9]{1,20}",
            data: Option<String>,
            flip in 0usize..64,
        ) {
            let socket = SocketId::from_random(socket.0, socket.1);
            let auth = sign_channel(&ours(), socket, &channel, data.as_deref());
            prop_assert_eq!(verify_channel(&[ours()], socket, &channel, data.as_deref(), &auth), Ok(()));

            let mut flipped = auth.clone().into_bytes();
            flipped["pb-key:".len() + flip] ^= 1;
            let flipped = String::from_utf8(flipped).unwrap();
            prop_assert!(verify_channel(&[ours()], socket, &channel, data.as_deref(), &flipped).is_err());

            let elsewhere = format!("{channel}x");
            prop_assert!(verify_channel(&[ours()], socket, &elsewhere, data.as_deref(), &auth).is_err());
        }
    }
}
