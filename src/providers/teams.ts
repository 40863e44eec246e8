import { ownAddresses } from './form.ts';

// A user's Microsoft Entra object id.
const objectId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
// A user principal name, of the characters that Entra allows; a guest's has #EXT# in it.
const principalName = /^[A-Za-z0-9'._!#^~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$/;
// What the Bot Framework calls a user (29:), a personal chat (a:), and channels, group chats and meetings (19:).
const botIds = [
  /^(29|a):[A-Za-z0-9_-]{10,255}$/,
  /^19:[A-Za-z0-9_-]{1,200}@(thread\.(tacv2|v2|skype)|unq\.gbl\.spaces)$/,
];

const withoutCase = (address: string) => objectId.test(address) || principalName.test(address);

/** Object ids and principal names are compared without case. The Bot Framework's ids are compared with case. */
export const teams = ownAddresses(
  (address) => withoutCase(address) || botIds.some((form) => form.test(address)),
  (address) => (withoutCase(address) && !address.startsWith('19:') ? address.toLowerCase() : address),
);
