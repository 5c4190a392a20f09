//! Guests: a link, a name, a door; the meeting and its conversation, nothing else.

use crate::forgery::routes;
use beffroi_it::{ALICE, BOB, Browser, DOMAIN, House, Server, Talker, attribute, element, text};
use serde_json::json;

const ROOM: &str = "accueil@rooms.mairie.test";
const MEETING: &str = "urn:beffroi:meeting:0";

/// An offer of a browser that sends sound and hears one other: all that signalling needs.
pub(crate) const OFFER: &str = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
a=msid-semantic: WMS\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
a=ice-ufrag:EsAi\r\na=ice-pwd:7sFvz2gdLkEwjZEr0123456789abcd\r\na=fingerprint:sha-256 \
7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08\r\n\
a=setup:actpass\r\na=mid:0\r\na=sendonly\r\na=msid:s t\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n\
a=fmtp:111 minptime=10;useinbandfec=1\r\na=ssrc:1001 cname:essai\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:EsAi\r\na=ice-pwd:7sFvz2gdLkEwjZEr0123456789abcd\r\n\
a=fingerprint:sha-256 \
7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08\r\n\
a=setup:actpass\r\na=mid:1\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n";

pub(crate) async fn meeting(talker: &mut Talker, kind: &str, payload: &str) -> String {
    let payload = payload.replacen("/>", &format!(" xmlns='{MEETING}'/>"), 1);
    talker.ask(kind, ROOM, &payload).await
}

pub(crate) async fn join(talker: &mut Talker) -> String {
    let joined = talker.ask("set", ROOM, &format!("<join xmlns='{MEETING}'><sdp>{OFFER}</sdp></join>")).await;
    assert_eq!(attribute(&joined, "iq", "type"), Some("result"), "{joined}");
    assert!(text(&joined, "sdp").is_some_and(|sdp| sdp.contains("a=ice-lite")), "{joined}");
    attribute(&joined, "joined", "participant").expect("who joins gets a number").to_owned()
}

pub(crate) fn is_error(frame: &str, condition: &str) -> bool {
    attribute(frame, "iq", "type") == Some("error") && frame.contains(&format!("<{condition} "))
}

/// Alice's page, her link, and the secret in it.
async fn invited(server: &Server) -> (Browser, String, String) {
    let alice = Browser::signed_in(server, ALICE).await;
    let room = alice.room("Accueil").await;
    let link = alice.post(&format!("/api/rooms/{room}/links"), &json!({"hours": 2})).await.expect(201).json();
    let token =
        link["url"].as_str().and_then(|u| u.rsplit('/').next()).expect("a link has a secret").to_owned();
    (alice, link["id"].as_str().expect("a link has an id").to_owned(), token)
}

pub(crate) async fn entered(server: &Server, token: &str, name: &str) -> Browser {
    let mut guest = Browser::new(server, DOMAIN);
    let answer = guest.post(&format!("/api/guest/{token}"), &json!({"name": name})).await.expect(200);
    guest.keep(&answer);
    let session = answer.json();
    assert_eq!((session["kind"].as_str(), session["name"].as_str()), (Some("guest"), Some(name)));
    assert_eq!(session["room"]["address"], ROOM);
    guest
}

/// The state of the meeting, as it was last told to someone for whom it `is` so.
pub(crate) async fn told(talker: &mut Talker, what: &str, is: impl Fn(&str) -> bool) -> String {
    talker.until(what, |f| f.starts_with("<message") && element(f, "meeting").is_some_and(&is)).await
}

