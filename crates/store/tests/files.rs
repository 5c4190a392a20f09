//! Files from their first byte to their last, on both engines.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use aws_lc_rs::digest::{SHA256, digest};
use beffroi_domain::{Content, MemberRank};
use beffroi_policy::{AddFile, ReadFile, ReadRoom, decide};
use beffroi_store::{Store, StoreError};
use bytes::Bytes;
use futures_util::StreamExt as _;
use place::{both, now};
use town::Town;

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|n| (n * 31 + n / 251) as u8).collect()
}

async fn bytes(stream: beffroi_store::FileStream) -> Result<Vec<u8>, StoreError> {
    let pieces: Vec<_> = stream.collect().await;
    let mut all = vec![];
    for piece in pieces {
        all.extend_from_slice(&piece?);
    }
    Ok(all)
}

async fn upload(store: &Store, town: &Town, content: &[u8], parts: &[usize]) -> beffroi_domain::UploadId {
    let permit = town.owner::<AddFile>();
    let size = content.len() as u64;
    let id = store.begin_upload(&permit, town.alice.id, "budget é.ods", "x/y", size, now()).await.unwrap();
    let mut at = 0;
    for part in parts {
        let end = (at + part).min(content.len());
        let held =
            store.append_part(id, at as u64, Bytes::copy_from_slice(&content[at..end]), now()).await.unwrap();
        assert_eq!(held, end as u64);
        at = end;
    }
    id
}

#[test]
fn a_file_comes_in_parts_of_any_size_and_goes_out_in_any_range() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let content = content(1_000_003);
        let id = upload(&town.store, &town, &content, &[10, 65_526, 65_536, 1, 200_000, 700_000]).await;
        let row = town.store.upload(id).await.unwrap().unwrap();
        assert_eq!(
            (row.name.as_str(), row.media_type.as_str(), row.size, row.offset),
            ("budget é.ods", "x/y", 1_000_003, 1_000_003)
        );
        let (shared, event) =
            town.store.finish_upload(&town.owner(), id, town.author(), now()).await.unwrap();
        assert_eq!(shared.sha256, digest(&SHA256, &content).as_ref());
        assert_eq!(event.content, Content::File(shared.clone()));
        assert_eq!(
            town.store.finish_upload(&town.owner(), id, town.author(), now()).await.unwrap(),
            (shared.clone(), event),
            "said again"
        );
        assert!(town.store.upload(id).await.unwrap().is_none());
        assert_eq!(town.store.file_room(shared.file).await.unwrap(), Some(town.room.id));
        let files = town.store.files(&town.owner::<ReadRoom>()).await.unwrap();
        assert_eq!((files.len(), &files[0].file, &files[0].author), (1, &shared, &town.author()));
        let read = town.owner::<ReadFile>();
        assert_eq!(town.store.file(&read, shared.file).await.unwrap(), files[0]);
        for (first, last) in
            [(0, 0), (0, 1_000_002), (65_535, 65_536), (999_999, 1_000_002), (131_072, 720_000)]
        {
            let (_, stream) =
                town.store.read_file(&read, shared.file, Some((first, last)), now()).await.unwrap();
            assert_eq!(bytes(stream).await.unwrap(), &content[first as usize..=last as usize]);
        }
        let (row, stream) = town.store.read_file(&read, shared.file, None, now()).await.unwrap();
        assert_eq!((bytes(stream).await.unwrap(), row.file.size), (content, 1_000_003));
        let beyond = town.store.read_file(&read, shared.file, Some((5, 1_000_003)), now()).await;
        assert!(matches!(beyond, Err(StoreError::Refused(_))));
        assert_eq!(town.store.verify_audit().await.unwrap(), []);
    });
}

#[test]
fn an_upload_that_was_cut_goes_on_after_a_restart() {
    both(async |place| {
        let mut town = Town::new(place.store().await).await;
        let content = content(400_000);
        let id = upload(&town.store, &town, &content, &[100_000, 7, 70_000]).await;
        town.store.close().await;
        town.store = place.store().await;
        assert_eq!(town.store.upload(id).await.unwrap().unwrap().offset, 170_007);
        let wrong = town.store.append_part(id, 100_007, Bytes::from_static(b"x"), now()).await;
        assert!(matches!(wrong, Err(StoreError::Offset { held: 170_007, .. })), "{wrong:?}");
        let early = town.store.finish_upload(&town.owner(), id, town.author(), now()).await;
        assert!(matches!(early, Err(StoreError::Offset { held: 170_007, .. })));
        let long = Bytes::from(vec![0; 230_000]);
        assert!(matches!(
            town.store.append_part(id, 170_007, long, now()).await,
            Err(StoreError::Refused(_))
        ));
        let rest = Bytes::copy_from_slice(&content[170_007..]);
        assert_eq!(town.store.append_part(id, 170_007, rest, now()).await.unwrap(), 400_000);
        town.store.close().await;
        town.store = place.store().await;
        let (shared, _) = town.store.finish_upload(&town.owner(), id, town.author(), now()).await.unwrap();
        assert_eq!(shared.sha256, digest(&SHA256, &content).as_ref());
        let (_, stream) =
            town.store.read_file(&town.owner::<ReadFile>(), shared.file, None, now()).await.unwrap();
        assert_eq!(bytes(stream).await.unwrap(), content);
    });
}

