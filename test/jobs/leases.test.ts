import { expect, test } from 'vitest';
import { type LeaseStatements, leasesOf } from '../../src/jobs/leases.ts';
import { claimed } from './claimed.ts';

type Job = { tenantId: string; id: string };

const job = (tenantId: string, n = 1): Job => ({ tenantId, id: `${tenantId}${n}` });
const away = new Error('the database is away');

/** Statements over jobs in memory, and what was asked of them. */
function table(jobs: Job[], trouble: Partial<LeaseStatements<Job>> = {}) {
  const asked: string[] = [];
  const of = (name: string) => async (given: { tenantId: string }) => void asked.push(`${name} ${given.tenantId}`);
  const failing = (name: string) => (given: { tenantId: string }) =>
    given.tenantId === 'b' ? Promise.reject(away) : of(name)(given);
  const tenants = async () => ['a', 'b', 'c'].map((tenantId) => ({ tenantId }));
  const statements: LeaseStatements<Job> = {
    async due(max) {
      asked.push('due');
      return jobs.slice(0, max);
    },
    async claim({ tenantId, ids }) {
      asked.push(`claim ${tenantId}`);
      if (tenantId === 'b') throw away;
      return ids.flatMap((id) => {
        const place = jobs.findIndex((one) => one.id === id);
        return place < 0 ? [] : jobs.splice(place, 1);
      });
    },
    renew: failing('renew'),
    expiredTenants: tenants,
    reclaim: failing('reclaim'),
    leasedTenants: tenants,
    handBack: failing('handBack'),
    ...trouble,
  };
  return { leases: leasesOf(statements), statements, asked };
}

test('the jobs of a tenant are there before the next tenant is asked', async () => {
  const { leases, asked } = table([job('a'), job('c')]);
  for await (const [first] of leases.claim('worker', 2)) {
    expect(first).toEqual(job('a'));
    expect(asked).toEqual(['due', 'claim a']);
    break;
  }
});

test('a tenant whose jobs cannot be leased keeps no other from theirs, and its error is told at the end', async () => {
  const { leases } = table([job('a'), job('b'), job('c')]);
  const leased: Job[] = [];
  const claiming = async () => {
    for await (const jobs of leases.claim('worker', 3)) leased.push(...jobs);
  };
  await expect(claiming()).rejects.toBe(away);
  expect(leased).toEqual([job('a'), job('c')]);
});

test.each(['renew', 'reclaim', 'handBack'] as const)(
  '%s goes on after a tenant’s error, and tells it',
  async (name) => {
    const { leases, asked } = table([]);
    const done = name === 'reclaim' ? leases.reclaim() : leases[name]('worker', [job('a'), job('b'), job('c')]);
    await expect(done).rejects.toBe(away);
    expect(asked).toEqual([`${name} a`, `${name} c`]);
  },
);

test('the errors of several tenants are told together', async () => {
  const { leases } = table([], { reclaim: ({ tenantId }) => Promise.reject(new Error(tenantId)) });
  await expect(leases.reclaim()).rejects.toMatchObject({ errors: ['a', 'b', 'c'].map((each) => new Error(each)) });
});

test('a claim reads again while others have taken what it has read', async () => {
  const jobs = Array.from({ length: 40 }, (_, n) => job('a', n));
  const { leases, statements, asked } = table(jobs);
  const { due } = statements;
  let reads = 0;
  // Others take all that was read, twice.
  statements.due = async (max) => {
    const found = await due(max);
    reads += 1;
    if (reads <= 2) jobs.splice(0, max);
    return found;
  };
  expect(await claimed(leases, 'worker', 2)).toEqual([job('a', 36), job('a', 37)]);
  expect(asked.filter((each) => each === 'due')).toHaveLength(3);
});

test('a claim reads once where nothing was lost or nothing is left, and a few times at the most', async () => {
  const reads = async (jobs: Job[], trouble: Partial<LeaseStatements<Job>>) => {
    const { leases, asked } = table(jobs, trouble);
    await claimed(leases, 'worker', 2).catch(() => {});
    return asked.filter((each) => each === 'due').length;
  };
  const many = () => Array.from({ length: 40 }, (_, n) => job('a', n));
  const locked = { claim: async () => [] };
  expect(await reads(many(), {})).toBe(1);
  expect(await reads(many().slice(0, 17), locked)).toBe(1);
  expect(await reads(many(), locked)).toBe(4);
  expect(await reads(many(), { claim: () => Promise.reject(away) })).toBe(1);
});
