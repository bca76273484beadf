// Holds the source to the dependency table: down only, no cycle, no room without a row.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  findCoreToProImports,
  findCycles,
  findForbiddenImports,
  findUnlistedRooms,
  findUnusedPermissions,
  findUpwardPermissions,
} from './layer-rules.ts';
import type { Layer } from './layers.ts';
import { LAYERS } from './layers.ts';
import type { ModuleGraph } from './module-graph.ts';
import {
  listFiles,
  listFolders,
  PROJECT_ROOT,
  readModuleGraph,
  SOURCE_FOLDERS,
} from './module-graph.ts';

/** Fewer files than this means that the reader of imports is broken, not that the project shrank. */
const FEWEST_MODULES = 20;
/** Fewer imports per file than this means the same. */
const FEWEST_IMPORTS_PER_FILE = 0.5;

describe('layers', () => {
  let graph: ModuleGraph = { files: [], edges: [] };

  before(async () => {
    graph = await readModuleGraph();
  });

  it('sees every source file, and their imports', () => {
    const onDisk = listFiles(SOURCE_FOLDERS, ['.ts', '.js']);
    assert.deepEqual([...graph.files].sort(), onDisk);
    assert.ok(graph.files.length >= FEWEST_MODULES, `only ${graph.files.length} modules`);
    assert.ok(graph.edges.length >= graph.files.length * FEWEST_IMPORTS_PER_FILE);
  });

  it('has a row for every room', () => {
    const folders = SOURCE_FOLDERS.flatMap(listFolders);
    assert.deepEqual(findUnlistedRooms(graph, folders, LAYERS), []);
  });

  it('names each room once', () => {
    assert.equal(new Set(LAYERS.map((layer) => layer.room)).size, LAYERS.length);
  });

  it('lets a room import only what its row allows', () => {
    assert.deepEqual(findForbiddenImports(graph, LAYERS), []);
  });

  it('keeps core free of pro', () => {
    assert.deepEqual(findCoreToProImports(graph), []);
  });

  it('has no permission that nobody uses', () => {
    assert.deepEqual(findUnusedPermissions(graph, LAYERS), []);
  });

  it('points every permission down', () => {
    assert.deepEqual(findUpwardPermissions(LAYERS), []);
  });

  it('has no import cycle, type imports counted', () => {
    assert.deepEqual(findCycles(graph), []);
  });

  it('resolves every import', () => {
    const unresolved = graph.edges.filter((edge) => edge.isLocal && edge.isUnresolved);
    assert.deepEqual(
      unresolved.map((edge) => `${edge.from} imports ${edge.to}`),
      [],
    );
  });

  it('imports werift in -werift.ts files only', () => {
    const importers = graph.edges
      .filter((edge) => edge.to === 'werift' || edge.to.startsWith('werift/'))
      .map((edge) => edge.from);
    assert.deepEqual(
      importers.filter((file) => !file.endsWith('-werift.ts')),
      [],
    );
  });

  it('imports fluent-ffmpeg, archived upstream, in one file only', () => {
    const importers = graph.edges.filter((edge) => edge.to === 'fluent-ffmpeg');
    assert.deepEqual(
      importers.map((edge) => edge.from),
      ['pro/export/fluent-commands.ts'],
    );
  });

  it('keeps browser pages apart from the server', () => {
    const crossing = graph.edges.filter(
      (edge) =>
        edge.from.includes('/pages/') !== edge.to.includes('/pages/') &&
        (edge.isLocal || edge.from.includes('/pages/')),
    );
    assert.deepEqual(crossing, []);
  });

  it('is the table that ARCHITECTURE.md shows', () => {
    const text = readFileSync(join(PROJECT_ROOT, 'ARCHITECTURE.md'), 'utf8');
    assert.deepEqual(tableRows(text, '## Rooms'), LAYERS.map(documentedRow));
  });
});

describe('layer rules', () => {
  const layers: readonly Layer[] = [
    { room: 'core/base', mayImport: [], purpose: '' },
    { room: 'core/low', mayImport: [], purpose: '' },
    { room: 'core/high', mayImport: ['core/low'], purpose: '' },
    { room: 'core/server.ts', mayImport: ['core/*'], purpose: '' },
  ];

  it('accept a clean graph', () => {
    const clean = graphOf(
      ['core/high/a.ts', 'core/low/b.ts'],
      ['core/server.ts', 'core/high/a.ts'],
    );
    assert.deepEqual(findForbiddenImports(clean, layers), []);
    assert.deepEqual(findUnusedPermissions(clean, layers), []);
    assert.deepEqual(findCycles(clean), []);
    assert.deepEqual(findUnlistedRooms(clean, [], layers), []);
  });

  it('find an import that points up', () => {
    const upward = graphOf(['core/low/b.ts', 'core/high/a.ts']);
    assert.deepEqual(findForbiddenImports(upward, layers), [
      'core/low/b.ts imports core/high/a.ts',
    ]);
  });

  it('find an import of core/server.ts', () => {
    const upward = graphOf(['core/high/a.ts', 'core/server.ts']);
    assert.equal(findForbiddenImports(upward, layers).length, 1);
  });

  it('find an import of pro in core', () => {
    assert.equal(findCoreToProImports(graphOf(['core/low/b.ts', 'pro/config/c.ts'])).length, 1);
  });

  it('find a cycle inside one room', () => {
    const cycle = graphOf(
      ['core/low/a.ts', 'core/low/b.ts'],
      ['core/low/b.ts', 'core/low/c.ts'],
      ['core/low/c.ts', 'core/low/a.ts'],
      ['core/low/c.ts', 'core/low/d.ts'],
    );
    assert.deepEqual(findCycles(cycle), [['core/low/a.ts', 'core/low/b.ts', 'core/low/c.ts']]);
  });

  it('find a permission that nobody uses', () => {
    const idle = graphOf(['core/high/a.ts', 'core/base/x.ts'], ['core/low/b.ts', 'core/base/x.ts']);
    assert.deepEqual(findUnusedPermissions(idle, layers), ['core/high -> core/low']);
  });

  it('find a room without a row, as a folder and as a file', () => {
    const unlisted = graphOf(['core/extra.ts', 'core/base/x.ts']);
    const rooms = findUnlistedRooms(unlisted, ['core/attic'], layers);
    assert.deepEqual(rooms, ['core/attic', 'core/extra.ts']);
  });

  it('find a permission that points up', () => {
    const upward: readonly Layer[] = [
      { room: 'core/low', mayImport: ['core/high'], purpose: '' },
      { room: 'core/high', mayImport: [], purpose: '' },
    ];
    assert.deepEqual(findUpwardPermissions(upward), ['core/low -> core/high']);
  });
});

function graphOf(...imports: readonly (readonly [string, string])[]): ModuleGraph {
  return {
    files: [...new Set(imports.flat())],
    edges: imports.map(([from, to]) => ({ from, to, isLocal: true, isUnresolved: false })),
  };
}

function documentedRow(layer: Layer): string[] {
  const permissions = layer.mayImport.map((room) => `\`${room}\``).join(', ');
  return [`\`${layer.room}\``, permissions === '' ? '–' : permissions, layer.purpose];
}

function tableRows(text: string, heading: string): string[][] {
  const section = text.split(`\n${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}
