/** Common tasks of an operator, each with its command. */
export const everyday: readonly (readonly [task: string, command: string])[] = [
  ['Find a user by e-mail address', 'cloakwright users get alice@example.com'],
  ["Reset a user's password", 'cloakwright users reset-password alice --temporary'],
  ['Give a role to everyone in a group', 'cloakwright roles grant --group /staff editor'],
  ['List everyone who has a role, and why', 'cloakwright roles members editor --effective'],
  ['Disable the users of a file', 'cloakwright users disable --file leavers.csv'],
  [
    "Rotate a client's secret without downtime",
    'cloakwright secret rotate shop-api --file shop-api.secret --set-up-policy',
  ],
  ['List recent changes from an audit trail', 'cloakwright audit list trail.ndjson --since yesterday'],
  ["List recent changes from Keycloak's events", 'cloakwright events list --since yesterday'],
  ['Export the realm staging', 'cloakwright realm export --realm staging --out staging.json'],
  ['Compare production with staging', 'cloakwright realm plan --realm staging.json --target production'],
  ['Apply staging to production', 'cloakwright realm apply --realm staging.json --target production'],
]

/** The tasks as text for `cloakwright --help`. */
export const everydayHelp: string = `
Common tasks (run any command with --help for examples and the roles it needs):
${everyday.map(([task, command]) => `  ${task}:\n    $ ${command}`).join('\n')}`
