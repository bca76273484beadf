// Two SCTP associations, and a network between them that a test turns by hand.
import assert from 'node:assert/strict';
import { SctpAssociation } from '../../../../core/webrtc/client/sctp-association.ts';
import {
  parseSctpPacket,
  sctpChunkType,
  writeSctpPacket,
  type SctpChunk,
} from '../../../../core/webrtc/client/sctp-packet.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

type Side = 'a' | 'b';

interface Packet {
  readonly to: Side;
  readonly bytes: Uint8Array;
}

/** Two ends and what is between them. */
export class SctpNetwork {
  readonly clock = new FakeClock();
  readonly log: string[] = [];
  readonly messages: Record<Side, Uint8Array[]> = { a: [], b: [] };
  readonly queue: Packet[] = [];
  /** Every packet that was sent, lost or not. */
  readonly seen: Packet[] = [];
  isLost: (packet: Packet, index: number) => boolean = () => false;
  /** Which of the waiting packets comes next. */
  pick: (count: number) => number = () => 0;
  readonly a = this.#create('a', 'b');
  readonly b = this.#create('b', 'a');

  /** Delivers until nothing is on its way. */
  settle(maxPackets = 20_000): void {
    for (let count = 0; this.queue.length > 0; count++) {
      assert.ok(count < maxPackets, 'the two ends never come to rest');
      const [packet] = this.queue.splice(this.pick(this.queue.length), 1);
      if (packet) this[packet.to].receive(packet.bytes);
    }
  }

  /** Lets time pass in steps, so that timers and deliveries alternate. */
  run(ms: number, stepMs = 50): void {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.settle();
      this.clock.advance(stepMs);
    }
    this.settle();
  }

  connect(): void {
    this.a.start();
    this.settle();
    assert.ok(this.a.isEstablished && this.b.isEstablished);
  }

  #create(side: Side, other: Side): SctpAssociation {
    return new SctpAssociation(
      {
        clock: this.clock,
        send: (bytes) => {
          const packet = { to: other, bytes };
          this.seen.push(packet);
          if (!this.isLost(packet, this.seen.length - 1)) this.queue.push(packet);
        },
        onConnected: () => this.log.push(`${side} connected`),
        onMessage: (_stream, _protocol, bytes) => this.messages[side].push(bytes),
        onStreamReset: (streamId) => this.log.push(`${side} reset ${streamId}`),
        onClosed: (reason) => this.log.push(`${side} closed: ${reason}`),
      },
      { localPort: 5000, remotePort: 5000 },
    );
  }
}

/** The chunks of one type that were sent to a side. */
export function chunksTo(network: SctpNetwork, side: Side, type: number): SctpChunk[] {
  return network.seen
    .filter(({ to }) => to === side)
    .flatMap(({ bytes }) => parseSctpPacket(bytes)?.chunks ?? [])
    .filter((chunk) => chunk.type === type);
}

/** Gives `a` chunks as if `b` had sent them. */
export function inject(network: SctpNetwork, chunks: readonly SctpChunk[]): void {
  const verificationTag = tagOf(network, 'a');
  network.a.receive(
    writeSctpPacket({ sourcePort: 5000, destinationPort: 5000, verificationTag }, chunks),
  );
}

const TAGS = new WeakMap<SctpNetwork, Record<Side, { tag: number; tsn: number }>>();

/** Verification tag of a side. */
export function tagOf(network: SctpNetwork, side: Side): number {
  return startsOf(network)[side].tag;
}

/** Number of the first chunk that a side sends. */
export function firstTsnOf(network: SctpNetwork, side: Side): number {
  return startsOf(network)[side].tsn;
}

function startsOf(network: SctpNetwork): Record<Side, { tag: number; tsn: number }> {
  const known = TAGS.get(network);
  if (known) return known;
  const [init] = chunksTo(network, 'b', sctpChunkType.init);
  const [initAck] = chunksTo(network, 'a', sctpChunkType.initAck);
  const read = (chunk: SctpChunk | undefined): { tag: number; tsn: number } => {
    assert.ok(chunk);
    const view = new DataView(chunk.value.buffer, chunk.value.byteOffset);
    return { tag: view.getUint32(0), tsn: view.getUint32(12) };
  };
  const starts = { a: read(init), b: read(initAck) };
  TAGS.set(network, starts);
  return starts;
}
