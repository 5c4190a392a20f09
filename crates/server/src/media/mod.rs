//! Sound and picture: the sockets and the thread behind [`beffroi_sfu`].
//!
//! Media lives apart from tokio: a packet must never wait for a task, nor a task for a packet. One thread
//! owns the UDP sockets and all conferences; it reads and writes in batches and sleeps in `poll(2)`. The
//! tokio side talks to it through [`Media`] and hears from it through the receiver that
//! [`Media::start`] returns.

mod addresses;
mod batch;
mod worker;

use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use beffroi_sfu::{JoinError, Sending};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

/// Commands that may wait for the media thread. A full queue makes the caller wait.
const COMMANDS: usize = 256;

/// Events that may wait for the tokio side. When it is full, conferences keep what they have to say: slots
/// and speakers are told as they are when there is room again, joining and leaving in order.
const EVENTS: usize = 1024;

/// What a conference has to tell, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaEvent {
    /// The meeting, as given to [`Media::join`].
    pub meeting: u64,
    /// What happened.
    pub event: beffroi_sfu::Event,
}

/// Why somebody's media could not begin.
#[derive(Debug, Error)]
pub enum MediaError {
    /// The conference refused; the text is for the person.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The media thread is gone: the server is stopping.
    #[error("media is shutting down; join again when the server is back")]
    Stopped,
}

/// What `/metrics` shows of media. All only grow, except where they say "now".
#[derive(Debug, Default)]
pub struct MediaCounters {
    /// Datagrams read from the network.
    pub packets_in: AtomicU64,
    /// Datagrams handed to the network.
    pub packets_out: AtomicU64,
    /// UDP payload read, in bytes.
    pub bytes_in: AtomicU64,
    /// UDP payload handed to the network, in bytes.
    pub bytes_out: AtomicU64,
    /// Datagrams that belonged to nobody.
    pub strays: AtomicU64,
    /// Datagrams that the network did not take (full buffer, no route).
    pub unsent: AtomicU64,
    /// Participants now.
    pub peers: AtomicU64,
    /// Meetings with at least one participant now.
    pub conferences: AtomicU64,
}

/// The handle to the media thread. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Media {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    commands: mpsc::Sender<Command>,
    wake: UnixDatagram,
    stop: Arc<AtomicBool>,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
    candidates: Vec<SocketAddr>,
    counters: Arc<MediaCounters>,
}

/// What the tokio side asks of the media thread.
#[derive(Debug)]
enum Command {
    Join { meeting: u64, participant: u32, offer: String, answer: oneshot::Sender<Result<String, JoinError>> },
    Leave { meeting: u64, participant: u32 },
    SetMedia { meeting: u64, participant: u32, sending: Sending },
    End { meeting: u64 },
}

impl Media {
    /// Opens the media port and starts the thread.
    ///
    /// `listen` with an unspecified address (`0.0.0.0`, `[::]`) opens one socket per address of this
    /// machine, loopback included, because ICE must know at which of them a packet arrived; all have the
    /// same port. `public` are further addresses at which clients reach this one, when a firewall
    /// translates them; they are announced before the machine's own.
    ///
    /// Errors: the port is taken or the address is not this machine's; the message names it.
    pub fn start(
        listen: SocketAddr,
        public: Vec<SocketAddr>,
    ) -> io::Result<(Self, mpsc::Receiver<MediaEvent>)> {
        let sockets = addresses::bind(listen)?;
        let own = sockets.iter().map(|socket| socket.address);
        let mut candidates = public;
        for address in own {
            if !candidates.contains(&address) {
                candidates.push(address);
            }
        }
        candidates.truncate(addresses::MAX_CANDIDATES);
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (events, outbox) = mpsc::channel(EVENTS);
        let (wake, woken) = UnixDatagram::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let stop = Arc::new(AtomicBool::new(false));
        let counters = Arc::new(MediaCounters::default());
        let worker = worker::Worker::new(worker::Parts {
            sockets,
            candidates: candidates.clone(),
            inbox,
            events,
            woken,
            stop: stop.clone(),
            counters: counters.clone(),
        });
        let thread = std::thread::Builder::new().name("media".to_owned()).spawn(move || worker.run())?;
        let thread = std::sync::Mutex::new(Some(thread));
        let shared = Shared { commands, wake, stop, thread, candidates, counters };
        Ok((Self { shared: Arc::new(shared) }, outbox))
    }

    /// The addresses that answers carry.
    pub fn candidates(&self) -> &[SocketAddr] {
        &self.shared.candidates
    }

    /// The counters, for `/metrics`.
    pub fn counters(&self) -> &MediaCounters {
        &self.shared.counters
    }

    /// Lets a participant into a meeting, which begins with its first; the SDP answer to their offer.
    ///
    /// Who is in already comes in anew, and their former connection is closed.
    pub async fn join(&self, meeting: u64, participant: u32, offer: String) -> Result<String, MediaError> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::Join { meeting, participant, offer, answer }).await;
        Ok(answered.await.map_err(|_| MediaError::Stopped)??)
    }

    /// A participant leaves; nothing happens if they are not there.
    pub async fn leave(&self, meeting: u64, participant: u32) {
        self.send(Command::Leave { meeting, participant }).await;
    }

    /// What a participant sends from now on; nothing else of theirs is forwarded.
    pub async fn set_media(&self, meeting: u64, participant: u32, sending: Sending) {
        self.send(Command::SetMedia { meeting, participant, sending }).await;
    }

    /// Ends a meeting for everybody in it.
    pub async fn end(&self, meeting: u64) {
        self.send(Command::End { meeting }).await;
    }

    /// Says goodbye to every client, closes the sockets and waits for the thread. Takes a few
    /// milliseconds; what comes afterwards is answered with [`MediaError::Stopped`].
    pub fn shutdown(&self) {
        self.shared.stop.store(true, Ordering::Release);
        self.wake();
        let thread = self.shared.thread.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the media thread had stopped by a panic");
        }
    }

    async fn send(&self, command: Command) {
        // Without a thread there is nothing to tell; who awaits an answer sees that it does not come.
        if self.shared.commands.send(command).await.is_ok() {
            self.wake();
        }
    }

    /// Interrupts the thread's sleep. When the pipe is full it is being woken already.
    fn wake(&self) {
        let _ = self.shared.wake.send(&[1]);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let _ = self.wake.send(&[1]);
    }
}

#[cfg(test)]
mod tests;
