// Secrets that no other text holds: wherever one turns up, it came from its field.
import { createHash } from 'node:crypto';

/** One secret per field, the same in every run. */
export class Canaries {
  readonly #values = new Map<string, string>();

  /** Fields that have one. */
  get fields(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** Letters and digits, 40 of them; `field` is the name of a key as in the files, dotted. */
  of(field: string): string {
    const known = this.#values.get(field);
    if (known !== undefined) return known;
    const value = `Cnry${createHash('sha256').update(field).digest('hex').slice(0, 36)}`;
    this.#values.set(field, value);
    return value;
  }

  /** Fields whose secret stands in `text`, as it is or as a part of something in base64. */
  foundIn(text: string): readonly string[] {
    return this.fields.filter((field) =>
      formsOf(this.of(field)).some((form) => text.includes(form)),
    );
  }
}

/** What of the secret does not depend on what stands around it, for each place within three bytes. */
function formsOf(value: string): readonly string[] {
  const encoded = [0, 1, 2].map((offset) => {
    const base64 = Buffer.from(`${'.'.repeat(offset)}${value}`).toString('base64');
    return base64.slice(Math.ceil((offset * 4) / 3), Math.floor(((offset + value.length) * 4) / 3));
  });
  return [value, ...encoded];
}
