import { ownAddresses } from './form.ts';

// Slack's ids are upper case, and opaque but for the first letter: users (U, and W in an Enterprise organisation),
// public channels (C), private channels and group messages (G), direct messages (D). Their length isn't documented.
const id = /^[UWCGD][A-Z0-9]{2,20}$/;

export const slack = ownAddresses((address) => id.test(address));
