//! The lock of a session: asked for, opened by a PIN, and the PIN itself. Proofs that open it are in `session`
//! and `passkeys`.

use super::edge::{Body, Changing, ChangingCharter, ChangingItself, Edge, Peer, whole};
use super::session::{agent, welcome};
use super::{Problem, shapes};
use crate::clock;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use beffroi_domain::LockRules;
use serde::Deserialize;
use serde_json::Value;

pub async fn lock(
    State(edge): State<Edge>,
    ChangingItself(caller): ChangingItself,
) -> Result<StatusCode, Problem> {
    edge.app.lock(&caller, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    pin: beffroi_app::Secret,
}

pub async fn unlock(
    State(edge): State<Edge>,
    ChangingItself(caller): ChangingItself,
    peer: Peer,
    headers: HeaderMap,
    Body(typed): Body<Typed>,
) -> Result<Response, Problem> {
    let signed_in = edge.app.unlock(&caller, &typed.pin, agent(&headers), clock::now()).await?;
    welcome(&edge, peer, signed_in).await
}

pub async fn set_pin(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(typed): Body<Typed>,
) -> Result<StatusCode, Problem> {
    edge.app.set_pin(&caller, &typed.pin, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn remove_pin(State(edge): State<Edge>, Changing(caller): Changing) -> Result<StatusCode, Problem> {
    edge.app.remove_pin(&caller, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Phone,
    Desk,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screen {
    screen: Kind,
}

pub async fn screen(
    State(edge): State<Edge>,
    ChangingCharter(caller): ChangingCharter,
    Body(given): Body<Screen>,
) -> Result<StatusCode, Problem> {
    edge.app.on_desk(&caller, matches!(given.screen, Kind::Desk)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    #[serde(deserialize_with = "whole")]
    phone_minutes: u64,
    #[serde(deserialize_with = "whole")]
    desk_minutes: u64,
}

pub async fn change(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(rules): Body<Rules>,
) -> Result<Json<Value>, Problem> {
    let minutes = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let rules = LockRules::new(minutes(rules.phone_minutes), minutes(rules.desk_minutes));
    let rules = rules.map_err(|wrong| Problem::invalid(wrong.to_string()))?;
    let now = clock::now();
    edge.app.change_lock(&caller, rules, now).await?;
    let body = edge.app.organisation(&caller, now).await?;
    Ok(Json(shapes::organisation(&body, &caller)))
}
