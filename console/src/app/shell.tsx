import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import {
  Bot,
  Building2,
  CopyCheck,
  FileUp,
  History,
  House,
  Image,
  Inbox,
  KeyRound,
  LogOut,
  Plug,
  Search,
  UserRoundPlus,
  UsersRound,
} from 'lucide-react';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useOnline } from '../parts/online.ts';
import { useFocusKept } from './focus-kept.ts';
import { LiveBadge } from './live-badge.tsx';
import { SignInEnd } from './sign-in-end.tsx';
import { useSession } from './signed-in.tsx';
import { useAgents, useMay, useViewer } from './viewer.tsx';

const Palette = lazy(() => import('./palette.tsx').then(({ Palette }) => ({ default: Palette })));

/** What surrounds every page: the way around, the search, who is signed in, and whether the page is live. */
export function Shell() {
  const [searching, setSearching] = useState(false);
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useFocusKept(main);
  const first = useRef(path);
  // A reader of the screen hears the new page, and Tab goes on from its beginning.
  useEffect(() => {
    if (first.current === path) return;
    first.current = path;
    main.current?.focus({ preventScroll: true });
  }, [path]);
  useEffect(() => {
    const open = (event: KeyboardEvent) => {
      const typing = (event.target as HTMLElement).closest('input, textarea, select, [contenteditable]');
      const asked = event.key === 'k' && (event.metaKey || event.ctrlKey);
      if (!asked && (event.key !== '/' || typing)) return;
      event.preventDefault();
      setSearching(true);
    };
    window.addEventListener('keydown', open);
    return () => window.removeEventListener('keydown', open);
  }, []);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <Link to="/" className="brand">
          <Building2 aria-hidden="true" size={16} /> Rollcall
        </Link>
        <button type="button" className="search-button" onClick={() => setSearching(true)}>
          <Search aria-hidden="true" size={15} />
          <span>Who are you looking for?</span>
          <kbd>⌘K</kbd>
        </button>
        <LiveBadge />
        <Account />
      </header>
      <Navigation />
      <main id="main" ref={main} tabIndex={-1}>
        <OfflineNotice />
        <SignInEnd />
        <Outlet />
      </main>
      {searching && (
        <Suspense>
          <Palette onClose={() => setSearching(false)} />
        </Suspense>
      )}
    </div>
  );
}

function Navigation() {
  const agents = useAgents();
  const conversations = useMay('CONVERSATIONS_READ');
  const participants = useMay('PARTICIPANTS_READ');
  const users = useMay('USERS_READ');
  const admin = useMay('ADMIN');
  return (
    <nav className="side" aria-label="Pages">
      <Link to="/" activeOptions={{ exact: true }}>
        <House aria-hidden="true" size={16} /> Home
      </Link>
      {conversations && (
        <Link to="/inbox">
          <Inbox aria-hidden="true" size={16} /> Inbox
        </Link>
      )}
      {participants && (
        <Link to="/senders">
          <UserRoundPlus aria-hidden="true" size={16} /> Unknown senders
        </Link>
      )}
      {agents.length > 0 && <h2>Contacts of</h2>}
      {agents.map(({ id, name }) => (
        <Link key={id} to="/agents/$agentId/contacts" params={{ agentId: id }}>
          <UsersRound aria-hidden="true" size={16} /> {name}
        </Link>
      ))}
      {participants && (
        <>
          <h2>Manage</h2>
          {users && (
            <Link to="/duplicates">
              <CopyCheck aria-hidden="true" size={16} /> Duplicates
            </Link>
          )}
          <Link to="/avatars">
            <Image aria-hidden="true" size={16} /> Pictures
          </Link>
          <Link to="/agents" activeOptions={{ exact: true }}>
            <Bot aria-hidden="true" size={16} /> Agents
          </Link>
          <Link to="/integrations">
            <Plug aria-hidden="true" size={16} /> Integrations
          </Link>
        </>
      )}
      {admin && (
        <>
          <Link to="/imports">
            <FileUp aria-hidden="true" size={16} /> Import and export
          </Link>
          <Link to="/keys">
            <KeyRound aria-hidden="true" size={16} /> Keys
          </Link>
          <Link to="/history">
            <History aria-hidden="true" size={16} /> History
          </Link>
        </>
      )}
    </nav>
  );
}

function Account() {
  const { subject, tenant } = useViewer();
  const { signOut } = useSession();
  return (
    <div className="account">
      <span className="account-name" title={`${subject} in ${tenant.name}`}>
        {tenant.name}
        <small>{subject}</small>
      </span>
      <button type="button" className="button button-quiet" onClick={signOut} title="Sign out" aria-label="Sign out">
        <LogOut aria-hidden="true" size={16} />
      </button>
    </div>
  );
}

function OfflineNotice() {
  const online = useOnline();
  return (
    <div role="status" className="offline-place">
      {!online && <p className="offline">You are offline. What you see may be out of date.</p>}
    </div>
  );
}
