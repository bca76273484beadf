// A camera that replays a recording over RTSP/TCP: one write per frame, as small cameras do.
import { RtspClient } from '../../support/rtsp-client.ts';
import type { H264Recording } from './h264-recording.ts';

const PAYLOAD_TYPE = 96;
const CLOCK_RATE_HZ = 90_000;
const FRAME_HEADER_BYTES = 4;
const RTP_HEADER_BYTES = 12;
/** More than this unsent means that the server has stopped to read. */
const MAX_UNSENT_BYTES = 4 << 20;

/** One publishing connection. */
export class ReplayCamera implements AsyncDisposable {
  /** Frames that the server did not take in time. */
  skippedFrames = 0;
  sentFrames = 0;
  readonly #client: RtspClient;
  readonly #recording: H264Recording;
  readonly #ssrc: number;
  #sequenceNumber = 0;
  #frame = 0;

  private constructor(client: RtspClient, recording: H264Recording, ssrc: number) {
    this.#client = client;
    this.#recording = recording;
    this.#ssrc = ssrc;
  }

  /** Announces the recording at `url`; nothing is sent yet. */
  static async connect(url: string, recording: H264Recording): Promise<ReplayCamera> {
    const client = await RtspClient.connect(Number(new URL(url).port));
    client.socket.setNoDelay(true);
    const announce = { 'Content-Type': 'application/sdp' };
    await expectOk(client, 'ANNOUNCE', url, { headers: announce, body: recording.sdp });
    const transport = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1;mode=record' };
    await expectOk(client, 'SETUP', `${url}/streamid=0`, { headers: transport });
    await expectOk(client, 'RECORD', url, {});
    const ssrc = (Math.random() * 2 ** 32) >>> 0;
    return new ReplayCamera(client, recording, ssrc);
  }

  get isClosed(): boolean {
    return this.#client.isClosed;
  }

  /** Sends the next frame of the loop. */
  sendFrame(): void {
    const { frames, framesPerSecond } = this.#recording;
    const payloads = frames[this.#frame % frames.length] ?? [];
    const timestampTicks = Math.round((this.#frame * CLOCK_RATE_HZ) / framesPerSecond);
    this.#frame++;
    // The server's RTCP is of no interest, but would pile up.
    this.#client.frames.length = 0;
    if (this.#client.socket.writableLength > MAX_UNSENT_BYTES) {
      this.skippedFrames++;
      return;
    }
    this.#client.socket.write(this.#format(payloads, timestampTicks >>> 0));
    this.sentFrames++;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }

  #format(payloads: readonly Uint8Array[], timestampTicks: number): Buffer {
    const headers = FRAME_HEADER_BYTES + RTP_HEADER_BYTES;
    const sizeBytes = payloads.reduce((sum, { length }) => sum + headers + length, 0);
    const bytes = Buffer.allocUnsafe(sizeBytes);
    let offset = 0;
    payloads.forEach((payload, index) => {
      const isLast = index === payloads.length - 1;
      bytes.writeUInt16BE(0x2400, offset);
      bytes.writeUInt16BE(RTP_HEADER_BYTES + payload.length, offset + 2);
      bytes[offset + 4] = 0x80;
      bytes[offset + 5] = PAYLOAD_TYPE | (isLast ? 0x80 : 0);
      bytes.writeUInt16BE(this.#sequenceNumber++ & 0xffff, offset + 6);
      bytes.writeUInt32BE(timestampTicks, offset + 8);
      bytes.writeUInt32BE(this.#ssrc, offset + 12);
      bytes.set(payload, offset + headers);
      offset += headers + payload.length;
    });
    return bytes;
  }
}

async function expectOk(
  client: RtspClient,
  method: string,
  url: string,
  options: { readonly headers?: Record<string, string>; readonly body?: string },
): Promise<void> {
  const response = await client.request(method, url, options);
  if (response.statusCode !== 200) {
    throw new Error(`${method} ${url}: ${response.statusCode} ${response.reasonPhrase}`);
  }
}
