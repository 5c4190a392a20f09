//! ID10: ten thousand generated requests from one body at everything of another, over every door, and not
//! one leak. What is asked is made from docs/openapi.json, so a new route is asked too.
#![allow(clippy::unwrap_used)] // a test may unwrap

use crate::database::Database;
use crate::postgres::Own;
use beffroi_it::{ALICE, BOB, Browser, CLAIRE, DESCRIPTION, House, Server, Talker, attribute};
use serde_json::{Map, Value, json};

const REQUESTS: usize = 10_000;
/// Hosts bodies, and sees no more of one than the list of them says.
const OLGA: &str = "olga@hopital.test";
/// Of these over XMPP.
const STANZAS: usize = 2_000;
/// Stands in every name and content of the town hall, and in nothing that anybody else says.
const CANARY: &str = "canari";
const HOSPITAL: [(&str, &str); 6] = [
    ("operator", OLGA),
    ("agent", "egon@hopital.test"),
    ("business-administrator", "bea@hopital.test"),
    ("auditor", "ulla@hopital.test"),
    ("security-officer", "zoe@hopital.test"),
    ("administrator", "dora@hopital.test"),
];

/// The same sequence in every run: a leak that was found once is found again.
struct Chance(u64);

impl Chance {
    /// Below `end`; splitmix64.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// What the town hall has: everything by which it could be asked for.
struct Town {
    ids: Vec<String>,
    /// Those of things that stand in a place of their own, by a part of its path.
    kinds: Vec<(&'static str, String)>,
    addresses: Vec<String>,
}

impl Town {
    async fn furnish(server: &Server) -> Self {
        let alice = Browser::signed_in(server, ALICE).await;
        let room = alice.room("Accueil").await;
        let name = json!({"name": "Accueil canari", "topic": CANARY});
        alice.request("PATCH", &format!("/api/rooms/{room}")).json(&name).send().await.expect(200);
        let secret = alice.post("/api/rooms", &json!({"name": "Secret canari"})).await.expect(201).json();
        let direct = alice.post("/api/direct", &json!({"address": BOB})).await.json();
        let file = crate::files::put(&alice, &room, "canari.pdf", b"canari").await;
        let upload = crate::files::begin(&alice, &room, "canari.bin", 10).await;
        let link = alice.post(&format!("/api/rooms/{room}/links"), &json!({})).await.expect(201).json();
        let session = alice.get("/api/sessions").await.json()[0]["id"].clone();
        let mut talker = Talker::connect(&alice).await;
        talker.enter("accueil@rooms.mairie.test").await;
        talker.say_in("accueil@rooms.mairie.test", "c1", CANARY).await;
        talker.message("c1").await;
        let mut ids = vec![room, file, upload];
        ids.extend(
            [&secret["id"], &direct["id"], &link["id"], &session].map(|id| id.as_str().unwrap().to_owned()),
        );
        let claire = Browser::signed_in(server, CLAIRE).await;
        let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
        let role = claire.post("/api/admin/roles", &json!({"name": "Rôle canari"})).await.expect(201).json();
        let export = json!({"act": "export", "reason": CANARY});
        let request = claire.post("/api/admin/requests", &export).await.expect(201).json();
        let lines = "adresse;nom\nnina@mairie.test;Nina Canari\n";
        let import = claire.request("POST", "/api/admin/imports").header("content-type", "text/csv");
        let import = import.body(lines).send().await.expect(201).json();
        crate::devices::Device::new().enrolled(&alice).await;
        let devices = alice.get("/api/devices").await.expect(200).json();
        let kinds = vec![
            ("/roles/{id}", id(&role)),
            ("/requests/{id}", id(&request)),
            ("/imports/{id}", id(&import)),
            ("/devices/{id}", id(&devices[0])),
            ("/application-passwords/{id}", crate::applications::make(&alice, "Canari").await.0),
        ];
        ids.extend(kinds.iter().map(|(_, id)| id.clone()));
        let people = [ALICE, BOB, CLAIRE].map(str::to_owned);
        let rooms = [
            "accueil@rooms.mairie.test",
            "secret-canari@rooms.mairie.test",
            "mairie.test",
            "rooms.mairie.test",
        ];
        Self { ids, kinds, addresses: people.into_iter().chain(rooms.map(str::to_owned)).collect() }
    }

