import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import type { Untyped } from '../app.ts';
import { createAccessKey } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { createSubject, revoke, subscription } from './trigger.ts';

const service = useApp();

describe('a subscription over multipart, by Apollo’s client', () => {
  test('hears events, and the end of its credential', async () => {
    const subject = await createSubject(service.tenant);
    const { headers, id } = await createAccessKey(service.tenant, ['PARTICIPANTS_READ']);
    const link = new HttpLink({
      uri: 'http://localhost/graphql',
      headers,
      fetch: (uri, init) => service.app.fetch(new Request(String(uri), init)),
    });
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    const heard: Untyped[] = [];
    const over = new Promise<void>((resolve) => {
      client.subscribe({ query: parse(subscription), errorPolicy: 'all' }).subscribe({
        next: (result) => heard.push(result),
        error: () => resolve(),
        complete: () => resolve(),
      });
    });
    await expect
      .poll(
        async () => {
          await subject.sync();
          return heard.length;
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThan(0);
    expect(heard[0].data.participantAvatarSynced).toMatchObject({ outcome: 'FAILED', participant: { id: subject.id } });
    await revoke(service.tenant, id);
    await over;
    expect(JSON.stringify(heard.at(-1))).toMatch('The key was revoked');
  });
});
