// Child process of a bench: WHEP viewers that are connected, and then do not read.
import { z } from 'zod';
import { createClientIdentity } from '../../core/webrtc/transport/dtls-client.ts';
import { answerCalls } from './bench-child.ts';
import { LightViewer } from './light-viewer.ts';

const connectSchema = z.object({ urls: z.array(z.string()) });

/** Well below the silence after which the server gives a viewer up (9 s). */
const CHECK_PERIOD_MS = 2_000;
/** Time in which this process answers its parent and empties its sockets. */
const AWAKE_MS = 20;

const viewers: LightViewer[] = [];
const never = new Int32Array(new SharedArrayBuffer(4));
const identity = await createClientIdentity();
let timer: NodeJS.Timeout | undefined;

/** One after the other, as the handshakes of both sides share the machine. */
async function connect(params: unknown): Promise<{ count: number }> {
  for (const url of connectSchema.parse(params).urls) {
    viewers.push(await LightViewer.connect(url, identity));
    viewers.at(-1)?.shrinkReceiveBuffer();
  }
  timer ??= setInterval(sendChecks, CHECK_PERIOD_MS);
  return { count: viewers.length };
}

function sendChecks(): void {
  for (const viewer of viewers) viewer.sendCheck();
}

/**
 * Puts this process to sleep between its checks: nobody reads the sockets, so the kernel drops what
 * arrives and the server's sends wake nobody.
 */
function fallAsleep(): void {
  clearInterval(timer);
  timer = setTimeout(() => {
    sendChecks();
    Atomics.wait(never, 0, 0, CHECK_PERIOD_MS);
    fallAsleep();
  }, AWAKE_MS);
}

answerCalls({ connect, fallAsleep }, () => {
  clearTimeout(timer);
  for (const viewer of viewers) viewer.close();
});
