// The steps from the text of mediamtx.yml to a Config; one builder makes one configuration.
import { toMediaError } from '../base/media-error.ts';
import type { Config, GlobalConfig, PathConfig } from './config.ts';
import { applyEdits } from './apply-edits.ts';
import type { ConfigEdit } from './config-edit.ts';
import { dottedPath, IssueCollector } from './config-issue.ts';
import type { ConfigIssue, PathSegment, Place } from './config-issue.ts';
import type { KeyTable } from './config-key.ts';
import type { ConfigRegistry, ConfigRule } from './config-registry.ts';
import { decodeDefaults, decodeKeys } from './decode-keys.ts';
import type { DecodedValues } from './decode-keys.ts';
import { movePathCredentials } from './deprecated-credentials.ts';
import {
  deprecatedGlobalKeys,
  deprecatedPathKeys,
  moveGlobalKeys,
  movePathKeys,
} from './deprecated-keys.ts';
import { EnvironmentOverrides } from './environment.ts';
import type { Environment } from './environment.ts';
import { globalKeys } from './global-keys.ts';
import type { ExplicitValues, MergedValues } from './explicit-values.ts';
import { NotBuiltFilter } from './not-built-filter.ts';
import { orderPathRules } from './path-match.ts';
import { pathKeys } from './path-keys.ts';
import { resolveSlateFile, slateFileFault } from './slate-file.ts';
import { expandForwards, type UrlSchemes } from './url-schemes.ts';
import { ConfigValidator } from './validate-config.ts';
import type { ConfigDraft } from './validate-config.ts';
import { emptyMap, isRawMap, YamlDocument } from './yaml-document.ts';
import type { RawMap } from './yaml-document.ts';

/** What the builder needs beside the text. */
export interface BuilderOptions {
  readonly filePath: string | undefined;
  readonly registry: ConfigRegistry;
  /** Changes over the text, under the environment. */
  readonly edits?: readonly ConfigEdit[] | undefined;
}

/** Outcome of a check: a configuration, or every error with its line and column. */
export type ConfigCheck =
  | { readonly config: Config; readonly issues: readonly [] }
  | { readonly config: undefined; readonly issues: readonly ConfigIssue[] };

/** Reads, overrides, modernises, decodes, validates and freezes. */
export class ConfigBuilder {
  readonly #document: YamlDocument;
  readonly #filePath: string | undefined;
  readonly #globalTable: KeyTable;
  readonly #pathTable: KeyTable;
  readonly #extensionNames: { readonly global: string[]; readonly path: string[] };
  readonly #rules: readonly ConfigRule[];
  readonly #urlSchemes: UrlSchemes;
  readonly #edits: readonly ConfigEdit[];
  readonly #issues: IssueCollector;
  /** Names of environment variables by the dotted key path they set. */
  readonly #variables = new Map<string, string>();
  /** Old key paths by the dotted path of the key that replaced them. */
  readonly #moved = new Map<string, readonly PathSegment[]>();

