//! A transfer that goes on ends when its person is shut out (ID11), however slowly it goes.

use crate::files::{begin, bytes, put};
use beffroi_it::{ALICE, Browser, CLAIRE, House};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const MIB: usize = 1 << 20;

/// Sends what begins a request of a page, and keeps the connection.
pub(crate) async fn request(page: &Browser, line: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(page.address).await.expect("the server listens");
    let cookie = page.cookie.as_deref().unwrap_or_default();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\ncookie: {cookie}\r\nx-csrf-token: {csrf}\r\n{headers}\r\n",
        host = page.host,
        csrf = page.csrf,
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    stream
}

/// An upload of `size` bytes whose first half is sent, and the other never.
pub(crate) async fn half_sent(page: &Browser, room: &str, size: usize) -> TcpStream {
    let upload = begin(page, room, "moitié.bin", size).await;
    let headers = format!(
        "upload-offset: 0\r\ncontent-type: application/offset+octet-stream\r\ncontent-length: {size}\r\n"
    );
    let mut stream = request(page, &format!("PATCH /api/uploads/{upload}"), &headers).await;
    stream.write_all(&vec![7; size / 2]).await.expect("the server reads");
    stream
}

/// What a reader gets who takes 64 KiB at a time, with a pause.
pub(crate) async fn read_slowly(stream: &mut TcpStream) -> usize {
    let (mut got, mut part) = (0, vec![0; 64 * 1024]);
    while let Ok(n @ 1..) = stream.read(&mut part).await {
        got += n;
        tokio::time::sleep(Duration::from_millis(10)).await; // a slow line is what this is about
    }
    got
}

#[tokio::test]
async fn a_download_and_an_upload_under_way_end_when_the_account_is_shut_or_the_room_is_lost() {
    let house = House::town();
    let server = house.serve().await;
    let (claire, page) =
        (Browser::signed_in(&server, CLAIRE).await, Browser::signed_in(&server, ALICE).await);
    let room = page.room("Accueil").await;
    // More than the buffers of two sockets hold.
    let size = 48 * MIB;
    let file = put(&page, &room, "plan.bin", &bytes(size, 5)).await;
    let line = format!("GET /api/files/{file}");
    let whole = page.get(&format!("/api/files/{file}")).await.expect(200).body.len();
    assert_eq!(whole, size);

    // Out of the room: this file ends short, and so does what was being added.
    let bob = Browser::signed_in(&server, beffroi_it::BOB).await;
    let (mut out, mut sending) = (request(&bob, &line, "").await, half_sent(&bob, &room, MIB).await);
    page.delete(&format!("/api/rooms/{room}/members/{}", beffroi_it::BOB)).await.expect(204);
    assert!(read_slowly(&mut out).await < size, "the file ended short");
    let mut answer = String::new();
    sending.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");

    // The account is shut.
    let (mut out, mut sending) = (request(&page, &line, "").await, half_sent(&page, &room, MIB).await);
    claire.post(&format!("/api/admin/accounts/{ALICE}/disable"), &json!({})).await.expect(204);
    assert!(read_slowly(&mut out).await < size, "the file ended short");
    let mut answer = String::new();
    sending.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    crate::bad_input::finish(server, &[]).await;
}
