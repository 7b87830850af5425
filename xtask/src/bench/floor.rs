//! The floor: what a bare `write()` of the same frame to as many sockets costs here.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::process::this_thread_ns;
use super::publish::EVENT_BYTES;
use super::stats::Sample;
use crate::run::Trouble;

/// Bytes around an event's data on the wire: two lengths, the event's and the channel's name.
const ENVELOPE_BYTES: usize = 50;
/// Longest wait for a round to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// What bare writes cost.
#[derive(Debug)]
pub(crate) struct Floor {
    /// Sockets written to in each round.
    pub(crate) sockets: usize,
    /// Processor time of the writing thread per write, in nanoseconds.
    pub(crate) cpu_ns: f64,
    /// From the first write of a round to the last receipt, one per round.
    pub(crate) last: Sample,
}

impl Floor {
    /// One thread writes, this one receives; `rounds` times.
    ///
    /// # Errors
    /// When a socket breaks.
    pub(crate) fn measure(sockets: usize, rounds: usize) -> std::result::Result<Self, Trouble> {
        measure(sockets, rounds).map_err(|e| Trouble::of("cannot measure bare writes", e))
    }
}

fn measure(sockets: usize, rounds: usize) -> Result<Floor> {
    let (writers, mut readers) = pairs(sockets)?;
    let (start, started) = std::sync::mpsc::channel::<()>();
    let writer = thread::spawn(move || write_rounds(writers, &started));
    let mut last = Sample::default();
    for _ in 0..rounds {
        let began = Instant::now();
        start.send(()).map_err(|_| Error::other("the writer ended early"))?;
        readers.receive(sockets)?;
        last.push(began.elapsed());
    }
    drop(start);
    let spent = writer.join().map_err(|_| Error::other("the writer panicked"))??;
    Ok(Floor { sockets, cpu_ns: spent as f64 / (sockets * rounds) as f64, last })
}

/// Writes a frame to every socket each time it is told to; returns its processor time.
fn write_rounds(
    mut sockets: Vec<std::net::TcpStream>,
    started: &std::sync::mpsc::Receiver<()>,
) -> Result<u64> {
    let frame = vec![b'x'; EVENT_BYTES + ENVELOPE_BYTES];
    let before = this_thread_ns()?;
    while started.recv().is_ok() {
        for socket in &mut sockets {
            // Receivers keep up, so buffers are empty and a write is never partial.
            if socket.write(&frame)? != frame.len() {
                return Err(Error::other("a partial write"));
            }
        }
    }
    Ok(this_thread_ns()? - before)
}

struct Readers {
    poll: Poll,
    events: Events,
    streams: Vec<TcpStream>,
    buffer: Vec<u8>,
}

impl Readers {
    /// Waits until so many frames have come.
    fn receive(&mut self, mut missing: usize) -> Result<()> {
        while missing > 0 {
            self.poll.poll(&mut self.events, Some(PATIENCE))?;
            if self.events.is_empty() {
                return Err(Error::other("a frame got lost"));
            }
            for event in &self.events {
                match self.streams[event.token().0].read(&mut self.buffer) {
                    Ok(read) => missing -= read / (EVENT_BYTES + ENVELOPE_BYTES),
                    Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                    Err(e) => return Err(e),
                }
            }
        }
        Ok(())
    }
}

fn pairs(count: usize) -> Result<(Vec<std::net::TcpStream>, Readers)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let poll = Poll::new()?;
    let (mut writers, mut streams) = (Vec::new(), Vec::new());
    for number in 0..count {
        let reader = std::net::TcpStream::connect(address)?;
        reader.set_nonblocking(true)?;
        let mut reader = TcpStream::from_std(reader);
        poll.registry().register(&mut reader, Token(number), Interest::READABLE)?;
        let (writer, _) = listener.accept()?;
        writer.set_nonblocking(true)?;
        writer.set_nodelay(true)?;
        writers.push(writer);
        streams.push(reader);
    }
    let buffer = vec![0; 64 * 1024];
    Ok((writers, Readers { poll, events: Events::with_capacity(1024), streams, buffer }))
}
