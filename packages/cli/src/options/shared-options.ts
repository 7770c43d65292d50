import { type Command, Option } from 'commander'
import { toServer } from './value-parsers.ts'

/** The variables that a command connects with. */
const connectionHelp = `
Credentials, in order:
  1. those of the profile
  2. the service account KEYCLOAK_CLIENT_ID, with KEYCLOAK_CLIENT_SECRET or the private key in
     KEYCLOAK_CLIENT_KEY_FILE
  3. the administrator KC_BOOTSTRAP_ADMIN_USERNAME with KC_BOOTSTRAP_ADMIN_PASSWORD
     (admin/admin if unset, only for a server on this machine)
A secret can also be in a file: NAME_FILE. It is never an argument.`

/** How a command names a user. */
export const userHelp: string = 'user name, e-mail address, or id:ID'

export const userArgument: readonly [string, string] = ['<user>', userHelp]

/** Keycloak's base URL. */
export const serverOption = [
  '--server <url>',
  'base URL of Keycloak (default: KEYCLOAK_SERVER, else localhost on KEYCLOAK_PORT or 8080)',
] as const

/** The file with server, realm and credentials. */
export const profileOption = [
  '--profile <name>',
  'profile with server, realm and credentials (default: CLOAKWRIGHT_PROFILE)',
] as const

export const realmNameOption = [
  '--realm <name>',
  'name of the realm (default: KEYCLOAK_REALM, else cloakwright)',
] as const

export const allowHttpOption = [
  '--dangerously-allow-http',
  'send credentials over plain http to another machine',
] as const

/** The forms of a time in an option. */
export const timeHelp = `
Times:
  now, today, yesterday
  90s, 30min, 2h, 3d, 1w                    that long ago
  2026-11-26                                a day
  2026-11-26T09:00, 2026-11-26T09:00:00Z    a point in time
Days and times without a zone are in the local time zone. Set TZ to use another.`

/** Adds the options of the connection. Call it last, so that they come below the command's own. */
export function connects(command: Command): Command {
  return command
    .optionsGroup('Connection:')
    .addOption(new Option(...serverOption).argParser(toServer))
    .option(...realmNameOption)
    .option(...profileOption)
    .option(...allowHttpOption)
    .addHelpText('after', connectionHelp)
}

/** A command that reads, with `--json`. */
export function reads(command: Command): Command {
  return connects(command.option('--json', 'print JSON: one document, or for a list one object per line'))
}

/** Adds examples below the options. */
export function examples(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`)
}

/** A command that changes something, with `--dry-run`, `--audit` and `--reason`. */
export function writes(command: Command): Command {
  return reads(records(command))
}

/** Adds the options that try a change and record it. */
export function records(command: Command): Command {
  return command
    .option('--dry-run', 'show the changes without making them')
    .option('--audit <file>', 'record the changes in this trail, NDJSON (default: CLOAKWRIGHT_AUDIT)')
    .option('--reason <text>', 'reason to record in the trail')
}

/** A command that destroys something and asks first, unless `--yes` is given. */
export function destroys(command: Command): Command {
  return writes(command.option('-y, --yes', 'skip the confirmation'))
}
