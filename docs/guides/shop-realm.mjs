/** The realm of the guides: cloakwright realm apply --realm docs/guides/shop-realm.mjs */
export default () => ({
  realm: 'shop',
  adminEventsEnabled: true,
  adminEventsDetailsEnabled: true,
  roles: {
    realm: [{ name: 'customer' }, { name: 'editor', description: 'Writes articles' }],
    client: { 'shop-api': [{ name: 'stock-keeper' }] },
  },
  clients: [
    {
      clientId: 'shop-api',
      publicClient: false,
      serviceAccountsEnabled: true,
      directAccessGrantsEnabled: true,
    },
    { clientId: 'shop-web', publicClient: true, directAccessGrantsEnabled: true },
  ],
  groups: [{ name: 'staff', subGroups: [{ name: 'editors' }] }, { name: 'press' }],
  users: [
    {
      username: 'alice',
      email: 'alice@example.com',
      firstName: 'Alice',
      lastName: 'Liddell',
      password: 'alice-of-the-guides',
      roles: { realm: ['customer', 'editor'] },
      groups: ['/staff/editors'],
    },
    {
      username: 'bob',
      email: 'bob@example.com',
      firstName: 'Bob',
      lastName: 'Builder',
      roles: { realm: ['customer'] },
      groups: ['/press'],
    },
  ],
})
