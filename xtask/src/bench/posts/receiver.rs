//! The platform of the benchmark: takes webhooks, notes them, answers after 400 ms.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::since_1970;
use crate::bench::stats::Sample;

/// How long a platform takes.
const THINKS: Duration = Duration::from_millis(400);
/// Bytes of a connection's thread: it needs little, and there are many.
const STACK: usize = 128 * 1024;

/// A receiver on loopback.
pub(crate) struct Receiver {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    /// How often each id came.
    ids: HashMap<String, usize>,
    arrivals: Vec<Duration>,
    answered: usize,
    last_answer: Duration,
    in_flight: usize,
    most_in_flight: usize,
}

/// What arrived, seen from the due time.
pub(crate) struct Seen {
    /// How long after it each one arrived.
    pub(crate) late: Sample,
    /// How long after it the last one was answered.
    pub(crate) last_answer: Duration,
    /// Most calls at once.
    pub(crate) most_in_flight: usize,
    /// Calls beyond the first with the same id.
    pub(crate) twice: usize,
}

impl Receiver {
    /// Listens; ends with the process.
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let notes = Arc::new(Mutex::new(Notes::default()));
        let shared = Arc::clone(&notes);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let notes = Arc::clone(&shared);
                let started = thread::Builder::new().stack_size(STACK).spawn(move || {
                    // A connection that breaks is the server's to notice.
                    let _ = serve(stream, &notes);
                });
                if started.is_err() {
                    eprintln!("the receiver has no thread for a connection");
                }
            }
        });
        Ok(Self { address, notes })
    }

    /// Forgets what came.
    pub(crate) fn forget(&self) {
        *locked(&self.notes) = Notes::default();
    }

    /// How many calls were answered.
    pub(crate) fn answered(&self) -> usize {
        locked(&self.notes).answered
    }

    /// What came since the last forgetting.
    pub(crate) fn seen(&self, due: Duration) -> Seen {
        let notes = locked(&self.notes);
        let mut late = Sample::default();
        late.extend(notes.arrivals.iter().map(|at| at.saturating_sub(due)));
        Seen {
            late,
            last_answer: notes.last_answer.saturating_sub(due),
            most_in_flight: notes.most_in_flight,
            twice: notes.ids.values().map(|times| times - 1).sum(),
        }
    }
}

fn serve(stream: TcpStream, notes: &Mutex<Notes>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(id) = read(&mut stream)? {
        {
            let mut notes = locked(notes);
            notes.arrivals.push(since_1970());
            *notes.ids.entry(id).or_default() += 1;
            notes.in_flight += 1;
            notes.most_in_flight = notes.most_in_flight.max(notes.in_flight);
        }
        thread::sleep(THINKS);
        let written = stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        let mut notes = locked(notes);
        notes.in_flight -= 1;
        notes.answered += usize::from(written.is_ok());
        notes.last_answer = since_1970();
    }
    Ok(())
}

/// Reads a request, and gives its `webhook-id`. Nothing at the end of the connection.
fn read(stream: &mut BufReader<TcpStream>) -> Result<Option<String>> {
    let (mut id, mut length) = (String::new(), 0);
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "webhook-id" => id = value.trim().to_owned(),
            "content-length" => length = value.trim().parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(id))
}

fn locked(notes: &Mutex<Notes>) -> std::sync::MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}
