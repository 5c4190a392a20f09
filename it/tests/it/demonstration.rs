//! `beffroi demo`: from an empty folder to people who can sign in, twice the same.

use beffroi_it::{Browser, House, Server, Talker};

/// (address, password) of the three people, as the program printed them.
fn people(said: &str) -> Vec<(String, String)> {
    let mut lines: Vec<_> = said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    lines.retain(|words| words.first().is_some_and(|first| first.ends_with("@demo.localhost")));
    lines.iter().map(|words| (words[0].to_owned(), words[1].to_owned())).collect()
}

#[tokio::test]
async fn a_town_hall_is_open_after_one_command_and_the_same_after_the_second() {
    let house = House::empty();
    let server = Server::start_demonstration(&house.data()).await;
    let first = server.said();
    let people_then = people(&first);
    assert_eq!(people_then.len(), 3, "{first}");
    assert!(first.contains(&format!("http://demo.localhost:{}", server.address.port())), "{first}");
    let mut rooms = vec![];
    for (address, password) in &people_then {
        let mut page = Browser::new(&server, "demo.localhost");
        let session = page.sign_in(address, password).await.expect(200).json();
        let shown = page.get("/api/rooms").await.expect(200).json();
        assert_eq!(shown.as_array().map(Vec::len), Some(2), "{shown}");
        assert!(shown[0]["unread"].as_i64() > Some(0), "there is something to read: {shown}");
        rooms.push((session["role"].clone(), shown));
    }
    assert_eq!(rooms.iter().filter(|(role, _)| role == "administrator").count(), 1);
    let mut page = Browser::new(&server, "demo.localhost");
    page.sign_in(&people_then[0].0, &people_then[0].1).await.expect(200);
    let mut talker = Talker::connect(&page).await;
    let history = talker.whole_archive("accueil@rooms.demo.localhost", None).await;
    assert!(history.len() >= 6, "{history:?}");
    server.stop().await;

    let server = Server::start_demonstration(&house.data()).await;
    assert_eq!(people(&server.said()), people_then);
    let mut talker = Talker::connect(&page.at(&server)).await;
    assert_eq!(talker.whole_archive("accueil@rooms.demo.localhost", None).await, history);
    server.stop().await;
    house.run(&["audit", "verify"]).well();
}
