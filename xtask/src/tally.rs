//! Counting outcomes in what test runners print.

use std::fmt;
use std::ops::AddAssign;

/// How many tests passed, failed and were skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Passed.
    pub(crate) passed: u32,
    /// Failed, cancelled tests included.
    pub(crate) failed: u32,
    /// Not run.
    pub(crate) skipped: u32,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Reads a line of `cargo test`: `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
pub(crate) fn of_cargo(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let mut tally = Tally::default();
    for part in counts.split(';') {
        match part.trim().split_once(' ') {
            Some((n, "passed")) => tally.passed = n.parse().ok()?,
            Some((n, "failed")) => tally.failed = n.parse().ok()?,
            Some((n, "ignored")) => tally.skipped = n.parse().ok()?,
            _ => {}
        }
    }
    Some(tally)
}

/// Reads the closing lines of Node's TAP report: `# pass 5`, `# fail 0`, `# cancelled 0`, `# skipped 1`.
pub(crate) fn of_tap(report: &str) -> Tally {
    let mut tally = Tally::default();
    for line in report.lines() {
        let Some((name, count)) = line.strip_prefix("# ").and_then(|it| it.split_once(' ')) else {
            continue;
        };
        let Ok(count) = count.parse::<u32>() else { continue };
        match name {
            "pass" => tally.passed += count,
            "fail" | "cancelled" => tally.failed += count,
            "skipped" => tally.skipped += count,
            _ => {}
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_lines() {
        let line = "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(of_cargo(line), Some(Tally { passed: 5, failed: 2, skipped: 1 }));
        assert_eq!(of_cargo("test result_of_x ... ok"), None);
        assert_eq!(of_cargo("running 5 tests"), None);
    }

    #[test]
    fn tap_reports() {
        let report = "ok 1 - a\n# note 7 things\n# tests 5\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 2\n";
        assert_eq!(of_tap(report), Tally { passed: 3, failed: 2, skipped: 2 });
    }

    #[test]
    fn skipped_is_said_only_when_there_are_any() {
        assert_eq!(Tally { passed: 1, failed: 0, skipped: 0 }.to_string(), "1 passed, 0 failed");
        assert_eq!(
            Tally { passed: 1, failed: 0, skipped: 2 }.to_string(),
            "1 passed, 0 failed, 2 skipped"
        );
    }
}
