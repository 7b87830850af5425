//! What an answer of a receiver means.

use std::time::Duration;

use crate::Outcome;

/// What a status and the pause that came with it, in seconds, mean: 2xx is taken, everything else is tried again
/// (Pusher's "Webhooks": "any other response is a failure"). A redirect is not followed.
pub fn answered(status: u16, retry_after_s: Option<u64>) -> Outcome {
    let why = match status {
        200..=299 => return Outcome::Taken,
        300..=399 => format!(
            "The receiver redirects ({status}), and webhooks do not follow; configure the final address."
        ),
        401 | 403 => {
            format!(
                "The receiver refuses ({status}); check the key and secret that it verifies with."
            )
        }
        _ => format!("The receiver answered with status {status}."),
    };
    Outcome::Failed { why, pause: retry_after_s.map(Duration::from_secs) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_2xx_is_taken() {
        for status in [200, 201, 204, 299] {
            assert_eq!(answered(status, None), Outcome::Taken);
        }
        for status in [100, 301, 302, 307, 400, 401, 403, 404, 410, 429, 500, 503] {
            let outcome = answered(status, Some(7));
            assert!(
                matches!(&outcome, Outcome::Failed { why, pause: Some(pause) }
                    if why.contains(&status.to_string()) && pause.as_secs() == 7),
                "{outcome:?}"
            );
        }
    }
}
