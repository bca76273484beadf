// Serves the page on which an operator tries an entity with the credentials of a client.
import { readFileSync } from 'node:fs';
import { MediaError } from '../../../core/base/media-error.ts';
import type { HttpReply } from '../../../core/http/http-reply.ts';
import type { HttpRequest } from '../../../core/http/http-request.ts';
import type { AccessRule, Route } from '../../../core/http/route.ts';
import { readPageAssets } from '../../../core/webrtc/page-assets.ts';
import { createPageFile, pageFileReply, type PageFile } from '../../../core/http/page-file.ts';
import { joinScript } from '../../../core/webrtc/page-script.ts';

const NO_SECRET: AccessRule = { type: 'public', reason: 'the same file for everybody' };
const HEADERS = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "media-src 'self' blob: mediastream:; img-src 'self'; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
};

/** `GET /api/smartly/try` and the files that the page loads. */
export function tryPageRoutes(): Route[] {
  const folder = new URL('./pages/', import.meta.url);
  const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
  const page = createPageFile('text/html; charset=utf-8', Buffer.from(read('try.html')));
  const files = new Map<string, PageFile>([
    ['try.js', createPageFile('text/javascript; charset=utf-8', scriptBytes(read))],
    ['try.css', createPageFile('text/css; charset=utf-8', Buffer.from(read('try.css')))],
  ]);
  for (const name of ['common.css', 'favicon.svg']) {
    const file = readPageAssets().files.get(name);
    if (file) files.set(name, file);
  }
  return [
    get('/api/smartly/try', (request) => pageFileReply(request, page, HEADERS)),
    get('/api/smartly/try/:file', (request) => {
      const file = files.get(request.parameter('file'));
      if (file) return pageFileReply(request, file, HEADERS);
      throw new MediaError('not-found', 'route-not-found', `nothing is at '${request.path}'`);
    }),
  ];
}

function scriptBytes(read: (name: string) => string): Buffer {
  return Buffer.from(joinScript('try.js', read));
}

function get(pattern: string, action: (request: HttpRequest) => HttpReply): Route {
  return { methods: ['GET'], pattern, access: NO_SECRET, action };
}
