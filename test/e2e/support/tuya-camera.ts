// A Tuya camera of another stack (aiortc and paho), in a process of its own.
import { join } from 'node:path';
import { z } from 'zod';
import { ChildProgram } from './child-program.ts';
import type { MosquittoBroker } from './mosquitto-broker.ts';

/** Which camera, by which login; `quirks` are arguments of tuya-device.py. */
export interface TuyaCameraOptions {
  readonly broker: MosquittoBroker;
  readonly deviceId: string;
  readonly password: string;
  readonly auth: string;
  readonly motoId: string;
  readonly quirks?: readonly string[];
}

const eventSchema = z.looseObject({ event: z.string() });

/** Something that the camera told. */
export type TuyaCameraEvent = z.infer<typeof eventSchema>;

const START_TIMEOUT_MS = 15_000;

/** A running camera. Whoever starts it stops it, best with `await using`. */
export class TuyaCamera implements AsyncDisposable {
  readonly #program: ChildProgram;

  private constructor(program: ChildProgram) {
    this.#program = program;
  }

  /** Resolves when the camera listens on its topic. */
  static async start(options: TuyaCameraOptions): Promise<TuyaCamera> {
    const { broker, deviceId, password, auth, motoId, quirks = [] } = options;
    const camera = new TuyaCamera(
      new ChildProgram({
        name: 'tuya-device',
        // Debian's interpreter: another python3 further ahead in PATH does not see Debian's modules.
        command: '/usr/bin/python3',
        args: [
          ...[join(import.meta.dirname, 'tuya-device.py'), '--port', String(broker.port)],
          ...['--ca', broker.caFile, '--username', deviceId, '--password', password],
          ...['--device-id', deviceId, '--moto-id', motoId, '--auth', auth, ...quirks],
        ],
      }),
    );
    try {
      await camera.waitFor(({ event }) => event === 'ready', START_TIMEOUT_MS);
    } catch (error) {
      await camera.stop();
      throw error;
    }
    return camera;
  }

  get events(): readonly TuyaCameraEvent[] {
    const lines = this.#program.stdout.split('\n').slice(0, -1);
    return lines.map((line) => eventSchema.parse(JSON.parse(line)));
  }

  /** Resolves with the first event that `isWanted` accepts, of those behind the first `skip`. */
  waitFor(
    isWanted: (event: TuyaCameraEvent) => boolean,
    timeoutMs: number,
    skip = 0,
  ): Promise<TuyaCameraEvent> {
    return this.#program.waitForOutput(() => this.events.slice(skip).find(isWanted), timeoutMs);
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
