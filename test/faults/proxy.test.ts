import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FaultProxy, startProxy } from './proxy.ts';

let server: Server;
let proxy: FaultProxy;
let port: number;
const sockets = new Set<Socket>();
beforeEach(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (data) => socket.write(`echo ${data}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
  proxy = await startProxy({ target: { host: '127.0.0.1', port } });
});
afterEach(async () => {
  await proxy.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

async function client() {
  const socket = connect(proxy.port, '127.0.0.1');
  let received = '';
  socket.on('error', () => {});
  socket.on('data', (data) => {
    received += data;
  });
  await once(socket, 'connect');
  return {
    socket,
    received: () => received,
    async says(text: string) {
      socket.write(text);
      await once(socket, 'data');
      return received;
    },
  };
}
const shortly = () => new Promise((resolve) => setTimeout(resolve, 50));

test('passes both ways, and holds back what a silent network swallows until it ends', async () => {
  const one = await client();
  expect(await one.says('a')).toBe('echo a');
  await proxy.mode('silent');
  one.socket.write('b');
  await shortly();
  expect(one.received()).toBe('echo a');
  const data = once(one.socket, 'data');
  await proxy.mode('pass');
  await data;
  expect(one.received()).toBe('echo aecho b');
});

test('keeps the order of what was sent while it was slow', async () => {
  const one = await client();
  await proxy.mode('slow', { delayMs: 60 });
  one.socket.write('a');
  await shortly();
  await proxy.mode('pass');
  for (let text = await one.says('b'); !text.includes('b'); ) text = await one.says('');
  expect(one.received()).toMatch(/^echo a(echo )?b$/);
});

test.each([
  ['cut', 'ECONNRESET'],
  ['refuse', 'ECONNRESET'],
] as const)('%s resets what is open', async (mode, code) => {
  const { socket, says } = await client();
  await says('a');
  const failed = once(socket, 'error');
  await proxy.mode(mode);
  expect((await failed)[0]).toMatchObject({ code });
  expect(proxy.connections).toHaveLength(0);
  const next = connect(proxy.port, '127.0.0.1');
  expect((await once(next, 'error'))[0]).toMatchObject({ code: mode === 'refuse' ? 'ECONNREFUSED' : code });
  await proxy.mode('pass');
  expect(await (await client()).says('c')).toBe('echo c');
});

test('fin ends what is open in good order', async () => {
  const { socket, says } = await client();
  await says('a');
  const ended = once(socket, 'end');
  await proxy.mode('fin');
  await ended;
});

test.each([
  ['requests-only', 1],
  ['answers-only', 0],
] as const)('%s passes one direction', async (mode, arrive) => {
  const { socket, received } = await client();
  await shortly();
  let arrived = 0;
  for (const each of sockets) each.on('data', () => arrived++);
  await proxy.mode(mode);
  socket.write('a');
  await shortly();
  expect([arrived, received()]).toEqual([arrive, '']);
});

test('one connection can be treated in another way than the others, and is known by what it sent', async () => {
  const [one, other] = [await client(), await client()];
  await one.says('first');
  await other.says('second');
  const link = proxy.connections.find(({ lastRequest }) => lastRequest.includes('second'));
  const failed = once(other.socket, 'error');
  link?.mode('cut');
  await failed;
  expect(await one.says('again')).toBe('echo firstecho again');
});

test('a port that is refused does not wait for a connection that is treated in its own way', async () => {
  const one = await client();
  await one.says('a');
  proxy.connections[0]?.mode('slow');
  await proxy.mode('refuse');
  const next = connect(proxy.port, '127.0.0.1');
  expect((await once(next, 'error'))[0]).toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.mode('pass');
  expect(await (await client()).says('b')).toBe('echo b');
  expect(await one.says('c')).toBe('echo aecho c');
});

test('slow passes on everything in order, later', async () => {
  const { socket, received } = await client();
  await proxy.mode('slow', { delayMs: 30 });
  for (const text of ['x', 'y', 'z']) {
    socket.write(text);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  while (!received().endsWith('z')) await shortly();
  expect(received().replaceAll('echo ', '')).toBe('xyz');
});
