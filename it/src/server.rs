//! A running server: the process, what it says, how it ends.

use crate::{PATIENCE, soon};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// The program under test: `BEFFROI_BIN`, else what `cargo build --package beffroi` put beside the tests.
///
/// # Panics
/// When it is not there, with the command that makes it.
pub fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("BEFFROI_BIN") {
        return named.into();
    }
    let here = std::env::current_exe().expect("a running program has a path");
    // …/debug/deps/it-0123 for tests, …/release/load for tools.
    let found = here.ancestors().skip(1).take(2).map(|folder| folder.join("beffroi")).find(|p| p.is_file());
    found.expect("the program is built before its tests: cargo build --package beffroi, or set BEFFROI_BIN")
}

/// A server that listens on loopback. Dropped, it is killed.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Nothing once somebody else waits for it.
    child: Option<Child>,
    id: u32,
    log: Arc<Mutex<String>>,
    said: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts the server on the data of `folder` and waits until it says that it listens.
    ///
    /// # Panics
    /// When it does not come up, with what it said.
    pub async fn start(folder: &Path) -> Self {
        Self::run(Command::new(program()), "serve", 0, folder).await
    }

    /// Starts the demonstration (`beffroi demo`) on a port that was free a moment ago.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub async fn start_demonstration(folder: &Path) -> Self {
        Self::run(Command::new(program()), "demo", crate::free_port(), folder).await
    }

    /// Starts the server on a disk that takes no file beyond so many bytes, until [`Server::give_room`].
    ///
    /// # Panics
    /// When it does not come up, or the system has no `prlimit`.
    pub async fn start_short_of_disk(folder: &Path, bytes: u64) -> Self {
        let mut shell = Command::new("sh");
        // Without the trap the system would end the process instead of refusing the write.
        shell.args(["-c", "trap '' XFSZ; exec prlimit --fsize=$0:unlimited \"$@\"", &bytes.to_string()]);
        shell.arg(program());
        Self::run(shell, "serve", 0, folder).await
    }

    /// The disk has room again.
    ///
    /// # Panics
    /// When there is no `prlimit`.
    pub fn give_room(&self) {
        let id = self.id.to_string();
        let done = Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited:unlimited"]).status();
        assert!(done.is_ok_and(|status| status.success()), "prlimit --pid {id}");
    }

    async fn run(mut command: Command, what: &str, port: u16, folder: &Path) -> Self {
        let listen = format!("127.0.0.1:{port}");
        let mut child = command
            .args([what, "--listen", &listen, "--media", "127.0.0.1:0", "--data"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let log = Arc::new(Mutex::new(String::new()));
        let (told, listens) = tokio::sync::oneshot::channel();
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let said = Arc::new(Mutex::new(String::new()));
        let (kept, words_kept) = (log.clone(), said.clone());
        let errors = std::thread::spawn(move || {
            for line in BufReader::new(err.expect("it was asked for")).lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let words = std::thread::spawn(move || {
            let mut told = Some(told);
            for line in BufReader::new(out.expect("it was asked for")).lines().map_while(Result::ok) {
                let mut kept = words_kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push_str(&line);
                kept.push('\n');
                drop(kept);
                // `serve` says the address in one line; `demo` ends with how to stop it.
                let address = line.strip_prefix("Beffroi listens on ").map(|rest| rest.trim_end_matches('.'));
                let address = match address {
                    None if line.contains("Ctrl+C stops") => Some(listen.as_str()),
                    other => other,
                };
                if let Some(address) = address.and_then(|text| text.parse().ok())
                    && let Some(told) = told.take()
                {
                    let _ = told.send(address);
                }
            }
        });
        let mut server = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            id: child.id(),
            child: Some(child),
            log,
            said,
            readers: vec![errors, words],
        };
        match soon("the server's start", listens).await {
            Ok(address) => server.address = address,
            Err(_) => panic!("the server did not start:\n{}", server.ended_log()),
        }
        server
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What it wrote to standard error until now.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it wrote to standard output until now.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Kills it at once (SIGKILL), as a power cut would, and waits until it is gone.
    pub fn kill(self) {
        drop(self);
    }

    /// Asks it to stop (SIGTERM).
    ///
    /// # Panics
    /// When there is no `kill`.
    pub fn terminate(&self) {
        signal("-TERM", self.id);
    }

    /// Waits for its end, asked for before; gives its exit status and everything it wrote.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let mut child = self.child.take().expect("it is taken here only, and this takes the server");
        let (tell, told) = tokio::sync::oneshot::channel();
        // A child is waited for by blocking; on a thread of its own that can be given up.
        std::thread::spawn(move || tell.send(child.wait()));
        let Ok(status) = tokio::time::timeout(PATIENCE, told).await else {
            signal("-KILL", self.id);
            panic!("the server did not end within {PATIENCE:?}:\n{}", self.log());
        };
        let status = status.expect("the thread answers").expect("our own child can be waited for");
        (status, self.ended_log())
    }

    /// Stops it in good order.
    ///
    /// # Panics
    /// When it does not end with exit code 0.
    pub async fn stop(self) -> String {
        self.terminate();
        let (status, log) = self.ended().await;
        assert!(status.success(), "{status}\n{log}");
        log
    }

    fn ended_log(&mut self) -> String {
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        self.log()
    }
}

fn signal(which: &str, id: u32) {
    let done = Command::new("kill").args([which, &id.to_string()]).status().expect("there is a `kill`");
    assert!(done.success(), "kill {which} {id}: {done}");
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}
