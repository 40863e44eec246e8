import type { TestApp } from '../app.ts';

/** A node of a plan. */
export type Plan = {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Sort Key'?: string[];
  Plans?: Plan[];
};

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** The nodes of the plan that PostgreSQL makes for a statement once for all values. */
export async function planOf({ app }: Pick<TestApp, 'app'>, text: string): Promise<Plan[]> {
  const parameters = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
  const values = Array.from({ length: parameters }, () => 'null').join(', ');
  let plan: Plan | undefined;
  await app.database.connection.script(async (script) => {
    await script('set plan_cache_mode = force_generic_plan');
    await script(`prepare hot as ${text}`);
    const [row] = (await script(`explain (format json) execute hot${parameters > 0 ? `(${values})` : ''}`)) as Record<
      string,
      unknown
    >[];
    const printed = Object.values(row ?? {})[0];
    plan = (typeof printed === 'string' ? JSON.parse(printed) : printed)[0].Plan;
    await script('deallocate hot; reset plan_cache_mode');
  });
  return nodesOf(plan as Plan);
}
