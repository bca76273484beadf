// runOnRecordSegmentCreate and runOnRecordSegmentComplete: commands for each recorded file.
import type { PathConfig } from '../config/config.ts';
import { pathVariables } from './hook-environment.ts';
import type { HookLauncher } from './hook-launcher.ts';

/** A file, as an index of recordings is told of it. */
export interface HookSegment {
  readonly pathName: string;
  /** Absolute name. */
  readonly file: string;
}

/** What the hooks work with. */
export interface SegmentHooksComponents {
  readonly launcher: HookLauncher;
  /** The entry of a path now; undefined when it is gone. */
  readonly configOf: (pathName: string) => PathConfig | undefined;
  readonly groupsOf: (pathName: string) => readonly string[];
  readonly rtspPort: () => string;
}

/** Told of files as RecordingsIndex is. */
export class SegmentHooks {
  readonly #components: SegmentHooksComponents;

  constructor(components: SegmentHooksComponents) {
    this.#components = components;
  }

  opened(segment: HookSegment): void {
    this.#launch('runOnRecordSegmentCreate', segment, {});
  }

  closed(segment: HookSegment & { readonly durationMs: number }): void {
    const seconds = String(segment.durationMs / 1000);
    this.#launch('runOnRecordSegmentComplete', segment, { MTX_SEGMENT_DURATION: seconds });
  }

  #launch(
    name: 'runOnRecordSegmentCreate' | 'runOnRecordSegmentComplete',
    { pathName, file }: HookSegment,
    more: Readonly<Record<string, string>>,
  ): void {
    const { launcher, configOf, groupsOf, rtspPort } = this.#components;
    const path = pathVariables({
      ...{ name: pathName, groups: groupsOf(pathName), rtspPort: rtspPort() },
    });
    const variables = { ...path, MTX_SEGMENT_PATH: file, ...more };
    launcher.tell(name, variables);
    launcher.launch({ name, command: configOf(pathName)?.[name] ?? '', variables });
  }
}
