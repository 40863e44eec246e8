import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { schemaChanges, unannounced } from '../../scripts/schema-changes.ts';

const text = (file: string) => readFileSync(file, 'utf8');

test('every breaking change since the last release is in the changelog', async () => {
  const changes = await schemaChanges(text('schema.released.graphql'), text('schema.graphql'), text('CHANGELOG.md'));
  expect(unannounced(changes)).toEqual([]);
});

describe('a change of the schema', () => {
  const released = `
    type Query { person(id: ID!): Person people: [Person!]! }
    type Person { id: ID! name: String mood: Mood }
    enum Mood { GOOD BAD }
    input Move { to: String }
    type Mutation { move(input: Move!): Person }`;
  const changelog = (unreleased: string) =>
    `# Changelog\n\n## [Unreleased]\n\n${unreleased}\n## [0.1.0]\n\n### Breaking\n\n- \`Person\`\n`;
  const missing = async (from: string, to: string, unreleased = '') =>
    unannounced(await schemaChanges(released, released.replace(from, to), changelog(unreleased))).map(
      ({ path }) => path,
    );

  test.each([
    ['a field that is gone', 'name: String', '', 'Person.name'],
    ['a field that is null sometimes', 'people: [Person!]!', 'people: [Person!]', 'Query.people'],
    ['another type', 'name: String', 'name: Int', 'Person.name'],
    ['an argument that is needed', 'people:', 'people(first: Int!):', 'Query.people.first'],
    ['an argument that is gone', '(id: ID!)', '', 'Query.person.id'],
    ['an enum value that is gone', 'GOOD BAD', 'GOOD', 'Mood.BAD'],
    ['an input field that is needed', 'to: String', 'to: String!', 'Move.to'],
    ['a new input field that is needed', 'to: String', 'to: String by: ID!', 'Move.by'],
    ['an input of which exactly one field is given', 'input Move', 'input Move @oneOf', 'Move.@oneOf'],
  ])('has to be announced: %s', async (_, from, to, path) => {
    expect(await missing(from, to)).toContain(path);
    // Under another heading, and of an earlier release, it does not count.
    expect(await missing(from, to, `### Changed\n\n- \`${path}\`\n`)).toContain(path);
    expect(await missing(from, to, `### Breaking\n\n- \`${path}\`: why.\n\n### Fixed\n`)).toEqual([]);
  });

  test('is announced with the type that it belongs to', async () => {
    expect(await missing('name: String', '', '### Breaking\n\n- All of `Person` is new.\n')).toEqual([]);
    expect(await missing('name: String', '', '### Breaking\n\n- `Person.mood`, Person.name\n')).toEqual([
      'Person.name',
    ]);
  });

  test.each([
    ['a new field', 'name: String', 'name: String age: Int'],
    ['a new argument', 'people:', 'people(first: Int):'],
    ['a new enum value', 'GOOD BAD', 'GOOD BAD MIXED'],
    ['a deprecation', 'name: String', 'name: String @deprecated(reason: "Use id.")'],
    ['a field that is never null any more', 'name: String', 'name: String!'],
  ])('needs no announcement: %s', async (_, from, to) => {
    expect(await missing(from, to)).toEqual([]);
  });
});
