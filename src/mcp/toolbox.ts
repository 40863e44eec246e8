import { readFileSync } from 'node:fs';
import type { ToolAnnotations } from '@modelcontextprotocol/sdk/types.js';
import { Problem } from '../errors/catalogue.ts';
import type { Prepare, PreparedOperation } from '../operations/prepare.ts';
import type { Variables } from '../operations/variables.ts';
import { variablesSchema } from './input-schema.ts';
import type { ObjectSchema } from './json-schema.ts';
import { type AnswerSchema, answerSchema } from './output-schema.ts';
import { type Following, type Tool, tools } from './tools.ts';

/** A tool with its operations prepared. */
export type ReadyTool = {
  name: string;
  title: string;
  description: string;
  annotations: ToolAnnotations;
  inputSchema: ObjectSchema;
  outputSchema: AnswerSchema;
  /** Returns the operation that the arguments ask for, with its variables. Throws BAD_USER_INPUT. */
  choose(given: Variables): { operation: PreparedOperation; variables: Variables };
  /** The subscription that follows an operation, with how to read it. Null for operations that start nothing. */
  following(operation: PreparedOperation): { operation: PreparedOperation; how: Following } | null;
};

/** Prepares the tools' documents, as the service prepares any other. */
export function prepareTools(prepare: Prepare): ReadonlyMap<string, ReadyTool> {
  return new Map(tools.map((tool) => [tool.name, ready(tool, prepare)]));
}

function ready(tool: Tool, prepare: Prepare): ReadyTool {
  const query = readFileSync(new URL(`documents/${tool.document}.graphql`, import.meta.url), 'utf8');
  // The service's own documents are trusted without being in anybody's map.
  const prepared = (name: string) => prepare({ query }, name, { anyDocument: true });
  const choices = tool.operations.map((name) => {
    const operation = prepared(name);
    return { operation, schema: variablesSchema(operation) };
  });
  const how = tool.following;
  const followed = how && prepared(how.operation);
  const { name, title, description, annotations } = tool;
  return {
    name,
    title,
    description,
    annotations,
    inputSchema: merged(choices.map(({ schema }) => schema)),
    outputSchema: answerSchema([...choices.map(({ operation }) => operation), ...(followed ? [followed] : [])]),
    choose(given) {
      const asked = unwrapped(given, choices[0]?.schema);
      const fits = choices.filter(({ schema }) =>
        Object.keys(asked).every((key) => Object.hasOwn(schema.properties, key)),
      );
      const chosen =
        fits.find(({ schema }) => schema.required.every((key) => (asked[key] ?? null) !== null)) ??
        (choices.length === 1 ? fits[0] : undefined);
      if (!chosen) throw new Problem('BAD_USER_INPUT', misfit(name, choices));
      return { operation: chosen.operation, variables: asked };
    },
    following: (operation) =>
      how && followed && operation.operation.name?.value === how.after ? { operation: followed, how } : null,
  };
}

const misfit = (tool: string, choices: readonly { schema: ObjectSchema }[]) => {
  const ways = choices.map(({ schema }) => {
    const names = Object.keys(schema.properties).map((key) => (schema.required.includes(key) ? key : `${key}?`));
    return `{ ${names.join(', ')} }`;
  });
  return `${tool} takes ${ways.join(' or ')}, and nothing else.`;
};

/**
 * A document with one variable, an object, also takes the members of that object by themselves: models leave out what
 * adds nothing.
 */
function unwrapped(given: Variables, schema: ObjectSchema | undefined): Variables {
  const [only, ...others] = Object.entries(schema?.properties ?? {});
  if (!only || others.length > 0 || only[1].type !== 'object') return given;
  const [name, { properties = {} }] = only;
  const keys = Object.keys(given);
  return keys.length > 0 && keys.every((key) => key !== name && Object.hasOwn(properties, key))
    ? { [name]: given }
    : given;
}

/** The arguments of all ways to call a tool. Only what all of them need is required. */
function merged(schemas: readonly ObjectSchema[]): ObjectSchema {
  return {
    type: 'object',
    properties: Object.assign({}, ...schemas.map(({ properties }) => properties)),
    required: (schemas[0]?.required ?? []).filter((key) => schemas.every(({ required }) => required.includes(key))),
    additionalProperties: false,
  };
}
