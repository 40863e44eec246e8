import { type Agent, request } from 'node:http';
import type { Server } from './servers.ts';

/** An answer. The status of one that did not come is 0. */
export type Answered = { status: number; text: string };

/** Sends one request of a tenant, and never fails. */
export function send(server: Server, tenant: number, body: string, agent: Agent): Promise<Answered> {
  const authorization = server.authorization(tenant);
  return new Promise((resolve) => {
    const sent = request(server.url, {
      method: 'POST',
      agent,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(authorization === null ? {} : { authorization }),
        'content-length': Buffer.byteLength(body),
      },
    });
    sent.on('error', (error) => resolve({ status: 0, text: JSON.stringify({ errors: [{ message: error.message }] }) }));
    sent.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', () => {});
      response.on('close', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
    });
    sent.end(body);
  });
}
