//! One socket: whoever has a frame for it writes it at once, on their own thread.
//!
//! Only what the kernel does not take right away is queued, for the session to write later.
//! That spares a wake-up per delivery and lets receivers share one encoded frame.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Buf, Bytes};
use protocol::ConnectionId;
use service::Delivery;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::transport::{QUEUE_BYTES, State};

/// A connected WebSocket, shared by its session and everyone who writes to it.
pub(super) struct Socket {
    pub(super) id: ConnectionId,
    pub(super) stream: TcpStream,
    out: Mutex<Out>,
    wake: Notify,
}

struct Out {
    queue: VecDeque<Bytes>,
    queued_bytes: usize,
    state: State,
}

impl Socket {
    pub(super) fn new(id: ConnectionId, stream: TcpStream) -> Self {
        let out = Out { queue: VecDeque::new(), queued_bytes: 0, state: State::Open };
        Self { id, stream, out: Mutex::new(out), wake: Notify::new() }
    }

    /// Writes a frame, or queues what the kernel does not take now.
    pub(super) fn post(&self, frame: &Bytes) -> Delivery {
        let mut out = self.lock();
        if out.state != State::Open {
            return Delivery::Gone;
        }
        self.put(&mut out, frame.clone());
        if out.state == State::Open { Delivery::Sent } else { Delivery::Gone }
    }

    /// Posts the last frame: a close with its code.
    pub(super) fn close(&self, frame: Bytes) {
        let mut out = self.lock();
        if out.state == State::Open {
            self.put(&mut out, frame);
            if out.state == State::Open {
                out.state = State::Closing;
            }
            self.wake.notify_one();
        }
    }

    fn put(&self, out: &mut Out, mut frame: Bytes) {
        if out.queue.is_empty() {
            match self.stream.try_write(&frame) {
                Ok(written) => frame.advance(written),
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return self.give_up(out),
            }
            if frame.is_empty() {
                return;
            }
            self.wake.notify_one();
        }
        out.queued_bytes += frame.len();
        out.queue.push_back(frame);
        if out.queued_bytes > QUEUE_BYTES {
            tracing::info!(connection = %self.id, "a reader that was too slow is closed");
            self.give_up(out);
        }
    }

    fn give_up(&self, out: &mut Out) {
        out.state = State::Broken;
        out.queue = VecDeque::new();
        out.queued_bytes = 0;
        self.wake.notify_one();
    }

    /// Writes what is queued, as far as the kernel takes it; answers whether something is left.
    pub(super) fn flush(&self) -> bool {
        let mut out = self.lock();
        while let Some(mut frame) = out.queue.pop_front() {
            match self.stream.try_write(&frame) {
                Ok(written) => {
                    out.queued_bytes -= written;
                    frame.advance(written);
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    out.queue.push_front(frame);
                    return true;
                }
                Err(_) => {
                    self.give_up(&mut out);
                    return false;
                }
            }
            if !frame.is_empty() {
                out.queue.push_front(frame);
            }
        }
        out.queue = VecDeque::new();
        false
    }

    pub(super) fn state(&self) -> State {
        self.lock().state
    }

    /// Until someone queued bytes or closed the socket.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Ends our half: the peer reads the close frame and then the end.
    pub(super) fn shut_down(&self) -> io::Result<()> {
        socket2::SockRef::from(&self.stream).shutdown(Shutdown::Write)
    }

    fn lock(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The blocking-style view that the frame reader wants; it never blocks.
pub(super) struct Io<'a>(pub(super) &'a Socket);

impl io::Read for Io<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.stream.try_read(buffer)
    }
}

impl io::Write for Io<'_> {
    /// Takes the reader's own answers to pings and closes.
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        match self.0.post(&Bytes::copy_from_slice(frame)) {
            Delivery::Sent => Ok(frame.len()),
            Delivery::Gone => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
