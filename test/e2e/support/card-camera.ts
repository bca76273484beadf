// A camera that shows one of five still pictures, chosen while it runs: raw frames into ffmpeg, ffmpeg to an RTSP server.
import sharp from 'sharp';
import { ChildProgram } from './child-program.ts';
import { waitUntilPublishing } from './ffmpeg-publisher.ts';

/** Grey, black, a blue "no signal" card with text, and a colorful test picture. */
export type Card = 'grey' | 'black' | 'blue' | 'test';

const WIDTH = 320;
const HEIGHT = 240;
const FRAMES_PER_S = 10;
/** Two key frames a second: checks see a switched picture soon. */
const GOP = 5;
const BARS = ['#c0c000', '#00c0c0', '#00c000', '#c000c0', '#c00000', '#0000c0', '#e08030'];

const CARDS: Readonly<Record<Card, string>> = {
  grey: '<rect width="320" height="240" fill="#7b7b7b"/>',
  black: '<rect width="320" height="240" fill="#000"/>',
  blue:
    '<rect width="320" height="240" fill="#0b1fb8"/>' +
    '<text x="160" y="110" font-size="34" font-family="sans-serif" fill="#fff" text-anchor="middle">NO SIGNAL</text>' +
    '<text x="160" y="150" font-size="20" font-family="sans-serif" fill="#fff" text-anchor="middle">HDMI 1 1080p</text>',
  test:
    BARS.map((color, at) => `<rect x="${at * 46}" width="46" height="190" fill="${color}"/>`).join(
      '',
    ) +
    '<rect y="190" width="320" height="50" fill="#404040"/><circle cx="160" cy="120" r="60" fill="#fff"/>',
};

/** The card as `width * height * 3` bytes of RGB. */
export function paintCard(card: Card): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">${CARDS[card]}</svg>`;
  return sharp(Buffer.from(svg)).flatten({ background: '#000' }).raw().toBuffer();
}

/** Publishes 320x240 H264 with 10 pictures per second. Whoever starts it stops it. */
export class CardCamera implements AsyncDisposable {
  readonly #program: ChildProgram;
  #picture: Buffer;
  #timer: NodeJS.Timeout | undefined;

  private constructor(url: string, picture: Buffer) {
    this.#picture = picture;
    this.#program = new ChildProgram({
      ...{ name: 'card camera', command: 'ffmpeg', hasInput: true },
      args: [
        ...['-hide_banner', '-loglevel', 'warning', '-nostats', '-progress', 'pipe:1'],
        ...['-stats_period', '0.1', '-f', 'rawvideo', '-pix_fmt', 'rgb24'],
        ...['-s', `${WIDTH}x${HEIGHT}`, '-framerate', String(FRAMES_PER_S), '-i', 'pipe:0'],
        ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-threads', '1'],
        ...['-pix_fmt', 'yuv420p', '-g', String(GOP), '-sc_threshold', '0'],
        ...['-f', 'rtsp', '-rtsp_transport', 'tcp', url],
      ],
    });
    // A publisher that dies says so in waitUntilPublishing(), not through its input.
    this.#program.stdin.on('error', () => undefined);
  }

  static async start(url: string, card: Card): Promise<CardCamera> {
    const camera = new CardCamera(url, await paintCard(card));
    camera.#timer = setInterval(() => camera.#feed(), 1000 / FRAMES_PER_S);
    try {
      await waitUntilPublishing(camera.#program);
    } catch (error) {
      await camera.stop();
      throw error;
    }
    return camera;
  }

  async show(card: Card): Promise<void> {
    this.#picture = await paintCard(card);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#program.stop('SIGKILL');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #feed(): void {
    const { stdin } = this.#program;
    if (this.#program.exit === undefined && !stdin.writableNeedDrain) stdin.write(this.#picture);
  }
}
