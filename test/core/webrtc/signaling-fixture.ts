// The routes of WHIP and WHEP behind a real listener, for the tests of this folder.
import assert from 'node:assert/strict';
import type { MediaError } from '../../../core/base/media-error.ts';
import type { IceServerConfig } from '../../../core/config/config.ts';
import type { AccessQuestion } from '../../../core/http/route.ts';
import { ConfiguredIceServers } from '../../../core/webrtc/configured-ice-servers.ts';
import { signalingRoutes } from '../../../core/webrtc/signaling-routes.ts';
import { httpRequest, type TestReply, type TestRequest } from '../../support/http-client.ts';
import { startListener, type ListenerFixture } from '../http/listener-fixture.ts';
import { ManagerFixture } from './manager-fixture.ts';

export const SDP = { 'Content-Type': 'application/sdp' };
export const FRAGMENT = { 'Content-Type': 'application/trickle-ice-sdpfrag' };
/** A session that nobody has. */
export const STRANGER = '/cam/whep/00000000-0000-4000-8000-000000000000';

/** A listener with the routes, and everything behind it. */
export interface SignalingSetup extends AsyncDisposable {
  readonly fixture: ManagerFixture;
  readonly questions: AccessQuestion[];
  readonly request: (request: Omit<TestRequest, 'port'>) => Promise<TestReply>;
  readonly post: (path: string, body: string, more?: Record<string, string>) => Promise<TestReply>;
  readonly patch: (path: string, body: string, more?: Record<string, string>) => Promise<TestReply>;
}

interface SetupOptions {
  readonly paths?: string;
  readonly iceServers?: readonly IceServerConfig[];
  readonly refusal?: MediaError;
}

export async function setUpSignaling(options: SetupOptions = {}): Promise<SignalingSetup> {
  const fixture = new ManagerFixture(options.paths);
  const questions: AccessQuestion[] = [];
  const { manager, pathManager, clock } = fixture;
  const iceServers = new ConfiguredIceServers(clock, options.iceServers ?? []);
  const listener: ListenerFixture = await startListener({
    routes: signalingRoutes({ manager, pathManager, iceServers }),
    access: (question) => {
      questions.push(question);
      if (options.refusal) return Promise.reject(options.refusal);
      return Promise.resolve({ user: 'ann' });
    },
  });
  const { port } = listener;
  const send =
    (method: string, type: Record<string, string>) =>
    (path: string, body: string, more: Record<string, string> = {}) =>
      httpRequest({ port, method, path, body, headers: { ...type, ...more } });
  return {
    fixture,
    questions,
    request: (request) => httpRequest({ port, ...request }),
    ...{ post: send('POST', SDP), patch: send('PATCH', FRAGMENT) },
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}

/** Status and error text, which is always JSON. */
export function errorOf({ status, body, headers }: TestReply): string {
  assert.match(headers['content-type'] ?? '', /^application\/json/u);
  const parsed: unknown = JSON.parse(body);
  assert.ok(typeof parsed === 'object' && parsed !== null && 'error' in parsed);
  return `${status} ${String(parsed.error)}`;
}
