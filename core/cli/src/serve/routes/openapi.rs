//! `GET /openapi.json`: the document of the routes, made from them.

use axum::Extension;
use axum::http::header;
use axum::response::IntoResponse;
use bytes::Bytes;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder, SecurityRequirement};

/// The document as it is answered.
#[derive(Clone)]
pub(super) struct Document(Bytes);

impl Document {
    pub(super) fn of(api: &OpenApi) -> Document {
        Document(Bytes::from(api.to_json().unwrap_or_default()))
    }
}

/// What the document says beside its routes.
pub(super) fn head() -> OpenApi {
    let mut components = Components::new();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let header = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
    components.add_security_scheme("api_key", SecurityScheme::ApiKey(header));
    let either = ["bearer", "api_key"].map(|name| SecurityRequirement::new(name, [""; 0]));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Slugline")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some("Stored prompts, chat and routing over HTTP."))
                .build(),
        )
        .components(Some(components))
        .security(Some(either))
        .build()
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "server", security(()), responses(
    (status = 200, description = "An OpenAPI document", body = serde_json::Value, content_type = "application/json")
))]
pub(super) async fn document(Extension(document): Extension<Document>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document.0)
}
