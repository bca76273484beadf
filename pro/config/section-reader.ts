// Reads the sections of config.yml one by one, collects every fault, and keeps a listing without secrets.
import type { IssueCollector, PathSegment } from '../../core/config/config-issue.ts';
import type { KeyTable } from '../../core/config/config-key.ts';
import { ExtensionTable } from '../../core/config/config-registry.ts';
import { decodeDefaults, decodeKeys, deepFreeze } from '../../core/config/decode-keys.ts';
import type { DecodedValues } from '../../core/config/decode-keys.ts';
import { encodeValue } from '../../core/config/encode-config.ts';
import type { YmlSection, YmlValue } from '../../core/config/encode-config.ts';
import { redactValue } from '../../core/config/redact-config.ts';
import { emptyMap, isRawMap } from '../../core/config/yaml-document.ts';
import type { RawMap } from '../../core/config/yaml-document.ts';
import type { ConfigSection, SectionContext, SectionReport } from './config-section.ts';

/** Reads one file; every section is read exactly once, then `readTop()` ends the work. */
export class SectionReader {
  readonly #root: RawMap;
  readonly #issues: IssueCollector;
  readonly #context: SectionContext;
  readonly #sectionNames: string[] = [];
  readonly #listing: Record<string, YmlValue> = {};

  constructor(root: RawMap, issues: IssueCollector, context: SectionContext) {
    this.#root = root;
    this.#issues = issues;
    this.#context = context;
  }

  /** Every value that was read, in yml form, without secrets. */
  get listing(): YmlSection {
    return deepFreeze(this.#listing);
  }

  /** Reads the section below the key `name`. */
  read<T extends KeyTable, C>(name: string, section: ConfigSection<T, C>): C {
    this.#sectionNames.push(name);
    const { config, listing } = this.#decode([name], this.#below(name), section);
    this.#listing[name] = listing;
    return config;
  }

  /** Reads the keys that stand in no section; every section must have been read before. */
  readTop<T extends KeyTable, C>(section: ConfigSection<T, C>): C {
    const raw = emptyMap();
    for (const [name, value] of Object.entries(this.#root)) {
      if (!this.#sectionNames.includes(name)) raw[name] = value;
    }
    const { config, listing } = this.#decode([], raw, section);
    Object.assign(this.#listing, listing);
    return config;
  }

  #below(name: string): RawMap {
    const value = this.#root[name];
    if (isRawMap(value)) return value;
    if (value !== undefined && value !== null) {
      const message = 'must be a map of keys and values';
      this.#issues.error({ code: 'config-invalid-value', path: [name], message });
    }
    return emptyMap();
  }

  #decode<T extends KeyTable, C>(
    path: readonly PathSegment[],
    raw: RawMap,
    section: ConfigSection<T, C>,
  ): { readonly config: C; readonly listing: YmlSection } {
    const errorsBefore = this.#issues.issues.length;
    const otherNames = path.length === 0 ? this.#sectionNames : [];
    const options = { table: section.keys, otherNames, path, hint: () => undefined };
    const explicit = decodeKeys(raw, options, this.#issues);
    const values = new Map([...decodeDefaults(section.keys), ...explicit]);
    const typed = new ExtensionTable(section.keys).read({ extensions: Object.fromEntries(values) });
    if (this.#issues.issues.length === errorsBefore) section.check?.(typed, this.#reportAt(path));
    const config = deepFreeze(section.toConfig(typed, this.#context));
    return { config, listing: toListing(section.keys, values) };
  }

  #reportAt(path: readonly PathSegment[]): SectionReport {
    const issues = this.#issues;
    return {
      error: (inner, message) =>
        issues.error({ code: 'config-invalid-value', path: [...path, ...inner], message }),
      warn: (inner, message) =>
        issues.warn({ code: 'config-doubtful-value', path: [...path, ...inner], message }),
    };
  }
}

function toListing(table: KeyTable, values: DecodedValues): YmlSection {
  return Object.fromEntries(
    Object.entries(table).map(([name, definition]) => [
      name,
      redactValue(encodeValue(definition, values.get(name)), definition.schema),
    ]),
  );
}
