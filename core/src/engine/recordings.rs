//! `engine.recordings()`: what was kept of calls, to be listed, read, exported, deleted and run again.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::core::Core;
use super::handle::Engine;
use crate::chat::{ChatCompletion, ChatRequest, JsonMap};
use crate::error::{Error, ErrorKind, Result};
use crate::input;
use crate::store::{Filter, Page, Recording, RecordingQuery};

/// The recordings of an engine.
#[derive(Debug, Clone)]
pub struct Recordings(Engine);

/// How a recorded call is run again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rerun {
    /// Models to ask instead, as an ordered fallback; empty: the target that served.
    pub model: Vec<String>,
}

/// The label of a rerun, which names the recording it was made from. The engine's own.
const RERUN_OF: &str = "rerun_of";

impl Engine {
    /// The recordings.
    pub fn recordings(&self) -> Recordings {
        Recordings(self.clone())
    }
}

impl Recordings {
    fn core(&self) -> &Arc<Core> {
        &self.0.0
    }

    /// A page of recordings, newest first. What calls that have ended recorded is among them.
    ///
    /// # Errors
    /// `invalid_request` about `limit` or `cursor`; `store_error`.
    pub async fn list(&self, query: RecordingQuery) -> Result<Page> {
        self.core()
            .state
            .flushed()
            .await?
            .store
            .recordings(query)
            .await
    }

    /// One recording, with its payload where that was kept, and its feedback.
    ///
    /// # Errors
    /// `not_found`; `store_error`.
    pub async fn get(&self, id: &str) -> Result<Recording> {
        self.core().state.flushed().await?.store.recording(id).await
    }

    /// Writes recordings to a file, oldest last, one JSON object a line, and says how many. The file is
    /// written under another name first and takes its place when it is complete.
    ///
    /// # Errors
    /// `store_error` where the file cannot be written.
    pub async fn export(&self, path: impl AsRef<Path>, filter: Filter) -> Result<u64> {
        let store = self.core().state.flushed().await?;
        let mut file = Export::begin(path.as_ref())?;
        let mut query = RecordingQuery {
            filter,
            limit: Some(500),
            payload: true,
            ..RecordingQuery::default()
        };
        loop {
            let page = store.store.recordings(query.clone()).await?;
            file.write(&page.recordings)?;
            match page.next_cursor {
                Some(cursor) => query.cursor = Some(cursor),
                None => return file.end(),
            }
        }
    }

    /// Runs one SQL statement that only reads, on the store's own connection. The schema is in the guide on
    /// recordings.
    ///
    /// # Errors
    /// `unsupported` where the store is no database; `invalid_request` for a statement that is wrong or writes.
    pub async fn query(&self, sql: &str) -> Result<Vec<JsonMap>> {
        self.core().state.flushed().await?.store.query(sql).await
    }

    /// Deletes recordings with their feedback, and says how many.
    ///
    /// # Errors
    /// `invalid_request` for an empty filter; `store_error`.
    pub async fn delete(&self, filter: Filter) -> Result<u64> {
        self.core()
            .state
            .flushed()
            .await?
            .store
            .delete(filter)
            .await
    }

    /// Makes a recorded call again, as it was composed then: its messages and options, with another model where
    /// `rerun` names one. It is a call of its own, recorded under the same prompt, project, labels and tags, and
    /// with the label `rerun_of`, which does not count among the 16 of a call; it joins no session and no
    /// campaign. Needs the payload.
    ///
    /// # Errors
    /// `not_found`; `invalid_request` where the payload was not kept; as [`Engine::chat`].
    pub async fn rerun(&self, id: &str, rerun: Rerun) -> Result<ChatCompletion> {
        let mut recording = self.get(id).await?;
        let request = request_of(&mut recording, rerun)?;
        let mut composed = self.0.composer().again(request, recording.project)?;
        let rerun_of = (RERUN_OF.to_owned(), recording.id.into());
        composed.own.labels.extend([rerun_of]);
        composed.prompt = recording.prompt;
        composed.variables = recording.variables;
        let call = self.0.begin(composed, false)?;
        self.0.whole(call).await
    }

