//! AWS credentials: a bearer key, else access keys, from the environment or the shared credentials file.
//!
//! Longer chains (single sign-on, instance roles) are left to a key that code provides.

use std::path::PathBuf;

use super::auth::{Credentials, Secret, env_var};
use crate::error::{Error, ErrorKind, Result};

/// The variable of a Bedrock API key, which needs no signing.
pub(super) const BEARER_VARIABLE: &str = "AWS_BEARER_TOKEN_BEDROCK";

/// The credentials of this process, or `None` where there are none.
pub(super) fn credentials() -> Result<Option<Credentials>> {
    if let Some(key) = env_var(BEARER_VARIABLE) {
        let key = Secret::new(&key, "the environment variable AWS_BEARER_TOKEN_BEDROCK")?;
        return Ok(Some(Credentials::Key(key)));
    }
    let from_env = AccessKeys {
        id: env_var("AWS_ACCESS_KEY_ID"),
        secret: env_var("AWS_SECRET_ACCESS_KEY"),
        token: env_var("AWS_SESSION_TOKEN"),
    };
    if let Some(credentials) = from_env.credentials("the environment")? {
        return Ok(Some(credentials));
    }
    let Some(path) = shared_file() else {
        return Ok(None);
    };
    // A file that is not there is the usual case on machines without AWS.
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Ok(None);
    };
    let profile = env_var("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
    AccessKeys::of_profile(&text, &profile)
        .credentials(&format!("profile `{profile}` of {}", path.display()))
}

/// Whether [`credentials`] has somewhere to look, without reading any file.
pub(super) fn are_configured() -> bool {
    env_var(BEARER_VARIABLE).is_some()
        || env_var("AWS_ACCESS_KEY_ID").is_some()
        || shared_file().is_some_and(|path| path.is_file())
}

fn shared_file() -> Option<PathBuf> {
    if let Some(path) = env_var("AWS_SHARED_CREDENTIALS_FILE") {
        return Some(PathBuf::from(path));
    }
    let home = env_var("HOME").or_else(|| env_var("USERPROFILE"))?;
    Some(PathBuf::from(home).join(".aws").join("credentials"))
}

#[derive(Default)]
struct AccessKeys {
    id: Option<String>,
    secret: Option<String>,
    token: Option<String>,
}

impl AccessKeys {
    /// The keys of one section of the shared credentials file.
    fn of_profile(text: &str, profile: &str) -> AccessKeys {
        let mut keys = AccessKeys::default();
        let mut inside = false;
        for line in text.lines().map(str::trim) {
            if let Some(section) = line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                inside = section.trim() == profile;
            } else if inside
                && !line.starts_with(['#', ';'])
                && let Some((key, value)) = line.split_once('=')
            {
                let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
                match key.trim() {
                    "aws_access_key_id" => keys.id = value,
                    "aws_secret_access_key" => keys.secret = value,
                    "aws_session_token" => keys.token = value,
                    _ => {}
                }
            }
        }
        keys
    }

    fn credentials(self, place: &str) -> Result<Option<Credentials>> {
        let (id, secret) = match (self.id, self.secret) {
            (Some(id), Some(secret)) => (id, secret),
            (None, None) => return Ok(None),
            (id, _) => {
                let missing = match id {
                    Some(_) => "secret access key",
                    None => "access key id",
                };
                let message = format!("{place} gives half of the AWS access keys: no {missing}");
                return Err(Error::new(ErrorKind::Authentication, message));
            }
        };
        let what = |part: &str| format!("the AWS {part} of {place}");
        Ok(Some(Credentials::Aws {
            access_key_id: Secret::new(&id, &what("access key id"))?
                .expose()
                .to_owned(),
            secret_access_key: Secret::new(&secret, &what("secret access key"))?,
            session_token: match self.token {
                Some(token) => Some(Secret::new(&token, &what("session token"))?),
                None => None,
            },
        }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    const FILE: &str = "# comment\n[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key=wJalr/X+=\n\n\
        [ work ]\naws_access_key_id=AKIDWORK\naws_secret_access_key = s3\naws_session_token = t0=\nregion = x\n\
        [half]\naws_access_key_id = AKIDHALF\n";

    #[test]
    fn reads_the_profile_that_is_asked_for() {
        let keys = AccessKeys::of_profile(FILE, "default");
        assert_eq!(keys.secret.as_deref(), Some("wJalr/X+="));
        assert!(keys.token.is_none());
        let work = AccessKeys::of_profile(FILE, "work")
            .credentials("x")
            .unwrap();
        let Some(Credentials::Aws {
            access_key_id,
            session_token,
            ..
        }) = work
        else {
            panic!()
        };
        assert_eq!(access_key_id, "AKIDWORK");
        assert_eq!(session_token.unwrap().expose(), "t0=");
        assert!(
            AccessKeys::of_profile(FILE, "none")
                .credentials("x")
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn half_a_pair_is_an_error_without_the_keys() {
        let error = AccessKeys::of_profile(FILE, "half")
            .credentials("the file")
            .unwrap_err();
        assert!(error.to_string().contains("no secret access key"));
        assert!(!format!("{error:?}").contains("AKIDHALF"));
    }
}
