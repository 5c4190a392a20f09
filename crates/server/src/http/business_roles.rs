//! The body's own roles.

use super::edge::{Body, Changing, Edge, Reading, given};
use super::rooms::address;
use super::{Problem, shapes};
use crate::clock;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use beffroi_domain::{BadName, BusinessRoleId, MemberRank, RoleName, RoomId};
use beffroi_store::BusinessRoleRow;
use serde::Deserialize;
use serde_json::{Value, json};

fn shown(row: &BusinessRoleRow) -> Value {
    json!({"id": row.role.id.to_string(), "name": row.role.name.as_str(), "description": row.role.description,
        "holders": row.holders, "rooms": row.rooms})
}

fn id(text: &str) -> Result<BusinessRoleId, Problem> {
    text.parse().map_err(|_| Problem::not_found("role"))
}

fn name(text: &str) -> Result<RoleName, Problem> {
    text.parse().map_err(|wrong: BadName| Problem::invalid(wrong.to_string()))
}

pub async fn list(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    Ok(Json(edge.app.business_roles(&caller, clock::now()).await?.iter().map(shown).collect()))
}

pub async fn of_account(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Path(who): Path<String>,
) -> Result<Json<Value>, Problem> {
    let roles = edge.app.business_roles_of(&caller, &address(&who)?, clock::now()).await?;
    Ok(Json(roles.iter().map(shown).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    name: String,
    #[serde(default, deserialize_with = "given")]
    description: Option<String>,
}

pub async fn add(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(new): Body<NewRole>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let description = new.description.unwrap_or_default();
    let role = edge.app.add_business_role(&caller, &name(&new.name)?, &description, clock::now()).await?;
    Ok((StatusCode::CREATED, Json(shown(&BusinessRoleRow { role, holders: 0, rooms: 0 }))))
}

pub async fn show(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Path(role): Path<String>,
) -> Result<Json<Value>, Problem> {
    let view = edge.app.business_role(&caller, id(&role)?, clock::now()).await?;
    let mut body = shown(&view.row);
    body["held_by"] = view
        .holders
        .iter()
        .map(|a| {
            json!({"address": a.address.as_str(), "name": a.name.as_str(), "role": a.role.word(),
            "enabled": a.enabled})
        })
        .collect();
    let room = |(room, rank): &(beffroi_domain::Room, MemberRank)| {
        json!({"id": room.id.to_string(), "name": room.name.as_str(), "label": room.label.slug,
            "address": shapes::room_address(room, &caller.tenant), "rank": rank.word()})
    };
    body["brings"] = view.rooms.iter().map(room).collect();
    body["only_by_it"] = view.only_by_it.into();
    Ok(Json(body))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    #[serde(default, deserialize_with = "given")]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    description: Option<String>,
}

pub async fn change(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(role): Path<String>,
    Body(change): Body<Change>,
) -> Result<StatusCode, Problem> {
    let named = change.name.as_deref().map(name).transpose()?;
    let description = change.description.as_deref();
    edge.app.change_business_role(&caller, id(&role)?, named.as_ref(), description, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn delete(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(role): Path<String>,
) -> Result<StatusCode, Problem> {
    edge.app.delete_business_role(&caller, id(&role)?, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn give(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path((role, who)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    edge.app.hold_business_role(&caller, id(&role)?, &address(&who)?, true, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn take(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path((role, who)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    edge.app.hold_business_role(&caller, id(&role)?, &address(&who)?, false, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn room(text: &str) -> Result<RoomId, Problem> {
    text.parse().map_err(|_| Problem::not_found("room"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brought {
    rank: String,
}

pub async fn bring(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path((role, which)): Path<(String, String)>,
    Body(brought): Body<Brought>,
) -> Result<StatusCode, Problem> {
    let rank = match brought.rank.as_str() {
        "member" => MemberRank::Member,
        "moderator" => MemberRank::Moderator,
        _ => return Err(Problem::invalid("a role makes members and moderators, never owners")),
    };
    let (role, which) = (id(&role)?, room(&which)?);
    edge.app.set_business_role_room(&caller, role, which, Some(rank), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn leave(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path((role, which)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    edge.app.set_business_role_room(&caller, id(&role)?, room(&which)?, None, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