    /// How many calls of this engine should have been recorded and were not: the store did not keep up, or
    /// could not be written.
    pub fn lost(&self) -> u64 {
        self.core().state.lost()
    }
}

fn request_of(recording: &mut Recording, rerun: Rerun) -> Result<ChatRequest> {
    let Some(request) = recording.request.take() else {
        let message = format!(
            "the recording `{}` has no payload to run again: it is kept with `recording = \"full\"`",
            recording.id
        );
        return Err(Error::invalid("id", message));
    };
    let mut request: ChatRequest = input::from_value(&Value::Object(request)).map_err(|error| {
        Error::new(ErrorKind::StoreError, format!("the recorded call: {error}"))
    })?;
    let options = &mut request.options;
    options.session_id = None;
    options.model = match rerun.model {
        model if model.is_empty() => recording.model.take().into_iter().collect(),
        model => model,
    };
    options.labels = std::mem::take(&mut recording.labels);
    // Of a rerun that is run again: the engine's own label, set anew.
    options.labels.shift_remove(RERUN_OF);
    options.tags = std::mem::take(&mut recording.tags);
    Ok(request)
}

/// A file of JSON lines under way.
struct Export {
    file: std::io::BufWriter<std::fs::File>,
    /// Removed where the export does not come to its end.
    part: Part,
    lines: u64,
}

struct Part {
    under_way: std::path::PathBuf,
    target: std::path::PathBuf,
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.under_way);
    }
}

/// The export takes the place of its target: of a file, not of a device or a pipe, and of no database.
fn may_be_replaced(target: &Path) -> std::io::Result<()> {
    let name = target.to_string_lossy();
    for suffix in ["-wal", "-shm", "-journal"] {
        if let Some(database) = name.strip_suffix(suffix)
            && is_database(Path::new(database)).unwrap_or_default()
        {
            return Err(std::io::Error::other("it belongs to a SQLite database"));
        }
    }
    let Ok(known) = std::fs::metadata(target) else {
        return Ok(());
    };
    if !known.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    if is_database(target)? {
        return Err(std::io::Error::other("it is a SQLite database"));
    }
    Ok(())
}

fn is_database(path: &Path) -> std::io::Result<bool> {
    use std::io::Read as _;
    let mut start = Vec::new();
    std::fs::File::open(path)?
        .take(15)
        .read_to_end(&mut start)?;
    Ok(start == b"SQLite format 3")
}

impl Export {
    fn begin(target: &Path) -> Result<Export> {
        // A link stays a link: the file it leads to is written.
        let resolved = std::fs::canonicalize(target);
        let target = resolved.as_deref().unwrap_or(target);
        may_be_replaced(target).map_err(|error| cannot_write(target, &error))?;
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", uuid::Uuid::new_v4().simple()));
        let part = Part {
            under_way: target.with_file_name(name),
            target: target.to_owned(),
        };
        let file = private(&part.under_way).map_err(|error| cannot_write(target, &error))?;
        Ok(Export {
            file: std::io::BufWriter::new(file),
            part,
            lines: 0,
        })
    }

    fn write(&mut self, recordings: &[Recording]) -> Result<()> {
        use std::io::Write as _;
        for recording in recordings {
            let written = serde_json::to_writer(&mut self.file, recording)
                .map_err(std::io::Error::from)
                .and_then(|()| self.file.write_all(b"\n"));
            written.map_err(|error| cannot_write(&self.part.target, &error))?;
            self.lines += 1;
        }
        Ok(())
    }

    fn end(self) -> Result<u64> {
        let Export { file, part, lines } = self;
        file.into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&part.under_way, &part.target))
            .map_err(|error| cannot_write(&part.target, &error))?;
        Ok(lines)
    }
}

/// A new file that only its owner reads: recordings hold what people said.
fn private(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Error {
    let message = format!("cannot write `{}`: {error}", path.display());
    Error::new(ErrorKind::StoreError, message)
}
