// The control plane of Kinesis Video Streams for every region that the configuration names.
import type { Clock } from '../../core/base/clock.ts';
import { AwsClient } from '../aws/aws-client.ts';
import { AwsCredentialChain } from '../aws/aws-credential-chain.ts';
import { awsEndpoint } from '../aws/aws-endpoint.ts';
import { KinesisChannels } from '../aws/kinesis-channels.ts';
import { KinesisStreams } from '../aws/kinesis-streams.ts';
import type { KvsConfig } from '../config/kvs-section.ts';

/** What a region offers. */
interface RegionServices {
  readonly channels: KinesisChannels;
  readonly streams: KinesisStreams;
}

/** Who we are at AWS. */
export interface KvsServicesOptions {
  readonly kvs: KvsConfig;
  /** The environment of the process: AWS_*. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** URLs of mediamtx.yml may name endpoints without end. */
const MAX_REGIONS = 100;

/** One credential chain, and one client per region and endpoint, made when it is first asked for. */
export class KvsServices {
  readonly #clock: Clock;
  readonly #options: KvsServicesOptions;
  readonly #credentials: AwsCredentialChain;
  readonly #regions = new Map<string, RegionServices>();

  constructor(clock: Clock, options: KvsServicesOptions) {
    this.#clock = clock;
    this.#options = options;
    const { kvs, environment } = options;
    this.#credentials = new AwsCredentialChain({ clock }, { configured: kvs, environment });
  }

  /** @throws MediaError invalid-argument for a region or endpoint that is none. */
  readonly channels = (region: string, endpoint?: string): KinesisChannels =>
    this.#of(region, endpoint).channels;

  /** @throws MediaError invalid-argument for a region or endpoint that is none. */
  readonly streams = (region: string, endpoint?: string): KinesisStreams =>
    this.#of(region, endpoint).streams;

  /** Looks for keys. @throws MediaError `aws-credentials-missing`, `aws-credentials-failed`. */
  async findCredentials(signal: AbortSignal): Promise<void> {
    await this.#credentials.get(signal);
  }

  #of(region: string, endpoint: string | undefined): RegionServices {
    const key = `${region} ${endpoint ?? ''}`;
    const known = this.#regions.get(key);
    if (known) return known;
    const { kvs, environment } = this.#options;
    const where = awsEndpoint({ region, endpoint: endpoint ?? kvs.endpoint, environment });
    const clock = this.#clock;
    const components = { clock, credentials: this.#credentials, random: Math.random };
    const client = new AwsClient(components, where);
    const services = {
      channels: new KinesisChannels(client),
      streams: new KinesisStreams({ clock, client }, { createIfMissing: kvs.isCreating }),
    };
    const [oldest] = this.#regions.keys();
    if (this.#regions.size >= MAX_REGIONS && oldest !== undefined) this.#regions.delete(oldest);
    this.#regions.set(key, services);
    return services;
  }
}
