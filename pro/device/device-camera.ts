// Takes a picture from a capture device itself, which costs us no decoder.
import type { Logger } from '../../core/base/logger.ts';
import { toMediaError } from '../../core/base/media-error.ts';
import type { PinnedHttpClient } from '../../core/http/pinned-http-client.ts';
import { parseDeviceAddress, parseSourceUrl, type DeviceTarget } from './device-target.ts';

/** What it works with; the client's `maxResponseBytes` bounds the picture. */
export interface DeviceCameraComponents {
  readonly client: Pick<PinnedHttpClient, 'request'>;
  readonly logger: Logger;
}

const DEFAULT_TIMEOUT_MS = 1500;
const JPEG_START = Buffer.from([0xff, 0xd8, 0xff]);
const STREAM_NAME = /^[\w.-]{1,64}$/u;

/**
 * Main streams (source path ends with `/0`, or `v=0`) are pictures at `/1.jpg`. For others the
 * device is told to take one (`enc.getJPG`), which then is at `/snap/<stream>.jpg`.
 */
export class DeviceCamera {
  readonly #components: DeviceCameraComponents;
  readonly #timeoutMs: number;

  constructor(components: DeviceCameraComponents, options: { readonly timeoutMs?: number } = {}) {
    this.#components = components;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  /** A JPEG, or undefined when the device gives none; never rejects but for the reason of `signal`. */
  async grab(
    target: Pick<DeviceTarget, 'name' | 'address' | 'sourceUrl'>,
    signal?: AbortSignal,
  ): Promise<Buffer | undefined> {
    try {
      return await this.#grab(target, signal);
    } catch (thrown) {
      signal?.throwIfAborted();
      const { message } = toMediaError(thrown);
      this.#components.logger.debug(`no picture from the device of '${target.name}': ${message}`);
      return undefined;
    }
  }

  async #grab(
    { address, sourceUrl }: Pick<DeviceTarget, 'address' | 'sourceUrl'>,
    signal: AbortSignal | undefined,
  ): Promise<Buffer | undefined> {
    const base = `http://${parseDeviceAddress(address).authority}`;
    const stream = streamOf(sourceUrl);
    if (stream === undefined) return undefined;
    const common = { timeoutMs: this.#timeoutMs, ...(signal ? { signal } : {}) };
    const { client } = this.#components;
    if (stream === '0') return pictureOf(await client.request({ ...common, url: `${base}/1.jpg` }));
    const order = { jsonrpc: '2.0', method: 'enc.getJPG', params: [stream], id: 1 };
    await client.request({
      ...{ ...common, url: `${base}/RPC`, method: 'POST', body: JSON.stringify(order) },
      headers: { 'Content-Type': 'application/json' },
    });
    return pictureOf(await client.request({ ...common, url: `${base}/snap/${stream}.jpg` }));
  }
}

/** `0` is the main stream; undefined when the URL names none. */
function streamOf(sourceUrl: string): string | undefined {
  const source = parseSourceUrl(sourceUrl);
  const name = source?.query.get('v') ?? source?.path.split('/').at(-1) ?? '';
  return STREAM_NAME.test(name) && !/^\.+$/u.test(name) ? name : undefined;
}

function pictureOf({
  status,
  body,
}: {
  readonly status: number;
  readonly body: Buffer;
}): Buffer | undefined {
  const isJpeg = body.subarray(0, JPEG_START.length).equals(JPEG_START);
  return status === 200 && isJpeg ? body : undefined;
}
