import { type Command, Option } from 'commander'
import { toServer } from './value-parsers.ts'

/** What the help of a command that goes to Keycloak says of its variables. */
const connectionHelp = `
Credentials, in order: those of a profile; the service account KEYCLOAK_CLIENT_ID with KEYCLOAK_CLIENT_SECRET or the
private key in KEYCLOAK_CLIENT_KEY_FILE; the administrator KC_BOOTSTRAP_ADMIN_USERNAME with
KC_BOOTSTRAP_ADMIN_PASSWORD. Each secret also as NAME_FILE; none is ever an argument.`

/** How a command names a user. */
export const userHelp: string = 'the user name, the e-mail address, or id:ID'

export const userArgument: readonly [string, string] = ['<user>', userHelp]

/** Where server, realm and credentials are. */
export const profileOption = [
  '--profile <name>',
  'server, realm and credentials of this profile (default: CLOAKWRIGHT_PROFILE)',
] as const

export const realmNameOption = [
  '--realm <name>',
  "the realm's name (default: KEYCLOAK_REALM, else cloakwright)",
] as const

export const allowHttpOption = [
  '--dangerously-allow-http',
  'send credentials over plain http beyond this machine',
] as const

/** What the help of a command says of its times. */
export const timeHelp = `
Times: now, today, yesterday, 90s, 30min, 2h, 3d, 1w (so long ago), a day (2026-11-26), or a time (2026-11-26T09:00,
2026-11-26T09:00:00Z). Days and times without a zone are in the time zone of this machine (TZ names another).`

/** Which realm, and who administers it: called last, so that these options come below the command's own. */
export function connects(command: Command): Command {
  return command
    .optionsGroup('Which realm:')
    .addOption(
      new Option(
        '--server <url>',
        "Keycloak's base URL (default: KEYCLOAK_SERVER, else this machine's)",
      ).argParser(toServer),
    )
    .option(...realmNameOption)
    .option(...profileOption)
    .option(...allowHttpOption)
    .addHelpText('after', connectionHelp)
}

/** A command that reads: its result also for programs. */
export function reads(command: Command): Command {
  return connects(command.option('--json', 'for programs: one JSON document, or of a list one object a line'))
}

/** Examples below the options. */
export function examples(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`)
}

/** A command that changes something. */
export function writes(command: Command): Command {
  return reads(records(command))
}

/** How a change is tried, and where it is recorded. */
export function records(command: Command): Command {
  return command
    .option('--dry-run', 'say what would be changed, and change nothing')
    .option('--audit <file>', 'keep what is changed in this trail (NDJSON; default: CLOAKWRIGHT_AUDIT)')
    .option('--reason <text>', 'why, for the trail')
}

/** A command that destroys something. */
export function destroys(command: Command): Command {
  return writes(command.option('-y, --yes', 'do not ask'))
}
