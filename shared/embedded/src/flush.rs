//! Group commit. A write is acknowledged when a sync that began after it has ended; all writes that
//! wait meanwhile share the next one.
//!
//! SQLite would sync once per commit (`synchronous = FULL`), and then nothing else runs. With `NORMAL` its commits only reach
//! the log file, in order, and the sync is ours: as durable once acknowledged, and many times as fast when many write.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use tokio::sync::oneshot;

use crate::engine::Answer;

/// Where writes wait to be brought to the disk.
pub(crate) trait Disk: Send + Sync + 'static {
    /// Returns when everything written before is on the disk.
    fn sync(&self) -> io::Result<()>;
}

/// SQLite's write-ahead log.
pub(crate) struct Log {
    path: PathBuf,
}

impl Log {
    /// The log of a store file.
    pub(crate) fn of(store: &std::path::Path) -> Self {
        let mut name = store.as_os_str().to_owned();
        name.push("-wal");
        Self { path: name.into() }
    }
}

impl Disk for Log {
    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_data()
    }
}

/// A write that reached the log, and whom to tell once it is on the disk.
pub(crate) struct Waiting {
    pub(crate) answer: Answer,
    pub(crate) to: oneshot::Sender<Answer>,
}

/// Answers writes when they are on the disk, from a thread of its own.
pub(crate) struct Flush {
    /// Absent in memory, where nothing lasts.
    writes: Option<Sender<Waiting>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Flush {
    /// For a store in memory: answers at once.
    pub(crate) fn none() -> Self {
        Self { writes: None, thread: None }
    }

    /// For a store whose writes reach the disk with a sync of `log`.
    pub(crate) fn on(log: impl Disk) -> io::Result<Self> {
        let (writes, queue) = channel();
        let thread = thread::Builder::new().name("store-sync".to_owned());
        let thread = thread.spawn(move || sync_in_groups(&log, &queue))?;
        Ok(Self { writes: Some(writes), thread: Some(thread) })
    }

    /// Answers a write that has just reached the log, once it is on the disk.
    pub(crate) fn answer_once_synced(&self, write: Waiting) {
        match &self.writes {
            None => told(write),
            // The thread ends with this value, or in a panic: then the caller learns that nobody answers.
            Some(writes) => drop(writes.send(write)),
        }
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.writes = None;
        drop(self.thread.take().map(thread::JoinHandle::join));
    }
}

/// Syncs for all writes that wait, again and again. After a failed sync nobody knows what is on the disk, and trying
/// again would not tell (the kernel may have dropped the pages): from then on every write fails.
fn sync_in_groups(log: &impl Disk, queue: &Receiver<Waiting>) {
    let mut failed = false;
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        group.extend(queue.try_iter());
        if !failed && let Err(error) = log.sync() {
            tracing::error!(%error, "the data file cannot be synced: writes fail until a restart");
            failed = true;
        }
        for mut write in group {
            if failed {
                write.answer = Answer::internal("the data file cannot be synced");
            }
            told(write);
        }
    }
}

fn told(write: Waiting) {
    // A caller that went away wants no answer.
    drop(write.to.send(write.answer));
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Says when a sync begins, and ends it when told to.
    struct ByHand {
        begun: Sender<()>,
        end: Mutex<Receiver<io::Result<()>>>,
    }

    impl Disk for ByHand {
        fn sync(&self) -> io::Result<()> {
            self.begun.send(()).unwrap();
            self.end.lock().unwrap().recv().unwrap()
        }
    }

    fn by_hand() -> (Flush, Receiver<()>, Sender<io::Result<()>>) {
        let (begun, seen) = channel();
        let (end, ended) = channel();
        (Flush::on(ByHand { begun, end: ended.into() }).unwrap(), seen, end)
    }

    fn write(flush: &Flush) -> oneshot::Receiver<Answer> {
        let (to, answered) = oneshot::channel();
        let answer = Answer { status: 200, body: String::new() };
        flush.answer_once_synced(Waiting { answer, to });
        answered
    }

    #[test]
    fn a_write_waits_for_a_sync_that_began_after_it_and_shares_it() {
        let (flush, begun, end) = by_hand();
        let first = write(&flush);
        begun.recv().unwrap();
        // These come while the first sync is under way: it does not cover them, one more covers all.
        let mut late: Vec<_> = (0..50).map(|_| write(&flush)).collect();
        end.send(Ok(())).unwrap();
        assert_eq!(first.blocking_recv().unwrap().status, 200);
        begun.recv().unwrap();
        let early = late.iter_mut().filter_map(|answered| answered.try_recv().ok()).count();
        assert_eq!(early, 0, "acknowledged before it was on the disk");
        end.send(Ok(())).unwrap();
        for answered in late {
            assert_eq!(answered.blocking_recv().unwrap().status, 200);
        }
        drop(flush);
        assert!(begun.try_recv().is_err(), "one sync was enough");
    }

    #[test]
    fn after_a_failed_sync_no_write_is_acknowledged() {
        let (flush, _begun, end) = by_hand();
        end.send(Err(io::Error::other("the disk is gone"))).unwrap();
        assert_eq!(write(&flush).blocking_recv().unwrap().status, 500);
        end.send(Ok(())).unwrap();
        assert_eq!(write(&flush).blocking_recv().unwrap().status, 500);
    }

    #[test]
    fn the_log_is_synced_where_sqlite_writes_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("store.sqlite");
        assert!(Log::of(&store).sync().is_err(), "there is no log yet");
        std::fs::write(dir.path().join("store.sqlite-wal"), "frames").unwrap();
        Log::of(&store).sync().unwrap();
    }
}
