/** What an operator does all day, in the words to look for, with the command that does it. */
export const everyday: readonly (readonly [task: string, command: string])[] = [
  ['Find a user by e-mail address', 'cloakwright users get alice@example.com'],
  ["Reset a user's password", 'cloakwright users reset-password alice --temporary'],
  ['Give a role to everyone in a group', 'cloakwright roles grant --group /staff editor'],
  ['List who has a role, and by what', 'cloakwright roles members editor --effective'],
  ['Deactivate leavers from a file', 'cloakwright users disable --file leavers.csv'],
  [
    "Rotate a client's secret without an outage",
    'cloakwright secret rotate shop-api --file shop-api.secret --set-up-policy',
  ],
  ['See what was changed yesterday, from a trail', 'cloakwright audit list trail.ndjson --since yesterday'],
  ["See it without a trail, from Keycloak's events", 'cloakwright events list --since yesterday'],
  ['Export staging', 'cloakwright realm export --realm staging --out staging.json'],
  ['Compare production with it', 'cloakwright realm plan --realm staging.json --target production'],
  ['Apply the difference', 'cloakwright realm apply --realm staging.json --target production'],
]

/** For the top of all help. */
export const everydayHelp: string = `
What an operator does all day (each command has --help with examples and the roles it needs):
${everyday.map(([task, command]) => `  ${task}:\n    $ ${command}`).join('\n')}`
