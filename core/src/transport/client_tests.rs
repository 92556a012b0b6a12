//! What a name with several addresses does; the tests over loopback cannot give a machine such a name.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_types)]

use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::*;

/// Every name has these addresses, in this order.
struct Both(Vec<SocketAddr>);

impl Resolve for Both {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses = self.0.clone();
        Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
    }
}

/// An address of the sixth version where every further connection is left unanswered, or `None` where this
/// machine has no such addresses or does not leave them so.
async fn black_hole() -> Option<(SocketAddr, TcpListener, Vec<TcpStream>)> {
    let socket = TcpSocket::new_v6().ok()?;
    socket.bind("[::1]:0".parse().unwrap()).ok()?;
    let listener = socket.listen(1).ok()?;
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    for _ in 0..64 {
        let connecting = TcpStream::connect(address);
        match tokio::time::timeout(Duration::from_millis(200), connecting).await {
            Ok(stream) => queue.push(stream.ok()?),
            Err(_) => return Some((address, listener, queue)),
        }
    }
    None
}

#[tokio::test]
async fn f13_a_dead_address_of_the_sixth_version_costs_little() {
    let Some((dead, _listener, _queue)) = black_hole().await else {
        eprintln!("skipped: there is no address of the sixth version that leaves one waiting");
        return;
    };
    // The port is that of the URL, for both.
    let alive = TcpListener::bind(("127.0.0.1", dead.port())).await.unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = alive.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        stream.write_all(answer).await.unwrap();
    });
    let plan = Plan {
        tls: tls::config(None, None, None).unwrap(),
        proxy: Proxy::Off,
        connect_timeout: Some(Duration::from_secs(5)),
    };
    let addresses = vec![dead, ([127, 0, 0, 1], dead.port()).into()];
    let client = plan
        .builder(true)
        .dns_resolver(Arc::new(Both(addresses)))
        .build()
        .unwrap();
    let begun = Instant::now();
    let url = format!("http://models.example:{}", dead.port());
    let answer = client.get(url).send().await.unwrap().text().await.unwrap();
    assert_eq!(answer, "ok");
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(1000), "{took:?}");
    serving.await.unwrap();
}
