//! The description of the HTTP API (OpenAPI 3.1), and the router that is held against it.
//!
//! docs/openapi.json is written by hand and true by tests: here, its paths are those of the router;
//! in `it/`, every answer of every test is read against it.

use super::Edge;
use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;

const DESCRIPTION: &str = include_str!("../../../../docs/openapi.json");

pub async fn show() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION).into_response()
}

/// Routes that remember their paths, which axum does not tell.
#[derive(Default)]
pub struct Routes {
    router: Router<Edge>,
    #[cfg(test)]
    paths: Vec<&'static str>,
}

impl Routes {
    /// Adds a route; docs/openapi.json has it too.
    pub fn route(mut self, path: &'static str, methods: MethodRouter<Edge>) -> Self {
        #[cfg(test)]
        self.paths.push(path);
        self.router = self.router.route(path, methods);
        self
    }

    pub fn router(self) -> Router<Edge> {
        self.router
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_description_has_every_path_of_the_router_and_no_other() {
        let document: Value = serde_json::from_str(DESCRIPTION).unwrap();
        let mut described: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
        let mut real: Vec<String> =
            crate::http::api().paths.iter().map(|path| format!("/api{path}")).collect();
        real.extend(crate::http::beside().paths.iter().map(|path| (*path).to_owned()));
        // What holds slashes has no word of its own in OpenAPI.
        real.iter_mut().for_each(|path| *path = path.replace("{*", "{"));
        described.sort();
        real.sort();
        assert_eq!(described, real, "left: docs/openapi.json, right: the router");
    }
}
