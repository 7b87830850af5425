//! When a delivery that failed is tried again.

use std::time::Duration;

use posts::Timestamp;

/// How long a delivery is tried (Pusher's webhooks: "for 5 minutes").
pub const WINDOW: Duration = Duration::from_secs(5 * 60);
/// The first pause. It doubles with each attempt.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause. Ours: a receiver that came back waits no longer.
const LONGEST: Duration = Duration::from_secs(60);

/// When the next attempt is due after `attempts` failures, the last of them at `now`; nothing once the window that began
/// at `since` is over. `pause` is what the receiver asked for. `chance`, from 0 to 1, spreads the attempts over the
/// second half of the pause, so that deliveries that failed together do not come back together.
pub(crate) fn next(
    attempts: u32,
    since: Timestamp,
    now: Timestamp,
    pause: Option<Duration>,
    chance: f64,
) -> Option<Timestamp> {
    let end = since.plus(WINDOW);
    if now >= end {
        return None;
    }
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    let half = doubled.min(LONGEST) / 2;
    let backoff = half + half.mul_f64(chance.clamp(0.0, 1.0));
    // The last attempt falls on the end of the window, not before it.
    Some(now.plus(backoff.max(pause.unwrap_or_default())).min(end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_ms(seconds * 1_000)
    }

    #[test]
    fn pauses_double_up_to_a_minute_and_end_with_the_window() {
        let (mut now, mut seconds) = (at(0), Vec::new());
        for attempts in 1.. {
            let Some(next) = next(attempts, at(0), now, None, 1.0) else { break };
            seconds.push(next.ms() / 1_000);
            now = next;
        }
        assert_eq!(seconds, [1, 3, 7, 15, 31, 63, 123, 183, 243, 300]);
    }

    #[test]
    fn a_receiver_may_ask_for_a_longer_pause_but_not_for_a_longer_window() {
        let pause = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(next(1, at(0), at(10), pause(30), 0.0), Some(at(40)));
        assert_eq!(next(7, at(0), at(10), pause(1), 0.0), Some(at(40)));
        assert_eq!(next(1, at(0), at(10), pause(86_400), 0.0), Some(at(300)));
        assert_eq!(next(1, at(0), at(300), None, 0.0), None);
    }

    proptest! {
        #[test]
        fn every_attempt_is_later_and_inside_the_window(
            attempts in 1_u32..2_000, now in 0_i64..300_000, chance in 0.0..1.0,
        ) {
            let now = Timestamp::from_ms(now);
            let next = next(attempts, at(0), now, None, chance).unwrap();
            prop_assert!(next > now && next <= at(300));
        }
    }
}