    /// Everything that the town hall sees of itself.
    async fn state(&self, server: &Server) -> Vec<(String, Value)> {
        let (alice, claire) =
            (Browser::signed_in(server, ALICE).await, Browser::signed_in(server, CLAIRE).await);
        let mut seen = vec![];
        let room = &self.ids[0];
        let own = [
            format!("/api/rooms/{room}"),
            format!("/api/rooms/{room}/files"),
            format!("/api/rooms/{room}/links"),
        ];
        for path in own.into_iter().chain(["/api/rooms", "/api/people", "/api/labels"].map(str::to_owned)) {
            let found = alice.get(&path).await.expect(200).json();
            seen.push((path, found));
        }
        const RUN: [&str; 6] = ["accounts", "rooms", "organisation", "roles", "requests", "devices"];
        for path in RUN.map(|part| format!("/api/admin/{part}")) {
            let mut found = claire.get(&path).await.expect(200).json();
            forget_use(&mut found);
            seen.push((path, found));
        }
        seen
    }
}

/// Looking is a use of the account that looks.
fn forget_use(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !name.starts_with("last_used"));
            fields.values_mut().for_each(forget_use);
        }
        Value::Array(all) => all.iter_mut().for_each(forget_use),
        _ => {}
    }
}

/// Who asks: everybody next door, and what is theirs.
struct Neighbours {
    pages: Vec<Browser>,
    rooms: Vec<String>,
}

/// One request.
#[derive(Debug)]
struct Asked {
    who: usize,
    method: String,
    path: String,
    body: Option<Value>,
    /// What of the town hall it names.
    names: Vec<String>,
    /// It names something of the town hall where a thing stands, and no answer to it is a yes.
    foreign: bool,
}

struct Doors {
    document: Value,
    operations: Vec<(String, String)>,
}

