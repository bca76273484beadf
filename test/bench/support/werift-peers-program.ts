// Child process of a bench: werift peers that answer offers, connect, and then do not read.
import { RTCPeerConnection } from 'werift';
import { z } from 'zod';
import { answerCalls } from './bench-child.ts';
import { pinTo } from './processor-time.ts';
import { weriftOptions } from './werift-options.ts';

const offersSchema = z.object({ offers: z.array(z.string()) });
const CONNECT_TIMEOUT_MS = 50_000;
const AWAKE_MS = 5;
const ASLEEP_MS = 1_000;
const never = new Int32Array(new SharedArrayBuffer(4));
const peers: RTCPeerConnection[] = [];

pinTo(1);

async function answer(params: unknown): Promise<string[]> {
  const answers: string[] = [];
  for (const sdp of offersSchema.parse(params).offers) {
    const peer = new RTCPeerConnection(weriftOptions());
    peers.push(peer);
    await peer.setRemoteDescription({ type: 'offer', sdp });
    const description = await peer.createAnswer();
    // Gathering would wait for a STUN server; the other side is ICE-lite and needs no candidate.
    void peer.setLocalDescription(description);
    answers.push(description.sdp);
  }
  return answers;
}

async function connected(): Promise<number> {
  for (const peer of peers) {
    if (peer.connectionState === 'connected') continue;
    await peer.connectionStateChange.watch((state) => state === 'connected', CONNECT_TIMEOUT_MS);
  }
  return peers.length;
}

/** Nobody reads the sockets any more: the kernel drops what arrives and sends wake nobody. */
function sleep(): void {
  setTimeout(fallAsleep, AWAKE_MS);
}

function fallAsleep(): void {
  Atomics.wait(never, 0, 0, ASLEEP_MS);
  setTimeout(fallAsleep, AWAKE_MS);
}

answerCalls({ answer, connected, sleep }, () => undefined);
