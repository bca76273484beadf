// One server with a canary in every field: what it said, and the moves of its clients.
import { AccessToken } from 'livekit-server-sdk';
import { Canaries } from './canaries.ts';
import { API_USER, APP_ID, canaryConfig, type CanaryNeighbors } from './canary-config.ts';
import { EventTap } from './event-tap.ts';
import { findFreePorts } from './free-ports.ts';
import { listFamily } from './process-list.ts';
import { ServerProcess } from './server-process.ts';

/** Something that others can read. */
export interface Utterance {
  readonly where: string;
  readonly text: string;
}

/** A running server. Whoever starts it stops it. */
export class CanaryScene implements AsyncDisposable {
  readonly canaries = new Canaries();
  readonly said: Utterance[] = [];
  readonly server: ServerProcess;
  readonly jwt: string;
  readonly tap: EventTap;
  readonly #go2rtcPort: number;
  readonly #family = new Set<string>();
  readonly #sampler: NodeJS.Timeout;

  private constructor(parts: {
    readonly server: ServerProcess;
    readonly jwt: string;
    readonly tap: EventTap;
    readonly go2rtcPort: number;
  }) {
    this.server = parts.server;
    this.jwt = parts.jwt;
    this.tap = parts.tap;
    this.#go2rtcPort = parts.go2rtcPort;
    this.#sampler = setInterval(() => {
      for (const { text } of listFamily(this.server.pid ?? 0)) this.#family.add(text);
    }, 25);
  }

  static async start(neighbors: Omit<CanaryNeighbors, 'go2rtcPort'>): Promise<CanaryScene> {
    const canaries = new Canaries();
    const go2rtcPort = await findFreePorts(1);
    const server = await ServerProcess.start(canaryConfig(canaries, { ...neighbors, go2rtcPort }));
    const jwt = await new AccessToken(APP_ID, canaries.of('appsecret')).toJwt();
    const tap = await EventTap.open(`${server.apiUrl('/ws')}?since=latest&access_token=${jwt}`);
    const scene = new CanaryScene({ server, jwt, tap, go2rtcPort });
    for (const field of canaries.fields) scene.canaries.of(field);
    return scene;
  }

  /** Basic authentication of the user of mediamtx.yml. */
  get basic(): string {
    return basicOf(API_USER, this.canaries.of('authInternalUsers[].pass'));
  }

  /** Calls the API with the token, keeps the answer, returns its status and JSON. */
  async api(method: string, path: string, body?: unknown): Promise<unknown> {
    const headers = { Authorization: `Bearer ${this.jwt}`, 'Content-Type': 'application/json' };
    const text = await this.call(this.server.apiUrl(path), {
      ...{ method, headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json: unknown = text.startsWith('{') ? JSON.parse(text) : undefined;
    return json;
  }

  /** The body of any answer, which is kept with its headers. */
  async call(url: string, init: RequestInit = {}): Promise<string> {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) });
    const text = await response.text();
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    const { pathname } = new URL(url);
    const where = `${init.method ?? 'GET'} ${pathname}: ${response.status}`;
    this.said.push({ where, text: `${headers}\n\n${text}` });
    return text;
  }

  go2rtc(path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    return this.call(`http://127.0.0.1:${this.#go2rtcPort}${path}`, { headers });
  }

  /** Everything that must hold no secret. */
  utterances(): readonly Utterance[] {
    return [
      ...this.said,
      { where: 'log', text: this.server.log },
      ...this.tap.events.map(({ text }) => ({ where: 'event', text })),
      ...[...this.#family].map((text) => ({ where: 'process list', text })),
    ];
  }

  /** `<where>: <field>` of every secret that was told, with the text around. */
  leaks(isAllowed: (where: string, field: string) => boolean): readonly string[] {
    return this.utterances().flatMap(({ where, text }) => {
      const lines = text.split('\n');
      return this.canaries
        .foundIn(text)
        .filter((field) => !isAllowed(where, field))
        .map((field) => {
          const value = this.canaries.of(field);
          return `${where}: ${field}: ${lines.find((line) => line.includes(value)) ?? 'in base64'}`;
        });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sampler);
    await this.tap[Symbol.asyncDispose]();
    await this.server.stop();
  }
}

/** The value of an Authorization header. */
export function basicOf(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
