import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../app/viewer.tsx';
import type { IdentityInput, UserQuery } from '../../graph/generated/graphql.ts';
import { Actions, rightsActions } from '../../parts/actions.tsx';

type UserOf = NonNullable<UserQuery['externalUser']>;

function identityOf({ email, phoneNumber, fkId }: UserOf): IdentityInput | null {
  if (email) return { email };
  if (phoneNumber) return { phoneNumber };
  return fkId ? { fkId } : null;
}

/** What can be done with an external user. */
export function UserActions({ user }: { user: UserOf }) {
  const navigate = useNavigate();
  const isAdmin = useMay('ADMIN');
  const mayWrite = useMay('USERS_WRITE');
  const [asked, setAsked] = useState<'export' | 'erase' | null>(null);
  const by = identityOf(user);
  const items = [
    ...(mayWrite
      ? [{ key: 'merge', words: 'Merge…', act: () => void navigate({ to: '/merge', search: { into: user.id } }) }]
      : []),
    ...(isAdmin && by ? rightsActions(setAsked) : []),
  ];
  return <Actions items={items} name={user.displayName} by={by} asked={asked} onClose={() => setAsked(null)} />;
}
