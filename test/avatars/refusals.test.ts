import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { discordAvatarSource } from '../../src/avatars/sources/discord.ts';
import type { AvatarSource } from '../../src/avatars/sources/source.ts';
import { teamsAvatarSource } from '../../src/avatars/sources/teams.ts';
import { telegramAvatarSource } from '../../src/avatars/sources/telegram.ts';
import { Problem } from '../../src/errors/catalogue.ts';

// What providers, and what stands in front of them, were seen to refuse with.
type Answer = { status: number; type: string; body: string };
let answers: Answer[] = [];
const forms: string[] = [];
let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    let form = '';
    request.on('data', (chunk) => {
      form += chunk;
    });
    request.on('end', () => {
      forms.push(form);
      const { status, type, body } = (answers.length > 1 ? answers.shift() : answers[0]) as Answer;
      response.writeHead(status, { 'content-type': type }).end(body);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => server.close());

const codeOf = async (source: AvatarSource, token: string, address: string, ...given: Answer[]) => {
  answers = given;
  const error: unknown = await source.locate({ token, address }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof Problem ? error.code : error;
};
const json = (status: number, body: unknown): Answer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
});
const page = (status: number): Answer => ({
  status,
  type: 'text/html; charset=UTF-8',
  body: '<!DOCTYPE html><title>Attention Required! | Cloudflare</title>',
});
const text = (status: number, body: string): Answer => ({ status, type: 'text/plain', body });
const graphError = (status: number, code: string, message = '') => json(status, { error: { code, message } });

test.each<[string, Answer, string]>([
  ['no photo, as text', text(404, 'The photo wasn’t found.'), 'AVATAR_NOT_AVAILABLE'],
  ['no photo, without a word', { status: 404, type: '', body: '' }, 'AVATAR_NOT_AVAILABLE'],
  ['no photo', graphError(404, 'ImageNotFound'), 'AVATAR_NOT_AVAILABLE'],
  ['no mailbox', graphError(400, 'AuthenticationError', 'Error authenticating with resource'), 'AVATAR_NOT_AVAILABLE'],
  ['an invalid user', graphError(400, 'ErrorInvalidUser', 'The requested user is invalid.'), 'AVATAR_NOT_AVAILABLE'],
  ['a mailbox elsewhere', graphError(400, 'MailboxNotHostedInExchangeOnline'), 'AVATAR_NOT_AVAILABLE'],
  ['a mailbox not enabled', graphError(400, 'MailboxNotEnabledForRESTAPI'), 'AVATAR_NOT_AVAILABLE'],
  ['no mailbox, as text', text(400, 'The mailbox is inactive.'), 'AVATAR_NOT_AVAILABLE'],
  ['a wrong base', graphError(400, 'BadRequest', 'Resource not found for the segment.'), 'PROVIDER_UNAVAILABLE'],
  ['a page that is not there', page(404), 'PROVIDER_UNAVAILABLE'],
  ['a page that refuses', page(403), 'PROVIDER_UNAVAILABLE'],
  ['a page that asks to sign in', page(401), 'PROVIDER_UNAVAILABLE'],
  ['a lack of permission', graphError(403, 'Authorization_RequestDenied'), 'INTEGRATION_NOT_CONNECTED'],
])('Teams: %s', async (_, answer, code) => {
  const source = teamsAvatarSource({ apiUrl: url, timeoutMs: 2_000, largestImage: 1_000 });
  expect(await codeOf(source, 'token', 'ada@contoso.com', answer)).toBe(code);
});

test.each<[string, Answer, string]>([
  ['Cloudflare’s 403', page(403), 'PROVIDER_UNAVAILABLE'],
  ['Cloudflare’s 403, as text', text(403, 'error code: 1020'), 'PROVIDER_UNAVAILABLE'],
  ['a page with 401', page(401), 'PROVIDER_UNAVAILABLE'],
  ['Discord’s own 403', json(403, { message: 'Missing Access', code: 50_001 }), 'INTEGRATION_NOT_CONNECTED'],
  ['Discord’s own 401', json(401, { message: '401: Unauthorized', code: 0 }), 'INTEGRATION_NOT_CONNECTED'],
  ['Discord’s own 404', json(404, { message: 'Unknown User', code: 10_013 }), 'AVATAR_NOT_AVAILABLE'],
])('Discord: %s', async (_, answer, code) => {
  const source = discordAvatarSource({ apiUrl: url, cdnUrl: url, timeoutMs: 2_000 });
  expect(await codeOf(source, 'token', '80351110224678912', answer)).toBe(code);
});

const refused = (description: string, parameters?: object) =>
  json(400, { ok: false, error_code: 400, description, parameters });

test('Telegram: a file that is temporarily unavailable is an outage, and four letters are a name', async () => {
  const source = telegramAvatarSource({ apiUrl: url, timeoutMs: 2_000, largestImage: 1_000 });
  const of = (answer: Answer, address = '@four') => codeOf(source, '1:token', address, answer);
  expect(await of(refused('Bad Request: wrong file_id or the file is temporarily unavailable'))).toBe(
    'PROVIDER_UNAVAILABLE',
  );
  forms.length = 0;
  expect(await of(refused('Bad Request: chat not found'))).toBe('AVATAR_NOT_AVAILABLE');
  expect(forms).toEqual(['chat_id=%40four']);
});

test('Telegram: a group that became a supergroup is asked about under its new address', async () => {
  const source = telegramAvatarSource({ apiUrl: url, timeoutMs: 2_000, largestImage: 1_000 });
  const description = 'Bad Request: group chat was upgraded to a supergroup chat';
  forms.length = 0;
  const moved = refused(description, { migrate_to_chat_id: -1_004_242 });
  const there = json(200, { ok: true, result: { id: -1_004_242 } });
  expect(await codeOf(source, '1:token', '-4242', moved, there)).toBe('AVATAR_NOT_AVAILABLE');
  expect(forms).toEqual(['chat_id=-4242', 'chat_id=-1004242']);
});
