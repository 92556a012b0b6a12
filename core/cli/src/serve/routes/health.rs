//! `GET /healthz`: the server answers. Needs no key and says nothing else.

use axum::Json;

use crate::serve::schema::Health;

/// The server is up.
#[utoipa::path(get, path = "/healthz", tag = "server", security(()), responses((status = 200, body = Health)))]
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}
