import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { catalogue, type ErrorCode } from '../src/errors/catalogue.ts';
import { type Credential, type Face, statusIn } from '../src/rest/face.ts';
import { idempotencyHeader, type Operation } from '../src/rest/operation.ts';

const schemes = {
  Bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A JWT of the tenant’s.' },
  AccessKey: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: 'An access key: `AccessKey` and a space before it.',
  },
  AgentSecretKey: {
    type: 'apiKey',
    in: 'header',
    name: 'Agent-Secret-Key',
    description: 'The secret key of one agent.',
  },
} as const satisfies Record<Credential, object>;

/** The errors of an operation by the face's statuses: its own, and those of every operation with its kind of input. */
export function errorsOf(face: Face, operation: Operation): Map<number, ErrorCode[]> {
  const { errors, path, query, body, creates } = operation;
  const codes = new Set<ErrorCode>(['UNAUTHENTICATED', 'FORBIDDEN', ...errors]);
  if (query || body) codes.add('VALIDATION_FAILED');
  if (creates) codes.add('CONFLICT');
  if (face.tenant && path.includes(`{${face.tenant}}`)) codes.add('NOT_FOUND');
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const status = statusIn(face, operation, { code, status: catalogue[code].status });
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return new Map([...byStatus].sort(([one], [other]) => one - other));
}

const errorType = (face: Face) => (face.name === 'directory' ? 'application/problem+json' : 'application/json');

const idempotencyKey = z.string().min(1).max(255).optional().meta({
  description:
    'A text of your choice, kept for a day: the same key and input from the same credential create nothing again, and answer what was created the first time, as it is now. Another input is a 409.',
});

/** The OpenAPI 3.1 document of a face, from its table of operations. */
export function documentOf(face: Face): object {
  const registry = new OpenAPIRegistry();
  for (const name of face.credentials) registry.registerComponent('securitySchemes', name, schemes[name]);
  const errorContent = { [errorType(face)]: { schema: face.error } };
  for (const operation of face.operations) {
    const { answers, body, creates, id, method, path, query, scope, summary, tag } = operation;
    const responses: RouteConfig['responses'] = {};
    for (const [status, [description, schema]] of Object.entries(answers))
      responses[status] = { description, ...(schema && { content: { 'application/json': { schema } } }) };
    for (const [status, codes] of errorsOf(face, operation))
      responses[status] = {
        description: codes.map((code) => `\`${code}\`: ${catalogue[code].when}`).join(' '),
        ...(status !== 401 && { content: errorContent }),
        ...(status === 401 && face.name === 'conversations' && { content: errorContent }),
      };
    responses['default'] = {
      description: 'Any other error, as every operation can have it: 413, 415, 429 and 503 (with `Retry-After`), 500.',
      content: errorContent,
    };
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
    registry.registerPath({
      method: method.toLowerCase() as 'get',
      path,
      operationId: id,
      tags: [tag],
      summary,
      description: [operation.description, `Needs the scope \`${scope}\`.`].filter(Boolean).join(' '),
      request: {
        ...(names.length > 0 && {
          params: z.object(Object.fromEntries(names.map((name) => [name, nameOf(face, name)]))),
        }),
        ...(query && { query: query as z.ZodObject }),
        ...(creates && { headers: z.object({ [idempotencyHeader]: idempotencyKey }) }),
        ...(body && { body: { required: true, content: { 'application/json': { schema: body } } } }),
      },
      responses,
    });
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: `Rollcall: ${face.title}`,
      version: '1.0.0',
      description: face.description,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The service that serves this document.' }],
    security: face.credentials.map((name) => ({ [name]: [] })),
    tags: Object.entries(face.tags).map(([name, description]) => ({ name, description })),
  });
}

function nameOf(face: Face, name: string): z.ZodType {
  const schema = face.names[name];
  if (!schema) throw new Error(`The ${face.name} face does not say what {${name}} is.`);
  return schema;
}
