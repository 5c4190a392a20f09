//! « My security »: what one can prove beside a password.

use super::Problem;
use super::edge::{Body, Changing, Edge, Peer, Reading};
use super::session::{agent, cookie, described, sent};
use crate::clock;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use beffroi_app::Confirmed;
use beffroi_domain::{BadName, FactorId, FactorName};
use beffroi_store::FactorRow;
use serde::Deserialize;
use serde_json::{Value, json};

fn shown(row: &FactorRow) -> Value {
    json!({"id": row.id.to_string(), "kind": row.kind.word(), "name": row.name, "created_us": row.created,
        "last_used_us": row.last_used})
}

pub fn named(text: &str) -> Result<FactorName, Problem> {
    text.parse().map_err(|wrong: BadName| Problem::invalid(wrong.to_string()))
}

fn factor_id(text: &str) -> Result<FactorId, Problem> {
    text.parse().map_err(|_| Problem::not_found("key"))
}

pub async fn list(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    let factors = edge.app.factors(&caller).await?;
    let held: Vec<_> = factors.held.iter().map(shown).collect();
    Ok(Json(json!({"factors": held, "recovery_left": factors.recovery_left, "mail": factors.mail})))
}

pub async fn begin_totp(
    State(edge): State<Edge>,
    Changing(caller): Changing,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let new = edge.app.begin_totp(&caller, clock::now()).await?;
    let body =
        json!({"token": new.token, "seed": *new.seed, "address": *new.address, "expires_us": new.expires});
    Ok((StatusCode::CREATED, Json(body)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstCode {
    token: String,
    code: String,
    name: String,
}

pub async fn confirm_totp(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<FirstCode>,
) -> Result<Response, Problem> {
    let (name, now) = (named(&given.name)?, clock::now());
    let confirmed =
        edge.app.confirm_totp(&caller, &given.token, &given.code, &name, agent(&headers), now).await?;
    added(&edge, peer, confirmed).await
}

/// Sends the first code of codes by mail.
pub async fn begin_email(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let new = edge.app.begin_email(&caller, agent(&headers), clock::now()).await?;
    sent(&edge);
    Ok((StatusCode::CREATED, Json(json!({"token": new.token, "expires_us": new.expires}))))
}

pub async fn confirm_email(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<FirstCode>,
) -> Result<Response, Problem> {
    let (name, now) = (named(&given.name)?, clock::now());
    let confirmed =
        edge.app.confirm_email(&caller, &given.token, &given.code, &name, agent(&headers), now).await?;
    added(&edge, peer, confirmed).await
}

/// Answers that a factor was added: what it is, the recovery codes with the first, the session as it is now.
pub async fn added(edge: &Edge, peer: Peer, confirmed: Confirmed) -> Result<Response, Problem> {
    let token = &confirmed.signed_in.token;
    let caller =
        edge.app.caller(token, &peer.origin(), clock::now()).await?.ok_or_else(Problem::signed_out)?;
    let codes = confirmed.codes.as_ref().map(|codes| codes.iter().map(|c| c.as_str()).collect::<Vec<_>>());
    let body = json!({"factor": shown(&confirmed.factor), "recovery_codes": codes,
        "session": described(edge, &caller, token).await?});
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(token));
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewName {
    name: String,
}

pub async fn rename(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(id): Path<String>,
    Body(given): Body<NewName>,
) -> Result<StatusCode, Problem> {
    edge.app.rename_factor(&caller, factor_id(&id)?, &named(&given.name)?, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn remove(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    edge.app.remove_factor(&caller, factor_id(&id)?, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn renew_recovery(
    State(edge): State<Edge>,
    Changing(caller): Changing,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let codes = edge.app.new_recovery_codes(&caller, clock::now()).await?;
    let codes: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    Ok((StatusCode::CREATED, Json(json!({"recovery_codes": codes}))))
}

pub async fn sign_ins(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    let rows = edge.app.sign_ins(&caller).await?;
    let shown = rows.iter().map(|row| {
        json!({"at_us": row.at, "done": row.done, "by": row.by, "agent": row.agent, "place": row.place})
    });
    Ok(Json(shown.collect()))
}
