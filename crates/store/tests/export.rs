//! The audit log as a folder of files: read by software that we did not write, added to and never changed.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::AccountId;
use beffroi_policy::{ReadAudit, TenantPermit, operator};
use beffroi_store::{ExportError, NewEntry, Noted, Outcome, Store, Subject, Tile};
use place::{Place, both, now};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tlog_tiles::{
    Checkpoint, Error, Hash, Tile as ForeignTile, TileHashReader, TileReader, check_record, check_tree,
    prove_record, prove_tree, record_hash,
};
use town::Town;

/// An exported folder, as a program that knows the specification and not us reads it.
struct Folder(PathBuf);

impl TileReader for Folder {
    fn height(&self) -> u8 {
        8
    }
    fn read_tiles(&self, tiles: &[ForeignTile]) -> Result<Vec<Vec<u8>>, Error> {
        Ok(tiles
            .iter()
            .map(|tile| fs::read(self.0.join(tile.path().replace("tile/8/", "tile/"))).unwrap())
            .collect())
    }
    fn save_tiles(&self, _: &[ForeignTile], _: &[Vec<u8>]) {}
}

impl Folder {
    fn head(&self) -> (u64, Hash) {
        let note = fs::read_to_string(self.0.join("checkpoint")).unwrap();
        let (text, _) = note.split_once("\n\n").unwrap();
        let head = Checkpoint::from_bytes(format!("{text}\n").as_bytes()).unwrap();
        assert_eq!(head.origin(), "demo.localhost/beffroi-audit");
        (head.size(), *head.hash())
    }

    /// Every entry of the bundles, through the lengths that stand before them.
    fn entries(&self, size: u64) -> Vec<Vec<u8>> {
        let mut all = vec![];
        for number in 0..size.div_ceil(256) {
            let mut tile = ForeignTile::new(8, 0, number, 256.min(size - number * 256) as u32, false);
            tile.set_is_data();
            let path = tile.path().replace("tile/8/data/", "tile/entries/");
            let bytes = fs::read(self.0.join(path)).unwrap();
            let mut rest = bytes.as_slice();
            while let Some((length, more)) = rest.split_first_chunk::<2>() {
                let (entry, others) = more.split_at(usize::from(u16::from_be_bytes(*length)));
                all.push(entry.to_vec());
                rest = others;
            }
        }
        all
    }

    /// Proves every entry, and that each of the earlier heads is a beginning of this one.
    fn prove(&self, earlier: &[(u64, Hash)]) -> (u64, Hash) {
        let (size, root) = self.head();
        let reader = TileHashReader::new(size, root, self);
        let entries = self.entries(size);
        assert_eq!(entries.len() as u64, size);
        for (n, entry) in (0..).zip(&entries) {
            let proof = prove_record(size, n, &reader).unwrap();
            check_record(&proof, size, root, n, record_hash(entry)).unwrap();
        }
        for (then, before) in earlier {
            let proof = prove_tree(size, *then, &reader).unwrap();
            check_tree(&proof, size, root, *then, *before).unwrap();
        }
        (size, root)
    }
}

fn permit(town: &Town) -> TenantPermit<ReadAudit> {
    operator(town.tenant.id, AccountId(0))
}

async fn note(store: &Store, tenant: beffroi_domain::TenantId, detail: &str) {
    let entry = NewEntry {
        act: "test.note",
        outcome: Outcome::Done,
        actor: Subject::Machine,
        subject: None,
        room: None,
        rule: None,
        detail,
        origin: "",
    };
    store.note(tenant, entry, now()).await.unwrap();
}

async fn grow_to(town: &Town, size: u64) {
    let head = town.store.audit_checkpoint(&permit(town)).await.unwrap();
    let from: u64 = head.lines().nth(1).unwrap().parse().unwrap();
    for n in from..size {
        note(&town.store, town.tenant.id, &format!("entry {}", n + 1)).await;
    }
}

/// Every file of a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for item in fs::read_dir(at).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    all
}

