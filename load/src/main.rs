//! How fast the whole is, measured on the real thing and printed as JSON, a line per measure.
//!
//! `load all` measures everything that needs no browser; `docs/performance.md` says what came out, where,
//! and how far that is from the goals. A measure never fails for being slow: it is read by people.

mod appends;
mod connections;
mod decisions;
mod doors;
mod files;
mod people;
mod process;
mod start;
mod world;

use clap::{Parser, Subcommand};

/// Measures Beffroi and prints JSON. Build everything in release first: `make bench` does.
#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    measure: Measure,
}

#[derive(Subcommand)]
enum Measure {
    /// Durable messages per second from 200 senders, and how long one takes at half the goal's rate.
    Appends {
        /// Only `sqlite`, or a PostgreSQL address; both when absent and BEFFROI_TEST_POSTGRES is set.
        #[arg(long)]
        database: Option<String>,
        /// Seconds of each of the two measures.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// From the start of the process to the first page, memory at rest, leaving within two seconds.
    Start {
        /// Starts measured.
        #[arg(long, default_value_t = 10)]
        times: u32,
    },
    /// Memory of a thousand idle browser connections.
    Connections {
        /// How many.
        #[arg(long, default_value_t = 1000)]
        count: u32,
    },
    /// Signing in: passkeys per second, what others feel of passwords, known and unknown addresses.
    Doors {
        /// Seconds of signing in by passkey.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// Decisions of the policy, alone and with their facts read.
    Decisions {
        /// A PostgreSQL address instead of SQLite.
        #[arg(long)]
        database: Option<String>,
    },
    /// A large file up and down.
    Files {
        /// Its size in MiB.
        #[arg(long, default_value_t = 1024)]
        mebibytes: u64,
    },
    /// People from a file of CSV through the use case: seconds, and memory that grows.
    Import {
        /// How many.
        #[arg(long, default_value_t = 50_000)]
        people: u32,
    },
    /// Searches among people that came from a file.
    Search {
        /// Among how many.
        #[arg(long, default_value_t = 50_000)]
        people: u32,
        /// How often each search is asked.
        #[arg(long, default_value_t = 40)]
        times: u32,
    },
    /// All of them.
    All,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(async {
        match Line::parse().measure {
            Measure::Appends { database, seconds } => appends::run(database, seconds).await,
            Measure::Start { times } => start::run(times).await,
            Measure::Connections { count } => connections::run(count).await,
            Measure::Doors { seconds } => doors::run(seconds).await,
            Measure::Decisions { database } => decisions::run(database).await,
            Measure::Files { mebibytes } => files::run(mebibytes).await,
            Measure::Import { people } => people::import(people).await,
            Measure::Search { people, times } => people::search(people, times).await,
            Measure::All => {
                appends::run(None, 10).await;
                start::run(10).await;
                connections::run(1000).await;
                doors::run(10).await;
                decisions::run(None).await;
                files::run(1024).await;
                people::import(50_000).await;
                people::search(50_000, 40).await;
            }
        }
    });
}
