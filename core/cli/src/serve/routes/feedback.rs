//! `POST /api/v1/feedback`: what somebody says of a completion, by the `completion_id` of its choice.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use slugline::chat::JsonMap;
use slugline::input;
use slugline::store::Feedback;

use crate::serve::app::App;
use crate::serve::body;
use crate::serve::refusal::Refusal;
use crate::serve::schema::{ErrorBody, FeedbackId, FeedbackRequest};

/// Judges a completion.
#[utoipa::path(post, path = "/api/v1/feedback", tag = "feedback",
    request_body(content = FeedbackRequest, content_type = "application/json", example = json!({
        "completion_id": "4f1c0c9e-6f3b-4b57-9a6c-0a7d1a7e1b11", "metric": "thumbs", "value": true, "comment": "short and right",
    })),
    responses(
        (status = 201, description = "It is kept", body = FeedbackId),
        (status = "default", description = "An error", body = ErrorBody, content_type = "application/json"),
    ))]
pub(super) async fn feedback(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<(StatusCode, Json<FeedbackId>), Refusal> {
    let given = |body: JsonMap| input::from_value::<FeedbackRequest>(&body.into());
    let given = body::object(request, given).await?;
    let words = [given.reason, given.details];
    let words: Vec<String> = words.into_iter().flatten().collect();
    let mut feedback = Feedback::new(given.completion_id, given.metric, given.value.0);
    feedback.comment = given
        .comment
        .or_else(|| (!words.is_empty()).then(|| words.join(": ")));
    feedback.user_id = given.user_id;
    let feedback_id = app.engine.feedback(feedback).await?;
    Ok((StatusCode::CREATED, Json(FeedbackId { feedback_id })))
}
