//! The master key: made once, asked for ever after, changed without losing anything.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::{Content, MemberRank};
use beffroi_policy::{ReadRoom, Speak, decide};
use beffroi_store::{OpenError, Range, Settings, Store};
use place::{both, now};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use town::{Town, author, speech};

async fn said(store: &Store, town: &Town) -> Vec<String> {
    let range = Range { limit: 500, ..Range::default() };
    let page = store.history(&town.owner::<ReadRoom>(), range).await.unwrap();
    page.events
        .into_iter()
        .filter_map(|e| match e.content {
            Content::Speech(s) => Some(s.payload),
            _ => None,
        })
        .collect()
}

async fn refused(settings: Settings) -> String {
    match Store::open(settings).await {
        Ok(_) => "it opened".to_owned(),
        Err(error) => match error {
            OpenError::KeyMissing { .. } => "missing".into(),
            OpenError::KeyUnreadable { .. } => "unreadable".into(),
            OpenError::KeyMode { mode, .. } => format!("mode {mode:o}"),
            OpenError::KeyShape { .. } => "shape".into(),
            OpenError::KeyWrong { found, expected, .. } if found != expected => "wrong".into(),
            OpenError::NoDatabase { .. } => "no database".into(),
            OpenError::Unreachable { .. } => "unreachable".into(),
            OpenError::Newer { found, known } => format!("newer {}", found - known),
            other => format!("{other:?}"),
        },
    }
}

#[test]
fn without_its_key_the_store_stays_shut_and_says_what_to_do() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        town.say("kept").await;
        town.store.close().await;
        let key = place.settings().master_key;
        let good = fs::read(&key).unwrap();
        assert_eq!(good.len(), 65);
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);

        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(refused(place.settings()).await, "mode 640");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&key, "not a key").unwrap();
        assert_eq!(refused(place.settings()).await, "shape");
        fs::write(&key, "ab".repeat(32)).unwrap();
        assert_eq!(refused(place.settings()).await, "wrong");
        fs::remove_file(&key).unwrap();
        assert_eq!(refused(place.settings()).await, "missing");
        assert!(!key.exists(), "no new key over data that another one opens");
        fs::create_dir(&key).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(refused(place.settings()).await, "unreadable");
        fs::remove_dir(&key).unwrap();
        fs::write(&key, &good).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(said(&place.store().await, &town).await, ["<body>kept</body>"]);
    });
}

#[test]
fn processes_that_start_at_once_make_one_key() {
    both(async |place| {
        let (a, b, c) = tokio::join!(place.store(), place.store(), place.store());
        a.add_tenant(&"a.localhost".parse().unwrap(), "A", now()).await.unwrap();
        b.add_tenant(&"b.localhost".parse().unwrap(), "B", now()).await.unwrap();
        assert_eq!(c.verify_audit().await.unwrap(), []);
        assert_eq!(place.store().await.tenants().await.unwrap().len(), 2);
    });
}

#[test]
fn a_wrong_database_is_named() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let place = place::Place::sqlite();
        let settings =
            |database: &str| Settings { database: database.into(), create: false, ..place.settings() };
        assert_eq!(refused(settings("sqlite:/nowhere/at/all.db")).await, "no database");
        assert_eq!(refused(settings("postgres://x@127.0.0.1:1/none")).await, "unreachable");
        assert!(refused(settings("mysql://u:secret@h/d")).await.contains("Setting(\"mysql://u@h/d\")"));
        let store = place.store().await;
        store.close().await;
        place.sql("INSERT INTO migration (version) VALUES (9999)").await;
        assert!(refused(place.settings()).await.starts_with("newer "));
    });
}

#[test]
fn a_rotation_changes_every_key_and_no_content() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        town.say("before").await;
        // A second process, which has opened its keys already.
        let server = place.store().await;
        assert_eq!(said(&server, &town).await.len(), 1);
        let before = fs::read(&place.settings().master_key).unwrap();
        let former = town.store.rotate_keys().await.unwrap();
        assert_eq!(fs::read(&former).unwrap(), before);
        assert_ne!(fs::read(&place.settings().master_key).unwrap(), before);
        assert!(!place.folder().join("master.key.next").exists());

        // The server goes on: old rooms, new rooms, the log.
        let permit = decide::<Speak>(&town.actor(&town.bob, Some(MemberRank::Member)), &town.room).unwrap();
        server.say(&permit, author(&town.bob), speech("after"), now()).await.unwrap();
        let create = beffroi_policy::operator(town.tenant.id, town.alice.id);
        let name = "Neuf".parse().unwrap();
        let room = server.create_room(&create, &name, "", "public", town.alice.id, &[], now()).await.unwrap();
        let permit = decide::<Speak>(&town.actor(&town.alice, Some(MemberRank::Owner)), &room).unwrap();
        server.say(&permit, town.author(), speech("new room"), now()).await.unwrap();
        server.add_tenant(&"other.localhost".parse().unwrap(), "Autre", now()).await.unwrap();
        assert_eq!(server.verify_audit().await.unwrap(), []);
        server.rotate_keys().await.unwrap();
        town.say("again").await;
        server.close().await;
        town.store.close().await;

        let store = place.store().await;
        let all = ["<body>before</body>", "<body>after</body>", "<body>again</body>"];
        assert_eq!(said(&store, &town).await, all);
        assert_eq!(store.verify_audit().await.unwrap(), []);
        store.close().await;
        fs::copy(&former, place.settings().master_key).unwrap();
        assert_eq!(refused(place.settings()).await, "wrong", "the former key opens nothing any more");
    });
}

#[test]
fn a_rotation_cut_anywhere_is_finished_or_forgotten() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        town.say("kept").await;
        let key = place.settings().master_key;
        let next = place.folder().join("master.key.next");
        let old = fs::read(&key).unwrap();
        let put = |path: &std::path::Path, bytes: &[u8]| {
            fs::write(path, bytes).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        };

        // Cut before its transaction: the next key opens nothing yet and is passed over.
        put(&next, "cd".repeat(32).as_bytes());
        assert_eq!(said(&place.store().await, &town).await.len(), 1);
        town.store.rotate_keys().await.unwrap();
        let new = fs::read(&key).unwrap();
        assert_ne!(new, "cd".repeat(32).into_bytes());

        // Cut after its transaction, before the new file took its place.
        put(&key, &old);
        put(&next, &new);
        let store = place.store().await;
        assert_eq!(said(&store, &town).await.len(), 1);
        assert_eq!((fs::read(&key).unwrap(), next.exists()), (new.clone(), false));

        // The same, and the next to come is another rotation.
        put(&key, &old);
        put(&next, &new);
        store.rotate_keys().await.unwrap();
        assert_ne!(fs::read(&key).unwrap(), new);
        assert_eq!(said(&place.store().await, &town).await.len(), 1);
    });
}
