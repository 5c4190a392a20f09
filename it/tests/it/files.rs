//! Files: in by parts, out by ranges, byte for byte.

use aws_lc_rs::digest::{SHA256, digest};
use beffroi_it::{ALICE, BOB, Browser, House, Talker, attribute};
use serde_json::json;

const ROOM: &str = "accueil@rooms.mairie.test";
const MIB: usize = 1 << 20;

/// Bytes that no segment repeats: a xorshift from `seed`.
pub fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut all: Vec<u8> =
        std::iter::repeat_with(|| next().to_le_bytes()).take(length / 8 + 1).flatten().collect();
    all.truncate(length);
    all
}

pub fn hex(content: &[u8]) -> String {
    digest(&SHA256, content).as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

pub async fn begin(page: &Browser, room: &str, name: &str, size: usize) -> String {
    let new = json!({"name": name, "size": size, "media_type": "application/pdf"});
    let answer = page.post(&format!("/api/rooms/{room}/uploads"), &new).await.expect(201).json();
    answer["upload"].as_str().expect("an upload has an id").to_owned()
}

/// Puts a file at once; its id.
pub async fn put(page: &Browser, room: &str, name: &str, content: &[u8]) -> String {
    let upload = begin(page, room, name, content.len()).await;
    let file = part(page, &upload, 0, content).send().await.expect(201).json();
    assert_eq!(file["sha256"], hex(content));
    assert_eq!(file["size"], content.len());
    file["id"].as_str().expect("a file has an id").to_owned()
}

fn part(page: &Browser, upload: &str, offset: usize, content: &[u8]) -> beffroi_it::Request {
    page.request("PATCH", &format!("/api/uploads/{upload}"))
        .header("upload-offset", &offset.to_string())
        .header("content-type", "application/offset+octet-stream")
        .body(content)
}

async fn held(page: &Browser, upload: &str) -> usize {
    let row = page.get(&format!("/api/uploads/{upload}")).await.expect(200).json();
    row["offset"].as_u64().and_then(|n| n.try_into().ok()).expect("an upload stands somewhere")
}

#[tokio::test]
async fn large_files_of_odd_sizes_come_back_byte_for_byte_and_the_room_hears_of_them() {
    let house = House::town();
    let server = house.serve().await;
    let (alice, bob) = (Browser::signed_in(&server, ALICE).await, Browser::signed_in(&server, BOB).await);
    let mut listening = Talker::connect(&bob).await;
    listening.enter(ROOM).await;
    let room = alice.room("Accueil").await;
    for (n, size) in [(1, 8 * MIB + 1), (2, 9 * MIB + 65_535), (3, 8 * MIB)] {
        let content = bytes(size, n);
        let name = format!("Séance du {n} « budget ».ods");
        let file = put(&alice, &room, &name, &content).await;
        let told = listening.until("the file", |f| attribute(f, "file", "id") == Some(&file)).await;
        assert_eq!(attribute(&told, "file", "size"), Some(size.to_string().as_str()));
        assert_eq!(attribute(&told, "file", "sha256"), Some(hex(&content).as_str()));
        assert_eq!(attribute(&told, "file", "author"), Some(ALICE));
        let answer = bob.get(&format!("/api/files/{file}")).await.expect(200);
        assert!(answer.body == content, "{name}: {} bytes came back", answer.body.len());
        assert_eq!(answer.header("content-length"), Some(size.to_string().as_str()));
        let disposition = answer.header("content-disposition").unwrap();
        assert!(
            disposition.starts_with("attachment") && disposition.contains("filename*=UTF-8''S%C3%A9ance")
        );
        assert!(answer.header("repr-digest").is_some_and(|d| d.starts_with("sha-256=:")));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    let listed = bob.get(&format!("/api/rooms/{room}/files")).await.expect(200).json();
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["Séance du 3 « budget ».ods", "Séance du 2 « budget ».ods", "Séance du 1 « budget ».ods"]
    );
}

#[tokio::test]
async fn any_range_of_a_file_can_be_read_alone() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let room = page.room("Accueil").await;
    let size = 3 * 65_536 + 17;
    let content = bytes(size, 5);
    let path = format!("/api/files/{}", put(&page, &room, "a.bin", &content).await);
    for (first, last) in [
        (0, 0),
        (0, 65_535),
        (65_535, 65_536),
        (65_536, 131_071),
        (1, size - 2),
        (196_608, size - 1),
        (size - 1, size - 1),
    ] {
        let answer =
            page.request("GET", &path).header("range", &format!("bytes={first}-{last}")).send().await;
        assert_eq!(answer.status, 206);
        assert!(answer.body == content[first..=last], "{first}-{last}");
        assert_eq!(answer.header("content-range"), Some(format!("bytes {first}-{last}/{size}").as_str()));
    }
    let tail = page.request("GET", &path).header("range", "bytes=-20").send().await.expect(206);
    assert_eq!(tail.body, content[size - 20..]);
    let beyond =
        page.request("GET", &path).header("range", &format!("bytes={size}-")).send().await.expect(416);
    assert_eq!(beyond.header("content-range"), Some(format!("bytes */{size}").as_str()));
    let other = page
        .request("GET", &path)
        .header("range", "bytes=0-9")
        .header("if-range", "\"another\"")
        .send()
        .await;
    assert!(other.status == 200 && other.body == content);
    let own = page.get(&path).await.header("etag").unwrap().to_owned();
    page.request("GET", &path).header("range", "bytes=0-9").header("if-range", &own).send().await.expect(206);
}

