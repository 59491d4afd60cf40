// Bun (uWebSockets) in its fastest way: its own publish to a topic every socket subscribed to.
//
// bun bun.js PORT: publishes each line of its standard input.
const server = Bun.serve({
  port: Number(process.argv[2]),
  hostname: '127.0.0.1',
  fetch: (request, own) => (own.upgrade(request) ? undefined : new Response('a socket is wanted', { status: 400 })),
  websocket: {
    idleTimeout: 0,
    sendPings: false,
    perMessageDeflate: false,
    open: (socket) => socket.subscribe('all'),
    message: () => {},
  },
});

for await (const line of console) server.publish('all', line);
process.exit(0);
