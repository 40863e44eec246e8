import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * Writes to a port as it is. Resolves with what comes back until the connection ends, or until the awaited answer has
 * come. Each character is one byte.
 */
export async function raw(url: string, text: string, until?: RegExp): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  let heard = '';
  socket.on('data', (data) => {
    heard += data.toString('latin1');
    if (until?.test(heard)) socket.destroy();
  });
  socket.write(text, 'latin1');
  await once(socket, 'close');
  return heard;
}

/** Writes to a port, and resets the connection after that time. */
export async function rawReset(url: string, text: string, afterMs: number): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(text, 'latin1');
  setTimeout(() => socket.resetAndDestroy(), afterMs);
  await once(socket, 'close');
}

/** The status of an answer. */
export const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
