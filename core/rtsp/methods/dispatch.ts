// From the name of a method to the function that serves it.
import { MediaError } from '../../base/media-error.ts';
import { parseRtspUrl, targetOf } from '../rtsp-url.ts';
import type { MethodContext, MethodResult, TargetContext } from '../method-context.ts';
import { handleAnnounce } from './announce.ts';
import { handleDescribe } from './describe.ts';
import { handleOptions } from './options.ts';
import { handleParameter } from './parameter.ts';
import { handlePause } from './pause.ts';
import { handlePlay } from './play.ts';
import { handleRecord } from './record.ts';
import { handleSetup } from './setup.ts';
import { handleTeardown } from './teardown.ts';

/**
 * Serves a request. @throws MediaError (also by the promise): `rtsp-method-unknown` for methods
 * that are not served, `invalid-argument` for a URL that is none, and what the method throws.
 */
export function dispatch(context: MethodContext): MethodResult | Promise<MethodResult> {
  switch (context.request.method) {
    case 'OPTIONS':
      return handleOptions(context);
    case 'DESCRIBE':
      return handleDescribe(withTarget(context));
    case 'ANNOUNCE':
      return handleAnnounce(withTarget(context));
    case 'SETUP':
      return handleSetup(withTarget(context));
    case 'PLAY':
      return handlePlay(withTarget(context));
    case 'RECORD':
      return handleRecord(context);
    case 'PAUSE':
      return handlePause(context);
    case 'GET_PARAMETER':
    case 'SET_PARAMETER':
      return handleParameter(context);
    case 'TEARDOWN':
      return handleTeardown(context);
    default:
      throw new MediaError(
        'unsupported',
        'rtsp-method-unknown',
        `method ${context.request.method} is not served`,
      );
  }
}

function withTarget(context: MethodContext): TargetContext {
  const url = parseRtspUrl(context.request.url);
  return { ...context, url, target: targetOf(url) };
}
