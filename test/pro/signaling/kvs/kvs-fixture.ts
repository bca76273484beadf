// The double of the service on this machine, a clock turned by hand, and peers without a network.
import { loadConfig } from '../../../../core/config/load-config.ts';
import { WebRtcClients } from '../../../../core/webrtc/client/webrtc-clients.ts';
import { AwsClient } from '../../../../pro/aws/aws-client.ts';
import { AwsCredentialChain } from '../../../../pro/aws/aws-credential-chain.ts';
import { awsEndpoint } from '../../../../pro/aws/aws-endpoint.ts';
import { KinesisChannels } from '../../../../pro/aws/kinesis-channels.ts';
import {
  KvsSourceFactory,
  type KvsSourceOptions,
} from '../../../../pro/signaling/kvs/kvs-source.ts';
import { answerText, DtlsDouble, LinkDoubles } from '../../../core/webrtc/client/peer-doubles.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { DEFAULT_KVS_KEY, KvsDouble } from '../../../support/kvs/kvs-double.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';

export const CHANNEL = 'front-door';

/** An answer to video and audio that takes the video. */
export function masterAnswer(ufrag = 'theirs'): string {
  return (
    answerText({ isLite: false }).replace('ice-ufrag:theirs', `ice-ufrag:${ufrag}`) +
    'm=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=inactive\r\n'
  );
}

/** Waits for something that sockets of this machine bring about. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + 4000;
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Everything that clients of the channel need. */
export class KvsFixture implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly links = new LinkDoubles();
  readonly dtls = new DtlsDouble();
  /** States that sources told. */
  readonly waiting: string[] = [];
  /** How much later it is at the service. */
  serviceAheadMs = 0;
  /** What chance brings in pauses. */
  random = 0;
  readonly double: KvsDouble;
  readonly #clients: WebRtcClients;
  readonly #runs: { readonly abort: AbortController; readonly ended: Promise<unknown> }[] = [];

  private constructor(start: (clock: FakeClock) => KvsDouble) {
    this.double = start(this.clock);
    this.#clients = new WebRtcClients(
      { clock: this.clock, links: this.links, dtls: () => Promise.resolve(this.dtls) },
      {
        addresses: () => ({
          ...{ ipsFromInterfaces: false, interfacesList: [], additionalHosts: ['127.0.0.1'] },
        }),
        requestTimeoutMs: () => 10_000,
      },
    );
  }

  static async start(): Promise<KvsFixture> {
    const clock = { now: (): number => 0 };
    const double = await KvsDouble.start({
      ...{ channels: [CHANNEL], isSignalingSecure: false, now: () => clock.now() },
    });
    const fixture = new KvsFixture(() => double);
    clock.now = () => fixture.clock.nowMs() + fixture.serviceAheadMs;
    return fixture;
  }

  /** Lines of the log, levels in front. */
  get log(): string[] {
    return this.logger.lines.map(({ level, message }) => `${level} ${message}`);
  }

  channels(endpoint = this.double.endpoint): KinesisChannels {
    const { clock } = this;
    const credentials = new AwsCredentialChain(
      { clock },
      { configured: DEFAULT_KVS_KEY, environment: {} },
    );
    const { region } = this.double;
    const client = new AwsClient(
      { clock, credentials, random: () => 0 },
      awsEndpoint({ region, endpoint }),
    );
    return new KinesisChannels(client);
  }

  /** One run of a source; disposing of the fixture ends it. */
  watch(options: KvsSourceOptions & { readonly query?: string; readonly channel?: string } = {}): {
    readonly ended: Promise<unknown>;
    readonly abort: AbortController;
  } {
    const { query = '', channel = CHANNEL, ...rest } = options;
    const { clock, logger } = this;
    const source = new KvsSourceFactory(
      {
        ...{ clock, logger, clients: () => this.#clients, random: () => this.random },
        channels: () => this.channels(),
      },
      rest,
    ).create();
    const abort = new AbortController();
    const ended = source
      .run({
        ...{ pathName: 'cam', logger },
        // Peers of these tests connect, but send no media.
        config: { ...loadConfig({ text: '', env: {} }).pathDefaults, whepTrackGatherTimeout: 1e9 },
        ...{ url: `kvs://${this.double.region}/${channel}${query}`, signal: abort.signal },
        onWaiting: ({ message }) => void this.waiting.push(message),
        publish: () => {
          throw new Error('no media come in these tests');
        },
      })
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    const run = { abort, ended };
    this.#runs.push(run);
    return run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { abort } of this.#runs) abort.abort(new Error('the test is over'));
    await Promise.all(this.#runs.map(({ ended }) => ended));
    await this.double.close();
    this.#clients.close();
  }
}
