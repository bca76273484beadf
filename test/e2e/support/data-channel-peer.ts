// A peer of ours that offers a data channel, and an aiortc that answers.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { z } from 'zod';
import { systemClock } from '../../../core/base/clock.ts';
import type { DataChannel, DataChannelWish } from '../../../core/webrtc/client/data-channel.ts';
import type { OfferingPeer } from '../../../core/webrtc/client/offering-peer.ts';
import { receivingSections } from '../../../core/webrtc/client/receiving-sections.ts';
import { WebRtcClients } from '../../../core/webrtc/client/webrtc-clients.ts';
import { ChildProgram } from './child-program.ts';

const PYTHON = '/usr/bin/python3';
const SCRIPT = join(dirnameOfTests(), 'clients', 'aiortc_data_channel.py');
const TIMEOUT_MS = 20_000;

const eventSchema = z.looseObject({ event: z.string() });

/** One line of the answering side. */
export type AnswererEvent = z.infer<typeof eventSchema>;

/** How the other end behaves. */
export interface AnswererOptions {
  readonly mode: 'echo' | 'h265';
  /** Its role of DTLS. */
  readonly role: 'client' | 'server';
  readonly isRefusing?: boolean;
}

/** The answering side, a process of its own. */
export class DataChannelAnswerer implements AsyncDisposable {
  readonly program: ChildProgram;

  constructor({ mode, role, isRefusing = false }: AnswererOptions) {
    const refuse = isRefusing ? ['--refuse'] : [];
    this.program = new ChildProgram({
      name: 'aiortc_data_channel',
      command: PYTHON,
      args: [SCRIPT, mode, '--role', role, ...refuse],
      hasInput: true,
    });
  }

  get events(): readonly AnswererEvent[] {
    const lines = this.program.stdout.split('\n').slice(0, -1);
    return lines.map((line) => eventSchema.parse(JSON.parse(line)));
  }

  /** Waits for the first event of this name. */
  waitFor(name: string): Promise<AnswererEvent> {
    return this.program.waitForOutput(
      () => this.events.find(({ event }) => event === name),
      TIMEOUT_MS,
    );
  }

  async answer(offer: string): Promise<string> {
    this.program.stdin.write(`${JSON.stringify({ sdp: offer })}\n`);
    const { sdp } = await this.waitFor('answer');
    return z.string().parse(sdp);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.program.stdin.end('\n');
    await this.program.exited;
  }
}

/** Makes peers on the loopback address. */
export function loopbackClients(): WebRtcClients {
  return new WebRtcClients(
    { clock: systemClock },
    {
      addresses: () => ({
        ...{ ipsFromInterfaces: false, interfacesList: [] },
        additionalHosts: ['127.0.0.1'],
      }),
      requestTimeoutMs: () => TIMEOUT_MS,
    },
  );
}

/** A peer with this wish. */
export function offeringPeer(
  clients: WebRtcClients,
  dataChannel?: DataChannelWish,
): Promise<OfferingPeer> {
  return clients.createPeer({
    ...{ sections: receivingSections, iceServers: [], stunTimeoutMs: 1000 },
    ...{ connectTimeoutMs: TIMEOUT_MS, silenceTimeoutMs: TIMEOUT_MS },
    ...(dataChannel && { dataChannel }),
  });
}

/** Our end of a channel: everything that came, and waits for it. */
export class ChannelUser {
  readonly messages: (string | Uint8Array)[] = [];
  readonly events: string[] = [];
  readonly wish: DataChannelWish = {
    label: 'reliable',
    onOpen: (channel) => {
      this.#channel = channel;
      this.#note('open');
    },
    onMessage: (message) => {
      this.messages.push(message);
      this.#look();
    },
    onClose: (reason) => this.#note(`close: ${reason}`),
    onRefused: (reason) => this.#note(`refused: ${reason}`),
  };
  #channel: DataChannel | undefined;
  #look: () => void = () => undefined;

  get channel(): DataChannel {
    return this.#channel ?? assert.fail('the channel is not open');
  }

  /** Waits until `isThere`; fails after 20 s. */
  async until(isThere: () => boolean, what: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const fail = (): void => {
      reject(new Error(`no ${what}; ${this.events.join(', ')}; ${this.messages.length} messages`));
    };
    const timer = setTimeout(fail, TIMEOUT_MS);
    this.#look = () => {
      if (isThere()) resolve(undefined);
    };
    this.#look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #note(event: string): void {
    this.events.push(event);
    this.#look();
  }
}

function dirnameOfTests(): string {
  return join(import.meta.dirname, '..');
}