impl Doors {
    fn new() -> Self {
        let document: Value = serde_json::from_str(DESCRIPTION).unwrap();
        let mut operations = vec![];
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                // Hosting is of the outside of a body; what it tells is looked at on its own.
                if path.starts_with("/api/admin/bodies") {
                    continue;
                }
                // What has no hole and no body of the town hall to name changes what is one's own.
                let names =
                    path.contains('{') || method == "get" || ["/api/direct", "/api/rooms"].contains(&&**path);
                if names && operation["security"].to_string().contains("session") {
                    operations.push((method.to_uppercase(), path.clone()));
                }
            }
        }
        Self { document, operations }
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let place = value["$ref"].as_str().and_then(|place| self.document.pointer(place.strip_prefix('#')?));
        place.map_or(value, |found| self.resolved(found))
    }

    fn ask(&self, chance: &mut Chance, town: &Town, next_door: &Neighbours) -> Asked {
        let (method, described) = chance.of(&self.operations).clone();
        let who = chance.below(next_door.pages.len());
        let (mut names, mut foreign, mut path) = (vec![], false, String::new());
        for part in described.split_inclusive('/') {
            let (hole, slash) = part.strip_suffix('/').map_or((part, ""), |hole| (hole, "/"));
            if !hole.starts_with('{') {
                path.push_str(part);
                continue;
            }
            // One's own room with somebody of the town hall in what is said about it, one time in four.
            let own = described.starts_with("/api/rooms/{id}") && hole == "{id}" && chance.below(4) == 0;
            let value = if own {
                chance.of(&next_door.rooms).clone()
            } else if hole == "{slug}" {
                "internal".to_owned() // every body has labels of these names, and its own
            } else {
                let kind = town.kinds.iter().find(|(place, _)| described.contains(place) && hole == "{id}");
                let theirs = match kind {
                    // One of what this place is about, mostly.
                    Some((_, id)) if chance.below(4) > 0 => id.clone(),
                    _ if hole == "{address}" => chance.of(&town.addresses).clone(),
                    _ => chance.of(&town.ids).clone(),
                };
                names.push(theirs.clone());
                foreign = true;
                theirs
            };
            path.push_str(&value.replace('@', "%40"));
            path.push_str(slash);
        }
        let operation = &self.document["paths"][&described][method.to_lowercase()];
        if chance.below(3) == 0 {
            let theirs = [&town.ids[..], &town.addresses[..]].concat();
            let mut mark = '?';
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let parameter = self.resolved(parameter);
                if parameter["in"] == "query" {
                    let value = chance.of(&theirs).clone();
                    path.push_str(&format!(
                        "{mark}{}={}",
                        parameter["name"].as_str().unwrap(),
                        value.replace('@', "%40")
                    ));
                    names.push(value);
                    mark = '&';
                }
            }
        }
        let schema = &self.resolved(&operation["requestBody"])["content"]["application/json"]["schema"];
        let body = (method != "GET").then(|| self.body(schema, chance, town, &mut names));
        // Labels of one's own may be changed, and then the lists differ: only looked at.
        let (method, body) =
            if described.contains("{slug}") { ("GET".to_owned(), None) } else { (method, body) };
        Asked { who, method, path, body, names, foreign }
    }

    fn body(&self, schema: &Value, chance: &mut Chance, town: &Town, names: &mut Vec<String>) -> Value {
        let mut body = Map::new();
        for part in std::iter::once(self.resolved(schema)).chain(self.parts(schema)) {
            for (field, value) in part["properties"].as_object().into_iter().flatten() {
                // Words of one's own: they would be read again, and taken for a leak.
                if ["name", "topic", "title", "description", "text", "reason"].contains(&field.as_str()) {
                    body.insert(field.clone(), json!(format!("Essai {}", chance.below(1_000_000))));
                } else if chance.below(4) > 0 {
                    body.insert(field.clone(), self.value(self.resolved(value), chance, town, names));
                }
            }
        }
        // And what nobody asked for: a tenant, an id, a role (mass assignment).
        for field in ["tenant", "id", "account", "room", "role"] {
            if chance.below(6) == 0 {
                let theirs = chance.of(&town.ids).clone();
                names.push(theirs.clone());
                body.insert(field.to_owned(), json!(theirs));
            }
        }
        Value::Object(body)
    }

    fn parts<'a>(&'a self, schema: &'a Value) -> impl Iterator<Item = &'a Value> {
        let schema = self.resolved(schema);
        let lists = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|list| schema[list].as_array());
        lists.flatten().map(|part| self.resolved(part))
    }

    fn value(&self, schema: &Value, chance: &mut Chance, town: &Town, names: &mut Vec<String>) -> Value {
        if let Some(words) = schema["enum"].as_array() {
            return chance.of(words).clone();
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("string");
        match kind {
            "integer" | "number" => json!(chance.below(100)),
            "boolean" => json!(chance.below(2) == 0),
            "array" => json!([self.value(self.resolved(&schema["items"]), chance, town, names)]),
            "object" => self.body(schema, chance, town, names),
            _ => {
                let all = if chance.below(2) == 0 { &town.addresses } else { &town.ids };
                let theirs = chance.of(all).clone();
                names.push(theirs.clone());
                json!(theirs)
            }
        }
    }
}

/// Nothing of the town hall that was not in the question itself.
fn leaks(said: &str, names: &[String], town: &Town) -> Option<String> {
    let mut told = said.to_lowercase();
    let mut names: Vec<_> = names.iter().collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len())); // an address holds its domain
    for name in names {
        told = told.replace(&name.to_lowercase(), "");
    }
    let ours = town.ids.iter().chain(&town.addresses).map(String::as_str);
    ours.chain([CANARY, "alice", "lambert", "mairie de test"])
        .find(|mark| told.contains(mark))
        .map(str::to_owned)
}

