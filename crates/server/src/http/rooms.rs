//! Rooms and people.

use super::edge::{Body, Changing, Edge, Reading, given};
use super::{Problem, shapes};
use crate::clock;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use beffroi_app::{Caller, RoomView};
use beffroi_domain::{Address, Label, MemberRank, RoomId, RoomName};
use serde::Deserialize;
use serde_json::{Value, json};

pub fn room_id(text: &str) -> Result<RoomId, Problem> {
    text.parse().map_err(|_| Problem::not_found("room"))
}

pub fn address(text: &str) -> Result<Address, Problem> {
    if text.trim() != text {
        return Err(Problem::invalid("an address has no spaces around it"));
    }
    text.parse().map_err(|wrong: beffroi_domain::BadAddress| Problem::invalid(wrong.to_string()))
}

pub async fn list(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    let rows = edge.app.rooms(&caller).await?;
    Ok(Json(
        rows.iter().map(|row| shapes::room(row, &caller.tenant, edge.hub.is_meeting(row.room.id))).collect(),
    ))
}

async fn shown(edge: &Edge, caller: &Caller, view: &RoomView) -> Result<Value, Problem> {
    let mut body = shapes::room(&view.row, &caller.tenant, edge.hub.is_meeting(view.row.room.id));
    body["label_detail"] = shapes::label(&view.row.room.label);
    body["members"] = view
        .members
        .iter()
        .map(|m| {
            json!({"address": m.account.address.as_str(), "name": m.account.name.as_str(),
                "role": m.rank.word(), "read_seq": m.read_seq})
        })
        .collect();
    Ok(body)
}

pub async fn show(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let view = edge.app.room(&caller, room_id(&id)?, clock::now()).await?;
    Ok(Json(shown(&edge, &caller, &view).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRoom {
    name: String,
    #[serde(default, deserialize_with = "given")]
    label: Option<String>,
    #[serde(default)]
    members: Vec<String>,
}

/// People invited while making a room; more come afterwards.
const MOST_MEMBERS: usize = 500;

pub async fn create(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(new): Body<NewRoom>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let name: RoomName =
        new.name.parse().map_err(|wrong: beffroi_domain::BadName| Problem::invalid(wrong.to_string()))?;
    if new.members.len() > MOST_MEMBERS {
        return Err(Problem::invalid(format!(
            "a room begins with at most {MOST_MEMBERS} members; add the others afterwards"
        )));
    }
    let members = new.members.iter().map(|m| address(m)).collect::<Result<Vec<_>, _>>()?;
    let label = new.label.as_deref().unwrap_or(Label::DEFAULT);
    let view = edge.app.create_room(&caller, name, label, &members, clock::now()).await?;
    Ok((StatusCode::CREATED, Json(shown(&edge, &caller, &view).await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    #[serde(default, deserialize_with = "given")]
    label: Option<String>,
    #[serde(default, deserialize_with = "given")]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    topic: Option<String>,
}

pub async fn change(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(id): Path<String>,
    Body(change): Body<Change>,
) -> Result<Json<Value>, Problem> {
    let (id, now) = (room_id(&id)?, clock::now());
    // Each change asks the policy; without any, nobody would have been asked before the room is shown.
    if change.label.is_none() && change.name.is_none() && change.topic.is_none() {
        return Err(Problem::invalid("say what to change: `label`, `name` or `topic`"));
    }
    // Everything is read before anything is changed: what is refused is not half done.
    let unreadable = |wrong: beffroi_domain::BadName| Problem::invalid(wrong.to_string());
    let name = change.name.map(|name| name.parse::<RoomName>()).transpose().map_err(unreadable)?;
    let topic = change.topic.map(|topic| beffroi_domain::topic(&topic)).transpose().map_err(unreadable)?;
    if let Some(label) = change.label {
        edge.app.relabel(&caller, id, &label, now).await?;
    }
    if let Some(name) = name {
        edge.app.rename(&caller, id, &name, now).await?;
    }
    if let Some(topic) = topic {
        edge.app.set_topic(&caller, id, &topic, now).await?;
    }
    // An administrator who does not belong to the room sees what they changed, not the room.
    let room = edge
        .app
        .store()
        .room(id)
        .await?
        .filter(|r| r.tenant == caller.tenant.id)
        .ok_or_else(|| Problem::not_found("room"))?;
    let mut body = shapes::governed(&room, &caller.tenant, 0);
    body["label_detail"] = shapes::label(&room.label);
    Ok(Json(body))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    address: String,
    #[serde(default, deserialize_with = "given")]
    role: Option<String>,
}

pub async fn add_member(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(id): Path<String>,
    Body(new): Body<NewMember>,
) -> Result<StatusCode, Problem> {
    let rank = MemberRank::from_word(new.role.as_deref().unwrap_or("member"))
        .ok_or_else(|| Problem::invalid("the ranks are member, moderator and owner"))?;
    edge.app.add_member(&caller, room_id(&id)?, &address(&new.address)?, rank, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn remove_member(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path((id, who)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    edge.app.remove_member(&caller, room_id(&id)?, &address(&who)?, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct With {
    address: String,
}

pub async fn direct(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(with): Body<With>,
) -> Result<Json<Value>, Problem> {
    let now = clock::now();
    let room = edge.app.direct(&caller, &address(&with.address)?, now).await?;
    let view = edge.app.room(&caller, room.id, now).await?;
    Ok(Json(shown(&edge, &caller, &view).await?))
}

pub async fn labels(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    caller.account()?;
    Ok(Json(edge.app.labels(&caller).await?.iter().map(shapes::label).collect()))
}
