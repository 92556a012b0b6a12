//! The only error type of the crate.
//!
//! One [`Error`] for every layer, small enough to return by value. What a program
//! acts on is the [`ErrorKind`]; its [`ErrorKind::code`] is the same word in Rust,
//! Python, Node and Swift. Messages name the thing that is wrong and how to mend it,
//! and never hold a key, a prompt or an answer.

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::chat::{Attempt, ChatCompletion, JsonMap};

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, retry $retry:literal, fallback $fallback:literal;)+) => {
        /// What went wrong, as a closed list. A new kind is added only where a caller would act differently.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorKind { $($(#[$doc])* $name,)+ }

        impl ErrorKind {
            /// Every kind, in the order of the documentation.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$name,)+];

            /// The word for this kind in every language, for example `rate_limited`.
            pub const fn code(self) -> &'static str {
                match self { $(ErrorKind::$name => $code,)+ }
            }

            /// The kind with this code, if there is one.
            pub fn from_code(code: &str) -> Option<ErrorKind> {
                match code { $($code => Some(ErrorKind::$name),)+ _ => None }
            }

            /// Whether the same target may be tried again, unless the provider says otherwise.
            pub const fn is_retryable(self) -> bool {
                match self { $(ErrorKind::$name => $retry,)+ }
            }

            /// Whether the next target of the call is tried.
            pub const fn falls_back(self) -> bool {
                match self { $(ErrorKind::$name => $fallback,)+ }
            }
        }
    };
}

kinds! {
    /// The configuration is wrong, or names a feature that is not built in.
    ConfigError = "config_error", retry false, fallback false;
    /// The call is wrong: refused by our own checks (`param` is set) or by the provider.
    InvalidRequest = "invalid_request", retry false, fallback false;
    /// A named thing does not exist here; `details.resource` says what kind of thing.
    NotFound = "not_found", retry false, fallback false;
    /// No target has this model name, or the provider does not know it.
    UnknownModel = "unknown_model", retry false, fallback true;
    /// A template does not parse, or passed a limit while rendering.
    TemplateError = "template_error", retry false, fallback false;
    /// The template uses variables that were not given; `details.variables` lists them all.
    MissingVariable = "missing_variable", retry false, fallback false;
    /// The variables do not fit the prompt's schema; `details.problems` lists them all.
    InvalidVariables = "invalid_variables", retry false, fallback false;
    /// No key is configured (`details.env` names the variable), or the provider refused it.
    Authentication = "authentication", retry false, fallback true;
    /// The key may not do this, or the network is blocked by configuration.
    PermissionDenied = "permission_denied", retry false, fallback true;
    /// The account has no credit or quota left.
    QuotaExceeded = "quota_exceeded", retry false, fallback true;
    /// Too many requests or tokens for now.
    RateLimited = "rate_limited", retry true, fallback true;
    /// The messages do not fit the model's context window.
    ContextLengthExceeded = "context_length_exceeded", retry false, fallback true;
    /// The provider refused the content.
    ContentFiltered = "content_filtered", retry false, fallback false;
    /// The request is larger than the provider, or a limit here, allows.
    RequestTooLarge = "request_too_large", retry false, fallback true;
    /// The target lacks a feature without which the call would mean something else.
    Unsupported = "unsupported", retry false, fallback true;
    /// A deadline passed: the call's, a connection's, or the idle limit between events.
    Timeout = "timeout", retry true, fallback true;
    /// No first delta came within `max_ttft_ms`.
    TtftTimeout = "ttft_timeout", retry false, fallback true;
    /// No answer from the network; `details.stage` is `dns`, `tcp`, `tls` or `http`.
    Connection = "connection", retry true, fallback true;
    /// The provider has no capacity for now.
    Overloaded = "overloaded", retry true, fallback true;
    /// The provider failed.
    ServerError = "server_error", retry true, fallback true;
    /// Two writers changed one thing.
    Conflict = "conflict", retry true, fallback true;
    /// The answer cannot be read.
    InvalidResponse = "invalid_response", retry false, fallback true;
    /// The answer broke off after output had reached the caller; `partial` holds what came.
    StreamInterrupted = "stream_interrupted", retry false, fallback false;
    /// Storage failed, where the call itself was about storage.
    StoreError = "store_error", retry false, fallback false;
    /// The caller cancelled.
    Cancelled = "cancelled", retry false, fallback false;
    /// A bug in this library.
    Internal = "internal", retry false, fallback false;
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for ErrorKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// A place in a file, for errors about prompts and configuration. Lines and columns count from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Location {
    /// The file, relative to the folder it was loaded from, or the name of an in-memory source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Index of the message in a messages file, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<u32>,
}

/// Everything that went wrong in one call, with the facts a program needs to act.
#[derive(Clone)]
pub struct Error(Box<ErrorData>);

