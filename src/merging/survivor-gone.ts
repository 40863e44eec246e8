import { Problem } from '../errors/catalogue.ts';

/** The error for a merge whose survivor cannot give anything back. */
export const survivorGone = () =>
  new Problem('CONFLICT', 'Who it was merged into is gone, or was merged into another since.');
