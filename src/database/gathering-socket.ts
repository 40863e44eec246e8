import { Socket } from 'node:net';

/**
 * A socket that passes gathered writes to the operating system as one piece. A call with many pieces costs several
 * times as much.
 */
export class GatheringSocket extends Socket {
  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, callback);
  }
}
