//! Devices: enrolled by a code, proving their key to a session, opening what only the body's devices open.

use crate::second_factor::renewed;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use beffroi_it::{ALICE, Answer, BOB, Browser, CLAIRE, DOMAIN, House, Server, Talker};
use serde_json::{Value, json};

/// What a browser keeps: a key, and once enrolled the id under which it is known.
pub(crate) struct Device {
    key: EcdsaKeyPair,
    id: String,
}

impl Device {
    pub(crate) fn new() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Self { key, id: String::new() }
    }

    fn sign(&self, parts: &[&str]) -> String {
        let signed = self.key.sign(&SystemRandom::new(), parts.join("\0").as_bytes()).expect("a signature");
        URL_SAFE_NO_PAD.encode(signed.as_ref())
    }

    fn enrolment(&self, code: &str) -> Value {
        let key = URL_SAFE_NO_PAD.encode(self.key.public_key().as_ref());
        let signature = self.sign(&["beffroi-enrol", DOMAIN, code]);
        json!({"name": "Portable", "key": key, "signature": signature})
    }

    /// Enrols this device for whom a page is signed in.
    pub(crate) async fn enrolled(mut self, page: &Browser) -> Self {
        let code = code(page).await;
        let made = page.post(&format!("/api/device-codes/{code}"), &self.enrolment(&code)).await.expect(201);
        self.id = made.json()["id"].as_str().expect("an id").to_owned();
        self
    }

    async fn answer(&self, page: &Browser) -> Value {
        let asked = page.post("/api/session/device", &json!({})).await.expect(200).json();
        let challenge = asked["challenge"].as_str().expect("a challenge");
        let signature = self.sign(&["beffroi-device", DOMAIN, &self.id, challenge]);
        json!({"device": self.id, "challenge": challenge, "signature": signature})
    }

    /// Proves its key to a session, which has another cookie after it.
    async fn prove(&self, page: &mut Browser) {
        let body = self.answer(page).await;
        let answer = page.post("/api/session/device/answer", &body).await.expect(200);
        assert_eq!(answer.json()["device"]["id"], json!(self.id));
        renewed(page, &answer, |body| body);
    }
}

async fn code(page: &Browser) -> String {
    let begun = page.post("/api/devices/code", &json!({})).await.expect(201).json();
    let (code, link) = (begun["code"].as_str().expect("a code"), begun["link"].as_str().expect("a link"));
    assert!(link.ends_with(&format!("/appareil/{code}")), "{link}");
    code.to_owned()
}

async fn decide(claire: &Browser, device: &Device, state: &str) -> Answer {
    claire.post(&format!("/api/admin/devices/{}/state", device.id), &json!({"state": state})).await
}

/// The town, whose label `internal` asks for a managed device, with Alice and Claire signed in.
async fn town() -> (House, Server, Browser, Browser) {
    let house = House::town();
    let server = house.serve().await;
    let alice = Browser::signed_in(&server, ALICE).await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    (house, server, alice, claire)
}

/// As if the body had asked for a managed device in rooms of this label; who may ask so is tested elsewhere.
async fn demand(house: &House) {
    let mut base = crate::database::Database::of(house).await;
    base.run("UPDATE label SET managed_device = 1 WHERE slug = 'internal'").await;
}

