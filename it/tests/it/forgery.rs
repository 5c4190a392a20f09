//! A change comes from the page of its server, or does not happen.

use beffroi_it::{ALICE, BOB, Browser, House, Request, Talker};
use serde_json::json;
use std::path::Path;

/// Every route that changes something with a session. The router is read to see that none is missing.
const CHANGES: &[(&str, &str)] = &[
    ("DELETE", "/session"),
    ("POST", "/session/extend"),
    ("POST", "/session/prove"),
    ("POST", "/session/prove/passkey"),
    ("POST", "/session/prove/passkey/answer"),
    ("POST", "/factors/passkey"),
    ("POST", "/factors/passkey/confirm"),
    ("POST", "/factors/totp"),
    ("POST", "/factors/totp/confirm"),
    ("POST", "/factors/recovery-codes"),
    ("PATCH", "/factors/{id}"),
    ("DELETE", "/factors/{id}"),
    ("DELETE", "/sessions/{id}"),
    ("POST", "/password"),
    ("POST", "/application-passwords"),
    ("DELETE", "/application-passwords/{id}"),
    ("POST", "/rooms"),
    ("PATCH", "/rooms/{id}"),
    ("POST", "/rooms/{id}/members"),
    ("DELETE", "/rooms/{id}/members/{address}"),
    ("POST", "/rooms/{id}/uploads"),
    ("POST", "/rooms/{id}/links"),
    ("DELETE", "/rooms/{id}/links/{link}"),
    ("POST", "/direct"),
    ("PATCH", "/uploads/{id}"),
    ("DELETE", "/uploads/{id}"),
    ("POST", "/admin/accounts"),
    ("POST", "/admin/accounts/{address}/disable"),
    ("POST", "/admin/accounts/{address}/enable"),
    ("POST", "/admin/accounts/{address}/reset"),
    ("POST", "/admin/accounts/{address}/clearance"),
    ("PATCH", "/admin/organisation"),
    ("PATCH", "/admin/labels/{slug}"),
    ("PUT", "/admin/labels/{slug}/accreditation"),
    ("DELETE", "/admin/labels/{slug}/accreditation"),
];
/// Those open to whoever has no session yet.
const DOORS: &[(&str, &str)] = &[
    ("POST", "/session"),
    ("POST", "/session/second"),
    ("POST", "/session/forgotten"),
    ("POST", "/session/passkey"),
    ("POST", "/session/passkey/answer"),
    ("POST", "/invitations/{token}"),
    ("POST", "/guest/{token}"),
];

/// Every route under `/api`: (method, path), as the router's source has them.
pub fn routes() -> Vec<(String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/server/src/http/mod.rs");
    let source = std::fs::read_to_string(source).expect("the router is where it was");
    let api = source.split("Router::new()").nth(1).expect("the router of the API comes first");
    let mut all = vec![];
    for route in api.split(".route(").skip(1) {
        let path = route.split('"').nth(1).expect("a route has a path");
        for method in ["get", "post", "patch", "put", "delete"] {
            if route.contains(&format!("{method}(")) {
                all.push((method.to_uppercase(), path.to_owned()));
            }
        }
    }
    assert!(all.len() > 30, "{all:?}");
    all
}

#[test]
fn the_list_of_changes_is_whole() {
    let mut listed: Vec<_> =
        CHANGES.iter().chain(DOORS).map(|(m, p)| (m.to_string(), p.to_string())).collect();
    let mut real: Vec<_> = routes().into_iter().filter(|(method, _)| method != "GET").collect();
    listed.sort();
    real.sort();
    assert_eq!(listed, real);
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
    for (method, path) in CHANGES {
        let path = match *path {
            p if p.starts_with("/sessions") => p.replace("{id}", &session),
            p if p.starts_with("/uploads") => p.replace("{id}", &upload),
            p => p.replace("{id}", &room),
        };
        let path = path
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
    for (method, path) in DOORS {
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
