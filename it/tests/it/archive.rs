//! Everything said is there again: page by page, and after a restart.

use beffroi_it::{ALICE, BOB, Browser, CLAIRE, House, Talker, attribute, text};

const ROOM: &str = "accueil@rooms.mairie.test";

#[tokio::test]
async fn history_is_read_backwards_page_by_page_as_one_scrolls_up() {
    let house = House::town();
    let server = house.serve().await;
    let mut alice = Talker::connect(&Browser::signed_in(&server, ALICE).await).await;
    alice.enter(ROOM).await;
    for n in 0..45 {
        alice.say_in(ROOM, &format!("m{n}"), &format!("ligne {n}")).await;
    }
    alice.message("m44").await;
    let mut seen: Vec<String> = vec![];
    let mut before = String::from("<before/>");
    loop {
        let (page, fin) = alice.archive(ROOM, None, &format!("<max>10</max>{before}")).await;
        let mut bodies: Vec<_> = page
            .iter()
            .filter_map(|f| text(f, "body"))
            .filter(|b| b.starts_with("ligne"))
            .map(str::to_owned)
            .collect();
        assert!(page.len() <= 10);
        bodies.append(&mut seen);
        seen = bodies;
        if attribute(&fin, "fin", "complete") == Some("true") {
            break;
        }
        let first = text(&fin, "first").expect("a page that is not the last has bounds");
        before = format!("<before>{first}</before>");
    }
    assert_eq!(seen, (0..45).map(|n| format!("ligne {n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn after_a_restart_everything_is_there_in_order_and_once() {
    let house = House::town();
    let server = house.serve().await;
    let (alices, bobs) = (Browser::signed_in(&server, ALICE).await, Browser::signed_in(&server, BOB).await);
    let (mut alice, mut bob) = (Talker::connect(&alices).await, Talker::connect(&bobs).await);
    alice.enter(ROOM).await;
    bob.enter(ROOM).await;
    for n in 0..20 {
        alice.say_in(ROOM, &format!("a{n}"), &format!("d’Alice {n}")).await;
        bob.say_in(ROOM, &format!("b{n}"), &format!("de Bob {n}")).await;
        alice.say_to(BOB, &format!("d{n}"), &format!("entre nous {n}")).await;
    }
    alice.message("a19").await;
    bob.message("b19").await;
    bob.message("d19").await;
    let (room, direct) = (alice.whole_archive(ROOM, None).await, alice.whole_archive("", Some(BOB)).await);
    assert_eq!(direct.len(), 20);
    server.stop().await;

    let server = house.serve().await;
    // The session outlives the restart too: nobody signs in again.
    let mut alice = Talker::connect(&alices.at(&server)).await;
    assert_eq!(alice.whole_archive(ROOM, None).await, room);
    assert_eq!(alice.whole_archive("", Some(BOB)).await, direct);
    let numbers: Vec<_> = room.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    alice.enter(ROOM).await;
    alice.say_in(ROOM, "next", "la suite").await;
    let said = alice.message("next").await;
    assert_eq!(attribute(&said, "stanza-id", "id"), Some((numbers.len() + 1).to_string().as_str()));
}

/// What Gajim, Dino, Conversations and Converse.js do: page through everything that is theirs, remember the
/// last id, and go on from there the next time.
#[tokio::test]
async fn a_client_reads_its_whole_archive_and_goes_on_from_the_last_id_it_saw() {
    let house = House::town();
    let server = house.serve().await;
    let mut alice = Talker::connect(&Browser::signed_in(&server, ALICE).await).await;
    let mut bob = Talker::connect(&Browser::signed_in(&server, BOB).await).await;
    let mut claire = Talker::connect(&Browser::signed_in(&server, CLAIRE).await).await;
    alice.enter(ROOM).await;
    let mut expected = vec![];
    for n in 0..12 {
        let (who, to) = match n % 4 {
            0 => (&mut bob, ALICE),
            1 => (&mut claire, ALICE),
            2 => (&mut alice, BOB),
            _ => (&mut alice, CLAIRE),
        };
        who.say_to(to, &format!("d{n}"), &format!("mot {n}")).await;
        who.settle().await;
        expected.push(format!("mot {n}"));
        bob.say_to(CLAIRE, &format!("o{n}"), "pas pour Alice").await;
        alice.say_in(ROOM, &format!("r{n}"), "au salon").await;
    }
    let (mut seen, mut ids, mut after) = (vec![], vec![], String::new());
    loop {
        let (page, fin) = alice.archive("", None, &format!("<max>5</max>{after}")).await;
        assert_eq!(attribute(&fin, "iq", "type"), Some("result"), "{fin}");
        for result in &page {
            let id = attribute(result, "result", "id").unwrap().to_owned();
            assert_eq!(attribute(result, "stanza-id", "id"), Some(id.as_str()));
            assert_eq!(attribute(result, "stanza-id", "by"), Some(ALICE));
            seen.push(text(result, "body").unwrap().to_owned());
            ids.push(id);
        }
        if attribute(&fin, "fin", "complete") == Some("true") {
            break;
        }
        let last = text(&fin, "last").expect("a page that is not the last has bounds").to_owned();
        assert_eq!(Some(&last), ids.last());
        after = format!("<after>{last}</after>");
    }
    assert_eq!(seen, expected);
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len(), "unique: {ids:?}");

    // The id that comes with a message as it is said is the archive's.
    bob.say_to(ALICE, "late", "après").await;
    let live = attribute(&alice.message("late").await, "stanza-id", "id").unwrap().to_owned();
    let (page, _) = alice.archive("", None, &format!("<max>5</max><after>{}</after>", ids[11])).await;
    assert_eq!(page.len(), 1);
    assert_eq!(attribute(&page[0], "result", "id"), Some(live.as_str()));
    // Asked for the last page, for single ones, for the ends, with one person only: the same ids.
    let (page, fin) = alice.archive("", None, "<max>2</max><before/>").await;
    assert_eq!(page.len(), 2);
    assert_eq!((text(&fin, "first"), text(&fin, "last")), (Some(ids[11].as_str()), Some(live.as_str())));
    let field = |name: &str, values: &[&str]| {
        let values: String = values.iter().map(|v| format!("<value>{v}</value>")).collect();
        format!("<field var='{name}'>{values}</field>")
    };
    let ask = async |alice: &mut Talker, fields: &str| {
        let query = format!(
            "<query xmlns='urn:xmpp:mam:2' queryid='f'><x xmlns='jabber:x:data' type='submit'>{fields}</x></query>"
        );
        let fin = alice.ask("set", "", &query).await;
        let mine = |f: &String| attribute(f, "result", "queryid") == Some("f");
        let (page, heard): (Vec<_>, _) = std::mem::take(&mut alice.heard).into_iter().partition(mine);
        alice.heard = heard;
        (page.iter().map(|f| attribute(f, "result", "id").unwrap().to_owned()).collect::<Vec<_>>(), fin)
    };
    let (found, _) = ask(&mut alice, &field("ids", &[&ids[3], &ids[0]])).await;
    assert_eq!(found, [3, 0].map(|at| ids[at].clone()));
    let (found, _) = ask(&mut alice, &field("with", &[BOB])).await;
    let with_bob: Vec<_> = ids.iter().step_by(2).chain([&live]).cloned().collect();
    assert_eq!(found, with_bob);
    let metadata = alice.ask("get", "", "<metadata xmlns='urn:xmpp:mam:2'/>").await;
    assert_eq!(attribute(&metadata, "start", "id"), Some(ids[0].as_str()));
    assert_eq!(attribute(&metadata, "end", "id"), Some(live.as_str()));
    // A number alone is nobody's here, and the event of a room or of two others is not there.
    let (theirs, _) = bob.archive("", Some(CLAIRE), "<max>1</max>").await;
    let theirs = attribute(&theirs[0], "result", "id").unwrap().to_owned();
    for wrong in ["3", &theirs, &ids[0].replace("-1", "-900")] {
        let (_, refused) = alice.archive("", None, &format!("<after>{wrong}</after>")).await;
        assert!(refused.contains("<item-not-found"), "{wrong}: {refused}");
    }
    // A read mark by that id counts.
    alice
        .send(&format!(
            "<message xmlns='jabber:client' type='chat' to='{BOB}'><displayed xmlns='urn:xmpp:chat-markers:0' id='{live}'/></message>"
        ))
        .await;
    let mark = bob.until("a read mark", |f| f.contains("<displayed")).await;
    assert_eq!(attribute(&mark, "displayed", "id"), Some(live.as_str()));
}
