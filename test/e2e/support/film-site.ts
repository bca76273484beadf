// A page with one film from numbered-media.ts, served with ranges as players want it, and what a browser shows of it.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';

/** Runs in the page: shows the picture at this time and reads its number. */
const SEEK = `async (timeS) => {
  const video = document.querySelector('video');
  if (video.readyState < 2) await new Promise((r) => video.addEventListener('loadeddata', r, { once: true }));
  const seeked = new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }));
  video.currentTime = timeS;
  await seeked;
  const canvas = document.createElement('canvas');
  canvas.width = 160;
  canvas.height = 96;
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 160, 96);
  const row = context.getImageData(0, 48, 160, 1).data;
  let number = 0;
  for (let bit = 0; bit < 10; bit++) if (row[(bit * 16 + 8) * 4] > 125) number += 2 ** bit;
  return number;
}`;

/** Runs in the page: plays to the end, fast. */
const PLAY = `async () => {
  const video = document.querySelector('video');
  const ended = new Promise((resolve) => {
    video.addEventListener('ended', () => resolve('ended'), { once: true });
    video.addEventListener('error', () => resolve(String(video.error?.message)), { once: true });
  });
  video.playbackRate = 4;
  await video.play();
  return ended;
}`;

/** Serves one file on a free port of 127.0.0.1. */
export class FilmSite implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    // listen() was awaited, on an address of the network.
    const { port } = server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}/`;
  }

  static async start(file: string): Promise<FilmSite> {
    const { size } = await stat(file);
    const server = createServer((request, response) => {
      if (request.url !== '/film.mp4') {
        response.setHeader('content-type', 'text/html');
        response.end('<video muted src="film.mp4" preload="auto"></video>');
        return;
      }
      const from = Number(/bytes=(\d+)-/u.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(206, {
        'content-type': 'video/mp4',
        'accept-ranges': 'bytes',
        'content-length': size - from,
        'content-range': `bytes ${from}-${size - 1}/${size}`,
      });
      createReadStream(file, { start: from }).pipe(response);
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return new FilmSite(server);
  }

  /** Seeks and returns the number of the picture that is shown. */
  showAt(page: Page, timeS: number): Promise<unknown> {
    return page.evaluate(`(${SEEK})(${timeS})`);
  }

  /** Plays to the end at four times the speed; returns `ended` or what the player says. */
  play(page: Page): Promise<unknown> {
    return page.evaluate(`(${PLAY})()`);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
