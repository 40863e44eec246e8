import { authorizationOf, credentialOf, readSettings } from './app/session.ts';
import { begin } from './graph/begun.ts';
import { AgentsDocument, ContactsDocument, ViewerDocument } from './graph/generated/graphql.ts';
import { firstContacts } from './screens/contacts/first-page.ts';

/**
 * The first script of the page, and a small one. It asks what the first screen needs while the other scripts still
 * come, so that none of these answers is waited for after the other.
 */
const credential = credentialOf(readSettings());
if (credential) {
  const authorization = authorizationOf(credential);
  begin(authorization, { document: ViewerDocument, variables: {} });
  begin(authorization, { document: AgentsDocument, variables: {} });
  const [, agentId] = /^\/agents\/([\w.-]+)\/contacts$/.exec(location.pathname) ?? [];
  // What an address adds to narrow the list is read by the screen.
  if (agentId && !location.search)
    begin(authorization, { document: ContactsDocument, variables: { ...firstContacts({ agentId }), after: null } });
}
