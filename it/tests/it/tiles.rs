//! The audit log as files, exported and served: proved by software that we did not write, and never
//! overwritten by a log that is another one.

use crate::database::Database;
use beffroi_it::{ALICE, Browser, CLAIRE, DOMAIN, House, Ran};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use tlog_tiles::{
    Checkpoint, Error, Hash, Tile, TileHashReader, TileReader, check_record, check_tree, prove_record,
    prove_tree, record_hash, tree_hash,
};

/// A log as someone else holds it: a checkpoint, and files by their path.
struct Copy {
    checkpoint: String,
    files: BTreeMap<String, Vec<u8>>,
}

impl TileReader for Copy {
    fn height(&self) -> u8 {
        8
    }
    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        Ok(tiles.iter().map(|tile| self.files[&path(tile)].clone()).collect())
    }
    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// The specification leaves the height out, and calls entries what this library calls data.
fn path(tile: &Tile) -> String {
    tile.path().replace("tile/8/data/", "tile/entries/").replace("tile/8/", "tile/")
}

fn head(checkpoint: &str) -> (u64, Hash) {
    let (text, _) = checkpoint.split_once("\n\n").expect("a note ends in signatures");
    let head = Checkpoint::from_bytes(format!("{text}\n").as_bytes()).expect("a checkpoint");
    assert_eq!(head.origin(), format!("{DOMAIN}/beffroi-audit"));
    (head.size(), *head.hash())
}

/// Every tile of a log of this size, those of entries too.
fn all(size: u64) -> Vec<Tile> {
    let mut tiles = Tile::new_tiles(8, 0, size);
    let leaves: Vec<_> = tiles.iter().filter(|tile| tile.level() == 0).copied().collect();
    tiles.extend(leaves.into_iter().map(|mut tile| {
        tile.set_is_data();
        tile
    }));
    tiles
}

impl Copy {
    fn of_folder(folder: &Path) -> Self {
        let checkpoint = std::fs::read_to_string(folder.join("checkpoint")).expect("it was exported");
        let read =
            |tile: &Tile| (path(tile), std::fs::read(folder.join(path(tile))).expect("every tile is there"));
        let files = all(head(&checkpoint).0).iter().map(read).collect();
        Self { checkpoint, files }
    }

    async fn of_server(page: &Browser) -> Self {
        let answer = page.get("/api/admin/audit/log/checkpoint").await.expect(200);
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let checkpoint = String::from_utf8(answer.body).expect("a note is text");
        let mut files = BTreeMap::new();
        for tile in all(head(&checkpoint).0) {
            let answer = page.get(&format!("/api/admin/audit/log/{}", path(&tile))).await.expect(200);
            assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
            assert_eq!(answer.header("cache-control"), Some("private, max-age=31536000, immutable"));
            assert_eq!(answer.header("vary"), Some("cookie"));
            files.insert(path(&tile), answer.body);
        }
        Self { checkpoint, files }
    }

    /// Proves that every entry is in this log, and that the earlier one is a beginning of it.
    fn prove(&self, earlier: Option<&Self>) -> u64 {
        let (size, root) = head(&self.checkpoint);
        let reader = TileHashReader::new(size, root, self);
        let mut n = 0;
        for tile in all(size).into_iter().filter(Tile::is_data) {
            let mut rest = self.files[&path(&tile)].as_slice();
            while let Some((length, more)) = rest.split_first_chunk::<2>() {
                let (entry, others) = more.split_at(usize::from(u16::from_be_bytes(*length)));
                let proof = prove_record(size, n, &reader).expect("the tiles are those of the checkpoint");
                check_record(&proof, size, root, n, record_hash(entry)).expect("the entry is in the log");
                (n, rest) = (n + 1, others);
            }
        }
        assert_eq!(n, size);
        if let Some(earlier) = earlier {
            let (then, before) = head(&earlier.checkpoint);
            let proof = prove_tree(size, then, &reader).expect("the tiles are those of the checkpoint");
            check_tree(&proof, size, root, then, before).expect("the log only grew");
        }
        size
    }
}

fn export(house: &House) -> (Ran, PathBuf) {
    let out = house.beside("out");
    (house.run(&["audit", "export", out.to_str().expect("a plain path")]), out.join(DOMAIN))
}

