// The HTTP side of WHIP (RFC 9725) and WHEP: one client for one endpoint.
// @ts-check
import { parseIceServers } from './link-header.js';
import { SessionError } from './session-error.js';
import { parseSkippedTracks } from './skipped-tracks.js';

/**
 * Where to go and what to show there.
 * @typedef {object} Endpoint
 * @property {string} url
 * @property {string} [user]
 * @property {string} [pass]
 * @property {string} [token] goes before user and pass
 */

/**
 * What a POST created.
 * @typedef {object} CreatedSession
 * @property {string} answer
 * @property {string} url for PATCH and DELETE; empty when the server gave none
 * @property {import('./skipped-tracks.js').SkippedTrack[]} skipped
 */

const MAX_TEXT_CHARS = 400;

/** Talks to one WHIP or WHEP endpoint. */
export class SignalingClient {
  /** @type {string} */
  #url;
  /** @type {Record<string, string>} */
  #authorization;

  /** @param {Endpoint} endpoint */
  constructor({ url, user, pass, token }) {
    this.#url = new URL(url, location.href).href;
    this.#authorization = authorizationOf({ user, pass, token });
  }

  /**
   * Asks which ICE servers to use and whether candidates may follow the offer.
   * @param {AbortSignal} signal
   * @returns {Promise<{ iceServers: RTCIceServer[], canTrickle: boolean }>}
   */
  async discover(signal) {
    const response = await this.#fetch(this.#url, {
      method: 'OPTIONS',
      headers: this.#authorization,
      signal,
    });
    if (!response.ok) throw await failureOf(response);
    const methods = response.headers.get('Access-Control-Allow-Methods') ?? '';
    return {
      iceServers: parseIceServers(response.headers.get('Link')),
      canTrickle: /\bPATCH\b/i.test(methods),
    };
  }

  /**
   * @param {string} offer
   * @param {AbortSignal} signal
   * @returns {Promise<CreatedSession>}
   */
  async post(offer, signal) {
    const response = await this.#fetch(this.#url, {
      method: 'POST',
      headers: { ...this.#authorization, 'Content-Type': 'application/sdp' },
      body: offer,
      signal,
    });
    if (response.status !== 201) throw await failureOf(response);
    const sessionUrl = response.headers.get('Location');
    return {
      answer: await response.text(),
      url: sessionUrl === null ? '' : new URL(sessionUrl, this.#url).href,
      skipped: parseSkippedTracks(response.headers.get('Mtx-Skipped-Tracks')),
    };
  }

  /**
   * Sends candidates that came after the offer.
   * @param {string} sessionUrl
   * @param {string} fragment
   * @param {AbortSignal} signal
   * @returns {Promise<void>}
   */
  async patch(sessionUrl, fragment, signal) {
    const response = await this.#fetch(sessionUrl, {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*' },
      body: fragment,
      signal,
    });
    if (!response.ok) throw await failureOf(response);
  }

  /**
   * Ends the session. The request outlives the page; a failure is none, the session ends anyway.
   * @param {string} sessionUrl
   * @returns {Promise<void>}
   */
  async remove(sessionUrl) {
    if (sessionUrl === '') return;
    await fetch(sessionUrl, { method: 'DELETE', keepalive: true }).catch(() => undefined);
  }

  /**
   * @param {string} url
   * @param {RequestInit} init
   * @returns {Promise<Response>}
   */
  async #fetch(url, init) {
    try {
      return await fetch(url, init);
    } catch (thrown) {
      init.signal?.throwIfAborted();
      const reason = thrown instanceof Error ? ` (${thrown.message})` : '';
      throw new SessionError(`the server does not answer${reason}`, { code: 'unreachable' });
    }
  }
}

/**
 * @param {{ user: string | undefined, pass: string | undefined, token: string | undefined }} shown
 * @returns {Record<string, string>}
 */
function authorizationOf({ user = '', pass = '', token = '' }) {
  if (token !== '') return { Authorization: `Bearer ${token}` };
  if (user === '' && pass === '') return {};
  const bytes = new TextEncoder().encode(`${user}:${pass}`);
  return { Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

/**
 * @param {Response} response
 * @returns {Promise<SessionError>}
 */
async function failureOf(response) {
  const { status } = response;
  const text = await textOf(response);
  const seconds = Number(response.headers.get('Retry-After') ?? '');
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : 0;
  if (status === 401) {
    return new SessionError(`login needed: ${text}`, {
      code: 'unauthorized',
      status,
      isFinal: true,
    });
  }
  if (status === 403) {
    return new SessionError(`not allowed: ${text}`, {
      code: 'unauthorized',
      status,
      isFinal: true,
    });
  }
  if (status === 404) {
    return new SessionError('stream not found', { code: 'not-found', status, retryAfterMs });
  }
  const code = status === 429 ? 'busy' : status < 500 ? 'rejected' : 'server';
  return new SessionError(text, { code, status, retryAfterMs });
}

/**
 * The server's own words, or its status when it has none.
 * @param {Response} response
 * @returns {Promise<string>}
 */
async function textOf(response) {
  const fallback = `the server answered ${response.status} ${response.statusText}`.trim();
  const body = await response.text().catch(() => '');
  try {
    const { error } = JSON.parse(body);
    return typeof error === 'string' && error !== '' ? error.slice(0, MAX_TEXT_CHARS) : fallback;
  } catch {
    return fallback;
  }
}
