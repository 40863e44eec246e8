import {
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isScope, type Scope, scopes } from '../../src/auth/scopes.ts';
import { buildSchema } from '../../src/schema/schema.ts';
import { startApp, type TestApp } from '../app.ts';
import { openStream } from '../streams.ts';
import { documentOf, type Operation, rootFields } from '../tenants/documents.ts';

let service: TestApp;
beforeAll(async () => {
  service = await startApp();
});
afterAll(() => service.close());

const fields = rootFields(buildSchema());
// What `node` needs depends on the type of the id: test/graph/node.test.ts.
const open = new Set(['viewer', 'whoIs', 'node']);
// What it needs depends on what was merged: test/merging/participants.test.ts.
const ofEitherKind = new Set(['undoMerge']);

/** The scopes that a field's description says it needs. */
const neededBy = (field: GraphQLField<unknown, unknown>): string[] => {
  const [, first, second] = /Needs `([a-z:]+)`(?: and `([a-z:]+)`)?/.exec(field.description ?? '') ?? [];
  return [first, second].filter((scope) => scope !== undefined);
};

/** The least that fits a type: enough to be executed, and so to be let through or not. */
function sample(type: GraphQLInputType): unknown {
  if (isListType(getNullableType(type))) return [];
  const named = getNamedType(type);
  if (isEnumType(named)) return named.getValues()[0]?.name;
  if (isInputObjectType(named)) {
    const given = Object.values(named.getFields());
    const needed = named.isOneOf ? given.slice(0, 1) : given.filter(isRequiredInputField);
    return Object.fromEntries(needed.map((field) => [field.name, sample(field.type)]));
  }
  return named.name === 'Int' ? 1 : named.name === 'Boolean' ? true : 'sample';
}

async function codesWith(
  scope: readonly Scope[],
  operation: Operation,
  field: GraphQLField<unknown, unknown>,
): Promise<string[]> {
  const variables = Object.fromEntries(
    field.args.filter(isRequiredArgument).map(({ name, type }) => [name, sample(type)]),
  );
  const headers = { authorization: `Bearer ${await service.tenant.token(scope)}` };
  const document = documentOf(operation, field, 1);
  if (operation !== 'Subscription') {
    const { errors } = await service.tenant.graphql(document, variables, headers);
    return errors?.map(({ extensions }) => extensions.code) ?? [];
  }
  const stream = await openStream(service.app.fetch, 'http://localhost/graphql', headers, document, variables);
  const first = await Promise.race([stream.next(), new Promise<null>((resolve) => setTimeout(resolve, 100, null))]);
  await stream.leave();
  return first?.errors?.map(({ extensions }) => extensions.code) ?? [];
}

describe('every field of the graph', () => {
  test('says which scope it needs, or needs none', () => {
    const unclear = fields.filter(({ field }) => !open.has(field.name) && !isScope(neededBy(field)[0] ?? ''));
    expect(unclear.map(({ field }) => field.name)).toEqual([]);
  });

  // A file cannot be sent as JSON: what is refused for it must be refused before the file is looked at, so it is tried
  // by itself.
  const uploads = new Set(['uploadParticipantAvatar', 'startImport']);
  const guarded = fields.filter(({ field }) => ![open, uploads, ofEitherKind].some((names) => names.has(field.name)));
  test.each(guarded.map(({ operation, field }) => [field.name, operation, field] as const))(
    '%s',
    async (_, operation, field) => {
      const needed = neededBy(field).filter(isScope);
      expect(await codesWith(needed, operation, field)).not.toContain('FORBIDDEN');
      expect(await codesWith(['admin'], operation, field)).not.toContain('FORBIDDEN');
      const others = scopes.filter((scope) => !needed.includes(scope) && scope !== 'admin');
      expect(await codesWith(others, operation, field)).toEqual(['FORBIDDEN']);
      expect(await codesWith([], operation, field)).toEqual(['FORBIDDEN']);
    },
  );

  test('uploadParticipantAvatar', async () => {
    const { uploadForm } = await import('../uploads.ts');
    const response = await service.app.fetch(
      new Request('http://localhost/graphql', {
        method: 'POST',
        headers: { authorization: `Bearer ${await service.tenant.token(['participants:read'])}` },
        body: uploadForm('x', new Uint8Array(1)),
      }),
    );
    const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
  });

  test('that needs none answers a credential without any', async () => {
    // An agent of the tests above has the id that `node` is given.
    for (const name of [...open].filter((one) => one !== 'node')) {
      const found = fields.find(({ field }) => field.name === name)!;
      expect(await codesWith([], found.operation, found.field), name).toEqual([]);
    }
  });
});
