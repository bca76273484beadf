// Child process of the ingest bench: cameras that publish H264-shaped packets over TCP at a steady rate.
import { RtspClient } from '../../support/rtsp-client.ts';
import { rtpPacket } from '../../support/rtsp-fixture.ts';
import { formatFrame } from '../../../core/rtsp/rtsp-message.ts';

/** Usage: rtsp-cameras-program.ts <port> <count> <bits per second>. Prints `ready` once all publish. */
const [portText = '', countText = '', bitrateText = ''] = process.argv.slice(2);
const FRAMES_PER_SECOND = 25;
const KEY_FRAME_EVERY = 50;
const CHUNK_BYTES = 1400;
const SPS = Buffer.from('42c01ed903c56840000003004000000c03c58b92', 'hex');
const PPS = Buffer.from('68cb8cb2', 'hex');
const SDP = [
  'v=0',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  `a=fmtp:96 packetization-mode=1; sprop-parameter-sets=${Buffer.concat([Buffer.of(0x67), SPS]).toString('base64')},${PPS.toString('base64')}`,
  'a=control:streamid=0',
  '',
].join('\r\n');

class Camera {
  readonly #client: RtspClient;
  readonly #frameBytes: number;
  #sequence = 0;
  #frame = 0;

  constructor(client: RtspClient, bitrateBps: number) {
    this.#client = client;
    this.#frameBytes = bitrateBps / 8 / FRAMES_PER_SECOND;
  }

  /** One picture as FU-A fragments (RFC 6184 section 5.8) in one write. */
  sendFrame(): void {
    const isKey = this.#frame % KEY_FRAME_EVERY === 0;
    const fragments = Math.ceil(this.#frameBytes / CHUNK_BYTES);
    const frames: Buffer[] = [];
    for (let index = 0; index < fragments; index++) {
      const isLast = index === fragments - 1;
      const payload = Buffer.alloc(CHUNK_BYTES, index + 1);
      payload[0] = isKey ? 0x7c : 0x5c;
      payload[1] = (index === 0 ? 0x80 : 0) | (isLast ? 0x40 : 0) | (isKey ? 5 : 1);
      // first_mb_in_slice 0: begins a picture.
      if (index === 0) payload[2] = 0x88;
      const packet = rtpPacket({
        ...{ payloadType: 96, sequenceNumber: this.#sequence++, isMarked: isLast, payload },
        timestampTicks: this.#frame * (90_000 / FRAMES_PER_SECOND),
      });
      frames.push(formatFrame(0, packet));
    }
    this.#frame++;
    this.#client.sendRaw(Buffer.concat(frames));
  }
}

async function connectCamera(port: number, name: string): Promise<RtspClient> {
  const client = await RtspClient.connect(port);
  const url = `rtsp://127.0.0.1:${port}/${name}`;
  await client.request('ANNOUNCE', url, { body: SDP });
  const headers = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1;mode=record' };
  await client.request('SETUP', `${url}/streamid=0`, { headers });
  const { statusCode } = await client.request('RECORD', url);
  if (statusCode !== 200) throw new Error(`RECORD: ${statusCode}`);
  client.socket.setNoDelay(true);
  client.socket.on('close', () => process.exit());
  return client;
}

const cameras: Camera[] = [];
for (let index = 0; index < Number(countText); index++) {
  const client = await connectCamera(Number(portText), `camera${index}`);
  cameras.push(new Camera(client, Number(bitrateText)));
}
console.log('ready');
const periodMs = 1000 / FRAMES_PER_SECOND / Math.max(1, cameras.length);
let dueMs = performance.now();
let next = 0;
// The cameras of a real network do not send at the same instant.
setInterval(() => {
  for (; dueMs <= performance.now(); dueMs += periodMs) {
    cameras[next % cameras.length]?.sendFrame();
    next++;
  }
}, 1);
