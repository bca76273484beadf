// GET /res/*: recorded files for players, with Range, so that they can be scrubbed.
import { openFileReply } from '../../core/http/open-file-reply.ts';
import type { Route } from '../../core/http/route.ts';
import type { ServedFiles } from '../library/served-files.ts';
import { v2ErrorEnvelope } from './api-routes.ts';

/** No script of a recorded file ever runs on our origin, whatever it is. */
const HEADERS = { 'Content-Security-Policy': "default-src 'none'; sandbox" };

/** The route of the recordings folder. */
export function resRoutes(files: ServedFiles): readonly Route[] {
  return [
    {
      methods: ['GET'],
      pattern: '/res/*filepath',
      access: { type: 'action', action: 'api' },
      exposeHeaders: ['Accept-Ranges', 'Content-Range', 'Last-Modified'],
      errorEnvelope: v2ErrorEnvelope,
      action: async (request) =>
        openFileReply(request, await files.open(request.parameter('filepath')), HEADERS),
    },
  ];
}
