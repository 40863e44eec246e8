import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { online } from '../parts/online.ts';
import { Empty } from '../parts/states.tsx';
import { Contacts } from '../screens/contacts/contacts.tsx';
import { Shell } from './shell.tsx';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <Empty title="There is no page here">Its address may be mistyped, or what it showed is gone.</Empty>
  ),
});

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** The texts of an address's search part that a page knows; all else is dropped. */
const texts =
  <Name extends string>(...names: Name[]) =>
  (search: Record<string, unknown>): { [Key in Name]?: string | undefined } =>
    Object.fromEntries(names.flatMap((name) => (text(search[name]) ? [[name, String(search[name])]] : []))) as {
      [Key in Name]?: string | undefined;
    };

/**
 * A screen that is loaded when it is gone to. Without a network that waits, on the page before: the router would load
 * the whole page again, and leave the operator with the browser’s.
 */
const screen: typeof lazyRouteComponent = (load, name) => lazyRouteComponent(() => online().then(load), name);

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: screen(() => import('../screens/home/home.tsx'), 'Home'),
});
const contacts = createRoute({
  getParentRoute: () => root,
  path: '/agents/$agentId/contacts',
  validateSearch: texts('q', 'health', 'provider'),
  // The screen of most days' work comes with the first scripts.
  component: Contacts,
});
const agents = createRoute({
  getParentRoute: () => root,
  path: '/agents',
  component: screen(() => import('../screens/agents/agents.tsx'), 'Agents'),
});
const person = createRoute({
  getParentRoute: () => root,
  path: '/people/$participantId',
  component: screen(() => import('../screens/person/person.tsx'), 'Person'),
});
const user = createRoute({
  getParentRoute: () => root,
  path: '/users/$externalUserId',
  component: screen(() => import('../screens/user/user.tsx'), 'User'),
});
const find = createRoute({
  getParentRoute: () => root,
  path: '/find',
  validateSearch: texts('q'),
  component: screen(() => import('../screens/find/find.tsx'), 'Find'),
});
const inbox = createRoute({
  getParentRoute: () => root,
  path: '/inbox',
  validateSearch: texts('q', 'agent', 'show'),
  component: screen(() => import('../screens/inbox/inbox.tsx'), 'Inbox'),
});
const conversation = createRoute({
  getParentRoute: () => inbox,
  path: '/$conversationId',
  component: screen(() => import('../screens/inbox/conversation.tsx'), 'ConversationPane'),
});
const senders = createRoute({
  getParentRoute: () => root,
  path: '/senders',
  validateSearch: texts('status'),
  component: screen(() => import('../screens/senders/senders.tsx'), 'Senders'),
});
const merge = createRoute({
  getParentRoute: () => root,
  path: '/merge',
  validateSearch: texts('of', 'into', 'from'),
  component: screen(() => import('../screens/merge/merge.tsx'), 'Merge'),
});
const mergeRecord = createRoute({
  getParentRoute: () => root,
  path: '/merge/$mergeId',
  component: screen(() => import('../screens/merge/merge-record.tsx'), 'MergeRecord'),
});
const duplicates = createRoute({
  getParentRoute: () => root,
  path: '/duplicates',
  validateSearch: texts('of'),
  component: screen(() => import('../screens/duplicates/duplicates.tsx'), 'Duplicates'),
});
const imports = createRoute({
  getParentRoute: () => root,
  path: '/imports',
  component: screen(() => import('../screens/imports/imports.tsx'), 'Imports'),
});
const importPage = createRoute({
  getParentRoute: () => root,
  path: '/imports/$importId',
  component: screen(() => import('../screens/imports/import-progress.tsx'), 'ImportPage'),
});
const avatars = createRoute({
  getParentRoute: () => root,
  path: '/avatars',
  component: screen(() => import('../screens/avatars/avatars.tsx'), 'Avatars'),
});
const integrations = createRoute({
  getParentRoute: () => root,
  path: '/integrations',
  component: screen(() => import('../screens/integrations/integrations.tsx'), 'Integrations'),
});
const keys = createRoute({
  getParentRoute: () => root,
  path: '/keys',
  component: screen(() => import('../screens/keys/keys.tsx'), 'Keys'),
});
const history = createRoute({
  getParentRoute: () => root,
  path: '/history',
  validateSearch: texts('actor', 'kind', 'operation', 'subject', 'from', 'to'),
  component: screen(() => import('../screens/history/history.tsx'), 'History'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    contacts,
    agents,
    person,
    user,
    find,
    inbox.addChildren([conversation]),
    senders,
    merge,
    mergeRecord,
    duplicates,
    imports,
    importPage,
    avatars,
    integrations,
    keys,
    history,
  ]),
  // Everything in a search part is a text. The router would read digits as a number, and write them with quotes.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch(search) {
    const given = Object.entries(search as Record<string, string | undefined>);
    const written = new URLSearchParams(given.flatMap(([name, value]) => (value ? [[name, value]] : []))).toString();
    return written && `?${written}`;
  },
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
