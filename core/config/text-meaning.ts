// What texts of mediamtx.yml stand for, in words for errors; no part of documents made of the schemas.
import { z } from 'zod';

const meanings = z.registry<{ readonly meaning: string }>();

/** Notes what the text that a codec reads stands for, e.g. "a duration such as 10s". */
export function meaning<S extends z.ZodCodec<z.ZodString>>(words: string, codec: S): S {
  meanings.add(codec.in, { meaning: words });
  return codec;
}

/** As noted for this text; undefined for plain text, and for what is no text. */
export function meaningOf(text: z.core.$ZodType): string | undefined {
  return meanings.get(text)?.meaning;
}
