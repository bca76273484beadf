// Reads who imports whom below core/ and pro/, type imports included.
import { existsSync, readdirSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { cruise } from 'dependency-cruiser';
import type { ICruiseResult } from 'dependency-cruiser';

/** One import of one file. */
export interface ImportEdge {
  readonly from: string;
  /** Path from the project root, or what was written when it is a package or a Node module. */
  readonly to: string;
  /** Whether `to` is a file of this project. */
  readonly isLocal: boolean;
  /** Whether no file or package was found for it. */
  readonly isUnresolved: boolean;
}

/** Files and imports of the project's source. */
export interface ModuleGraph {
  readonly files: readonly string[];
  readonly edges: readonly ImportEdge[];
}

/** Absolute path of the project. */
export const PROJECT_ROOT = dirname(dirname(import.meta.dirname));

/** Folders whose imports are checked. */
export const SOURCE_FOLDERS: readonly string[] = ['core', 'pro'];

/** Lists files below `folders` that end in one of `extensions`, as paths from the project root. */
export function listFiles(folders: readonly string[], extensions: readonly string[]): string[] {
  const found: string[] = [];
  for (const folder of folders) {
    const absolute = join(PROJECT_ROOT, folder);
    for (const entry of readFolder(absolute)) {
      if (!entry.isFile() || !extensions.some((extension) => entry.name.endsWith(extension))) {
        continue;
      }
      found.push(relative(PROJECT_ROOT, join(entry.parentPath, entry.name)));
    }
  }
  return found.sort();
}

/** Lists the folders directly below `folder`, as paths from the project root. */
export function listFolders(folder: string): string[] {
  return readFolder(join(PROJECT_ROOT, folder))
    .filter((entry) => entry.isDirectory() && entry.parentPath === join(PROJECT_ROOT, folder))
    .filter((entry) => readFolder(join(PROJECT_ROOT, folder, entry.name)).some((e) => e.isFile()))
    .map((entry) => `${folder}/${entry.name}`)
    .sort();
}

function readFolder(absolute: string): Dirent[] {
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { recursive: true, withFileTypes: true });
}

/** Reads the imports of every file below core/ and pro/ with dependency-cruiser. */
export async function readModuleGraph(): Promise<ModuleGraph> {
  const folders = SOURCE_FOLDERS.filter((folder) => readFolder(join(PROJECT_ROOT, folder)).length);
  const { output } = await cruise(
    [...folders],
    { baseDir: PROJECT_ROOT, tsPreCompilationDeps: true, doNotFollow: { path: 'node_modules' } },
    {
      extensions: ['.ts', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  );
  if (typeof output === 'string') throw new Error('dependency-cruiser answered with text');
  return toGraph(output);
}

function toGraph(result: ICruiseResult): ModuleGraph {
  const modules = result.modules.filter((module) => isSource(module.source));
  return {
    files: modules.map((module) => module.source),
    edges: modules.flatMap((module) =>
      module.dependencies.map((dependency) => {
        const isRelative = dependency.module.startsWith('.');
        return {
          from: module.source,
          to: isRelative
            ? normalize(join(dirname(module.source), dependency.module))
            : dependency.module,
          isLocal: isRelative,
          isUnresolved: dependency.couldNotResolve,
        };
      }),
    ),
  };
}

function isSource(path: string): boolean {
  return SOURCE_FOLDERS.some((folder) => path.startsWith(`${folder}/`));
}
