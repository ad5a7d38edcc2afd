// Deeds of somebody without any account.
import { connect } from 'node:net';

/** Sockets that are opened again when they are closed, until the deed ends. */
async function keepOpen({ url, signal }, count, open) {
  const { hostname, port } = new URL(url);
  const sockets = new Set();
  const one = () => {
    if (signal.aborted) return;
    const socket = connect({ host: hostname, port: Number(port) });
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      setTimeout(one, 200).unref();
    });
    socket.once('connect', () => open(socket));
  };
  for (let index = 0; index < count; index += 1) one();
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  for (const socket of sockets) socket.destroy();
}

export const withoutCredentials = [
  {
    name: 'endless-bodies',
    title: '600 bodies that never end, without a credential',
    perform: (context) => {
      const head =
        'POST /v1/flows/a/b/executions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n';
      const chunk = `${(60_000).toString(16)}\r\n${'x'.repeat(60_000)}\r\n`;
      return keepOpen(context, context.scale === 'long' ? 600 : 200, (socket) => {
        socket.write(head);
        let sent = 0;
        const more = setInterval(() => {
          if (socket.destroyed || sent > 900_000) return clearInterval(more);
          sent += 60_000;
          socket.write(chunk);
        }, 250);
        more.unref();
      });
    },
  },
  {
    name: 'new-credentials',
    title: '150 connections, each request with a new made-up credential',
    perform: ({ url, repeat, many }) =>
      many(150, (lane) =>
        repeat(async (round) => {
          const answer = await fetch(`${url}/v1/executions`, {
            headers: { authorization: `Bearer ef_${lane}_${round}_${Math.random()}` },
          });
          await answer.text();
        }),
      ),
  },
];
