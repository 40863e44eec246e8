import type { DuplicateKind, DuplicateReason } from '../../graph/generated/graphql.ts';

/** Why some may be the same, in words. */
export const duplicateWords: Readonly<Record<DuplicateKind, Readonly<Record<DuplicateReason, string>>>> = {
  EXTERNAL_USER: {
    LINKED_BY_CHANNEL: 'One person of the directory has the addresses of all of them.',
    SAME_EMAIL_IGNORING_CASE_AND_DOTS: 'Their e-mail addresses differ at most in case and dots.',
    SAME_NAME_AND_DOMAIN: 'They have the same name, and e-mail addresses at one domain.',
    SAME_PHONE: 'They have the same telephone number.',
  },
  PARTICIPANT: {
    LINKED_BY_CHANNEL: 'They have channels with the same address.',
    SAME_EMAIL_IGNORING_CASE_AND_DOTS: 'Their e-mail addresses differ at most in case and dots.',
    SAME_NAME_AND_DOMAIN: 'They have the same name, and e-mail addresses at one domain.',
    SAME_PHONE: 'They have the same telephone number.',
  },
};

export function likelihood(confidence: number): string {
  if (confidence >= 0.8) return 'Very likely';
  return confidence >= 0.5 ? 'Likely' : 'Possible';
}
