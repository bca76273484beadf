// Which recordPath patterns are in force, and the folders of recordings that they make.
import { dirname } from 'node:path';
import type { Config, PathConfig } from '../../core/config/config.ts';
import { findPathConfig } from '../../core/config/path-match.ts';
import { joinLayouts } from '../../core/library/joined-layout.ts';
import type { RecordingFolder } from '../../core/library/recording-folder.ts';
import { SafeFolder } from '../../core/library/safe-folder.ts';
import { templateLayout } from '../../core/library/template-layout.ts';
import type { RecordTemplate } from '../../core/record/record-template.ts';
import { RecordSettingsReader, type RecordSettings } from '../../core/record/record-settings.ts';

/** Follows the configuration; nothing here has to be told of a change. */
export class RecordPatterns {
  readonly #configNow: () => Config;
  readonly #proRoot: string;
  readonly #reader: RecordSettingsReader;
  #seen: Config | undefined;
  #templates: readonly RecordTemplate[] = [];
  #roots: readonly string[] = [];

  /** `proRoot` is the absolute folder of all other recordings. */
  constructor(configNow: () => Config, proRoot: string) {
    this.#configNow = configNow;
    this.#proRoot = proRoot;
    const { filePath } = configNow();
    this.#reader = new RecordSettingsReader(filePath === undefined ? '.' : dirname(filePath));
  }

  /** How a path is recorded; undefined when its recordPath is a folder, or no entry covers it. */
  settingsOf(pathName: string): RecordSettings | undefined {
    const found = findPathConfig(this.#configNow(), pathName);
    return found && this.#reader.read(found.config);
  }

  /** `recordDeleteAfter` of a path; of one that the configuration doesn't know, that of the defaults. */
  deleteAfterMs(pathName: string): number {
    const config = this.#configNow();
    const { recordDeleteAfter } = findPathConfig(config, pathName)?.config ?? config.pathDefaults;
    return recordDeleteAfter;
  }

  /** The shortest above 0; 0 when nothing is ever deleted. */
  get shortestDeleteAfterMs(): number {
    const all = entriesOf(this.#configNow()).map(({ recordDeleteAfter }) => recordDeleteAfter);
    const limits = all.filter((afterMs) => afterMs > 0);
    return limits.length === 0 ? 0 : Math.min(...limits);
  }

  /** Whether a file (relative to its root) was named by a pattern. */
  isPatternFile(root: string, file: string): boolean {
    return this.#now().some((template) => template.root === root && template.read(file));
  }

  /** The folder of all other recordings, with those files in it that patterns name. */
  joinedTo(folder: RecordingFolder): RecordingFolder {
    return {
      safe: folder.safe,
      layout: joinLayouts(this.#layout(folder.safe.root), folder.layout),
    };
  }

  /** Folders of patterns beside the one of all other recordings. */
  folders(): readonly RecordingFolder[] {
    this.#now();
    return this.#roots
      .filter((root) => root !== this.#proRoot)
      .map((root) => ({ safe: new SafeFolder(root), layout: this.#layout(root) }));
  }

  #layout(root: string): RecordingFolder['layout'] {
    return templateLayout(root, {
      templates: () => this.#now(),
      roots: () => this.#roots,
    });
  }

  #now(): readonly RecordTemplate[] {
    const config = this.#configNow();
    if (config === this.#seen) return this.#templates;
    this.#seen = config;
    this.#templates = this.#reader.templatesOf(entriesOf(config));
    this.#roots = [...new Set([this.#proRoot, ...this.#templates.map(({ root }) => root)])];
    return this.#templates;
  }
}

function entriesOf({ pathDefaults, paths }: Config): readonly PathConfig[] {
  return [pathDefaults, ...paths.values()];
}
