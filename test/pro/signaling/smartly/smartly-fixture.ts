// The Smartly endpoints behind a real listener, over real paths, with hands on the clock.
import type { IceServer } from '../../../../core/webrtc/ice-server-provider.ts';
import type { HttpListenerOptions } from '../../../../core/http/listener-options.ts';
import { MediaError } from '../../../../core/base/media-error.ts';
import type { PathRegistrar } from '../../../../pro/signaling/smartly/entity-directory.ts';
import { signRequest } from '../../../../pro/signaling/smartly/request-signature.ts';
import { SmartlyBridge } from '../../../../pro/signaling/smartly/smartly-bridge.ts';
import {
  defaultSmartlyOptions,
  type SmartlyEntity,
  type SmartlyOptions,
} from '../../../../pro/signaling/smartly/smartly-options.ts';
import { smartlyRoutes } from '../../../../pro/signaling/smartly/smartly-routes.ts';
import { startListener, type ListenerFixture } from '../../../core/http/listener-fixture.ts';
import { viewerOffer } from '../../../core/webrtc/sample-offers.ts';
import { H264 } from '../../../core/webrtc/sample-stream.ts';
import { ManagerFixture } from '../../../core/webrtc/manager-fixture.ts';
import { httpRequest, type TestReply } from '../../../support/http-client.ts';

export const SECRET = 'a-secret-of-at-least-32-characters';
export const CLIENT = { id: 'ha_abc123', secret: SECRET, allowedCidrs: [], entities: ['*'] };
export const TURN: IceServer = {
  url: 'turn:turn.example.com:3478',
  username: 'myuser',
  credential: 'mypassword',
};

/** What a test wants to be different. */
export interface SmartlySetup {
  readonly options?: Partial<Omit<SmartlyOptions, 'entities'>>;
  readonly entities?: Readonly<Record<string, Partial<SmartlyEntity>>>;
  readonly paths?: string;
  readonly hasWebRtc?: boolean;
  readonly registrar?: PathRegistrar;
  readonly turn?: readonly IceServer[];
  readonly pathUrl?: (pathName: string) => string | undefined;
  readonly listener?: Partial<HttpListenerOptions>;
}

/** A token request and what may be wrong about it. */
export interface TokenAttempt {
  readonly entity?: string;
  readonly clientId?: string;
  readonly secret?: string;
  readonly timestamp?: string;
  readonly nonce?: string;
  readonly body?: string;
  /** Target that is signed; by default the one that is sent. */
  readonly signedTarget?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

let lastNonce = 0;

/** One bridge and whoever calls it. */
export class SmartlyFixture implements AsyncDisposable {
  readonly core: ManagerFixture;
  readonly bridge: SmartlyBridge;
  readonly #listener: ListenerFixture;

  private constructor(core: ManagerFixture, bridge: SmartlyBridge, listener: ListenerFixture) {
    this.core = core;
    this.bridge = bridge;
    this.#listener = listener;
  }

  static async start(setup: SmartlySetup = {}): Promise<SmartlyFixture> {
    const core = new ManagerFixture(setup.paths ?? '{ front_door: {}, back_door: {} }');
    const { clock, logger, manager, pathManager } = core;
    const bridge = new SmartlyBridge(
      {
        ...{ clock, logger, paths: pathManager },
        ...(setup.hasWebRtc === false ? {} : { manager }),
        turnServers: () => Promise.resolve(setup.turn ?? []),
        ...(setup.registrar ? { registrar: setup.registrar } : {}),
        ...(setup.pathUrl ? { pathUrl: setup.pathUrl } : {}),
      },
      {
        ...{ ...defaultSmartlyOptions, clients: [CLIENT], ...setup.options },
        entities: entityMap(setup.entities ?? {}),
      },
    );
    pathManager.start();
    bridge.start();
    const listener = await startListener({
      routes: smartlyRoutes(bridge),
      access: () => Promise.reject(new MediaError('unauthenticated', 'guard', 'the guard')),
      ...setup.listener,
    });
    return new SmartlyFixture(core, bridge, listener);
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Moves the hands and lets what they woke run. */
  advance(ms: number): void {
    this.core.clock.advance(ms);
  }

  token(attempt: TokenAttempt = {}): Promise<TestReply> {
    const { entity = 'camera.front_door', query = '', body = '{}' } = attempt;
    const path = `/api/smartly/camera/${entity}/webrtc${query}`;
    const headers = this.sign(path, attempt);
    return httpRequest({ port: this.port, method: 'POST', path, headers, body });
  }

  sign(path: string, attempt: TokenAttempt): Record<string, string> {
    const { secret = SECRET, body = '{}', signedTarget: target = path } = attempt;
    const now = String(Math.floor(this.core.clock.nowMs() / 1000));
    const { timestamp = now, nonce = `n-${(lastNonce += 1)}` } = attempt;
    const signed = { method: 'POST', target, timestamp, nonce, body: Buffer.from(body) };
    return {
      'Content-Type': 'application/json',
      'X-Client-Id': attempt.clientId ?? CLIENT.id,
      'X-Timestamp': timestamp,
      'X-Nonce': nonce,
      'X-Signature': signRequest(secret, signed),
      ...attempt.headers,
    };
  }

  /** POSTs to `offer`, `ice` or `hangup`; a text goes as it is. */
  send(
    endpoint: 'offer' | 'ice' | 'hangup',
    value: unknown,
    entity = 'camera.front_door',
  ): Promise<TestReply> {
    return httpRequest({
      port: this.port,
      method: 'POST',
      path: `/api/smartly/camera/${entity}/webrtc/${endpoint}`,
      headers: { 'Content-Type': 'application/json' },
      body: typeof value === 'string' ? value : JSON.stringify(value),
    });
  }

  /** A token that was issued. */
  async issue(entity = 'camera.front_door'): Promise<string> {
    return String(fieldsOf(await this.token({ entity }))['token']);
  }

  async offer(sdp = viewerOffer(), entity = 'camera.front_door'): Promise<TestReply> {
    return await this.send(
      'offer',
      { token: await this.issue(entity), sdp, type: 'offer' },
      entity,
    );
  }

  /** The id of a session that watches; its path is published to. */
  async watch(): Promise<string> {
    if (!this.core.pathManager.get('front_door')?.stream) this.core.publish([H264], 'front_door');
    return String(fieldsOf(await this.offer())['session_id']);
  }

  /** Messages of the log, oldest first. */
  get log(): readonly string[] {
    return this.core.logger.lines.map(({ level, message }) => `${level} ${message}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.bridge.close();
    await this.#listener[Symbol.asyncDispose]();
  }
}

function entityMap(
  entities: Readonly<Record<string, Partial<SmartlyEntity>>>,
): SmartlyOptions['entities'] {
  const all = Object.entries(entities).map(
    ([id, entity]) => [id, { path: '', source: '', isAllowed: true, ...entity }] as const,
  );
  return new Map(all);
}

/** The fields of a JSON object. */
export function fieldsOf({ body }: TestReply): Record<string, unknown> {
  const value: unknown = JSON.parse(body);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Status and error code, e.g. `401 invalid_signature`; the status alone of a success. */
export function outcomeOf(reply: TestReply): string {
  const { error } = fieldsOf(reply);
  return typeof error === 'string' ? `${reply.status} ${error}` : String(reply.status);
}
