//! The JSON of the API, in one place.

use crate::clock;
use crate::http::edge::csrf;
use beffroi_app::{Caller, Organisation, Person};
use beffroi_domain::{AdministrationRules, Label, PasswordProfile, Room, RoomKind, Tenant};
use beffroi_store::{AuditEntry, FileRow, Outcome, RoomRow};
use serde_json::{Value, json};

pub fn tenant(tenant: &Tenant) -> Value {
    json!({"domain": tenant.domain.as_str(), "name": tenant.name, "accent": tenant.accent.as_str()})
}

pub fn session(caller: &Caller, token: &str, visited: Option<&Room>) -> Value {
    let mut body = json!({
        "address": caller.address(),
        "name": caller.name(),
        "tenant": tenant(&caller.tenant),
        "csrf": csrf(token),
        "idle_ends_us": caller.idle_ends,
        "absolute_ends_us": caller.absolute_ends,
        "now_us": clock::now(),
    });
    match &caller.person {
        Person::Account(account) => {
            body["kind"] = "account".into();
            body["role"] = account.role.word().into();
            body["operates"] = caller.tenant.operates.into();
            body["factor"] = caller.factor.word().into();
            body["proved_us"] = caller.proved.into();
            body["identified_us"] = caller.identified.into();
            body["locked"] = caller.passage().locked.into();
            body["locks_us"] = caller.locks().into();
            body["lock_minutes"] = caller.lock_minutes.into();
            body["screen"] = if caller.desk { "desk" } else { "phone" }.into();
            body["pin"] = caller.pin.into();
            body["charter"] = caller.charter.is_some().into();
            body["device"] = caller.device.as_ref().map_or(Value::Null, |at| {
                json!({"id": at.device.id.to_string(), "name": at.device.name.as_str(), "managed": at.managed(clock::now())})
            });
        }
        Person::Guest(_) => {
            body["kind"] = "guest".into();
            if let Some(room) = visited {
                body["room"] = json!({"id": room.id.to_string(), "address": room_address(room, &caller.tenant), "name": room.name.as_str()});
            }
        }
    }
    body
}

/// `SLUG@rooms.DOMAIN`.
pub fn room_address(room: &Room, tenant: &Tenant) -> String {
    format!("{}@rooms.{}", room.slug, tenant.domain)
}

pub fn room(row: &RoomRow, tenant: &Tenant, meeting: bool) -> Value {
    let peer = row.peer.as_ref();
    json!({
        "id": row.room.id.to_string(),
        "address": peer.map_or_else(|| room_address(&row.room, tenant), |p| p.address.to_string()),
        "name": peer.map_or(row.room.name.as_str(), |p| p.name.as_str()),
        "topic": row.room.topic,
        "kind": match row.room.kind { RoomKind::Group => "group", RoomKind::Direct => "direct" },
        "label": row.room.label.slug,
        "role": row.rank.word(),
        "last_seq": row.last_seq,
        "read_seq": row.read_seq,
        "unread": row.unread,
        "last_us": row.last_us,
        "meeting": meeting,
        "member_count": row.member_count,
    })
}

/// A room as the administration lists it: nothing of what is said in it.
pub fn governed(room: &Room, tenant: &Tenant, members: i64) -> Value {
    json!({
        "id": room.id.to_string(),
        "address": room_address(room, tenant),
        "name": room.name.as_str(),
        "topic": room.topic,
        "kind": "group",
        "label": room.label.slug,
        "role": null,
        "member_count": members,
        "last_seq": 0, "read_seq": 0, "unread": 0, "last_us": 0, "meeting": false,
    })
}

pub fn label(label: &Label) -> Value {
    let usable = label.usable(clock::now());
    json!({
        "slug": label.slug,
        "name": label.name,
        "rank": label.rank.0,
        "usable": usable,
        "refusal": if usable { None } else { label.reserved_by.as_deref() },
        "guests": label.guests.word(),
        "federation": label.federation,
        "recording": label.recording,
        "download": label.download,
        "second_factor": label.second_factor,
        "managed_device": label.managed_device,
        "posture": label.posture.words(),
        "end_to_end": label.end_to_end,
        "retention_days": label.retention_days,
        "meeting_minutes": label.meeting_minutes,
        "lock_minutes": label.lock_minutes,
        "proof_hours": label.proof_hours,
    })
}

/// A label as those see it who answer for it.
pub fn governed_label(label_: &Label, rooms: i64) -> Value {
    let mut body = label(label_);
    body["reserved_by"] = label_.reserved_by.as_deref().into();
    body["accreditation"] = label_.accreditation.as_ref().map_or(Value::Null, |one| {
        json!({"reference": one.reference.as_str(), "authority": one.authority.as_str(),
            "until": one.until.to_string(), "in_force": one.in_force(clock::now())})
    });
    body["floor"] = label_.floor().as_ref().map_or(Value::Null, label);
    body["rooms"] = rooms.into();
    body
}

pub fn administration(rules: &AdministrationRules) -> Value {
    let networks: Vec<_> = rules.networks.iter().map(ToString::to_string).collect();
    json!({"factor": rules.factor.word(), "networks": networks})
}

pub fn organisation(organisation: &Organisation, caller: &Caller) -> Value {
    let mut body = tenant(&organisation.tenant);
    body["passwords"] = organisation.tenant.passwords.word().into();
    body["own_passwords"] = match organisation.tenant.passwords {
        PasswordProfile::Own(own) => {
            json!({"least_length": own.least_length(), "sign": own.sign(), "least_bits": own.least_bits()})
        }
        _ => Value::Null,
    };
    let lock = organisation.tenant.lock;
    body["lock"] = json!({"phone_minutes": lock.phone_minutes, "desk_minutes": lock.desk_minutes});
    body["administration"] = administration(&organisation.tenant.administration);
    body["from"] = json!(caller.origin.network().map(|network| network.to_string()));
    body["labels"] = organisation.labels.iter().map(|l| governed_label(&l.label, l.rooms)).collect();
    body["people"] = organisation.headcount.people.into();
    body["without_second_factor"] = organisation.headcount.without_second_factor.into();
    body["second_factor"] = organisation.second_factor.into();
    body
}

pub fn file(row: &FileRow) -> Value {
    let author = match &row.author {
        beffroi_domain::Author::Account(_, address, _) => address.to_string(),
        _ => String::new(),
    };
    json!({
        "id": row.file.file.to_string(),
        "room": row.room.to_string(),
        "name": row.file.name,
        "size": row.file.size,
        "media_type": row.file.media_type,
        "sha256": hex(&row.file.sha256),
        "author": author,
        "author_name": row.author.name(),
        "at_us": row.at,
    })
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub fn audit_entry(entry: &AuditEntry) -> Value {
    let outcome = match entry.outcome {
        Outcome::Done => "done",
        Outcome::Denied => "denied",
    };
    json!({"seq": entry.seq, "at_us": entry.at, "act": entry.act, "outcome": outcome,
        "actor": entry.actor, "subject": entry.subject, "room": entry.room.map(|room| room.to_string()),
        "rule": entry.rule, "detail": entry.detail, "origin": entry.origin})
}