#[tokio::test]
async fn an_upload_that_breaks_off_goes_on_where_the_server_stands() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let room = page.room("Accueil").await;
    let content = bytes(20 * MIB + 3, 9);
    let upload = begin(&page, &room, "longue.mkv", content.len()).await;
    // Broken off by the browser in the middle of a part.
    let sent = 9 * MIB + 11;
    part(&page, &upload, 0, &content[..sent]).broken_off(content.len()).send().await;
    let mut offset = 0;
    // The server may still be writing what came.
    let written = async {
        while offset < 8 * MIB {
            offset = held(&page, &upload).await;
        }
    };
    beffroi_it::soon("what was sent before the break", written).await;
    assert!(offset <= sent, "{offset}");
    let next = offset + MIB;
    let answer = part(&page, &upload, offset, &content[offset..next]).send().await;
    let answer = if answer.status == 409 {
        // What had come was written in the meantime: the answer says from where to go on.
        offset = answer.header("upload-offset").unwrap().parse().unwrap();
        part(&page, &upload, offset, &content[offset..next]).send().await
    } else {
        answer
    };
    assert_eq!((answer.status, answer.header("upload-offset")), (204, Some(next.to_string().as_str())));
    // Broken off by the machine.
    server.kill();
    let server = house.serve().await;
    let page = page.at(&server);
    assert_eq!(held(&page, &upload).await, next, "what was acknowledged is on disk");
    let file = part(&page, &upload, next, &content[next..]).send().await.expect(201).json();
    assert_eq!(file["sha256"], hex(&content));
    let back = page.get(&format!("/api/files/{}", file["id"].as_str().unwrap())).await.expect(200);
    assert!(back.body == content);
    page.get(&format!("/api/uploads/{upload}")).await.expect(404);
}

#[tokio::test]
async fn a_part_in_the_wrong_place_or_too_long_is_refused_and_nothing_is_written() {
    let house = House::town();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let room = page.room("Accueil").await;
    let content = bytes(1000, 3);
    let upload = begin(&page, &room, "a.bin", 1000).await;
    part(&page, &upload, 0, &content[..400]).send().await.expect(204);
    for wrong in [0, 399, 401, 1000, 9_999_999_999] {
        let answer = part(&page, &upload, wrong, &content[400..]).send().await.expect(409);
        assert_eq!(answer.header("upload-offset"), Some("400"), "{wrong}");
    }
    for nonsense in ["", "-1", "four", "4e2", "99999999999999999999"] {
        let request = part(&page, &upload, 0, &content[400..]).header("upload-offset", nonsense);
        request.send().await.expect(422);
    }
    part(&page, &upload, 400, &bytes(601, 4)).send().await.expect(413);
    assert_eq!(held(&page, &upload).await, 400);
    // Somebody else's upload is nobody's.
    let bob = Browser::signed_in(&server, BOB).await;
    bob.get(&format!("/api/uploads/{upload}")).await.expect(404);
    part(&bob, &upload, 400, &content[400..]).send().await.expect(404);
    bob.delete(&format!("/api/uploads/{upload}")).await.expect(404);
    part(&page, &upload, 400, &content[400..]).send().await.expect(201);

    let upload = begin(&page, &room, "b.bin", 10).await;
    page.delete(&format!("/api/uploads/{upload}")).await.expect(204);
    page.get(&format!("/api/uploads/{upload}")).await.expect(404);
}

#[tokio::test]
async fn sizes_and_names_have_bounds() {
    let house = House::with_settings("[limits]\nfile_bytes = 1000\n").populated();
    let server = house.serve().await;
    let page = Browser::signed_in(&server, ALICE).await;
    let room = page.room("Accueil").await;
    let path = format!("/api/rooms/{room}/uploads");
    let refused = page.post(&path, &json!({"name": "a", "size": 1001})).await.expect(422).json();
    assert!(refused["detail"].as_str().is_some_and(|d| d.contains("limits.file_bytes")), "{refused}");
    page.post(&path, &json!({"name": "a", "size": -1})).await.expect(400);
    page.post(&path, &json!({"name": "a", "size": 1, "mode": "0777"})).await.expect(400);
    let long = "n".repeat(300);
    for name in ["", "  ", long.as_str()] {
        page.post(&path, &json!({"name": name, "size": 1})).await.expect(422);
    }
    // Names with folders in them lose them or are refused; no file is ever called by a path.
    for name in ["../../etc/passwd", "a/b", "a\u{0}b", "a\nb"] {
        let answer = page.post(&path, &json!({"name": name, "size": 1})).await;
        assert!(matches!(answer.status, 201 | 422), "{name:?}: {}", answer.status);
        if answer.status == 201 {
            let upload = answer.json()["upload"].as_str().unwrap().to_owned();
            let kept =
                page.get(&format!("/api/uploads/{upload}")).await.json()["name"].as_str().unwrap().to_owned();
            assert!(!kept.contains(['/', '\n', '\0']), "{kept:?}");
        }
    }
    let empty = begin(&page, &room, "vide.txt", 0).await;
    let file = part(&page, &empty, 0, b"").send().await.expect(201).json();
    assert_eq!(file["sha256"], hex(b""));
    let path = format!("/api/files/{}", file["id"].as_str().unwrap());
    assert!(page.get(&path).await.expect(200).body.is_empty());
}
