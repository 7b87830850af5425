//! Signatures of sign-ins: `socket_id::user::user_data`.

use protocol::SocketId;

use crate::{AuthError, KeyPair, Purpose, check};

/// Signs a sign-in: `key:signature`, as the user auth endpoint answers it.
pub fn sign_user(pair: &KeyPair, socket: SocketId, user_data: &str) -> String {
    format!("{}:{}", pair.key, pair.sign(text(socket, user_data).as_bytes()))
}

/// Checks a sign-in's signature against all keys of the app, in constant time.
///
/// # Errors
/// [`AuthError`] with a text in Pusher's manner.
pub fn verify_user(
    keys: &[KeyPair],
    socket: SocketId,
    user_data: &str,
    auth: &str,
) -> Result<(), AuthError> {
    let purpose = Purpose { verb: "sign in".into(), noun: "signin".into(), kind: "signin" };
    check(keys, &text(socket, user_data), auth, purpose)
}

fn text(socket: SocketId, user_data: &str) -> String {
    format!("{socket}::user::{user_data}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn vectors() {
        let docs = KeyPair::new("278d425bdf160c739803", "7ad3773142a6692b25b8");
        assert_eq!(
            sign_user(&docs, SocketId::from_random(1234, 1234), r#"{"id":"12345"}"#),
            "278d425bdf160c739803:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba"
        );
        let ours = KeyPair::new("pb-key", "pb-secret");
        assert_eq!(
            sign_user(
                &ours,
                SocketId::from_random(1234, 5678),
                r#"{"id":"u1","watchlist":["u2","u3"]}"#
            ),
            "pb-key:d63aaf755a02ea9cf05e49fd4b9f7504a260d4525a310a6948b9991fd9fc9ecb"
        );
    }

    proptest! {
        #[test]
        fn what_is_signed_is_accepted_and_nothing_else(socket: (u64, u64), data: String, flip in 0usize..64) {
            let pair = KeyPair::new("pb-key", "pb-secret");
            let socket = SocketId::from_random(socket.0, socket.1);
            let auth = sign_user(&pair, socket, &data);
            prop_assert_eq!(verify_user(std::slice::from_ref(&pair), socket, &data, &auth), Ok(()));
            let mut flipped = auth.into_bytes();
            flipped["pb-key:".len() + flip] ^= 1;
            let flipped = String::from_utf8(flipped).unwrap();
            prop_assert!(verify_user(&[pair], socket, &data, &flipped).is_err());
        }
    }
}