fn python(arguments: &[&Path]) -> (bool, String) {
    let verifier = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/verify/verify.py");
    let output = Command::new("python3").arg(verifier).args(arguments).output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

async fn findings(store: &Store, noted: &[Noted]) -> Vec<String> {
    store.verify_audit_against(noted).await.unwrap().into_iter().map(|finding| finding.text).collect()
}

#[test]
fn a_folder_that_grew_export_by_export_is_proved_by_others() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let out = place.folder().join("out");
        let folder = Folder(out.join("demo.localhost"));
        let mut heads: Vec<(u64, Hash)> = vec![];
        let mut before: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
        for size in [6, 255, 256, 257, 512, 515] {
            grow_to(&town, size).await;
            let done = town.store.export_audit(&permit(&town), &out).await.unwrap();
            let new = size - heads.last().map_or(0, |(size, _)| *size);
            assert_eq!((done.size, done.new), (size, new));
            heads.push(folder.prove(&heads));
            // Whatever stands in the folder stays as it is; partial tiles go when the full one is there.
            let after = files(&out);
            for (path, bytes) in &before {
                let name = path.strip_prefix(&folder.0).unwrap();
                match after.get(path) {
                    _ if name == Path::new("checkpoint") => {}
                    Some(now) if name.starts_with("fields") => assert!(now.starts_with(bytes), "{name:?}"),
                    Some(now) => assert_eq!(now, bytes, "{name:?}"),
                    None => assert!(path.parent().unwrap().with_extension("").is_file(), "{name:?}"),
                }
            }
            before = after;
            let (whole, said) = python(&[&out]);
            assert!(whole && said.contains(&format!("demo.localhost: {size} entries, whole")), "{said}");
            // The same bytes come from the store, tile by tile.
            for (path, bytes) in &before {
                if let Ok(name) = path.strip_prefix(folder.0.join("tile")) {
                    let tile = Tile::read(name.to_str().unwrap()).unwrap();
                    assert_eq!(
                        town.store.audit_tile(&permit(&town), &tile).await.unwrap().as_ref(),
                        Some(bytes)
                    );
                }
            }
        }
        let again = town.store.export_audit(&permit(&town), &out).await.unwrap();
        assert_eq!(again.new, 0);
        assert_eq!(files(&out), before);
        for path in ["0/002.p/4", "1/000.p/3", "2/000.p/1", "entries/003.p/1", "0/002"] {
            let tile = Tile::read(path).unwrap();
            assert_eq!(town.store.audit_tile(&permit(&town), &tile).await.unwrap(), None, "{path}");
        }
        let kept = Noted::exported(&out).unwrap();
        assert_eq!(findings(&town.store, &kept).await, Vec::<String>::new());
        note(&town.store, town.tenant.id, "later").await;
        assert_eq!(findings(&town.store, &kept).await, Vec::<String>::new());
    });
}

#[test]
fn whatever_is_changed_in_a_folder_is_named_by_the_verifier() {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let place = Place::sqlite();
        let town = Town::new(place.store().await).await;
        grow_to(&town, 300).await;
        let out = place.folder().join("out");
        town.store.export_audit(&permit(&town), &out).await.unwrap();
        let folder = out.join("demo.localhost");
        for (name, expected) in [
            ("tile/0/000", "tile/0/000 was changed"),
            ("tile/0/001.p/44", "tile/0/001.p/44 was changed"),
            ("tile/1/000.p/1", "tile/1/000.p/1 was changed"),
            ("tile/entries/000", "entry 142, field `"),
            ("fields/001.jsonl", "entry 257, field `at_us` was changed"),
            ("checkpoint", "the checkpoint is not signed by the key of this log"),
        ] {
            let path = folder.join(name);
            let good = fs::read(&path).unwrap();
            let mut bad = good.clone();
            match name {
                "fields/001.jsonl" => {
                    let text = String::from_utf8(bad).unwrap();
                    let (key, rest) = text.split_once("\"at_us\":").unwrap();
                    bad = format!("{key}\"at_us\":9{rest}").into_bytes();
                }
                "checkpoint" => bad = String::from_utf8(bad).unwrap().replacen("300", "299", 1).into_bytes(),
                // Entries of 376 to 378 bytes: this one is a commitment of entry 142.
                "tile/entries/000" => bad[141 * 378 + 200] ^= 1,
                _ => bad[7] ^= 1,
            }
            fs::write(&path, &bad).unwrap();
            let (whole, said) = python(&[&out]);
            assert!(!whole && said.contains(expected), "{name}: {said}");
            fs::write(&path, &good).unwrap();
        }
        assert!(python(&[&out]).0);
        fs::remove_file(folder.join("tile/0/000")).unwrap();
        assert!(python(&[&out]).1.contains("tile/0/000 was changed"));
    });
}

