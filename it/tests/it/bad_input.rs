//! What nobody should send: the server answers clearly, stays up, and writes none of it down.

use beffroi_it::{ALICE, BOB, Browser, DOMAIN, House, Talker, attribute};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

const ROOM: &str = "accueil@rooms.mairie.test";
/// A word that must never be found in the log.
const CANARY: &str = "canari-jaune-7431";

/// What a part of an upload is sent as.
const PART: &str = "application/offset+octet-stream";

/// The stream error that ended a connection, or how it ended without one.
async fn ended_with(talker: &mut Talker) -> String {
    let last = talker.until_end().await;
    let error = last.iter().find(|f| f.starts_with("<stream:error"));
    let word = |f: &String| {
        f.split("><")
            .nth(1)
            .and_then(|w| w.split([' ', '/']).next())
            .map(|w| w.trim_start_matches('<').to_owned())
    };
    error.and_then(word).unwrap_or_else(|| format!("{last:?}"))
}

#[tokio::test]
async fn malformed_oversized_and_misplaced_frames_end_their_own_stream_only() {
    let house = House::town();
    let server = house.serve().await;
    let (page, bobs) = (Browser::signed_in(&server, ALICE).await, Browser::signed_in(&server, BOB).await);
    let mut bob = Talker::connect(&bobs).await;
    bob.enter(ROOM).await;
    let deep =
        format!("<message xmlns='jabber:client'>{}{}</message>", "<a>".repeat(2000), "</a>".repeat(2000));
    let wide = format!("<message xmlns='jabber:client'>{}</message>", "<a/>".repeat(5000));
    let attributes: String = (0..200).map(|n| format!(" a{n}='1'")).collect();
    let large = format!("<message xmlns='jabber:client'><body>{}</body></message>", CANARY.repeat(20_000));
    for (frame, word) in [
        (format!("<message xmlns='jabber:client'><body>{CANARY}</message>"), "not-well-formed"),
        (format!("{CANARY} <<<>>>"), "not-well-formed"),
        ("<message xmlns='jabber:client' a='1' a='2'/>".into(), "not-well-formed"),
        ("<message xmlns='jabber:client'><body>&lol;</body></message>".into(), "restricted-xml"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><message xmlns='jabber:client'/>".into(), "restricted-xml"),
        ("<message xmlns='jabber:client'><!-- note --></message>".into(), "restricted-xml"),
        ("<message xmlns='jabber:client'><?php ?></message>".into(), "restricted-xml"),
        (deep, "policy-violation"),
        (wide, "policy-violation"),
        (format!("<message xmlns='jabber:client'{attributes}/>"), "policy-violation"),
        (large, "policy-violation"),
        ("<message xmlns='urn:autre'><body>x</body></message>".into(), "invalid-namespace"),
        ("<letter xmlns='jabber:client'/>".into(), "unsupported-stanza-type"),
        (format!("<message xmlns='jabber:client' from='{BOB}'><body>x</body></message>"), "invalid-from"),
        (
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>".into(),
            "policy-violation",
        ),
    ] {
        let mut talker = Talker::connect(&page).await;
        talker.send(&frame).await;
        let shown: String = frame.chars().take(60).collect();
        assert_eq!(ended_with(&mut talker).await, word, "{shown}");
    }
    let mut talker = Talker::connect(&page).await;
    talker.send_raw(Message::Binary(vec![0, 159, 146, 150].into())).await;
    assert_eq!(ended_with(&mut talker).await, "bad-format");
    bob.settle().await;

    for (first, word) in [
        ("<message xmlns='jabber:client'/>", "invalid-namespace"),
        (
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='ailleurs.test' version='1.0'/>",
            "host-unknown",
        ),
        (
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='mairie.test' version='0.9'/>",
            "unsupported-version",
        ),
    ] {
        let mut talker = Talker::knock(&page).await.unwrap();
        talker.send(first).await;
        assert_eq!(ended_with(&mut talker).await, word, "{first}");
    }
    let open = format!("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{DOMAIN}' version='1.0'/>");
    let mut talker = Talker::knock(&page).await.unwrap();
    talker.send(&open).await;
    talker.send("<iq xmlns='jabber:client' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>").await;
    assert_eq!(ended_with(&mut talker).await, "not-authorized", "a stanza before signing in");
    let mut stranger = Talker::knock(&Browser::new(&server, DOMAIN)).await.unwrap();
    stranger.send(&open).await;
    for _ in 0..3 {
        stranger.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>").await;
    }
    assert_eq!(ended_with(&mut stranger).await, "policy-violation", "three tries without a session");
    bob.settle().await;
    finish(server, &["<message", "lol"]).await;
}

#[tokio::test]
async fn what_is_well_formed_but_wrong_is_answered_and_the_stream_goes_on() {
    let house = House::town();
    let server = house.serve().await;
    let mut alice = Talker::connect(&Browser::signed_in(&server, ALICE).await).await;
    alice.enter(ROOM).await;
    for (to, payload, condition) in [
        ("", "<query xmlns='urn:inconnu'/>", "service-unavailable"),
        (ROOM, "<query xmlns='urn:inconnu'/>", "service-unavailable"),
        (ROOM, "<join xmlns='urn:beffroi:meeting:0'/>", "bad-request"),
        (ROOM, "<join xmlns='urn:beffroi:meeting:0'><sdp>v=0</sdp></join>", ""),
        (ROOM, "<lower xmlns='urn:beffroi:meeting:0' participant='P999999999999'/>", ""),
        (ROOM, "<admit xmlns='urn:beffroi:meeting:0' guest='x'/>", ""),
        (ROOM, "<end xmlns='urn:beffroi:meeting:0'/>", ""),
        ("nulle-part@rooms.mairie.test", "<ring xmlns='urn:beffroi:meeting:0'/>", "item-not-found"),
        ("quelquun@ailleurs.test", "<ping xmlns='urn:xmpp:ping'/>", "remote-server-not-found"),
        (
            ROOM,
            "<query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>-1</max></set></query>",
            "bad-request",
        ),
        (
            ROOM,
            "<query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><after>99999999999999999999</after></set></query>",
            "item-not-found",
        ),
        ("@@@", "<ping xmlns='urn:xmpp:ping'/>", "jid-malformed"),
    ] {
        let answer = alice.ask("set", to, payload).await;
        if !condition.is_empty() {
            assert_eq!(attribute(&answer, "iq", "type"), Some("error"), "{payload}: {answer}");
            assert!(answer.contains(&format!("<{condition} ")), "{payload}: {answer}");
        }
    }
    let far = "<query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>4294967295</max><after>9223372036854775807</after></set></query>";
    let answer = alice.ask("set", ROOM, far).await;
    assert!(answer.contains("<item-not-found "), "{answer}");
    alice.say_in("nulle-part@rooms.mairie.test", "x1", "x").await;
    assert!(alice.message("x1").await.contains("type='error'"));
    alice.send(&format!("<message xmlns='jabber:client' type='groupchat' to='{ROOM}' id='x2'><displayed xmlns='urn:xmpp:chat-markers:0' id='douze'/></message>")).await;
    assert!(alice.message("x2").await.contains("type='error'"));
    // What only the server may say is taken out of what a client says.
    alice.send(&format!("<message xmlns='jabber:client' type='groupchat' to='{ROOM}' id='x3'><body>moi</body><author xmlns='urn:beffroi:room:0' address='{BOB}' name='Bob'/><stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='1'/><file xmlns='urn:beffroi:room:0' id='1' name='virus'/></message>")).await;
    let said = alice.message("x3").await;
    assert_eq!(attribute(&said, "author", "address"), Some(ALICE));
    assert!(!said.contains("virus") && said.matches("<stanza-id").count() == 1, "{said}");
    alice.settle().await;
    finish(server, &["virus"]).await;
}

#[tokio::test]
async fn ten_thousand_stanzas_at_once_are_all_answered_and_nobody_else_waits() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let mut bob = Talker::connect(&Browser::signed_in(&server, BOB).await).await;
    bob.enter(ROOM).await;
    let mut alice = Talker::connect(&page).await;
    let pinging = async {
        for n in 0..10_000 {
            alice
                .send(&format!(
                    "<iq xmlns='jabber:client' type='get' id='p{n}'><ping xmlns='urn:xmpp:ping'/></iq>"
                ))
                .await;
            // As a browser does: what has come is read in between, nothing is waited for.
            if n % 100 == 99 {
                alice.until("an answer", |f| attribute(f, "iq", "id") == Some(&format!("p{}", n - 50))).await;
            }
        }
        alice.until("the last answer", |f| attribute(f, "iq", "id") == Some("p9999")).await;
    };
    let others = async {
        for _ in 0..20 {
            bob.settle().await;
            page.get("/health/ready").await.expect(200);
        }
    };
    tokio::join!(pinging, others);
    alice.enter(ROOM).await;
    for n in 0..2_000 {
        alice.say_in(ROOM, &format!("m{n}"), CANARY).await;
    }
    let last = bob.message("m1999").await;
    assert!(last.contains(CANARY));
    alice.message("m1999").await;
    finish(server, &[]).await;
}

