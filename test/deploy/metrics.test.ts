import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { createMetrics } from '../../src/http/metrics.ts';

const metrics = createMetrics();
metrics.watchParts(async () => ({ ready: true, parts: { database: null }, degraded: [] }));
metrics.watchJobs(async () => ({ due: 1 }));
const { text } = await metrics.read();
const kinds = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => [name as string, kind]));

/** The names of metrics in an expression, without what a histogram adds to its own. */
const namesIn = (expression: string) =>
  [...expression.matchAll(/\b(?:rollcall|process|nodejs)_\w+/g)].map(([name]) =>
    name.replace(/_(bucket|sum|count)$/, ''),
  );

test('names of metrics follow Prometheus’ conventions', () => {
  const ours = [...kinds].filter(([name]) => name.startsWith('rollcall_'));
  expect(ours.length).toBeGreaterThan(6);
  for (const [name, kind] of ours) {
    expect(name, name).toMatch(/^[a-z]+(_[a-z]+)+$/);
    expect(name.endsWith('_total'), name).toBe(kind === 'counter');
    if (kind === 'histogram') expect(name).toMatch(/_(seconds|bytes)$/);
  }
});

test('alerts and the dashboard ask only for metrics that there are, the dashboard for all of ours', () => {
  const { groups } = parse(readFileSync('deploy/prometheus/alerts.yaml', 'utf8'));
  const alerts: string[] = groups.flatMap(({ rules }: { rules: { expr: string }[] }) => rules.map(({ expr }) => expr));
  const { panels } = JSON.parse(readFileSync('deploy/grafana/dashboard.json', 'utf8'));
  const shown: string[] = panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
    targets.map(({ expr }) => expr),
  );
  expect(alerts.length).toBeGreaterThan(5);
  for (const expression of [...alerts, ...shown]) {
    expect(namesIn(expression).length, expression).toBeGreaterThan(0);
    for (const name of namesIn(expression)) expect([...kinds.keys()], expression).toContain(name);
  }
  const ours = [...kinds.keys()].filter((name) => name.startsWith('rollcall_'));
  expect(ours.filter((name) => !shown.flatMap(namesIn).includes(name))).toEqual([]);
});