#[test]
fn a_log_that_is_not_the_same_any_more_changes_no_folder() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        grow_to(&town, 260).await;
        let (out, tenant) = (place.folder().join("out"), town.tenant.id);
        town.store.export_audit(&permit(&town), &out).await.unwrap();
        let kept = files(&out);
        let noted = fs::read_to_string(out.join("demo.localhost/checkpoint")).unwrap();
        let refused = async |store: &Store| {
            let refused = store.export_audit(&operator(tenant, AccountId(0)), &out).await.unwrap_err();
            assert_eq!(files(&out), kept, "{refused}");
            refused
        };

        // Entries changed by hand after the export: found before anything of them is written.
        note(&town.store, tenant, "one more").await;
        place.sql("UPDATE audit_entry SET act = 'nothing' WHERE seq = 261").await;
        let said = refused(&town.store).await.to_string();
        assert!(said.contains("entry 261, field `act` was changed"), "{said}");
        place.sql("UPDATE audit_entry SET commitments = signature WHERE seq = 261").await;
        let said = refused(&town.store).await.to_string();
        assert!(said.contains("do not give the root that was signed"), "{said}");

        // Everything made anew, keys included.
        town.store.close().await;
        place.empty_but("out").await;
        let other = Town::new(place.store().await).await;
        let said = other.store.export_audit(&permit(&other), &out).await.unwrap_err();
        assert!(matches!(&said, ExportError::Key { domain, .. } if domain == "demo.localhost"), "{said}");
        assert_eq!(files(&out), kept);
        // Whoever noted a checkpoint finds a log that was made anew, its key included.
        let noted = [Noted::checkpoint(&noted.replace('\n', "\r\n")).unwrap()];
        let said = findings(&other.store, &noted).await.join("\n");
        assert!(
            said.contains("made anew with another key") && said.contains("had 260 when you noted"),
            "{said}"
        );
        let said = findings(&other.store, &Noted::exported(&out).unwrap()).await.join("\n");
        assert!(said.contains("entry 1 is not the one in"), "{said}");
        other.store.close().await;
    });
}

#[test]
fn a_log_put_back_and_lived_on_is_refused_with_the_size_where_it_forks() {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let place = Place::sqlite();
        let town = Town::new(place.store().await).await;
        grow_to(&town, 300).await;
        let (out, tenant) = (place.folder().join("out"), town.tenant.id);
        let permit = operator::<ReadAudit>(tenant, AccountId(0));
        town.store.close().await;
        let (database, backup) = (place.folder().join("beffroi.db"), place.folder().join("backup.db"));
        fs::copy(&database, &backup).unwrap();
        let store = place.store().await;
        for n in 0..20 {
            note(&store, tenant, &format!("kept elsewhere {n}")).await;
        }
        store.export_audit(&permit, &out).await.unwrap();
        store.close().await;
        let kept = files(&out);
        fs::copy(&backup, &database).unwrap();
        let store = place.store().await;
        for (more, size) in [(0, 300), (30, 330)] {
            for n in 0..more {
                note(&store, tenant, &format!("another story {n}")).await;
            }
            let refused = store.export_audit(&permit, &out).await.unwrap_err();
            let named = matches!(&refused, ExportError::Forked { kept: 320, size: now, fork: 300, .. } if *now == size);
            assert!(named, "{refused}");
            assert_eq!(files(&out), kept);
            let said = findings(&store, &Noted::exported(&out).unwrap()).await.join("\n");
            let expected = if more == 0 { "had 320 when you noted" } else { "entry 301 is not the one in" };
            assert!(said.contains(expected), "{said}");
            let (whole, said) = python(&[&database, Path::new("--checkpoint"), &out.join("demo.localhost/checkpoint")]);
            assert!(!whole && said.contains("not the one that you noted at 320 entries"), "{said}");
        }
        // The first export of all, into an empty folder, is nobody's business but its own.
        store.export_audit(&permit, &place.folder().join("fresh")).await.unwrap();
    });
}

#[test]
fn two_exports_at_once_do_not_meet_in_one_folder() {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let place = Place::sqlite();
        let town = Town::new(place.store().await).await;
        let out = place.folder().join("out");
        town.store.export_audit(&permit(&town), &out).await.unwrap();
        let lock = fs::File::open(out.join("demo.localhost/.lock")).unwrap();
        lock.lock().unwrap();
        let refused = town.store.export_audit(&permit(&town), &out).await.unwrap_err();
        assert!(matches!(refused, ExportError::Busy { .. }), "{refused}");
        lock.unlock().unwrap();
        town.store.export_audit(&permit(&town), &out).await.unwrap();
    });
}

#[test]
fn hashes_kept_for_tiles_are_checked_and_only_an_older_database_gets_them_anew() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        grow_to(&town, 515).await;
        town.store.close().await;
        for (deed, expected) in [
            (
                "UPDATE audit_subtree SET root = (SELECT public_key FROM audit_log) WHERE number = 1",
                "number 1 kept for the tiles of level 1 was changed",
            ),
            (
                "DELETE FROM audit_subtree WHERE number = 0",
                "number 0 kept for the tiles of level 1 was removed",
            ),
            (
                "INSERT INTO audit_subtree SELECT tenant, 2, 0, root FROM audit_subtree WHERE number = 0",
                "number 0 for the tiles of level 2 was added",
            ),
        ] {
            place.sql(deed).await;
            let store = place.store().await;
            let said = findings(&store, &[]).await.join("\n");
            assert!(said.contains(expected), "{deed}: {said}");
            store.close().await;
            // A database of before there were tiles has none, and no mark that it was looked at.
            place.sql("DELETE FROM audit_subtree; DELETE FROM meta WHERE name = 'audit tiles'").await;
            let store = place.store().await;
            assert_eq!(findings(&store, &[]).await, Vec::<String>::new());
            store.close().await;
        }
    });
}
