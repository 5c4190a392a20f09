//! Two people write: in a room, to each other, from several windows.

use beffroi_it::{ALICE, BOB, Browser, CLAIRE, House, Talker, attribute, element, text};

const ROOM: &str = "accueil@rooms.mairie.test";

#[tokio::test]
async fn what_one_says_in_a_room_the_others_see_in_order_with_its_author_and_label() {
    let house = House::town();
    let server = house.serve().await;
    let mut alice = Talker::connect(&Browser::signed_in(&server, ALICE).await).await;
    let mut bob = Talker::connect(&Browser::signed_in(&server, BOB).await).await;
    alice.enter(ROOM).await;
    bob.enter(ROOM).await;
    for n in 0..50 {
        alice.say_in(ROOM, &format!("a{n}"), &format!("ligne {n}")).await;
    }
    let mut last = 0;
    for n in 0..50 {
        let own = alice.message(&format!("a{n}")).await;
        let seen = bob.until("a line", |f| f.contains("<body>")).await;
        assert_eq!(text(&seen, "body"), Some(format!("ligne {n}").as_str()));
        assert_eq!(attribute(&seen, "author", "address"), Some(ALICE));
        assert_eq!(attribute(&seen, "author", "name"), Some("Alice Martin"));
        assert_eq!(attribute(&seen, "message", "from"), Some("accueil@rooms.mairie.test/Alice Martin"));
        assert!(element(&seen, "securitylabel").is_some_and(|l| l.contains("slug='internal'")), "{seen}");
        assert_eq!(attribute(&seen, "stanza-id", "by"), Some(ROOM));
        let number: i64 = attribute(&seen, "stanza-id", "id").unwrap().parse().unwrap();
        assert_eq!(attribute(&own, "stanza-id", "id").unwrap(), number.to_string());
        assert!(last == 0 || number == last + 1, "{last} then {number}");
        last = number;
    }
}

#[tokio::test]
async fn who_writes_twice_with_the_same_id_has_written_once() {
    let house = House::town();
    let server = house.serve().await;
    let mut alice = Talker::connect(&Browser::signed_in(&server, ALICE).await).await;
    alice.enter(ROOM).await;
    alice.say_in(ROOM, "same", "une fois").await;
    let first = alice.message("same").await;
    alice.say_in(ROOM, "same", "une fois").await;
    alice.say_in(ROOM, "after", "ensuite").await;
    alice.message("after").await;
    let number = |frame: &str| attribute(frame, "stanza-id", "id").map(str::to_owned);
    let again: Vec<_> = alice.heard.iter().filter(|f| f.contains("une fois")).map(|f| number(f)).collect();
    assert!(again.iter().all(|n| *n == number(&first)), "{again:?}");
    let archive = alice.whole_archive(ROOM, None).await;
    assert_eq!(archive.iter().filter(|(_, id, _)| id == "same").count(), 1, "{archive:?}");
}

#[tokio::test]
async fn one_to_one_reaches_every_window_and_copies_reach_the_senders_own() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let mut desk = Talker::connect(&page).await;
    let mut phone = Talker::connect(&page).await;
    let their_page = Browser::signed_in(&server, BOB).await;
    let mut bob = Talker::connect(&their_page).await;
    let mut bobs_phone = Talker::connect(&their_page).await;
    for window in [&mut desk, &mut phone, &mut bob, &mut bobs_phone] {
        let done = window.ask("set", "", "<enable xmlns='urn:xmpp:carbons:2'/>").await;
        assert_eq!(attribute(&done, "iq", "type"), Some("result"), "{done}");
    }
    desk.say_to(BOB, "d1", "Tu viens ?").await;
    for window in [&mut bob, &mut bobs_phone] {
        let seen = window.message("d1").await;
        assert_eq!(text(&seen, "body"), Some("Tu viens ?"));
        assert_eq!(attribute(&seen, "message", "from").and_then(|f| f.split('/').next()), Some(ALICE));
    }
    let copy = phone.until("a carbon", |f| f.contains("urn:xmpp:carbons:2") && f.contains("<sent")).await;
    assert!(copy.contains("id='d1'") && copy.contains("Tu viens ?"), "{copy}");
    bob.say_to(ALICE, "d2", "J’arrive").await;
    for window in [&mut desk, &mut phone] {
        assert_eq!(text(&window.message("d2").await, "body"), Some("J’arrive"));
    }
    let archive = desk.whole_archive("", Some(BOB)).await;
    let said: Vec<_> = archive.iter().map(|(_, _, body)| body.as_str()).collect();
    assert_eq!(said, ["Tu viens ?", "J’arrive"]);
    assert_eq!(bob.whole_archive("", Some(ALICE)).await, archive);
    let rooms = page.get("/api/rooms").await.expect(200).json();
    let direct: Vec<_> = rooms.as_array().unwrap().iter().filter(|r| r["kind"] == "direct").collect();
    assert!(
        matches!(direct.as_slice(), [one] if one["address"] == BOB && one["name"] == "Bob Lambert"),
        "{rooms}"
    );
}

