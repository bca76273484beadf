// What a packet to a viewer costs: the egress engine against werift, a bare socket and itself.
import { z } from 'zod';
import { BenchChild } from './support/bench-child.ts';
import { formatSection, quantile, type BenchRow } from './support/bench-report.ts';
import { BURST_PACKETS } from './support/bench-media.ts';

const VIEWERS = 100;
const MANY_VIEWERS = 1000;
const REPETITIONS = 7;
/** Bursts that come first and are not measured: the compiler has to see the code. */
const WARM_UP = 20;
const BURSTS = 60;
const WERIFT_BURSTS = 12;
const SINGLE_PACKETS = 60_000;

const runSchema = z.object({
  nanoseconds: z.number(),
  heapBytes: z.number(),
  externalBytes: z.number(),
});
const textsSchema = z.array(z.string());

type Run = z.infer<typeof runSchema>;

function program(name: string): BenchChild {
  const url = new URL(`./support/${name}-program.ts`, import.meta.url);
  return new BenchChild(url, { nodeArgs: ['--expose-gc'] });
}

/** Real peer connections to a process that then goes to sleep. */
async function connectWerift(sender: BenchChild, peers: BenchChild): Promise<void> {
  const offers = textsSchema.parse(await sender.call('offer', { count: VIEWERS }));
  const answers = textsSchema.parse(await peers.call('answer', { offers }));
  await sender.call('accept', { answers });
  await peers.call('connected');
  await peers.call('sleep');
}

class Engine {
  readonly #child: BenchChild;

  constructor(child: BenchChild) {
    this.#child = child;
  }

  async run(options: {
    profile: 1 | 7;
    viewers: number;
    bursts: number;
    hasNetwork?: boolean;
  }): Promise<Run> {
    const result = await this.#child.call('run', { hasNetwork: true, ...options });
    return runSchema.parse(result);
  }

  async number(method: string): Promise<number> {
    return z.number().parse(await this.#child.call(method, { packets: SINGLE_PACKETS }));
  }
}

/** Every series of one run, interleaved: what disturbs the machine disturbs all of them. */
async function measure(engine: Engine, werift: BenchChild): Promise<Map<string, number[]>> {
  const series = new Map<string, number[]>();
  const note = (name: string, value: number): void => {
    series.set(name, [...(series.get(name) ?? []), value]);
  };
  for (let repetition = -1; repetition < REPETITIONS; repetition++) {
    const isWarmUp = repetition < 0;
    const bursts = isWarmUp ? WARM_UP : BURSTS;
    const cm = await engine.run({ profile: 1, viewers: VIEWERS, bursts });
    const weriftBursts = { bursts: WERIFT_BURSTS, packetsPerBurst: BURST_PACKETS };
    const weriftNs = z.number().parse(await werift.call('run', weriftBursts));
    const gcm = await engine.run({ profile: 7, viewers: VIEWERS, bursts });
    const many = await engine.run({ profile: 1, viewers: MANY_VIEWERS, bursts: bursts / 10 });
    const cmAlone = await engine.run({ profile: 1, viewers: VIEWERS, bursts, hasNetwork: false });
    const gcmAlone = await engine.run({ profile: 7, viewers: VIEWERS, bursts, hasNetwork: false });
    const bareNs = await engine.number('bareSend');
    const cipherNs = await engine.number('gcmPerPacket');
    console.error(
      `cm ${cm.nanoseconds.toFixed(0)} gcm ${gcm.nanoseconds.toFixed(0)} werift ${weriftNs.toFixed(0)} ` +
        `many ${many.nanoseconds.toFixed(0)} bare ${bareNs.toFixed(0)} ` +
        `alone ${cmAlone.nanoseconds.toFixed(0)} ${gcmAlone.nanoseconds.toFixed(0)} ${cipherNs.toFixed(0)}`,
    );
    if (isWarmUp) continue;
    note('cm', cm.nanoseconds);
    note('gcm', gcm.nanoseconds);
    note('werift', weriftNs);
    note('many', many.nanoseconds);
    note('cmAlone', cmAlone.nanoseconds);
    note('gcmAlone', gcmAlone.nanoseconds);
    note('bare', bareNs);
    note('cipher', cipherNs);
    note('heap', cm.heapBytes);
    note('external', cm.externalBytes);
  }
  return series;
}

function rowsOf(series: Map<string, number[]>): BenchRow[] {
  const median = (name: string): number => quantile(series.get(name) ?? [], 0.5);
  const ns = (what: string, name: string): BenchRow => ({
    ...{ what, value: median(name), unit: 'ns', digits: 0 },
  });
  const ratio = (what: string, above: string, below: string): BenchRow => ({
    ...{ what, value: median(above) / median(below), unit: '×', digits: 2 },
  });
  return [
    {
      ...ratio('packets/s: engine ÷ werift', 'werift', 'cm'),
      target: { kind: 'at-least', value: 3 },
    },
    {
      ...ratio('1000 viewers ÷ 100 viewers', 'many', 'cm'),
      target: { kind: 'at-most', value: 1.35 },
    },
    {
      ...{ what: 'bytes allocated per packet', unit: 'bytes', digits: 0 },
      value: median('heap') + median('external'),
      target: { kind: 'at-most', value: 2048 },
    },
    ratio('engine ÷ a bare `dgram.send`', 'cm', 'bare'),
    ratio('engine without network ÷ a GCM cipher per packet', 'cmAlone', 'cipher'),
    ns('engine, profile 1 (AES-CM and HMAC-SHA1)', 'cm'),
    ns('engine, profile 7 (AES-GCM)', 'gcm'),
    ns('engine, profile 1, 1000 viewers', 'many'),
    ns('engine without network, profile 1', 'cmAlone'),
    ns('engine without network, profile 7', 'gcmAlone'),
    ns('werift `writeRtp`, ES module (AES-GCM)', 'werift'),
    ns('bare `dgram.send`', 'bare'),
    ns('`createCipheriv` AES-GCM per packet', 'cipher'),
    {
      what: 'of the allocated bytes, array buffers',
      value: median('external'),
      unit: 'bytes',
      digits: 0,
    },
  ];
}

await using sinks = program('udp-sinks');
await using engineChild = program('egress');
await using werift = program('werift-sender');
await using peers = program('werift-peers');
const ports = z.array(z.number()).parse(await sinks.call('bind', { count: MANY_VIEWERS }));
await engineChild.call('open', { udpAddress: ':0', ports });
await connectWerift(werift, peers);
const series = await measure(new Engine(engineChild), werift);
console.log(
  formatSection({
    title: 'Packets to WebRTC viewers',
    method: [
      `Bursts of ${BURST_PACKETS} packets of 1200 bytes to ${VIEWERS} viewers; processor time of the ` +
        `sending process per packet and viewer, median of ${REPETITIONS} rounds that take turns.`,
      'The engine sends through the server’s media socket to bound sockets that nobody reads; werift ' +
        'through 100 connected peer connections (ICE and DTLS done) to a process that sleeps: the ' +
        'kernel drops, and no send wakes anybody. Senders and receivers have a processor each.',
    ],
    rows: rowsOf(series),
  }),
);
