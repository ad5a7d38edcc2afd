import type { ISocketFactory } from 'kafkajs';
import net from 'node:net';
import tls from 'node:tls';

/**
 * Opens a client's sockets and tells when the last one has closed: the only signal of a lost broker that
 * comes at once. kafkajs itself says nothing until a request fails and its retries are used up.
 */
export class OpenSockets {
  private readonly sockets = new Set<net.Socket>();

  constructor(private readonly onLastClosed: () => void) {}

  readonly factory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    const socket = ssl
      ? tls.connect(
          { host, port, ...(net.isIP(host) ? {} : { servername: host }), ...ssl },
          onConnect,
        )
      : net.connect({ host, port }, onConnect);
    socket.setKeepAlive(true, 30_000);
    socket.setNoDelay(true);
    socket.once('connect', () => this.sockets.add(socket));
    socket.once('close', () => {
      if (this.sockets.delete(socket) && this.sockets.size === 0) this.onLastClosed();
    });
    return socket;
  };
}
