//! One connection of the server: requests are read while answers are written, so that a closed socket is seen
//! at once, whatever the answer is waiting for.

use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::reply::{End, Framing, Reply};
use super::server::{Asked, Memory};

/// A request has reached this point.
enum Reached {
    Head,
    End,
}

pub(super) async fn serve(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    id: usize,
    memory: Arc<Memory>,
) {
    match tls {
        None => {
            let (stream, reset) = exchange(stream, id, &memory).await;
            close(stream, reset);
        }
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                let (stream, reset) = exchange(stream, id, &memory).await;
                close(stream.into_inner().0, reset);
            }
        }
    }
    memory.over(id);
}

fn close(stream: TcpStream, reset: bool) {
    if reset {
        stream.set_zero_linger().unwrap();
    }
}

/// Answers until either side has had enough; true asks for a reset.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    id: usize,
    memory: &Memory,
) -> (S, bool) {
    let (mut read, mut write) = split(stream);
    let (sender, receiver) = mpsc::unbounded_channel();
    let reset = tokio::select! {
        () = listen(&mut read, sender, id, memory) => {
            // Noted here too: for a test the moment matters, not the clean-up after it.
            memory.over(id);
            false
        }
        reset = answer(&mut write, receiver, memory) => reset,
    };
    if !reset {
        let _ = write.shutdown().await;
    }
    (read.unsplit(write), reset)
}

/// Reads requests until the client closes.
async fn listen<S: AsyncRead + AsyncWrite>(
    read: &mut ReadHalf<S>,
    reached: mpsc::UnboundedSender<Reached>,
    id: usize,
    memory: &Memory,
) {
    let mut buffer = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break buffer.drain(..end + 4).collect::<Vec<u8>>();
            }
            if !more(read, &mut buffer).await {
                return;
            }
        };
        let asked = parse(&String::from_utf8_lossy(&head), id);
        let length = asked
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        let place = {
            let mut all = memory.asked.lock().unwrap();
            all.push(asked);
            all.len() - 1
        };
        let _ = reached.send(Reached::Head);
        let mut left: usize = length;
        loop {
            let part: Vec<u8> = buffer.drain(..left.min(buffer.len())).collect();
            left -= part.len();
            if let Some(asked) = memory.asked.lock().unwrap().get_mut(place) {
                asked.body.extend(part);
            }
            if left == 0 {
                break;
            }
            if !more(read, &mut buffer).await {
                return;
            }
        }
        let _ = reached.send(Reached::End);
    }
}

async fn more<S: AsyncRead>(read: &mut ReadHalf<S>, buffer: &mut Vec<u8>) -> bool {
    matches!(read.read_buf(buffer).await, Ok(count) if count > 0)
}

fn parse(head: &str, connection: usize) -> Asked {
    let mut lines = head.split("\r\n");
    let mut words = lines
        .next()
        .unwrap_or_default()
        .split(' ')
        .map(str::to_owned);
    Asked {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect(),
        body: Vec::new(),
        connection,
        at: Instant::now(),
    }
}

/// Answers request after request. Returns where a reply ends the connection: true for a reset.
async fn answer<S: AsyncWrite>(
    write: &mut WriteHalf<S>,
    mut reached: mpsc::UnboundedReceiver<Reached>,
    memory: &Memory,
) -> bool {
    loop {
        while !matches!(reached.recv().await, Some(Reached::Head)) {}
        let reply = memory.next_reply();
        if !reply.early {
            while !matches!(reached.recv().await, Some(Reached::End)) {}
        }
        // A client that closes while it is written to is noticed by the reading half.
        if send(write, &reply).await.is_err() {
            return std::future::pending().await;
        }
        match reply.end {
            End::Keep => {}
            End::Close => return false,
            End::Reset => return true,
            End::Stall => return std::future::pending().await,
            End::HalfClose => {
                let _ = write.shutdown().await;
                return std::future::pending().await;
            }
        }
    }
}

async fn send<S: AsyncWrite>(write: &mut WriteHalf<S>, reply: &Reply) -> std::io::Result<()> {
    tokio::time::sleep(reply.wait).await;
    write.write_all(&reply.head).await?;
    write.flush().await?;
    for piece in &reply.body {
        // A sleep of nothing still takes a tick of the timer.
        if !reply.between.is_zero() {
            tokio::time::sleep(reply.between).await;
        }
        match reply.framing {
            Framing::Raw => write.write_all(piece).await?,
            Framing::Chunked if piece.is_empty() => {}
            Framing::Chunked => {
                let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
                chunk.extend_from_slice(piece);
                chunk.extend_from_slice(b"\r\n");
                write.write_all(&chunk).await?;
            }
        }
        write.flush().await?;
    }
    if reply.framing == Framing::Chunked && reply.end == End::Keep {
        write.write_all(b"0\r\n\r\n").await?;
        write.flush().await?;
    }
    Ok(())
}
