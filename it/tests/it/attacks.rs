//! What somebody outside tries against the door (ID4), as one would: many addresses, many names, a session that
//! was prepared, a link that leads elsewhere.

use crate::bad_input::finish;
use crate::database::Database;
use crate::second_factor::{enrol, patient, renewed, second, totp};
use beffroi_it::{
    ALICE, BOB, Browser, CLAIRE, DESCRIPTION, DOMAIN, House, PASSWORD, Post, Server, operations,
};
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use std::time::Instant;

/// The `n`th of ten thousand address blocks: all of 127.0.0.0/8 is loopback.
fn place(n: usize) -> IpAddr {
    IpAddr::from([127, 1, (n / 200) as u8, (n % 200 + 1) as u8])
}

#[tokio::test]
async fn ten_thousand_addresses_guess_no_faster_than_one_and_lock_nobody_out() {
    let house = House::town();
    let server = house.serve().await;
    let desk = Browser::signed_in(&server, ALICE).await;
    let begun = Instant::now();
    let (mut looked_at, mut waited) = (0, 0);
    for n in (0..10_000).step_by(20) {
        let guesses = (n..n + 20).map(|n| {
            let mut page = Browser { from: Some(place(n)), ..Browser::new(&server, DOMAIN) };
            async move { page.sign_in(ALICE, &format!("Printemps-{n}-fleuri")).await }
        });
        for answer in futures_util::future::join_all(guesses).await {
            match answer.status {
                401 => looked_at += 1,
                429 => waited += 1,
                other => panic!("{other}: {}", String::from_utf8_lossy(&answer.body)),
            }
        }
    }
    // Three for nothing, then one each time that the wait has doubled: for all of them together.
    let most = 3 + (begun.elapsed().as_secs() + 1).ilog2() as usize + 2;
    assert!(looked_at <= most && looked_at + waited == 10_000, "{looked_at} of at most {most}");
    // Alice, where she signs in every day, notices nothing; the right password from elsewhere waits.
    let mut again = Browser::new(&server, DOMAIN);
    again.sign_in(ALICE, PASSWORD).await.expect(200);
    desk.get("/api/rooms").await.expect(200);
    let mut elsewhere = Browser { from: Some(place(9_999)), ..Browser::new(&server, DOMAIN) };
    elsewhere.sign_in(ALICE, PASSWORD).await.expect(429);
    // What was not looked at left no row behind: a flood fills no disk.
    let mut database = Database::of(&house).await;
    let rows = database.number("SELECT COUNT(*) FROM wait_counter").await;
    assert!(rows <= 3 * (looked_at as i64 + 2), "{rows} rows for {looked_at} guesses");
    database.close().await;
    finish(server, &["Printemps"]).await;
}

#[tokio::test]
async fn one_address_that_tries_everybody_waits_and_the_others_do_not() {
    let house = House::town();
    let server = house.serve().await;
    let mut first_wait = None;
    for n in 0..40 {
        let mut page = Browser { from: Some(IpAddr::from([127, 9, 9, 9])), ..Browser::new(&server, DOMAIN) };
        let answer = page.sign_in(&format!("personne{n}@{DOMAIN}"), "Bienvenue-2026!").await;
        if answer.status == 429 && first_wait.is_none() {
            first_wait = Some(n);
        }
    }
    // A town hall behind one address may mistype twenty times; a list of names does not go on.
    assert!(first_wait.is_some_and(|n| (20..=24).contains(&n)), "{first_wait:?}");
    Browser::signed_in(&server, BOB).await;
    finish(server, &[]).await;
}