/// A browser that goes away in the middle of a part, again and again, and comes back at once.
#[test]
fn a_part_that_nobody_waits_for_harms_nothing() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let content = content(6_000_000);
        let permit = town.owner::<AddFile>();
        let size = content.len() as u64;
        let id = town.store.begin_upload(&permit, town.alice.id, "a", "x/y", size, now()).await.unwrap();
        let mut at = 0;
        while at < content.len() {
            let end = (at + 700_001).min(content.len());
            let part = Bytes::copy_from_slice(&content[at..end]);
            tokio::select! {
                biased;
                _ = town.store.append_part(id, at as u64, part.clone(), now()) => {}
                () = tokio::task::yield_now() => {}
            }
            at = match town.store.append_part(id, at as u64, part, now()).await {
                Ok(held) => held,
                Err(StoreError::Offset { held, .. }) => held,
                Err(error) => panic!("{error}"),
            } as usize;
        }
        let (shared, _) = town.store.finish_upload(&town.owner(), id, town.author(), now()).await.unwrap();
        assert_eq!(shared.sha256, digest(&SHA256, &content).as_ref());
        let (_, stream) =
            town.store.read_file(&town.owner::<ReadFile>(), shared.file, None, now()).await.unwrap();
        assert_eq!(bytes(stream).await.unwrap(), content);
    });
}

#[test]
fn empty_files_abandoned_uploads_and_foreign_rooms() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let id = upload(&town.store, &town, &[], &[]).await;
        let (shared, _) = town.store.finish_upload(&town.owner(), id, town.author(), now()).await.unwrap();
        let read = town.owner::<ReadFile>();
        let (_, stream) = town.store.read_file(&read, shared.file, None, now()).await.unwrap();
        assert_eq!(bytes(stream).await.unwrap(), b"");

        let id = upload(&town.store, &town, &content(300_000), &[200_000]).await;
        town.store.abandon_upload(id).await.unwrap();
        assert!(matches!(town.store.abandon_upload(id).await, Err(StoreError::Gone { .. })));
        assert!(matches!(
            town.store.append_part(id, 0, Bytes::new(), now()).await,
            Err(StoreError::Gone { .. })
        ));
        upload(&town.store, &town, &content(300_000), &[200_000]).await;
        assert_eq!(town.store.forget_old_uploads(0).await.unwrap(), 0);
        assert_eq!(town.store.forget_old_uploads(now() + 1_000_000).await.unwrap(), 1);
        let mut left = vec![];
        for folder in std::fs::read_dir(place.folder().join("blobs")).unwrap() {
            left.extend(std::fs::read_dir(folder.unwrap().path()).unwrap().map(|e| e.unwrap().path()));
        }
        assert_eq!(left.len(), 1, "only the empty file: {left:?}");

        let (other, _) = town
            .store
            .direct_room(
                &beffroi_policy::operator(town.tenant.id, town.alice.id),
                town.alice.id,
                town.bob.id,
                now(),
            )
            .await
            .unwrap();
        let elsewhere =
            decide::<ReadFile>(&town.actor(&town.alice, Some(MemberRank::Owner)), &other).unwrap();
        assert!(matches!(town.store.file(&elsewhere, shared.file).await, Err(StoreError::Gone { .. })));
        let bad = town.store.begin_upload(&town.owner::<AddFile>(), town.alice.id, "a/b", "", 1, now()).await;
        assert!(matches!(bad, Err(StoreError::Refused(_))));
    });
}

#[test]
fn nothing_of_a_file_is_readable_on_the_disk() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let content = b"canary-of-the-content ".repeat(10_000);
        let id = upload(&town.store, &town, &content, &[100_001, 200_000]).await;
        let found = |needle: &str| {
            let mut stack = vec![place.folder().to_owned()];
            while let Some(path) = stack.pop() {
                if path.is_dir() {
                    stack.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
                } else if std::fs::read(&path).unwrap().windows(needle.len()).any(|w| w == needle.as_bytes())
                {
                    return true;
                }
            }
            false
        };
        assert!(!found("canary-of-the") && !found("budget é"), "while it comes");
        town.store.finish_upload(&town.owner(), id, town.author(), now()).await.unwrap();
        town.say("canary-of-the-speech").await;
        assert!(!found("canary-of-the") && !found("budget é"), "once it is there");
    });
}