#[tokio::test]
async fn typing_and_reading_are_seen_by_the_others_and_kept_nowhere() {
    let house = House::town();
    let server = house.serve().await;
    let mut alice = Talker::connect(&Browser::signed_in(&server, ALICE).await).await;
    let page = Browser::signed_in(&server, BOB).await;
    let mut bob = Talker::connect(&page).await;
    alice.enter(ROOM).await;
    bob.enter(ROOM).await;
    let composing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
    alice
        .send(&format!("<message xmlns='jabber:client' type='groupchat' to='{ROOM}'>{composing}</message>"))
        .await;
    let seen = bob.until("typing", |f| f.contains("<composing")).await;
    assert_eq!(attribute(&seen, "message", "from"), Some("accueil@rooms.mairie.test/Alice Martin"));
    alice.send(&format!("<message xmlns='jabber:client' type='chat' to='{BOB}'>{composing}</message>")).await;
    bob.until("typing", |f| f.contains("<composing") && f.contains("type='chat'")).await;

    alice.say_in(ROOM, "m1", "Lisez-moi").await;
    let seen = bob.message("m1").await;
    let number = attribute(&seen, "stanza-id", "id").unwrap().to_owned();
    let unread = |rooms: serde_json::Value| rooms[0]["unread"].as_i64();
    assert!(unread(page.get("/api/rooms").await.json()).is_some_and(|n| n >= 1));
    let read = format!("<displayed xmlns='urn:xmpp:chat-markers:0' id='{number}'/>");
    bob.send(&format!("<message xmlns='jabber:client' type='groupchat' to='{ROOM}'>{read}</message>")).await;
    let mark = alice.until("a read mark", |f| f.contains("<displayed")).await;
    assert_eq!(attribute(&mark, "displayed", "id"), Some(number.as_str()));
    assert_eq!(attribute(&mark, "message", "from"), Some("accueil@rooms.mairie.test/Bob Lambert"));
    assert_eq!(unread(page.get("/api/rooms").await.json()), Some(0));
    let kept = alice.whole_archive(ROOM, None).await;
    assert_eq!(
        kept.iter().filter(|(_, _, body)| !body.is_empty()).filter(|(_, id, _)| id == "m1").count(),
        1
    );
    assert!(kept.iter().all(|(_, id, body)| id == "m1" || !body.is_empty()), "{kept:?}");
}

