import { Socket } from 'node:net';

/**
 * A socket that hands the operating system what it has gathered as one piece: a call with many costs several times as
 * much.
 */
export class GatheringSocket extends Socket {
  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, callback);
  }
}
