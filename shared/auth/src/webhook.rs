//! Signatures of webhooks (Pusher's "Webhooks", "Authentication").

use crate::KeyPair;

/// The signature of a webhook's body, for `X-Pusher-Signature`.
pub fn sign_webhook(pair: &KeyPair, body: &[u8]) -> String {
    pair.sign(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with npm `pusher` 5.3.4.
    #[test]
    fn the_body_is_signed_as_it_is() {
        let body = br#"{"time_ms":1700000000000,"events":[{"name":"channel_occupied","channel":"orders"}]}"#;
        assert_eq!(
            sign_webhook(&KeyPair::new("pb-key", "pb-secret"), body),
            "097513801f28d837528b325db2e23111b20e2610577c358c17d8d138958c0703"
        );
    }
}