  constructor(text: string, { filePath, registry, edits = [] }: BuilderOptions) {
    this.#edits = edits;
    this.#filePath = filePath;
    this.#document = new YamlDocument(text, filePath ?? 'configuration');
    const extensions = { global: registry.globalKeys, path: registry.pathKeys };
    this.#globalTable = { ...globalKeys, ...extensions.global };
    this.#pathTable = { ...pathKeys, ...extensions.path };
    this.#extensionNames = {
      global: Object.keys(extensions.global),
      path: Object.keys(extensions.path),
    };
    this.#rules = registry.rules;
    this.#urlSchemes = registry.urlSchemes;
    this.#issues = new IssueCollector((path) => this.#locate(path));
  }

  build(env: Environment): ConfigCheck {
    if (this.#document.issues.length > 0) {
      return { config: undefined, issues: this.#document.issues };
    }
    const root = applyEdits(this.#document.root, this.#edits);
    this.#applyEnvironment(root, env);
    const sections = this.#takeSections(root);
    const config = this.#decode(root, sections);
    if (config === undefined) return { config, issues: this.#issues.issues };
    return { config, issues: [] };
  }

  #applyEnvironment(root: RawMap, env: Environment): void {
    const tables = {
      global: { ...deprecatedGlobalKeys, ...this.#globalTable },
      path: { ...deprecatedPathKeys, ...this.#pathTable },
    };
    const options = { issues: this.#issues, origins: this.#variables };
    new EnvironmentOverrides(root, tables, options).apply(env);
  }

  /** Takes `pathDefaults` and `paths` out of the root; old keys are moved to where they belong. */
  #takeSections(root: RawMap): Sections {
    const options = { issues: this.#issues, moved: this.#moved };
    const pathDefaults = this.#section(root, ['pathDefaults']);
    const paths = this.#section(root, ['paths']);
    for (const name of Object.keys(paths)) paths[name] = this.#section(paths, ['paths', name]);
    Object.assign(root, { pathDefaults, paths });
    moveGlobalKeys(root, pathDefaults, options);
    movePathCredentials(root, options);
    movePathKeys(pathDefaults, ['pathDefaults'], options);
    const named = new Map<string, RawMap>();
    for (const [name, section] of Object.entries(paths)) {
      if (!isRawMap(section)) continue;
      movePathKeys(section, ['paths', name], options);
      named.set(name, section);
    }
    Reflect.deleteProperty(root, 'pathDefaults');
    Reflect.deleteProperty(root, 'paths');
    return { pathDefaults, paths: named };
  }

  #section(parent: RawMap, path: readonly string[]): RawMap {
    const value = parent[path.at(-1) ?? ''];
    if (isRawMap(value)) return value;
    if (value !== undefined && value !== null) {
      const name = path.at(-1) ?? '';
      const isPathKey = path.length === 2 && Object.hasOwn(this.#pathTable, name);
      const hint = isPathKey ? `; '${name}' belongs below the name of its path, indented more` : '';
      const message = `must be a map of keys and values${hint}`;
      this.#issues.error({ code: 'config-invalid-value', path, message });
    }
    return emptyMap();
  }

  #decode(root: RawMap, sections: Sections): Config | undefined {
    const explicit = this.#decodeExplicit(root, sections);
    const defaults = {
      global: decodeDefaults(this.#globalTable),
      path: decodeDefaults(this.#pathTable),
    };
    const global = overlay(defaults.global, explicit.global);
    const pathDefaults = overlay(defaults.path, explicit.pathDefaults);
    const paths = new Map(
      [...explicit.paths].map(([name, values]) => [name, overlay(pathDefaults, values)]),
    );
    const draft = {
      global: this.#toGlobal(global),
      pathDefaults: this.#toPath(pathDefaults),
      paths: new Map([...paths].map(([name, values]) => [name, this.#toPath(values)])),
    };
    // Rules between keys mean nothing while single values are wrong.
    if (this.#issues.issues.length === 0) {
      const options = {
        ...{ issues: this.#issues, urlSchemes: this.#urlSchemes },
        slateFileFault: (name: string) => slateFileFault(resolveSlateFile(name, this.#filePath)),
      };
      new ConfigValidator(draft, explicit, options).validate();
      this.#applyRules(draft);
    }
    const filter = new NotBuiltFilter(explicit, this.#issues);
    filter.apply({ global, pathDefaults, paths });
    if (this.#issues.issues.length > 0) return undefined;
    return this.#assemble({ global, pathDefaults, paths });
  }

  #applyRules(draft: ConfigDraft): void {
    const code = 'config-invalid-value';
    for (const rule of this.#rules) {
      rule(draft, {
        error: (path, message) => this.#issues.error({ code, path, message }),
        warn: (path, message) =>
          this.#issues.warn({ code: 'config-doubtful-value', path, message }),
      });
    }
  }

  #decodeExplicit(root: RawMap, sections: Sections): ExplicitValues {
    const decodePath = (raw: RawMap, path: readonly PathSegment[]): DecodedValues =>
      decodeKeys(
        expandForwards(raw, this.#urlSchemes, { path, issues: this.#issues }),
        {
          table: this.#pathTable,
          otherNames: Object.keys(deprecatedPathKeys),
          path,
          hint: (name) =>
            Object.hasOwn(this.#globalTable, name) ? '; it is a global key' : undefined,
        },
        this.#issues,
      );
    return {
      global: decodeKeys(
        root,
        {
          table: this.#globalTable,
          otherNames: [...Object.keys(deprecatedGlobalKeys), 'paths', 'pathDefaults'],
          path: [],
          hint: (name) =>
            Object.hasOwn(this.#pathTable, name)
              ? '; it belongs into pathDefaults or below a name in paths'
              : undefined,
        },
        this.#issues,
      ),
      pathDefaults: decodePath(sections.pathDefaults, ['pathDefaults']),
      paths: new Map(
        [...sections.paths].map(([name, raw]) => [name, decodePath(raw, ['paths', name])]),
      ),
    };
  }

  #assemble({ global, pathDefaults, paths }: MergedValues): Config | undefined {
    const names = [...paths.keys()];
    try {
      return Object.freeze({
        global: this.#toGlobal(global),
        pathDefaults: this.#toPath(pathDefaults),
        paths: new Map([...paths].map(([name, values]) => [name, this.#toPath(values)])),
        pathRules: orderPathRules(names),
        warnings: Object.freeze([...this.#issues.warnings]),
        filePath: this.#filePath,
      });
    } catch (failure) {
      const { code, message } = toMediaError(failure);
      this.#issues.error({ code, path: ['paths'], message });
      return undefined;
    }
  }

  #toGlobal(values: DecodedValues): GlobalConfig {
    // Schema edge: every value was decoded with the schema that GlobalConfig is inferred from.
    return toRecord(values, this.#extensionNames.global) as GlobalConfig;
  }

  #toPath(values: DecodedValues): PathConfig {
    // Schema edge: every value was decoded with the schema that PathConfig is inferred from.
    return toRecord(values, this.#extensionNames.path) as PathConfig;
  }

  /** An environment variable, else the old name of a moved key, else the line of the file. */
  #locate(path: readonly PathSegment[]): Place {
    for (let length = path.length; length > 0; length--) {
      const key = dottedPath(path.slice(0, length));
      const old = this.#moved.get(key);
      const variable = this.#variables.get(old === undefined ? key : dottedPath(old));
      if (variable !== undefined) return { text: `environment variable ${variable}` };
      if (old !== undefined) return this.#document.locate([...old, ...path.slice(length)]);
    }
    return this.#document.locate(path);
  }
}

interface Sections {
  readonly pathDefaults: RawMap;
  readonly paths: ReadonlyMap<string, RawMap>;
}

function overlay(lower: DecodedValues, upper: DecodedValues): DecodedValues {
  return new Map([...lower, ...upper]);
}

function toRecord(values: DecodedValues, extensionNames: readonly string[]): object {
  const extensions = Object.freeze(
    Object.fromEntries(extensionNames.map((name) => [name, values.get(name)])),
  );
  const own = [...values].filter(([name]) => !extensionNames.includes(name));
  return Object.freeze({ ...Object.fromEntries(own), extensions });
}
