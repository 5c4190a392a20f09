//! SQLite's write-ahead log begins anew while people go on writing, and an idle one is gone at the end.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_policy::Speak;
use place::{Place, now};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use town::{Town, speech};

/// Short of the 256 MiB at which SQLite looks after its log itself, in somebody's commit. Fifteen times what a
/// log that begins anew at 16 MiB needs: a machine may be busy with other things.
const MOST: u64 = 240 << 20;

/// The log's length, and how often it began anew: the number at byte 12 of its header (SQLite file format, 4.1).
fn log(place: &Place) -> (u64, u32) {
    let file = std::fs::File::open(place.folder().join("beffroi.db-wal")).unwrap();
    let mut number = [0; 4];
    file.read_exact_at(&mut number, 12).unwrap();
    (file.metadata().unwrap().len(), u32::from_be_bytes(number))
}

#[test]
fn the_log_begins_anew_although_nobody_stops_writing() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let place = Place::sqlite();
        let town = Arc::new(Town::new(place.store().await).await);
        let enough = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (town, enough) = (town.clone(), enough.clone());
                tokio::spawn(async move {
                    let permit = town.owner::<Speak>();
                    for n in 0.. {
                        if enough.load(Ordering::Relaxed) {
                            break;
                        }
                        let mut said = speech(&"d’un trait ".repeat(5_000));
                        said.origin = format!("{writer} {n}");
                        town.store.say(&permit, town.author(), said, now()).await.unwrap();
                    }
                })
            })
            .collect();
        let mut first = None;
        for n in 0.. {
            town.say(&format!("and we look, {n}")).await;
            let (length, begun) = log(&place);
            let first = *first.get_or_insert(begun);
            assert!(length < MOST, "{length} bytes and begun anew {} times", begun - first);
            if begun - first >= 2 {
                break;
            }
        }
        enough.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        town.store.close().await;
        assert!(!place.folder().join("beffroi.db-wal").exists(), "closing leaves one file");
    });
}
