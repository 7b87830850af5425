//! The life of a connection without a socket: take what requests bring, mind the silence and the absence.

use protocol::limits::CLIENT_MESSAGE_BYTES;
use protocol::{Code, ServerFrame};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::mailbox::Mailbox;
use super::session::{Handler, NO_PONG, TOO_LARGE};
use super::silence::{Lapse, Silence, Timing};
use super::transport::State;
use super::wire::{Encoded, close_line};

#[cfg(test)]
mod tests;

/// Messages that may wait for a session; who sends more waits with them. Ours.
const WAITING: usize = 32;

/// What requests bring.
pub(super) type Inbox = mpsc::Receiver<String>;

/// A way to a session, and the session's end of it.
pub(super) fn inbox() -> (mpsc::Sender<String>, Inbox) {
    mpsc::channel(WAITING)
}

/// Runs until the connection is over: closed, or nobody fetches what it is sent.
pub(super) async fn run<H: Handler>(
    mailbox: &Mailbox,
    mut inbox: Inbox,
    handler: &H,
    timing: Timing,
) {
    let mut silence = Silence::new(timing);
    let mut heard = mailbox.signs().heard;
    loop {
        let changed = mailbox.changed();
        let signs = mailbox.signs();
        if signs.state != State::Open {
            break;
        }
        if signs.heard > heard {
            heard = signs.heard;
            silence.heard(heard);
        }
        let absent = signs.alone_since.map(|since| since + timing.absence);
        if absent.is_some_and(|absent| absent <= Instant::now()) {
            return;
        }
        mind_the_silence(mailbox, &mut silence);
        let deadline = absent.map_or(silence.deadline, |absent| absent.min(silence.deadline));
        tokio::select! {
            Some(text) = inbox.recv() => take(mailbox, &text, handler).await,
            () = changed => {}
            () = sleep_until(deadline) => {}
        }
    }
    // Whoever does not come for the reason is not waited for.
    let _ = timeout(timing.absence, done(mailbox)).await;
}

async fn take<H: Handler>(mailbox: &Mailbox, text: &str, handler: &H) {
    if text.len() > CLIENT_MESSAGE_BYTES {
        mailbox.close(close_line(TOO_LARGE.0, TOO_LARGE.1));
    } else {
        // Boxed, so that the many idle sessions do not hold room for it.
        Box::pin(handler.message(&mailbox.id, text)).await;
    }
}

fn mind_the_silence(mailbox: &Mailbox, silence: &mut Silence) {
    match silence.lapsed() {
        Lapse::None => {}
        Lapse::Ping => {
            mailbox.post(Encoded::new(&ServerFrame::Ping.encode()).line());
        }
        Lapse::End => mailbox.close(close_line(Code::PongMissing.number(), NO_PONG)),
    }
}

/// Until everything was fetched.
async fn done(mailbox: &Mailbox) {
    loop {
        let changed = mailbox.changed();
        if mailbox.is_done() {
            return;
        }
        changed.await;
    }
}
