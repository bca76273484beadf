// Tags that stand before a Cluster, RFC 9559 section 5.1.8, within the bounds of Kinesis Video Streams.
import { MediaError } from '../base/media-error.ts';
import { EbmlWriter } from './ebml-writer.ts';
import { MatroskaId } from './matroska-ids.ts';

const MAX_TAGS = 10;
const MAX_NAME_BYTES = 128;
const MAX_VALUE_BYTES = 256;

/**
 * Values by name; empty without any.
 * @throws MediaError `invalid-argument` for more than 10, names of more than 128 bytes or that begin
 *   with AWS, values of more than 256 bytes.
 */
export function buildMatroskaTags(tags: Readonly<Record<string, string>>): Uint8Array {
  const entries = Object.entries(tags);
  if (entries.length === 0) return new Uint8Array(0);
  if (entries.length > MAX_TAGS) {
    throw badTag(`${entries.length} tags are more than ${MAX_TAGS}`);
  }
  const writer = new EbmlWriter();
  writer.open(MatroskaId.tags);
  for (const [name, value] of entries) {
    checkTag(name, value);
    writer.open(MatroskaId.tag).open(MatroskaId.simpleTag);
    writer.text(MatroskaId.tagName, name).text(MatroskaId.tagString, value).close().close();
  }
  return writer.close().toBytes();
}

function checkTag(name: string, value: string): void {
  const nameBytes = Buffer.byteLength(name);
  const shown = name.slice(0, MAX_NAME_BYTES);
  if (nameBytes === 0 || nameBytes > MAX_NAME_BYTES) {
    throw badTag(`the name '${shown}' has ${nameBytes} bytes, not 1 to ${MAX_NAME_BYTES}`);
  }
  if (name.toUpperCase().startsWith('AWS')) throw badTag(`the name '${shown}' begins with AWS`);
  const valueBytes = Buffer.byteLength(value);
  if (valueBytes > MAX_VALUE_BYTES) {
    throw badTag(`the value of '${shown}' has ${valueBytes} bytes, more than ${MAX_VALUE_BYTES}`);
  }
}

function badTag(what: string): MediaError {
  return new MediaError('invalid-argument', 'bad-fragment-tag', `${what}; tags of a fragment`);
}