#[tokio::test]
async fn a_session_prepared_by_somebody_else_is_never_taken_over() {
    let house = House::town();
    let server = house.serve().await;
    // Fixation: a cookie that was there before signing in, made up or somebody's own, is not the one after it.
    let bobs = Browser::signed_in(&server, BOB).await.cookie;
    for planted in [Some("beffroi_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()), bobs] {
        let mut alice = Browser { cookie: planted.clone(), ..Browser::new(&server, DOMAIN) };
        alice.sign_in(ALICE, PASSWORD).await.expect(200);
        assert_ne!(alice.cookie, planted);
        let attacker = Browser { cookie: planted, ..Browser::new(&server, DOMAIN) };
        let seen = attacker.get("/api/session").await;
        assert!(seen.status == 401 || seen.json()["address"] == BOB, "{seen:?}");
        assert_eq!(alice.get("/api/session").await.expect(200).json()["address"], ALICE);
    }
    finish(server, &[]).await;
}

#[tokio::test]
async fn no_answer_leads_elsewhere() {
    let house = House::town();
    let server = house.serve().await;
    let alice = Browser::signed_in(&server, ALICE).await;
    const ELSEWHERE: &str = "https://mechant.test/";
    let asked = "next=https://mechant.test/&url=//mechant.test&redirect_uri=https://mechant.test/&return=https://mechant.test/";
    let mut paths: Vec<String> = operations().into_iter().map(|o| o.path.replace(['{', '}'], "")).collect();
    paths.extend(
        [
            "/",
            "/securite",
            "//mechant.test/",
            "/\\mechant.test",
            "/%2f%2fmechant.test",
            "/salon/https:%2F%2Fmechant.test",
        ]
        .map(str::to_owned),
    );
    for path in paths.iter().filter(|path| path.as_str() != "/xmpp-websocket") {
        let answer = alice
            .request("GET", &format!("{path}?{asked}"))
            .header("x-forwarded-host", "mechant.test")
            .send()
            .await;
        assert!(!(300..400).contains(&answer.status), "{path}: {}", answer.status);
        assert_eq!(answer.header("location"), None, "{path}");
        assert_eq!(answer.header("refresh"), None, "{path}");
    }
    let answer = alice
        .request("POST", "/api/session")
        .header("referer", ELSEWHERE)
        .json(&json!({"address": ALICE, "password": PASSWORD, "next": ELSEWHERE}))
        .send()
        .await;
    assert!(answer.header("location").is_none() && matches!(answer.status, 200 | 400 | 422), "{answer:?}");
    finish(server, &[]).await;
}

/// Six digits are a million: neither another address, nor another sign-in, nor a session left open makes the next
/// guess come sooner, and a code that was taken is taken everywhere.
#[tokio::test]
async fn codes_are_guessed_no_faster_from_many_places_or_sessions() {
    let house = House::town();
    let server = house.serve().await;
    let mut desk = Browser::signed_in(&server, ALICE).await;
    let (application, _) = enrol(&mut desk).await;
    let begun = Instant::now();
    let (mut looked_at, mut waited) = (0, 0);
    let mut last = None;
    for n in 0..40 {
        // The thief has the password, and comes from somewhere else each time.
        let mut page = Browser { from: Some(place(n)), ..Browser::new(&server, DOMAIN) };
        let step = page.sign_in(ALICE, PASSWORD).await.expect(200).json();
        for guess in 0..3 {
            let answer = second(&mut page, &step["token"], &totp(&format!("{:06}", n * 3 + guess))).await;
            match answer.status {
                401 => looked_at += 1,
                429 => waited += 1,
                other => panic!("{other}: {}", String::from_utf8_lossy(&answer.body)),
            }
        }
        last = Some((page, step));
    }
    let most = 3 + (begun.elapsed().as_secs() + 1).ilog2() as usize + 2;
    assert!(looked_at <= most && looked_at + waited == 120, "{looked_at} of at most {most}");
    // The right one waits as well; Alice, at her desk, does not, and hers opens nothing a second time.
    let (mut thief, step) = last.expect("forty tries");
    let code = application.code(0);
    second(&mut thief, &step["token"], &totp(&code)).await.expect(429);
    let answer = desk.post("/api/session/prove", &totp(&code)).await.expect(200);
    renewed(&mut desk, &answer, |body| body);
    patient(&house).await;
    second(&mut thief, &step["token"], &totp(&code)).await.expect(401);

    // Nor does a session that somebody took over from her desk: there, too, the wait grows.
    patient(&house).await;
    let mut waits = 0;
    for guess in 0..12 {
        let answer = desk.post("/api/session/prove", &totp(&format!("{guess:06}"))).await;
        waits += usize::from(answer.status == 429);
    }
    assert!(waits >= 8, "{waits} of twelve had to wait");
    finish(server, &[]).await;
}

async fn link(claire: &Browser, path: &str, body: &Value) -> String {
    let made = claire.post(path, body).await;
    assert!(matches!(made.status, 200 | 201), "{made:?}");
    let made = made.json();
    let link = made["link"].as_str().or(made["invitation"].as_str()).unwrap_or_else(|| panic!("{made}"));
    format!("/api/invitations/{}", link.rsplit('/').next().expect("a token"))
}

#[tokio::test]
async fn of_two_who_use_a_link_at_once_one_is_let_in_and_nobody_afterwards() {
    let house = House::town();
    let server = house.serve().await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let new = json!({"address": "dan@mairie.test", "name": "Dan Roy"});
    let invitation = link(&claire, "/api/admin/accounts", &new).await;
    let reset = link(&claire, &format!("/api/admin/accounts/{ALICE}/reset"), &json!({})).await;
    for (path, who) in [(invitation, "dan@mairie.test"), (reset, ALICE)] {
        let chosen = [1, 2].map(|n| format!("Brume-tiède-{n}-horloges"));
        let tries = chosen.clone().map(|password| {
            let page = Browser::new(&server, DOMAIN);
            let path = path.clone();
            async move { page.post(&path, &json!({"password": password})).await.status }
        });
        let answers = futures_util::future::join_all(tries).await;
        let opened: Vec<_> = answers.iter().map(|status| *status == 200).collect();
        assert!(opened[0] != opened[1] && answers.contains(&404), "{answers:?}");
        // The password is the one of who was let in; the link opens no more, as invitation or as anything.
        for (password, right) in chosen.iter().zip(opened) {
            let status = Browser::new(&server, DOMAIN).sign_in(who, password).await.status;
            assert_eq!(status == 200, right, "{who} {status}");
        }
        Browser::new(&server, DOMAIN).get(&path).await.expect(404);
        let again = json!({"password": "Encore-une-autre-7-fois"});
        Browser::new(&server, DOMAIN).post(&path, &again).await.expect(404);
    }
    // A later link ends the former.
    let path = format!("/api/admin/accounts/{BOB}/reset");
    let former = link(&claire, &path, &json!({})).await;
    let later = link(&claire, &path, &json!({})).await;
    Browser::new(&server, DOMAIN).get(&former).await.expect(404);
    Browser::new(&server, DOMAIN).get(&later).await.expect(200);
    finish(server, &[]).await;
}

/// As if every request came through a host of somebody's own choice.
fn poisoned(server: &Server, page: &Browser) -> Browser {
    Browser { host: format!("mechant.test:{}", server.address.port()), ..page.clone() }
}

#[tokio::test]
async fn no_letter_and_no_link_says_the_host_of_a_request() {
    let house = House::town();
    house.add_account("gus@mairie.test", "Gus Petit", "agent");
    let post = Post::open(&house).await;
    house.set(&post.settings());
    let server = house.serve().await;
    let send = async |page: &Browser, path: &str, body: &Value| {
        let request = poisoned(&server, page).request("POST", path);
        let request =
            request.header("x-forwarded-host", "mechant.test").header("forwarded", "host=mechant.test");
        request.header("x-forwarded-proto", "https").json(body).send().await
    };
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let alice = Browser::signed_in(&server, ALICE).await;
    let bob = Browser::signed_in(&server, BOB).await;
    // A forgotten password, a code, an invitation of an import: everything that is written to somebody.
    let forgotten = json!({"address": BOB});
    send(&Browser::new(&server, DOMAIN), "/api/session/forgotten", &forgotten).await.expect(202);
    send(&alice, "/api/factors/email", &json!({})).await.expect(201);
    let file = poisoned(&server, &claire)
        .request("POST", "/api/admin/imports")
        .header("content-type", "text/csv")
        .header("x-forwarded-host", "mechant.test")
        .body("prénom;nom;adresse\nDina;Roy;dina@mairie.test\n");
    let import = file.send().await.expect(201).json();
    let apply = json!({"digest": import["digest"], "mail": true});
    let path = format!("/api/admin/imports/{}/apply", import["id"].as_str().expect("an id"));
    send(&claire, &path, &apply).await.expect(200);
    send(&claire, "/api/admin/accounts/gus@mairie.test/role", &json!({"role": "auditor"})).await.expect(204);
    let letters = post.letters(4).await;
    for letter in &letters {
        assert!(!letter.raw.contains("mechant") && !letter.text.contains("mechant"), "{}", letter.raw);
    }
    let links = letters.iter().filter(|letter| letter.text.contains("/bienvenue/")).count();
    assert_eq!(links, 2, "a reset and an invitation");
    // Somebody got a role: that is told, with the address of the log.
    assert!(letters.iter().any(|letter| letter.text.contains("/administration/journal")));
    // Nor what is shown to be passed on.
    let reset = format!("/api/admin/accounts/{ALICE}/reset");
    let room = format!("/api/rooms/{}/links", alice.room("Accueil").await);
    for (page, path) in [(&claire, reset.as_str()), (&alice, room.as_str()), (&bob, "/api/devices/code")] {
        let shown = send(page, path, &json!({})).await;
        assert!(matches!(shown.status, 200 | 201), "{path} {shown:?}");
        assert!(!String::from_utf8_lossy(&shown.body).contains("mechant"), "{path} {}", shown.json());
    }
    finish(server, &[]).await;
}

/// The bodies that an operation takes, each with what says which of several it is.
fn bodies(document: &Value, operation: &Value) -> Vec<(Map<String, Value>, Vec<String>)> {
    fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str().and_then(|place| place.strip_prefix('#')) {
            Some(place) => document.pointer(place).expect("what is referred to is there"),
            None => value,
        }
    }
    let body = resolved(document, &operation["requestBody"]);
    let schema = resolved(document, &body["content"]["application/json"]["schema"]);
    let choices = schema["oneOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
    let properties = |choice: &Value| resolved(document, choice)["properties"].as_object().cloned();
    choices
        .iter()
        .filter_map(properties)
        .map(|properties| {
            let said = |schema: &Value| schema.get("const").or_else(|| schema["enum"].get(0)).cloned();
            let kind =
                properties.get("kind").or(properties.get("act")).map(|schema| resolved(document, schema));
            let name = if properties.contains_key("kind") { "kind" } else { "act" };
            let kind = kind.and_then(said).map(|kind| (name.to_owned(), kind));
            (kind.into_iter().collect(), properties.keys().cloned().collect())
        })
        .collect()
}

/// Nobody makes themselves more than they are by a field that a body was not asked for: it is refused, by its name.
#[tokio::test]
async fn no_body_takes_a_field_that_is_not_described() {
    let house = House::town();
    let server = house.serve().await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let before = claire.get("/api/admin/accounts").await.expect(200).json();
    let document: Value = serde_json::from_str(DESCRIPTION).expect("the description is JSON");
    let fields =
        ["role", "tenant", "enabled", "id", "clearance", "account", "factor", "password_hash", "__proto__"];
    let mut tried = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            for (kind, known) in bodies(&document, operation) {
                let real = path
                    .replace("{address}", ALICE)
                    .replace("{slug}", "internal")
                    .replace("{token}", "jeton");
                let real = ["{id}", "{room}", "{link}"]
                    .iter()
                    .fold(real, |p, hole| p.replace(hole, "0000000000000"));
                for field in fields.iter().filter(|field| !known.iter().any(|one| one == *field)) {
                    let mut body = kind.clone();
                    body.insert((*field).to_owned(), json!("administrator"));
                    let method = method.to_uppercase();
                    let answer =
                        claire.request(&method, &real).json(&Value::Object(body.clone())).send().await;
                    let said = String::from_utf8_lossy(&answer.body).into_owned();
                    let named = said.contains(&format!("unknown field `{field}`"));
                    assert!(
                        answer.status == 400 && named,
                        "{method} {real} {body:?}: {} {said}",
                        answer.status
                    );
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 250, "{tried}");
    assert_eq!(claire.get("/api/admin/accounts").await.expect(200).json(), before);
    finish(server, &[]).await;
}
