// The Grafana board and the alert rules ask only for metrics that exist.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '../../..');
const boardSchema = z.object({
  panels: z.array(
    z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) }),
  ),
});
const rulesSchema = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
});
const FUNCTIONS = new Set(['count', 'sum', 'rate', 'by', 'histogram_quantile']);

/** Names of metrics in an expression: what is no function, no label and no text. */
function metricsOf(expr: string): readonly string[] {
  const bare = expr
    .replace(/\{[^}]*\}/gu, '')
    .replace(/\[[^\]]*\]/gu, '')
    .replace(/by \([^)]*\)/gu, '');
  return [...bare.matchAll(/[a-z_]{2,}/gu)]
    .map(([name]) => name)
    .filter((name) => !FUNCTIONS.has(name));
}

/** Every name that stands in the sources as a text. */
function namesInSources(): ReadonlySet<string> {
  const folders = ['core/metrics', 'core/path', 'core/rtsp', 'core/webrtc'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(ROOT, folder, name)),
  );
  const text = [...files, join(ROOT, 'core/server-observers.ts')]
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  return new Set(
    [...text.matchAll(/name: '([a-z_]+)'|(?:gauge|counter)\(\s*'([a-z_]+)'/gu)].map(
      ([, first, second]) => first ?? second ?? '',
    ),
  );
}

describe('dashboards', () => {
  const known = namesInSources();
  const assertKnown = (expr: string): void => {
    const names = metricsOf(expr);
    assert.ok(names.length > 0, expr);
    for (const name of names)
      assert.ok(known.has(name.replace(/_bucket$/u, '')), `${name}: ${expr}`);
  };

  it('the Grafana board asks for metrics that exist', () => {
    const text = readFileSync(join(ROOT, 'apidocs/grafana/mediamtx-pro.json'), 'utf8');
    const { panels } = boardSchema.parse(JSON.parse(text));
    assert.ok(panels.length >= 10);
    for (const { targets } of panels) for (const { expr } of targets) assertKnown(expr);
  });

  it('the alert rules ask for metrics that exist', () => {
    const text = readFileSync(join(ROOT, 'apidocs/alerts.yml'), 'utf8');
    const { groups } = rulesSchema.parse(parse(text));
    for (const { rules } of groups) for (const { expr } of rules) assertKnown(expr);
  });
});
