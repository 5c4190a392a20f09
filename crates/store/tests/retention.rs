//! What a label keeps for ninety days is gone on the ninety-first, contents included.

mod place;
mod town;

use beffroi_policy::{AddFile, CreateRoom, ReadFile, ReadRoom, Speak, decide, operator};
use beffroi_store::{Range, StoreError};
use bytes::Bytes;
use place::{both, now};
use town::{Town, speech};

const DAY: i64 = 86_400_000_000;

#[test]
fn a_sensitive_room_forgets_after_ninety_days_and_an_internal_one_does_not() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let store = &town.store;
        let permit = operator::<CreateRoom>(town.tenant.id, town.alice.id);
        let then = now() - 91 * DAY;
        let name = "Conseil".parse().unwrap();
        let room =
            store.create_room(&permit, &name, "", "sensitive", town.alice.id, &[], then).await.unwrap();
        let actor = town.actor(&town.alice, Some(beffroi_domain::MemberRank::Owner));
        let speak = decide::<Speak>(&actor, &room).unwrap();
        store.say(&speak, town.author(), speech("old"), then).await.unwrap();
        let add = decide::<AddFile>(&actor, &room).unwrap();
        let upload = store.begin_upload(&add, town.alice.id, "old.txt", "text/plain", 3, then).await.unwrap();
        store.append_part(upload, 0, Bytes::from_static(b"old"), then).await.unwrap();
        let (file, _) = store.finish_upload(&town.owner(), upload, town.author(), then).await.unwrap();
        let recent = store.say(&speak, town.author(), speech("recent"), now()).await.unwrap();
        town.say("kept").await;

        // Making the room said nothing; the word and the file of then are two events.
        assert_eq!(store.forget_past(now()).await.unwrap(), recent.seq.unsigned_abs() - 1);
        let read = decide::<ReadRoom>(&actor, &room).unwrap();
        let left = store.history(&read, Range { limit: 100, ..Range::default() }).await.unwrap().events;
        assert_eq!(left, std::slice::from_ref(&recent));
        assert!(store.files(&read).await.unwrap().is_empty());
        let gone = store.file(&decide::<ReadFile>(&actor, &room).unwrap(), file.file).await;
        assert!(matches!(gone, Err(StoreError::Gone { .. })), "{gone:?}");
        assert_eq!(store.forget_past(now()).await.unwrap(), 0);
        assert!(
            store
                .history(&town.owner::<ReadRoom>(), Range { limit: 100, ..Range::default() })
                .await
                .unwrap()
                .events
                .len()
                == 1
        );

        // The timeline goes on where it was, and the log says what was forgotten.
        let next = store.say(&speak, town.author(), speech("next"), now()).await.unwrap();
        assert_eq!(next.seq, recent.seq + 1);
        assert_eq!(store.verify_audit().await.unwrap(), []);
    });
}
