import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { vi } from 'vitest';
import { faces } from '../../src/rest/faces.ts';
import { documentFile } from '../../src/rest/pages.ts';
import { createRouter } from '../../src/rest/router.ts';
import type { TestApp, Untyped } from '../app.ts';

const router = createRouter(faces);
const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
const documents = new Map(faces.map(({ name }) => [name, JSON.parse(readFileSync(documentFile(name), 'utf8'))]));
for (const [name, document] of documents) ajv.addSchema(document, name);
const validators = new Map<string, ValidateFunction>();

/** The codes of the errors that were answered, by the ids of their requests: not every face says them in the body. */
const codes = new Map<string, string>();
const tellers = faces.map((face) => ({ face, told: face.errorBody }));
const noteCodes = () => {
  for (const { face, told } of tellers)
    vi.spyOn(face, 'errorBody').mockImplementation((problem, status, instance) => {
      codes.set(instance, problem.code);
      return told(problem, status, instance);
    });
};

/** The code of an error, by the headers of its answer. */
const codeOf = (headers: Headers) => codes.get(headers.get('x-request-id') ?? '');

const escaped = (part: string) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));

export type RestAnswer = { status: number; type: string | null; body: Untyped; headers: Headers; text: string };

export type RestRequest = {
  query?: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** Sent as it is, in the place of a body of JSON. */
  raw?: { type: string | null; text: string | Uint8Array<ArrayBuffer> };
};

/** What the document of the face has to say of a response: nothing, or what is wrong with it. */
function againstDocument(method: string, path: string, { status, type, body, text }: RestAnswer): string | null {
  const route = router.find(method === 'HEAD' ? 'GET' : method, path);
  if (!route || method === 'HEAD') return null;
  const { face, operation } = route;
  const place = ['paths', operation.path, operation.method.toLowerCase(), 'responses'];
  const responses = place.reduce((part, key) => part[key], documents.get(face.name) as Untyped);
  const key = Object.hasOwn(responses, status) ? String(status) : 'default';
  const { content } = responses[key];
  if (!content) return text === '' ? null : `${operation.id} ${status} has a body: ${text}`;
  const media = type?.split(';')[0] ?? '';
  if (!content[media]) return `${operation.id} ${status} is ${type}`;
  const reference = `${face.name}#/${[...place, key, 'content', media, 'schema'].map(escaped).join('/')}`;
  let validate = validators.get(reference);
  if (!validate) {
    validate = ajv.compile({ $ref: reference });
    validators.set(reference, validate);
  }
  if (validate(body)) return null;
  return `${operation.id} ${status}: ${ajv.errorsText(validate.errors)} in ${text}`;
}

/**
 * Sends requests to the faces. Each answer is held against the face's document; what was answered is kept account
 * of.
 */
export function createCaller({ app }: TestApp) {
  noteCodes();
  /** `face.operation status`, and `face.operation code` where it is an error, of all answers. */
  const answered = new Set<string>();
  async function call(method: string, path: string, request: RestRequest = {}): Promise<RestAnswer> {
    const { query, body, headers = {}, raw } = request;
    const text = raw ? raw.text : body === undefined ? undefined : JSON.stringify(body);
    const type = raw ? raw.type : 'application/json';
    const response = await app.fetch(
      new Request(`http://localhost${path}${query ? `?${query}` : ''}`, {
        method,
        headers: { ...headers, ...(text !== undefined && type !== null && { 'content-type': type }) },
        ...(text !== undefined && { body: text }),
      }),
    );
    const received = await response.text();
    const media = response.headers.get('content-type');
    const answer: RestAnswer = {
      status: response.status,
      type: media,
      body: media?.includes('json') && received ? JSON.parse(received) : null,
      headers: response.headers,
      text: received,
    };
    const route = router.find(method === 'HEAD' ? 'GET' : method, path);
    if (route) {
      const name = `${route.face.name}.${route.operation.id}`;
      answered.add(`${name} ${answer.status}`);
      const code = codeOf(answer.headers);
      if (code) answered.add(`${name} ${code}`);
    }
    const wrong = againstDocument(method, path, answer);
    if (wrong) throw new Error(wrong);
    return answer;
  }
  return { call, answered, codeOf };
}
