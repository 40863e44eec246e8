import { z } from 'zod';

/** Characters as a person counts them, which are also those that PostgreSQL counts. */
const length = (text: string) => [...text].length;

/** Text of so many characters, without those that cannot be stored: NUL and halves of surrogate pairs. */
export function text(min: number, max: number) {
  return z.string('must be text').superRefine((value, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    if (value.includes('\0') || /\p{Surrogate}/u.test(value)) refuse('must not contain characters that are no text');
    // The quick test first: a very long text isn't taken apart.
    if (value.length > 2 * max || length(value) > max) refuse(`must be at most ${max} characters`);
    else if (length(value) < min) refuse(min === 1 ? 'must not be empty' : `must be at least ${min} characters`);
  });
}

/** Text of so many characters after the white space around it is gone. */
export const trimmed = (min: number, max: number) => z.string('must be text').trim().pipe(text(min, max));

/** What people and things are called: 1 to 150 characters after trimming. */
export const displayName = trimmed(1, 150);

/** An agent's id, as its tenant chose it: letters, digits, dots, dashes and underscores. */
export const agentId = z
  .string('must be text')
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'must be 1 to 64 letters, digits, dots, dashes or underscores, and begin with a letter or digit',
  );
