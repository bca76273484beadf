// What commands of hooks were given, as append-environment.ts wrote it down.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const entrySchema = z.object({
  hook: z.string(),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()),
});

/** One run of one command. */
export type HookEntry = z.infer<typeof entrySchema>;

const SCRIPT = fileURLToPath(new URL('./append-environment.ts', import.meta.url));
const POLL_MS = 25;
const MAX_POLLS = 400;

/** Reads one file of entries. */
export class HookDiary {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** For a key of mediamtx.yml; `args` as a command line has them. */
  command(hook: string, args = ''): string {
    return `'${process.execPath}' '${SCRIPT}' '${this.#file}' ${hook} ${args}`.trim();
  }

  /** Commands for several keys. */
  commands(hooks: readonly string[]): Readonly<Record<string, string>> {
    return Object.fromEntries(hooks.map((hook) => [hook, this.command(hook)]));
  }

  /** In order of their end. */
  async entries(): Promise<readonly HookEntry[]> {
    const text = await readFile(this.#file, 'utf8').catch(() => '');
    const lines = text.split('\n').slice(0, -1);
    return lines.map((line) => entrySchema.parse(JSON.parse(line)));
  }

  /** The first entry of a hook; waits up to 10 s for it. */
  async find(
    hook: string,
    isWanted: (entry: HookEntry) => boolean = () => true,
  ): Promise<HookEntry> {
    let entries: readonly HookEntry[] = [];
    for (let poll = 0; poll < MAX_POLLS; poll++) {
      entries = await this.entries();
      const found = entries.find((entry) => entry.hook === hook && isWanted(entry));
      if (found) return found;
      await sleep(POLL_MS);
    }
    throw new Error(`${hook} did not run; these did: ${JSON.stringify(entries)}`);
  }
}
