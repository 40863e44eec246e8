/** The people of the demo tenant. Some are external users too, with the same e-mail address or telephone number. */
export const people: readonly {
  name: string;
  email?: string;
  slack?: string;
  phone?: string;
  telegram?: string;
  user?: boolean;
  /** Whether the external user is there twice, once by each of the two identifiers. */
  twice?: true;
  disabled?: true;
  /** Whether the support agent has this person as a contact, besides the agent whose turn it is. */
  support?: true;
}[] = [
  { name: 'Ada Lovelace', email: 'ada.lovelace@example.com', slack: 'U01ADA0001', phone: '+14155550101', user: true },
  { name: 'Alan Turing', email: 'alan.turing@example.com', slack: 'U01ALAN001', user: true },
  { name: 'Annie Easley', email: 'Annie.Easley@Example.com', slack: 'U01ANNIE01', phone: '+14155550103', user: true },
  { name: 'Barbara Liskov', email: 'barbara.liskov@example.com', slack: 'U01BARB001' },
  { name: 'Brian Kernighan', email: 'brian.kernighan@example.com', telegram: '100200300' },
  { name: 'Claude Shannon', email: 'claude.shannon@example.com', slack: 'U01CLAUD01', disabled: true, support: true },
  { name: 'Donald Knuth', email: 'donald.knuth@example.com' },
  { name: 'Dorothy Vaughan', phone: '+14155550108', user: true },
  { name: 'Edith Clarke', email: 'edith.clarke@example.com', slack: 'U01EDITH01' },
  { name: 'Edsger Dijkstra', email: 'edsger.dijkstra@example.com', slack: 'U01EDSGER1', user: true },
  { name: 'Evelyn Boyd Granville', email: 'evelyn.granville@example.com', phone: '+14155550111', user: true },
  { name: 'Frances Allen', email: 'frances.allen@example.com', slack: 'U01FRAN001' },
  { name: 'Fred Brooks', phone: '+442079460112', user: true },
  {
    name: 'Grace Hopper',
    email: 'grace.hopper@example.com',
    slack: 'U01GRACE01',
    phone: '+14155550114',
    user: true,
    twice: true,
  },
  { name: 'Hedy Lamarr', email: 'hedy.lamarr@example.com', telegram: '@hedy_lamarr', support: true },
  { name: 'Jean Bartik', email: 'jean.bartik@example.com', slack: 'U01JEAN001' },
  { name: 'John McCarthy', email: 'john.mccarthy@example.com', slack: 'not a slack id', support: true },
  { name: 'Karen Spärck Jones', email: 'karen.sparck-jones@example.com', slack: 'U01KAREN01', user: true },
  { name: 'Katherine Johnson', email: 'katherine.johnson@example.com', phone: '+14155550119', user: true },
  { name: 'Ken Thompson', email: 'ken.thompson@example.com', slack: 'U01KEN0001' },
  { name: 'Lynn Conway', email: 'lynn.conway@example.com', slack: 'U01LYNN001' },
  {
    name: 'Margaret Hamilton',
    email: 'margaret.hamilton@example.com',
    slack: 'U01MARG001',
    phone: '+14155550122',
    user: true,
    twice: true,
  },
  { name: 'Mary Jackson', phone: '+14155550123', user: true },
  { name: 'Niklaus Wirth', email: 'niklaus.wirth@example.com', phone: '12', support: true },
  { name: 'Radia Perlman', email: 'radia.perlman@example.com', slack: 'U01RADIA01', user: true },
  { name: 'Robin Milner', email: 'robin.milner@example.com', disabled: true, support: true },
  { name: 'Shafi Goldwasser', email: 'shafi.goldwasser@example.com', slack: 'U01SHAFI01' },
  { name: 'Sophie Wilson', email: 'sophie.wilson@example.com', slack: 'U01SOPHIE1' },
  { name: 'Tim Berners-Lee', email: 'tim.berners-lee@example.com', phone: '+442079460130', user: true },
  { name: 'Tony Hoare', email: 'tony.hoare@example.com' },
  { name: 'Vint Cerf', email: 'vint.cerf@example.com', slack: 'U01VINT001', telegram: '400500600' },
  { name: 'Yukihiro Matsumoto', email: 'matz@example.com', slack: 'U01MATZ001' },
];

/** Groups that are reached by their Slack channels. */
export const groups: readonly { name: string; slack: string }[] = [
  { name: 'Billing team', slack: 'C01BILLING' },
  { name: 'Launch crew', slack: 'C01LAUNCH1' },
  { name: 'On-call engineers', slack: 'G01ONCALL1' },
  { name: 'Shipping desk', slack: 'C01SHIPPED' },
  { name: 'Weekend support', slack: 'C01WEEKEND' },
];

/** The tenant's agents. */
export const agents = [
  { id: 'support-bot', name: 'Support' },
  { id: 'sales-bot', name: 'Sales' },
  { id: 'onboarding-bot', name: 'Onboarding' },
] as const;

/** First names, last names and subjects for the other rows. */
export const firstNames = [
  'Amara',
  'Bela',
  'Chidi',
  'Dana',
  'Elif',
  'Farah',
  'Goran',
  'Hana',
  'Ines',
  'Jonas',
  'Kofi',
  'Lena',
] as const;
export const lastNames = ['Okafor', 'Novak', 'Haddad', 'Lindqvist', 'Moreau', 'Tanaka', 'Silva', 'Petrov'] as const;
export const subjects = [
  'Where is my order?',
  'Invoice is missing a line',
  'Cannot sign in',
  'Refund for a cancelled trip',
  'Upgrade to the team plan',
  'Feature request: dark mode',
  'Delivery address has changed',
  'Question about the contract',
  'Welcome aboard',
  'Demo on Thursday',
] as const;
