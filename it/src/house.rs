//! An installation: a data folder, and the command line that acts on it.

use crate::{ALICE, BOB, CLAIRE, DOMAIN, PASSWORD, Server, program};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// An installation of its own; its folder goes with it.
#[derive(Debug)]
pub struct House {
    folder: PathBuf,
}

/// What a command did.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its exit code; nothing when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Ran {
    /// The output of a command that did what it was told.
    ///
    /// # Panics
    /// When it did not.
    pub fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// What a command said that refused: a code that is not zero, and words on standard error.
    ///
    /// # Panics
    /// When it did not refuse.
    pub fn refused(self) -> String {
        assert!(self.code.is_some_and(|code| code != 0), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        self.err
    }
}

impl House {
    /// An empty one.
    ///
    /// # Panics
    /// When the temporary folder cannot be written.
    pub fn empty() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("beffroi-it-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        Self { folder }
    }

    /// One whose `beffroi.toml` says `settings`.
    ///
    /// # Panics
    /// As [`House::empty`].
    pub fn with_settings(settings: &str) -> Self {
        let house = Self::empty();
        std::fs::create_dir_all(house.data()).expect("our own folder can be written");
        std::fs::write(house.data().join("beffroi.toml"), settings).expect("our own folder can be written");
        house
    }

    /// A small town hall: Alice, Bob and Claire (administrator), all in the room `accueil`.
    pub fn town() -> Self {
        Self::empty().populated()
    }

    /// The same people and room, added to this installation.
    ///
    /// # Panics
    /// When a command refuses.
    #[must_use]
    pub fn populated(self) -> Self {
        self.run(&["tenant", "add", DOMAIN, "--name", "Mairie de Test"]).well();
        // What administering takes has tests of its own; the others sign in with the password of everybody.
        self.run(&["tenant", "administration", DOMAIN, "--factor", "password"]).well();
        for (address, name, role) in [
            (ALICE, "Alice Martin", "agent"),
            (BOB, "Bob Lambert", "agent"),
            (CLAIRE, "Claire Dubois", "administrator"),
        ] {
            self.add_account(address, name, role);
        }
        let room = ["room", "add", "Accueil", "--label", "internal", "--owner", ALICE];
        self.run(&[&room[..], &["--member", BOB, "--member", CLAIRE]].concat()).well();
        self
    }

    /// Writes its `beffroi.toml`, for the next start.
    ///
    /// # Panics
    /// As [`House::empty`].
    pub fn set(&self, settings: &str) {
        std::fs::create_dir_all(self.data()).expect("our own folder can be written");
        std::fs::write(self.data().join("beffroi.toml"), settings).expect("our own folder can be written");
    }

    /// Adds a person with the [`PASSWORD`] of everybody.
    ///
    /// # Panics
    /// When the command refuses.
    pub fn add_account(&self, address: &str, name: &str, role: &str) {
        let command = ["account", "add", address, "--name", name, "--role", role, "--password-stdin"];
        self.run_with(&command, &format!("{PASSWORD}\n")).well();
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A place beside the data folder, for what a test needs itself.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Runs a command on this installation.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Runs a command on this installation, with something on its standard input.
    ///
    /// # Panics
    /// When the program cannot be started at all.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        run(&self.data(), arguments, input)
    }

    /// Starts the server and waits until it listens.
    pub async fn serve(&self) -> Server {
        Server::start(&self.data()).await
    }
}

fn run(data: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut child = Command::new(program())
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let mut stdin = child.stdin.take().expect("it was asked for");
    // Whoever does not read its input closes it; that is their right.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let done = child.wait_with_output().expect("a child can be waited for");
    let said = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what the program says is UTF-8");
    Ran { code: done.status.code(), out: said(done.stdout), err: said(done.stderr) }
}

/// A TCP port of loopback that nobody has at the moment.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

impl Drop for House {
    fn drop(&mut self) {
        if std::env::var_os("BEFFROI_IT_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