async fn neighbours(server: &Server) -> Neighbours {
    let mut pages = vec![];
    for (_, address) in HOSPITAL {
        pages.push(Browser::signed_in(server, address).await);
    }
    let dora = pages.last().unwrap();
    let room = dora.room("Urgences").await;
    let link = dora.post(&format!("/api/rooms/{room}/links"), &json!({})).await.expect(201).json();
    let token =
        link["url"].as_str().or(link["link"].as_str()).unwrap().rsplit('/').next().unwrap().to_owned();
    let mut guest = Browser::new(server, "hopital.test");
    let answer = guest.post(&format!("/api/guest/{token}"), &json!({"name": "Passant"})).await;
    guest.cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
    let session = answer.json();
    let csrf = session["csrf"].as_str().or(session["session"]["csrf"].as_str());
    guest.csrf = csrf.unwrap_or_default().to_owned();
    assert!(guest.cookie.is_some(), "{answer:?}");
    pages.push(guest);
    Neighbours { pages, rooms: vec![room] }
}

async fn over_http(town: &Town, next_door: &Neighbours, chance: &mut Chance) {
    let doors = Doors::new();
    assert!(doors.operations.len() > 40, "{:?}", doors.operations);
    let mut asked: Vec<_> = (0..REQUESTS - STANZAS).map(|_| doors.ask(chance, town, next_door)).collect();
    let mut yes = 0;
    while !asked.is_empty() {
        let some = asked.split_off(asked.len().saturating_sub(8));
        let ask = async |one: &Asked| {
            let mut request = next_door.pages[one.who].request(&one.method, &one.path);
            request = request.header("upload-offset", "0");
            if let Some(body) = &one.body {
                request = request.json(body);
            }
            request.send().await
        };
        let answers = futures_util::future::join_all(some.iter().map(ask)).await;
        for (one, answer) in some.iter().zip(answers) {
            let said = String::from_utf8_lossy(&answer.body);
            assert!(answer.status >= 200 && answer.status < 500, "{one:?}: {} {said}", answer.status);
            assert_ne!(answer.status, 401, "{one:?}: whoever asks is still signed in");
            assert!(!(one.foreign && answer.status < 300), "{one:?}: {} {said}", answer.status);
            assert_eq!(leaks(&said, &one.names, town), None, "{one:?}: {} {said}", answer.status);
            yes += usize::from(answer.status < 300);
        }
    }
    assert!(yes > 200, "{yes}: those next door are served what is theirs");
}

async fn over_xmpp(town: &Town, next_door: &Neighbours, chance: &mut Chance) {
    let mut talkers = vec![];
    for page in &next_door.pages[..HOSPITAL.len()] {
        let mut talker = Talker::connect(page).await;
        talker.send("<presence xmlns='jabber:client'/>").await;
        talkers.push(talker);
    }
    const ASKED: [&str; 10] = [
        "<query xmlns='jabber:iq:roster'/>",
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        "<query xmlns='http://jabber.org/protocol/disco#items'/>",
        "<query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>50</max></set></query>",
        "<ring xmlns='urn:beffroi:meeting:0'/>",
        "<join xmlns='urn:beffroi:meeting:0'/>",
        "<meeting xmlns='urn:beffroi:meeting:0'/>",
        "<vCard xmlns='vcard-temp'/>",
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='owner' jid='dora@hopital.test'/></query>",
        "<ping xmlns='urn:xmpp:ping'/>",
    ];
    const SAID: [&str; 6] = [
        "<message xmlns='jabber:client' type='groupchat' to='{to}' id='{id}'><body>x</body></message>",
        "<message xmlns='jabber:client' type='chat' to='{to}' id='{id}'><body>x</body></message>",
        "<message xmlns='jabber:client' type='chat' to='{to}' id='{id}'><displayed xmlns='urn:xmpp:chat-markers:0' id='1'/></message>",
        "<presence xmlns='jabber:client' to='{to}/x' id='{id}'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
        "<presence xmlns='jabber:client' type='subscribe' to='{to}' id='{id}'/>",
        "<presence xmlns='jabber:client' type='probe' to='{to}' id='{id}'/>",
    ];
    let foreign = town.addresses.iter().cloned().chain(town.ids.iter().flat_map(|id| {
        [
            format!("{id}@rooms.mairie.test"),
            format!("{id}@rooms.hopital.test"),
            format!("{id}@guests.mairie.test"),
        ]
    }));
    let foreign: Vec<_> = foreign.collect();
    for n in 0..STANZAS {
        let talker = &mut talkers[n % HOSPITAL.len()];
        let to = chance.of(&foreign).clone();
        if chance.below(2) == 0 {
            let kind = *chance.of(&["get", "set"]);
            let question = *chance.of(&ASKED);
            let answer = talker.ask(kind, &to, question).await;
            assert_eq!(leaks(&answer, std::slice::from_ref(&to), town), None, "{to}: {answer}");
        } else {
            let said = chance.of(&SAID).replace("{to}", &to).replace("{id}", &format!("n{n}"));
            talker.send(&said).await;
        }
        if n % 50 < HOSPITAL.len() {
            talker.settle().await;
            for frame in std::mem::take(&mut talker.heard) {
                // An error carries the address that was written to, and nothing else.
                let error = attribute(&frame, "message", "type") == Some("error")
                    || attribute(&frame, "presence", "type") == Some("error");
                let names = if error { foreign.clone() } else { vec![] };
                assert_eq!(leaks(&frame, &names, town), None, "{frame}");
            }
        }
    }
}

