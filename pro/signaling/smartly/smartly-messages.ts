// The JSON of the Smartly dialect: bodies in, bodies out. Nothing here knows HTTP or a session.
import { MediaError } from '../../../core/base/media-error.ts';
import { decodeText, parseJson } from '../../../core/http/json-body.ts';
import type { IceServer } from '../../../core/webrtc/ice-server-provider.ts';
import { toIceServerEntry } from '../../ice/ice-config-routes.ts';

/** Body of an offer. */
export interface OfferMessage {
  readonly token: string;
  readonly sdp: string;
}

/** Body of a candidate; empty text ends them. */
export interface CandidateMessage {
  readonly sessionId: string;
  readonly candidate: string;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The fields of a body; an empty one has none.
 * @throws MediaError `invalid-json` for what is no JSON object.
 */
export function parseFields(body: Uint8Array): Fields {
  if (body.length === 0) return {};
  const value = parseBody(body);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new MediaError('invalid-argument', 'invalid-json', 'request body is no JSON object');
}

/** @throws MediaError `invalid-json`, `missing-token`, `missing-sdp` or `invalid-sdp-type`. */
export function parseOffer(body: Uint8Array): OfferMessage {
  const fields = parseFields(body);
  const token = textOf(fields['token']);
  if (token === '') throw new MediaError('invalid-argument', 'missing-token', 'token is missing');
  const sdp = textOf(fields['sdp']);
  if (sdp === '') throw new MediaError('invalid-argument', 'missing-sdp', 'sdp is missing');
  const type = fields['type'] ?? 'offer';
  if (type !== 'offer') {
    throw new MediaError('invalid-argument', 'invalid-sdp-type', "type must be 'offer'");
  }
  return { token, sdp };
}

/** @throws MediaError `invalid-json`, `missing-session-id` or `missing-candidate`. */
export function parseCandidate(body: Uint8Array): CandidateMessage {
  const fields = parseFields(body);
  const sessionId = sessionIdOf(fields);
  const { candidate } = fields;
  const text = candidateText(candidate);
  if (text === undefined) {
    throw new MediaError('invalid-argument', 'missing-candidate', 'candidate is missing');
  }
  return { sessionId, candidate: text };
}

/** @throws MediaError `invalid-json` or `missing-session-id`. */
export function parseHangup(body: Uint8Array): { readonly sessionId: string } {
  return { sessionId: sessionIdOf(parseFields(body)) };
}

/** Answer to a token request. */
export function formatToken(facts: {
  readonly token: string;
  readonly entityId: string;
  /** Date ms. */
  readonly nowMs: number;
  readonly ttlMs: number;
  readonly iceServers: readonly IceServer[];
}): Fields {
  const { token, entityId, nowMs, ttlMs, iceServers } = facts;
  const base = `/api/smartly/camera/${entityId}/webrtc`;
  const expiresIn = Math.ceil(ttlMs / 1000);
  return {
    token,
    expires_at: Math.floor(nowMs / 1000) + expiresIn,
    expires_in: expiresIn,
    entity_id: entityId,
    offer_endpoint: `${base}/offer`,
    ice_endpoint: `${base}/ice`,
    hangup_endpoint: `${base}/hangup`,
    ice_servers: iceServers.map(toIceServerEntry),
  };
}

function parseBody(body: Uint8Array): unknown {
  try {
    return parseJson(decodeText(body));
  } catch (cause) {
    throw new MediaError('invalid-argument', 'invalid-json', 'request body is not JSON', { cause });
  }
}

function sessionIdOf(fields: Fields): string {
  const id = textOf(fields['session_id']);
  if (id !== '') return id;
  throw new MediaError('invalid-argument', 'missing-session-id', 'session_id is missing');
}

/** An RTCIceCandidateInit, its text alone, or null for the end; undefined when there is none. */
function candidateText(value: unknown): string | undefined {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || !('candidate' in value)) return undefined;
  return value.candidate === null ? '' : stringOf(value.candidate);
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function textOf(value: unknown): string {
  return stringOf(value) ?? '';
}