fn python(arguments: &[&Path]) -> (bool, String) {
    let verifier = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/verify/verify.py");
    let done = Command::new("python3").arg(verifier).args(arguments).output().expect("there is a python3");
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    (done.status.success(), said)
}

/// Every file of a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for item in std::fs::read_dir(folder).expect("it can be read") {
        let path = item.expect("it can be read").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.insert(path.clone(), std::fs::read(path).expect("it can be read"));
        }
    }
    all
}

/// Each refusal is an entry.
async fn refusals(alice: &Browser, count: usize) {
    for _ in 0..count {
        alice.get("/api/admin/audit/log/checkpoint").await.expect(403);
    }
}

#[tokio::test]
async fn the_log_is_exported_and_served_and_others_prove_it() {
    let house = House::town();
    // That a second person is asked has tests of its own.
    house.run(&["tenant", "four-eyes", DOMAIN, "--set", "off"]).well();
    let server = house.serve().await;
    let alice = Browser::signed_in(&server, ALICE).await;
    let (ran, folder) = export(&house);
    assert!(ran.well().contains(&format!("{DOMAIN}: ")), "it says what it did");
    let first = Copy::of_folder(&folder);
    assert!(first.prove(None) < 256);

    refusals(&alice, 260).await;
    let said = export(&house).0.well();
    assert!(said.contains("260 of them new"), "{said}");
    let second = Copy::of_folder(&folder);
    assert!(second.prove(Some(&first)) > 256);
    let (whole, said) = python(&[&house.beside("out")]);
    assert!(whole && said.contains("entries, whole"), "{said}");

    // What is served is the same log, further on.
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let served = Copy::of_server(&claire).await;
    served.prove(Some(&second));
    let same = |(path, bytes): (&String, &Vec<u8>)| served.files.get(path).is_none_or(|there| there == bytes);
    assert!(second.files.iter().all(same));

    // Who may not read the log learns nothing of it, and a name that is none is none.
    for path in ["checkpoint", "tile/0/000", "tile/entries/000", "tile/9/999", "tile/nonsense"] {
        let path = format!("/api/admin/audit/log/{path}");
        alice.get(&path).await.expect(403);
        Browser::new(&server, DOMAIN).get(&path).await.expect(401);
    }
    for path in
        ["0/001", "0/002.p/1", "0/0", "3/000.p/1", "64/000", "entries/x000/000", "0/..%2f..%2fcheckpoint"]
    {
        claire.get(&format!("/api/admin/audit/log/tile/{path}")).await.expect(404);
    }
    for path in ["checkpoint", "tile/0/000"] {
        claire.get(&format!("/witness/{DOMAIN}/{path}")).await.expect(404);
    }

    // Whoever noted a checkpoint, on paper or with the export, has it confirmed beside the running server.
    let noted = house.beside("noted.txt");
    std::fs::write(&noted, first.checkpoint.replace('\n', "\r\n")).expect("our own folder can be written");
    let (noted, out) = (noted.to_str().expect("plain"), house.beside("out"));
    let command = ["audit", "verify", "--checkpoint", noted, "--folder", out.to_str().expect("plain")];
    let said = house.run(&command).well();
    assert!(said.contains("It begins with what you kept of it: 2 checkpoint(s)."), "{said}");
    server.stop().await;
}

