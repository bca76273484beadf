// Child process of a bench: the egress engine on the server's own media socket, and its parts alone.
import { createCipheriv, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { getHeapStatistics } from 'node:v8';
import { z } from 'zod';
import { systemClock } from '../../../core/base/clock.ts';
import type {
  EgressProfile,
  EgressSocket,
  ViewerCounters,
} from '../../../core/egress/egress-engine.ts';
import { TsEgressEngine } from '../../../core/egress/ts-egress-engine.ts';
import { MuxSocket } from '../../../core/webrtc/transport/mux-socket.ts';
import {
  createPeerAddress,
  type PeerAddress,
} from '../../../core/webrtc/transport/peer-address.ts';
import { createTransportCounters } from '../../../core/webrtc/transport/transport-counters.ts';
import { defaultTransportOptions } from '../../../core/webrtc/transport/transport-options.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { answerCalls } from './bench-child.ts';
import { BURST_PACKETS, createBenchRing, PAYLOAD_BYTES, writeBurst } from './bench-media.ts';
import { nanosecondsPerPacket, pinTo } from './processor-time.ts';

const openSchema = z.object({ udpAddress: z.string(), ports: z.array(z.number()) });
const runSchema = z.object({
  profile: z.union([z.literal(1), z.literal(7)]),
  viewers: z.number(),
  bursts: z.number(),
  /** Without it, packets are protected and then thrown away. */
  hasNetwork: z.boolean(),
});
const countSchema = z.object({ packets: z.number() });

/** What one run yields. */
interface RunResult {
  readonly nanoseconds: number;
  /** Bytes allocated on the JavaScript heap per packet. */
  readonly heapBytes: number;
  /** And beside it, as array buffers. */
  readonly externalBytes: number;
}

const logger = new RecordingLogger();
const counters = createTransportCounters();
const socket = new MuxSocket({ clock: systemClock, logger, counters }, defaultTransportOptions);
let addresses: readonly PeerAddress[] = [];

pinTo(0);

async function open(params: unknown): Promise<void> {
  const { udpAddress, ports } = openSchema.parse(params);
  await socket.open(
    { udpAddress, tcpAddress: '' },
    {
      onDatagram: () => undefined,
      onFrame: () => undefined,
      onConnectionClosed: () => undefined,
    },
  );
  const host = socket.isIpv6 ? '::ffff:127.0.0.1' : '127.0.0.1';
  addresses = ports.map((port) => createPeerAddress(host, port));
}

const nowhere: EgressSocket<PeerAddress> = { sendTo: () => true, isCongested: () => false };

/** An engine with viewers that are at the head of their ring. */
class EngineUnderTest {
  readonly ring = createBenchRing();
  readonly #engine: TsEgressEngine<PeerAddress>;
  readonly #track: number;
  readonly #viewers: readonly number[];

  constructor(profile: EgressProfile, viewers: number, target: EgressSocket<PeerAddress>) {
    this.#engine = new TsEgressEngine({ socket: target, clock: systemClock }, { turnPackets: 1e9 });
    const { ring } = this;
    this.#track = this.#engine.openTrack({ ring, clockRateHz: 90_000, isVideo: true });
    this.#viewers = Array.from({ length: viewers }, (_, i) =>
      this.#engine.addViewer(this.#track, {
        address: addressOf(i),
        profile,
        masterKey: randomBytes(16),
        masterSalt: randomBytes(profile === 1 ? 14 : 12),
        ssrc: 0xa000_0000 + i,
        payloadType: 96,
      }),
    );
  }

  get packetsSent(): number {
    const into: ViewerCounters = {
      ...{ packetsSent: 0, octetsSent: 0, packetsRetransmitted: 0, packetsDropped: 0, skips: 0 },
      ...{ hasStarted: false, timestampOffsetTicks: 0 },
    };
    let sent = 0;
    for (const viewer of this.#viewers) {
      this.#engine.readCounters(viewer, into);
      sent += into.packetsSent;
    }
    return sent;
  }

  /** Publishes bursts; packets sent to all viewers. */
  play(bursts: number): number {
    const before = this.packetsSent;
    for (let burst = 0; burst < bursts; burst++) {
      writeBurst(this.ring);
      this.#engine.publish(this.#track);
    }
    const sent = this.packetsSent - before;
    const wanted = bursts * BURST_PACKETS * this.#viewers.length;
    if (sent !== wanted) throw new Error(`the engine sent ${sent} of ${wanted} packets`);
    return sent;
  }

  /** Those who joined are led to the head by the timer. */
  async settle(): Promise<void> {
    this.#engine.publish(this.#track);
    while (this.packetsSent < this.#viewers.length * BURST_PACKETS) {
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    }
  }

  close(): void {
    this.#engine.close();
  }
}

