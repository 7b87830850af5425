//! The load: connect everyone, publish, wait for every receiver. One thread, one epoll.

use std::io::{Error, Result};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use super::Scenario;
use super::client::Client;
use super::dialect::Dialect;
use super::publish::Publisher;
use super::server::Server;
use super::stats::Sample;

/// Connections that are on their way at the same time.
const AT_ONCE: usize = 50;
/// Broadcasts before those that count.
const WARM_UP: usize = 5;
/// Longest wait for anything to happen.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes read at once: larger than any frame here, so that one read empties a socket.
const READ_BYTES: usize = 64 * 1024;

/// What a scenario showed about one server.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// From TCP connect to the subscription's confirmation, one per connection.
    pub(crate) ready: Sample,
    /// From publishing to receipt, one per delivery.
    pub(crate) delivery: Sample,
    /// From publishing to the last receipt, one per broadcast.
    pub(crate) last: Sample,
    /// Processor time of the server per delivery, in nanoseconds.
    pub(crate) cpu_ns: f64,
    /// Resident memory that a connection added, in bytes, before anything was published.
    pub(crate) idle_bytes: f64,
    /// The same after all broadcasts.
    pub(crate) busy_bytes: f64,
}

/// Runs one scenario against a fresh server.
pub(crate) fn run(server: &Server, dialect: Dialect, scenario: Scenario) -> Result<Measured> {
    let mut measured = Measured::default();
    let mut load = Load::new(server.address, dialect, scenario)?;
    first_request(server, dialect)?;
    let empty = server.process.resident_bytes()?;
    load.connect_all(&mut measured.ready)?;
    let per_connection = |now: u64| now.saturating_sub(empty) as f64 / scenario.connections as f64;
    measured.idle_bytes = per_connection(server.process.resident_bytes()?);

    let mut publisher = Publisher::connect(server.address, dialect)?;
    let mut warm_up = Measured::default();
    for number in 0..WARM_UP {
        load.broadcast(&mut publisher, number, &mut warm_up)?;
    }
    let before = server.process.cpu_ns()?;
    for number in 0..scenario.broadcasts {
        load.broadcast(&mut publisher, number, &mut measured)?;
    }
    let spent = server.process.cpu_ns()? - before;
    let deliveries = scenario.broadcasts * scenario.connections / scenario.channels;
    measured.cpu_ns = spent as f64 / deliveries as f64;
    measured.busy_bytes = per_connection(server.process.resident_bytes()?);
    Ok(measured)
}

/// What a server makes once, for its first request, is not the connections' memory.
fn first_request(server: &Server, dialect: Dialect) -> Result<()> {
    let mut publisher = Publisher::connect(server.address, dialect)?;
    publisher.send(&publisher.prepare("nobody"))?;
    publisher.answer()
}

struct Load {
    address: SocketAddr,
    dialect: Dialect,
    scenario: Scenario,
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    buffer: Vec<u8>,
}

impl Load {
    fn new(address: SocketAddr, dialect: Dialect, scenario: Scenario) -> Result<Self> {
        Ok(Self {
            address,
            dialect,
            scenario,
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            clients: Vec::with_capacity(scenario.connections),
            buffer: vec![0; READ_BYTES],
        })
    }

    /// Keeps [`AT_ONCE`] connections on their way until all stand.
    fn connect_all(&mut self, sample: &mut Sample) -> Result<()> {
        let mut ready = 0;
        for _ in 0..AT_ONCE.min(self.scenario.connections) {
            self.start()?;
        }
        while ready < self.scenario.connections {
            let mut more = 0;
            self.turn(Instant::now() + PATIENCE, |progress| {
                if let Some(took) = progress.ready {
                    sample.push(took);
                    more += 1;
                }
            })?;
            ready += more;
            let missing = self.scenario.connections - self.clients.len();
            for _ in 0..more.min(missing) {
                self.start()?;
            }
        }
        Ok(())
    }

    fn start(&mut self) -> Result<()> {
        let number = self.clients.len();
        let room = room(number % self.scenario.channels);
        let mut client = Client::start(self.address, self.dialect, room)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut client.stream, Token(number), interest)?;
        self.clients.push(client);
        Ok(())
    }

    /// Publishes one event and waits until every subscriber of its channel has it.
    fn broadcast(
        &mut self,
        publisher: &mut Publisher,
        number: usize,
        into: &mut Measured,
    ) -> Result<()> {
        let mut missing = self.scenario.connections / self.scenario.channels;
        let request = publisher.prepare(&room(number % self.scenario.channels));
        let published = Instant::now();
        publisher.send(&request)?;
        while missing > 0 {
            self.turn(published + PATIENCE, |progress| {
                let took = published.elapsed();
                into.delivery.extend(std::iter::repeat_n(took, progress.deliveries));
                missing = missing.saturating_sub(progress.deliveries);
            })?;
        }
        into.last.push(published.elapsed());
        publisher.answer()
    }

    /// Waits for sockets and lets their clients go on.
    fn turn(
        &mut self,
        deadline: Instant,
        mut seen: impl FnMut(super::client::Progress),
    ) -> Result<()> {
        let patience = deadline.saturating_duration_since(Instant::now());
        self.poll.poll(&mut self.events, Some(patience))?;
        if self.events.is_empty() && Instant::now() >= deadline {
            return Err(Error::other("nothing happened for 20 s"));
        }
        for event in &self.events {
            if let Some(client) = self.clients.get_mut(event.token().0) {
                seen(client.advance(&mut self.buffer)?);
            }
        }
        Ok(())
    }
}

fn room(number: usize) -> String {
    format!("bench-{number}")
}