#[tokio::test]
async fn a_guest_knocks_is_let_in_sees_only_the_meetings_talk_and_is_removed() {
    let house = House::town();
    let server = house.serve().await;
    let (page, link, token) = invited(&server).await;
    let shown = Browser::new(&server, DOMAIN).get(&format!("/api/guest/{token}")).await.expect(200).json();
    assert_eq!(
        (shown["room"].as_str(), shown["tenant"]["name"].as_str()),
        (Some("Accueil"), Some("Mairie de Test"))
    );
    let visitor = entered(&server, &token, "Mme Petit").await;
    let mut guest = Talker::connect(&visitor).await;
    assert!(guest.bare().ends_with("@guests.mairie.test"), "{}", guest.full);

    // Before the bell there is no door; the room does not let them in.
    assert!(is_error(&meeting(&mut guest, "set", "<knock/>").await, "item-not-found"));
    assert!(guest.try_enter(ROOM).await.contains("type='error'"));

    let mut alice = Talker::connect(&page).await;
    let mut bob = Talker::connect(&Browser::signed_in(&server, BOB).await).await;
    alice.enter(ROOM).await;
    bob.enter(ROOM).await;
    alice.say_in(ROOM, "private", "canari-du-salon").await;
    alice.message("private").await;
    let rung = meeting(&mut alice, "set", "<ring/>").await;
    let id = attribute(&rung, "meeting", "id").unwrap().to_owned();
    bob.until("the bell", |f| attribute(f, "meeting-started", "meeting") == Some(&id)).await;
    join(&mut alice).await;

    assert!(is_error(
        &guest.ask("set", ROOM, &format!("<join xmlns='{MEETING}'><sdp>{OFFER}</sdp></join>")).await,
        "forbidden"
    ));
    let knocked = meeting(&mut guest, "set", "<knock/>").await;
    assert_eq!(attribute(&knocked, "iq", "type"), Some("result"), "{knocked}");
    let outside = told(&mut guest, "the door", |m| m.contains("admitted='false'")).await;
    assert!(!outside.contains("<participant") && !outside.contains(ALICE), "{outside}");
    let state = told(&mut alice, "the guest at the door", |m| m.contains("<waiting ")).await;
    assert_eq!(attribute(&state, "waiting", "name"), Some("Mme Petit"));
    let who = attribute(&state, "waiting", "guest").unwrap().to_owned();
    assert_eq!(who, guest.bare());
    assert!(
        is_error(&meeting(&mut bob, "set", &format!("<admit guest='{who}'/>")).await, "forbidden"),
        "a member keeps no door"
    );

    meeting(&mut alice, "set", &format!("<admit guest='{who}'/>")).await;
    told(&mut guest, "admission", |m| m.contains("admitted='true'")).await;
    let seat = join(&mut guest).await;
    let state =
        told(&mut alice, "the guest's seat", |m| m.contains("Mme Petit") && m.contains("kind='guest'")).await;
    assert!(element(&state, "participant").is_some());
    guest.enter(ROOM).await;

    // The meeting's talk goes both ways; what is said in the room itself stays there.
    let in_meeting = |id: &str, body: &str, thread: &str| {
        format!(
            "<message xmlns='jabber:client' type='groupchat' to='{ROOM}' id='{id}'><body>{body}</body><thread>{thread}</thread></message>"
        )
    };
    alice.say_in(ROOM, "private2", "canari-du-salon encore").await;
    alice.send(&in_meeting("t1", "Bonjour Madame", &id)).await;
    let heard = guest.message("t1").await;
    assert_eq!((text(&heard, "body"), text(&heard, "thread")), (Some("Bonjour Madame"), Some(id.as_str())));
    guest.send(&in_meeting("t2", "Bonjour à vous", &id)).await;
    let heard = bob.message("t2").await;
    assert_eq!(attribute(&heard, "author", "kind"), Some("guest"));
    guest.say_in(ROOM, "t3", "sans fil").await;
    assert!(guest.message("t3").await.contains("type='error'"), "outside the meeting a guest says nothing");
    let (page_of_talk, fin) = guest.archive(ROOM, None, "<max>50</max>").await;
    assert_eq!(attribute(&fin, "iq", "type"), Some("result"), "{fin}");
    let bodies: Vec<_> = page_of_talk.iter().filter_map(|f| text(f, "body")).collect();
    assert_eq!(bodies, ["Bonjour Madame", "Bonjour à vous"]);
    let direct = guest.ask("set", "", "<query xmlns='urn:xmpp:mam:2'/>").await;
    assert_eq!(attribute(&direct, "iq", "type"), Some("error"));
    guest.say_to(BOB, "p1", "Psst").await;
    assert!(guest.message("p1").await.contains("type='error'"));
    guest.ask("get", "", "<query xmlns='jabber:iq:roster'/>").await;
    guest.settle().await;
    let all = guest.heard.join("\n");
    assert!(!all.contains("canari") && !all.contains("claire@"), "{all}");

    meeting(&mut alice, "set", &format!("<remove participant='{seat}'/>")).await;
    let last = guest.until_end().await;
    assert!(last.iter().any(|f| attribute(f, "meeting", "reason") == Some("removed")), "{last:?}");
    assert!(last.iter().any(|f| f.contains("<not-authorized")), "{last:?}");
    visitor.get("/api/session").await.expect(401);

    let room = page.room("Accueil").await;
    page.delete(&format!("/api/rooms/{room}/links/{link}")).await.expect(204);
    for answer in [
        visitor.get(&format!("/api/guest/{token}")).await,
        visitor.post(&format!("/api/guest/{token}"), &json!({"name": "Mme Petit"})).await,
        visitor.get("/api/guest/jamais-vu").await,
    ] {
        answer.expect(404);
    }
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn who_is_refused_hears_it_and_the_end_of_the_meeting_is_the_end_of_the_visit() {
    let house = House::town();
    let server = house.serve().await;
    let (page, _, token) = invited(&server).await;
    let mut alice = Talker::connect(&page).await;
    alice.enter(ROOM).await;
    meeting(&mut alice, "set", "<ring/>").await;
    let mut away = Talker::connect(&entered(&server, &token, "M. Louche").await).await;
    meeting(&mut away, "set", "<knock/>").await;
    let who = away.bare().to_owned();
    meeting(&mut alice, "set", &format!("<refuse guest='{who}'/>")).await;
    let over = told(&mut away, "the refusal", |m| m.contains("ended='true'")).await;
    assert_eq!(attribute(&over, "meeting", "reason"), Some("refused"));

    let mut guest = Talker::connect(&entered(&server, &token, "Mme Petit").await).await;
    meeting(&mut guest, "set", "<knock/>").await;
    let who = guest.bare().to_owned();
    meeting(&mut alice, "set", &format!("<admit guest='{who}'/>")).await;
    join(&mut guest).await;
    meeting(&mut alice, "set", "<end/>").await;
    let over = told(&mut guest, "the end", |m| m.contains("ended='true'")).await;
    assert_eq!(attribute(&over, "meeting", "reason"), Some("ended"));
    alice.until("the end in the room", |f| element(f, "meeting-ended").is_some()).await;
    assert!(guest.try_enter(ROOM).await.contains("type='error'"));
}

#[tokio::test]
async fn no_route_of_the_house_opens_to_a_guest() {
    let house = House::town();
    let server = house.serve().await;
    let (page, _, token) = invited(&server).await;
    let room = page.room("Accueil").await;
    let file = crate::files::put(&page, &room, "secret.pdf", b"canari du dossier").await;
    let upload = crate::files::begin(&page, &room, "b.bin", 10).await;
    let visitor = entered(&server, &token, "Mme Petit").await;
    for (method, path) in routes() {
        // Their own session, and the doors for whoever has none.
        if path.starts_with("/session") && !path.starts_with("/sessions")
            || ["/page", "/openapi.json", "/guest", "/invitations"].iter().any(|door| path.starts_with(door))
        {
            continue;
        }
        let filled = match path.as_str() {
            p if p.starts_with("/files") => p.replace("{id}", &file),
            p if p.starts_with("/uploads") => p.replace("{id}", &upload),
            p => p.replace("{id}", &room),
        };
        let filled = filled.replace("{address}", BOB).replace("{link}", "0000000000000");
        let bodies = [
            json!({}),
            json!({"name": "a", "size": 1}),
            json!({"address": BOB}),
            json!({"name": "R"}),
            json!({"label": "public"}),
            json!({"old": "a", "new": "b"}),
            json!({"address": "x@mairie.test", "name": "X"}),
        ];
        for body in bodies {
            let request =
                visitor.request(&method, &format!("/api{filled}")).header("upload-offset", "0").json(&body);
            let answer = request.send().await;
            assert!(
                matches!(answer.status, 400 | 403 | 404 | 422),
                "{method} {path} {body}: {} {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
            assert!(!String::from_utf8_lossy(&answer.body).contains("canari"));
        }
    }
    page.get(&format!("/api/uploads/{upload}")).await.expect(200);
}

#[tokio::test]
async fn links_have_bounds_and_labels_that_refuse_guests_refuse_links() {
    let house = House::town();
    let server = house.serve().await;
    let (alice, link, token) = invited(&server).await;
    let room = alice.room("Accueil").await;
    let path = format!("/api/rooms/{room}/links");
    for hours in [0, 169] {
        alice.post(&path, &json!({"hours": hours})).await.expect(422);
    }
    let bob = Browser::signed_in(&server, BOB).await;
    assert_eq!(bob.post(&path, &json!({})).await.expect(403).json()["rule"], "rank");
    let open = alice.get(&path).await.expect(200).json();
    assert_eq!(open.as_array().unwrap().len(), 1);
    assert!(!open.to_string().contains(&token), "the secret is told once");
    alice.delete(&format!("{path}/{link}")).await.expect(204);
    alice.delete(&format!("{path}/{link}")).await.expect(404);
    assert_eq!(alice.get(&path).await.json(), json!([]));

    let mut database = crate::database::Database::of(&house).await;
    let late = alice.post(&path, &json!({"hours": 1})).await.expect(201).json();
    let token = late["url"].as_str().and_then(|u| u.rsplit('/').next()).unwrap();
    database.run("UPDATE guest_link SET expires_us = expires_us - 3600000000").await;
    alice.get(&format!("/api/guest/{token}")).await.expect(404);
    alice.post(&format!("/api/guest/{token}"), &json!({"name": "Trop tard"})).await.expect(404);
}

#[tokio::test]
async fn a_guest_does_not_look_like_a_colleague_by_letters_of_another_alphabet() {
    let house = House::town();
    let server = house.serve().await;
    let (_, _, token) = invited(&server).await;
    let guest = Browser::new(&server, DOMAIN);
    let path = format!("/api/guest/{token}");
    // The first letter is Cyrillic.
    let said = guest.post(&path, &json!({"name": "Аlice Martin"})).await.expect(422).json();
    assert!(said["detail"].as_str().unwrap().contains("alphabet"), "{said}");
    entered(&server, &token, "Мария Иванова").await;
}
