import { useEffect, useState } from 'react';
import { useSession } from './signed-in.tsx';

const toldMs = 5 * 60_000;
const everyMs = 15_000;

/** Tells that the sign-in ends soon, before it interrupts any work. */
export function SignInEnd() {
  const { endsAt, signOut } = useSession();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, []);
  const left = endsAt === null ? Number.POSITIVE_INFINITY : endsAt - now;
  const minutes = Math.max(0, Math.ceil(left / 60_000));
  return (
    <div role="status">
      {left < toldMs && (
        <p className="offline">
          {minutes > 0 ? `Your sign-in ends in ${minutes} min. ` : 'Your sign-in has ended. '}
          <button type="button" className="button button-small" onClick={signOut}>
            Sign in again
          </button>
        </p>
      )}
    </div>
  );
}
