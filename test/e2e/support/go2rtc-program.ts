// The go2rtc API as a process of its own; it says where it listens and runs until it is told to stop.
import { TestGo2rtcServer } from './go2rtc-server.ts';

const server = await TestGo2rtcServer.start();
process.stdout.write(`${JSON.stringify({ origin: server.origin })}\n`);
const keepAlive = setInterval(() => undefined, 1 << 30);
process.once('SIGTERM', () => {
  clearInterval(keepAlive);
  void server[Symbol.asyncDispose]();
});
