//! A connection whose client must go on reading: one that does not, while something waits to be sent, is given up.
//!
//! A slow reader holds the provider back, which is right; one that has stopped would hold it for ever. And once the
//! server stops, one that has asked nothing is listened to no longer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::halt::Halt;

/// How long nothing may be taken.
const PATIENCE: Duration = Duration::from_secs(120);

/// Held by the connection, and by each request of it until that is over.
#[derive(Debug, Clone, Default)]
pub(super) struct UnderWay(Arc<()>);

impl UnderWay {
    /// Whether only the two ends of the connection hold it.
    fn is_idle(&self) -> bool {
        Arc::strong_count(&self.0) <= 2
    }
}

/// The connection.
pub(super) struct Patient<S> {
    stream: S,
    waits: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    calls: UnderWay,
    halt: Halt,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, calls: UnderWay, halt: Halt) -> Patient<S> {
        Patient {
            stream,
            waits: None,
            waiting: false,
            calls,
            halt,
        }
    }

    /// What came of a write, and an error in place of waiting on.
    fn within<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = false;
            return written;
        }
        let waits = self
            .waits
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(PATIENCE)));
        if !self.waiting {
            self.waiting = true;
            waits.as_mut().reset(Instant::now() + PATIENCE);
        }
        let over = |()| Err(io::Error::new(io::ErrorKind::TimedOut, "nobody reads"));
        waits.as_mut().poll(cx).map(over)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let unasked = read.is_pending() && !self.waiting && self.calls.is_idle();
        match unasked && self.halt.is_draining() {
            // Half of a request's head, or none: as if the client had ended it.
            true => Poll::Ready(Ok(())),
            false => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.within(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.within(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_reading_is_given_up() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut ours = Patient::new(ours, UnderWay::default(), Halt::new());
        let slow = tokio::spawn(async move {
            let mut part = [0; 64];
            // Slow, but always in time.
            for _ in 0..10 {
                tokio::time::sleep(PATIENCE / 2).await;
                theirs.read_exact(&mut part).await.unwrap();
            }
            theirs
        });
        ours.write_all(&[1; 640]).await.unwrap();
        let theirs = slow.await.unwrap();
        ours.write_all(&[1; 64]).await.unwrap();
        let stopped = Instant::now();
        let error = ours.write_all(&[1; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(stopped.elapsed().as_secs(), PATIENCE.as_secs());
        drop(theirs);
    }
}
