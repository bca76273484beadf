// Judges a module graph by the dependency table; pure, so that the rules themselves can be tested.
import type { Layer } from './layers.ts';
import { OPEN_ROOM } from './layers.ts';
import type { ImportEdge, ModuleGraph } from './module-graph.ts';

/** The room of a file: its second-level folder, or the file itself when it stands directly in core/ or pro/. */
export function roomOf(path: string): string {
  const parts = path.split('/');
  return parts.slice(0, 2).join('/');
}

/** Rooms of the graph or of `folders` that have no row. */
export function findUnlistedRooms(
  graph: ModuleGraph,
  folders: readonly string[],
  layers: readonly Layer[],
): string[] {
  const listed = new Set(layers.map((layer) => layer.room));
  const rooms = new Set([...graph.files.map(roomOf), ...folders]);
  return [...rooms].filter((room) => !listed.has(room)).sort();
}

/** Imports that the table does not allow, as `file imports file`. */
export function findForbiddenImports(graph: ModuleGraph, layers: readonly Layer[]): string[] {
  return crossings(graph)
    .filter((edge) => !isAllowed(roomOf(edge.from), roomOf(edge.to), layers))
    .map((edge) => `${edge.from} imports ${edge.to}`);
}

/** Imports of core that reach into pro, as `file imports file`. */
export function findCoreToProImports(graph: ModuleGraph): string[] {
  return graph.edges
    .filter((edge) => edge.from.startsWith('core/') && edge.to.startsWith('pro/'))
    .map((edge) => `${edge.from} imports ${edge.to}`);
}

/** Permissions between two rooms that both have code, which no import uses. */
export function findUnusedPermissions(graph: ModuleGraph, layers: readonly Layer[]): string[] {
  const living = new Set(graph.files.map(roomOf));
  const used = new Set(
    crossings(graph).map((edge) => `${roomOf(edge.from)} -> ${roomOf(edge.to)}`),
  );
  return layers.flatMap(({ room, mayImport }) =>
    mayImport
      .filter((target) => living.has(room) && living.has(target))
      .map((target) => `${room} -> ${target}`)
      .filter((permission) => !used.has(permission)),
  );
}

/** Permissions that point at the own row, at a row below, or at no row. */
export function findUpwardPermissions(layers: readonly Layer[]): string[] {
  const above = new Set<string>();
  const wrong: string[] = [];
  for (const { room, mayImport } of layers) {
    for (const target of mayImport) {
      if (!target.endsWith('/*') && !above.has(target)) wrong.push(`${room} -> ${target}`);
    }
    above.add(room);
  }
  return wrong;
}

/** Import cycles between files, type imports counted; each as its files in sorted order. */
export function findCycles(graph: ModuleGraph): string[][] {
  const targets = new Map<string, string[]>(graph.files.map((file) => [file, []]));
  for (const edge of graph.edges) {
    if (edge.isLocal) targets.get(edge.from)?.push(edge.to);
  }
  return stronglyConnected(targets).map((group) => group.sort());
}

function crossings(graph: ModuleGraph): ImportEdge[] {
  return graph.edges.filter((edge) => edge.isLocal && roomOf(edge.from) !== roomOf(edge.to));
}

function isAllowed(from: string, to: string, layers: readonly Layer[]): boolean {
  if (to === OPEN_ROOM) return true;
  const row = layers.findIndex((layer) => layer.room === from);
  const above = layers.slice(0, Math.max(row, 0)).some((layer) => layer.room === to);
  const permissions = layers[row]?.mayImport ?? [];
  const folder = to.slice(0, to.indexOf('/'));
  return above && (permissions.includes(to) || permissions.includes(`${folder}/*`));
}

/** Tarjan's algorithm; returns groups of two or more nodes, and nodes that point at themselves. */
function stronglyConnected(targets: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const stack: string[] = [];
  const groups: string[][] = [];
  const visit = (node: string): number => {
    const own = index.size;
    let lowest = own;
    index.set(node, own);
    stack.push(node);
    for (const next of targets.get(node) ?? []) {
      if (!targets.has(next)) continue;
      if (!index.has(next)) lowest = Math.min(lowest, visit(next));
      else if (stack.includes(next)) lowest = Math.min(lowest, index.get(next) ?? own);
    }
    if (lowest === own) {
      const group = stack.splice(stack.indexOf(node));
      if (group.length > 1 || targets.get(node)?.includes(node)) groups.push(group);
    }
    return lowest;
  };
  for (const node of targets.keys()) if (!index.has(node)) visit(node);
  return groups;
}
