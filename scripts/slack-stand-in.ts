/** A stand-in for Slack, to try avatar syncs on the demo tenant without a workspace: npm run slack-stand-in */
import { people } from '../src/demo/data.ts';
import { pattern } from '../src/demo/pattern.ts';
import { demoSlackToken } from '../src/demo/tenant.ts';
import { startFakeSlack } from '../test/fakes/slack.ts';

const slack = await startFakeSlack();
slack.tokens.set(demoSlackToken, 'accepted');
for (const [index, { slack: id }] of people.entries()) {
  // Every fifth has Slack's default avatar, of which there is nothing to take.
  if (id) slack.users.set(id, index % 5 === 4 ? {} : { image: await pattern(index + 100) });
}
console.log(`Slack's stand-in is running. Start the service so that it talks to it:

  SLACK_API_URL=${slack.apiUrl} EGRESS_ALLOW=${slack.host} \\
    SLACK_CLIENT_ID=${slack.authorization.clientId} SLACK_CLIENT_SECRET=${slack.authorization.clientSecret} npm start

Then, in GraphiQL, sync an avatar from a slack channel of the contact list; or sign in to it: call
beginIntegrationOAuth with a slack config's id, and open the authorizationUrl.`);
