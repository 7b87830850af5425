//! Quantiles of what was measured.

use std::time::Duration;

/// Durations, sorted when asked.
#[derive(Debug, Default)]
pub(crate) struct Sample(Vec<Duration>);

impl Sample {
    /// Adds one.
    pub(crate) fn push(&mut self, value: Duration) {
        self.0.push(value);
    }

    /// Takes another sample's values along.
    pub(crate) fn extend(&mut self, other: impl IntoIterator<Item = Duration>) {
        self.0.extend(other);
    }

    /// The value below which `per_cent` of all lie (nearest rank), in milliseconds; 0 when empty.
    pub(crate) fn quantile_ms(&self, per_cent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * per_cent).div_ceil(100).max(1);
        sorted.get(rank - 1).map_or(0.0, |it| it.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank() {
        let mut sample = Sample::default();
        assert!(sample.quantile_ms(50).abs() < f64::EPSILON);
        sample.extend((1..=100).rev().map(Duration::from_millis));
        for (per_cent, expected) in [(50, 50.0), (99, 99.0), (100, 100.0)] {
            assert!((sample.quantile_ms(per_cent) - expected).abs() < 1e-9);
        }
    }
}
