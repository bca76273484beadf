// URLs of Tuya sources: tuya://<account>/<deviceId>?stream=main|sub&node=<sub device>.
import { MediaError } from '../../../core/base/media-error.ts';

/** A device's stream, and whose account knows the device. */
export interface TuyaUrl {
  /** Name of an account in the configuration. */
  readonly account: string;
  readonly deviceId: string;
  readonly stream: 'main' | 'sub';
  /** Node of a camera behind a recorder; empty without one. */
  readonly subDeviceId: string;
}

const PATTERN = /^tuya:\/\/([^/?#@\s]{1,128})\/([\w.~-]{1,128})\/?(?:\?([^#\s]{0,256}))?$/iu;
const NODE = /^[\w-]{1,64}$/u;

/**
 * Reads a URL; the stream is the sub stream where it names none, as the vendor's protocol has it.
 * @throws MediaError `invalid-argument` `tuya-url-invalid`, without the URL.
 */
export function parseTuyaUrl(url: string): TuyaUrl {
  const [, account, deviceId, query = ''] = PATTERN.exec(url.trim()) ?? [];
  if (account === undefined || deviceId === undefined) {
    throw invalid('it is not tuya://account/deviceId?stream=main|sub');
  }
  let stream: TuyaUrl['stream'] = 'sub';
  let subDeviceId = '';
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === 'stream' && (value === 'main' || value === 'sub')) stream = value;
    else if (name === 'stream') throw invalid(`stream is neither 'main' nor 'sub'`);
    else if (name === 'node' && NODE.test(value)) subDeviceId = value;
    else
      throw invalid(name === 'node' ? 'node is no id' : 'it knows the keys stream and node only');
  }
  return { account: unescaped(account), deviceId, stream, subDeviceId };
}

/** A name with a broken escape was not meant to be escaped. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function invalid(problem: string): MediaError {
  return new MediaError(
    'invalid-argument',
    'tuya-url-invalid',
    `the URL of the source: ${problem}`,
  );
}
