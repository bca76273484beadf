// An RTSP server on 127.0.0.1 with paths that anybody may use, and the usual moves of its clients.
import assert from 'node:assert/strict';
import type { AccessRequest, Authorizer, Principal } from '../../core/auth/access-request.ts';
import { systemClock, type Clock } from '../../core/base/clock.ts';
import { loadConfig } from '../../core/config/load-config.ts';
import { PathManager } from '../../core/path/path-manager.ts';
import { SessionRegistry } from '../../core/path/session-registry.ts';
import { RtspServer } from '../../core/rtsp/rtsp-server.ts';
import { RecordingLogger } from './recording-logger.ts';
import { RtspClient } from './rtsp-client.ts';

/** A description of one track of a format that passes unchanged. */
export const GENERIC_SDP = [
  'v=0',
  'o=- 0 0 IN IP4 127.0.0.1',
  's=Test',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=application 0 RTP/AVP 98',
  'a=rtpmap:98 vnd.test/90000',
  'a=control:streamid=0',
  '',
].join('\r\n');

/** VP8 video and G.711 audio. */
export const VIDEO_AUDIO_SDP = [
  'v=0',
  's=Test',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 VP8/90000',
  'a=control:streamid=0',
  'm=audio 0 RTP/AVP 8',
  'a=control:streamid=1',
  '',
].join('\r\n');

export interface FixtureOptions {
  readonly clock?: Clock;
  readonly authorize?: (request: AccessRequest) => Promise<Principal>;
  /** Lines of mediamtx.yml before `paths`. */
  readonly yml?: readonly string[];
  /** Lines below `paths`. */
  readonly paths?: readonly string[];
  readonly rtspAddress?: string;
  readonly limits?: { readonly maxConnections: number; readonly maxConnectionsPerIp: number };
}

/** Starts everything; use with `await using`. */
export class RtspFixture implements AsyncDisposable {
  readonly sessions = new SessionRegistry();
  readonly logger = new RecordingLogger();
  readonly pathManager: PathManager;
  readonly server: RtspServer;
  readonly requests: AccessRequest[] = [];

  constructor(options: FixtureOptions) {
    const clock = options.clock ?? systemClock;
    const text = [
      `rtspAddress: ${options.rtspAddress ?? '127.0.0.1:0'}`,
      'rtspsAddress: 127.0.0.1:0',
      'rtpAddress: 127.0.0.1:0',
      'rtcpAddress: 127.0.0.1:0',
      ...(options.yml ?? []),
      'paths:',
      ...(options.paths ?? ['  all_others:']),
    ].join('\n');
    const config = loadConfig({ text, env: {} });
    const authorizer: Authorizer = {
      authorize: (request) => {
        this.requests.push(request);
        return options.authorize?.(request) ?? Promise.resolve({ user: '' });
      },
    };
    this.pathManager = new PathManager(
      { clock, logger: this.logger, authorizer, sourceFactories: [], random: () => 0.5 },
      config,
    );
    this.server = new RtspServer(
      { pathManager: this.pathManager, sessions: this.sessions, clock, logger: this.logger },
      config.global,
      ...(options.limits ? [options.limits] : []),
    );
  }

  static async start(options: FixtureOptions = {}): Promise<RtspFixture> {
    const fixture = new RtspFixture(options);
    await fixture.server.start();
    return fixture;
  }

  get port(): number {
    return this.server.listenAddresses[0]?.address.port ?? 0;
  }

  url(path: string): string {
    return `rtsp://127.0.0.1:${this.port}/${path}`;
  }

  connect(): Promise<RtspClient> {
    return RtspClient.connect(this.port);
  }

  /** A client that publishes over TCP, track N on channels 2N and 2N+1. */
  async publish(path: string, sdp = GENERIC_SDP): Promise<RtspClient> {
    const client = await this.connect();
    const url = this.url(path);
    const headers = { 'Content-Type': 'application/sdp' };
    assert.equal((await client.request('ANNOUNCE', url, { headers, body: sdp })).statusCode, 200);
    for (let track = 0; track < sdp.split('m=').length - 1; track++) {
      const transport = `RTP/AVP/TCP;unicast;interleaved=${track * 2}-${track * 2 + 1};mode=record`;
      const response = await client.request('SETUP', `${url}/streamid=${track}`, {
        headers: { Transport: transport },
      });
      assert.equal(response.statusCode, 200);
    }
    assert.equal((await client.request('RECORD', url)).statusCode, 200);
    return client;
  }

  /** A client that reads all of `tracks` over TCP. */
  async read(path: string, tracks: readonly number[] = [0]): Promise<RtspClient> {
    const client = await this.connect();
    const url = this.url(path);
    for (const track of tracks) {
      const transport = `RTP/AVP/TCP;unicast;interleaved=${track * 2}-${track * 2 + 1}`;
      const response = await client.request('SETUP', `${url}/trackID=${track}`, {
        headers: { Transport: transport },
      });
      assert.equal(response.statusCode, 200);
    }
    assert.equal((await client.request('PLAY', url)).statusCode, 200);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.pathManager.close();
  }
}

/** An RTP packet with a 12-byte header. */
export function rtpPacket(options: {
  readonly payloadType?: number;
  readonly sequenceNumber: number;
  readonly timestampTicks?: number;
  readonly isMarked?: boolean;
  readonly ssrc?: number;
  readonly payload: Uint8Array;
}): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = (options.payloadType ?? 98) | (options.isMarked === false ? 0 : 0x80);
  header.writeUInt16BE(options.sequenceNumber & 0xffff, 2);
  header.writeUInt32BE(options.timestampTicks ?? options.sequenceNumber * 3000, 4);
  header.writeUInt32BE(options.ssrc ?? 0x1234, 8);
  return Buffer.concat([header, options.payload]);
}

/** The RTP payload of a VP8 frame in one packet (RFC 7741), filled up to `sizeBytes`. */
export function vp8Payload(isKeyFrame: boolean, sizeBytes = 20): Buffer {
  const payload = Buffer.alloc(Math.max(sizeBytes, 11));
  payload[0] = 0x10;
  // Frame tag: bit 0 is clear in key frames, which go on with a start code and the picture's size.
  payload[1] = isKeyFrame ? 0x10 : 0x11;
  if (isKeyFrame) payload.set([0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00], 2);
  return payload;
}
