// What a client may name as the source of a stream, and what it may not.
import { MediaError } from '../../../core/base/media-error.ts';

/** A source that was accepted. */
export type StreamSource =
  /** A camera or server to pull from. */
  | { readonly type: 'pull'; readonly url: string }
  /** `ffmpeg:<stream>#audio=opus`: another form of a stream of ours, which is made when it is needed. */
  | { readonly type: 'own'; readonly stream: string };

const MAX_CHARS = 2048;
/** They start programs or evaluate code. */
const INSECURE: ReadonlySet<string> = new Set(['exec', 'echo', 'expr']);
const FFMPEG = 'ffmpeg:';
const OPTION = /^[a-z_]+(?:=[^@]*)?$/iu;

/**
 * Reads a source. Options behind it (`#backchannel=0`) do not belong to its URL.
 * @throws MediaError `go2rtc-source-refused`, in the words of go2rtc.
 */
export function readSource(text: string, schemes: readonly string[]): StreamSource {
  if (text.length > MAX_CHARS) throw refusal(`source is longer than ${MAX_CHARS} characters`);
  const isFfmpeg = text.toLowerCase().startsWith(FFMPEG);
  const plain = isFfmpeg ? text.slice(FFMPEG.length) : text;
  const scheme = plain.slice(0, plain.search(/[^\w+.-]/u)).toLowerCase();
  if (INSECURE.has(scheme) || INSECURE.has(plain.toLowerCase())) {
    throw refusal('source from insecure producer');
  }
  if (/[\s\p{Cc}]/u.test(text)) throw refusal('source with spaces may be insecure');
  const { base, options } = splitOptions(plain);
  if (isFfmpeg && base !== '' && !base.includes('://')) return { type: 'own', stream: base };
  const isChanged = isFfmpeg && options.some((option) => /^video=(?!copy$)/iu.test(option));
  const hasHost = base.slice(scheme.length, scheme.length + 3) === '://';
  if (isChanged || !hasHost || !schemes.includes(scheme)) throw refusal('source not supported');
  return { type: 'pull', url: base };
}

/** Passwords of cameras hold `#` as it is, so what is before an `@` is no option. */
function splitOptions(text: string): { readonly base: string; readonly options: string[] } {
  let base = text;
  const options: string[] = [];
  for (let mark = base.lastIndexOf('#'); mark > 0; mark = base.lastIndexOf('#')) {
    const option = base.slice(mark + 1);
    if (option !== '' && !OPTION.test(option)) break;
    options.push(option);
    base = base.slice(0, mark);
  }
  return { base, options };
}

function refusal(why: string): MediaError {
  return new MediaError('invalid-argument', 'go2rtc-source-refused', `streams: ${why}`);
}
