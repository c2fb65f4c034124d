/** What the sockets count, from the start of the process on. */
export interface NetCounters {
  datagramsIn: number;
  datagramsOut: number;
  /** Not sent because the socket's queue was full, or because there is no such port. */
  datagramsDropped: number;
  /** Datagrams that the system refused to send. */
  datagramsFailed: number;
  /** Datagrams that were dropped before they were read, for the ring of their worker or the queue of the socket was full. */
  datagramsOverrun: number;
  /** Datagrams of line ends or NULs only, and double CRLFs on connections. */
  keepAlivesIn: number;
  /** STUN keep-alives of phones (RFC 5626 §4.4.2). */
  stunAnswered: number;
  /** What looked like STUN and was no Binding request, or one too many. */
  stunIgnored: number;
  streamMessagesIn: number;
  streamMessagesOut: number;
  /** Messages refused because the connection's queue of unsent bytes was full. */
  streamMessagesDropped: number;
  framingFaults: number;
  connectionsAccepted: number;
  connectionsDialled: number;
  connectionsClosed: number;
  /** Connections that peers opened and asked to be called back on (RFC 5923). */
  connectionsAliased: number;
  /** Turned away at the door: the table, or the share of one source, was full. */
  connectionsRefused: number;
  /** Closed because no whole message came in time, or others pushed them out before. */
  halfOpenClosed: number;
  /** Closed because a message that had begun was not complete in time. */
  slowMessagesClosed: number;
  /** Closed because nothing was said for long. */
  idleClosed: number;
  /** Closed because the peer did not read what was sent to it. */
  stalledClosed: number;
  /** TLS hand-shakes that peers or servers did not complete, a certificate that was not good included. */
  tlsHandshakesFailed: number;
  /** Peers that wanted to shake hands once more, and were closed. */
  tlsRenegotiations: number;
  tlsCertificatesReloaded: number;
  /** Times that changed certificate files could not be used. */
  tlsReloadsFailed: number;
  webSocketsOpened: number;
  /** HTTP requests that did not become a WebSocket. */
  httpRequestsRefused: number;
  /** WebSockets closed because a frame was malformed or too large. */
  webSocketFaults: number;
  /** WebSockets closed because no answer to a ping came, and flows whose keep-alives stayed away. */
  silentPeersClosed: number;
  /** Messages that came on connections of this worker for another one. */
  handedOver: number;
  /** Messages that came here by another worker. */
  takenOver: number;
  /** Messages that another worker, or its connection, should have got, and for which there was no room. */
  handOversDropped: number;
  /** Exceptions of the floor above, caught at the sockets. */
  sinkFaults: number;
}

export function newNetCounters(): NetCounters {
  return {
    datagramsIn: 0,
    datagramsOut: 0,
    datagramsDropped: 0,
    datagramsFailed: 0,
    datagramsOverrun: 0,
    keepAlivesIn: 0,
    stunAnswered: 0,
    stunIgnored: 0,
    streamMessagesIn: 0,
    streamMessagesOut: 0,
    streamMessagesDropped: 0,
    framingFaults: 0,
    connectionsAccepted: 0,
    connectionsDialled: 0,
    connectionsClosed: 0,
    connectionsAliased: 0,
    connectionsRefused: 0,
    halfOpenClosed: 0,
    slowMessagesClosed: 0,
    idleClosed: 0,
    stalledClosed: 0,
    tlsHandshakesFailed: 0,
    tlsRenegotiations: 0,
    tlsCertificatesReloaded: 0,
    tlsReloadsFailed: 0,
    webSocketsOpened: 0,
    httpRequestsRefused: 0,
    webSocketFaults: 0,
    silentPeersClosed: 0,
    handedOver: 0,
    takenOver: 0,
    handOversDropped: 0,
    sinkFaults: 0,
  };
}
