// Wakes cameras that sleep on battery, and waits until they say that they are awake.
import { z } from 'zod';
import type { Clock } from '../../../core/base/clock.ts';
import { untilAborted } from './abortable.ts';
import type { MqttLink } from './mqtt-link.ts';

/** Whom to wake, by which four bytes. */
export interface WakeCall {
  readonly deviceId: string;
  readonly bytes: Uint8Array;
  readonly signal: AbortSignal;
}

/** Longest wait; after it the device is called anyway. */
const WAKE_MS = 5000;
const MAX_STATUS_BYTES = 65_536;
const AWAKE = '149';
const statusSchema = z.object({
  protocol: z.literal(4),
  data: z.object({ dps: z.record(z.string(), z.unknown()) }),
});

/** Knows who waits for which device. */
export class WakeWatch {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Settles when the device is awake, or after 5 s. @throws MediaError of the link, the signal's reason. */
  async wake(link: MqttLink, { deviceId, bytes, signal }: WakeCall): Promise<void> {
    const topic = statusTopic(deviceId);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const onAwake = (): void => resolve(undefined);
    const timer = this.#clock.after(WAKE_MS, onAwake);
    const waiting = this.#waiting.get(topic) ?? new Set();
    this.#waiting.set(topic, waiting.add(onAwake));
    try {
      // Not every account may read the status; the device wakes all the same.
      await untilAborted(link.subscribe(topic), signal).catch(() => undefined);
      await untilAborted(link.publish(`m/w/${deviceId}`, bytes), signal);
      await untilAborted(promise, signal);
    } finally {
      timer.cancel();
      waiting.delete(onAwake);
      if (waiting.size === 0) this.#waiting.delete(topic);
    }
  }

  /** Whether a message was the status of a device. */
  take(topic: string, bytes: Uint8Array): boolean {
    if (!topic.startsWith(statusTopic(''))) return false;
    const waiting = this.#waiting.get(topic);
    if (waiting && isAwake(bytes)) waiting.forEach((onAwake) => onAwake());
    return true;
  }
}

function statusTopic(deviceId: string): string {
  return `smart/decrypt/in/${deviceId}`;
}

function isAwake(bytes: Uint8Array): boolean {
  if (bytes.length > MAX_STATUS_BYTES) return false;
  try {
    const status = statusSchema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    return status.data?.data.dps[AWAKE] === true;
  } catch {
    return false;
  }
}
