//! What the kernel says about a process: processor time and resident memory (proc(5)).

use std::fs;
use std::io::{Error, Result};

/// A process by its id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// Processor time in user and kernel mode so far, in nanoseconds, over all its threads.
    /// From `schedstat`, because `stat` counts in ticks of 10 ms.
    pub(crate) fn cpu_ns(self) -> Result<u64> {
        let mut total = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.0))? {
            total += thread_ns(&thread?.path().join("schedstat"))?;
        }
        Ok(total)
    }

    /// Resident memory in bytes.
    pub(crate) fn resident_bytes(self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
        let kib = line.and_then(|it| it.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kib.map(|it| it * 1024).ok_or_else(|| Error::other("no VmRSS in /proc"))
    }
}

/// Processor time of the calling thread so far, in nanoseconds.
pub(crate) fn this_thread_ns() -> Result<u64> {
    thread_ns(std::path::Path::new("/proc/thread-self/schedstat"))
}

fn thread_ns(path: &std::path::Path) -> Result<u64> {
    let text = fs::read_to_string(path)?;
    let first = text.split_whitespace().next().and_then(|it| it.parse().ok());
    first.ok_or_else(|| Error::other("the kernel keeps no schedstat"))
}
