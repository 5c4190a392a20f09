//! Administration.

use super::edge::{Body, Changing, Edge, MOST_NUMBER, Reading, given, within};
use super::rooms::address;
use super::{Problem, shapes};
use crate::clock;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use beffroi_domain::{BadName, PersonName, Role};
use beffroi_store::{AuditFilter, Outcome};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    address: String,
    name: String,
    #[serde(default, deserialize_with = "given")]
    role: Option<String>,
}

pub async fn invite(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(new): Body<NewAccount>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let name: PersonName = new.name.parse().map_err(|wrong: BadName| Problem::invalid(wrong.to_string()))?;
    let role = role(new.role.as_deref().unwrap_or("agent"))?;
    let (token, expires) = edge.app.invite(&caller, address(&new.address)?, name, role, clock::now()).await?;
    Ok((StatusCode::CREATED, Json(welcome_link(&edge, caller.tenant.domain.as_str(), &token, expires))))
}

fn welcome_link(edge: &Edge, domain: &str, token: &str, expires: i64) -> Value {
    json!({"link": format!("{}/bienvenue/{token}", edge.place.public_url(domain)), "expires_us": expires})
}

pub async fn disable(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(who): Path<String>,
) -> Result<StatusCode, Problem> {
    edge.app.set_enabled(&caller, &address(&who)?, false, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn enable(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(who): Path<String>,
) -> Result<StatusCode, Problem> {
    edge.app.set_enabled(&caller, &address(&who)?, true, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn reset(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(who): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (token, expires) = edge.app.reset(&caller, &address(&who)?, clock::now()).await?;
    Ok(Json(welcome_link(&edge, caller.tenant.domain.as_str(), &token, expires)))
}

pub async fn lost_keys(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(who): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (token, expires) = edge.app.replace_lost_keys(&caller, &address(&who)?, clock::now()).await?;
    Ok(Json(welcome_link(&edge, caller.tenant.domain.as_str(), &token, expires)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    role: String,
}

pub async fn set_role(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(who): Path<String>,
    Body(new): Body<NewRole>,
) -> Result<StatusCode, Problem> {
    edge.app.set_role(&caller, &address(&who)?, role(&new.role)?, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a departure would end.
pub async fn belongings(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Path(who): Path<String>,
) -> Result<Json<Value>, Problem> {
    let found = edge.app.belongings(&caller, &address(&who)?, clock::now()).await?;
    let rooms: Vec<_> = found
        .rooms
        .iter()
        .map(|room| json!({"id": room.id.to_string(), "name": room.name.as_str(), "label": room.label.slug}))
        .collect();
    Ok(Json(json!({"sessions": found.sessions, "application_passwords": found.applications,
        "keys": found.keys, "guest_links": found.guest_links, "rooms": rooms})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Departure {
    #[serde(default, deserialize_with = "given")]
    colleague: Option<String>,
}

pub async fn depart(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(who): Path<String>,
    Body(departure): Body<Departure>,
) -> Result<StatusCode, Problem> {
    let colleague = departure.colleague.as_deref().map(address).transpose()?;
    edge.app.depart(&caller, &address(&who)?, colleague.as_ref(), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn role(word: &str) -> Result<Role, Problem> {
    Role::from_word(word).ok_or_else(|| {
        Problem::invalid(
            "the roles are agent, auditor, business-administrator, security-officer, administrator and operator",
        )
    })
}

pub async fn rooms(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    let rooms = edge.app.all_rooms(&caller, clock::now()).await?;
    Ok(Json(rooms.iter().map(|(room, members)| shapes::governed(room, &caller.tenant, *members)).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    before: Option<i64>,
    act: Option<String>,
    actor: Option<String>,
    outcome: Option<String>,
    from_us: Option<i64>,
    to_us: Option<i64>,
    limit: Option<u32>,
}

pub async fn audit(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    for (what, asked) in [("before", asked.before), ("from_us", asked.from_us), ("to_us", asked.to_us)] {
        within(what, asked, i64::from(what == "before")..=MOST_NUMBER)?;
    }
    within("limit", asked.limit, 1..=200)?;
    let of_an_act = |c: char| c.is_ascii_lowercase() || matches!(c, '.' | '-');
    if asked.act.as_deref().is_some_and(|a| a.is_empty() || a.len() > 100 || !a.chars().all(of_an_act)) {
        return Err(Problem::invalid("an act is named by at most 100 letters, dots and hyphens"));
    }
    if asked.actor.as_deref().is_some_and(|a| a.is_empty() || a.chars().count() > 400 || a.contains('\0')) {
        return Err(Problem::invalid("an actor is an address of at most 400 characters"));
    }
    let outcome = match asked.outcome.as_deref() {
        None => None,
        Some("done") => Some(Outcome::Done),
        Some("denied") => Some(Outcome::Denied),
        Some(_) => return Err(Problem::invalid("the outcomes are done and denied")),
    };
    let filter = AuditFilter {
        before: asked.before,
        act: asked.act,
        actor: asked.actor,
        outcome,
        from: asked.from_us,
        to: asked.to_us,
        limit: asked.limit.unwrap_or(50),
    };
    let page = edge.app.audit(&caller, &filter, clock::now()).await?;
    let entries: Vec<_> = page.entries.iter().map(shapes::audit_entry).collect();
    Ok(Json(json!({"entries": entries, "next": page.next, "size": page.size, "checkpoint": page.checkpoint})))
}
