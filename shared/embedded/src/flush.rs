//! Group commit. A write is acknowledged when a sync that began after it has ended; all writes that
//! wait meanwhile share the next one.
//!
//! SQLite would sync once per commit (`synchronous = FULL`), and then nothing else runs. With `NORMAL` its commits only reach
//! the log file, in order, and the sync is ours: as durable once acknowledged, and many times as fast when many write.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

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

/// What is written, and what of it is on the disk.
pub(crate) struct Flush<S> {
    log: Arc<S>,
    written: AtomicU64,
    synced: Mutex<Synced>,
}

/// After a failed sync nobody knows what is on the disk, and trying again would not tell
/// (the kernel may have dropped the pages): from then on every write fails.
enum Synced {
    UpTo(u64),
    Failed,
}

impl<S: Disk> Flush<S> {
    pub(crate) fn new(log: S) -> Self {
        let synced = Mutex::new(Synced::UpTo(0));
        Self { log: Arc::new(log), written: AtomicU64::new(0), synced }
    }

    /// Notes that one more write has reached the log.
    pub(crate) fn wrote(&self) -> u64 {
        self.written.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Waits until that write is on the disk.
    pub(crate) async fn reached(&self, write: u64) -> io::Result<()> {
        let mut synced = self.synced.lock().await;
        match *synced {
            Synced::UpTo(last) if last >= write => return Ok(()),
            Synced::UpTo(_) => {}
            Synced::Failed => return Err(io::Error::other("an earlier sync failed")),
        }
        let last = self.written.load(Ordering::SeqCst);
        let log = Arc::clone(&self.log);
        let done = tokio::task::spawn_blocking(move || log.sync()).await;
        match done.unwrap_or_else(|e| Err(io::Error::other(e))) {
            Ok(()) => {
                *synced = Synced::UpTo(last);
                Ok(())
            }
            Err(error) => {
                *synced = Synced::Failed;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Says when a sync begins, and ends it when told to.
    struct ByHand {
        begun: std::sync::Mutex<Sender<()>>,
        end: std::sync::Mutex<Receiver<io::Result<()>>>,
    }

    impl Disk for ByHand {
        fn sync(&self) -> io::Result<()> {
            self.begun.lock().unwrap().send(()).unwrap();
            self.end.lock().unwrap().recv().unwrap()
        }
    }

    fn by_hand() -> (Arc<Flush<ByHand>>, Receiver<()>, Sender<io::Result<()>>) {
        let (begun, seen) = channel();
        let (end, ended) = channel();
        let log = ByHand { begun: begun.into(), end: ended.into() };
        (Arc::new(Flush::new(log)), seen, end)
    }

    fn waiting(flush: &Arc<Flush<ByHand>>, write: u64) -> tokio::task::JoinHandle<io::Result<()>> {
        let flush = Arc::clone(flush);
        tokio::spawn(async move { flush.reached(write).await })
    }

    #[tokio::test]
    async fn a_write_waits_for_a_sync_that_began_after_it_and_shares_it() {
        let (flush, begun, end) = by_hand();
        let first = waiting(&flush, flush.wrote());
        let begun = tokio::task::spawn_blocking(move || begun.recv().map(|()| begun))
            .await
            .unwrap()
            .unwrap();
        // These come while the first sync is under way: it does not cover them, one more covers all.
        let late: Vec<_> = (0..50).map(|_| waiting(&flush, flush.wrote())).collect();
        end.send(Ok(())).unwrap();
        first.await.unwrap().unwrap();
        let begun = tokio::task::spawn_blocking(move || begun.recv().map(|()| begun))
            .await
            .unwrap()
            .unwrap();
        assert!(
            late.iter().all(|task| !task.is_finished()),
            "acknowledged before it was on the disk"
        );
        end.send(Ok(())).unwrap();
        for task in late {
            task.await.unwrap().unwrap();
        }
        assert!(begun.try_recv().is_err(), "one sync was enough");
    }

    #[tokio::test]
    async fn after_a_failed_sync_no_write_is_acknowledged() {
        let (flush, _begun, end) = by_hand();
        end.send(Err(io::Error::other("the disk is gone"))).unwrap();
        assert!(flush.reached(flush.wrote()).await.is_err());
        end.send(Ok(())).unwrap();
        assert!(flush.reached(flush.wrote()).await.is_err());
    }

    #[tokio::test]
    async fn the_log_is_synced_where_sqlite_writes_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("store.sqlite");
        assert!(Log::of(&store).sync().is_err(), "there is no log yet");
        std::fs::write(dir.path().join("store.sqlite-wal"), "frames").unwrap();
        Log::of(&store).sync().unwrap();
    }
}