#[tokio::test]
async fn who_sends_and_never_reads_hurts_only_themselves() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let mut deaf = Talker::connect(&page).await;
    let mut bob = Talker::connect(&Browser::signed_in(&server, BOB).await).await;
    deaf.enter(ROOM).await;
    bob.enter(ROOM).await;
    let long = "x".repeat(8_000);
    for n in 0..2_500 {
        bob.say_in(ROOM, &format!("b{n}"), &long).await;
        if n % 50 == 49 {
            bob.message(&format!("b{n}")).await;
            bob.heard.clear();
        }
    }
    bob.settle().await;
    // Whoever did not read has it all waiting, or their connection is over: never half of it on one that lives.
    let all = deaf.until_end_or(|f| attribute(f, "message", "id") == Some("b2499")).await;
    let whole =
        (0..2_500).all(|n| all.iter().any(|f| attribute(f, "message", "id") == Some(&format!("b{n}"))));
    assert!(whole || deaf.until_end().await.is_empty(), "{} frames", all.len());
    // Come back, the archive has what was missed.
    let mut back = Talker::connect(&page).await;
    let kept = back.whole_archive(ROOM, None).await;
    assert_eq!(kept.iter().filter(|(_, id, body)| id.starts_with('b') && body.len() == 8_000).count(), 2_500);
    finish(server, &["xxxxxxxx"]).await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_refused_until_one_is_free() {
    let house = House::with_settings("[limits]\nstreams = 10\n").populated();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let mut windows = vec![];
    for _ in 0..10 {
        windows.push(Talker::connect(&page).await);
    }
    let refused = Talker::knock(&page).await.expect_err("ten are ten");
    assert!(refused.to_string().contains("503"), "{refused}");
    // Strangers have few places of their own and take none of anybody's.
    Talker::knock(&Browser::new(&server, DOMAIN)).await.expect("the door is open to be told who may come in");
    for window in &mut windows {
        window.settle().await;
    }
    windows.pop();
    let free = async { while Talker::knock(&page).await.is_err() {} };
    beffroi_it::soon("a free place", free).await;
    finish(server, &[]).await;
}

