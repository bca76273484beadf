// Asks a capture device whether it works and sees a signal.
import { connect } from 'node:net';
import { z } from 'zod';
import type { Clock } from '../../core/base/clock.ts';
import { toMediaError } from '../../core/base/media-error.ts';
import type { PinnedDestination } from '../../core/http/pin-destination.ts';
import type { PinnedHttpClient } from '../../core/http/pinned-http-client.ts';
import { parseDeviceAddress, parseSourceUrl, type DeviceTarget } from './device-target.ts';

/** What a probe works with. */
export interface DeviceProbeComponents {
  readonly clock: Clock;
  readonly client: Pick<PinnedHttpClient, 'request'>;
  /** Resolves and checks where a TCP connection goes. */
  readonly pin: (destination: {
    readonly host: string;
    readonly port: number;
  }) => Promise<PinnedDestination>;
}

/** What a probe saw. */
export interface ProbeResult {
  readonly isAvailable: boolean;
  /** From the question to the result. */
  readonly latencyMs: number;
  /** For people, without credentials. */
  readonly reason: string;
}

interface Finding {
  readonly isAvailable: boolean;
  readonly reason: string;
}

const DEFAULT_TIMEOUT_MS = 1500;
const INPUT_QUESTION = JSON.stringify({ id: 1, jsonrpc: '2.0', method: 'enc.getInputState' });
const VIDEO_INPUT = /^(?:HDMI|SDI)/iu;
const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  ...{ rtsp: 554, rtsps: 322, rtmp: 1935, rtmps: 1936, https: 443 },
};

/** Devices spell it "avalible"; both spellings are read. */
const inputStates = z.object({
  result: z
    .array(
      z.object({
        name: z.string().max(200),
        avalible: z.boolean().optional(),
        available: z.boolean().optional(),
      }),
    )
    .max(256),
});

/** Probes by kind: `rpc` counts HDMI and SDI inputs with a signal, `http` and `tcp` want an answer. */
export class DeviceProbe {
  readonly #components: DeviceProbeComponents;
  readonly #timeoutMs: number;

  constructor(components: DeviceProbeComponents, options: { readonly timeoutMs?: number } = {}) {
    this.#components = components;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  /** Never rejects: a device that can't be asked is not available. */
  async probe(target: DeviceTarget, signal?: AbortSignal): Promise<ProbeResult> {
    const { clock } = this.#components;
    const startMs = clock.monotonicMs();
    const finding = await this.#find(target, signal).catch((thrown: unknown) => ({
      isAvailable: false,
      reason: toMediaError(thrown).message,
    }));
    return { ...finding, latencyMs: Math.round(clock.monotonicMs() - startMs) };
  }

  #find(target: DeviceTarget, signal: AbortSignal | undefined): Promise<Finding> {
    switch (target.probe) {
      case 'rpc':
        return this.#askInputs(target, signal);
      case 'http':
        return this.#askHttp(target, signal);
      case 'tcp':
        return this.#connect(target, signal);
      case 'none':
        return Promise.resolve({ isAvailable: true, reason: 'not probed' });
    }
  }

  async #askInputs(target: DeviceTarget, signal: AbortSignal | undefined): Promise<Finding> {
    const { authority } = parseDeviceAddress(target.address);
    const { status, body } = await this.#components.client.request({
      ...{ url: `http://${authority}/RPC`, method: 'POST', body: INPUT_QUESTION },
      headers: { 'Content-Type': 'application/json' },
      ...{ timeoutMs: this.#timeoutMs, ...(signal ? { signal } : {}) },
    });
    if (status !== 200) return { isAvailable: false, reason: `RPC answers ${status}` };
    const states = inputStates.safeParse(parseJson(body));
    if (!states.success) return { isAvailable: false, reason: 'RPC answer is not understood' };
    const inputs = states.data.result.filter(({ name }) => VIDEO_INPUT.test(name));
    const active = inputs.filter((input) => input.avalible ?? input.available ?? false).length;
    return {
      isAvailable: active > 0,
      reason: `${active} of ${inputs.length} inputs have a signal`,
    };
  }

  async #askHttp(target: DeviceTarget, signal: AbortSignal | undefined): Promise<Finding> {
    const { authority } = parseDeviceAddress(target.address);
    const { status } = await this.#components.client.request({
      ...{ url: `http://${authority}/`, timeoutMs: this.#timeoutMs, ...(signal ? { signal } : {}) },
    });
    return { isAvailable: status < 500, reason: `HTTP answers ${status}` };
  }

  async #connect(target: DeviceTarget, signal: AbortSignal | undefined): Promise<Finding> {
    const { host, port } = parseDeviceAddress(target.address);
    const destination = { host, port: port ?? portOf(target.sourceUrl) };
    const { clock, pin } = this.#components;
    const timeout = Promise.withResolvers<Finding>();
    const stop = new AbortController();
    const timer = clock.after(this.#timeoutMs, () => {
      timeout.resolve({ isAvailable: false, reason: `no connection in ${this.#timeoutMs} ms` });
    });
    const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    try {
      const work = pin(destination).then((pinned) => tryConnect(pinned, either));
      return await Promise.race([work, timeout.promise]);
    } finally {
      timer.cancel();
      stop.abort();
    }
  }
}

function tryConnect(
  { host, port, lookup }: PinnedDestination,
  signal: AbortSignal,
): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, lookup });
    const end = (isAvailable: boolean, reason: string): void => {
      socket.destroy();
      resolve({ isAvailable, reason });
    };
    socket.once('connect', () => end(true, 'connected'));
    socket.once('close', () => end(false, 'closed'));
    socket.on('error', (failure: NodeJS.ErrnoException) => {
      end(false, `connection failed: ${failure.code ?? failure.message}; port ${port}`);
    });
    if (signal.aborted) socket.destroy();
    else signal.addEventListener('abort', () => socket.destroy(), { once: true });
  });
}

function portOf(sourceUrl: string): number {
  const source = parseSourceUrl(sourceUrl);
  return source?.port ?? DEFAULT_PORTS[source?.scheme ?? ''] ?? 80;
}

function parseJson(body: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return value;
  } catch {
    return undefined;
  }
}
