// Child process of the RTSP benches: connects sockets and throws away what comes, waking up rarely.
import { connect, type Socket } from 'node:net';

/** Usage: rtsp-receivers-program.ts <port> <count>. Prints `ready` once all are connected. */
const [portText = '', countText = ''] = process.argv.slice(2);
const sockets: Socket[] = [];
let connected = 0;
for (let index = 0; index < Number(countText); index++) {
  const socket = connect({
    port: Number(portText),
    host: '127.0.0.1',
    // One buffer for all: nothing is kept.
    onread: { buffer: Buffer.alloc(1 << 20), callback: () => true },
  });
  socket.once('connect', () => {
    if (++connected === Number(countText)) console.log('ready');
  });
  socket.once('close', () => process.exit());
  sockets.push(socket);
}
// A socket that is not polled wakes nobody: the sender pays only for sending.
setInterval(() => {
  for (const socket of sockets) socket.resume();
  setTimeout(() => {
    for (const socket of sockets) socket.pause();
  }, 1);
}, 4);