#[tokio::test]
async fn an_edited_or_forked_log_is_refused_and_the_folder_stays_as_it_is() {
    let house = House::town();
    let (ran, folder) = export(&house);
    ran.well();
    house.add_account("gus@mairie.test", "Gus Petit", "agent");
    let mut database = Database::of(&house).await;
    let last = database.number("SELECT MAX(seq) FROM audit_entry").await;
    let before = files(&folder);

    let edit = format!(
        "UPDATE audit_entry SET act = CASE act WHEN 'x' THEN 'account.add' ELSE 'x' END WHERE seq = {last}"
    );
    database.run(&format!("CREATE TABLE aside AS SELECT * FROM audit_entry WHERE seq = {last}")).await;
    database.run(&edit).await;
    let said = export(&house).0.refused();
    assert!(said.contains(&format!("entry {last}, field `act` was changed")), "{said}");
    database.run(&format!("DELETE FROM audit_entry WHERE seq = {last}")).await;
    export(&house).0.refused();
    assert_eq!(files(&folder), before);
    database.run("INSERT INTO audit_entry SELECT * FROM aside").await;
    export(&house).0.well();
    database.close().await;

    // Put back to an earlier state and lived on: whole in itself, and not the log that was exported.
    let (data, backup) = (house.data().join("beffroi.db"), house.beside("backup.db"));
    std::fs::copy(&data, &backup).expect("nobody writes");
    house.add_account("hugo@mairie.test", "Hugo Noir", "agent");
    export(&house).0.well();
    let (before, kept) = (files(&folder), Copy::of_folder(&folder).prove(None));
    std::fs::copy(&backup, &data).expect("nobody writes");
    let forked = kept - 1;
    for (name, size) in [("", forked), ("ines@mairie.test", kept), ("jean@mairie.test", kept + 1)] {
        if !name.is_empty() {
            house.add_account(name, "Quelqu’un d’autre", "agent");
        }
        house.run(&["audit", "verify"]).well();
        let said = export(&house).0.refused();
        let expected = format!(
            "the folder has {kept} entries, the log {size}, and only the first {forked} are the same"
        );
        assert!(said.contains(&expected) && said.contains("security officer"), "{said}");
        assert_eq!(files(&folder), before);
        let out = house.beside("out");
        let ran = house.run(&["audit", "verify", "--folder", out.to_str().expect("plain")]);
        assert!(
            ran.code == Some(1)
                && ran.out.contains("rewritten or put back") | ran.out.contains("cut off or put back"),
            "{ran:?}"
        );
        let (whole, said) = python(&[&data, Path::new("--checkpoint"), &folder.join("checkpoint")]);
        assert!(!whole && said.contains("not the one that you noted"), "{said}");
    }
    let said = house.run(&["audit", "export", "elsewhere", "--tenant", "autre.test"]).refused();
    assert!(said.contains("nobody of autre.test is hosted here, but mairie.test"), "{said}");
    let said = house.run(&["audit", "verify", "--folder", house.data().to_str().expect("plain")]).refused();
    assert!(said.contains("holds no exported log"), "{said}");
}

#[tokio::test]
async fn what_the_operator_publishes_a_witness_reads_without_a_session_and_nothing_else() {
    let house = House::with_settings(&format!("[audit]\npublished = [\"{DOMAIN}\"]\n")).populated();
    house.run(&["tenant", "add", "voisin.test", "--name", "La ville d’à côté"]).well();
    let server = house.serve().await;
    let witness = Browser::new(&server, DOMAIN);
    let read = async |path: &str| witness.get(&format!("/witness/{path}")).await;
    let answer = read(&format!("{DOMAIN}/checkpoint")).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let checkpoint = String::from_utf8(answer.body).expect("a note is text");
    let mut copy = Copy { files: BTreeMap::new(), checkpoint };
    let size = head(&copy.checkpoint).0;
    for tile in Tile::new_tiles(8, 0, size) {
        let answer = read(&format!("{DOMAIN}/{}", path(&tile))).await.expect(200);
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
        copy.files.insert(path(&tile), answer.body);
    }
    // What the witness kept yesterday is the tree of three entries, as these tiles themselves give it.
    let (size, root) = head(&copy.checkpoint);
    let reader = TileHashReader::new(size, root, &copy);
    let then = tree_hash(3, &reader).expect("the tiles are those of the checkpoint");
    let proof = prove_tree(size, 3, &reader).expect("the tiles are those of the checkpoint");
    check_tree(&proof, size, root, 3, then).expect("the log only grew");
    for path in [format!("{DOMAIN}/tile/entries/000.p/{size}"), format!("{DOMAIN}/tile/0/000.p/{}", size + 1)]
    {
        read(&path).await.expect(404);
    }
    for path in ["voisin.test/checkpoint", "voisin.test/tile/0/000.p/1", "nulle-part.test/checkpoint"] {
        read(path).await.expect(404);
    }
    witness.get("/api/admin/audit/log/checkpoint").await.expect(401);
    server.stop().await;
}
