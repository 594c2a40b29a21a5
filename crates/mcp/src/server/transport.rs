//! The two ways to a client: standard input and output, and HTTP on this machine.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use lavr_tool::CancellationToken;
use rmcp::{
    serve_server,
    service::{QuitReason, ServerInitializeError, serve_server_with_ct},
    transport::{
        async_rw::AsyncRwTransport,
        stdio_pipes,
        streamable_http_server::{
            StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
        },
    },
};
use tokio::net::TcpListener;

use super::Server;

/// The most bytes of one message: room for a large photograph in base64.
pub const MOST_MESSAGE_BYTES: usize = 48 << 20;
/// Where the server answers over HTTP.
const PATH: &str = "/mcp";
/// Pages of this machine; those of others may not reach us through a browser.
const OWN_ORIGINS: [&str; 3] = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"];
/// How long open requests may take to end when the server does.
const GRACE: Duration = Duration::from_secs(3);

/// The connection over standard input and output broke.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StdioError {
    /// The client did not begin as the protocol says.
    #[error("the client on standard input did not begin a session: start `lavr mcp` from an MCP client")]
    Begin(#[source] Box<ServerInitializeError>),
    /// The task that serves the client ended badly.
    #[error("the session ended badly")]
    Session(#[source] tokio::task::JoinError),
}

/// The HTTP server could not be had, or broke.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The address can be reached from other machines.
    #[error(
        "{0} can be reached from other machines, and this server asks nobody for a password: use 127.0.0.1 with a port, \
         and a proxy with authentication in front of it if others need it"
    )]
    NotLoopback(SocketAddr),
    /// The system refused.
    #[error("could not serve HTTP on {address}: is the port in use?")]
    Io {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Server {
    /// Serves one client on standard input and output until it closes them, or until `cancel`. Nothing else may
    /// write to standard output meanwhile.
    ///
    /// # Errors
    /// When the client does not speak the protocol.
    pub async fn serve_stdio(self, cancel: &CancellationToken) -> Result<(), StdioError> {
        let (input, output) = stdio_pipes();
        let transport = AsyncRwTransport::new_server(input, output).with_max_line_length(MOST_MESSAGE_BYTES);
        let service = match serve_server_with_ct(self, transport, cancel.child_token()).await {
            Ok(service) => service,
            // A client that looks whether the program starts and goes away, or one that was interrupted.
            Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {
                return Ok(());
            }
            Err(error) => return Err(StdioError::Begin(Box::new(error))),
        };
        match service.waiting().await {
            Ok(QuitReason::JoinError(error)) | Err(error) => Err(StdioError::Session(error)),
            Ok(_) => Ok(()),
        }
    }

    /// Serves any number of clients over streamable HTTP at `/mcp`, until `cancel`. Only addresses of this machine;
    /// requests that browsers send for pages of others (by `Host` or `Origin`) are refused.
    ///
    /// # Errors
    /// When the listener is open to other machines, or breaks.
    pub async fn serve_http(
        self,
        listener: TcpListener,
        cancel: &CancellationToken,
    ) -> Result<(), HttpError> {
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let address = listener.local_addr().map_err(|source| HttpError::Io { address: unknown, source })?;
        if !address.ip().is_loopback() {
            return Err(HttpError::NotLoopback(address));
        }
        let config = StreamableHttpServerConfig::default()
            .with_max_request_body_bytes(MOST_MESSAGE_BYTES)
            .with_cancellation_token(cancel.child_token())
            .with_allowed_origins(OWN_ORIGINS);
        let service = StreamableHttpService::new(
            move || Ok(self.clone()),
            Arc::<LocalSessionManager>::default(),
            config,
        );
        let router = axum::Router::new().nest_service(PATH, service);
        let ended = cancel.clone();
        let serving =
            axum::serve(listener, router).with_graceful_shutdown(async move { ended.cancelled().await });
        tokio::select! {
            served = async { serving.await } => served.map_err(|source| HttpError::Io { address, source }),
            () = async { cancel.cancelled().await; tokio::time::sleep(GRACE).await } => Ok(()),
        }
    }

    /// Serves one client over a stream of one's own, such as a socket or a pipe in a test.
    ///
    /// # Errors
    /// When the client does not speak the protocol.
    pub async fn serve_stream<S>(self, stream: S) -> Result<(), StdioError>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + 'static,
    {
        let service = serve_server(self, stream).await.map_err(|error| StdioError::Begin(Box::new(error)))?;
        match service.waiting().await {
            Ok(QuitReason::JoinError(error)) | Err(error) => Err(StdioError::Session(error)),
            Ok(_) => Ok(()),
        }
    }
}
