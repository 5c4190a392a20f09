//! Suspicious acts are told by mail to who keeps the body safe, once.

use crate::database::Database;
use crate::second_factor::patient;
use beffroi_it::{BOB, Browser, CLAIRE, DOMAIN, House, Post, Server, soon};
use std::net::Ipv4Addr;

/// Waits until every log was looked at to its end.
async fn watched(house: &House) {
    let mut database = Database::of(house).await;
    let behind = "SELECT COUNT(*) FROM audit_log l LEFT JOIN alert_mark m ON m.tenant = l.tenant
                   WHERE m.seq IS NULL OR m.seq < l.size";
    let caught_up = async { while database.number(behind).await > 0 {} };
    soon("every log looked at", caught_up).await;
}

/// A list of stolen passwords, tried from several places by somebody who is patient enough.
async fn stuff(house: &House, server: &Server, places: std::ops::Range<u8>) {
    for place in places {
        let mut stranger = Browser::new(server, DOMAIN);
        stranger.from = Some(Ipv4Addr::new(127, 0, 9, place).into());
        for n in 0..11 {
            patient(house).await;
            let address = if n == 0 { BOB.to_owned() } else { format!("personne{n}@mairie.test") };
            stranger.sign_in(&address, "Un-mot-de-passe-vole-1").await.expect(401);
        }
    }
}

#[tokio::test]
async fn a_list_of_stolen_passwords_tried_here_is_told_once_to_who_administers() {
    let house = House::town();
    house.run(&["tenant", "add", "hopital.test", "--name", "Hôpital"]).well();
    house.add_account("chef@hopital.test", "Chef", "administrator");
    let post = Post::open(&house).await;
    house.set(&post.settings());
    let server = house.serve().await;
    watched(&house).await;
    stuff(&house, &server, 1..4).await;
    let letter = post.letters(1).await.remove(0);
    assert_eq!(letter.header("to").as_deref(), Some(CLAIRE));
    assert!(
        letter.text.contains("depuis un même endroit") && letter.text.contains("127.0.9."),
        "{}",
        letter.text
    );
    assert!(letter.link().ends_with("/administration/journal"), "{}", letter.link());
    watched(&house).await;
    // What comes within ten minutes waits for the next letter, and a restart tells nothing again.
    server.stop().await;
    let server = house.serve().await;
    stuff(&house, &server, 5..6).await;
    watched(&house).await;
    let mut database = Database::of(&house).await;
    assert_eq!(database.number("SELECT COUNT(*) FROM mail WHERE purpose = 'alert'").await, 1);
    assert!(database.number("SELECT SUM(waiting) FROM alert WHERE alarm = 'guessing-place'").await >= 1);
    // As if ten minutes had passed: they are told, with their number.
    database.run("UPDATE alert SET letter_us = 1").await;
    let letters = post.letters(2).await;
    assert!(letters.iter().all(|one| one.header("to").as_deref() == Some(CLAIRE)), "nobody next door");
    assert_eq!(database.number("SELECT SUM(waiting) FROM alert").await, 0);
    crate::bad_input::finish(server, &[]).await;
    house.run(&["audit", "verify"]).well();
}
