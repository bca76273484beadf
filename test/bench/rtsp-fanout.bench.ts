// Measures what a packet costs per RTSP reader over TCP: one buffer per burst against a write per packet.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../core/base/clock.ts';
import type { TrackDescription } from '../../core/codec/codec.ts';
import { TcpFanout } from '../../core/rtsp/tcp-fanout.ts';
import { Stream } from '../../core/stream/stream.ts';
import type { StreamWriter } from '../../core/stream/stream-writer.ts';
import { rtpPacket } from '../support/rtsp-fixture.ts';

const READERS = [10, 100];
const PACKETS_PER_BURST = 14;
const PAYLOAD_BYTES = 1188;
const BURSTS = 400;
const ROUNDS = 5;
const TARGET_RATIO = 0.2;

const TRACK: TrackDescription = {
  ...{ kind: 'video', payloadType: 96 },
  codec: { name: 'Generic', clockRateHz: 90000, rtpmap: 'bench/90000', fmtp: '' },
};

interface Receivers extends AsyncDisposable {
  readonly sockets: readonly Socket[];
}

async function connectReceivers(count: number): Promise<Receivers> {
  const sockets: Socket[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that was told to listen on TCP has an address with a port.
  const { port } = server.address() as AddressInfo;
  const script = fileURLToPath(new URL('./support/rtsp-receivers-program.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [script, `${port}`, `${count}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout) await once(child.stdout, 'data');
  while (sockets.length < count) await new Promise((resolve) => setImmediate(resolve));
  return {
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(child, 'exit');
    },
  };
}

/** Waits until the system has taken everything. */
async function drain(sockets: readonly Socket[]): Promise<void> {
  while (sockets.some((socket) => socket.writableLength > 0)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Nanoseconds of this process per packet and reader; the median of some rounds. */
async function measure(sockets: readonly Socket[], sendBurst: () => void): Promise<number> {
  const results: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    let cpuUs = 0;
    for (let burst = 0; burst < BURSTS; burst++) {
      const before = process.cpuUsage();
      sendBurst();
      const used = process.cpuUsage(before);
      cpuUs += used.user + used.system;
      await drain(sockets);
    }
    // The first round warms up.
    if (round > 0) results.push((cpuUs * 1000) / (BURSTS * PACKETS_PER_BURST * sockets.length));
  }
  return results.sort((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN;
}

function perPacket(sockets: readonly Socket[]): () => void {
  const frames = Array.from({ length: PACKETS_PER_BURST }, (_, sequenceNumber) => {
    const packet = rtpPacket({ sequenceNumber, payload: Buffer.alloc(PAYLOAD_BYTES) });
    return Buffer.concat([Buffer.of(0x24, 0, packet.length >> 8, packet.length & 0xff), packet]);
  });
  return () => {
    for (const frame of frames) for (const socket of sockets) socket.write(frame);
  };
}

function batched(sockets: readonly Socket[]): () => void {
  const stream = new Stream([TRACK], { clock: systemClock });
  const fanout = new TcpFanout(stream, systemClock);
  const writer: StreamWriter = stream.attach([TRACK]);
  for (const socket of sockets) {
    const sink = {
      get queuedBytes(): number {
        return socket.writableLength;
      },
      write: (bytes: Uint8Array): void => void socket.write(bytes),
    };
    const reader = fanout.createReader({ sink, channels: [0] });
    fanout.prepare(reader);
    fanout.add({ reader, onStreamClosed: () => undefined });
  }
  const payload = Buffer.alloc(PAYLOAD_BYTES);
  let sequenceNumber = 0;
  return () => {
    for (let index = 0; index < PACKETS_PER_BURST; index++) {
      const isMarked = index === PACKETS_PER_BURST - 1;
      const timestampTicks = Math.floor(sequenceNumber / PACKETS_PER_BURST) * 3600;
      const packet = { payloadType: 96, sequenceNumber, timestampTicks, isMarked, payload };
      writer.writeRtp(0, rtpPacket(packet));
      sequenceNumber++;
    }
    writer.publish();
  };
}

/** Runs the bench; nanoseconds per packet and reader. */
export async function benchRtspFanout(): Promise<
  readonly { readers: number; perPacketNs: number; batchedNs: number }[]
> {
  const rows: { readers: number; perPacketNs: number; batchedNs: number }[] = [];
  for (const readers of READERS) {
    await using receivers = await connectReceivers(readers);
    const perPacketNs = await measure(receivers.sockets, perPacket(receivers.sockets));
    const batchedNs = await measure(receivers.sockets, batched(receivers.sockets));
    rows.push({ readers, perPacketNs, batchedNs });
  }
  return rows;
}

if (import.meta.main) {
  const rows = await benchRtspFanout();
  console.log('## RTSP over TCP to many readers\n');
  console.log(
    `Bursts of ${PACKETS_PER_BURST} packets of ${PAYLOAD_BYTES + 16} bytes; nanoseconds of CPU per packet and reader, writing and ring included. Target: ratio at most ${TARGET_RATIO} with 100 readers.\n`,
  );
  console.log('| readers | a write per packet | one buffer per burst | ratio |\n|---|---|---|---|');
  for (const { readers, perPacketNs, batchedNs } of rows) {
    const ratio = (batchedNs / perPacketNs).toFixed(3);
    console.log(`| ${readers} | ${perPacketNs.toFixed(0)} | ${batchedNs.toFixed(0)} | ${ratio} |`);
  }
}
