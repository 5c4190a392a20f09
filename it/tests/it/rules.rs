//! What administering takes and whose passkeys are taken, set on the page: nobody locks themselves out by
//! mistake, and less than before takes two.

use crate::database::Database;
use crate::passkeys::enrol;
use beffroi_it::{ALICE, Answer, Authenticator, BOB, Browser, CLAIRE, DOMAIN, House, MAKER, Server};
use serde_json::{Value, json};

const ADA: &str = "ada@mairie.test";
const OTTO: &str = "otto@mairie.test";
const OLGA: &str = "olga@mairie.test";
const RULES: &str = "/api/admin/administration";
const MAKERS: &str = "/api/admin/passkey-makers";
const REQUESTS: &str = "/api/admin/requests";
const ANOTHER: &str = include_str!("../../../crates/identity/tests/passkey/another-maker.pem");

fn governed() -> House {
    let house = House::town();
    house.add_account(ADA, "Ada Brun", "auditor");
    house.add_account(OTTO, "Otto Clair", "security-officer");
    house.add_account(OLGA, "Olga Sand", "security-officer");
    house
}

fn rules(factor: &str, networks: &[&str]) -> Value {
    json!({"factor": factor, "networks": networks})
}

async fn set(who: &Browser, factor: &str, networks: &[&str]) -> Answer {
    who.request("PUT", RULES).json(&rules(factor, networks)).send().await
}

async fn change(who: &Browser, body: Value) -> Answer {
    who.request("PATCH", MAKERS).json(&body).send().await
}

fn rule(answer: Answer) -> String {
    answer.expect(403).json()["rule"].as_str().unwrap_or_default().to_owned()
}

async fn ask(who: &Browser, mut body: Value) -> Answer {
    body["reason"] = "Le nouveau bâtiment".into();
    who.post(REQUESTS, &body).await
}

async fn approve(who: &Browser, request: &Value) -> Answer {
    let id = request["id"].as_str().expect("an id");
    who.post(&format!("{REQUESTS}/{id}/approve"), &json!({})).await
}