#[tokio::test]
async fn http_that_makes_no_sense_is_refused_and_not_written_down() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let room = page.room("Accueil").await;
    page.request("POST", "/api/rooms").json(&json!({"name": "x".repeat(70_000)})).send().await.expect(413);
    for body in ["", "{", "[]", "null", "{\"name\": 3}", "\u{0}", &"[".repeat(60_000)] {
        let answer = page
            .request("POST", "/api/rooms")
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await;
        assert!(matches!(answer.status, 400 | 422), "{}", answer.status);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    for name in ["", "   ", "a\u{202e}b\u{0}", &"n".repeat(5000)] {
        let answer = page.post("/api/rooms", &json!({"name": name})).await;
        assert!(matches!(answer.status, 400 | 422), "{name:?}: {}", answer.status);
    }
    for path in [
        format!("/api/rooms/{CANARY}"),
        "/api/rooms/zzzzzzzzzzzzz".into(),
        "/api/rooms/%00".into(),
        "/api/rooms/..%2f..%2fadmin".into(),
        format!("/api/files/{CANARY}"),
        "/api/nulle-part".into(),
        format!("/api/rooms/{room}/rien"),
    ] {
        let answer = page.get(&path).await;
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
    }
    for range in ["bytes=", "bytes=a-b", "octets=1-2", "bytes=1-2,3-4"] {
        let file = crate::files::put(&page, &room, "a.bin", b"0123456789").await;
        page.request("GET", &format!("/api/files/{file}")).header("range", range).send().await.expect(200);
    }
    page.request("PUT", "/api/rooms").send().await.expect(405);
    page.request("GET", &format!("/api/admin/audit?before={CANARY}")).send().await.expect(400);
    let mut nobody = Browser::new(&server, DOMAIN);
    nobody.sign_in(&format!("{CANARY}@mairie.test"), CANARY).await.expect(401);
    page.get("/health/ready").await.expect(200);
    finish(server, &[]).await;
}

