import { text } from './text.ts';

// HTML's definition of a valid e-mail address, which is also the EmailAddress scalar's.
const form =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

/** Whether the text is an e-mail address. */
export const isEmailAddress = (value: string): boolean => form.test(value);

/** An e-mail address of at most 4,000 characters, kept as it is given but for white space around it. */
export const emailAddress = text(1, 4_000)
  .trim()
  .refine(isEmailAddress, { message: 'must be an e-mail address', when: ({ issues }) => issues.length === 0 });