#[tokio::test]
async fn a_label_opens_on_the_approved_device_alone_and_closes_when_that_is_withdrawn() {
    let (house, server, mut alice, claire) = town().await;
    let room = alice.room("Accueil").await;
    demand(&house).await;
    let read = format!("/api/rooms/{room}/files");
    let refused = alice.get(&read).await.expect(403).json();
    assert_eq!(refused["rule"], "label-managed-device");

    let device = Device::new().enrolled(&alice).await;
    device.prove(&mut alice).await;
    assert_eq!(alice.get("/api/session").await.json()["device"]["managed"], false);
    alice.get(&read).await.expect(403);
    decide(&claire, &device, "approved").await.expect(204);
    assert_eq!(alice.get("/api/session").await.json()["device"]["managed"], true);
    alice.get(&read).await.expect(200);
    // The same person elsewhere, with the same password.
    Browser::signed_in(&server, ALICE).await.get(&read).await.expect(403);

    decide(&claire, &device, "withdrawn").await.expect(204);
    alice.get(&read).await.expect(403);
    alice.get("/api/session").await.expect(200);
    decide(&claire, &device, "approved").await.expect(204);
    alice.get(&read).await.expect(200);
    // An hour after the last proof the session is at no device; the proof brings it back, under the same cookie.
    let mut base = crate::database::Database::of(&house).await;
    base.run("UPDATE session SET device_proved_us = device_proved_us - 3600000000").await;
    alice.get(&read).await.expect(403);
    let again = alice.post("/api/session/device/answer", &device.answer(&alice).await).await.expect(200);
    assert!(again.header("set-cookie").is_none());
    alice.get(&read).await.expect(200);
    // Day 366.
    base.run("UPDATE device SET expires_us = created_us").await;
    alice.get(&read).await.expect(403);
    let old = alice.post("/api/session/device/answer", &device.answer(&alice).await).await.expect(403);
    assert_eq!(old.json()["rule"], "device-expired");
    let key = Device { key: device.key, id: String::new() };
    let next = code(&alice).await;
    alice.post(&format!("/api/device-codes/{next}"), &key.enrolment(&next)).await.expect(409);
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn a_code_enrols_one_device_once_and_only_who_signed_it() {
    let (house, server, alice, _) = town().await;
    let door = Browser::new(&server, DOMAIN);
    let first = code(&alice).await;
    let latest = code(&alice).await;
    door.get(&format!("/api/device-codes/{first}")).await.expect(404);
    let shown = door.get(&format!("/api/device-codes/{}", latest.to_lowercase())).await.expect(200).json();
    assert_eq!((&shown["address"], &shown["code"]), (&json!(ALICE), &json!(latest)));
    let path = format!("/api/device-codes/{latest}");
    let (own, other) = (Device::new(), Device::new());
    let enrol = async |change: &dyn Fn(&mut Value), status| {
        let mut body = own.enrolment(&latest);
        change(&mut body);
        door.post(&path, &body).await.expect(status)
    };
    enrol(&|body| body["signature"] = other.enrolment(&latest)["signature"].clone(), 422).await;
    enrol(&|body| body["signature"] = own.enrolment(&first)["signature"].clone(), 422).await;
    enrol(&|body| body["key"] = "AAAA".into(), 422).await;
    enrol(&|body| body["name"] = "".into(), 422).await;
    let made = enrol(&|_| {}, 201).await;
    assert_eq!(made.json()["state"], "waiting");
    enrol(&|_| {}, 404).await;
    door.get(&path).await.expect(404);
    let list = alice.get("/api/devices").await.expect(200).json();
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    assert!(list[0]["posture"].as_array().expect("facts").iter().all(|fact| fact["grade"] == "declared"));
    // A code that waited eleven minutes.
    let late = code(&alice).await;
    let mut base = crate::database::Database::of(&house).await;
    base.run("UPDATE device_code SET expires_us = expires_us - 660000000").await;
    door.get(&format!("/api/device-codes/{late}")).await.expect(404);
    door.post(&format!("/api/device-codes/{late}"), &other.enrolment(&late)).await.expect(404);
    // A session left open an hour ago adds no device.
    base.run("UPDATE session SET proved_us = proved_us - 3600000000").await;
    let stale = alice.post("/api/devices/code", &json!({})).await.expect(403).json();
    assert_eq!(stale["rule"], "stale");
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn a_proof_is_the_devices_own_for_this_session_and_good_once() {
    let (_house, server, mut alice, claire) = town().await;
    let bob = Browser::signed_in(&server, BOB).await;
    let device = Device::new().enrolled(&alice).await;
    let theirs = Device::new().enrolled(&bob).await;
    let path = "/api/session/device/answer";

    let mut wrong = device.answer(&alice).await;
    wrong["signature"] = theirs.answer(&bob).await["signature"].clone();
    alice.post(path, &wrong).await.expect(422);
    // Whatever came of it, the challenge is used up.
    let mut again = device.answer(&alice).await;
    let good = again["signature"].clone();
    again["signature"] = "AAAA".into();
    alice.post(path, &again).await.expect(422);
    again["signature"] = good;
    alice.post(path, &again).await.expect(404);
    // Another person's device, with a right signature.
    alice.post(path, &theirs.answer(&alice).await).await.expect(404);
    // A proof made for another session of the same person.
    let elsewhere = Browser::signed_in(&server, ALICE).await;
    alice.post(path, &device.answer(&elsewhere).await).await.expect(404);

    let before = alice.clone();
    let body = device.answer(&alice).await;
    let answer = alice.post(path, &body).await.expect(200);
    renewed(&mut alice, &answer, |body| body);
    // What was seen of the session before is worth nothing now, and the proof is no proof any more.
    before.get("/api/session").await.expect(401);
    alice.post(path, &body).await.expect(404);

    // Nobody touches another person's device, and an agent approves none.
    bob.delete(&format!("/api/devices/{}", device.id)).await.expect(404);
    bob.request("PATCH", &format!("/api/devices/{}", device.id))
        .json(&json!({"name": "X"}))
        .send()
        .await
        .expect(404);
    decide(&bob, &device, "approved").await.expect(403);
    bob.get("/api/admin/devices").await.expect(403);
    let register = claire.get("/api/admin/devices").await.expect(200).json();
    assert_eq!(register.as_array().map(Vec::len), Some(2));
    let report = json!({"disk_encrypted": true, "screen_lock": null});
    let reported = format!("/api/admin/devices/{}/reported", device.id);
    claire.request("PUT", &reported).json(&report).send().await.expect(204);
    let own = alice.get("/api/devices").await.json();
    let facts = own[0]["posture"].as_array().expect("facts").clone();
    let of = |grade: &str| facts.iter().filter(|fact| fact["grade"] == grade).collect::<Vec<_>>();
    assert_eq!(of("reported"), [&json!({"fact": "disk_encrypted", "value": true, "grade": "reported"})]);
    assert!(of("attested").is_empty());
    assert_eq!(own[0]["current"], true);
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn a_lost_device_is_out_with_its_streams_and_never_comes_back() {
    let (house, server, mut alice, claire) = town().await;
    demand(&house).await;
    let device = Device::new().enrolled(&alice).await;
    device.prove(&mut alice).await;
    decide(&claire, &device, "approved").await.expect(204);
    let room = "accueil@rooms.mairie.test";
    let mut stream = Talker::connect(&alice).await;
    stream.enter(room).await;
    // Withdrawn: the stream stays and is put out of the room.
    decide(&claire, &device, "withdrawn").await.expect(204);
    stream.until("put out of the room", |frame| frame.contains("unavailable") && frame.contains("307")).await;
    decide(&claire, &device, "lost").await.expect(204);
    stream.until("the end of the stream", |frame| frame.contains("not-authorized")).await;
    alice.get("/api/session").await.expect(401);
    let refused = decide(&claire, &device, "approved").await.expect(422).json();
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("lost")), "{refused}");

    let again = Browser::signed_in(&server, ALICE).await;
    let lost = again.post("/api/session/device/answer", &device.answer(&again).await).await.expect(403);
    assert_eq!(lost.json()["rule"], "device-lost");
    again.delete(&format!("/api/devices/{}", device.id)).await.expect(204);
    again.get("/api/session").await.expect(200);
    let log = claire.get("/api/admin/audit").await.expect(200).json();
    let acts: Vec<_> = log["entries"].as_array().expect("entries").iter().map(|e| e["act"].clone()).collect();
    for act in
        ["device.enrol", "device.use", "device.approve", "device.withdraw", "device.lost", "device.remove"]
    {
        assert!(acts.contains(&json!(act)), "{act} in {acts:?}");
    }
    crate::bad_input::finish(server, &[]).await;
}

#[tokio::test]
async fn an_older_client_is_told_to_load_again_and_others_are_not() {
    let house = House::town();
    house.set("[clients]\nleast_version = \"2.1\"\n");
    let server = house.serve().await;
    let page = Browser::new(&server, DOMAIN);
    let by = async |client: &str, status| {
        page.request("GET", "/api/page").header("x-beffroi-client", client).send().await.expect(status)
    };
    let refused = by("web/2.0.9", 426).await.json();
    assert_eq!((&refused["title"], &refused["rule"]), (&json!("denied"), &json!("client-version")));
    by("web/soon", 426).await;
    by("web/2.1.0", 200).await;
    by("android/10.0", 200).await;
    page.get("/api/page").await.expect(200);
    crate::bad_input::finish(server, &[]).await;
}

/// A protective mark asks for an accreditation, a clearance, a second factor and a managed device together: each
/// one that is missing is refused by its own rule.
#[tokio::test]
async fn a_mark_opens_to_who_has_everything_it_asks_for_and_names_what_is_missing() {
    let (house, server, mut alice, claire) = town().await;
    let read = format!("/api/rooms/{}/files", alice.room("Accueil").await);
    let missing = async |page: &Browser| {
        let answer = page.get(&read).await;
        if answer.status == 200 {
            return String::new();
        }
        answer.expect(403).json()["rule"].as_str().unwrap_or_default().to_owned()
    };
    let declared = ["--reference", "HOM-2026-12", "--authority", "ANSSI", "--until", "9999-12-31"];
    let accredit = [&["tenant", "accredit", DOMAIN, "--label", "restricted"][..], &declared].concat();
    let mut base = crate::database::Database::of(&house).await;
    base.run("UPDATE room SET label = 'restricted' WHERE slug = 'accueil'").await;

    // From nothing to everything, in the order in which the rules are asked.
    assert_eq!(missing(&alice).await, "label-reserved");
    house.run(&accredit).well();
    assert_eq!(missing(&alice).await, "clearance");
    house.run(&["account", "clear", ALICE, "--label", "restricted"]).well();
    assert_eq!(missing(&alice).await, "label-second-factor");
    let mut key = alice.authenticator();
    crate::passkeys::enrol(&mut alice, &mut key).await;
    assert_eq!(missing(&alice).await, "label-managed-device");
    let device = Device::new().enrolled(&alice).await;
    device.prove(&mut alice).await;
    assert_eq!(missing(&alice).await, "label-managed-device");
    decide(&claire, &device, "approved").await.expect(204);
    assert_eq!(missing(&alice).await, "");

    // And each of them alone is enough to close it.
    house.run(&["tenant", "withdraw", DOMAIN, "--label", "restricted"]).well();
    assert_eq!(missing(&alice).await, "label-reserved");
    house.run(&accredit).well();
    assert_eq!(missing(&alice).await, "");
    house.run(&["account", "clear", ALICE, "--label", "sensitive"]).well();
    assert_eq!(missing(&alice).await, "clearance");
    house.run(&["account", "clear", ALICE, "--label", "restricted"]).well();
    assert_eq!(missing(&alice).await, "");
    base.run("UPDATE session SET factor = 'password'").await;
    assert_eq!(missing(&alice).await, "label-second-factor");
    base.run("UPDATE session SET factor = 'passkey'").await;
    assert_eq!(missing(&alice).await, "");
    decide(&claire, &device, "withdrawn").await.expect(204);
    assert_eq!(missing(&alice).await, "label-managed-device");
    decide(&claire, &device, "approved").await.expect(204);
    assert_eq!(missing(&alice).await, "");
    crate::bad_input::finish(server, &[]).await;
}

/// What the body reports of an approved device opens rooms, when their label asks for it, and closes them again.
#[tokio::test]
async fn a_label_asks_for_what_is_reported_of_the_device_and_says_what_is_missing() {
    let (house, server, mut alice, claire) = town().await;
    house.add_account("otto@mairie.test", "Otto Clair", "security-officer");
    let otto = Browser::signed_in(&server, "otto@mairie.test").await;
    let read = format!("/api/rooms/{}/files", alice.room("Accueil").await);
    let set =
        async |body: Value| otto.request("PATCH", "/api/admin/labels/internal").json(&body).send().await;
    set(json!({"posture": ["disk"]})).await.expect(422);
    let asked = json!({"managed_device": true, "posture": ["screen_lock", "disk_encrypted"]});
    let label = set(asked).await.expect(200).json();
    assert_eq!(label["posture"], json!(["disk_encrypted", "screen_lock"]));

    let device = Device::new().enrolled(&alice).await;
    device.prove(&mut alice).await;
    decide(&claire, &device, "approved").await.expect(204);
    let missing = async || {
        let answer = alice.get(&read).await.expect(403).json();
        assert_eq!(answer["rule"], "label-device-posture");
        answer["detail"].as_str().unwrap_or_default().to_owned()
    };
    let report = async |told: Value| {
        let path = format!("/api/admin/devices/{}/reported", device.id);
        claire.request("PUT", &path).json(&told).send().await.expect(204);
    };
    assert!(missing().await.contains("an encrypted disk, a screen lock"));
    report(json!({"disk_encrypted": true})).await;
    let said = missing().await;
    assert!(said.contains("a screen lock") && !said.contains("disk"), "{said}");
    report(json!({"disk_encrypted": true, "screen_lock": true})).await;
    alice.get(&read).await.expect(200);

    // A stream hears of it: what is no longer reported closes the room at once.
    let mut stream = Talker::connect(&alice).await;
    stream.enter("accueil@rooms.mairie.test").await;
    report(json!({"disk_encrypted": true, "screen_lock": false})).await;
    stream.until("put out of the room", |frame| frame.contains("unavailable") && frame.contains("307")).await;
    assert!(missing().await.contains("a screen lock"));
    set(json!({"posture": []})).await.expect(200);
    alice.get(&read).await.expect(200);
    let log = otto.get("/api/admin/audit?act=label.change").await.expect(200).json();
    let told = log["entries"][1]["detail"].as_str().unwrap_or_default();
    assert_eq!(told, "managed_device: false → true; posture: none → disk_encrypted screen_lock");
    crate::bad_input::finish(server, &[]).await;
}
