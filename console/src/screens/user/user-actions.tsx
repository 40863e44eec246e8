import { useNavigate } from '@tanstack/react-router';
import { useMay } from '../../app/viewer.tsx';
import type { IdentityInput, UserQuery } from '../../graph/generated/graphql.ts';
import { Actions, rightsActions } from '../../parts/actions.tsx';

type UserOf = NonNullable<UserQuery['externalUser']>;

function identityOf({ email, phoneNumber, fkId }: UserOf): IdentityInput | null {
  if (email) return { email };
  if (phoneNumber) return { phoneNumber };
  return fkId ? { fkId } : null;
}

/** The dialog that is open. */
export type Asked = 'export' | 'erase' | null;
type UserActionsProps = { user: UserOf; asked: Asked; setAsked(asked: Asked): void };

/** What can be done with an external user. */
export function UserActions({ user, asked, setAsked }: UserActionsProps) {
  const navigate = useNavigate();
  const isAdmin = useMay('ADMIN');
  const mayWrite = useMay('USERS_WRITE');
  const by = identityOf(user);
  const items = [
    ...(mayWrite
      ? [{ key: 'merge', words: 'Merge…', act: () => void navigate({ to: '/merge', search: { into: user.id } }) }]
      : []),
    ...(isAdmin && by ? rightsActions(setAsked) : []),
  ];
  return <Actions items={items} name={user.displayName} by={by} asked={asked} onClose={() => setAsked(null)} />;
}
