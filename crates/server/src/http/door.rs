//! Invitations and resets.

use super::edge::{Body, Edge, Outside, Peer};
use super::session::{agent, entered_by};
use super::{Problem, shapes};
use crate::clock;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use beffroi_domain::Role;
use beffroi_store::InvitationKind;
use serde::Deserialize;
use serde_json::{Value, json};

pub async fn show(
    State(edge): State<Edge>,
    peer: Peer,
    Path(token): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (account, tenant, kind) = edge.app.invitation(&token, &peer.origin(), clock::now()).await?;
    let kind = match kind {
        InvitationKind::Invitation => "invitation",
        InvitationKind::Reset => "reset",
    };
    Ok(Json(json!({
        "address": account.address.as_str(),
        "name": account.name.as_str(),
        "tenant": shapes::tenant(&tenant),
        "kind": kind,
        "minimum_length": beffroi_app::password_rules(&tenant).demand(account.role != Role::Agent).minimum_length,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    password: beffroi_app::Secret,
}

pub async fn accept(
    _: Outside,
    State(edge): State<Edge>,
    peer: Peer,
    Path(token): Path<String>,
    headers: HeaderMap,
    Body(chosen): Body<Chosen>,
) -> Result<Response, Problem> {
    let entered =
        edge.app.accept(&token, chosen.password, &peer.origin(), agent(&headers), clock::now()).await?;
    entered_by(&edge, peer, entered).await
}
