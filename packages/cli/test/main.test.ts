import { describe, expect, test } from 'vitest'
import { runCli } from './support/program.ts'

describe('a usage error exits with 2 and a hint:', () => {
  test.each<[string, string[], RegExp]>([
    ['no command', [], /Usage: cloakwright/],
    ['a mistyped command', ['devream'], /unknown command 'devream'[^]*Did you mean devrealm\?/],
    ['a mistyped option', ['devrealm', '--prot', '8085'], /unknown option '--prot'[^]*Did you mean --port\?/],
    ['a mistyped subcommand', ['realm', 'paln'], /unknown command 'paln'[^]*Did you mean plan\?/],
    ['a missing option', ['realm', 'plan'], /required option '--realm <module>'/],
    ['a missing value', ['devrealm', '--import'], /'--import <file\.\.\.>' argument missing/],
    ['a port that is not a number', ['devrealm', '--port', 'http'], /'http' is invalid.*1 to 65535/],
    ['a port out of range', ['devrealm', '--port', '65536'], /'65536' is invalid.*1 to 65535/],
    [
      'a server that is not a URL',
      ['realm', 'plan', '--realm', 'x.js', '--server', 'localhost'],
      /'localhost' is invalid.*URL/,
    ],
    ['too many arguments', ['keycloak', 'start'], /too many arguments/],
  ])('%s', async (_, args, reason) => {
    const { code, stdout, stderr } = await runCli(args)
    expect(stderr).toMatch(reason)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })
})

test.each<[string[], RegExp]>([
  [['--help'], /devrealm[^]*keycloak[^]*realm/],
  [['devrealm', '--help'], /--port[^]*--memory[^]*--import/],
  [['keycloak', '--help'], /KEYCLOAK_PORT[^]*KEYCLOAK_HOME/],
  [['realm', '--help'], /plan[^]*apply/],
  [
    ['realm', 'apply', '--help'],
    /--server[^]*--realm[^]*KC_BOOTSTRAP_ADMIN_PASSWORD[^]*realm-management:\n {2}manage-realm, man/,
  ],
  [
    ['realm', 'plan', '--help'],
    /of the client realm-management:\n {2}view-realm, view-clients and view-users\n/,
  ],
  [
    ['realm', 'export', '--help'],
    /of the client realm-management:\n {2}view-realm, view-clients and view-users\n/,
  ],
  [['--version'], /^\d+\.\d+\.\d+\n$/],
])('%j prints help or version on standard output', async (args, answer) => {
  const { code, stdout, stderr } = await runCli(args)
  expect(stdout).toMatch(answer)
  expect(stderr).toBe('')
  expect(code).toBe(0)
})