/// The shapes themselves are read by the client of these tests, here as everywhere.
#[tokio::test]
async fn what_is_not_described_is_refused_and_nothing_of_it_is_done() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, beffroi_it::CLAIRE).await;
    let alice = Browser::signed_in(&server, ALICE).await;
    let room = format!("/api/rooms/{}", alice.room("Accueil").await);
    let before = alice.get(&room).await.expect(200).json();
    for (path, body, status) in [
        ("/api/session", json!({"address": ALICE, "password": "x", "role": "administrator"}), 400),
        ("/api/password", json!({"old": "x", "new": "y", "of": BOB}), 400),
        ("/api/rooms", json!({"name": "R", "owner": BOB}), 400),
        ("/api/rooms", json!({"name": "R", "label": null}), 400),
        ("/api/rooms", json!({"name": "R", "members": null}), 400),
        ("/api/rooms", json!({"name": format!("{} ", "x".repeat(200))}), 422),
        ("/api/direct", json!({"address": format!(" {BOB}")}), 422),
        ("/api/admin/accounts", json!({"address": "x@mairie.test", "name": "X", "enabled": true}), 400),
    ] {
        page.post(path, &body).await.expect(status);
    }
    for (change, status) in [
        (json!({}), 422),
        (json!({"topic": null}), 400),
        (json!({"topic": "a\u{0}b"}), 422),
        (json!({"topic": "x".repeat(501)}), 422),
        // The label alone would be taken.
        (json!({"label": "public", "name": ""}), 422),
        (json!({"label": "public", "topic": "\u{202e}"}), 422),
    ] {
        alice.request("PATCH", &room).json(&change).send().await.expect(status);
    }
    assert_eq!(alice.get(&room).await.expect(200).json(), before);
    for (query, status) in [
        ("limit=0", 422),
        ("limit=201", 422),
        ("limit=-1", 400),
        ("before=0", 422),
        ("from_us=9007199254740992", 422),
        ("to_us=-1", 422),
        ("outcome=", 422),
        ("act=", 422),
        ("act=%00", 422),
        ("actor=%00", 422),
        ("who=alice", 400),
        ("limit=5&limit=6", 400),
    ] {
        let answer = page.get(&format!("/api/admin/audit?{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", String::from_utf8_lossy(&answer.body));
    }
    // A whole number is one however it is written.
    for (hours, status) in [
        (json!(78.0), 201),
        (json!(168), 201),
        (json!(169), 422),
        (json!(0), 422),
        (json!(-1), 400),
        (json!(1.5), 400),
        (json!("5"), 400),
        (json!(1e300), 400),
    ] {
        alice.post(&format!("{room}/links"), &json!({"hours": hours})).await.expect(status);
    }
    // It reads well and contradicts what is there.
    let pair = alice.post("/api/direct", &json!({"address": BOB})).await.expect(200).json();
    let members = format!("/api/rooms/{}/members", pair["id"].as_str().unwrap());
    alice.post(&members, &json!({"address": beffroi_it::CLAIRE})).await.expect(409);
    let upload = crate::files::begin(&alice, room.rsplit('/').next().unwrap(), "a.bin", 3).await;
    let upload = format!("/api/uploads/{upload}");
    for (offset, kind, status) in
        [("0", "text/plain", 415), ("+0", PART, 422), ("-1", PART, 422), ("", PART, 422), ("1", PART, 409)]
    {
        let part =
            alice.request("PATCH", &upload).header("upload-offset", offset).header("content-type", kind);
        part.body("abc").send().await.expect(status);
    }
    assert_eq!(alice.get(&upload).await.expect(200).json()["offset"], 0);
    for (method, path, status) in
        [("GET", "/api/rooms/%ff", 400), ("PUT", "/api/rooms", 405), ("GET", "/api/rien", 404)]
    {
        let answer = page.request(method, path).send().await.expect(status);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{method} {path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {path}");
    }
    finish(server, &[]).await;
}

/// Stops the server and reads its log: no address of a person, no IP address but its own, no word of anybody.
pub async fn finish(server: beffroi_it::Server, more: &[&str]) {
    let log = server.stop().await;
    for line in log.lines() {
        if line.contains("serving") {
            continue;
        }
        assert!(!line.contains('@'), "an address of a person is in the log: {line}");
        assert!(!line.contains("127.0.0."), "an IP address is in the log: {line}");
        for word in [CANARY, "panicked", "Alice", "Bob", "mairie.test"].iter().chain(more) {
            assert!(!line.contains(word), "{word} is in the log: {line}");
        }
    }
}
