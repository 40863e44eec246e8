import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { startApp } from '../app.ts';
import { png } from '../fakes/images.ts';
import { uploadForm } from '../uploads.ts';
import { bearer, codesOf, createPerson, documents, get, persisted, post, send, sha256, useTrusted } from './trusted.ts';

const { open, strict, url } = useTrusted();

describe('a trusted document runs', () => {
  test('by POST, from its id and from its hash, by both ways through the port', async () => {
    for (const service of [open, strict])
      for (const headers of [{}, { origin: 'http://localhost' }] as Record<string, string>[]) {
        const id = await createPerson(service);
        const variables = { id };
        const byId = await post(service, { documentId: 'participant', variables }, headers);
        expect(byId.body).toEqual({ data: { participant: { id, displayName: 'Ada' } } });
        const byHash = await post(service, { extensions: persisted(sha256(documents.viewer)) }, headers);
        expect(byHash).toMatchObject({ status: 200, body: { data: { viewer: { kind: 'USER' } } } });
      }
  });

  test('by GET, when it is a query', async () => {
    expect((await get(strict, { documentId: 'viewer' })).body).toEqual({ data: { viewer: { kind: 'USER' } } });
    const hash = await get(strict, { extensions: JSON.stringify(persisted('viewer')) });
    expect(hash.body).toEqual({ data: { viewer: { kind: 'USER' } } });
    const id = await createPerson(strict);
    const one = await get(strict, { documentId: 'participant', variables: JSON.stringify({ id }) });
    expect(one.body.data.participant.displayName).toBe('Ada');
    const mutation = await get(strict, { documentId: 'create', variables: '{"id":"made"}' });
    expect([mutation.status, codesOf(mutation.body)]).toEqual([405, ['METHOD_NOT_ALLOWED']]);
  });

  test('in a batch, each operation in its own way', async () => {
    const operations = [
      { documentId: 'viewer' },
      { query: '{ agents { id } }' },
      { extensions: persisted('agents') },
      { documentId: 'nobody' },
    ];
    const lenient = await post(open, operations);
    expect(lenient.body.map(codesOf)).toEqual([[], [], [], ['PERSISTED_QUERY_NOT_FOUND']]);
    const refused = await post(strict, operations);
    expect(refused.body.map(codesOf)).toEqual([[], ['DOCUMENT_NOT_TRUSTED'], [], ['PERSISTED_QUERY_NOT_FOUND']]);
  });

  test('with an upload', async () => {
    const id = await createPerson(strict);
    const form = uploadForm(id, await png());
    const text = await send(strict, { method: 'POST', body: form });
    expect([text.status, codesOf(text.body)]).toEqual([403, ['DOCUMENT_NOT_TRUSTED']]);
    form.set('operations', JSON.stringify({ documentId: 'upload', variables: { id, file: null } }));
    form.set('map', JSON.stringify({ 0: ['variables.file'] }));
    const sent = await send(strict, { method: 'POST', body: form });
    expect(sent.body).toEqual({ data: { uploadParticipantAvatar: { participant: { id } } } });
  });

  test('as a stream of events', async () => {
    const leaving = new AbortController();
    const response = await strict.app.fetch(
      new Request('http://localhost/graphql', {
        method: 'POST',
        headers: { ...(await bearer(strict)), 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ documentId: 'changes' }),
        signal: leaving.signal,
      }),
    );
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    leaving.abort();
    const text = await post(strict, { query: documents.changes }, { accept: 'text/event-stream' });
    expect(text.body).toMatch('DOCUMENT_NOT_TRUSTED');
  });
});

describe('with trusted documents only', () => {
  test('no other text runs, however it comes', async () => {
    for (const headers of [{}, { origin: 'http://localhost' }, { accept: 'application/graphql-response+json' }]) {
      const refused = await post(strict, { query: '{ viewer { kind } }' }, headers as Record<string, string>);
      expect([refused.status, codesOf(refused.body)]).toEqual([403, ['DOCUMENT_NOT_TRUSTED']]);
    }
    const byGet = await get(strict, { query: '{ viewer { kind } }' });
    expect([byGet.status, codesOf(byGet.body)]).toEqual([403, ['DOCUMENT_NOT_TRUSTED']]);
    const form = await send(strict, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'query={viewer{kind}}',
    });
    expect([form.status, codesOf(form.body)]).toEqual([403, ['DOCUMENT_NOT_TRUSTED']]);
    const graphql = await send(strict, {
      method: 'POST',
      headers: { 'content-type': 'application/graphql' },
      body: '{viewer{kind}}',
    });
    expect([graphql.status, codesOf(graphql.body)]).toEqual([403, ['DOCUMENT_NOT_TRUSTED']]);
  });

  test('GraphiQL on this machine runs any, and nobody who says that they are it', async () => {
    const page = await (
      await fetch(`${url()}/graphql`.replace('127.0.0.1', 'localhost'), { headers: { accept: 'text/html' } })
    ).text();
    const pass = /"x-graphiql-pass":"([^"]+)"/.exec(page)?.[1] ?? '';
    expect(pass).toMatch(/^\d+\.[\w-]{43}$/);
    for (const headers of [{}, { origin: 'http://localhost' }] as Record<string, string>[]) {
      const mine = await post(strict, { query: '{ __typename }' }, { ...headers, 'x-graphiql-pass': pass });
      expect(mine.body).toEqual({ data: { __typename: 'Query' } });
    }
    const [, signed] = pass.split('.');
    for (const forged of ['1', '', `9999999999999.${signed}`, `${pass}x`, `1.${signed}`, 'NaN.x']) {
      const refused = await post(strict, { query: '{ __typename }' }, { 'x-graphiql-pass': forged });
      expect(codesOf(refused.body)).toEqual(['DOCUMENT_NOT_TRUSTED']);
    }
    const elsewhere = { accept: 'text/html', 'x-forwarded-for': '203.0.113.9' };
    expect(await (await fetch(`${url()}/graphql`, { headers: elsewhere })).text()).not.toMatch('x-graphiql-pass');
    const named = await strict.app.fetch(
      new Request('http://rollcall.example/graphql', { headers: { accept: 'text/html' } }),
    );
    expect(await named.text()).not.toMatch('x-graphiql-pass');
  });
});

test('a compressed body is refused in words', async () => {
  const refused = await send(open, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    body: gzipSync(JSON.stringify({ query: '{ viewer { kind } }' })),
  });
  expect([refused.status, codesOf(refused.body)]).toEqual([415, ['BAD_USER_INPUT']]);
  expect(refused.body.errors[0].message).toMatch('without Content-Encoding');
});

test('the start is refused with all that is wrong with the documents', async () => {
  const faulty = join(tmpdir(), `rollcall-faulty-${process.pid}.json`);
  writeFileSync(faulty, JSON.stringify({ a: '{ nothing }', b: '{', c: '{ viewer { kind } }' }));
  await expect(startApp({ TRUSTED_DOCUMENTS: faulty })).rejects.toThrow(
    /^TRUSTED_DOCUMENTS has a document that cannot run: a: Cannot query field "nothing".*\nTRUSTED_DOCUMENTS has a document that cannot run: b: Syntax Error/,
  );
});
