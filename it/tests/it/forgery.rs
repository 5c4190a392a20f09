//! A change comes from the page of its server, or does not happen.

use beffroi_it::{ALICE, BOB, Browser, House, Operation, Request, Talker, operations};
use serde_json::json;
use std::collections::BTreeMap;

/// The changes open to whoever has no session yet. Every other one asks for a session and its token.
const DOORS: &[&str] = &[
    "/session",
    "/session/second",
    "/session/second/code",
    "/session/forgotten",
    "/session/passkey",
    "/session/passkey/answer",
    "/device-codes/{token}",
    "/invitations/{token}",
    "/guest/{token}",
];

/// (method, path without `/api`)
type Route = (String, String);

/// Every route under `/api`, as described.
pub fn routes() -> Vec<Route> {
    let under = |o: Operation| o.path.strip_prefix("/api").map(|path| (o.method.clone(), path.to_owned()));
    operations().into_iter().filter_map(under).collect()
}

/// Those that change something, with or without a session.
fn changes() -> (Vec<Route>, Vec<Route>) {
    let all = routes().into_iter().filter(|(method, _)| method != "GET");
    all.partition(|(method, path)| method != "POST" || !DOORS.contains(&path.as_str()))
}

#[test]
fn the_list_of_changes_is_whole() {
    let (inside, doors) = changes();
    assert_eq!(doors.len(), DOORS.len());
    assert!(inside.len() >= 35, "{inside:?}");
    // What a program is told to send is what the server asks for, below.
    for operation in operations().into_iter().filter(Operation::changes) {
        let door = doors.iter().any(|(_, path)| operation.path == format!("/api{path}"))
            && operation.method == "POST";
        assert_eq!((operation.session, operation.token), (!door, !door), "{operation:?}");
    }
}

/// That no path of the router is missing is seen in crates/server; here, that each has the methods described.
#[tokio::test]
async fn the_router_has_the_methods_that_are_described_and_no_other() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::new(&server, beffroi_it::DOMAIN);
    let served = page.get("/api/openapi.json").await.expect(200);
    assert_eq!(String::from_utf8_lossy(&served.body), beffroi_it::DESCRIPTION);
    let mut described = BTreeMap::<String, Vec<String>>::new();
    for Operation { method, path, .. } in operations() {
        described.entry(path).or_default().push(method);
    }
    for (path, mut methods) in described {
        if methods.contains(&"GET".to_owned()) {
            methods.push("HEAD".to_owned());
        }
        methods.sort();
        let answer = page.request("OPTIONS", &path.replace(['{', '}'], "")).send().await.expect(405);
        let mut allowed: Vec<_> = answer.header("allow").unwrap_or_default().split(',').collect();
        allowed.sort_unstable();
        assert_eq!(allowed, methods, "{path}");
    }
}

#[tokio::test]
async fn no_change_happens_without_the_token_or_from_another_page() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let room = page.room("Accueil").await;
    let sessions = page.get("/api/sessions").await.json();
    let session = sessions[0]["id"].as_str().unwrap().to_owned();
    let upload = crate::files::begin(&page, &room, "a.bin", 10).await;
    let link = page.post(&format!("/api/rooms/{room}/links"), &json!({})).await.expect(201).json();
    let before = (page.get(&format!("/api/rooms/{room}")).await.json(), page.get("/api/rooms").await.json());

    type Forgery = fn(Request) -> Request;
    let forgeries: [(&str, Forgery); 6] = [
        ("without a token", |r| r.without("x-csrf-token")),
        ("with an empty token", |r| r.header("x-csrf-token", "")),
        ("with a wrong token", |r| r.header("x-csrf-token", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("from another origin", |r| r.header("origin", "http://mechant.test")),
        ("from a sandboxed page", |r| r.header("origin", "null")),
        ("as the browser says, from another site", |r| {
            r.without("origin").header("sec-fetch-site", "cross-site")
        }),
    ];
    let (inside, doors) = changes();
    for (method, path) in &inside {
        let path = match path.as_str() {
            p if p.starts_with("/sessions") => p.replace("{id}", &session),
            p if p.starts_with("/uploads") => p.replace("{id}", &upload),
            p => p.replace("{id}", &room),
        };
        let path = path
            .replace("{room}", &room)
            .replace("{address}", BOB)
            .replace("{slug}", "restricted")
            .replace("{link}", link["id"].as_str().unwrap());
        for (how, forge) in &forgeries {
            let request = page.request(method, &format!("/api{path}")).json(&json!({"name": "Forgé"}));
            let answer = forge(request).send().await;
            assert_eq!(answer.status, 403, "{method} {path} {how}");
            let title = answer.json()["title"].as_str().unwrap_or_default().to_owned();
            assert!(matches!(title.as_str(), "csrf" | "origin"), "{method} {path} {how}: {title}");
        }
        let mut nobody = page.clone();
        nobody.cookie = None;
        nobody.request(method, &format!("/api{path}")).json(&json!({})).send().await.expect(401);
    }
    for (method, path) in &doors {
        let path = format!("/api{}", path.replace("{token}", "jeton"));
        for how in forgeries.iter().filter(|(how, _)| how.starts_with("from") || how.starts_with("as")) {
            let body = json!({"address": ALICE, "password": beffroi_it::PASSWORD, "name": "Eve"});
            let answer = how.1(page.request(method, &path).json(&body)).send().await;
            assert_eq!(answer.status, 403, "{path} {}", how.0);
            assert_eq!(answer.header("set-cookie"), None);
        }
    }
    let after = (page.get(&format!("/api/rooms/{room}")).await.json(), page.get("/api/rooms").await.json());
    assert_eq!(before, after);
    assert_eq!(page.get("/api/sessions").await.json().as_array().unwrap().len(), 1);
    page.get(&format!("/api/uploads/{upload}")).await.expect(200);
    assert_eq!(page.get(&format!("/api/rooms/{room}/links")).await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_websocket_opens_only_for_the_own_page_and_for_xmpp() {
    use tokio_tungstenite::tungstenite::Error;
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let own = format!("http://{}", page.host);
    for (origin, protocol, status) in
        [("http://mechant.test", "xmpp", 403), ("null", "xmpp", 403), (own.as_str(), "chat", 400)]
    {
        match Talker::knock_as(&page, origin, protocol).await {
            Err(error) => {
                let Error::Http(answer) = *error else { panic!("{origin} {protocol}: {error}") };
                assert_eq!(answer.status(), status, "{origin} {protocol}");
            }
            Ok(_) => panic!("{origin} {protocol} was let in"),
        }
    }
    let mut stranger = page.clone();
    stranger.host = format!("mechant.test:{}", server.address.port());
    stranger.cookie = None;
    // Another name for this server has its own origin; without the cookie there is nobody to be.
    match Talker::knock(&stranger).await {
        Ok(mut talker) => {
            talker
                .send("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='mechant.test' version='1.0'/>")
                .await;
            talker.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>").await;
            let refused =
                talker.until("a refusal", |f| f.contains("<not-authorized") || f.contains("error")).await;
            assert!(!refused.contains("<success"), "{refused}");
        }
        Err(error) => assert!(matches!(*error, Error::Http(_)), "{error}"),
    }
}
