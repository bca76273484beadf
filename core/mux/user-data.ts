// Builds the user data box with the title of a file, as players show it.
import { BoxWriter } from './box-writer.ts';

const UTF8_TEXT = 1;
const MAX_TITLE_CHARACTERS = 1024;

/** A `udta` box with an iTunes style `©nam`; empty without a title. Longer titles are cut. */
export function buildUserData(title: string | undefined): Uint8Array {
  if (title === undefined || title === '') return new Uint8Array(0);
  const text = new TextEncoder().encode(title.slice(0, MAX_TITLE_CHARACTERS).toWellFormed());
  const writer = new BoxWriter();
  writer.open('udta').openFull('meta', 0, 0);
  writer.openFull('hdlr', 0, 0).uint32(0).latin1('mdirappl').zeros(9).close();
  writer.open('ilst').open('\u00a9nam').open('data').uint32(UTF8_TEXT).uint32(0).bytes(text);
  return writer.close().close().close().close().close().toBytes();
}