async fn details(reader: &Browser, act: &str) -> Vec<String> {
    let page = reader.get(&format!("/api/admin/audit?act={act}&outcome=done")).await.expect(200).json();
    let entries = page["entries"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| entry["detail"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Somebody with a passkey of their own.
async fn with_passkey(server: &Server, address: &str) -> Browser {
    let mut page = Browser::signed_in(server, address).await;
    let mut key = page.authenticator();
    enrol(&mut page, &mut key).await;
    page
}

#[tokio::test]
async fn what_administering_takes_is_set_by_who_still_gets_in() {
    let house = governed();
    let server = house.serve().await;
    let mut otto = Browser::signed_in(&server, OTTO).await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    for address in [CLAIRE, ADA, ALICE] {
        let who = Browser::signed_in(&server, address).await;
        assert_eq!(rule(set(&who, "password", &["127.0.0.0/8"]).await), "role", "{address}");
    }
    let body = otto.get("/api/admin/organisation").await.expect(200).json();
    assert_eq!((&body["administration"], &body["from"]), (&rules("password", &[]), &json!("127.0.0.1/32")));

    // What Otto could not undo himself is refused, with what to do.
    let no = set(&otto, "passkey", &[]).await.expect(403).json();
    assert_eq!((&no["rule"], &no["needs"]), (&json!("administration-own-proof"), &json!("passkey")));
    assert_eq!(set(&otto, "second", &[]).await.expect(403).json()["needs"], "second");
    let no = set(&otto, "password", &["192.0.2.0/24", "2001:db8::/32"]).await.expect(403).json();
    assert_eq!(no["rule"], "administration-own-network");
    assert!(no["detail"].as_str().is_some_and(|said| said.contains("beffroi tenant administration")), "{no}");
    let many: Vec<_> = (0..65).map(|n| format!("10.0.{n}.0/24")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    for (factor, networks) in [("finger", &[][..]), ("password", &["town"]), ("password", &many)] {
        set(&otto, factor, networks).await.expect(422);
    }
    claire.get("/api/admin/accounts").await.expect(200);

    let mut key = otto.authenticator();
    enrol(&mut otto, &mut key).await;
    let now = set(&otto, "passkey", &["127.0.0.0/8"]).await.expect(200).json();
    assert_eq!(now["administration"], rules("passkey", &["127.0.0.0/8"]));
    assert_eq!(rule(claire.get("/api/admin/accounts").await), "administration-factor");
    set(&otto, "passkey", &["127.0.0.0/24"]).await.expect(200);

    // Less than that takes two: the one who asks, and one who would still get in.
    for (factor, networks) in
        [("second", &["127.0.0.0/24"][..]), ("passkey", &[]), ("passkey", &["127.0.0.0/16"])]
    {
        assert_eq!(rule(set(&otto, factor, networks).await), "four-eyes", "{factor} {networks:?}");
    }
    let act = |rules: Value| json!({"act": "administration", "administration": rules});
    ask(&otto, act(rules("passkey", &["127.0.0.1/32"]))).await.expect(422);
    assert_eq!(rule(ask(&otto, act(rules("second", &["192.0.2.0/24"]))).await), "administration-own-network");
    let moved = ask(&otto, act(rules("passkey", &["127.0.0.0/25", "10.0.0.0/8"]))).await.expect(201).json();
    assert_eq!(moved["administration"], rules("passkey", &["127.0.0.0/25", "10.0.0.0/8"]));
    let mut olga = with_passkey(&server, OLGA).await;
    olga.from = Some("127.0.0.200".parse().expect("an address"));
    assert_eq!(rule(approve(&olga, &moved).await), "administration-own-network");
    let wider = ask(&otto, act(rules("second", &[]))).await.expect(201).json();
    approve(&olga, &wider).await.expect(204);
    let body = olga.get("/api/admin/organisation").await.expect(200).json();
    assert_eq!(body["administration"], rules("second", &[]));
    // What it was asked about is no longer so.
    olga.from = None;
    approve(&olga, &moved).await.expect(409);

    // A session left open changes nothing of it, and the operator everything.
    Database::of(&house).await.run("UPDATE session SET proved_us = proved_us - 900000001").await;
    assert_eq!(rule(set(&otto, "passkey", &[]).await), "stale");
    house.run(&["tenant", "administration", DOMAIN, "--factor", "password"]).well();
    claire.get("/api/admin/accounts").await.expect(200);
    let told = details(&claire, "administration.rules").await;
    assert_eq!(told[0], "second → password");
    assert_eq!(told[1].split(" (").next(), Some("passkey 127.0.0.0/24 → second; asked by otto@mairie.test"));
    assert_eq!(
        told[2..],
        [
            "passkey 127.0.0.0/8 → passkey 127.0.0.0/24",
            "password → passkey 127.0.0.0/8",
            "passkey → password"
        ]
    );
    crate::bad_input::finish(server, &[]).await;
    house.run(&["audit", "verify"]).well();
}

/// Tries to add a passkey of a key; gives the sentence of the refusal, or nothing.
async fn tries(page: &mut Browser, key: &mut Authenticator) -> String {
    let question = page.post("/api/factors/passkey", &json!({})).await.json();
    let answer = key.register(&question["options"]);
    let body = json!({"token": question["token"], "answer": answer, "name": "clé"});
    let answer = page.post("/api/factors/passkey/confirm", &body).await;
    if answer.status == 201 {
        return String::new();
    }
    let refused = answer.expect(401).json();
    assert_eq!((&refused["title"], &refused["rule"]), (&json!("wrong-passkey"), &json!("passkey-maker")));
    refused["detail"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn whose_passkeys_are_taken_is_chosen_on_the_page_and_more_of_them_by_two() {
    let house = governed();
    let server = house.serve().await;
    let otto = Browser::signed_in(&server, OTTO).await;
    let olga = Browser::signed_in(&server, OLGA).await;
    let mut alice = Browser::signed_in(&server, ALICE).await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    assert_eq!(rule(alice.get(MAKERS).await), "role");
    assert_eq!(claire.get(MAKERS).await.expect(200).json(), json!([]));
    assert_eq!(rule(change(&claire, json!({"add": MAKER})).await), "role");
    change(&otto, json!({"add": "un certificat"})).await.expect(422);
    change(&otto, json!({})).await.expect(422);
    change(&otto, json!({"remove": ["0".repeat(64)]})).await.expect(404);

    let mut foreign = alice.authenticator();
    foreign.attests = false;
    let listed = change(&otto, json!({"add": MAKER})).await.expect(200).json();
    let (first, ends) = (listed[0]["id"].clone(), listed[0]["expires_us"].as_i64());
    assert!(ends > Some(0) && listed[0]["name"].as_str().is_some_and(|name| !name.is_empty()), "{listed}");
    assert!(tries(&mut alice, &mut foreign).await.contains("does not say who made it"));
    let mut key = alice.authenticator();
    enrol(&mut alice, &mut key).await;

    // One more maker, or anybody again, takes two.
    for more in
        [json!({"add": ANOTHER}), json!({"remove": [first]}), json!({"add": ANOTHER, "remove": [first]})]
    {
        assert_eq!(rule(change(&otto, more).await), "four-eyes");
    }
    let act = |change: Value| json!({"act": "passkey-makers", "passkey_makers": change});
    assert_eq!(rule(ask(&claire, act(json!({"add": ANOTHER}))).await), "role");
    let request = ask(&otto, act(json!({"add": ANOTHER}))).await.expect(201).json();
    let said = request["passkey_makers"].as_str().expect("the difference").to_owned();
    assert!(said.starts_with("1 → 2: + Another maker root ("), "{said}");
    approve(&olga, &request).await.expect(204);
    let both = claire.get(MAKERS).await.expect(200).json();
    assert_eq!(both.as_array().map(Vec::len), Some(2));
    ask(&otto, act(json!({"remove": [first]}))).await.expect(422);

    // One fewer does not, and holds at once; what is there stays.
    let left = change(&otto, json!({"remove": [first]})).await.expect(200).json();
    assert_eq!((left.as_array().map(Vec::len), &left[0]["name"]), (Some(1), &json!("Another maker root")));
    let mut bob = Browser::signed_in(&server, BOB).await;
    let mut his = bob.authenticator();
    assert!(tries(&mut bob, &mut his).await.contains("maker is not among those"));
    let held = alice.get("/api/factors").await.expect(200).json();
    assert_eq!(held["factors"].as_array().map(Vec::len), Some(1));

    Database::of(&house).await.run("UPDATE session SET proved_us = proved_us - 900000001").await;
    assert_eq!(rule(change(&otto, json!({"add": MAKER})).await), "stale");
    house.run(&["tenant", "passkeys", DOMAIN, "--any"]).well();
    assert_eq!(claire.get(MAKERS).await.expect(200).json(), json!([]));
    let told = details(&claire, "passkeys.makers").await;
    assert!(told[0].starts_with("1 → 0: − Another maker root ("), "{told:?}");
    assert!(told[1].starts_with("2 → 1: − "), "{told:?}");
    assert!(told[2].starts_with(&said) && told[2].contains("; asked by otto@mairie.test"), "{told:?}");
    assert!(told[3].starts_with("0 → 1: + "), "{told:?}");
    crate::bad_input::finish(server, &[]).await;
    house.run(&["audit", "verify"]).well();
}