/// What an operator is told of the town hall: this, and nothing that is in it.
async fn seen_from_outside(server: &Server) {
    let olga = Browser::signed_in(server, OLGA).await;
    let page = olga.get("/api/admin/bodies").await.expect(200).json();
    let bodies = page["bodies"].as_array().unwrap();
    let mut town = bodies.iter().find(|one| one["domain"] == "mairie.test").unwrap().clone();
    assert!(town["created_us"].as_i64().is_some());
    town.as_object_mut().unwrap().remove("created_us");
    let told = json!({"domain": "mairie.test", "name": "Mairie de Test", "people": 3, "state": "run",
        "begun": true, "operates": false, "administrator": null});
    assert_eq!(town, told);
    let path = "/api/admin/bodies/mairie.test/delegate";
    let answer = olga.post(path, &json!({"address": "olga@mairie.test", "name": "Olga"})).await;
    assert_eq!(answer.expect(403).json()["rule"], "body-begun");
}

async fn not_one_leak(house: &House, database: &mut Database) {
    house.run(&["tenant", "add", "hopital.test", "--name", "Hôpital de Test"]).well();
    house.run(&["tenant", "administration", "hopital.test", "--factor", "password"]).well();
    house.run(&["tenant", "operator", "hopital.test", "--set", "on"]).well();
    for (role, address) in HOSPITAL {
        let local = address.split('@').next().unwrap();
        house.add_account(address, &format!("{local} de Garde"), role);
    }
    house.run(&["room", "add", "Urgences", "--label", "internal", "--owner", "dora@hopital.test"]).well();
    let server = house.serve().await;
    let town = Town::furnish(&server).await;
    let next_door = neighbours(&server).await;
    let before = town.state(&server).await;
    const OWN: &str = "SELECT COUNT(*) FROM audit_entry WHERE tenant = (SELECT id FROM tenant WHERE domain = 'mairie.test')";
    seen_from_outside(&server).await;
    let entries = database.number(OWN).await;
    let mut chance = Chance(20_261_124);
    over_http(&town, &next_door, &mut chance).await;
    over_xmpp(&town, &next_door, &mut chance).await;
    assert_eq!(database.number(OWN).await, entries, "nothing was done in the town hall, nor refused there");
    for (before, after) in before.into_iter().zip(town.state(&server).await) {
        assert_eq!(after, before);
    }
    server.stop().await;
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn ten_thousand_requests_next_door_and_not_one_leak() {
    let house = House::town();
    let mut database = Database::of(&house).await;
    not_one_leak(&house, &mut database).await;
}

#[tokio::test]
async fn ten_thousand_requests_next_door_and_not_one_leak_on_postgresql() {
    let Some(own) = Own::make("next_door").await else { return };
    let house = own.house();
    let mut database = Database::postgres(own.address()).await;
    not_one_leak(&house, &mut database).await;
    drop(database);
    own.remove().await;
}
