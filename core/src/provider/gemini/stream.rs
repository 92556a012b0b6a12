//! Streamed answers of `streamGenerateContent`: every chunk is a whole answer with the next parts, which the
//! [`Reader`] reads. There is no end mark: the body ends, and it must have said why.

use crate::chat::Delta;
use crate::error::{ErrorKind, Result};
use crate::provider::{ReplyHead, StreamDecoder, Target};
use crate::transport::Frame;

use super::answer::Answer;
use super::reader::Reader;

/// The decoder of one streamed answer.
#[derive(Debug)]
pub(super) struct Decoder {
    reader: Reader,
    ended: bool,
}

impl Decoder {
    pub(super) fn new(target: &Target) -> Self {
        Decoder {
            reader: Reader::new(target),
            ended: false,
        }
    }

    fn read<'a, T: serde::Deserialize<'a>>(&self, json: &'a str) -> Result<T> {
        serde_json::from_str(json).map_err(|error| {
            let (provider, column) = (self.reader.provider(), error.column());
            let message =
                format!("a chunk of the stream of {provider} cannot be read (column {column})");
            self.reader
                .error(ErrorKind::InvalidResponse, message)
                .with_retryable(false)
        })
    }
}

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut Vec<Delta>) -> Result<()> {
        let json = frame.data.trim();
        if self.ended || json == "[DONE]" {
            return Ok(());
        }
        if json.starts_with('[') {
            let answers: Vec<Answer<'_>> = self.read(json)?;
            return answers
                .into_iter()
                .try_for_each(|answer| self.reader.answer(answer, out));
        }
        let answer = self.read(json)?;
        self.reader.answer(answer, out)
    }

    fn finish(&mut self, out: &mut Vec<Delta>) -> Result<()> {
        if std::mem::replace(&mut self.ended, true) {
            return Ok(());
        }
        if !self.reader.is_complete() {
            let provider = self.reader.provider();
            let message = format!("the stream of {provider} broke off before its end");
            return Err(self.reader.error(ErrorKind::StreamInterrupted, message));
        }
        self.reader.end(out);
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.ended
    }

    fn head(&self) -> &ReplyHead {
        &self.reader.head
    }
}
