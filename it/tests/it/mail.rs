//! Letters, through a real mail server: a forgotten password, and what must not follow from asking.

use crate::database::Database;
use beffroi_it::{ALICE, Answer, BOB, Browser, DOMAIN, House, PASSWORD, Post, Server};
use serde_json::json;

const NEW: &str = "Un-tout-autre-mot-42";

async fn ask(page: &Browser, address: &str) -> Answer {
    page.request("POST", "/api/session/forgotten").json(&json!({"address": address})).send().await
}

async fn town_with_mail() -> (House, Post, Server) {
    let house = House::town();
    let post = Post::open(&house).await;
    house.set(&post.settings());
    let server = house.serve().await;
    (house, post, server)
}

#[tokio::test]
async fn who_forgot_their_password_gets_a_link_by_mail_that_opens_once() {
    let house = House::town();
    let post = Post::open(&house).await;
    let outside = "https://beffroi.mairie.test";
    house.set(&format!("[listen]\npublic_url = \"{outside}\"\n{}", post.settings()));
    let server = house.serve().await;
    let page = Browser::new(&server, DOMAIN);
    assert_eq!(page.get("/api/page").await.expect(200).json()["mail"], true);
    let before = Browser::signed_in(&server, ALICE).await;
    ask(&page, "Alice@Mairie.test").await.expect(202);
    let letter = post.letters(1).await.remove(0);
    assert_eq!(letter.header("to").as_deref(), Some(ALICE));
    assert_eq!(letter.header("from").as_deref(), Some("beffroi@mairie.test"));
    assert_eq!(letter.header("auto-submitted").as_deref(), Some("auto-generated"));
    assert!(letter.header("content-type").unwrap().starts_with("text/plain; charset=utf-8"));
    let link = letter.link();
    let start = format!("{outside}/bienvenue/");
    let token = link.strip_prefix(&start).unwrap_or_else(|| panic!("{link}"));
    let path = format!("/api/invitations/{token}");
    assert_eq!(page.get(&path).await.expect(200).json()["kind"], "reset");
    let mut alice = page.clone();
    let entered = alice.post(&path, &json!({"password": NEW})).await.expect(200);
    alice.keep(&entered);
    alice.get("/api/session").await.expect(200);
    // Whoever was in before is out, and the link opens no more.
    before.get("/api/session").await.expect(401);
    page.get(&path).await.expect(404);
    page.clone().sign_in(ALICE, PASSWORD).await.expect(401);
    // What was sent is not kept.
    let left = Database::of(&house).await.number("SELECT COUNT(*) FROM mail WHERE letter IS NOT NULL").await;
    assert_eq!(left, 0);
    crate::bad_input::finish(server, &[token]).await;
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn the_link_is_ours_whatever_the_request_says_of_the_host() {
    let (_house, post, server) = town_with_mail().await;
    let mut page = Browser::new(&server, DOMAIN);
    page.host = format!("mechant.test:{}", server.address.port());
    let poisoned = page
        .request("POST", "/api/session/forgotten")
        .header("x-forwarded-host", "mechant.test")
        .header("forwarded", "host=mechant.test")
        .json(&json!({"address": ALICE}));
    poisoned.send().await.expect(202);
    let letter = post.letters(1).await.remove(0);
    assert!(!letter.raw.contains("mechant") && !letter.text.contains("mechant"), "{}", letter.raw);
    assert!(letter.link().starts_with(&format!("http://{DOMAIN}:")), "{}", letter.link());
}

#[tokio::test]
async fn the_answer_is_the_same_and_only_people_who_have_a_password_here_are_written_to() {
    let house = House::town();
    house.run(&["account", "add", "nouveau@mairie.test", "--name", "Nouveau", "--invite"]).well();
    house.run(&["account", "disable", BOB]).well();
    let post = Post::open(&house).await;
    house.set(&post.settings());
    let server = house.serve().await;
    let page = Browser::new(&server, DOMAIN);
    let mut answers = vec![];
    for address in
        ["personne@mairie.test", "x@ailleurs.test", "nouveau@mairie.test", BOB, "pas une adresse", ALICE]
    {
        let answer = ask(&page, address).await;
        answers.push((
            answer.status,
            answer.body,
            answer.headers.iter().map(|h| h.0.clone()).collect::<Vec<_>>(),
        ));
    }
    assert_eq!(answers[0].0, 202);
    assert!(answers.iter().all(|one| one == &answers[0]), "{answers:?}");
    // Errands are done one after the other: with Alice's letter there, all others were looked at.
    let letters = post.letters(1).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].header("to").as_deref(), Some(ALICE));
    assert_eq!(Database::of(&house).await.number("SELECT COUNT(*) FROM mail").await, 1);
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn asking_again_and_again_has_to_wait_and_floods_nobody() {
    let (house, post, server) = town_with_mail().await;
    let page = Browser::new(&server, DOMAIN);
    let (mut waited, mut accepted) = ([0, 0], 0);
    for _ in 0..12 {
        for (of, address) in [ALICE, "personne@mairie.test"].into_iter().enumerate() {
            let answer = ask(&page, address).await;
            match answer.status {
                202 => accepted += 1,
                429 => waited[of] += 1,
                other => panic!("{other}"),
            }
        }
    }
    assert!(waited.iter().all(|times| *times >= 6), "{waited:?} of twelve had to wait; {accepted} did not");
    // From many places, with time between: whatever the waits allow, there is a bound per person.
    for n in 0..10 {
        crate::second_factor::patient(&house).await;
        let mut elsewhere = page.clone();
        elsewhere.from = Some(std::net::Ipv4Addr::new(127, 0, 3, n).into());
        ask(&elsewhere, ALICE).await.expect(202);
    }
    let last = page.request("POST", "/api/session/forgotten").json(&json!({"address": BOB})).send();
    crate::second_factor::patient(&house).await;
    last.await.expect(202);
    let letters = post.letters(7).await;
    let bobs = letters.iter().filter(|one| one.header("to").as_deref() == Some(BOB)).count();
    assert_eq!((letters.len(), bobs), (7, 1), "six to Alice within the hour, and Bob's");
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn a_letter_that_was_written_survives_the_power_cut_and_a_mail_server_that_is_away() {
    let house = House::town();
    let mut post = Post::closed(&house);
    house.set(&post.settings());
    let server = house.serve().await;
    ask(&Browser::new(&server, DOMAIN), ALICE).await.expect(202);
    let mut database = Database::of(&house).await;
    let tried = async { while database.number("SELECT COALESCE(MAX(tries), 0) FROM mail").await == 0 {} };
    beffroi_it::soon("a try in vain", tried).await;
    // The try is written down before the line is read from the program's pipe.
    let said = async {
        while !server.log().contains("a letter was not taken") {
            tokio::task::yield_now().await;
        }
    };
    beffroi_it::soon("the line that says so", said).await;
    server.kill();
    let said = house.run(&["doctor"]);
    assert!(said.out.contains("WRONG Mail cannot be sent") && said.code == Some(1), "{said:?}");
    post.start(&[]).await;
    let said = house.run(&["doctor"]);
    assert!(said.out.contains("ok    The mail server") && said.code == Some(0), "{said:?}");
    // As if the wait were over.
    database.run("UPDATE mail SET next_us = 0").await;
    let server = house.serve().await;
    let letter = post.letters(1).await.remove(0);
    let token = letter.link().rsplit('/').next().unwrap().to_owned();
    Browser::new(&server, DOMAIN).get(&format!("/api/invitations/{token}")).await.expect(200);
    crate::bad_input::finish(server, &[&token]).await;
}

#[tokio::test]
async fn a_letter_too_late_for_what_it_says_is_given_up() {
    let house = House::town();
    let post = Post::closed(&house);
    house.set(&post.settings());
    let server = house.serve().await;
    ask(&Browser::new(&server, DOMAIN), ALICE).await.expect(202);
    let mut database = Database::of(&house).await;
    let tried = async { while database.number("SELECT COALESCE(MAX(tries), 0) FROM mail").await == 0 {} };
    beffroi_it::soon("a try in vain", tried).await;
    server.stop().await;
    database.run("UPDATE mail SET until_us = 1, next_us = 0").await;
    let server = house.serve().await;
    let gone =
        async { while database.number("SELECT COUNT(*) FROM mail WHERE letter IS NOT NULL").await > 0 {} };
    beffroi_it::soon("giving up", gone).await;
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn without_a_mail_server_nothing_offers_what_needs_one() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::new(&server, DOMAIN);
    assert_eq!(page.get("/api/page").await.expect(200).json()["mail"], false);
    ask(&page, ALICE).await.expect(409);
    house.set("[mail]\nsmtp = \"smtp.mairie.test:25\"\ntls = \"none\"\nfrom = \"a@mairie.test\"\n");
    assert!(house.run(&["tenant", "list"]).refused().contains("another machine"));
}
