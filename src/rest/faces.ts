import { conversations } from './conversations/face.ts';
import { directory } from './directory/face.ts';
import type { Face } from './face.ts';
import { users } from './users/face.ts';

/** The three faces: all that is routed, documented and tested is read from here. */
export const faces: readonly Face[] = [directory, conversations, users];
