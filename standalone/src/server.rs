//! The listener: accepts, hands WebSocket requests to the door and all others to the router, drains.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use config::Proxies;
use gateway::ClientIp;
use hyper::body::Incoming;
use hyper::server::conn::http1::{self, UpgradeableConnection};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use identity::Facts;
use store::Store;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::ServiceExt;

use crate::sockets::{Door, Held, is_websocket};

/// How long a client may take to send its next request's head, idle time included. Ours: bounds half-open
/// connections; longer than the 60 s for which proxies keep idle connections, so that they close first.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// Pause after a failed accept: out of file descriptors, most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long requests under way may take once the server stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves until `stop` resolves, then lets requests under way finish.
pub(crate) async fn serve<S: Store, F: Facts + 'static>(
    listener: TcpListener,
    proxies: Proxies,
    router: Router,
    door: Arc<Door<S, F>>,
    stop: impl Future<Output = ()>,
) {
    let (stopping, stopped) = watch::channel(());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    tokio::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut stop => break,
        };
        let (router, door, proxies) = (router.clone(), Arc::clone(&door), proxies.clone());
        let (holding, held) = watch::channel(false);
        let holding = Arc::new(holding);
        let service = service_fn(move |mut request: http::Request<Incoming>| {
            let from = ClientIp(proxies.client(peer, request.headers()));
            request.extensions_mut().insert(from);
            answer(router.clone(), Arc::clone(&door), Arc::clone(&holding), request)
        });
        let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        tokio::spawn(drive(connection, stopped.clone(), held));
    }
    drop((listener, stopped));
    stopping.send_replace(());
    // Every connection holds a receiver until it ends, or has an answer that lasts.
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, stopping.closed()).await;
}

/// Runs one HTTP connection; when the server stops, only to the end of its present request. It is not waited for
/// while its answer is one that lasts: that one ends as sockets do, after what the others still caused.
async fn drive<S>(
    connection: UpgradeableConnection<TokioIo<TcpStream>, S>,
    mut stopped: watch::Receiver<()>,
    mut held: watch::Receiver<bool>,
) where
    S: HttpService<Incoming, ResBody = Body, Error = Infallible> + Send,
    S::Future: Send,
{
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = &mut connection => ended,
                () = holds(&mut held) => {
                    drop(stopped);
                    connection.await
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP connection ended early");
    }
}

/// Until a connection's answer is one that lasts.
async fn holds(held: &mut watch::Receiver<bool>) {
    // The sender lives as long as the connection.
    let _ = held.wait_for(|held| *held).await;
}

async fn accept(listener: &TcpListener) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Frames are small and written whole: waiting for more only delays them.
                let _ = stream.set_nodelay(true);
                return (stream, peer.ip());
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn answer<S: Store, F: Facts + 'static>(
    router: Router,
    door: Arc<Door<S, F>>,
    holding: Arc<watch::Sender<bool>>,
    request: http::Request<Incoming>,
) -> Result<Response, Infallible> {
    let request = request.map(Body::new);
    if is_websocket(request.headers()) {
        return Ok(door.open(request));
    }
    holding.send_replace(false);
    let response = router.oneshot(request).await?;
    holding.send_replace(response.extensions().get::<Held>().is_some());
    Ok(response)
}
