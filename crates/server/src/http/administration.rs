//! What administering takes, and whose passkeys are taken.

use super::edge::{Body, Changing, Edge, Reading, given};
use super::{Problem, shapes};
use crate::clock;
use axum::Json;
use axum::extract::State;
use beffroi_app::{Caller, MakersChange};
use beffroi_domain::{AdministrationRules, Factor, Micros, Network};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    factor: String,
    networks: Vec<String>,
}

impl Rules {
    pub fn read(&self) -> Result<AdministrationRules, Problem> {
        let factor = Factor::from_word(&self.factor)
            .ok_or_else(|| Problem::invalid("a proof is `password`, `second` or `passkey`"))?;
        let networks: Result<Vec<Network>, _> = self.networks.iter().map(|text| text.parse()).collect();
        let networks = networks.map_err(|wrong| Problem::invalid(wrong.to_string()))?;
        AdministrationRules::new(factor, networks).map_err(|wrong| Problem::invalid(wrong.to_string()))
    }
}

pub async fn change(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(rules): Body<Rules>,
) -> Result<Json<Value>, Problem> {
    let now = clock::now();
    edge.app.change_administration(&caller, &rules.read()?, now).await?;
    let body = edge.app.organisation(&caller, now).await?;
    Ok(Json(shapes::organisation(&body, &caller)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Makers {
    #[serde(default, deserialize_with = "given")]
    add: Option<String>,
    #[serde(default, deserialize_with = "given")]
    remove: Option<Vec<String>>,
}

/// Bytes of certificates in one request: with the ids beside them they fit in a JSON body.
const MOST_PEM: usize = 48_000;

impl Makers {
    pub fn read(self) -> Result<MakersChange, Problem> {
        if self.add.as_ref().is_some_and(|pem| pem.len() > MOST_PEM) {
            return Err(Problem::invalid(format!(
                "`add` takes {MOST_PEM} bytes of certificates at once; send them in several parts"
            )));
        }
        Ok(MakersChange { add: self.add, remove: self.remove.unwrap_or_default() })
    }
}

async fn shown(edge: &Edge, caller: &Caller, now: Micros) -> Result<Json<Value>, Problem> {
    let makers = edge.app.passkey_makers(caller, now).await?;
    let one = |maker: &beffroi_identity::passkey::Maker| json!({"id": maker.id, "name": maker.name, "expires_us": maker.ends_us});
    Ok(Json(makers.iter().map(one).collect()))
}

pub async fn makers(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    shown(&edge, &caller, clock::now()).await
}

pub async fn change_makers(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(makers): Body<Makers>,
) -> Result<Json<Value>, Problem> {
    let now = clock::now();
    edge.app.change_passkey_makers(&caller, &makers.read()?, now).await?;
    shown(&edge, &caller, now).await
}