/// The fields of an [`Error`], as they appear in every language.
#[derive(Debug, Clone)]
pub struct ErrorData {
    /// What went wrong.
    pub kind: ErrorKind,
    /// One sentence that names the thing and how to mend it.
    pub message: String,
    /// The provider that answered, or was asked.
    pub provider: Option<String>,
    /// The model that was asked, as the provider names it.
    pub model: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// How long the provider asks to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// Whether the same call may work later.
    pub retryable: bool,
    /// Every attempt that was made.
    pub attempts: Vec<Attempt>,
    /// The option or path of the request that is wrong, for example `messages[2].role`.
    pub param: Option<String>,
    /// Where in a prompt or configuration file.
    pub location: Option<Location>,
    /// More facts, by kind.
    pub details: JsonMap,
    /// What had arrived before the failure.
    pub partial: Option<Box<ChatCompletion>>,
    /// The cause, where another library reported it.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(ErrorData {
            kind,
            message: message.into(),
            provider: None,
            model: None,
            status: None,
            request_id: None,
            retry_after_ms: None,
            retryable: kind.is_retryable(),
            attempts: Vec::new(),
            param: None,
            location: None,
            details: JsonMap::new(),
            partial: None,
            source: None,
        }))
    }

    /// [`ErrorKind::InvalidRequest`] about one option.
    pub fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Error::new(ErrorKind::InvalidRequest, message).with_param(param)
    }

    /// [`ErrorKind::NotFound`] for a kind of thing, with the nearest known names in `details.near`.
    pub fn not_found(resource: &str, message: impl Into<String>, near: Vec<String>) -> Self {
        Error::new(ErrorKind::NotFound, message)
            .with_detail("resource", resource)
            .with_detail("near", near)
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The word for the kind, the same in every language.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// The fields.
    pub fn data(&self) -> &ErrorData {
        &self.0
    }

    /// The fields, to be completed by a layer that knows more.
    pub fn data_mut(&mut self) -> &mut ErrorData {
        &mut self.0
    }

    /// The fields, taken out.
    pub fn into_data(self) -> ErrorData {
        *self.0
    }

    /// Names the option that is wrong.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    /// Names the place in a file.
    #[must_use]
    pub fn with_location(mut self, location: Location) -> Self {
        self.0.location = Some(location);
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.details.insert(key.to_owned(), value.into());
        self
    }

    /// Names the provider and the model.
    #[must_use]
    pub fn with_target(mut self, provider: &str, model: &str) -> Self {
        self.0.provider = Some(provider.to_owned());
        self.0.model = Some(model.to_owned());
        self
    }

    /// Keeps the cause.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Overrides whether the same call may work later.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = &self.0;
        let location = data.location.as_ref();
        if let Some((location, file)) = location.and_then(|at| Some((at, at.file.as_ref()?))) {
            f.write_str(file)?;
            for number in [location.line, location.column]
                .into_iter()
                .map_while(|number| number)
            {
                write!(f, ":{number}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&data.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = &self.0;
        let mut out = f.debug_struct("Error");
        out.field("code", &data.kind.code())
            .field("message", &data.message);
        for (name, value) in [
            ("provider", &data.provider),
            ("model", &data.model),
            ("request_id", &data.request_id),
            ("param", &data.param),
        ] {
            if let Some(value) = value {
                out.field(name, value);
            }
        }
        if let Some(status) = data.status {
            out.field("status", &status);
        }
        if let Some(location) = &data.location {
            out.field("location", location);
        }
        if !data.details.is_empty() {
            out.field("details", &data.details);
        }
        if !data.attempts.is_empty() {
            out.field("attempts", &data.attempts);
        }
        if let Some(source) = &data.source {
            out.field("source", source);
        }
        out.finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// The canonical JSON of an error: the same keys in every language, absent ones left out.
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data = &self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", data.kind.code())?;
        map.serialize_entry("message", &self.to_string())?;
        for (key, value) in [
            ("provider", &data.provider),
            ("model", &data.model),
            ("request_id", &data.request_id),
            ("param", &data.param),
        ] {
            if let Some(value) = value {
                map.serialize_entry(key, value)?;
            }
        }
        if let Some(status) = data.status {
            map.serialize_entry("status", &status)?;
        }
        if let Some(wait) = data.retry_after_ms {
            map.serialize_entry("retry_after_ms", &wait)?;
        }
        map.serialize_entry("retryable", &data.retryable)?;
        if !data.attempts.is_empty() {
            map.serialize_entry("attempts", &data.attempts)?;
        }
        if let Some(location) = &data.location {
            map.serialize_entry("location", location)?;
        }
        if !data.details.is_empty() {
            map.serialize_entry("details", &data.details)?;
        }
        if let Some(partial) = &data.partial {
            map.serialize_entry("partial", partial)?;
        }
        map.end()
    }
}