#[tokio::test]
async fn how_far_everybody_read_is_there_for_who_comes_later_and_for_nobody_outside() {
    let house = House::town();
    house.add_account("denis@mairie.test", "Denis Petit", "agent");
    let server = house.serve().await;
    let alices = Browser::signed_in(&server, ALICE).await;
    let mut alice = Talker::connect(&alices).await;
    let mut bob = Talker::connect(&Browser::signed_in(&server, BOB).await).await;
    alice.enter(ROOM).await;
    bob.enter(ROOM).await;
    alice.say_in(ROOM, "m1", "Lisez-moi").await;
    let said = bob.message("m1").await;
    let in_room: i64 = attribute(&said, "stanza-id", "id").unwrap().parse().unwrap();
    alice.say_to(BOB, "d1", "Et toi").await;
    bob.message("d1").await;
    let displayed = |id: i64| format!("<displayed xmlns='urn:xmpp:chat-markers:0' id='{id}'/>");
    bob.send(&format!(
        "<message xmlns='jabber:client' type='groupchat' to='{ROOM}'>{}</message>",
        displayed(in_room)
    ))
    .await;
    bob.send(&format!("<message xmlns='jabber:client' type='chat' to='{ALICE}'>{}</message>", displayed(1)))
        .await;
    let live = alice.until("a read mark", |f| f.contains("<displayed") && f.contains("groupchat")).await;
    assert_eq!(attribute(&live, "author", "address"), Some(BOB));
    alice.until("a read mark", |f| f.contains("<displayed") && f.contains("type='chat'")).await;

    let rooms = alices.get("/api/rooms").await.expect(200).json();
    let mut marks = vec![];
    for room in rooms.as_array().unwrap() {
        let page =
            alices.get(&format!("/api/rooms/{}", room["id"].as_str().unwrap())).await.expect(200).json();
        for member in page["members"].as_array().unwrap() {
            let who = member["address"].as_str().unwrap().to_owned();
            marks.push((
                room["kind"].as_str().unwrap().to_owned(),
                who,
                member["read_seq"].as_i64().unwrap(),
            ));
        }
    }
    marks.sort();
    let mark = |kind: &str, who: &str, seq| (kind.to_owned(), who.to_owned(), seq);
    let direct = [mark("direct", ALICE, 0), mark("direct", BOB, 1)];
    let group = [mark("group", ALICE, 0), mark("group", BOB, in_room), mark("group", CLAIRE, 0)];
    assert_eq!(marks, [&direct[..], &group[..]].concat());
    // Who does not belong to the room learns nothing of its readers.
    let outside = Browser::signed_in(&server, "denis@mairie.test").await;
    for room in rooms.as_array().unwrap() {
        outside.get(&format!("/api/rooms/{}", room["id"].as_str().unwrap())).await.expect(403);
    }
}

/// XEP-0280 §6: a client that keeps to the standard shows its own message once. Ours asks for the echo.
#[tokio::test]
async fn the_window_that_wrote_hears_itself_only_if_it_asked() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let mut strict = Talker::connect(&page).await;
    let mut ours = Talker::connect(&page).await;
    let mut bob = Talker::connect(&Browser::signed_in(&server, BOB).await).await;
    strict.ask("set", "", "<enable xmlns='urn:xmpp:carbons:2'/>").await;
    let echo = "<enable xmlns='urn:xmpp:carbons:2'><echo xmlns='urn:beffroi:room:0'/></enable>";
    ours.ask("set", "", echo).await;
    let copies = |talker: &Talker| {
        let own = talker.heard.iter().filter(|f| f.contains("<sent")).filter_map(|f| text(f, "body"));
        own.map(str::to_owned).collect::<Vec<_>>()
    };
    strict.say_to(BOB, "s1", "du client strict").await;
    ours.until("a copy", |f| f.contains("<sent") && f.contains("du client strict")).await;
    ours.say_to(BOB, "o1", "du nôtre").await;
    let own = ours.until("its own", |f| f.contains("<sent") && f.contains("du nôtre")).await;
    let seen = bob.message("o1").await;
    assert_eq!(attribute(&own, "stanza-id", "id"), attribute(&seen, "stanza-id", "id"));
    // Another window may choose the same id for something else: that one is told. The refused is forgotten.
    ours.say_to(CLAIRE, "s1", "même id, autre fenêtre").await;
    strict.say_to("nobody@mairie.test", "s2", "refusé").await;
    assert!(strict.message("s2").await.contains("type='error'"));
    ours.say_to(BOB, "s2", "encore").await;
    strict.until("the last", |f| f.contains("<sent") && f.contains("encore")).await;
    strict.settle().await;
    assert_eq!(copies(&strict), ["du nôtre", "même id, autre fenêtre"]);
    ours.until("its own", |f| f.contains("<sent") && f.contains("encore")).await;
    assert_eq!(copies(&ours), ["même id, autre fenêtre"], "each of the others once, above");
}
