import { GraphQLError } from 'graphql';
import { expect, test } from 'vitest';
import { createBoundedLog } from '../../src/errors/bounded-log.ts';
import { Problem } from '../../src/errors/catalogue.ts';
import { createErrorFormatter } from '../../src/operations/errors.ts';
import { dataOf, startApp } from '../app.ts';

test('writes a few lines a second, and says how many it left out', () => {
  const lines: object[] = [];
  let time = 1_000;
  const told = createBoundedLog(
    (fields) => void lines.push(fields),
    () => time,
  );
  for (let line = 0; line < 50; line += 1) told({ line }, 'x');
  expect(lines).toHaveLength(20);
  time = 2_000;
  told({ line: 50 }, 'x');
  told({ line: 51 }, 'x');
  expect(lines.slice(20)).toEqual([{ line: 50, leftOut: 30 }, { line: 51 }]);
});

test('failed sign-ins are counted, by tenant where the credential is or was one of its own', async () => {
  const { app, tenant, close } = await startApp();
  const answer = await tenant.graphql(
    'mutation { createAccessKey(input: { name: "k", scopes: [PARTICIPANTS_READ] }) { secret } }',
  );
  const secret: string = dataOf(answer).createAccessKey.secret;
  const ask = (authorization: string) => tenant.graphql('{ viewer { kind } }', {}, { authorization });
  for (const wrong of [`${secret.slice(0, -4)}AAAA`, `${secret.slice(0, -4)}BBBB`])
    expect((await ask(`AccessKey ${wrong}`)).status).toBe(401);
  expect((await ask('Bearer nonsense')).status).toBe(401);
  // What was right once says whose it was.
  expect((await ask(`Bearer ${await tenant.token(undefined, { expiresIn: '-1h' })}`)).status).toBe(401);
  const { key, secret: revoked } = dataOf(
    await tenant.graphql('mutation { createAccessKey(input: { name: "k", scopes: [ADMIN] }) { key { id } secret } }'),
  ).createAccessKey;
  dataOf(await tenant.graphql('mutation ($id: ID!) { revokeKey(input: { id: $id }) { key { id } } }', { id: key.id }));
  expect((await ask(`AccessKey ${revoked}`)).status).toBe(401);
  const metrics = await (await app.fetch(new Request('http://localhost/metrics'))).text();
  expect(metrics).toMatch(/rollcall_failed_sign_ins_total\{credential="token",tenant="unknown"\} 1/);
  expect(metrics).toContain(`rollcall_failed_sign_ins_total{credential="key",tenant="${tenant.id}"} 3`);
  expect(metrics).toContain(`rollcall_failed_sign_ins_total{credential="token",tenant="${tenant.id}"} 1`);
  await close();
});

test('an outage is told by a bounded number of lines, however many requests it refuses', () => {
  const lines: object[] = [];
  const log = { warn: (fields: object) => void lines.push(fields), error: (fields: object) => void lines.push(fields) };
  const format = createErrorFormatter(log, true);
  const outage = new GraphQLError('x', { originalError: new Problem('UNAVAILABLE', 'The database is away.') });
  for (let request = 0; request < 2_000; request += 1)
    expect(format({ errors: [outage] }, 'id').errors?.[0]?.extensions['code']).toBe('UNAVAILABLE');
  expect(lines.length).toBeLessThan(500);
  // What is unexpected is told each time.
  lines.length = 0;
  for (let request = 0; request < 30; request += 1)
    format({ errors: [new GraphQLError('x', { originalError: new Error('x') })] }, 'id');
  expect(lines).toHaveLength(30);
});