function addressOf(index: number): PeerAddress {
  const address = addresses[index % Math.max(1, addresses.length)];
  if (address === undefined) throw new Error('not open');
  return address;
}

const engines = new Map<string, EngineUnderTest>();

async function engineOf(params: z.infer<typeof runSchema>): Promise<EngineUnderTest> {
  const { profile, viewers, hasNetwork } = params;
  const key = JSON.stringify([profile, viewers, hasNetwork]);
  const known = engines.get(key);
  if (known) return known;
  const engine = new EngineUnderTest(profile, viewers, hasNetwork ? socket : nowhere);
  engines.set(key, engine);
  await engine.settle();
  return engine;
}

async function run(params: unknown): Promise<RunResult> {
  const options = runSchema.parse(params);
  const engine = await engineOf(options);
  const nanoseconds = await nanosecondsPerPacket(() => engine.play(options.bursts));
  const heapBefore = getHeapStatistics().total_allocated_bytes;
  const packets = engine.play(1);
  const heapBytes = (getHeapStatistics().total_allocated_bytes - heapBefore) / packets;
  return { nanoseconds, heapBytes, externalBytes: externalBytes(engine) };
}

/** Of one burst, small enough that no collection falls into it. */
function externalBytes(engine: EngineUnderTest): number {
  globalThis.gc?.();
  const before = process.memoryUsage().arrayBuffers;
  const packets = engine.play(1);
  return (process.memoryUsage().arrayBuffers - before) / packets;
}

/** Packets through a plain socket of node:dgram, and nothing else. */
function bareSend(params: unknown): Promise<number> {
  const { packets } = countSchema.parse(params);
  const bytes = Buffer.alloc(12 + PAYLOAD_BYTES + 10, 0x5a);
  return nanosecondsPerPacket(() => {
    for (let i = 0; i < packets; i++) {
      const { port, address } = addressOf(i);
      bare.send(bytes, port, address);
    }
    return packets;
  });
}

const bare = createSocket({
  type: 'udp4',
  lookup: (address, options, callback) => {
    callback(null, address, typeof options === 'number' ? options : 4);
  },
}).bind(0, '127.0.0.1');

/** GCM the way that Node offers it: a cipher for each packet. */
function gcmPerPacket(params: unknown): Promise<number> {
  const { packets } = countSchema.parse(params);
  const key = randomBytes(16);
  const nonce = randomBytes(12);
  const header = randomBytes(12);
  const payload = Buffer.alloc(PAYLOAD_BYTES, 0x5a);
  return nanosecondsPerPacket(() => {
    for (let i = 0; i < packets; i++) {
      nonce.writeUInt32BE(i, 8);
      const cipher = createCipheriv('aes-128-gcm', key, nonce);
      cipher.setAAD(header);
      cipher.update(payload);
      cipher.final();
      cipher.getAuthTag();
    }
    return packets;
  });
}

answerCalls({ open, run, bareSend, gcmPerPacket }, async () => {
  for (const engine of engines.values()) engine.close();
  bare.close();
  await socket.close();
});
