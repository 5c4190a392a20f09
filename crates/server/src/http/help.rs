//! Acting in somebody's name, to help them.

use super::Problem;
use super::edge::{Changing, ChangingItself, Edge, Peer, Reading};
use super::rooms::address;
use super::session::{NO_COOKIE, agent, welcome};
use crate::clock;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub async fn begin(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    peer: Peer,
    headers: HeaderMap,
    Path(who): Path<String>,
) -> Result<Response, Problem> {
    let entered = edge.app.begin_help(&caller, &address(&who)?, agent(&headers), clock::now()).await?;
    welcome(&edge, peer, entered).await
}

/// Back to one's own session, or to the door when it is over.
pub async fn end(
    State(edge): State<Edge>,
    ChangingItself(caller): ChangingItself,
    peer: Peer,
) -> Result<Response, Problem> {
    match edge.app.end_help(&caller, clock::now()).await? {
        Some(own) => welcome(&edge, peer, own).await,
        None => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_static(NO_COOKIE));
            Ok(response)
        }
    }
}

pub async fn list(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    let helps = edge.app.helps(&caller).await?;
    let shown = helps.iter().map(|help| {
        json!({"by": {"address": help.by.0, "name": help.by.1}, "from_us": help.from, "to_us": help.to,
            "reason": help.reason})
    });
    Ok(Json(shown.collect()))
}
