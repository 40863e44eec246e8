import { readFileSync } from 'node:fs';
import apollo from '@apollo/composition';
import { composeServices } from '@theguild/federation-composition';
import {
  buildASTSchema,
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  parse,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { buildSchema } from '../../src/schema/schema.ts';
import { dataOf } from '../app.ts';
import { useApp } from '../use-app.ts';
import { ticketsText } from './second-subgraph.ts';

const committed = readFileSync('schema.federation.graphql', 'utf8');
const subgraph = (name: string, text: string) => ({ name, url: `http://${name}.example`, typeDefs: parse(text) });
const rollcall = subgraph('rollcall', committed);
const tickets = subgraph('tickets', ticketsText);

const composers = {
  '@apollo/composition': (subgraphs: (typeof rollcall)[]) => apollo.composeServices(subgraphs),
  '@theguild/federation-composition': (subgraphs: (typeof rollcall)[]) => composeServices(subgraphs),
};

describe.each(Object.entries(composers))('%s', (_, compose) => {
  test.each([
    ['alone', [rollcall]],
    ['with a subgraph that extends it', [rollcall, tickets]],
  ])('composes it %s', (_, subgraphs) => {
    const { errors, supergraphSdl } = compose(subgraphs);
    expect(errors?.map(({ message }) => message)).toBeUndefined();
    const schema = buildASTSchema(parse(supergraphSdl ?? ''), { assumeValidSDL: true });
    const fieldsOf = (name: string) => {
      const type = schema.getType(name);
      return isObjectType(type) ? Object.keys(type.getFields()) : [];
    };
    // Everything is in the supergraph, and nothing of what only gateways ask for.
    for (const type of Object.values(buildSchema().getTypeMap())) {
      if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue;
      expect([type.name, schema.getType(type.name)?.name]).toEqual([type.name, type.name]);
      if (isObjectType(type))
        expect(fieldsOf(type.name)).toEqual(expect.arrayContaining(Object.keys(type.getFields())));
    }
    expect(fieldsOf('Query')).not.toContain('_entities');
    expect(fieldsOf('Participant').includes('ticketCount')).toBe(subgraphs.length > 1);
  });
});

describe('the committed subgraph', () => {
  const service = useApp({ FEDERATION: 'on', INTROSPECTION: 'off' });

  test('is what the service answers, without introspection too, to any credential', async () => {
    const headers = { authorization: `Bearer ${await service.tenant.token([])}` };
    const answer = await service.tenant.graphql('{ _service { sdl } }', {}, headers);
    expect(dataOf(answer)._service.sdl).toBe(committed);
    expect(answer.statements).toEqual([]);
  });

  test('names the keys of its entities', () => {
    const keys = [...committed.matchAll(/^type (\w+) .*?((?: @key\(fields: "\w+"\))+) \{/gm)].map(([, type, all]) => [
      type,
      [...(all ?? '').matchAll(/"(\w+)"/g)].map(([, field]) => field),
    ]);
    expect(Object.fromEntries(keys)).toEqual({
      Agent: ['id'],
      Conversation: ['id'],
      ConversationParticipant: ['id'],
      ExternalUser: ['id', 'email', 'phoneNumber', 'fkId'],
      Participant: ['id'],
    });
  });

  test('is a schema by itself, with the input objects of which one field is given', () => {
    const schema = buildASTSchema(parse(committed), { assumeValidSDL: true });
    const oneOf = Object.values(schema.getTypeMap()).filter((type) => isInputObjectType(type) && type.isOneOf);
    expect(oneOf.map(({ name }) => name)).toContain('IdentityInput');
  });
});
